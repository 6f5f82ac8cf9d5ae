"""TAP410: a norm, a root or a deviation of what certainly is zero."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, Data, Value, Variable
from tapelint.play.zeros import is_zero
from tapelint.record import Record
from tapelint.rules import formulas, singular_at_zero, story
from tapelint.rules.gradients import fields_of

CODE = "TAP410"

_SINGULAR = singular_at_zero.NORMS | singular_at_zero.EUCLIDEAN | singular_at_zero.DEVIATIONS | singular_at_zero.ROOTS


class _Spread(Record):
    """A tensor with new axes: `x[:, None]` or `tf.expand_dims(x, 1)`; `rank` is how many axes `x` has at least."""

    base: Value
    words: str
    axis: int
    rank: int


def find(recording: Recording) -> Iterator[Finding]:
    for ask, value, operation in formulas.on_paths(recording):
        if operation.function not in _SINGULAR or not _weighs(recording, ask, value):
            continue
        given, variant = singular_at_zero.singular(recording, operation), ""
        if given is not None and singular_at_zero.shifted(recording, given):
            continue
        if given is None and operation.function in singular_at_zero.ROOTS and operation.args:
            given, variant = operation.args[0], "root"
        if given is None:
            continue
        if not is_zero(recording, given, value):
            if variant or not _self_distance(recording, operation, given):
                continue
            variant = "distance"
        name = story.value_name(recording, given) or story.operand(recording, operation.place)
        node = operation.place.node
        fields = {**fields_of(recording, ask), "op": recording.text(getattr(node, "func", node)), "name": name}
        zero = given.place if variant == "distance" and recording.here(given.place) else None
        tape = story.opened(recording, ask.tape, ask.time)
        marks = (story.mark(recording, "zero", zero), tape, story.asked(recording, ask))
        yield story.told(recording, CODE, operation.place, fields, marks, variant, operation.context)


def _weighs(recording: Recording, ask: Ask, value: Data) -> bool:
    """Whether the gradient that comes back to a value certainly is not zero: the target is a sum that it is part of.

    With a zero from above the gradient of a root is zero, also at zero: `tf.norm(x) ** 2`, a mask, `tf.maximum`.
    """
    stack = [(leaf, 12) for leaf in recording.leaves(ask.target)]
    while stack:
        item, depth = stack.pop()
        if item is value:
            return True
        name, operation = recording.made_by(item)
        if operation is None or not operation.args or not depth:
            continue
        if name in ("+", "-", "tensorflow.add_n", "unary -", *singular_at_zero.SUMS):
            parts: list[Value] = list(operation.args[: 2 if name in ("+", "-") else 1])
            held = [leaf for part in parts for leaf in recording.leaves(part)]
            stack += [(part, depth - 1) for part in held]
        elif name in ("*", "/"):
            one, other = operation.args[:2]
            if formulas.number(other) not in (None, 0.0):
                stack.append((one, depth - 1))
            elif name == "*" and formulas.number(one) not in (None, 0.0):
                stack.append((other, depth - 1))
    return False


def _self_distance(recording: Recording, operation: Operation, difference: Value) -> bool:
    """Whether the differences of all points with all points are taken, so that each meets itself."""
    name, made = recording.made_by(difference)
    if name != "-" or made is None or len(made.args) != 2:
        return False
    one, other = (_spread(recording, value) for value in made.args)
    if one is None or other is None or one.base is not other.base or one.words != other.words:
        return False
    axis = _axis(recording, operation)
    if axis is None or one.axis == other.axis or axis in (one.axis, other.axis):
        return False
    return axis >= 0 or (axis == -1 and max(one.rank, other.rank) > max(one.axis, other.axis))


def _axis(recording: Recording, operation: Operation) -> int | None:
    """The axis that a norm, a deviation or the sum under a root is taken over."""
    found = operation.get(2, "axis") if operation.function in singular_at_zero.NORMS else operation.get(1, "axis")
    if operation.function in singular_at_zero.ROOTS:
        _, total = recording.made_by(operation.args[0])
        found = total.get(1, "axis") if total is not None else None
    if operation.function in singular_at_zero.DEVIATIONS:
        return None  # the deviation of a difference is something else
    return found.value if isinstance(found, Const) and isinstance(found.value, int) else None


def _spread(recording: Recording, value: Value) -> _Spread | None:
    """One new axis in a tensor, counted from the front."""
    if not isinstance(value, Data) or value.place is None or not value.links:
        return None
    node = value.place.node
    base = value.links[0].value
    rank = len(base.shape) if isinstance(base, (Data, Variable)) and base.shape is not None else 0
    if value.op == "slice" and isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        new = [at for at, part in enumerate(parts) if _is_new(part)]
        if len(new) != 1 or not all(_is_new(part) or _is_whole(part) for part in parts):
            return None
        return _Spread(base, ast.unparse(node.value), new[0], max(rank, len(parts) - 1))
    name, operation = recording.made_by(value)
    if name != "tensorflow.expand_dims" or operation is None or not isinstance(node, ast.Call) or not node.args:
        return None
    axis = operation.get(1, "axis")
    if not isinstance(axis, Const) or not isinstance(axis.value, int) or axis.value < 0:
        return None
    return _Spread(base, ast.unparse(node.args[0]), axis.value, rank)


def _is_new(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (
        isinstance(node, ast.Attribute) and node.attr == "newaxis"
    )


def _is_whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and node.lower is None and node.upper is None and node.step is None
