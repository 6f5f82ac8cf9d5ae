"""TAP404: an operation that has no gradient function on a path to the source."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP404"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NO_GRADIENT):
        assert case.met is not None
        if case.verdict.raising is None or case.ask.context.guarded("LookupError"):
            continue
        op = case.met.cut.op
        variant = "contrast" if op.endswith("adjust_contrast") else "resize-area" if op == "tf.image.resize" else ""
        finding = story.cut_finding(CODE, case, variant)
        if finding is not None:
            yield finding
