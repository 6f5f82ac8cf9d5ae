"""What is noted beside the values: the shapes of tensors, and what the program does with gradients.

Between arrays and library calls: every operator, method, index and loop passes here once.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable

from tapelint.play import shape as shapes
from tapelint.play.arguments import Arguments
from tapelint.play.arrays import OPERATORS, Arrays
from tapelint.play.ask import Ask
from tapelint.play.context import Scope, Trace
from tapelint.play.machine import Reading
from tapelint.play.outline import walk
from tapelint.play.records import Making, Work, Wrapping
from tapelint.play.scope import Frame, bindings_of
from tapelint.play.shape import Element, Shape
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    CutKind,
    Data,
    Dictionary,
    Either,
    Function,
    Instance,
    Items,
    Kind,
    Object,
    Place,
    Sequence,
    Unknown,
    Value,
    Variable,
    VariableSet,
    bare,
    options,
)
from tapelint.tensorflow import api

_WRITES = frozenset({"assign", "assign_add", "assign_sub"})
_KEEPING = frozenset(
    {"Activation", "BatchNormalization", "Dropout", "LayerNormalization", "LeakyReLU", "ReLU", "Softmax"}
)
"""Layers whose result has the shape of their input."""


class Notes(Arrays):
    """Shapes and works."""

    # -- shapes ---------------------------------------------------------------------------------------------------

    def shape_of(self, value: Value | None, depth: int = 4) -> Shape | None:
        """The shape of a value as a tensor; None when its rank is not known."""
        if isinstance(value, Const):
            return () if isinstance(value.value, (bool, int, float, complex)) else None
        if isinstance(value, (Data, Variable)):
            return value.shape
        if isinstance(value, Sequence) and depth:
            items = self.items(value)
            if items is None or not items.exact:
                return None
            return shapes.stacked([self.shape_of(item, depth - 1) for item in items])
        if isinstance(value, Either) and depth:
            found = {self.shape_of(option, depth - 1) for option in options(value)}
            return found.pop() if len(found) == 1 else None
        return None

    def numbers(self, value: Value | None) -> tuple[int | None, ...] | None:
        """The integers in a constant or a list of constants, as for `axis` or `shape`."""
        if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
            return (value.value,)
        if isinstance(value, Sequence):
            items = self.items(value)
            if items is None or not items.exact:
                return None
            return tuple(
                item.value if isinstance(item, Const) and isinstance(item.value, int) else None for item in items
            )
        return None

    def shaped(self, name: str, arguments: Arguments, result: Value, node: ast.AST) -> Value:
        """Note the shape of what the library function `name` gave."""
        fresh = isinstance(result, (Data, Variable)) and result.place is not None and result.place.node is node
        if fresh and isinstance(result, (Data, Variable)) and result.shape is None and not arguments.more:
            whole = isinstance(result, Variable) or not result.nested
            if whole:
                result.shape = self._shape(name.rsplit(".", 1)[-1], name, arguments)
        return result

    def _shape(self, last: str, name: str, arguments: Arguments) -> Shape | None:
        first = arguments.args[0] if arguments.args else next(iter(arguments.kwargs.values()), None)
        one = self.shape_of(first)
        if last in shapes.REDUCING and "keras.losses" not in name:
            return self._reduced(one, arguments, 2 if last == "norm" else 1)
        if last in shapes.SUMMARIES and name.startswith(("numpy.", "keras.ops.", "keras.backend.")):
            return self._reduced(one, arguments, 1, named=name.startswith("numpy."))
        if last in shapes.ELEMENTWISE:
            return one
        if last in shapes.BROADCASTING:
            return shapes.broadcast(one, self.shape_of(arguments.get(1, "y")))
        if last in ("constant", "Variable", "array", "asarray"):
            given = arguments.get(2, "shape") if last == "constant" else arguments.kwargs.get("shape")
            return self.numbers(given) if given is not None else one
        if name.startswith("numpy.random."):
            return self._sampled(last, name, arguments)
        if last in ("arange", "range"):
            return self._counted(arguments)
        if last == "linspace":
            count = self.numbers(arguments.get(2, "num"))
            plain = one == () and "axis" not in arguments.kwargs
            return count if plain and count is not None and len(count) == 1 and (count[0] or 0) >= 0 else None
        if last in shapes.FILLING:
            return self.numbers(arguments.get(0, "shape") or arguments.get(0, "dims"))
        if last == "eye" and len(arguments.args) == 1 and not {"num_columns", "batch_shape"} & arguments.kwargs.keys():
            rows = self.numbers(arguments.args[0])
            return (*rows, *rows) if rows is not None and len(rows) == 1 else None
        if last == "matmul":
            plain = not {"transpose_a", "transpose_b", "adjoint_a", "adjoint_b"} & arguments.kwargs.keys()
            other = self.shape_of(arguments.get(1, "b"))
            return shapes.product(one, other) if plain and len(arguments.args) < 3 else None
        if last in ("reshape", "broadcast_to"):
            sizes = self.numbers(arguments.get(1, "shape"))
            return shapes.reshaped(one, sizes) if sizes is not None else None
        if last == "squeeze":
            return self._squeezed(one, arguments.get(1, "axis"))
        if last == "concat":
            axis, parts = self.numbers(arguments.get(1, "axis")), self._given_shapes(first)
            return shapes.joined(parts, axis[0]) if axis and axis[0] is not None and parts else None
        if last == "one_hot":
            depth = self.numbers(arguments.get(1, "depth"))
            plain = len(arguments.args) <= 2 and "axis" not in arguments.kwargs
            return (*one, *depth) if plain and one is not None and depth is not None else None
        if last == "expand_dims":
            return self._expanded(one, self.numbers(arguments.get(1, "axis")))
        if last == "stack" and "axis" not in arguments.kwargs and len(arguments.args) == 1:
            return one
        if last in ("gather", "embedding_lookup") and len(arguments.args) == 2 and not arguments.kwargs:
            rows = self.shape_of(arguments.args[1])
            return (*rows, *one[1:]) if one and rows is not None else None
        if last == "diag_part":
            return one[:-1] if one is not None and len(one) == 2 else None
        return None

    def _counted(self, arguments: Arguments) -> Shape:
        """The shape of `range(limit)` or `range(start, limit, delta)`: one dimension, whatever it is made of."""
        given = [value.value if isinstance(value, Const) else None for value in arguments.args]
        if arguments.kwargs.keys() - {"dtype", "name"} or not given or None in given:
            return (None,)
        start, stop, step = (0, given[0], 1) if len(given) == 1 else (*given, 1)[:3]
        numbers = [value for value in (start, stop, step) if isinstance(value, (int, float))]
        if len(numbers) < 3 or not all(map(math.isfinite, numbers)) or not step:
            return (None,)
        return (max(0, math.ceil((numbers[1] - numbers[0]) / numbers[2])),)

    def _sampled(self, last: str, name: str, arguments: Arguments) -> Shape | None:
        """The shape of random numbers of NumPy."""
        if last in ("rand", "randn"):
            sizes = [self.numbers(value) for value in arguments.args]
            return tuple(size[0] for size in sizes if size) if all(sizes) else None
        place = {"normal": 2, "uniform": 2, "randint": 2, "standard_normal": 0}.get(last)
        if name in shapes.SAMPLING:
            place = 0
        size = arguments.get(place, "size") if place is not None else arguments.kwargs.get("size")
        return self.numbers(size)

    def _given_shapes(self, value: Value | None) -> list[Shape | None]:
        """The shapes of the tensors in a list."""
        items = self.items(value) if isinstance(value, Sequence) else None
        return [self.shape_of(item) for item in items.items] if items is not None and items.exact else []

    def _squeezed(self, shape: Shape | None, axis: Value | None) -> Shape | None:
        axes = self.numbers(axis)
        if axis is not None and (axes is None or None in axes):
            return None
        return shapes.squeezed(shape, None if axes is None else [size for size in axes if size is not None])

    def _shape_by_method(self, value: Value, name: str, arguments: Arguments) -> Shape | None:
        """The shape of what a method of a NumPy array gives."""
        shape = self.shape_of(value)
        if name in ("astype", "copy", "clip", "round"):
            return shape
        if name in shapes.SUMMARIES:
            return self._reduced(shape, arguments, 0, named=True)
        if name == "squeeze":
            return self._squeezed(shape, arguments.get(0, "axis"))
        if name in ("flatten", "ravel") and not arguments.args:
            return shapes.reshaped(shape, (-1,))
        if name == "reshape":
            sizes = self.numbers(arguments.args[0]) if len(arguments.args) == 1 else None
            if len(arguments.args) > 1:
                each = [self.numbers(size) for size in arguments.args]
                sizes = tuple(size[0] for size in each if size) if all(each) else None
            return shapes.reshaped(shape, sizes) if sizes is not None else None
        return None

    def _reduced(self, shape: Shape | None, arguments: Arguments, at: int, named: bool = False) -> Shape | None:
        """The shape after a reduction with `axis` at position `at`; `keepdims` comes after it, or only by its name."""
        axis = arguments.get(at, "axis")
        keep = arguments.kwargs.get("keepdims") if named else arguments.get(at + 1, "keepdims")
        if keep is not None and not isinstance(keep, Const):
            return None
        kept = isinstance(keep, Const) and bool(keep.value)
        if axis is None or (isinstance(axis, Const) and axis.value is None):
            return shapes.reduced(shape, None, kept)
        axes = self.numbers(axis)
        if axes is None or None in axes:
            return None
        return shapes.reduced(shape, [axis for axis in axes if axis is not None], kept)

    @staticmethod
    def _expanded(shape: Shape | None, axes: tuple[int | None, ...] | None) -> Shape | None:
        if shape is None or axes is None or len(axes) != 1 or axes[0] is None:
            return None
        at = axes[0] if axes[0] >= 0 else len(shape) + 1 + axes[0]
        return (*shape[:at], 1, *shape[at:])

    def gradient_shape(self, ask: Ask, source: Value) -> Shape | None:
        """The shape of a gradient: that of its source; of a Jacobian: that of the target before it."""
        own = self.shape_of(source)
        if ask.method == "gradient" or own is None:
            return own
        target = self.shape_of(ask.target)
        if target is None:
            return None
        return (*target, *own) if ask.method == "jacobian" else (*target, *own[1:])

    def _gradient(self, ask: Ask, source: Value, node: ast.expr) -> Data:
        result = super()._gradient(ask, source, node)
        result.shape = self.gradient_shape(ask, source)
        return result

    # -- datasets -------------------------------------------------------------------------------------------------

    def element(self, value: Value) -> Element:
        """The shapes in an element of a dataset: a shape, a list of elements for a tuple, None where not known."""
        if isinstance(value, Object) and value.kind == "iterator" and len(value.parts) == 1:
            return self.element(value.parts[0])
        found: Element = self.world.get((value.id, "element"))
        return found

    def note_dataset(self, made: Object, name: str, arguments: Arguments, before: Object | None = None) -> Object:
        """Note the shapes in the elements of a new dataset, which method `name` made (of another one)."""
        first = arguments.get(0, "tensors")
        element: Element = None
        if before is not None:
            element = self.element(before)
            if name == "batch":
                size = self.numbers(arguments.get(0, "batch_size"))
                element = shapes.batched(element, size[0] if size else None)
            elif name not in shapes.PASSING:
                element = None
        elif name == "from_tensors" and first is not None:
            element = self._element_of(first)
        elif name == "from_tensor_slices" and first is not None:
            element = shapes.sliced(self._element_of(first))
        elif name == "zip" and isinstance(arguments.get(0, "datasets"), Sequence):
            items = self.items(arguments.args[0]) if arguments.args else None
            element = [self.element(item) for item in items.items] if items is not None and items.exact else None
        if self._gives_one(name, arguments, before):
            self.world.put((made.id, "lone"), True)
        if element is not None:
            self.world.put((made.id, "element"), element)
        return made

    def _gives_one(self, name: str, arguments: Arguments, before: Object | None) -> bool:
        """Whether the batches of a dataset, which method `name` makes (of another one), hold one example."""
        if name in ("batch", "padded_batch", "ragged_batch"):
            return self.numbers(arguments.get(0, "batch_size")) == (1,)
        parts: Iterable[Value] = (before,) if before is not None and (name == "map" or name in shapes.PASSING) else ()
        if name == "zip":
            given = arguments.get(0, "datasets")
            parts = (self.items(given) or ()) if isinstance(given, Sequence) else arguments.args
        return any(self.world.get((part.id, "lone")) is not None for part in parts)

    def _element_of(self, value: Value, depth: int = 3) -> Element:
        if isinstance(value, Sequence) and value.kind == "tuple" and depth:
            items = self.items(value)
            return [self._element_of(item, depth - 1) for item in items.items] if items and items.exact else None
        return self.shape_of(value)

    def _of_shape(self, value: Value, element: Element) -> None:
        """Note the shapes in a fresh value that came out of a dataset."""
        if isinstance(value, Data) and isinstance(element, tuple):
            value.shape = element
        elif isinstance(value, Data) and element is not None:
            self.world.put((value.id, "element"), element)

    def taken_out(self, value: Object, node: ast.AST) -> Data:
        result = super().taken_out(value, node)
        self._of_shape(result, self.element(value))
        dataset = value.parts[0] if value.kind == "iterator" and len(value.parts) == 1 else value
        if self.world.get((dataset.id, "lone")) is not None:
            self.recording.lone.add(result.id)
        return result

    def refreshed(self, value: Value, node: ast.AST) -> Value:
        """A fresh item for another round of a loop: what one round was given is another object in the next."""
        if isinstance(value, Data) and value.nested and not value.links and value.kind is Kind.TENSOR:
            made = self.fresh(node, value.op, value.dtype)
            if value.id in self.recording.lone:
                self.recording.lone.add(made.id)
            self._of_shape(made, value.shape if value.shape is not None else self.element(value))
            return made
        if isinstance(value, Unknown) and value.role == "item":
            return self.unknown(node, value.inputs, "item")
        return value

    # -- works ----------------------------------------------------------------------------------------------------

    def work(
        self, how: str, op: str, value: Value, node: ast.AST, others: Iterable[Value] = (), count: int = 0
    ) -> None:
        """Note what is done with a gradient."""
        self.recording.works.append(Work(how, op, value, self.place(node), self.context, tuple(others), count))

    def works(self, how: str, op: str, values: Iterable[Value], node: ast.AST) -> None:
        given = tuple(values)
        for at, value in enumerate(given):
            if isinstance(value, Data) and value.ask is not None:
                self.work(how, op, value, node, (*given[:at], *given[at + 1 :]), at)

    def _work_on_list(
        self, op: str, value: Value | None, node: ast.AST, others: Iterable[Value] = (), at: int = 0
    ) -> None:
        """Note what is done with all gradients at once, in the list that the tape gave."""
        if isinstance(value, Sequence) and value.id in self.recording.answers:
            self.work("list", op, value, node, others, at)

    def _work_on_lists(self, op: str, value: Value, node: ast.AST) -> None:
        """The same for a list of such lists: the gradients of several tasks or batches."""
        items = self.items(value)
        for item in items or ():
            inner = bare(item)
            if not isinstance(inner, Sequence) or inner.id not in self.recording.answers:
                return
        if items is not None and items.items:
            first = items.items[0]
            self.work("lists", op, bare(first), node)

    def note_attribute(self, value: Sequence, name: str, node: ast.AST) -> None:
        """Note an attribute of a list of gradients that only a tensor has."""
        if value.kind == "list" and not hasattr(list, name):
            self._work_on_list("." + name, value, node)

    def unary(self, op: type[ast.AST], value: Value, node: ast.AST) -> Value:
        if op is ast.USub:
            self._work_on_list("-", value, node)
        return super().unary(op, value, node)

    def binary(self, op: type[ast.AST], left: Value, right: Value, node: ast.AST) -> Value:
        self._work_on_list(OPERATORS[op][0], left, node, (right,))
        self._work_on_list(OPERATORS[op][0], right, node, (left,), 1)
        result = super().binary(op, left, right, node)
        early = [self.recording.unbuilt.get(value.id) for value in (left, right)]
        if isinstance(result, Sequence) and early[0] is not None and early[1] is not None:
            self.recording.unbuilt[result.id] = early[0]
        return result

    def _number(self, sign: str, values: tuple[Value, ...], node: ast.AST) -> Value:
        self.works("operator", sign, values, node)
        result = super()._number(sign, values, node)
        if isinstance(result, Data) and len(values) <= 2 and result.shape is None:
            found = [self.shape_of(value) for value in values]
            if sign == "@":
                result.shape = shapes.product(found[0], found[-1])
            else:
                result.shape = found[0] if len(found) == 1 else shapes.broadcast(found[0], found[1])
        return result

    def call_data(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        self.works("method", name, (value,), node)
        if name in _WRITES and isinstance(value, Variable):
            self.work("write", name, value, node, arguments.args[:1])
        if name in ("numpy", "item", "tolist") and isinstance(value, (Data, Variable)):
            self._leaving("." + name + "()", (value,), node)
        result = super().call_data(value, name, arguments, node)
        if name in ("read_value", "value") and isinstance(result, Data):
            result.shape = self.shape_of(value)
        array = isinstance(value, Data) and value.kind is Kind.ARRAY and result is not value and not arguments.more
        if array and isinstance(result, Data) and result.shape is None:
            result.shape = self._shape_by_method(value, name, arguments)
        return result

    def layer_result_shape(self, result: Data) -> Shape | None:
        """The shape of what a layer gave, by its weights or its name."""
        inputs = [link.value for link in result.links if not isinstance(link.value, VariableSet)]
        owner = next((link.value.owner for link in result.links if isinstance(link.value, VariableSet)), None)
        if len(inputs) != 1 or result.nested:
            return None
        if isinstance(owner, Object) and owner.symbol.rsplit(".", 1)[-1] == result.op:
            return self._layer_shape(owner, self.shape_of(inputs[0]))
        return self.shape_of(inputs[0]) if owner is None and result.op in _KEEPING else None

    def note_run(self, layer: Object | Instance, node: ast.AST) -> None:
        """Note that a layer or model ran, and in which trace."""
        self.recording.ran.setdefault(layer.id, self.place(node))
        self.recording.ran_at.setdefault(layer.id, self.clock)
        if self.context.trace is not None:
            self.recording.ran_in.add((layer.id, self.context.trace.time))

    def note_forward(self, layer: Object, weights: bool, inputs: list[Value], result: Data, node: ast.AST) -> None:
        """Note that a layer or model ran, whether it has weights, and the shape of what it gave."""
        self.note_run(layer, node)
        if weights:
            self.recording.weighted.add(layer.id)
            self.world.put((layer.id, "forward"), True)
        if not result.nested and len(inputs) == 1:
            result.shape = self._layer_shape(layer, self.shape_of(inputs[0]))

    def _layer_shape(self, layer: Object, given: Shape | None) -> Shape | None:
        last = layer.symbol.rsplit(".", 1)[-1]
        if last in _KEEPING:
            return given
        if last == "Dense":
            units = layer.args.get("units") or layer.args.get("0")
            if given and isinstance(units, Const) and isinstance(units.value, int):
                return (*given[:-1], units.value)
        if last == "Sequential" and layer.whole and not self.world.get((layer.id, "parts")):
            for part in layer.parts:
                if isinstance(part, Data) and part.kind is Kind.SYMBOLIC:
                    continue
                given = self._layer_shape(part, given) if isinstance(part, Object) else None
            return given
        return None

    def note_call(self, name: str, arguments: Arguments, node: ast.AST) -> None:
        """Note gradients that a function of TensorFlow, Keras or NumPy is given themselves, not in a list."""
        if name == "builtins.print":
            for at, value in enumerate(arguments.args):
                if isinstance(value, Data) and self.in_trace(value, handed=False):
                    self.work("print", "print", value, node, (self.const(at, node),))
                    break
        if self.leaks and (name == "builtins.sum" or name.startswith(("tensorflow.", "keras.ops."))):
            self._note_leaked(name, arguments, node)
        if name.startswith("tensorflow.") and arguments.args:
            self._work_on_list(name, arguments.args[0], node)
            self._work_on_lists(name, arguments.args[0], node)
        elif name.startswith("numpy.") and arguments.args and "dtype" not in arguments.kwargs:
            self._work_on_list(name, arguments.args[0], node)
        op = api.op(name) if name.startswith(("tensorflow.", "keras.ops.")) else None
        if op is not None and op.effect != "python":
            self.works("call", name, arguments.all(), node)

    def subscript(self, value: Value, index: Value, node: ast.AST) -> Value:
        if isinstance(value, Data) and value.ask is not None:
            self.work("index", "[...]", value, node, (index,))
        result = super().subscript(value, index, node)
        if isinstance(value, (Data, Variable)) and isinstance(result, Data) and not result.nested:
            result.shape = self._indexed(value.shape, index)
        return result

    def _indexed(self, shape: Shape | None, index: Value) -> Shape | None:
        """The shape of `tensor[index]`."""
        if shape is None:
            return None
        parts: list[Value] = [index]
        if isinstance(index, Sequence):
            items = self.items(index)
            if items is None or not items.exact or index.kind != "tuple":
                return None
            parts = list(items.items)
        found: list[int | None] = []
        rest = list(shape)
        for part in parts:
            if isinstance(part, Const) and part.value is None:
                found.append(1)
            elif not rest:
                return None
            elif isinstance(part, Object) and part.kind == "slice":
                size = rest.pop(0)
                whole = all(isinstance(bound, Const) and bound.value is None for bound in part.parts)
                found.append(size if whole else None)
            elif (isinstance(part, Const) and isinstance(part.value, int)) or (
                isinstance(part, Data) and part.kind is Kind.NUMBER and part.dtype == "int"
            ):
                rest.pop(0)
            else:
                return None
        return (*found, *rest)

    def call_container(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name == "items" and isinstance(value, Dictionary):
            self.work("items", name, value, node)
        if name in ("append", "add", "insert") and isinstance(value, Sequence) and arguments.args:
            self.note_kept(value, "", arguments.args[-1], node)
            self._note_leak(value, arguments.args[-1], node)
        return super().call_container(value, name, arguments, node)

    def unpack(self, value: Value, count: int, star: int | None, node: ast.AST) -> list[Value]:
        before = len(self.recording.works)
        parts = super().unpack(value, count, star, node)
        del self.recording.works[before:]
        element = self.element(value) if isinstance(value, Data) else None
        if isinstance(element, list) and star is None and len(element) == count:
            for part, inner in zip(parts, element, strict=True):
                self._of_shape(part, inner)
        if star is None:
            for option in options(value):
                if isinstance(option, (Data, Sequence)):
                    self.work("unpack", "", option, node, (), count)
        return parts

    def elements(self, value: Value, node: ast.AST, reading: Reading = Reading.LATER) -> Items:
        self.works("iterate", "", (value,), node)
        found = super().elements(value, node, reading)
        if isinstance(value, (Data, Variable)) and value.shape:
            for item in found:
                if isinstance(item, Data) and item.op == "slice":
                    item.shape = value.shape[1:]
        return found

    # -- tracing --------------------------------------------------------------------------------------------------

    def left(
        self, reason: CutKind, kind: Kind, op: str, values: Iterable[Value], node: ast.AST, dtype: str = ""
    ) -> Data:
        given = tuple(values)
        if reason is CutKind.NUMPY_FUNCTION:
            self._leaving(op, given, node)
        result = super().left(reason, kind, op, given, node, dtype)
        if reason is CutKind.NUMPY_METHOD and len(given) == 1:
            result.shape = self.shape_of(given[0])
        return result

    def trace_of(self, function: Function, call: Place, frame: Frame) -> Trace:
        """Why and since when TensorFlow traces `function`."""
        place = Place(function.node, function.module)
        reason = self.recording.traced.get(function.id)
        reason = reason or self.recording.decorators.get((id(function.node), "tensorflow.function"))
        root = self.context.calls[0].node if self.context.calls else call.node
        alone = None if isinstance(root, ast.Call) else root
        args = function.node.args
        given = [self.world.get((frame.id, arg.arg)) for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
        own = function.owner is not None and "staticmethod" not in function.decorators and given and given[0]
        key = ("trace", function.id, own.id if own else 0)  # a decorated method is one traced function for each object
        handed = frozenset(
            leaf.id
            for value in given
            if isinstance(value, (Data, Sequence, Dictionary))
            for leaf in self.flats((value,))
            if isinstance(leaf, Data) and leaf.kind is Kind.TENSOR
        )
        earlier = self.world.get(key)
        trace = Trace(function.name, place, reason, self.tick(), function.id, call, alone, earlier, handed)
        self.world.put(key, trace)
        return trace

    def note_wrapping(self, function: Function, inner: Value, node: ast.AST) -> None:
        """Note that `tf.function` makes `function` out of `inner`."""
        identity: tuple[int, ...] = (inner.id,)
        if isinstance(inner, Bound):
            identity = (inner.receiver.id, inner.function.id)
        elif isinstance(inner, Function) and self.context.loops and inner.time > self.context.loops[-1].time:
            # Defined in the loop itself: another function only if it sees other objects than the last one.
            names = {part.id for part in walk(inner.node) if isinstance(part, ast.Name)} - {inner.name}
            names -= bindings_of(inner.node).counts.keys()
            held = [self.lookup(name) for name in sorted(names)]
            identity = (id(inner.node), *(value.id for value in held if value is not None))
            identity += tuple(value.id for value in inner.defaults.values())
        self.recording.wrappings.append(
            Wrapping(self.place(node), self.tick(), self.context, identity, function.id, function.name)
        )

    def lookup(self, name: str) -> Value | None:
        raise NotImplementedError

    def note_kept(self, holder: Value, name: str, value: Value, node: ast.AST) -> None:
        """Note that a traced tensor is put into an object that is older than the trace."""
        trace = self.context.trace
        if trace is None or holder.time > trace.time or not isinstance(holder, (Sequence, Dictionary, Instance)):
            return
        self.recording.works[:] = [
            work
            for work in self.recording.works
            if not (work.how == "keep" and work.op == name and work.others[0] is holder and work.context.trace is trace)
            or not isinstance(holder, Instance)
        ]
        held: list[Value] = [value]
        if isinstance(value, Sequence) and value.time > trace.time:
            held = list(self.items(value) or ())  # a new list of tensors, appended or for the one that was there
        if held and all(isinstance(item, Data) and self.in_trace(item) for item in held):
            self.work("keep", name, value, node, (holder,))

    def _note_leak(self, holder: Sequence, value: Value, node: ast.AST) -> None:
        """Note that a loop of the graph appends a tensor of its own to a list from before the loop, in every round."""
        loop = self.context.loops[-1] if self.context.loops else None
        trace = self.context.trace
        if loop is None or trace is None or id(loop.place.node) not in self.graph_loops:
            return
        if not trace.time < holder.time < loop.time or not isinstance(value, Data) or value.time < loop.time:
            return
        parents = self.frame.module.outline.parents
        statement = parents.get(id(node))
        if isinstance(statement, ast.Expr) and parents.get(id(statement)) is loop.place.node and self.in_trace(value):
            self.leaks.setdefault(holder.id, (self.place(node), loop.place.node))

    def _note_leaked(self, name: str, arguments: Arguments, node: ast.AST) -> None:
        """Note that a list is computed with that holds tensors of a loop of the graph, void outside of it."""
        for value in arguments.args:
            leak = self.leaks.get(value.id)
            if leak is None or any(loop.place.node is leak[1] for loop in self.context.loops):
                continue
            items = self.items(value)
            if items is not None and items.items:
                self.work("leak", name, value, leak[0].node, (self.unknown(node),))

    def store_item(self, value: Value, index: Value, item: Value, node: ast.AST) -> None:
        self.note_kept(value, "", item, node)
        super().store_item(value, index, item, node)

    def run_replicas(self, strategy: Object, arguments: Arguments, node: ast.expr) -> Value:
        """`strategy.run(step)`: the step runs in every replica."""
        function = arguments.args[0]
        inner = function.function if isinstance(function, Bound) else function
        name = inner.name if isinstance(inner, Function) else ""
        with self.within(scope=None, replica=Scope(strategy, self.place(node), name)):
            return self._run(arguments, node)

    def _run(self, arguments: Arguments, node: ast.expr) -> Value:
        raise NotImplementedError

    def note_making(self, value: Value, what: str, node: ast.AST) -> None:
        """Note that an optimizer, layer or model makes its variables."""
        if self.context.trace is not None:
            self.recording.makings.append(Making(value, what, self.place(node), self.context))

    def traced_by_fit(self, function: Function) -> bool:
        """Whether the function is a `train_step` that the program gives to `fit`, and nothing asks for eager steps."""
        if function.owner is None or function.name not in ("train_step", "test_step"):
            return False
        if self.eager or self.mentions("run_eagerly", "run_functions_eagerly", "enable_debug_mode"):
            return False
        if self.class_attribute(function.owner, "fit") is not None:
            return False  # a `fit` of its own, which calls the function as it is
        return self.mentions(".compile(") and self.mentions(".fit(") and self.kind_of(function.owner)[0] == "model"

    def kind_of(self, cls: Class) -> tuple[str, bool]:
        raise NotImplementedError

    def class_attribute(self, cls: Class, name: str) -> Value | None:
        raise NotImplementedError

    def _leaving(self, op: str, values: tuple[Value, ...], node: ast.AST) -> None:
        """Note a tensor of a graph that is asked for its numbers while TensorFlow traces."""
        for value in values:
            if self.in_trace(value):
                self.work("leave", op, value, node)
                return

    def in_trace(self, value: Value, handed: bool = True) -> bool:
        """Whether a value certainly is a tensor without numbers, or a variable, in a function that is being traced.

        Without `handed` only what is computed in the function counts, and not what it is called with.
        """
        trace = self.context.trace
        if trace is None or not self.frame.in_graph or self.world.get(("suspended",), 0):
            return False
        if isinstance(value, Variable):
            return value.keras is not True
        if not isinstance(value, Data) or value.kind is not Kind.TENSOR:
            return False
        if value.id in trace.arguments or self.world.get((value.id, "traced")):
            return handed
        return value.time > trace.time and bool(value.links)
