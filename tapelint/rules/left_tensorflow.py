"""TAP304: NumPy or plain Python on the only path."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP304"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(
        recording, CutKind.NUMPY_METHOD, CutKind.NUMPY_FUNCTION, CutKind.PYTHON_NUMBER
    ):
        assert case.met is not None
        finding = story.cut_finding(CODE, case, _variant(case.met.cut.kind, case.met.cut.op))
        if finding is not None:
            yield finding


def _variant(kind: CutKind, op: str) -> str:
    if kind is CutKind.NUMPY_FUNCTION:
        return "numpy-function"
    if op == "tf.constant":
        return "constant-of-variable"
    if op.startswith("math."):
        return "python-math"
    return "python-number" if kind is CutKind.PYTHON_NUMBER else ""
