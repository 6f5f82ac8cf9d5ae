"""Calls of TensorFlow, NumPy and the standard library.

What an operation does to a gradient is data (`tapelint.tensorflow.api`); here is only what is more than that: functions
that call back, that make variables or tapes, that return their argument, or that depend on how they are called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from tapelint.play import dtype as dtypes
from tapelint.play.accumulator import ACCUMULATOR
from tapelint.play.arguments import Arguments
from tapelint.play.callbacks import Callbacks, is_callable
from tapelint.play.machine import Reading
from tapelint.play.records import Clip
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Generator,
    Instance,
    Kind,
    Link,
    Object,
    OneShot,
    Partial,
    Paused,
    Sequence,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    bare,
    either,
    is_one_tensor,
    is_tensor,
    options,
)
from tapelint.play.zeros import is_zero
from tapelint.tensorflow import api

TAPE = "tensorflow.GradientTape"

_HARMLESS = frozenset(
    {
        "print", "len", "isinstance", "issubclass", "id", "type", "repr", "hash", "callable", "hasattr", "format",
        "tensorflow.print", "tensorflow.shape", "tensorflow.debugging.assert_all_finite",
    }
)  # fmt: skip
"""Functions that leave what they are given as it is."""

_DIFFERENTIABLE_LAMBDAS = frozenset(
    {
        "tensorflow.map_fn", "tensorflow.vectorized_map", "tensorflow.scan", "tensorflow.foldl", "tensorflow.foldr",
        "tensorflow.cond", "tensorflow.case", "tensorflow.switch_case", "tensorflow.while_loop",
        "tensorflow.recompute_grad", "tensorflow.nest.map_structure",
    }
)  # fmt: skip

_SAME_STRUCTURE = frozenset({"tensorflow.nest.flatten", "tensorflow.nest.pack_sequence_as"})

_RAGGED = ("tensorflow.RaggedTensor.from_row_", "tensorflow.RaggedTensor.from_value_rowids")
"""What puts a ragged tensor around values."""

_FRESH_IF_CONST = frozenset({"tensorflow.constant", "tensorflow.convert_to_tensor"})

_CUTS = {
    "none": CutKind.NOT_DIFFERENTIABLE,
    "zero": CutKind.ZERO,
    "stop": CutKind.STOP_GRADIENT,
    "lookup_error": CutKind.NO_GRADIENT,
}
"""What the table says of an operation, as a reason."""

_OPERATORS: dict[str, type[ast.AST]] = {
    "add": ast.Add, "iadd": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "truediv": ast.Div, "floordiv": ast.FloorDiv,
    "pow": ast.Pow, "matmul": ast.MatMult,
}  # fmt: skip
"""The functions of the module `operator` that stand for operators on two values."""

_GRAPHS = (
    "disable_eager_execution", "disable_v2_behavior", "disable_resource_variables", "Session(", "Graph(", "Estimator",
    "estimator", "wrap_function", "get_variable", "as_default", "variable_creator_scope",
)  # fmt: skip
"""Words of programs that may have a graph of TensorFlow 1."""

_DRAWING = frozenset({"random.choice", "random.choices", "random.sample"})
"""Functions of Python that pick pieces of a list."""
_REDUCED = 40
"""How many items `functools.reduce` is followed through."""


_COPYING = ("__deepcopy__", "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")
"""How a class says itself what a copy of its objects is."""
_MOST_COPIES = 300


class Library(Callbacks):
    """Calls of functions that are not part of the project."""

    def call_symbol(self, symbol: Symbol, arguments: Arguments, node: ast.expr) -> Value:
        """Call the library function or class `symbol`."""
        self.note_call(symbol.name, arguments, node)
        result = self.shaped(symbol.name, arguments, self._call_symbol(symbol, arguments, node), node)
        if symbol.name in api.ZEROS:
            self.recording.zeros.add(result.id)
        return self.computed(result, symbol.name, arguments, node)

    def _call_symbol(self, symbol: Symbol, arguments: Arguments, node: ast.expr) -> Value:
        name = symbol.name
        handler = self._handlers().get(name)
        if handler is not None:
            return handler(arguments, node)
        if name.endswith(".apply_gradients") and len(arguments.args) == 1 and not arguments.more:
            self.used(symbol, "apply_gradients", "call", node)
        if name.startswith(_RAGGED):
            return self._composite(0, name.replace("tensorflow.", "tf."), arguments, node)
        if name.startswith("numpy."):
            return self.numpy(name, arguments, node)
        made = self.call_keras(name, arguments, node)
        if made is not None:
            return made
        if name.startswith(("tensorflow.", "keras.")):
            return self._operation(name, arguments, node)
        return self._foreign(name, arguments, node)

    def call_keras(self, name: str, arguments: Arguments, node: ast.expr) -> Value | None:
        raise NotImplementedError

    def copied_with(self, value: Value, changes: Mapping[str, Value], node: ast.expr) -> Value:
        raise NotImplementedError

    def call_builtin(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        raise NotImplementedError

    def _handlers(self) -> dict[str, Callable[[Arguments, ast.expr], Value]]:
        found = self.__dict__.get("_handler_table")
        if found is None:
            found = self.__dict__["_handler_table"] = {
                TAPE: lambda arguments, node: self.make_tape(arguments, node),
                ACCUMULATOR: self.make_accumulator,
                "tensorflow.Variable": self._variable,
                "tensorflow.constant": self._constant,
                "tensorflow.convert_to_tensor": self._convert,
                "keras.ops.convert_to_tensor": self._convert,
                "tensorflow.cast": self._cast,
                "keras.ops.cast": self._cast,
                "tensorflow.saturate_cast": lambda arguments, node: self._cast(arguments, node, "tf.saturate_cast"),
                "keras.ops.saturate_cast": lambda arguments, node: self._cast(
                    arguments, node, "keras.ops.saturate_cast"
                ),
                "tensorflow.image.convert_image_dtype": lambda arguments, node: self._cast(
                    arguments, node, "tf.image.convert_image_dtype"
                ),
                "tensorflow.stop_gradient": self._stop_gradient,
                "keras.ops.stop_gradient": self._stop_gradient,
                "tensorflow.function": self._function,
                "tensorflow.recompute_grad": self._function,
                "tensorflow.numpy_function": lambda arguments, node: self._py_function(
                    "tf.numpy_function", arguments, node
                ),
                "tensorflow.compat.v1.py_func": lambda arguments, node: self._py_function(
                    "tf.compat.v1.py_func", arguments, node
                ),
                "tensorflow.py_function": self._eager_function,
                "tensorflow.custom_gradient": self._custom_gradient,
                "tensorflow.SparseTensor": lambda arguments, node: self._composite(
                    1, "tf.SparseTensor", arguments, node
                ),
                "tensorflow.init_scope": lambda arguments, node: Paused(None, self.place(node), self.tick()),
                "tensorflow.add_n": self._add_n,
                "tensorflow.clip_by_global_norm": self._clip_by_global_norm,
                "tensorflow.clip_by_norm": lambda arguments, node: self._clip("clip_by_norm", arguments, node),
                "tensorflow.clip_by_value": lambda arguments, node: self._clip("clip_by_value", arguments, node),
                "tensorflow.where": self._where,
                "keras.utils.normalize": self._normalize,
                "tensorflow.group": lambda arguments, node: self.const(None, node),
                "tensorflow.no_op": lambda arguments, node: self.const(None, node),
                "tensorflow.range": self._range,
                "tensorflow.executing_eagerly": self._eager,
                "tensorflow.ragged.map_flat_values": self.map_flat_values,
                "tensorflow.is_tensor": self._is_tensor,
                "tensorflow.inside_function": self._eager,
                "functools.partial": self._partial,
                "tensorflow.compat.v1.trainable_variables": self._collection,
                "tensorflow.compat.v1.global_variables": self._collection,
                "dataclasses.field": lambda arguments, node: Object(
                    "field", "dataclasses.field", self.place(node), self.tick(), args=arguments.kwargs
                ),
                "dataclasses.replace": lambda arguments, node: (
                    self.copied_with(arguments.args[0], arguments.kwargs, node)
                    if len(arguments.args) == 1
                    else self.unknown(node, arguments.all(), "call")
                ),
                "copy.copy": self._copy,
                "copy.deepcopy": lambda arguments, node: (
                    self._deep_copy(arguments.args[0], node)
                    if arguments.args
                    else self.unknown(node, arguments.all(), "call")
                ),
                "contextlib.ExitStack": lambda arguments, node: Object(
                    "exit-stack", "contextlib.ExitStack", self.place(node), self.tick()
                ),
            }
        assert isinstance(found, dict)
        return found

    # -- the table ------------------------------------------------------------------------------------------------

    def _operation(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """An operation of TensorFlow or Keras, as the table has it."""
        op = api.op(name)
        if op is None:
            if name in _DIFFERENTIABLE_LAMBDAS or any(is_callable(value) for value in arguments.all()):
                return self.calls_back(name, arguments, node)
            if name in _SAME_STRUCTURE:
                return self._structure(name, arguments, node)
            for value in arguments.all():
                self.escape(value, node)
            return self.unknown(node, arguments.all(), "call")
        if op.carries and not arguments.all():
            return self.unknown(node, (), "call")  # it raises: there is nothing to compute with
        bound = self._bound_arguments(op, arguments)
        leaves = [(name, leaf) for name, value in bound for leaf in self.flat(value)]
        if name.startswith("keras.") and "crossentropy" in name:
            leaves = [(parameter, self.scores(leaf)) for parameter, leaf in leaves]
        values = [leaf for _, leaf in leaves]
        symbolic = any(isinstance(value, Data) and value.kind is Kind.SYMBOLIC for value in values)
        kind = Kind.SYMBOLIC if symbolic else Kind.TENSOR
        effect, result = self._behaviour(op, dict(bound))
        dtype = self._result_dtype(op, result, dict(bound), leaves)
        short = _short(name)
        if effect == "constant":
            return self.data(Kind.TENSOR, short, (), node, dtype)
        if effect == "python" and not symbolic:
            if result == "nothing":
                return self.const(None, node)
            if result == "ndarray":
                return self.left(CutKind.NUMPY_METHOD, Kind.ARRAY, short, values, node)
            return self.left(CutKind.PYTHON_NUMBER, Kind.NUMBER, short, values, node)
        if effect == "identity" and len(values) >= 1 and isinstance(values[0], Data):
            first = values[0]
            return self.data(Kind.TENSOR, short, (Link(first),), node, first.dtype, same=first, nested=first.nested)
        links = [
            self._link(op, effect, name_, leaf, dtype, short, node)
            for name_, leaf in leaves
            if not isinstance(leaf, (Const, Symbol))
        ]
        if op.form == "tuple" and op.size > 1:
            return self._outputs(op, short, links, dtype, node, kind)
        if op.form in ("list", "dict"):
            piece = self.data(kind, short, links, node, dtype, nested=True)
            return self.sequence("list", (Several(piece),), node) if op.form == "list" else piece
        return self.data(kind, short, links, node, dtype)

    def _bound_arguments(self, op: api.Op, arguments: Arguments) -> list[tuple[str, Value]]:
        """The arguments with the names of their parameters ("" where the name is not known)."""
        found = [(op.parameter(at), value) for at, value in enumerate(arguments.args)]
        return [*found, *arguments.kwargs.items()]

    def _behaviour(self, op: api.Op, bound: dict[str, Value]) -> tuple[str, str]:
        """What the operation does and gives, as these arguments decide."""
        for case in op.cases:
            given = bound.get(case.parameter)
            if case.absent:
                if given is None:
                    return case.effect or op.effect, case.result or op.result
                continue
            if given is None:
                continue
            if not case.value or case.value == dtypes.of_argument(given) or self._is_literal(given, case.value):
                result = case.result or op.result
                return case.effect or op.effect, case.value if result.startswith("dtype:") else result
        return op.effect, op.result

    @staticmethod
    def _is_literal(value: Value, wanted: str) -> bool:
        if isinstance(value, Symbol):
            return value.name.rsplit(".", 1)[-1].lower() == wanted  # a member of an enumeration
        return isinstance(value, Const) and str(value.value) == wanted

    def _link(
        self, op: api.Op, effect: str, parameter: str, value: Value, dtype: str, short: str, node: ast.AST
    ) -> Link:
        """How one argument is linked to the result."""
        how = effect if effect in _CUTS else op.link(parameter) if parameter else "unknown"
        if how == "unknown" and op.carries == ("*",):
            how = "carries"
        if how in _CUTS:
            self.without_gradient = self.without_gradient or how == "lookup_error"
            return Link(value, Cut(_CUTS[how], self.place(node), short))
        if how == "unknown" and not isinstance(value, Unknown):
            return Link(Unknown(self.place(node), self.tick(), (value,), "argument"))
        if dtype in ("int", "bool", "string") and dtypes.of(value) in ("float", "complex"):
            return Link(value, Cut(CutKind.INTEGER, self.place(node), short, dtype))
        return Link(value)

    def _outputs(self, op: api.Op, short: str, links: list[Link], dtype: str, node: ast.expr, kind: Kind) -> Value:
        """A function with several results."""
        made: list[Value] = []
        for at in range(op.size):
            output = op.outputs[at] if at < len(op.outputs) else None
            if output is not None and output.effect in ("none", "constant", "zero", "lookup_error"):
                reason = _CUTS.get(output.effect, CutKind.NOT_DIFFERENTIABLE)
                self.without_gradient = self.without_gradient or reason is CutKind.NO_GRADIENT
                cut = Cut(reason, self.place(node), short)
                cut_links = [Link(link.value, link.cut or cut) for link in links]
                result = dtype if output.result == "same" else output.result
                made.append(self.data(kind, short, cut_links, node, result))
            else:
                made.append(self.data(kind, short, links, node, dtype))
        whole = self.sequence("tuple", made, node)
        for at, output in enumerate(op.outputs):
            if output.name:
                self.set_attribute(whole, output.name, made[at])
        return whole

    def _result_dtype(self, op: api.Op, result: str, bound: dict[str, Value], leaves: list[tuple[str, Value]]) -> str:
        given = bound.get(op.dtype_parameter) if op.dtype_parameter else None
        if given is not None:
            return dtypes.of_argument(given)
        if result == "same":
            values = [value for name, value in leaves if name == op.same_as]
            others = op.same_as == op.parameter(0) and all(isinstance(value, (Const, Symbol)) for value in values)
            if others or not values:
                values = [value for _, value in leaves]  # `2 * x`: a Python number takes the dtype of the tensor
            for value in values:
                if not isinstance(value, (Const, Symbol)):
                    return dtypes.of(value)
            return self.common([value for value in values if isinstance(value, Const) and value.is_number])
        return result if result in ("float", "int", "bool", "string", "complex") else ""

    # -- functions that need more than the table ------------------------------------------------------------------

    def _variable(self, arguments: Arguments, node: ast.expr) -> Value:
        initial = arguments.get(0, "initial_value")
        if initial is not None and is_callable(initial):
            initial = self.call(initial, Arguments(), node)
        trainable_value = arguments.get(1, "trainable")
        trainable: bool | None = None if arguments.more else True
        if trainable_value is not None:
            trainable = bool(trainable_value.value) if isinstance(trainable_value, Const) else None
            if isinstance(trainable_value, Const) and trainable_value.value is None:
                trainable = True
        dtype = dtypes.of_argument(arguments.kwargs.get("dtype"))
        leaves = self.flat(initial) if initial is not None else []
        dtype = dtype or self.common(leaves)
        cut = Cut(CutKind.NEW_VARIABLE, self.place(node), "tf.Variable")
        links = [Link(leaf, cut) for leaf in leaves if not isinstance(leaf, (Const, Symbol))]
        variable = Variable(self.place(node), self.tick(), trainable, dtype, False, links)
        self.created(variable, "variable", node)
        if leaves and all(is_zero(self.recording, leaf, variable) for leaf in leaves):
            self.recording.cleared.add(variable.id)
        return variable

    def _constant(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.constant` of a tensor gives that tensor's value; a gradient passes only in the first case."""
        value = arguments.get(0, "value")
        dtype = dtypes.of_argument(arguments.get(1, "dtype"))
        if value is None:
            return self.unknown(node, arguments.all(), "call")
        leaves = [leaf for leaf in self.flat(value) if not isinstance(leaf, (Const, Symbol))]
        dtype = dtype or self.common(self.flat(value))
        if any(isinstance(leaf, (Unknown, Instance, Object)) for leaf in leaves):
            same = leaves[0] if len(leaves) == 1 else None
            return self.data(Kind.TENSOR, "tf.constant", [Link(leaf) for leaf in leaves], node, dtype, same=same)
        links = []
        for leaf in leaves:
            if isinstance(leaf, Variable):
                links.append(Link(leaf, Cut(CutKind.PYTHON_NUMBER, self.place(node), "tf.constant")))
            else:
                links.append(Link(leaf))
        same = leaves[0] if len(leaves) == 1 and is_tensor(leaves[0]) and not isinstance(leaves[0], Variable) else None
        made = self.data(Kind.TENSOR, "tf.constant", links, node, dtype, same=same)
        if isinstance(value, Sequence) and any(map(is_one_tensor, leaves)):
            self.used(Symbol("tensorflow.constant"), "constant", "tensors", node, made)
        given = self.flat(value)
        if given and all(isinstance(leaf, Const) and leaf.value == 0 for leaf in given):
            self.recording.zeros.add(made.id)
        return made

    def _normalize(self, arguments: Arguments, node: ast.expr) -> Value:
        """`keras.utils.normalize` gives a tensor for a tensor and an array for an array."""
        values = self.flat(arguments.get(0, "x") or self.unknown(node, arguments.all(), "call"))
        if any(is_tensor(value) or (isinstance(value, Data) and value.kind is Kind.SYMBOLIC) for value in values):
            return self._operation("keras.utils.normalize", arguments, node)
        if any(isinstance(value, (Unknown, Either)) for value in values):
            return self.unknown(node, arguments.all(), "call")
        return self.left(CutKind.NUMPY_FUNCTION, Kind.ARRAY, "normalize", values, node)

    def _convert(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.convert_to_tensor` gives a tensor back as it is (measured: the same object)."""
        value = arguments.get(0, "value") or arguments.get(0, "x")
        if value is None:
            return self.unknown(node, arguments.all(), "call")
        dtype_value = arguments.get(1, "dtype") or arguments.get(2, "dtype_hint")
        dtype = dtypes.of_argument(dtype_value)
        if isinstance(value, Data) and value.ask is not None:
            # A sparse gradient becomes a dense tensor; any other one is given back as it is.
            read = (Link(value),)
            return self.data(Kind.TENSOR, "tf.convert_to_tensor", read, node, dtype or value.dtype, same=value)
        if isinstance(value, Data) and is_one_tensor(value):
            return value
        if isinstance(value, Data) and value.kind is Kind.SYMBOLIC:
            return value
        if isinstance(value, (Either, Unknown, Instance, Object)):
            return self.data(Kind.TENSOR, "tf.convert_to_tensor", (Link(value),), node, dtype, same=value)
        leaves = self.flat(value)
        links = [Link(leaf) for leaf in leaves if not isinstance(leaf, (Const, Symbol))]
        same = value if isinstance(value, Data) and value.kind is Kind.TENSOR else None
        return self.data(Kind.TENSOR, "tf.convert_to_tensor", links, node, dtype or self.common(leaves), same=same)

    def _cast(self, arguments: Arguments, node: ast.expr, op: str = "tf.cast") -> Value:
        """`tf.cast`: to its own dtype it gives the same tensor back; to an integer one the gradient ends."""
        names = ("x", "value", "image")
        value = next((found for name in names if (found := arguments.get(0, name)) is not None), None)
        wanted_value = arguments.get(1, "dtype")
        wanted = dtypes.of_argument(wanted_value)
        if value is None:
            return self.unknown(node, arguments.all(), "call")
        kind = Kind.SYMBOLIC if isinstance(value, Data) and value.kind is Kind.SYMBOLIC else Kind.TENSOR
        given = dtypes.of(value)
        leaves = [leaf for leaf in self.flat(value) if not isinstance(leaf, (Const, Symbol))]
        cut = None
        if wanted and (wanted in ("float", "complex")) is (given in ("int", "bool")):
            cut = Cut(CutKind.INTEGER, self.place(node), op, wanted)
        same = None
        alone = len(leaves) == 1 and leaves[0] is value and not isinstance(value, (Variable, VariableSet))
        if alone and (not given or not wanted or given == wanted):
            same = value
        return self.data(kind, op, [Link(leaf, cut) for leaf in leaves], node, wanted, same=same)

    def _stop_gradient(self, arguments: Arguments, node: ast.expr) -> Value:
        cut = Cut(CutKind.STOP_GRADIENT, self.place(node), "tf.stop_gradient")
        value = arguments.get(0, "input") or arguments.get(0, "variables") or arguments.get(0, "variable")
        if isinstance(value, Sequence) and (items := self.items(value)) is not None:
            made: list[Value] = []
            for item in items.items:
                stopped = self._stopped(bare(item), cut, node)
                made.append(Several(stopped) if isinstance(item, Several) else stopped)
            return self.sequence(value.kind, made, node)
        if value is None:
            return self.unknown(node, arguments.all(), "call")
        return self._stopped(value, cut, node)

    def _stopped(self, value: Value, cut: Cut, node: ast.AST) -> Value:
        if isinstance(value, Const):
            return self.data(Kind.TENSOR, "tf.stop_gradient", (), node, dtypes.of(value))
        nested = isinstance(value, Unknown) or (isinstance(value, Data) and value.nested)
        return self.data(Kind.TENSOR, "tf.stop_gradient", (Link(value, cut),), node, dtypes.of(value), nested=nested)

    def _function(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.function(f)` behaves as `f`; without a function it is a decorator."""
        function = arguments.get(0, "func") or arguments.get(0, "f")
        if function is None:
            return Symbol("tensorflow.function", self.place(node))
        made = self.traced(function)
        inner = made.function if isinstance(made, Bound) else made
        self.recording.traced.setdefault(inner.id, self.place(node))
        if isinstance(inner, Function):
            self.note_wrapping(inner, function, node)
        return made

    def traced(self, function: Value) -> Value:
        """The same function, run as a graph: another object for each call of `tf.function`."""
        if isinstance(function, Bound) and isinstance(function.function, Function):
            inner = self.traced(function.function)
            return function if inner is function.function else Bound(inner, function.receiver)
        if not isinstance(function, Function) or "tensorflow.function" in function.decorators:
            return function
        return Function(
            function.node, function.module, function.closure, function.place, function.time, function.defaults,
            (*function.decorators, "tensorflow.function"), function.owner,
        )  # fmt: skip

    def _composite(self, at: int, op: str, arguments: Arguments, node: ast.expr) -> Value:
        """A sparse or ragged tensor around `values`: it holds the tensor itself, or what a variable holds now."""
        given = arguments.get(at, "values")
        if given is None or isinstance(given, (Unknown, Either, Instance, Object)):
            return self.unknown(node, arguments.all(), "call")
        links = [Link(leaf) for leaf in self.flat(given) if not isinstance(leaf, (Const, Symbol))]
        same = given if isinstance(given, Data) and given.kind is Kind.TENSOR else None
        return self.data(Kind.TENSOR, op, links, node, dtypes.of(given), same=same)

    def _py_function(self, op: str, arguments: Arguments, node: ast.expr) -> Value:
        """A function that runs on arrays: no gradient goes through."""
        self.may_run(arguments.get(0, "func"))
        given = arguments.get(1, "inp")
        if given is not None:
            self._note_contents(given)
        values = self.flats(arguments.all()[1:])
        cut = Cut(CutKind.PY_FUNCTION, self.place(node), op)
        links = [Link(value, cut) for value in values if not isinstance(value, (Const, Symbol, Function))]
        return self.data(Kind.TENSOR, op, links, node, nested=True)

    def _eager_function(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.py_function`: a gradient goes through to the inputs where the body stays in TensorFlow."""
        function, given = arguments.get(0, "func"), arguments.get(1, "inp")
        inputs = self.items(given) if given is not None else None
        self.may_run(function)
        if not isinstance(function, (Function, Bound, Symbol)) or given is None or inputs is None or not inputs.exact:
            return self.unknown(node, arguments.all(), "call")
        self._note_contents(given)
        began = self.tick()
        tensors = [self.data(Kind.TENSOR, "input", (), node, dtypes.of(value)) for value in inputs.items]
        stand_ins = {made.id: value for made, value in zip(tensors, inputs.items, strict=True)}
        result = self.call(function, Arguments(tuple(tensors)), node)
        cut = Cut(CutKind.PY_FUNCTION, self.place(node), "tf.py_function")
        links: dict[int, Link] = {}
        stack = [(leaf, False) for leaf in self.flat(result)]
        seen: set[tuple[int, bool]] = set()
        while stack:
            value, lost = stack.pop()
            if (value.id, lost) in seen:
                continue
            seen.add((value.id, lost))
            if value.id in stand_ins:
                source = stand_ins[value.id]
                if not lost or source.id not in links:
                    links[source.id] = Link(source, cut if lost else None)
            elif isinstance(value, (Variable, VariableSet)) or (isinstance(value, Data) and value.time < began):
                links.setdefault(value.id, Link(value, cut))
            elif isinstance(value, Data):
                stack += [(link.value, lost or link.cut is not None) for link in value.links]
            elif not isinstance(value, (Const, Symbol)):
                return self.unknown(node, arguments.all(), "call")
        return self.data(Kind.TENSOR, "tf.py_function", links.values(), node, nested=True)

    def _add_n(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.add_n` of one tensor gives that tensor back."""
        for value in arguments.args[:1]:
            owner = self.world.get((value.id, "losses of"))
            items = self.items(value)
            if owner is not None and items is not None and not items.items:
                self.used(owner, "losses", "sum", node)
        values = self.flats(arguments.all())
        kept = [value for value in values if not isinstance(value, Const)]
        same = kept[0] if len(kept) == 1 else None
        if any(isinstance(value, (Unknown, Instance)) for value in kept) and same is not None:
            return self.unknown(node, kept, "call")
        return self.tensor("tf.add_n", kept, node, self.common(kept), same=same)

    def _clip_by_global_norm(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.clip_by_global_norm(tensors, limit)` gives a list, each item clipped by itself, and the norm of all."""
        given = arguments.get(0, "t_list")
        if given is None:
            return self.unknown(node, arguments.all(), "call")
        self._note_contents(given)
        clipped: list[Value] = []
        items = self.items(given)
        for item in items.items if items is not None else (Several(given),):
            tensor = bare(item)
            if isinstance(tensor, Const):
                made: Value = tensor  # None stays None
            elif isinstance(tensor, (Unknown, Instance, Object)):
                made = self.unknown(node, (tensor,), "call")
            else:
                made = self.tensor("tf.clip_by_global_norm", (tensor,), node, dtypes.of(tensor))
            clipped.append(Several(made) if isinstance(item, Several) else made)
        norm = self.tensor("tf.linalg.global_norm", self.flat(given), node, "float")
        result = self.sequence("tuple", (self.sequence("list", clipped, node), norm), node)
        self.recording.clips.append(Clip("tf.clip_by_global_norm", given, result, self.place(node), self.context))
        return result

    def _clip(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A clipping function that gives one tensor."""
        result = self._operation("tensorflow." + name, arguments, node)
        given = arguments.get(0, "t")
        if given is not None:
            self.recording.clips.append(Clip("tf." + name, given, result, self.place(node), self.context))
        return result

    def _where(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.where(condition, x, y)` passes gradients to the branches; with the condition alone to nothing."""
        cut = Cut(CutKind.NOT_DIFFERENTIABLE, self.place(node), "tf.where")
        condition = self.flat(arguments.get(0, "condition") or self.const(None, node))
        branches = [value for at, name in ((1, "x"), (2, "y")) if (value := arguments.get(at, name)) is not None]
        links = [Link(value, cut) for value in condition if not isinstance(value, (Const, Symbol))]
        leaves = self.flats(branches)
        links += [Link(value) for value in leaves if not isinstance(value, (Const, Symbol))]
        dtype = "" if branches else "int"
        for leaf in leaves:
            dtype = dtype or (dtypes.of(leaf) if not isinstance(leaf, Const) else "")
        return self.data(Kind.TENSOR, "tf.where", links, node, dtype or self.common(leaves))

    def _range(self, arguments: Arguments, node: ast.expr) -> Value:
        dtype = dtypes.of_argument(arguments.kwargs.get("dtype"))
        return self.data(Kind.TENSOR, "tf.range", (), node, dtype or self.common(arguments.args))

    def _eager(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.executing_eagerly()`: no in a traced function; elsewhere unseen code may trace it."""
        if self.context.trace is None:
            return self.data(Kind.NUMBER, "eager", (), node, "bool")
        called = getattr(getattr(node, "func", None), "attr", "")
        return self.const(called == "inside_function", node)

    def _is_tensor(self, arguments: Arguments, node: ast.expr) -> Value:
        self.asked[id(node)] = False
        return self.data(Kind.NUMBER, "tf.is_tensor", (), node, "bool")

    def _collection(self, arguments: Arguments, node: ast.expr) -> Value:
        """The list of all variables that TensorFlow 1 keeps: empty where there is no graph of TensorFlow 1."""
        if arguments.all() or self.mentions(*_GRAPHS):
            return self.unknown(node, arguments.all(), "call")
        empty = self.sequence("list", (), node)
        self.recording.unbuilt[empty.id] = Symbol("tensorflow.compat.v1")
        return empty

    def _partial(self, arguments: Arguments, node: ast.expr) -> Value:
        if not arguments.args:
            return self.unknown(node)
        function = arguments.args[0]
        if isinstance(function, Symbol) and function.name in ("tensorflow.function", "functools.partial"):
            return function
        return Partial(function, arguments.args[1:], arguments.kwargs)

    def _copy(self, arguments: Arguments, node: ast.expr) -> Value:
        value = arguments.args[0] if arguments.args else None
        if isinstance(value, Sequence) and (items := self.items(value)) is not None:
            return self.sequence(value.kind, items.items, node)
        if isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
            return self.mapping(entries, node)
        if isinstance(value, (Const, Variable)) or (isinstance(value, Data) and value.kind is Kind.TENSOR):
            return value  # measured: a variable's copy is the variable itself
        return self.unknown(node, arguments.all(), "call")

    def _deep_copy(self, value: Value, node: ast.expr, made: dict[int, Value] | None = None) -> Value:
        """Variables are made anew, with the same numbers; a tensor is given back as it is.

        `made` are the copies of what was met before: two names of one object are two names of its copy.
        """
        made = {} if made is None else made
        if value.id not in made and len(made) < _MOST_COPIES:
            made[value.id] = self._copied_anew(value, node, made)
        return made.get(value.id) or self.unknown(node, (value,), "call")

    def _copied_anew(self, value: Value, node: ast.expr, made: dict[int, Value]) -> Value:
        if isinstance(value, (Const, Function, Class, Symbol)) or is_one_tensor(value):
            return value
        if isinstance(value, Variable):
            cut = Cut(CutKind.NEW_VARIABLE, self.place(node), "copy.deepcopy")
            variable = Variable(
                self.place(node), self.tick(), value.trainable, value.dtype, value.keras, [Link(value, cut)]
            )
            variable.shape = value.shape
            return variable
        if isinstance(value, Sequence) and (items := self.items(value)) is not None:
            copied = [
                Several(self._deep_copy(item.of, node, made))
                if isinstance(item, Several)
                else self._deep_copy(item, node, made)
                for item in items.items
            ]
            return self.sequence(value.kind, copied, node)
        if isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
            held = tuple((key, self._deep_copy(item, node, made)) for key, item in entries.entries)
            rest = self._deep_copy(entries.rest, node, made) if entries.rest is not None else None
            return self.mapping(Entries(held, rest), node)
        if isinstance(value, Object) and value.kind == "model" and self.world.get((value.id, "frozen")) is None:
            return self.cloned(node)
        if isinstance(value, Instance) and value.kind in ("", "module") and value.whole:
            if any(self.class_attribute(value.cls, name) is not None for name in _COPYING):
                return self.unknown(node, (value,), "call")
            instance = made[value.id] = Instance(value.cls, value.kind, True, self.place(node), self.tick())
            for name in sorted(self.attributes.get(value.id, ())):
                item = self.world.get((value.id, "." + name))
                if isinstance(item, Value):
                    self.set_attribute(instance, name, self._deep_copy(item, node, made))
            return instance
        return self.unknown(node, (value,), "call")

    def cloned(self, node: ast.expr) -> Value:
        raise NotImplementedError

    def _structure(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name.endswith("flatten") and arguments.args:
            value = arguments.args[0]
            if isinstance(value, (Unknown, Object, Instance)) or (isinstance(value, Data) and value.nested):
                return self.unknown(node, (value,), "call")
            return self.sequence("list", self._flatten_items(value), node)
        return self.unknown(node, arguments.all(), "call")

    def _flatten_items(self, value: Value, depth: int = 5) -> list[Value]:
        if depth and isinstance(value, Sequence) and (items := self.items(value)) is not None:
            found: list[Value] = []
            for item in items.items:
                inner = self._flatten_items(bare(item), depth - 1)
                found.extend([Several(leaf) for leaf in inner] if isinstance(item, Several) else inner)
            return found
        if isinstance(value, VariableSet) and not value.part:
            return [Several(value)]
        return [value]

    def _foreign(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A function of a library that we know nothing of."""
        if name.startswith("builtins."):
            return self.call_builtin(name.removeprefix("builtins."), arguments, node)
        if name == "collections.namedtuple":
            return self._record_class(arguments, node)
        if name == "collections.OrderedDict":
            return self.call_builtin("dict", arguments, node)
        if name == "functools.reduce" and len(arguments.args) in (2, 3):
            return self._folded_over(arguments, node)
        operation = _OPERATORS.get(name.removeprefix("operator.")) if name.startswith("operator.") else None
        if operation is not None and len(arguments.args) == 2:
            return self.binary(operation, *arguments.args, node)
        if name in ("itertools.chain", "itertools.chain.from_iterable"):
            inner = self.elements(arguments.args[0], node).items if name.endswith("able") and arguments.args else ()
            lists = [bare(item) for item in inner] or list(arguments.args)
            found = [item for value in lists for item in self.elements(value, node)]
            if any(isinstance(item, Several) for item in inner):
                found = [Several(either(found))] if found else []
            return OneShot("iterator", lists, tuple(found), self.place(node), self.tick())
        if name == "collections.deque":
            held = arguments.get(0, "iterable")
            made = self.call_builtin("list", Arguments((held,) if held is not None else ()), node)
            bound = arguments.get(1, "maxlen")
            loses = bound is not None and not (isinstance(bound, Const) and bound.value is None)
            self.world.put((made.id, "deque", "maybe"), loses)
            return made
        if name == "collections.defaultdict" and len(arguments.args) <= 1 and not arguments.kwargs:
            made = self.mapping(Entries(), node)
            self.world.put((made.id, "factory"), arguments.get(0, "default_factory"))
            return made
        if name in _DRAWING and arguments.args and isinstance(arguments.args[0], Sequence):
            return self._drawn(name, arguments.args[0], node)
        if name.startswith("math."):
            return self.left(CutKind.PYTHON_NUMBER, Kind.NUMBER, name, self.flats(arguments.all()), node, "float")
        if name.startswith(("logging.", "warnings.", "time.", "random.", "os.", "sys.", "absl.logging.")):
            return self.unknown(node, (), "call")
        if name.startswith(_PROGRESS) and name.rsplit(".", 1)[-1] in _PASSING:
            shown = arguments.get(0, "iterable")
            if isinstance(shown, (Data, Generator, OneShot, Sequence, Object)):
                return shown  # its items are read as they are
        if name.startswith(_NUMERIC) and not any(self._calls(value) for value in arguments.all()):
            return self.left(CutKind.NUMPY_FUNCTION, Kind.ARRAY, name, self.flats(arguments.all()), node)
        for value in arguments.all():
            self.escape(value, node)
        return self.unknown(node, arguments.all(), "call")

    def _drawn(self, name: str, held: Sequence, node: ast.expr) -> Value:
        """Pieces of a list that Python's `random` picks: no others than the list holds."""
        pieces = list(self.elements(held, node, Reading.AT_ONCE))
        if not pieces:
            return self.unknown(node, (), "call")
        one = either(pieces)
        return one if name == "random.choice" else self.sequence("list", (Several(one),), node)

    def _folded_over(self, arguments: Arguments, node: ast.expr) -> Value:
        """`functools.reduce(function, items, first)`: one call after the other."""
        function, given, *first = arguments.args
        items = self.elements(given, node, Reading.AT_ONCE)
        rest = [*first, *items.items]
        if not rest or isinstance(rest[0], Several) or len(rest) > _REDUCED:
            held = [bare(item) for item in rest]
            for value in held:
                self.escape(value, node)
            return self.unknown(node, [function, *held], "call")
        found = rest.pop(0)
        for item in rest:
            if not isinstance(item, Several):
                found = self.call(function, Arguments((found, item)), node)
                continue
            for _ in range(2):  # none, one, or one after the other
                found = either((found, self.call(function, Arguments((found, item.of)), node)))
        return found

    def _record_class(self, arguments: Arguments, node: ast.expr) -> Value:
        """`namedtuple("Batch", "x y")`: a class whose fields are known by name."""
        given = arguments.get(1, "field_names")
        listed = [item.value for item in self.flat(given) if isinstance(item, Const)] if given is not None else []
        if isinstance(given, Const) and isinstance(given.value, str):
            listed = list(given.value.replace(",", " ").split())
        names = [self.const(name, node) for name in listed if isinstance(name, str)]
        return Object("namedtuple", "namedtuple", self.place(node), self.tick(), names, bool(names))

    def named_tuple(self, value: Object, arguments: Arguments, node: ast.expr) -> Value:
        """A tuple of such a class: what stands in its fields is known, by name and by number."""
        names = [str(field.value) for field in value.parts if isinstance(field, Const)]
        given = [arguments.get(at, name) for at, name in enumerate(names)]
        items = [item for item in given if item is not None]
        if value.whole and not arguments.more and len(items) == len(given):
            return self.with_fields(self.sequence("tuple", items, node), value)
        made = self.unknown(node, arguments.all(), "call", value)
        if value.whole and not arguments.more:
            for at, item in enumerate(given):
                if item is not None:
                    self.world.put((made.id, f".{names[at]}"), item)
                    self.world.put((made.id, "item", at), item)
        return made

    def _calls(self, value: Value) -> bool:
        """Whether unseen code could run something of ours through what it is given."""
        plain = (Const, Data, Symbol, Variable, Either)
        leaves = [leaf for item in self.flat(value) for leaf in options(item)]
        return not all(isinstance(leaf, plain) for leaf in leaves)


_PROGRESS = ("tqdm.", "rich.progress.")
_PASSING = frozenset({"tqdm", "tqdm_notebook", "track"})
"""Wrappers that show how far a loop is, and give its items as they are."""

_NUMERIC = (
    "cv2.", "pandas.", "scipy.fft.", "scipy.linalg.", "scipy.ndimage.", "scipy.signal.", "scipy.spatial.distance.",
    "scipy.special.", "scipy.stats.", "skimage.", "sklearn.", "statistics.",
)  # fmt: skip
"""Other libraries that know arrays and numbers only: what their functions and objects give is data."""


def _short(name: str) -> str:
    """A library name as programs write it."""
    if name.startswith("tensorflow."):
        return "tf." + name.removeprefix("tensorflow.")
    if name.startswith("keras."):
        return "tf." + name
    return name
