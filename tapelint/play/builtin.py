"""Python's own functions: `float`, `zip`, `sum`, `range`, `isinstance` and the rest that programs with tapes use."""

from __future__ import annotations

import ast
from collections.abc import Callable

from tapelint.play import dtype as dtypes
from tapelint.play.arguments import Arguments
from tapelint.play.keras import Keras
from tapelint.play.machine import Reading
from tapelint.play.marks import Read
from tapelint.play.pairs import gradient_key, is_gradient, variable_key
from tapelint.play.records import Rereading, Zip
from tapelint.play.tapes import METHODS
from tapelint.play.values import (
    Class,
    Const,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Generator,
    Items,
    Kind,
    Link,
    Object,
    OneShot,
    Sequence,
    Several,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    bare,
    either,
    is_number,
    is_tensor,
    options,
)

_NUMBERS = {"float": "float", "int": "int", "bool": "bool", "complex": "complex"}
_MAKERS: dict[str, Callable[..., object]] = {"float": float, "int": int, "bool": bool, "complex": complex}
_NO_TENSORS = frozenset(
    "builtins." + name for name in ("bool", "bytes", "complex", "dict", "float", "int", "list", "set", "str", "tuple")
) | {"numpy.ndarray", "numpy.generic", "numpy.number", "numpy.floating", "numpy.integer"}
_QUIET = frozenset(
    {
        "print", "isinstance", "issubclass", "hasattr", "callable", "repr", "hash", "id", "type", "format", "input",
        "vars", "dir", "globals", "locals", "open", "ascii", "chr", "ord", "bin", "hex", "oct", "str", "bytes",
    }
)  # fmt: skip
MAX_RANGE = 6
_FAR = 10**9


class Builtin(Keras):
    """Calls of built-in functions."""

    def call_builtin(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """Call the built-in `name`."""
        args = arguments.args
        if name in _NUMBERS:
            return self._number_of(name, arguments, node)
        method = getattr(self, "_builtin_" + name, None)
        if method is not None:
            result = method(arguments, node)
            assert isinstance(result, Value)
            return result
        if name in _QUIET:
            return self._quiet(name, args, node)
        for value in arguments.all():
            self.escape(value, node)
        return self.unknown(node, arguments.all(), "call")

    def _quiet(self, name: str, args: tuple[Value, ...], node: ast.AST) -> Value:
        if name == "print":
            return self.const(None, node)
        if name in ("isinstance", "issubclass", "hasattr", "callable"):
            truth = self._isinstance(args) if name == "isinstance" and len(args) == 2 else None
            if name == "hasattr" and len(args) >= 2 and isinstance(args[1], Const):
                truth = self._hasattr(args[0], args[1].value)
            if truth is False and self.surely_keras(args[0]):
                self.recording.sifted[id(node)] = self.place(node)
            if truth is None and args:
                self.asked[id(node)] = not (name == "isinstance" and len(args) == 2 and self._may_be_tensor(args[1]))
            return self.const(truth, node) if truth is not None else self.data(Kind.NUMBER, name, (), node, "bool")
        if name == "str" and len(args) == 1 and isinstance(args[0], Const):
            return self.const(str(args[0].value), node)
        if name in ("str", "repr", "format", "ascii", "chr", "hex", "bin", "oct"):
            return self.data(Kind.NUMBER, name, (), node, "string")
        return self.unknown(node, (), "call")

    def _hasattr(self, value: Value, name: object) -> bool | None:
        """Whether an object has an attribute: known of tapes, of lists that they gave, of optimizers of Keras 3."""
        if isinstance(value, Tape):
            return name in METHODS
        if value.id in self.recording.answers and isinstance(value, Sequence) and value.kind == "list":
            return hasattr(list, str(name))
        if isinstance(value, Object) and value.kind == "optimizer" and self.keras == 3 and name == "minimize":
            return False
        return None

    def _isinstance(self, args: tuple[Value, ...]) -> bool | None:
        """Only what is certain: an object of a visible class, a list, a tape, a constant."""
        value, wanted = args
        names = [item.name for item in self.flat(wanted) if isinstance(item, Symbol)]
        if len(names) != len(self.flat(wanted)) or not names:
            return None
        own = {"list": "list", "tuple": "tuple", "set": "set"}
        if isinstance(value, Sequence):
            return any(name == "builtins." + own[value.kind] for name in names) or None
        if isinstance(value, Dictionary):
            return True if "builtins.dict" in names else None
        if self.surely_keras(value) and all(name == "tensorflow.Variable" for name in names):
            return False
        if isinstance(value, Variable):
            return True if "tensorflow.Variable" in names and value.keras is False else None
        if all(isinstance(one, Data) and one.kind is Kind.TENSOR for one in options(value)):
            # Sparse and ragged ones are no `tf.Tensor`, so only that it is no array and no number is certain.
            return False if all(name in _NO_TENSORS for name in names) else None
        return None

    def _may_be_tensor(self, wanted: Value) -> bool:
        """Whether a class of TensorFlow is among those that `isinstance` asks for."""
        return any(isinstance(item, Symbol) and item.name.startswith("tensorflow.") for item in self.flat(wanted))

    def _number_of(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`float(x)`: a Python number; the path leaves TensorFlow here."""
        if not arguments.args:
            return self.const({"float": 0.0, "int": 0, "bool": False, "complex": 0j}[name], node)
        value = arguments.args[0]
        if isinstance(value, Const):
            try:
                return self.const(_MAKERS[name](value.value), node)
            except (TypeError, ValueError, OverflowError):
                return self.unknown(node)
        return self.left(CutKind.PYTHON_NUMBER, Kind.NUMBER, f"{name}()", self.flat(value), node, _NUMBERS[name])

    def _builtin_len(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else None
        # A deque is a memory, which is asked whether it holds enough by now: its length stays open.
        listed = isinstance(value, Sequence) and self.world.get((value.id, "deque", "maybe")) is None
        if listed and value is not None and (items := self.items(value)) is not None and items.exact:
            return self.const(len(items.items), node)
        if isinstance(value, Const) and isinstance(value.value, (str, bytes)):
            return self.const(len(value.value), node)
        return self.data(Kind.NUMBER, "len", (), node, "int")

    def _builtin_range(self, arguments: Arguments, node: ast.expr) -> Value:
        bounds = [value.value for value in arguments.args if isinstance(value, Const) and isinstance(value.value, int)]
        if len(bounds) == len(arguments.args) and 1 <= len(bounds) <= 3 and not (len(bounds) == 3 and bounds[2] == 0):
            numbers = range(*(max(-_FAR, min(bound, _FAR)) for bound in bounds))
            if len(numbers) <= MAX_RANGE:
                return self.sequence("tuple", [self.const(number, node) for number in numbers], node)
            held: list[Value] = [self.const(numbers[0], node), self.const(numbers[1], node)]
            held.append(Several(self.data(Kind.NUMBER, "range", (), node, "int")))
            return self.sequence("tuple", held, node)
        return self.sequence("tuple", (Several(self.data(Kind.NUMBER, "range", (), node, "int")),), node)

    def _builtin_enumerate(self, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.unknown(node)
        found: list[Value] = []
        for at, item in enumerate(self.elements(arguments.args[0], node).items):
            number = self.data(Kind.NUMBER, "index", (), node, "int")
            if isinstance(item, Several):
                found.append(Several(self.sequence("tuple", (number, item.of), node)))
            else:
                index = self.const(at, node) if len(arguments.args) == 1 and not arguments.kwargs else number
                found.append(self.sequence("tuple", (index, item), node))
        return OneShot("enumerate", arguments.args, tuple(found), self.place(node), self.tick())

    def _builtin_zip(self, arguments: Arguments, node: ast.expr) -> Value:
        if arguments.more and (turned := self._turned(arguments.args, node)) is not None:
            return turned
        before = [self.world.get((value.id, "read")) for value in arguments.args]
        columns = [self.elements(value, node) for value in arguments.args]
        for at, held in enumerate(before):
            self._note_used_up(arguments.args[at], held, at, columns, node)
        found: list[Value] = []
        if columns and all(column.exact for column in columns):
            for row in zip(*(column.items for column in columns), strict=False):
                found.append(self.sequence("tuple", row, node))
        elif self._side_by_side(columns):
            for row in zip(*(column.items for column in columns), strict=False):
                pair = self.sequence("tuple", Items(row), node)
                found.append(Several(pair) if isinstance(row[0], Several) else pair)
        elif columns:
            row = tuple(either(column) if column.items else self.unknown(node) for column in columns)
            found.append(Several(self.sequence("tuple", row, node)))
        made = OneShot("zip", arguments.args, tuple(found), self.place(node), self.tick())
        self.world.put((made.id, "columns"), tuple(columns))
        self.recording.zips.append(Zip(arguments.args, tuple(columns), self.place(node), self.context))
        return made

    def _turned(self, rows: tuple[Value, ...], node: ast.expr) -> Value | None:
        """`zip(*rows)` of nobody knows how many tuples of one length: as many columns as each of them has items."""
        found: list[tuple[Value, ...]] = []
        for row in (option for value in rows for option in options(bare(value))):
            items = self.items(row) if isinstance(row, Sequence) and row.kind == "tuple" else None
            if items is None or not items.exact:
                return None
            found.append(items.items)
        if len({len(members) for members in found}) != 1:
            return None
        columns = (Items((Several(either(column)),)) for column in zip(*found, strict=True))
        listed = tuple(self.sequence("tuple", column, node) for column in columns)
        return OneShot("zip", (), listed, self.place(node), self.tick())

    def _note_used_up(self, value: Value, held: object, at: int, columns: list[Items], node: ast.expr) -> None:
        """An iterator of variables that was read to its end: no gradient finds its variable."""
        if not isinstance(value, OneShot) or not isinstance(held, Read) or not held.certain:
            return
        given = node.args if isinstance(node, ast.Call) else []
        if at >= len(given) or any(isinstance(arg, ast.Starred) for arg in given):
            return
        if any(is_gradient(item) or _from_a_tape(item) for column in columns for item in column):
            self.recording.rereadings.append(Rereading(value, held.place, self.place(given[at]), self.context))

    def _side_by_side(self, columns: list[Items]) -> bool:
        """Whether several gradients stand beside as many variables: those that they were asked for."""
        if len(columns) != 2 or len(columns[0].items) != len(columns[1].items):
            return False
        for one, other in zip(columns[0].items, columns[1].items, strict=True):
            if isinstance(one, Several) != isinstance(other, Several):
                return False
            if isinstance(one, Several):
                keys = (gradient_key(one) or variable_key(one), variable_key(other) or gradient_key(other))
                if None in keys or keys[0] != keys[1]:
                    return False
        return True

    def _builtin_map(self, arguments: Arguments, node: ast.expr) -> Value:
        if len(arguments.args) < 2:
            return self.unknown(node, arguments.all(), "call")
        function, *lists = arguments.args
        columns = [self.elements(value, node) for value in lists]
        found: list[Value] = []
        if all(column.exact for column in columns):
            for row in zip(*(column.items for column in columns), strict=False):
                found.append(self.call(function, Arguments(tuple(row)), node))
        else:
            row = tuple(either(column) if column.items else self.unknown(node) for column in columns)
            with self.looping(node, 1, False):
                found.append(Several(self.call(function, Arguments(row), node)))
        return OneShot("map", lists, tuple(found), self.place(node), self.tick())

    def _builtin_filter(self, arguments: Arguments, node: ast.expr) -> Value:
        if len(arguments.args) < 2:
            return self.unknown(node, arguments.all(), "call")
        items = list(self.elements(arguments.args[1], node))
        kept = (Several(either(items)),) if items else ()
        return OneShot("filter", arguments.args[1:], kept, self.place(node), self.tick())

    def _builtin_iter(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else None
        if isinstance(value, Object) and value.kind == "dataset":
            return Object("iterator", "iter", self.place(node), self.tick(), (value,))
        if value is None or len(arguments.args) > 1:
            return self.unknown(node, arguments.all(), "call")
        if isinstance(value, (Generator, OneShot)):
            return value
        items = self.elements(value, node)
        return OneShot("iterator", (value,), items.items, self.place(node), self.tick())

    def _builtin_next(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else None
        if isinstance(value, Object) and value.kind in ("iterator", "dataset"):
            return self.taken_out(value, node)
        if isinstance(value, Generator):
            pieces = list(self.generated(value, node, Reading.LATER))
            return either(pieces) if pieces else self.unknown(node, (value,), "call")
        if isinstance(value, OneShot) and value.items:
            return either(bare(item) for item in value.items)
        return self.unknown(node, arguments.all(), "call")

    def _builtin_list(self, arguments: Arguments, node: ast.expr) -> Value:
        return self._listed("list", arguments, node)

    def _builtin_tuple(self, arguments: Arguments, node: ast.expr) -> Value:
        return self._listed("tuple", arguments, node)

    def _builtin_set(self, arguments: Arguments, node: ast.expr) -> Value:
        return self._listed("set", arguments, node)

    def _builtin_frozenset(self, arguments: Arguments, node: ast.expr) -> Value:
        return self._listed("set", arguments, node)

    def _listed(self, kind: str, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.sequence(kind, (), node)
        value = arguments.args[0]
        result = self.sequence(kind, self.taken(value, node), node)
        self.stays_empty(result, value)
        return result

    def _builtin_reversed(self, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.unknown(node)
        items = self.elements(arguments.args[0], node)
        return OneShot("reversed", arguments.args, tuple(reversed(items.items)), self.place(node), self.tick())

    def _builtin_sorted(self, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.unknown(node)
        items = list(self.elements(arguments.args[0], node, Reading.AT_ONCE))
        return self.sequence("list", (Several(either(items)),) if items else (), node)

    def _builtin_dict(self, arguments: Arguments, node: ast.expr) -> Value:
        entries = Entries()
        for value in arguments.args:
            other = self.entries(value)
            if isinstance(value, OneShot):
                self.read_to_end(value, node)
            if other is None:
                entries = Entries(entries.entries, self.unknown(node, self.flat(value), "item"))
            else:
                entries = Entries((*entries.entries, *other.entries), other.rest or entries.rest)
        for key, item in arguments.kwargs.items():
            entries = entries.put(key, item)
        return self.mapping(entries, node)

    def _builtin_sum(self, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.unknown(node)
        values = [*self.elements(arguments.args[0], node, Reading.AT_ONCE), *arguments.args[1:]]
        if not values:
            return self.const(0, node)
        if any(is_tensor(value) for value in values):
            return self.tensor("sum", values, node, next((d for v in values if (d := dtypes.of(v))), ""))
        if all(is_number(option) for value in values for option in options(value)):
            kinds = {value.kind for value in values if isinstance(value, Data)}
            kind = kinds.pop() if len(kinds) == 1 else Kind.NUMBER
            return self.data(kind, "sum", [Link(value) for value in values], node, self.common(values))
        if all(isinstance(value, (Data, Const, Either)) for value in values):
            return self.tensor("sum", values, node)
        return self.unknown(node, values, "call")

    def _extreme(self, arguments: Arguments, node: ast.expr) -> Value:
        values = list(arguments.args)
        if len(values) == 1:
            values = list(self.elements(values[0], node, Reading.AT_ONCE))
        chooser = max if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "max" else min
        if all(isinstance(value, Const) for value in values) and values:
            numbers = [value.value for value in values if isinstance(value, Const)]
            try:
                return self.const(chooser(numbers), node)  # type: ignore[type-var]
            except TypeError:
                return self.unknown(node)
        if values and all(is_number(option) for value in values for option in options(value)):
            links = [Link(value) for value in values]
            return self.data(Kind.NUMBER, chooser.__name__, links, node, self.common(values))
        return either(values) if values else self.unknown(node, arguments.all(), "call")

    _builtin_max = _extreme
    _builtin_min = _extreme

    def _builtin_abs(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else self.unknown(node)
        if isinstance(value, Const) and value.is_number:
            return self.const(abs(value.value), node)  # type: ignore[arg-type]
        return self._number("abs", (value,), node)

    def _builtin_round(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else self.unknown(node)
        if is_tensor(value):
            return self.unknown(node, (value,), "call")
        return self.left(CutKind.PYTHON_NUMBER, Kind.NUMBER, "round()", self.flat(value), node)

    def _builtin_pow(self, arguments: Arguments, node: ast.expr) -> Value:
        if len(arguments.args) < 2:
            return self.unknown(node)
        return self.binary(ast.Pow, arguments.args[0], arguments.args[1], node)

    def _builtin_any(self, arguments: Arguments, node: ast.expr) -> Value:
        for value in arguments.args:
            if isinstance(value, OneShot):
                self.world.put((value.id, "read"), Read(self.place(node), certain=False))
        return self.data(Kind.NUMBER, "any", (), node, "bool")

    _builtin_all = _builtin_any

    def _builtin_getattr(self, arguments: Arguments, node: ast.expr) -> Value:
        name = arguments.args[1] if len(arguments.args) >= 2 else None
        if isinstance(name, Const) and isinstance(name.value, str):
            value = arguments.args[0]
            if isinstance(value, Tape):
                self.escape(value, node)
                return self.unknown(node, (value,), "attribute")
            found = self.attribute(value, name.value, node)
            return either((found, arguments.args[2])) if len(arguments.args) > 2 else found
        for value in arguments.all():
            self.escape(value, node)
        return self.unknown(node, arguments.all(), "attribute")

    def assign_attribute(self, value: Value, name: str, item: Value, node: ast.AST) -> None:
        raise NotImplementedError

    def _builtin_setattr(self, arguments: Arguments, node: ast.expr) -> Value:
        if len(arguments.args) == 3:
            value, name, item = arguments.args
            if isinstance(name, Const) and isinstance(name.value, str):
                self.assign_attribute(value, name.value, item, node)
                return self.const(None, node)
        for value in arguments.all():
            self.escape(value, node)
        return self.const(None, node)

    def _builtin_object(self, arguments: Arguments, node: ast.expr) -> Value:
        return self.unknown(node, (), "call")

    def _builtin_slice(self, arguments: Arguments, node: ast.expr) -> Value:
        parts = list(arguments.args)
        if len(parts) == 1:
            parts.insert(0, self.const(None, node))
        parts += [self.const(None, node)] * (3 - len(parts))
        return Object("slice", "slice", self.place(node), self.tick(), parts)

    def class_bases(self, value: Class) -> list[str]:
        """The dotted names of the library classes that a visible class derives from, directly or not."""
        found: list[str] = []
        for base in value.bases:
            if isinstance(base, Symbol):
                found.append(base.name)
            elif isinstance(base, Class):
                found.extend(self.class_bases(base))
        return found


def _from_a_tape(value: Value) -> bool:
    """Whether a value is the gradient of something that can't be told."""
    return isinstance(value, Unknown) and value.role == "gradient"
