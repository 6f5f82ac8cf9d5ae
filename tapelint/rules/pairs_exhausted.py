"""TAP704: a zip or generator that is empty by the time it is applied."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import OneShot
from tapelint.rules import optimizers, story

CODE = "TAP704"


def find(recording: Recording) -> Iterator[Finding]:
    told: set[int] = set()
    for apply in optimizers.applied(recording, "apply_gradients"):
        if apply.empty is None or not apply.args or not apply.node.args or _stops_early(recording, apply.empty.node):
            continue
        value = apply.args[0]
        if isinstance(value, OneShot):
            told.add(value.id)
            yield _told(recording, apply, value)
    for again in recording.rereadings:
        value = again.value
        if value.id in told or not recording.here(again.place) or again.context.guards:
            continue
        if _stops_early(recording, again.first.node):
            continue
        if any(apply.place.node is again.first.node for apply in recording.applies):
            continue  # the gradients were applied: what looks at them after that loses nothing that counts
        told.add(value.id)
        fields = {"name": recording.text(again.place.node), "op": value.kind}
        marks = (story.mark(recording, "made", value.place), story.mark(recording, "used", again.first))
        yield story.told(recording, CODE, again.place, fields, marks, "again", again.context, _fix(recording, value))


def _told(recording: Recording, apply: Apply, value: OneShot) -> Finding:
    assert apply.empty is not None
    node = apply.node.args[0]
    fields = {"name": recording.text(node), "op": value.kind}
    variant = "keras2" if recording.keras == 2 else ""
    marks = (
        story.mark(recording, "made", value.place),
        story.mark(recording, "used", apply.empty) if apply.empty.node is not apply.node else (),
    )
    return story.told(recording, CODE, node, fields, marks, variant, apply.context, _fix(recording, value))


def _fix(recording: Recording, value: OneShot) -> Fix | None:
    if value.place is None or not recording.here(value.place):
        return None
    span = recording.span(value.place)
    text = recording.segment(span)
    if isinstance(value.place.node, ast.GeneratorExp):
        edits: tuple[Edit, ...] = (
            Edit(Span(span.start, span.start + 1), "["),
            Edit(Span(span.end - 1, span.end), "]"),
        )
        if not (text.startswith("(") and text.endswith(")")):
            return None
    else:
        edits = (Edit(Span(span.start, span.start), "list("), Edit(Span(span.end, span.end), ")"))
    return Fix("keep the pairs in a list: list(zip(...))", Applicability.SAFE, edits)


def _stops_early(recording: Recording, node: ast.AST) -> bool:
    """Whether a loop over the pairs may end before the last of them."""
    loop = recording.parents.get(id(node))
    if not isinstance(loop, (ast.For, ast.AsyncFor)) or loop.iter is not node:
        return False
    return any(isinstance(inner, (ast.Break, ast.Return, ast.Raise)) for inner in walk(loop))
