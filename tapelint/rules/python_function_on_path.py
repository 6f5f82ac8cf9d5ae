"""TAP314: `tf.numpy_function` on the path."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP314"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.PY_FUNCTION):
        finding = story.cut_finding(CODE, case)
        if finding is not None:
            yield finding
