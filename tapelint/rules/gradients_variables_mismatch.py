"""TAP703: a gradient beside another variable than the one it was asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.apply import Apply, Mismatch
from tapelint.play.recording import Recording
from tapelint.rules import optimizers, story

CODE = "TAP703"
_VARIANTS = {"order": "order", "state": "state", "length": "length", "other": ""}


def find(recording: Recording) -> Iterator[Finding]:
    for apply in optimizers.applied(recording, "apply_gradients", "apply"):
        if apply.mismatch is not None and apply.node.args:
            yield _told(recording, apply, apply.mismatch)


def _told(recording: Recording, apply: Apply, wrong: Mismatch) -> Finding:
    one, other = optimizers.columns(recording, apply)
    variables = recording.text(other)
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "name": recording.text(one) if one is not None else recording.text(wrong.ask.place),
        "source": recording.text(wrong.ask.sources_node),
        "variables": variables,
        "model": variables.rsplit(".", 1)[0],
    }
    variant = _VARIANTS[wrong.kind]
    made = story.mark(recording, "made", wrong.state) if wrong.state is not None else ()
    marks = (made, story.asked(recording, wrong.ask))
    fix = _fix(recording, apply, wrong, other)
    return story.told(recording, CODE, other, fields, marks, variant, apply.context, fix)


def _fix(recording: Recording, apply: Apply, wrong: Mismatch, other: ast.AST) -> Fix | None:
    """Take the sources themselves, where both calls see the same names."""
    sources = wrong.ask.sources_node
    if other is apply.node.args[0] or wrong.ask.context.calls != apply.context.calls:
        return None
    if not isinstance(sources, (ast.Name, ast.Attribute, ast.List, ast.Tuple, ast.BinOp)):
        return None
    text = recording.segment(recording.span(sources))
    edit = Edit(recording.span(other), text)
    return Fix(f"pair them with their own variables: {recording.text(sources)}", Applicability.UNSAFE, (edit,))
