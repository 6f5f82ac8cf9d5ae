"""TAP407: a norm or a standard deviation without a small constant."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, Value
from tapelint.rules import formulas, story
from tapelint.rules.gradients import fields_of

CODE = "TAP407"
NORMS = frozenset({"tensorflow.norm", "tensorflow.linalg.normalize"})
EUCLIDEAN = frozenset({"tensorflow.math.reduce_euclidean_norm"})
DEVIATIONS = frozenset({"tensorflow.math.reduce_std", "keras.backend.std", "keras.ops.std"})
ROOTS = frozenset({"tensorflow.sqrt", "keras.backend.sqrt", "keras.ops.sqrt"})
SUMS = frozenset({"tensorflow.reduce_sum", "tensorflow.reduce_mean", "keras.backend.sum", "keras.ops.sum"})
_SQUARES = frozenset({"tensorflow.square", "keras.backend.square", "keras.ops.square"})


def find(recording: Recording) -> Iterator[Finding]:
    for ask, _, operation in formulas.on_paths(recording):
        given = singular(recording, operation)
        if given is None or shifted(recording, given):
            continue
        deviation = operation.function in DEVIATIONS
        name = story.value_name(recording, given) or story.operand(recording, operation.place)
        node = operation.place.node
        op = recording.text(getattr(node, "func", node))
        fields = {**fields_of(recording, ask), "op": op, "name": name}
        marks = (story.opened(recording, ask.tape, ask.time), story.asked(recording, ask))
        variant = "deviation" if deviation else ""
        fix = _fix(recording, operation)
        yield story.told(recording, CODE, operation.place, fields, marks, variant, operation.context, fix)


def _fix(recording: Recording, operation: Operation) -> Fix | None:
    """A small constant under the root."""
    node = operation.place.node
    tf = formulas.prefix(recording, node)
    if tf is None or not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return None
    span, words = recording.span(node), recording.segment(recording.span(node.args[0]))
    if operation.function in ROOTS:
        if not isinstance(node.args[0], ast.Call):
            return None
        end = recording.span(node.args[0]).end
        edit = Edit(Span(end, end), " + 1e-12")
    elif operation.function in DEVIATIONS:
        edit = Edit(span, f"{tf}.sqrt({tf}.math.reduce_variance({words}) + 1e-12)")
    elif operation.function == "tensorflow.linalg.normalize":
        return None
    else:
        edit = Edit(span, f"{tf}.sqrt({tf}.reduce_sum({tf}.square({words})) + 1e-12)")
    return Fix("add a small constant under the root", Applicability.UNSAFE, (edit,))


def singular(recording: Recording, operation: Operation) -> Value | None:
    """What a norm, a deviation or a root of a sum of squares is taken of."""
    given = operation.args[0] if operation.args else None
    if operation.function in NORMS:
        order = operation.get(1, "ord")
        euclidean = order is None or (isinstance(order, Const) and order.value in ("euclidean", 2, 2.0))
        return given if euclidean else None
    if operation.function in EUCLIDEAN or operation.function in DEVIATIONS:
        return given
    if operation.function in ROOTS:
        name, total = recording.made_by(given)
        if name in SUMS and total is not None and total.args:
            return _squared(recording, total.args[0])
    return None


def _squared(recording: Recording, value: Value) -> Value | None:
    name, operation = recording.made_by(value)
    if operation is None or not operation.args:
        return None
    if name in _SQUARES:
        return operation.args[0]
    if name == "*" and operation.args[0] is operation.args[1]:
        return operation.args[0]
    if name == "**" and formulas.number(operation.args[1]) == 2.0:
        return operation.args[0]
    return None


def shifted(recording: Recording, value: Value) -> bool:
    """Whether something is added to the argument that keeps it away from zero."""
    name, operation = recording.made_by(value)
    if operation is None:
        return False
    constant = any(formulas.number(one) not in (None, 0.0) for one in operation.args)
    return name in ("tensorflow.maximum", "tensorflow.clip_by_value") or (name == "+" and constant)
