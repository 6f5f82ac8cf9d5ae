"""TAP113: a method that `tf.GradientTape` does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.rules import blocks, story

CODE = "TAP113"
_METHODS = ("gradient", "jacobian", "batch_jacobian", "watch", "watched_variables", "stop_recording", "reset")
_NEAR = {"gradients": "gradient", "grad": "gradient", "grads": "gradient", "jacobians": "jacobian", "watches": "watch"}
_CLOSING = frozenset({"close", "delete", "release", "free", "clear", "stop", "dispose", "destroy"})


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.UNKNOWN_METHOD):
        if event.state.escaped or event.context.guarded("AttributeError"):
            continue
        node = event.place.node
        fields = {"tape": story.tape_name(event.tape), "method": event.name}
        if isinstance(node, ast.Attribute):
            fields["tape"] = recording.text(node.value)
        near = "" if event.name.startswith("un") else _near(event.name)
        call = recording.parents.get(id(node))
        if near == "watched_variables" and isinstance(call, ast.Call) and call.func is node and call.args:
            near = "watch"  # the other one takes no argument
        variant, fix = "", None
        if event.name == "__getitem__":
            if event.context.guarded("TypeError"):
                continue
            variant = "subscript"
            fields["method"] = recording.text(node.value) if isinstance(node, ast.Subscript) else ""
        elif event.name == "__call__":
            if event.context.guarded("TypeError"):
                continue
            variant = "called"
            fields["tape"] = recording.text(node.func) if isinstance(node, ast.Call) else fields["tape"]
        elif event.name in _CLOSING:
            variant, fix = "close", _deleted(recording, event)
        elif near:
            variant, fields["suggestion"] = "near", near
            end = recording.span(node).end
            edit = Edit(Span(end - len(event.name), end), near)
            fix = Fix(f"call `{near}`", Applicability.SAFE, (edit,))
        marks = (story.opened(recording, event.tape),)
        yield story.told(recording, CODE, node, fields, marks, variant, event.context, fix)


def _near(name: str) -> str:
    """The method that a wrong name probably stands for."""
    from difflib import get_close_matches

    return _NEAR.get(name) or next(iter(get_close_matches(name, _METHODS, 1, 0.8)), "")


def _deleted(recording: Recording, event: Event) -> Fix | None:
    """`del tape` in place of `tape.close()`, when nothing uses the name afterwards."""
    node = event.place.node
    spot = next(iter(reversed(blocks.spots(recording, node))), None)
    if spot is None or not isinstance(spot.statement, ast.Expr) or not isinstance(spot.statement.value, ast.Call):
        return None
    call = spot.statement.value
    if call.func is not node or call.args or call.keywords or not isinstance(node, ast.Attribute):
        return None
    name = node.value.id if isinstance(node.value, ast.Name) else ""
    tape = event.tape.place
    if not name or tape is None or not recording.here(tape) or blocks.lent(recording, event.tape):
        return None
    function = blocks.function_of(recording, node)
    if function is not blocks.function_of(recording, tape.node):
        return None
    if blocks.loops_around(recording, node) != blocks.loops_around(recording, tape.node):
        return None
    end = recording.span(call).end
    if any(recording.span(read).start > end for read in blocks.reads(function or recording.tree, name)):
        return None
    edit = Edit(recording.span(spot.statement), f"del {name}")
    return Fix(f"write `del {name}`", Applicability.SAFE, (edit,))
