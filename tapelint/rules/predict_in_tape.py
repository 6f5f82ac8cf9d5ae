"""TAP305: `predict` or `evaluate` on the path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import Cut, CutKind
from tapelint.rules import story

CODE = "TAP305"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.PREDICT):
        assert case.met is not None
        words = _words(recording, case.met.cut)
        finding = story.cut_finding(CODE, case, _variant(recording, case.met.cut), words)
        if finding is not None:
            yield finding
    for ask, node, cut in story.array_targets(recording, CutKind.PREDICT):
        fields = {
            "tape": story.tape_name(ask.tape),
            "method": ask.method,
            "target": recording.text(node),
            "source": recording.text(ask.sources_node),
            **_words(recording, cut),
        }
        marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
        yield story.told(recording, CODE, cut.place, fields, marks, _variant(recording, cut), ask.context)


def _variant(recording: Recording, cut: Cut) -> str:
    if cut.op == "evaluate":
        return "loss-value"
    return "keras2" if recording.keras == 2 else ""


def _words(recording: Recording, cut: Cut) -> dict[str, str]:
    node = cut.place.node
    name = "model"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = recording.text(node.func.value)
    return {"name": name, "op": f"{name}.{cut.op}"}
