"""TAP113: a method that `tf.GradientTape` does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from difflib import get_close_matches

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Happening, Recording
from tapelint.rules import story

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
        near = _NEAR.get(event.name) or next(iter(get_close_matches(event.name, _METHODS, 1, 0.8)), "")
        variant, fix = "", None
        if event.name in _CLOSING:
            variant = "close"
        elif near:
            variant, fields["suggestion"] = "near", near
            end = recording.span(node).end
            edit = Edit(Span(end - len(event.name), end), near)
            fix = Fix(f"Call `{near}`", Applicability.SAFE, (edit,))
        marks = (story.opened(recording, event.tape),)
        yield story.told(recording, CODE, node, fields, marks, variant, event.context, fix)
