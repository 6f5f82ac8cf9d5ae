"""TAP406: a mask by `tf.where` over a function without a finite slope at the masked points."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, Data, Value
from tapelint.rules import formulas, story
from tapelint.rules.gradients import fields_of

CODE = "TAP406"
_POINTS = {
    "tensorflow.math.log": (0.0,),
    "keras.backend.log": (0.0,),
    "tensorflow.math.log1p": (-1.0,),
    "tensorflow.acos": (1.0, -1.0),
    "tensorflow.asin": (1.0, -1.0),
    "tensorflow.atanh": (1.0, -1.0),
    "tensorflow.acosh": (1.0,),
}
"""Where the slope of a function is infinite."""
_SAFE = {"tensorflow.acos": "0.0", "tensorflow.asin": "0.0", "tensorflow.atanh": "0.0", "tensorflow.acosh": "2.0"}
"""An argument that is safe for these; 1.0 is for the others."""
_LIKE = {
    "0.0": "{tf}.zeros_like({name})",
    "1.0": "{tf}.ones_like({name})",
    "2.0": "2.0 * {tf}.ones_like({name})",
}
_PRODUCTS = frozenset({"*", "tensorflow.multiply"})
_WHERE = "tensorflow.where"


def find(recording: Recording) -> Iterator[Finding]:
    for ask, _, where in formulas.on_paths(recording):
        if where.function != _WHERE or not recording.here(where.place):
            continue
        for at in (1, 2):
            found = _unsafe(recording, ask, where, at)
            if found is not None:
                yield _told(recording, ask, where, at, found)
                break


def _unsafe(recording: Recording, ask: Ask, where: Operation, at: int) -> tuple[Operation, Value] | None:
    """The function in one branch whose singular point the condition keeps out, and its argument."""
    kept, other = where.get(at, "xy"[at - 1]), where.get(3 - at, "yx"[at - 1])
    sign, compared = recording.made_by(where.get(0, "condition"))
    if kept is None or compared is None or len(compared.args) != 2:
        return None
    if not isinstance(other, Const) and formulas.carries(ask, recording, other):
        return None
    keeps = ((">", "<", "!="), ("==", "<=", ">="))[at - 1]
    outside = ((">", ">=", "!="), ("==", "<=", "<"))[at - 1]
    left, right = compared.args
    point, tested = formulas.number(right), left
    if point is None:
        point, tested = formulas.number(left), right
    if point is None:
        return None
    for operation in _inside(recording, kept):
        slope = any(formulas.carries(ask, recording, one) for one in operation.args)
        if slope and sign in keeps and _singular_at(operation, tested, point):
            return operation, tested
        if sign in outside and operation.function in _PRODUCTS and len(operation.args) == 2:
            # The slope with respect to a factor is the other factor, which is no number where it is masked.
            for one, factor in (operation.args, operation.args[::-1]):
                inner = recording.operations.get(factor.id)
                if inner is not None and _singular_at(inner, tested, point) and formulas.carries(ask, recording, one):
                    return inner, tested
    return None


def _singular_at(operation: Operation, tested: Value, point: float) -> bool:
    found = _singular(operation)
    return found is not None and found[0] is tested and point in found[1]


def _inside(recording: Recording, value: Value) -> Iterator[Operation]:
    """The steps from which a branch was computed, up to another mask."""
    operations = recording.operations

    def ends(step: Data) -> bool:
        return step.id not in operations or operations[step.id].function == _WHERE

    for step in recording.behind(value, ends=ends):
        if isinstance(step, Data) and not ends(step):
            yield operations[step.id]


def _singular(operation: Operation) -> tuple[Value, tuple[float, ...]] | None:
    """The argument of an operation and the points at which its slope is infinite."""
    if operation.function in _POINTS and operation.args:
        return operation.args[0], _POINTS[operation.function]
    if len(operation.args) < 2:
        return None
    if operation.function in ("/", "tensorflow.divide", "tensorflow.truediv"):
        return operation.args[1], (0.0,)
    if operation.function in ("**", "tensorflow.pow"):
        power = formulas.number(operation.args[1])
        if power is not None and power < 1.0 and power != 0.0:
            return operation.args[0], (0.0,)
    return None


def _told(recording: Recording, ask: Ask, where: Operation, at: int, found: tuple[Operation, Value]) -> Finding:
    operation, tested = found
    place = operation.place if recording.here(operation.place) else where.place
    argument = _argument(operation)
    name = recording.text(argument) if argument is not None else story.value_name(recording, tested) or "the argument"
    node = operation.place.node
    op = recording.text(node.func) if isinstance(node, ast.Call) else operation.function
    fields = {**fields_of(recording, ask), "op": op, "name": name}
    marks = (
        story.mark(recording, "used", where.place),
        story.opened(recording, ask.tape, ask.time),
        story.asked(recording, ask),
    )
    fix = _fix(recording, where.place.node, at, operation, argument)
    return story.told(recording, CODE, place, fields, marks, "", operation.context, fix)


def _argument(operation: Operation) -> ast.expr | None:
    """The expression of the argument that is singular."""
    node = operation.place.node
    divided = operation.function in ("/", "tensorflow.divide", "tensorflow.truediv")
    if isinstance(node, ast.BinOp):
        return node.right if divided else node.left
    if isinstance(node, ast.Call) and len(node.args) > divided:
        return node.args[1 if divided else 0]
    return None


def _fix(recording: Recording, where: ast.AST, at: int, operation: Operation, argument: ast.expr | None) -> Fix | None:
    """`f(x)` becomes `f(tf.where(condition, x, 1.0))` where both stand in one call."""
    tf = formulas.prefix(recording, where)
    if tf is None or not isinstance(where, ast.Call) or not isinstance(argument, ast.Name) or not where.args:
        return None
    if not any(inner is argument for inner in walk(where)):
        return None
    words = recording.segment
    condition, name = words(recording.span(where.args[0])), argument.id
    safe = _SAFE.get(operation.function, "1.0")
    if "#" in condition:
        return None
    # In a graph, a number that stands first decides the type: there it must have that of the argument.
    branches = f"{name}, {safe}" if at == 1 else f"{_LIKE[safe].format(tf=tf, name=name)}, {name}"
    span = recording.span(argument)
    message = f"take it of `{tf}.where({condition}, {branches})`"
    edit = Edit(Span(span.start, span.end), f"{tf}.where({condition}, {branches})")
    return Fix(message, Applicability.SAFE, (edit,))
