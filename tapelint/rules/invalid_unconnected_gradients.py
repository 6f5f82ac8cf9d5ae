"""TAP604: a value that `unconnected_gradients` does not know, or one in the wrong place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.values import Const, Symbol, Value, options
from tapelint.rules import story
from tapelint.rules.edits import tensorflow_name
from tapelint.rules.gradients import argument_node, fields_of

CODE = "TAP604"

_MEANT = {"zero": "ZERO", "zeros": "ZERO", "none": "NONE"}


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if not ask.certain or ask.context.guarded("ValueError", "TypeError"):
            continue
        value = ask.arguments.get("unconnected_gradients")
        if value is not None and all(_invalid(option) for option in options(value)):
            node = argument_node(ask, 3 if ask.method == "gradient" else 2, "unconnected_gradients")
            yield _told(recording, ask, value, node, "")
            continue
        third = ask.arguments.get("output_gradients")
        if third is not None and ask.method == "gradient" and _member(third):
            yield _told(recording, ask, third, argument_node(ask, 2, "output_gradients"), "third")


def _invalid(value: Value) -> bool:
    if isinstance(value, Const):
        return value.value not in ("none", "zero")
    return isinstance(value, Symbol) and value.name.endswith(".UnconnectedGradients")


def _member(value: Value) -> bool:
    """Whether the value can only be meant for `unconnected_gradients`."""
    if isinstance(value, Const):
        return isinstance(value.value, str)
    return isinstance(value, Symbol) and ".UnconnectedGradients" in value.name


def _told(recording: Recording, ask: Ask, value: Value, node: ast.expr | None, variant: str) -> Finding:
    fields = fields_of(recording, ask)
    literal = repr(value.value) if isinstance(value, Const) else ""
    fields["value"] = recording.text(node) if node is not None else literal
    place = node or ask.place
    made = () if isinstance(node, ast.Constant) else story.mark(recording, "made", value.place)
    fix = _fix(recording, node) if not variant else None
    return story.told(recording, CODE, place, fields, (made,), variant, ask.context, fix)


def _fix(recording: Recording, node: ast.expr | None) -> Fix | None:
    """A string that means one of the two becomes the member of the enum."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    member = _MEANT.get(node.value.lower())
    name = tensorflow_name(recording)
    if member is None or not name:
        return None
    edit = Edit(recording.span(node), f"{name}.UnconnectedGradients.{member}")
    return Fix(f"write `{name}.UnconnectedGradients.{member}`", Applicability.SAFE, (edit,))
