"""TAP305: `predict` or `evaluate` on the path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP305"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.PREDICT):
        assert case.met is not None
        node = case.met.cut.place.node
        name = "model"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = recording.text(node.func.value)
        variant = "loss-value" if case.met.cut.op == "evaluate" else "keras2" if recording.keras == 2 else ""
        finding = story.cut_finding(CODE, case, variant, {"name": name, "op": f"{name}.{case.met.cut.op}"})
        if finding is not None:
            yield finding
