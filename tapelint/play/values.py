"""Abstract Python objects: what the player computes with.

A value never changes after it was made; what changes (attributes, the contents of lists, the state of a tape) lives in
the `World` under the value's identity. Two values are the same object exactly if they are the same Python object here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import count

from tapelint.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.ask import Ask
    from tapelint.play.scope import Frame, Module

_ids = count(1)


def newest_id() -> int:
    """An id that only values made later exceed."""
    return next(_ids)


class Place(Record):
    """Where in which module something happens."""

    node: ast.AST
    module: Module


class CutKind(Enum):
    """Why a path from target back to source ends."""

    AFTER_TAPE = "after-tape"
    BEFORE_TAPE = "before-tape"
    PAUSED = "paused"
    OTHER_TAPE = "other-tape"
    OTHER_THREAD = "other-thread"
    NUMPY_METHOD = "numpy-method"
    NUMPY_FUNCTION = "numpy-function"
    PYTHON_NUMBER = "python-number"
    PREDICT = "predict"
    NEW_VARIABLE = "new-variable"
    STATE_WRITE = "state-write"
    STOP_GRADIENT = "stop-gradient"
    METRIC = "metric"
    NOT_DIFFERENTIABLE = "not-differentiable"
    INTEGER = "integer"
    ZERO = "zero"
    NO_GRADIENT = "no-gradient"
    """The operation has no gradient function: asking raises LookupError."""
    PY_FUNCTION = "py-function"
    PIPELINE = "pipeline"
    FIRST_RUN = "first-run"
    """Weights that a traced function keeps as constants: Keras 3 traced it before the weights had been made."""
    DROPPED = "dropped"
    """A write into a `tf.TensorArray` in a graph, of which the result was thrown away."""
    SYMBOLIC = "symbolic"
    CONSTANT = "constant"


CUTS = frozenset(CutKind)
"""Every kind of cut."""


class Cut(Record):
    """One end of a path: its reason, its place and the operation as the program names it."""

    kind: CutKind
    place: Place
    op: str
    dtype: str = ""
    """What class of number an INTEGER cut makes: "float" where whole numbers or truth values are cast."""


class Link(Record):
    """How a value was made from `value`: differentiable when `cut` is None."""

    value: Value
    cut: Cut | None = None


class Kind(Enum):
    """What a `Data` value is at run time."""

    TENSOR = "tensor"
    ARRAY = "array"
    NUMBER = "number"
    SYMBOLIC = "symbolic"


class Value:
    """Any abstract object. `place` is where it was made, `time` the tick of the player's clock at which."""

    __slots__ = ("id", "place", "time")

    def __init__(self, place: Place | None = None, time: int = 0) -> None:
        self.id = next(_ids)
        self.place = place
        self.time = time

    def __repr__(self) -> str:
        at = f"@{getattr(self.place.node, 'lineno', '?')}" if self.place else ""
        return f"<{type(self).__name__} {self.id}{at}>"


class Unknown(Value):
    """An object that the player can't tell. It may be, hold or derive from everything in `inputs`.

    `role` says where it comes from: "parameter", "call", "attribute", "global", … ; `callee` is what was called.
    """

    __slots__ = ("callee", "inputs", "role")

    def __init__(
        self,
        place: Place | None = None,
        time: int = 0,
        inputs: Iterable[Value] = (),
        role: str = "",
        callee: Value | None = None,
    ) -> None:
        super().__init__(place, time)
        self.inputs = tuple(inputs)
        self.role = role
        self.callee = callee


class Unbound(Value):
    """No object: a name that was not bound on this path."""

    __slots__ = ()


UNBOUND = Unbound()


class Const(Value):
    """A Python constant: None, bool, number, string, bytes or Ellipsis."""

    __slots__ = ("value",)

    def __init__(self, value: object, place: Place | None = None, time: int = 0) -> None:
        super().__init__(place, time)
        self.value = value

    def __repr__(self) -> str:
        return f"<Const {self.value!r}>"

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, (int, float, complex)) and not isinstance(self.value, bool)


class Data(Value):
    """A tensor, NumPy array, Python number or Keras symbolic tensor that was computed.

    `links` lead to what it was made from; `sessions` are the recordings that were certainly running when it was made,
    `maybe` those that perhaps were. `same` is a value that this one may be identical with (`tf.cast` to the same dtype
    returns its argument). `nested` says that it may really be a structure of tensors. `ask` is set on gradients.
    """

    __slots__ = ("ask", "dtype", "kind", "links", "maybe", "nested", "op", "same", "sessions", "shape")

    def __init__(
        self,
        kind: Kind,
        op: str,
        links: Iterable[Link] = (),
        dtype: str = "",
        place: Place | None = None,
        time: int = 0,
        sessions: frozenset[int] = frozenset(),
        maybe: frozenset[int] = frozenset(),
        *,
        same: Value | None = None,
        nested: bool = False,
        ask: Ask | None = None,
        shape: tuple[int | None, ...] | None = None,
    ) -> None:
        super().__init__(place, time)
        self.kind = kind
        self.op = op
        self.links = tuple(links)
        self.dtype = dtype
        self.sessions = sessions
        self.maybe = maybe
        self.same = same
        self.nested = nested
        self.ask = ask
        self.shape = shape

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.op} {self.id} {[link.value.id for link in self.links]}>"


class Variable(Value):
    """A `tf.Variable` or Keras variable. `trainable` and `keras` are None when not known."""

    __slots__ = ("dtype", "keras", "links", "name", "owner", "shape", "trainable")

    def __init__(
        self,
        place: Place | None,
        time: int,
        trainable: bool | None = True,
        dtype: str = "",
        keras: bool | None = False,
        links: Iterable[Link] = (),
        owner: Value | None = None,
    ) -> None:
        super().__init__(place, time)
        self.trainable = trainable
        self.dtype = dtype
        self.keras = keras
        self.links = tuple(links)
        self.owner = owner
        self.shape: tuple[int | None, ...] | None = None


class VariableSet(Value):
    """The variables of a model or layer: `which` is "trainable", "all" or "non_trainable".

    `part` is set when only some of them are meant (a subscript, one weight); the same set is the same object.
    """

    __slots__ = ("owner", "part", "which")

    def __init__(self, owner: Value, which: str, part: bool = False, place: Place | None = None, time: int = 0) -> None:
        super().__init__(place, time)
        self.owner = owner
        self.which = which
        self.part = part

    def __repr__(self) -> str:
        return f"<VariableSet {self.which} of {self.owner!r}>"


class Sequence(Value):
    """A list, tuple or set; its items are in the world. `kind` is "list", "tuple" or "set"."""

    __slots__ = ("kind",)

    def __init__(self, kind: str, place: Place | None = None, time: int = 0) -> None:
        super().__init__(place, time)
        self.kind = kind


class Several(Value):
    """Inside a sequence: zero or more items, each like `of`."""

    __slots__ = ("of",)

    def __init__(self, of: Value) -> None:
        super().__init__(of.place, of.time)
        self.of = of


def bare(item: Value) -> Value:
    """What an item of a sequence is, whether it stands there once or several times."""
    return item.of if isinstance(item, Several) else item


class Dictionary(Value):
    """A dict; its entries are in the world."""

    __slots__ = ()


class OneShot(Value):
    """An iterator that is used up by reading: zip, map, filter, enumerate, iter, a generator expression.

    `parts` are what it reads; `items` its elements as far as they are known; whether it was read is in the world.
    """

    __slots__ = ("items", "kind", "parts")

    def __init__(
        self, kind: str, parts: Iterable[Value], items: tuple[Value, ...], place: Place | None, time: int
    ) -> None:
        super().__init__(place, time)
        self.kind = kind
        self.parts = tuple(parts)
        self.items = items


class Generator(Value):
    """What a call of a visible generator function gives: its body is played when it is read.

    What came out, as far as it was read, is in the world.
    """

    __slots__ = ("args", "function", "kwargs")

    def __init__(
        self,
        function: Function,
        args: Iterable[Value],
        kwargs: dict[str, Value],
        place: Place | None,
        time: int,
    ) -> None:
        super().__init__(place, time)
        self.function = function
        self.args = tuple(args)
        self.kwargs = kwargs


class Function(Value):
    """A `def` or `lambda` of a module that we see, with the frame it closes over."""

    __slots__ = ("closure", "decorators", "defaults", "module", "name", "node", "owner")

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        module: Module,
        closure: Frame | None,
        place: Place | None,
        time: int,
        defaults: Mapping[str, Value] | None = None,
        decorators: Iterable[str] = (),
        owner: Class | None = None,
    ) -> None:
        super().__init__(place, time)
        self.node = node
        self.name = node.name if not isinstance(node, ast.Lambda) else "<lambda>"
        self.module = module
        self.closure = closure
        self.defaults = dict(defaults or {})
        self.decorators = tuple(decorators)
        self.owner = owner


class Bound(Value):
    """A method of an object: a visible function with its `self`."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Value, receiver: Value) -> None:
        super().__init__(function.place, function.time)
        self.function = function
        self.receiver = receiver


class Partial(Value):
    """`functools.partial` of something callable."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(self, function: Value, args: tuple[Value, ...], kwargs: Mapping[str, Value]) -> None:
        super().__init__(function.place, function.time)
        self.function = function
        self.args = args
        self.kwargs = dict(kwargs)


class Class(Value):
    """A class of a module that we see. `bases` are `Class`, `Symbol` or `Unknown`."""

    __slots__ = ("bases", "frame", "module", "name", "node")

    def __init__(
        self,
        node: ast.ClassDef,
        module: Module,
        bases: Iterable[Value],
        frame: Frame,
        place: Place | None,
        time: int,
    ) -> None:
        super().__init__(place, time)
        self.node = node
        self.name = node.name
        self.module = module
        self.bases = tuple(bases)
        self.frame = frame


class Instance(Value):
    """An object of a visible class; attributes are in the world.

    `kind` is what the library bases make of it ("model", "layer", "module", …), "" for a plain class. `whole` is False
    when a base class is not known, so that an attribute that was not seen may exist all the same.
    """

    __slots__ = ("cls", "kind", "whole")

    def __init__(self, cls: Class, kind: str, whole: bool, place: Place | None, time: int) -> None:
        super().__init__(place, time)
        self.cls = cls
        self.kind = kind
        self.whole = whole


class Symbol(Value):
    """A module, function, class or constant of a library, by its dotted name ("tensorflow.reduce_mean").

    `spelling` is the dotted name as the program reaches it ("tensorflow.keras.losses.mse"), before `api.resolve`.
    """

    __slots__ = ("name", "spelling")

    def __init__(self, name: str, place: Place | None = None, spelling: str = "") -> None:
        super().__init__(place, 0)
        self.name = name
        self.spelling = spelling or name

    def __repr__(self) -> str:
        return f"<Symbol {self.name}>"


class Object(Value):
    """An instance of a library class, by `kind`: "model", "layer", "optimizer", "metric", "loss", "dataset", …

    `parts` are the objects it is built from; `whole` is False when there may be others that we don't see.
    """

    __slots__ = ("args", "kind", "parts", "symbol", "whole")

    def __init__(
        self,
        kind: str,
        symbol: str,
        place: Place | None,
        time: int,
        parts: Iterable[Value] = (),
        whole: bool = True,
        args: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(place, time)
        self.kind = kind
        self.symbol = symbol
        self.parts = tuple(parts)
        self.whole = whole
        self.args = dict(args or {})

    def __repr__(self) -> str:
        return f"<Object {self.kind} {self.symbol} {self.id}>"


class Imported(Value):
    """A module of the project, by the path of its file or of the folder of a package without `__init__.py`.

    It is read when something of it is needed.
    """

    __slots__ = ("path",)

    def __init__(self, path: str, place: Place | None, time: int) -> None:
        super().__init__(place, time)
        self.path = path


class Member(Value):
    """What `from module import name` binds: it is looked up when it is used. `symbol` is its dotted name as written."""

    __slots__ = ("module", "name", "symbol")

    def __init__(self, module: Imported, name: str, symbol: str, place: Place | None, time: int) -> None:
        super().__init__(place, time)
        self.module = module
        self.name = name
        self.symbol = symbol


class Method(Value):
    """A method of a value that is no visible class instance: `tensor.numpy`, `optimizer.apply_gradients`, …"""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str, place: Place | None, time: int) -> None:
        super().__init__(place, time)
        self.receiver = receiver
        self.name = name


class Tape(Value):
    """One `tf.GradientTape(...)` object. `persistent` and `watches_accessed` are None when not known.

    `name` is what a `with` statement enters it by, or what it was first bound to (`tape`, `self.tape`), "" for none.
    """

    __slots__ = ("arguments", "name", "persistent", "watches_accessed")

    def __init__(
        self,
        place: Place | None,
        time: int,
        persistent: bool | None,
        watches_accessed: bool | None,
        arguments: ast.Call | None,
    ) -> None:
        super().__init__(place, time)
        self.persistent = persistent
        self.watches_accessed = watches_accessed
        self.arguments = arguments
        self.name = ""


class Paused(Value):
    """The context manager of `tape.stop_recording()` or, with `tape` None, of `tf.init_scope()`."""

    __slots__ = ("tape",)

    def __init__(self, tape: Tape | None, place: Place | None, time: int) -> None:
        super().__init__(place, time)
        self.tape = tape


class Either(Value):
    """One of several values, depending on the way taken to get here."""

    __slots__ = ("options",)

    def __init__(self, options: Iterable[Value]) -> None:
        self.options = tuple(options)
        super().__init__(self.options[0].place, max([option.time for option in self.options]))

    def __repr__(self) -> str:
        return f"<Either {self.options!r}>"


MAX_OPTIONS = 6


def either(values: Iterable[Value]) -> Value:
    """The value that is one of `values`: flat, without duplicates; past `MAX_OPTIONS` Unknown, or some number."""
    found: list[Value] = []
    for value in values:
        if value.__class__ is Either:
            if found:
                for option in value.options:
                    _add(found, option)
            else:
                found.extend(value.options)  # they differ from one another already
        elif found:
            _add(found, value)
        else:
            found.append(value)
    if len(found) == 1:
        return found[0]
    if len(found) > MAX_OPTIONS:
        bound = [value for value in found if value is not UNBOUND]
        if all(is_number(value) for value in bound):
            kind = next((value.kind for value in bound if isinstance(value, Data)), Kind.NUMBER)
            links = [Link(value) for value in bound if isinstance(value, Data)]
            return Data(kind, "join", links, "", bound[0].place, max(value.time for value in bound))
        return Unknown(bound[0].place, max(value.time for value in bound), bound, "join")
    return Either(found)


def is_number(value: Value) -> bool:
    """Whether a value is a Python number or a NumPy array: no gradient passes, whichever of several it is."""
    if isinstance(value, Const):
        return value.is_number
    return isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.NUMBER)


def _add(found: list[Value], value: Value) -> None:
    kind = value.__class__
    compared = kind in _COMPARED
    for other in found:
        if other is value or (compared and other.__class__ is kind and same(value, other)):
            return
    found.append(value)


def same(one: Value, other: Value) -> bool:
    """Whether two values are certainly the same object (or equal constants, or the same method of one object)."""
    if one is other:
        return True
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, Const) and isinstance(other, Const):
        return type(one.value) is type(other.value) and one.value == other.value
    if isinstance(one, Symbol) and isinstance(other, Symbol):
        return one.name == other.name
    if isinstance(one, Imported) and isinstance(other, Imported):
        return one.path == other.path
    if isinstance(one, Member) and isinstance(other, Member):
        return one.name == other.name and one.module.path == other.module.path
    if isinstance(one, Bound) and isinstance(other, Bound):
        return one.receiver is other.receiver and one.function is other.function
    if isinstance(one, Method) and isinstance(other, Method):
        return one.receiver is other.receiver and one.name == other.name
    return False


_COMPARED = frozenset({Const, Symbol, Imported, Member, Bound, Method})
"""The classes of which two objects can be the same value; the others are compared by identity."""


def options(value: Value) -> tuple[Value, ...]:
    """The alternatives of a value: itself, or those of an `Either` that are bound."""
    if isinstance(value, Either):
        return tuple(option for option in value.options if option is not UNBOUND)
    return (value,)


def is_tensor(value: Value) -> bool:
    """Whether the value certainly is a TensorFlow tensor or variable."""
    if isinstance(value, Data):
        return value.kind is Kind.TENSOR
    return isinstance(value, Variable) or (isinstance(value, VariableSet) and value.part)


def is_one_tensor(value: Value) -> bool:
    """Whether the value certainly is one computed tensor, and neither a variable nor a structure of tensors."""
    return isinstance(value, Data) and value.kind is Kind.TENSOR and not value.nested


class Items:
    """The contents of a sequence: known items in order, with `Several` where the number is not known. Never changed."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Value, ...] = ()) -> None:
        self.items = items

    @property
    def exact(self) -> bool:
        return not any(isinstance(item, Several) for item in self.items)

    def __iter__(self) -> Iterator[Value]:
        for item in self.items:
            yield bare(item)


class Entries(Record):
    """The contents of a dict: entries by constant key, and what any other key may hold."""

    entries: tuple[tuple[object, Value], ...] = ()
    rest: Value | None = None

    def get(self, key: object) -> Value | None:
        for name, value in self.entries:
            if name == key and type(name) is type(key):
                return value
        return None

    def put(self, key: object, value: Value) -> Entries:
        kept = tuple((name, old) for name, old in self.entries if not (name == key and type(name) is type(key)))
        return Entries((*kept, (key, value)), self.rest)
