"""TAP313: the result of a metric as target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP313"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.METRIC):
        assert case.met is not None
        node = case.met.cut.place.node
        result = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "result"
        finding = story.cut_finding(CODE, case, "result" if result else "", {"op": recording.text(node)})
        if finding is not None:
            yield finding
