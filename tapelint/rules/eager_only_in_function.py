"""TAP802: a traced function asks a tensor for its number."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Variable
from tapelint.rules import story
from tapelint.rules.edits import tensorflow_name

CODE = "TAP802"

_RAISED = ("AttributeError", "NotImplementedError", "TypeError")


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.how != "leave" or work.context.trace is None or work.context.guarded(*_RAISED):
            continue
        if recording.here(work.place):
            yield _told(recording, work)


def _told(recording: Recording, work: Work) -> Finding:
    trace = work.context.trace
    assert trace is not None
    method = work.op.strip(".()") if work.op.startswith(".") else ""
    fields = {
        "op": work.op,
        "method": method,
        "name": _name(recording, work),
        "function": trace.name,
    }
    calls = [place for place in work.context.calls if isinstance(place.node, ast.Call)]
    used = story.mark(recording, "used", calls[-1]) if calls else ()
    made = story.mark(recording, "made", trace.reason) or story.head(recording, "made", trace.place)
    fix = _fix(recording, work)
    return story.told(recording, CODE, work.place, fields, (made, used), _variant(work), work.context, fix)


def _name(recording: Recording, work: Work) -> str:
    """What the program calls the tensor where its number is wanted."""
    name, node = story.value_name(recording, work.value), work.place.node
    if not isinstance(node, ast.Call):
        return name or story.operand(recording, work.place)
    if isinstance(node.func, ast.Attribute) and work.op.startswith("."):
        return recording.text(node.func.value)
    if work.op == "format":
        return recording.text(node)
    given = [recording.text(part) for part in node.args if not isinstance(part, ast.Constant)]
    return name if name in given or not given else given[0]


def _variant(work: Work) -> str:
    trace = work.context.trace
    if work.op == "format":
        return "format"
    if not work.op.startswith("."):
        return "numpy_function"
    if isinstance(work.value, Variable):
        return "variable_numpy"
    return "train_step" if trace is not None and trace.reason is None else "numpy_method"


def _fix(recording: Recording, work: Work) -> Fix | None:
    """`print(loss.numpy())` becomes `tf.print(loss)`."""
    name = tensorflow_name(recording)
    if not name or not work.op.startswith("."):
        return None
    for node in recording.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "print":
            continue
        if work.place.node in node.args and not node.keywords:
            inner = work.place.node
            assert isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute)
            start = recording.span(inner.func.value).end
            edits = (
                Edit(recording.span(node.func), f"{name}.print"),
                Edit(Span(start, recording.span(inner).end), ""),
            )
            return Fix(f"print the tensor with `{name}.print`", Applicability.UNSAFE, edits)
    return None
