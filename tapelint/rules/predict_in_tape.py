"""TAP305: `predict` or `evaluate` on the path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.values import Cut, CutKind
from tapelint.rules import story
from tapelint.rules.gradients import fields_of
from tapelint.rules.left_tensorflow import an_array

CODE = "TAP305"
_LOSSES = frozenset({"evaluate", "fit", "train_on_batch", "test_on_batch"})
"""What gives the loss back, as a Python number or with a history of them."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.PREDICT):
        assert case.met is not None
        words = _words(recording, case.met.cut)
        fix = _fix(recording, case.met.cut)
        variant = _variant(recording, case.met.cut)
        finding = story.cut_finding(CODE, case, variant, words, fix=fix, used="" if variant else "used")
        if finding is not None:
            yield finding
    for case in story.lost_terms(recording, CutKind.PREDICT) if recording.keras == 3 else ():
        assert case.met is not None
        words, fix = _words(recording, case.met.cut), _fix(recording, case.met.cut)
        finding = story.cut_finding(CODE, case, "term", words, fix=fix)
        if finding is not None:
            yield finding
    for ask, node, cut in story.array_targets(recording, CutKind.PREDICT):
        fields = {**fields_of(recording, ask), "target": recording.text(node), **_words(recording, cut)}
        marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
        fix = _fix(recording, cut)
        variant = "" if recording.keras == 2 else "loss-target" if cut.op in _LOSSES else "target"
        yield story.told(
            recording, CODE, cut.place, fields, marks, variant or _variant(recording, cut), ask.context, fix
        )


def _fix(recording: Recording, cut: Cut) -> Fix | None:
    """`model.predict(x, verbose=0)` becomes `model(x)`."""
    node = cut.place.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) != 1:
        return None
    if not recording.here(cut.place) or node.func.attr != cut.op:
        return None  # the text of another module is not at hand, and another name for the method has no model beside it
    if an_array(recording, node):
        return None
    if cut.op in _LOSSES or any(keyword.arg not in ("verbose", "batch_size") for keyword in node.keywords):
        return None
    edits = [Edit(Span(recording.span(node.func.value).end, recording.span(node.func).end), "")]
    if node.keywords:
        given, last = recording.span(node.args[0]).end, max(recording.span(keyword).end for keyword in node.keywords)
        rest = recording.source.text[given:last]
        if "#" in rest or any(recording.span(keyword).start < given for keyword in node.keywords):
            return None
        edits.append(Edit(Span(given + rest.index(","), last), ""))
    return Fix(f"call the model itself: `{recording.text(node.func.value)}(...)`", Applicability.UNSAFE, tuple(edits))


def _variant(recording: Recording, cut: Cut) -> str:
    if cut.op in _LOSSES:
        return "loss-value"
    return "keras2" if recording.keras == 2 else ""


def _words(recording: Recording, cut: Cut) -> dict[str, str]:
    node = cut.place.node
    name = "model"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == cut.op:
        name = recording.text(node.func.value)
    return {"name": name, "op": f"{name}.{cut.op}"}
