"""TAP607: a loss with one value for each example is trained as their sum."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play import shape as shapes
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.shape import BROADCASTING, ELEMENTWISE
from tapelint.play.values import CUTS, Const, Data, Kind, Object, Place, Value, Variable
from tapelint.rules import optimizers, story
from tapelint.rules.edits import tensorflow_name
from tapelint.rules.gradients import fields_of, wrapped

CODE = "TAP607"

_OPERATORS = frozenset({"+", "-", "*", "/", "**", "unary -"})
_LAYERS = frozenset(
    {"BatchNormalization", "Conv1D", "Conv2D", "Conv3D", "Dense", "LayerNormalization", "ReLU", "Softmax"}
)
_PER_EXAMPLE = frozenset({"sparse_softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits"})
_REARRANGING = frozenset(
    {"expand_dims", "gather", "reshape", "slice", "split", "squeeze", "stack", "transpose", "unstack"}
)
"""What may make a batch of one: an example that gets another dimension, one row of several."""
_SCALING = frozenset(
    {"multiply", "divide", "scalar_mul", "truediv", "scale_loss", "compute_average_loss", "scale_regularization_loss"}
)


def find(recording: Recording) -> Iterator[Finding]:
    applied = _applied(recording)
    for ask in recording.asks:
        if ask.method != "gradient" or not ask.certain or "output_gradients" in ask.arguments or ask not in applied:
            continue
        target = ask.target
        if not isinstance(target, Data) or target.place is None or not recording.here(target.place):
            continue
        if _scaled(recording, target) or not _vector(recording, target) or _entry_by_entry(recording, ask, target):
            continue
        yield _told(recording, ask, target, applied[ask])


def _applied(recording: Recording) -> dict[Ask, Apply]:
    """The gradient calls whose results an optimizer applies."""
    found: dict[Ask, Apply] = {}
    for apply in recording.applies:
        for gradient in apply.pairs.gradients if apply.pairs is not None else ():
            if isinstance(gradient, Data) and gradient.ask is not None and apply.certain:
                found.setdefault(gradient.ask, apply)
    return found


def _entry_by_entry(recording: Recording, ask: Ask, target: Data) -> bool:
    """Whether a source begins with the shape of the target: each value has an entry or row of a variable."""
    shape = target.shape
    return shape is not None and any(
        isinstance(leaf, Variable) and leaf.shape is not None and leaf.shape[: len(shape)] == shape
        for leaf in recording.leaves(ask.sources)
    )


def _scaled(recording: Recording, value: Value, depth: int = 6) -> bool:
    """Whether the loss, or a term of it, was divided or multiplied: the size of the batch may be in that."""
    operation = recording.operations.get(value.id)
    if operation is None or not depth:
        return False
    if operation.function in ("*", "/") or operation.function.rsplit(".", 1)[-1] in _SCALING:
        return True
    if operation.function in ("+", "-", "unary -"):
        return any(_scaled(recording, item, depth - 1) for item in operation.args)
    return False


def _vector(recording: Recording, value: Value, depth: int = 12) -> bool:
    """Whether a tensor certainly has several values, one or more for each example."""
    if isinstance(value, Data) and value.shape is not None:
        return bool(value.shape) and shapes.known(value.shape) and any(size != 1 for size in value.shape)
    operation = recording.operations.get(value.id)
    if operation is None or not depth or not isinstance(value, Data) or value.kind is not Kind.TENSOR:
        return False
    last = operation.function.rsplit(".", 1)[-1]
    if operation.callee is not None and isinstance(operation.callee, Object):
        if operation.callee.kind == "loss":
            reduction = operation.callee.args.get("reduction")
            none = isinstance(reduction, Const) and str(reduction.value).lower() == "none"
            return none and any(_vector(recording, item, depth - 1) for item in operation.args)
        return last in _LAYERS and _batch(recording, operation)
    if operation.function.startswith("keras.losses."):
        return any(_matrix(recording, item, depth - 1) for item in operation.args[:2])
    if last in _PER_EXAMPLE:
        logits = operation.get(1, "logits")
        return logits is not None and _matrix(recording, logits, depth - 1)
    if operation.function in _OPERATORS or last in BROADCASTING or last in ELEMENTWISE:
        return any(_vector(recording, item, depth - 1) for item in operation.args)
    return False


def _batch(recording: Recording, operation: Operation) -> bool:
    """Whether a layer certainly gets several examples: a tensor of known shape, or a batch of a dataset."""
    for item in recording.behind(*operation.args[:1], cuts=CUTS, ends=lambda item: item.op == "tf.function"):
        if not isinstance(item, Data) or item.op == "tf.function":
            continue  # weights are no batch
        if item.shape is not None:
            return len(item.shape) > 1 and item.shape[0] not in (None, 1)
        if recording.made_by(item)[0].rsplit(".", 1)[-1] in _REARRANGING or _is_part(item):
            return False
        if item.op == "dataset":
            return item.id not in recording.lone
    return False


def _is_part(value: Data) -> bool:
    """Whether a value is cut out of a tensor, or gets another dimension: `x[None]`, `x[:1]`."""
    node = value.place.node if value.place is not None else None
    if not isinstance(node, ast.Subscript):
        return False
    return not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, (int, str)))


def _matrix(recording: Recording, value: Value, depth: int) -> bool:
    """Whether a tensor certainly has a dimension left when its last one is reduced."""
    if isinstance(value, Data) and value.shape is not None:
        return len(value.shape) > 1 and value.shape[0] != 1
    operation = recording.operations.get(value.id)
    if operation is None or not depth:
        return False
    last = operation.function.rsplit(".", 1)[-1]
    if operation.callee is not None:
        return last in _LAYERS and _batch(recording, operation)
    if operation.function in _OPERATORS or last in BROADCASTING or last in ELEMENTWISE:
        return any(_matrix(recording, item, depth - 1) for item in operation.args)
    return False


def _told(recording: Recording, ask: Ask, target: Data, apply: Apply) -> Finding:
    assert target.place is not None
    at = _call(recording, ask, target)
    fields = fields_of(recording, ask)
    if at == target.place:  # else it has another name in the helper that makes it
        fields["target"] = story.value_name(recording, target) or fields["target"]
    fields["shape"] = shapes.text(target.shape) if target.shape is not None else "one value for each example"
    marks = (story.asked(recording, ask), story.mark(recording, "used", apply.place))
    fields["optimizer"] = optimizers.evens_out(apply.optimizer)
    variant = "scaled" if fields["optimizer"] else ""
    fix = None
    tensorflow = tensorflow_name(recording)
    same_function = story.function_around(recording, target.place) == story.function_around(recording, ask.place)
    if tensorflow and same_function:
        edits = wrapped(recording, target.place.node, f"{tensorflow}.reduce_mean(", ")")
        fix = Fix("train the mean of the losses", Applicability.UNSAFE, edits)
    return story.told(recording, CODE, at, fields, marks, variant, ask.context, fix)


def _call(recording: Recording, ask: Ask, target: Data) -> Place:
    """Where the loss is made, or the call of the helper that makes it."""
    operation = recording.operations.get(target.id)
    calls, own = operation.context.calls if operation is not None else (), ask.context.calls
    inside = len(calls) > len(own) and calls[: len(own)] == own
    assert target.place is not None
    return calls[len(own)] if inside else target.place
