"""TAP403: an operation without a derivative on the only path."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP403"
_ROUNDING = frozenset({"round", "floor", "ceil", "rint"})
_INDEX = frozenset({"argmax", "argmin", "argsort", "categorical", "top_k", "where", "searchsorted"})


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NOT_DIFFERENTIABLE):
        assert case.met is not None
        if case.met.cut.op == "//":
            continue
        finding = story.cut_finding(CODE, case, _variant(case.met.cut.op))
        if finding is not None:
            yield finding


def _variant(op: str) -> str:
    last = op.rsplit(".", 1)[-1]
    if last in _ROUNDING:
        return "rounding"
    if op == "tf.where":
        return "condition"
    if last in _INDEX:
        return "index"
    if op in ("==", "!=", "<", "<=", ">", ">=") or last in ("equal", "greater", "less", "greater_equal", "less_equal"):
        return "comparison"
    return ""
