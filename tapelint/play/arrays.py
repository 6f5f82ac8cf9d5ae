"""Tensors, variables, NumPy arrays and Python numbers: their attributes, methods and operators."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable

from tapelint.play import dtype as dtypes
from tapelint.play.arguments import Arguments
from tapelint.play.containers import Containers
from tapelint.play.marks import Written
from tapelint.play.values import (
    UNBOUND,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Instance,
    Items,
    Kind,
    Link,
    Method,
    Object,
    Sequence,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
    is_one_tensor,
    is_tensor,
    options,
)
from tapelint.tensorflow import api

OPERATORS: dict[type[ast.AST], tuple[str, Callable[..., object]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
    ast.MatMult: ("@", operator.matmul),
    ast.BitAnd: ("&", operator.and_),
    ast.BitOr: ("|", operator.or_),
    ast.BitXor: ("^", operator.xor),
    ast.LShift: ("<<", operator.lshift),
    ast.RShift: (">>", operator.rshift),
    ast.USub: ("-", operator.neg),
    ast.UAdd: ("+", operator.pos),
    ast.Invert: ("~", operator.invert),
}

COMPARISONS: dict[type[ast.AST], tuple[str, Callable[..., object]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}

_STATIC = frozenset({"shape", "dtype", "name", "device", "ndim", "size", "get_shape", "path", "itemsize", "nbytes"})
_ASSIGNING = frozenset(
    {
        "assign",
        "assign_add",
        "assign_sub",
        "scatter_add",
        "scatter_sub",
        "scatter_update",
        "scatter_nd_add",
        "scatter_nd_sub",
        "scatter_nd_update",
        "scatter_max",
        "scatter_min",
        "scatter_mul",
        "scatter_div",
        "batch_scatter_update",
    }
)
_SHAPED = {
    "zeros": 0, "ones": 0, "empty": 0, "eye": 0, "identity": 0, "random.rand": 0, "random.randn": 0, "random.random": 0,
    "random.random_sample": 0, "random.standard_normal": 0, "random.exponential": 1, "random.poisson": 1,
    "random.choice": 1, "random.uniform": 2, "random.normal": 2, "random.randint": 2, "random.laplace": 2,
}  # fmt: skip
"""The functions of NumPy that are told a size, with the number of arguments before it."""
_GENERATORS = frozenset({"random.RandomState", "random.default_rng", "random.Generator"})
"""What NumPy's generators of random numbers are made by; their methods are called as its functions are."""
_TENSOR_METHODS = frozenset({"value", "read_value", "to_tensor", "to_sparse", "with_values", "__add__", "__mul__"})


_ELSEWHERE = frozenset({"backward", "detach", "grad", "requires_grad", "requires_grad_", "zero_grad"})
"""What tensors have in PyTorch and not in TensorFlow."""
_TF_ONLY = frozenset(
    {
        "experimental_ref", "gather_nd", "get_shape", "initialized_value", "read_value", "ref", "scatter_add",
        "scatter_nd_add", "scatter_nd_sub", "scatter_nd_update", "scatter_sub", "scatter_update", "sparse_read",
    }
)  # fmt: skip
"""What a `tf.Variable` has, and a variable of Keras 3 has not."""


class Arrays(Containers):
    """Arithmetic on abstract numbers."""

    # -- attributes and methods -----------------------------------------------------------------------------------

    def data_attribute(self, value: Data | Variable | VariableSet, name: str, node: ast.AST) -> Value:
        """`value.name` of a tensor, variable, array or number."""
        if name in _ELSEWHERE and (isinstance(value, Variable) or is_one_tensor(value)):
            self.used(value, name, "read", node)
        if name in _ASSIGNING and isinstance(value, Data) and value.ask is not None and id(node) in self.callees:
            self.used(value, name, "of a variable", node)
        if (name in _TF_ONLY or (name == "value" and id(node) in self.callees)) and self.surely_keras(value):
            self.used(value, name, "of a variable", node)
        if name in ("shape", "dtype", "name", "device", "ndim", "size", "path"):
            made = self.data(Kind.NUMBER, name, (), node)
            # In a graph a dimension may be None although the tensor that is handed over has a size.
            seen = name == "shape" and self.context.trace is None
            if seen and not isinstance(value, VariableSet) and value.shape is not None:
                self.world.put((made.id, "sizes"), value.shape)
            return made
        if isinstance(value, Data) and name in ("values", "indices", "flat_values", "dense_shape"):
            return self.data(value.kind, name, (Link(value),), node, value.dtype, same=value)
        if isinstance(value, Data) and name in ("T", "real", "imag", "flat"):
            return self.data(value.kind, name, (Link(value),), node, value.dtype)
        if name == "value" and isinstance(value, (Variable, VariableSet)) and self._is_keras(value):
            return self.data(Kind.TENSOR, "value", (Link(value),), node, dtypes.of(value), same=value)
        if name == "trainable":
            if isinstance(value, Variable) and value.trainable is not None:
                return self.const(value.trainable, node)
            return self.unknown(node, (), "attribute")
        if isinstance(value, Data) and value.kind is Kind.ARRAY and id(node) not in self.callees:
            return self.data(Kind.ARRAY, name, (Link(value),), node)  # a column of a table, a data set of scikit-learn
        return Method(value, name, self.place(node), self.tick())

    def surely_keras(self, value: Value) -> bool:
        """Whether something certainly is one variable of Keras 3."""
        if isinstance(value, Variable):
            return self.keras == 3 and value.keras is True
        if not isinstance(value, VariableSet) or not value.part or self.keras != 3:
            return False
        owner = value.owner
        return isinstance(owner, (Object, Instance)) and owner.kind in ("layer", "model") and owner.whole

    def _is_keras(self, value: Variable | VariableSet) -> bool:
        return isinstance(value, VariableSet) or value.keras is True

    def scores(self, value: Value) -> Value:
        """What a cross entropy of Keras computes from: Keras keeps, beside what a softmax gives, what it was given."""
        kept = self.world.get((value.id, "scores"))
        if kept is None and isinstance(value, Data) and value.same is not None:
            return self.scores(value.same) if self.world.get((value.same.id, "scores")) is not None else value
        return kept if isinstance(kept, Data) else value

    def call_data(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A method of a tensor, variable, array or number."""
        assert isinstance(value, (Data, Variable, VariableSet))
        kind = value.kind if isinstance(value, Data) else Kind.TENSOR
        if kind in (Kind.ARRAY, Kind.NUMBER):
            return self._call_array(value, name, arguments, node)
        if kind is Kind.SYMBOLIC:
            return self.data(Kind.SYMBOLIC, name, (Link(value),), node)
        if name == "numpy":
            return self.left(CutKind.NUMPY_METHOD, Kind.ARRAY, ".numpy()", (value,), node, dtypes.of(value))
        if name in ("item", "tolist", "to_list", "__float__", "__int__", "__array__"):
            return self.left(CutKind.NUMPY_METHOD, Kind.NUMBER, f".{name}()", (value,), node, dtypes.of(value))
        if name in _STATIC:
            return self.data(Kind.NUMBER, name, (), node)
        if name in _ASSIGNING and isinstance(value, (Variable, VariableSet)):
            return self._assign(value, name, arguments, node)
        if name in ("assign", "assign_add", "assign_sub") and isinstance(value, Data):
            # A slice of a variable: `v[0].assign(...)` writes into the variable.
            for link in value.links:
                if isinstance(link.value, Variable):
                    return self._assign(link.value, name, arguments, node)
            return self.unknown(node, (value, *arguments.all()), "call")
        if name in _TENSOR_METHODS:
            return self.tensor(name, (value, *self.flats(arguments.all())), node, dtypes.of(value))
        if name in ("set_shape", "initialize", "ref", "experimental_ref"):
            return self.const(None, node)
        return self.unknown(node, (value, *arguments.all()), "call")

    def _call_array(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if isinstance(value, Data) and value.op in _GENERATORS:
            drawn = "numpy.random." + ("randint" if name == "integers" else name)
            if api.numpy_op(drawn) is not None:
                return self.shaped(drawn, arguments, self.numpy(drawn, arguments, node), node)
        kind = dtypes.of_argument(arguments.get(0, "dtype")) if name == "astype" else dtypes.of(value)
        if name in ("argmax", "argmin", "argsort", "nonzero"):
            kind = "int"
        if name in ("item", "tolist"):
            return self.data(Kind.NUMBER, name, (Link(value),), node, kind)
        links = [Link(item) for item in (value, *self.flats(arguments.all()))]
        return self.data(Kind.ARRAY, name, links, node, kind)

    def _assign(self, variable: Variable | VariableSet, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A write: what is written reaches later reads, but no gradient comes back through it."""
        values = self.flats(arguments.args)
        if isinstance(variable, Variable):
            self.write(variable, values, node, name, replace=name == "assign")
        elif isinstance(variable.owner, (Object, Instance)):
            self._write_into(variable.owner, values, node, name)
        links = (Link(variable),)
        keras = not isinstance(variable, Variable) or variable.keras is not False
        if not keras and isinstance(node, ast.Call) and isinstance(variable, Variable):
            return self.data(Kind.TENSOR, name, links, node, variable.dtype)
        return self.data(Kind.TENSOR, name, links, node, dtypes.of(variable))

    def _write_into(self, owner: Value, values: Iterable[Value], node: ast.AST, op: str) -> None:
        """A write into one of the weights of a layer or model: what it computes then is made of the value, too."""
        cut = Cut(CutKind.STATE_WRITE, self.place(node), op)
        before = self.world.get((owner.id, "written"))
        links = tuple(Link(value, cut) for value in values if not isinstance(value, Const))
        self.world.put((owner.id, "written"), Written((*(before.links[-3:] if before is not None else ()), *links)))

    def write(self, variable: Variable, values: Iterable[Value], node: ast.AST, op: str, replace: bool) -> None:
        self.recording.updated.add(variable.id)
        written = self.data(Kind.TENSOR, op, [Link(value) for value in values], node, variable.dtype)
        link = Link(written, Cut(CutKind.STATE_WRITE, self.place(node), op))
        before = self.world.get((variable.id, "written"))
        links = (link,) if replace or before is None else (*before.links[-3:], link)
        self.world.put((variable.id, "written"), Written(links))

    def left(
        self, reason: CutKind, kind: Kind, op: str, values: Iterable[Value], node: ast.AST, dtype: str = ""
    ) -> Data:
        """A NumPy or Python value made of tensors: here the path leaves TensorFlow."""
        cut = Cut(reason, self.place(node), op)
        links = []
        for value in values:
            if isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.NUMBER):
                links.append(Link(value))
            elif not isinstance(value, (Const, Symbol)):
                links.append(Link(value, cut))
        return self.data(kind, op, links, node, dtype)

    def numpy(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A function of NumPy: whatever it is given, its result is no longer TensorFlow's."""
        short = name.removeprefix("numpy.")
        found = api.numpy_op(name)
        if short in _GENERATORS:
            return self.data(Kind.ARRAY, short, (), node)  # what its methods give are arrays
        if found is None or any(_is_callable(value) for value in arguments.all()):
            for value in arguments.all():
                self.escape(value, node)
            return self.unknown(node, arguments.all(), "call")
        if found.kind == "form":
            return self.data(Kind.NUMBER, short, (), node)
        if found.kind == "effect":
            return self.const(None, node)
        kind = dtypes.of_argument(arguments.kwargs.get("dtype"))
        values = self.flats(_read_by(short, arguments))
        if not kind and short in ("array", "asarray", "zeros", "ones", "full", "empty", "arange") and arguments.args:
            kind = dtypes.of_argument(arguments.get(1, "dtype"))
        if not kind:
            kind = found.result if found.result in ("int", "bool") else self._numpy_dtype(short, values)
        return self.left(CutKind.NUMPY_FUNCTION, Kind.ARRAY, _short(name), values, node, kind)

    def _numpy_dtype(self, short: str, values: list[Value]) -> str:
        if short.startswith("random."):
            drawn = short.rsplit(".", 1)[-1]
            return "" if drawn in ("permutation", "choice", "default_rng", "RandomState") else "float"
        if short in ("zeros", "ones", "empty", "eye", "identity", "linspace", "logspace", "mean", "std", "var"):
            return "float"
        if short in ("exp", "log", "sin", "cos", "tan", "tanh", "sqrt"):
            return "float"
        if short in ("array", "asarray", "full", "arange", "stack", "concatenate"):
            return self.common(values)
        last = dtypes.named(short)
        return last if short in ("float32", "float64", "int32", "int64", "bool_") else ""

    def common(self, values: Iterable[Value]) -> str:
        """The class of number that a list of these values becomes."""
        found = {dtypes.of(value) for value in values}
        if "" in found:
            return ""
        for wanted in ("string", "complex", "float", "int", "bool"):
            if wanted in found:
                return wanted
        return ""

    # -- operators ------------------------------------------------------------------------------------------------

    def binary(self, op: type[ast.AST], left: Value, right: Value, node: ast.AST) -> Value:
        """`left op right`."""
        return self.computed(self._binary(op, left, right, node), OPERATORS[op][0], Arguments((left, right)), node)

    def _binary(self, op: type[ast.AST], left: Value, right: Value, node: ast.AST) -> Value:
        sign, function = OPERATORS[op]
        left, right = _not_none(left), _not_none(right)
        if isinstance(left, Const) and isinstance(right, Const):
            return self._fold(function, (left.value, right.value), node)
        if isinstance(left, Either) or isinstance(right, Either):
            choices = len(options(left)) * len(options(right))
            if choices <= 4 and not any(isinstance(o, Sequence) for v in (left, right) for o in options(v)):
                kinds = {self._rank(value) for value in (*options(left), *options(right))}
                if len(kinds) > 1 and Unknown not in {type(o) for v in (left, right) for o in options(v)}:
                    return self._either_binary(op, left, right, node)
        if isinstance(left, Sequence) or isinstance(right, Sequence):
            joined = self._binary_sequence(sign, left, right, node)
            if joined is not None:
                return joined
        if (isinstance(left, VariableSet) and not left.part) or (isinstance(right, VariableSet) and not right.part):
            joined = self._binary_sequence(sign, left, right, node)
            if joined is not None:
                return joined
        if isinstance(left, (Instance, Dictionary)) or isinstance(right, (Instance, Dictionary)):
            return self.overloaded(sign, (left, right), node)
        return self._number(sign, (left, right), node)

    def _either_binary(self, op: type[ast.AST], left: Value, right: Value, node: ast.AST) -> Value:
        results = [self.binary(op, one, other, node) for one in options(left) for other in options(right)]
        return either(results)

    def _rank(self, value: Value) -> str:
        if isinstance(value, Data):
            return value.kind.value
        return "tensor" if isinstance(value, (Variable, VariableSet)) else type(value).__name__

    def overloaded(self, sign: str, values: Iterable[Value], node: ast.AST) -> Value:
        """An operator on an object of a visible class."""
        return self.unknown(node, values, "operator")

    def _fold(self, function: Callable[..., object], values: tuple[object, ...], node: ast.AST) -> Value:
        if any(isinstance(value, (str, bytes)) and len(value) > 1000 for value in values):
            return self.unknown(node)
        if function is operator.pow and any(isinstance(v, (int, float)) and abs(v) > 64 for v in values[1:]):
            return self.data(Kind.NUMBER, "**", (), node)
        if function is operator.mul and any(isinstance(v, (str, bytes)) for v in values):
            return self.data(Kind.NUMBER, "*", (), node, "string")
        if function in (operator.lshift, operator.mod) and any(isinstance(v, (str, bytes)) for v in values):
            return self.unknown(node)
        if function is operator.lshift:
            return self.data(Kind.NUMBER, "<<", (), node, "int")
        try:
            return self.const(function(*values), node)
        except Exception:
            return self.unknown(node)

    def _note_list_added(self, listed: Value, result: Value) -> None:
        """`loss + model.losses`: not their sum is added but the list, and the loss is one for each of them."""
        owner = self.world.get((listed.id, "losses of"))
        count = self.penalties(owner) if isinstance(owner, Value) else None
        if isinstance(owner, Value) and count is not None and count != 1:
            self.recording.lists_added[result.id] = (owner, count)

    def penalties(self, value: Value) -> int | None:
        raise NotImplementedError

    def _binary_sequence(self, sign: str, left: Value, right: Value, node: ast.AST) -> Value | None:
        """Lists of values: `a + b`, `[x] * n`."""

        def listed(value: Value) -> tuple[Value, ...] | None:
            if isinstance(value, Sequence):
                items = self.items(value)
                return items.items if items is not None else None
            return (Several(value),) if isinstance(value, VariableSet) and not value.part else None

        if sign == "+":
            one, other = listed(left), listed(right)
            if one is not None and other is not None:
                kind = left.kind if isinstance(left, Sequence) else "list"
                joined = self.sequence(kind, (*one, *other), node)
                self.joined(joined, Items(one), Items(other), node)
                return joined
            if is_tensor(left) or is_tensor(right):
                result = self._number(sign, (*self.flat(left), *self.flat(right)), node)
                self._note_list_added(right if is_tensor(left) else left, result)
                return result
            return self.unknown(node, (left, right), "operator")
        if sign == "*":
            list_, times = (left, right) if isinstance(left, Sequence) else (right, left)
            items = self.items(list_)
            if items is not None and len(items.items) > 1 and any(isinstance(one, Unknown) for one in options(times)):
                return self.unknown(node, (left, right), "operator")  # a tensor by a list of numbers, perhaps
            if items is not None and not is_tensor(times):
                if isinstance(times, Const) and isinstance(times.value, int) and 0 <= times.value <= 8:
                    kind = list_.kind if isinstance(list_, Sequence) else "list"
                    return self.sequence(kind, items.items * times.value, node)
                found = list(items)
                kind = list_.kind if isinstance(list_, Sequence) else "list"
                return self.sequence(kind, (Several(either(found)),) if found else (), node)
        if is_tensor(left) or is_tensor(right) or any(self._is_array(value) for value in (left, right)):
            return self._number(sign, (*self.flat(left), *self.flat(right)), node)
        return None

    @staticmethod
    def _is_array(value: Value) -> bool:
        return isinstance(value, Data) and value.kind is Kind.ARRAY

    def _number(self, sign: str, values: tuple[Value, ...], node: ast.AST) -> Value:
        """The result of an operator on numbers."""
        kinds = [self._kind(value) for value in values]
        if Kind.SYMBOLIC in kinds or Kind.TENSOR in kinds:
            return self._tensor_operator(sign, values, node, Kind.SYMBOLIC if Kind.SYMBOLIC in kinds else Kind.TENSOR)
        if None in kinds:
            return self.unknown(node, values, "operator")
        links = [Link(value) for value in values if not isinstance(value, (Const, Symbol))]
        kind = Kind.ARRAY if Kind.ARRAY in kinds else Kind.NUMBER
        dtype = self.common(values)
        if sign == "/" and dtype == "int":
            dtype = "float"
        return self.data(kind, sign, links, node, dtype)

    def _kind(self, value: Value) -> Kind | None:
        if isinstance(value, Data):
            return value.kind
        if isinstance(value, (Variable, VariableSet)):
            return Kind.TENSOR
        if isinstance(value, Const):
            return Kind.NUMBER
        if isinstance(value, Symbol):
            return Kind.NUMBER if dtypes.of(value) else None
        if isinstance(value, Either):
            kinds = {self._kind(option) for option in value.options}
            if Kind.TENSOR in kinds and None not in kinds:
                return Kind.TENSOR
            return kinds.pop() if len(kinds) == 1 else None
        return None

    def _tensor_operator(self, sign: str, values: tuple[Value, ...], node: ast.AST, kind: Kind) -> Value:
        dtype = ""
        for value in values:
            if self._kind(value) is kind:
                dtype = dtype or dtypes.of(value)
        if sign == "//":
            cut = Cut(CutKind.NOT_DIFFERENTIABLE, self.place(node), "//")
            return self.data(kind, sign, [Link(value, cut) for value in values], node, dtype)
        if sign == "/" and dtype == "int":
            dtype = "float"
        if sign in ("&", "|", "^", "~"):
            cut = Cut(CutKind.NOT_DIFFERENTIABLE, self.place(node), sign)
            return self.data(kind, sign, [Link(value, cut) for value in values], node, dtype or "bool")
        return self.data(kind, sign, [Link(value) for value in values], node, dtype)

    def unary(self, op: type[ast.AST], value: Value, node: ast.AST) -> Value:
        """`-x`, `+x`, `~x`, `not x`."""
        if op is ast.Not:
            truth = self.truth(value)
            return self.const(not truth, node) if truth is not None else self.data(Kind.NUMBER, "not", (), node, "bool")
        if isinstance(value, Const):
            return self._fold(OPERATORS[op][1], (value.value,), node)
        if isinstance(value, (Instance, Sequence, Dictionary)):
            return self.overloaded(OPERATORS[op][0], (value,), node)
        sign = OPERATORS[op][0]
        return self.computed(self._number(sign, (value,), node), "unary " + sign, Arguments((value,)), node)

    def compare(self, op: type[ast.AST], left: Value, right: Value, node: ast.AST) -> Value:
        """`left op right` for the comparisons; a comparison of tensors has no gradient."""
        if op in COMPARISONS:
            sign, function = COMPARISONS[op]
            if isinstance(left, Const) and isinstance(right, Const):
                return self._fold(function, (left.value, right.value), node)
            if is_tensor(left) or is_tensor(right):
                cut = Cut(CutKind.NOT_DIFFERENTIABLE, self.place(node), sign)
                links = [Link(value, cut) for value in (left, right) if not isinstance(value, Const)]
                result = self.data(Kind.TENSOR, sign, links, node, "bool")
                return self.computed(result, sign, Arguments((left, right)), node)
            if self._kind(left) in (Kind.ARRAY, Kind.NUMBER) and self._kind(right) is not None:
                links = [Link(value) for value in (left, right) if not isinstance(value, Const)]
                return self.data(self._kind(left) or Kind.ARRAY, sign, links, node, "bool")
            return self.unknown(node, (left, right), "operator")
        truth = self._identity(op, left, right) if op in (ast.Is, ast.IsNot) else self._contained(left, right)
        if truth is not None and op is ast.NotIn:
            truth = not truth
        return self.const(truth, node) if truth is not None else self.data(Kind.NUMBER, "is", (), node, "bool")

    def _identity(self, op: type[ast.AST], left: Value, right: Value) -> bool | None:
        if op in (ast.Is, ast.IsNot):
            if isinstance(right, Const) and isinstance(left, Const):
                return (left.value is right.value) == (op is ast.Is)
            none = isinstance(right, Const) and right.value is None
            if none and not isinstance(left, (Unknown, Either)) and not (isinstance(left, Data) and _may_be_none(left)):
                return op is ast.IsNot
        return None

    def _contained(self, item: Value, holder: Value) -> bool | None:
        """Whether a dictionary has a key, or a list of constants a constant, as far as that is certain."""
        if not isinstance(item, Const) or not isinstance(holder, (Dictionary, Sequence)):
            return None
        entries = self.recording.entries
        if self.standalone and entries and holder.time < entries[-1]:
            return None  # unseen code may have put something in before
        if isinstance(holder, Dictionary):
            held = self.entries(holder)
            if held is None or (found := held.get(item.value)) is UNBOUND or isinstance(found, Either):
                return None
            return True if found is not None else (False if held.rest is None else None)
        items = self.items(holder)
        if items is None or not items.exact or not all(isinstance(one, Const) for one in items.items):
            return None
        return any(isinstance(one, Const) and one.value == item.value for one in items.items)

    def truth(self, value: Value) -> bool | None:
        """Whether a condition certainly holds, or certainly fails."""
        if isinstance(value, Const):
            return bool(value.value)
        if isinstance(value, Sequence):
            items = self.items(value)
            if items is not None and items.exact:
                return bool(items.items)
            if items is not None and any(not isinstance(item, Several) for item in items.items):
                return True
            return None
        if isinstance(value, (Object, Method)) and not (isinstance(value, Object) and value.kind == "range"):
            return True
        return None


def _may_be_none(value: Data) -> bool:
    """A gradient, or one dimension of a shape, which a graph need not know."""
    return value.ask is not None or any(isinstance(item, Data) and item.op == "shape" for item, _ in value.links)


def _is_callable(value: Value) -> bool:
    return type(value).__name__ in ("Function", "Bound", "Partial", "Class")


def _short(name: str) -> str:
    return "np." + name.removeprefix("numpy.") if name.startswith("numpy.") else name


def _read_by(short: str, arguments: Arguments) -> list[Value]:
    """What a function of NumPy computes with: how large the array is to be is no step on the way to its numbers."""
    shape = _SHAPED.get(short)
    named = [item for name, item in arguments.kwargs.items() if shape is None or name not in ("size", "shape")]
    return [*arguments.args[:shape], *named]


def _not_none(value: Value) -> Value:
    """An operand without the ways on which it is None: the operator would have raised there."""
    if not isinstance(value, Either) or not any(isinstance(one, Const) and one.value is None for one in value.options):
        return value
    return either(one for one in value.options if not isinstance(one, Const) or one.value is not None)
