"""What a first derivative depends on.

The derivative of an operation that is linear is made from shapes and from its other operands only. A gradient that runs
through nothing else has no path back to its source: differentiated once more, it gives None and not zero. Measured for
every function here, in eager mode and in a graph.
"""

from __future__ import annotations

from collections.abc import Mapping

from tapelint.play.records import Operation
from tapelint.play.values import Const, Cut, CutKind, Data, Link, Object, Symbol, Value, Variable, VariableSet
from tapelint.tensorflow import api

_LINEAR = frozenset(
    {
        "+", "-", "unary -", "unary +", "slice", "tf.cast",
        "tensorflow.add", "tensorflow.subtract", "tensorflow.negative", "tensorflow.add_n", "tensorflow.broadcast_to",
        "tensorflow.cast", "tensorflow.concat", "tensorflow.cumsum", "tensorflow.expand_dims", "tensorflow.identity",
        "tensorflow.linalg.trace", "tensorflow.linalg.diag_part", "tensorflow.pad", "tensorflow.reduce_mean",
        "tensorflow.reduce_sum", "tensorflow.repeat", "tensorflow.reshape", "tensorflow.reverse", "tensorflow.roll",
        "tensorflow.split", "tensorflow.squeeze", "tensorflow.stack", "tensorflow.tile", "tensorflow.transpose",
        "tensorflow.unstack",
    }
)  # fmt: skip

_PRODUCTS = frozenset({"*", "@", "tensorflow.multiply", "tensorflow.matmul", "tensorflow.linalg.matvec"})
_QUOTIENTS = frozenset({"/", "tensorflow.divide", "tensorflow.truediv"})


_BENT = frozenset(
    {
        "tensorflow.abs", "tensorflow.nn.relu", "tensorflow.nn.relu6", "tensorflow.nn.leaky_relu",
        "keras.activations.relu", "keras.activations.leaky_relu", "keras.ops.relu", "keras.ops.leaky_relu",
        "keras.ops.abs",
    }
)  # fmt: skip
"""Straight on both sides of zero: the derivative is made from the input and does not change with it.

Differentiated once more they give zeros, and not None as `tf.maximum` does."""

_BENT_LAYERS = frozenset({"ReLU", "LeakyReLU"})
_PASSING_LAYERS = frozenset({"Flatten", "InputLayer", "Reshape"})


def slope_inputs(
    target: Value,
    source: Value,
    operations: Mapping[int, Operation],
    layers: Mapping[int, tuple[Value, ...]],
    limit: int = 300,
) -> list[Link] | None:
    """What the derivative of `target` by `source` is made from; None where that can't be told."""
    if not isinstance(target, Data) or not isinstance(source, (Data, Variable)):
        return None
    order = _leading(target, source, limit)
    if order is None:
        return None
    found: list[Link] = []
    for value in order:
        if not isinstance(value, Data) or value is source:
            continue
        inputs = _factors(value, operations.get(value.id), order, layers)
        if inputs is None:
            return None
        found += inputs
    return found


def _leading(target: Data, source: Value, limit: int) -> dict[Value, None] | None:
    """Every value on a way from the source to the target; None where one of them can't be told or there is none."""
    seen: dict[Value, None] = {}
    stack: list[Value] = [target]
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen[value] = None
        if value is source or isinstance(value, (Variable, VariableSet, Const, Symbol)):
            continue
        if not isinstance(value, Data) or value.nested or value.ask is not None or len(seen) > limit:
            return None
        stack.extend(link.value for link in value.links if link.cut is None)
    leading: dict[Value, None] = {source: None} if source in seen else {}
    for value in sorted(seen, key=lambda item: item.time):
        if isinstance(value, Data) and any(link.value in leading for link in value.links if link.cut is None):
            leading[value] = None
    return leading if target in leading and target is not source else None


def _factors(
    value: Data, operation: Operation | None, leading: dict[Value, None], layers: Mapping[int, tuple[Value, ...]]
) -> list[Link] | None:
    """What the derivative of one operation is made from, beside shapes; None where it may be anything."""
    if operation is None:
        return [] if value.op in _LINEAR else None
    if operation.callee is not None:
        return _layer_factors(value, operation.callee, leading, layers)
    name = api.resolve(operation.function)
    if name in _LINEAR:
        return []
    if name in _BENT:
        return _bent(value, leading)
    one, other = operation.get(0, "a"), operation.get(1, "b")
    if one is None or other is None:
        one, other = operation.get(0, "x"), operation.get(1, "y")
    if one is None or other is None or not all(isinstance(item, (Data, Variable, Const)) for item in (one, other)):
        return None
    if name in _PRODUCTS:
        return [Link(factor) for factor, beside in ((one, other), (other, one)) if beside in leading]
    if name in _QUOTIENTS and other not in leading:
        return [Link(other)]
    return None


def _bent(value: Data, leading: dict[Value, None]) -> list[Link]:
    """The derivative of a ramp jumps where its input is zero, and is flat everywhere else."""
    if value.place is None:
        return []
    cut = Cut(CutKind.ZERO, value.place, value.op)
    return [Link(link.value, cut) for link in value.links if link.value in leading]


def _layer_factors(
    value: Data, layer: Value, leading: dict[Value, None], layers: Mapping[int, tuple[Value, ...]]
) -> list[Link] | None:
    """A Dense layer is a product with its weights, and a Sequential model the layers one behind the other."""
    if not isinstance(layer, Object):
        return None
    parts = layers.get(layer.id, ()) if layer.kind == "model" else (layer,)
    bends = [_bends(part) for part in parts]
    if not bends or None in bends:
        return None
    weights = [Link(link.value) for link in value.links if isinstance(link.value, VariableSet)]
    return [*weights, *_bent(value, leading)] if True in bends else weights


def _bends(layer: Value) -> bool | None:
    """Whether a layer is a ramp behind something linear, or linear all through; None for any other."""
    if not isinstance(layer, Object) or layer.kind != "layer":
        return None
    name = layer.symbol.rsplit(".", 1)[-1]
    if name in _PASSING_LAYERS:
        return False
    if name in _BENT_LAYERS:
        return True
    if name not in ("Dense", "Activation"):
        return None
    activation = layer.args.get("activation") or layer.args.get("1" if name == "Dense" else "0")
    if activation is None or (isinstance(activation, Const) and activation.value in (None, "linear")):
        return False
    if isinstance(activation, Const):
        return True if activation.value in ("relu", "leaky_relu") else None
    return True if isinstance(activation, Symbol) and api.resolve(activation.name) in _BENT else None
