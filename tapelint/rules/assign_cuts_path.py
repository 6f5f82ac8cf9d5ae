"""TAP308: a value is written into a variable and read back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP308"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.STATE_WRITE):
        assert case.met is not None
        node = case.met.cut.place.node
        extra = {"name": story.operand(recording, case.met.cut.place)}
        if isinstance(node, ast.Call):
            extra["op"] = recording.text(node.func)
        variant = "set-weights" if case.met.cut.op == "set_weights" else ""
        finding = story.cut_finding(CODE, case, variant, extra, used=True)
        if finding is not None:
            yield finding
