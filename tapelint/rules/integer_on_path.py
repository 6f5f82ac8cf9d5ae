"""TAP402: a cast to integers or a floor division on the only path."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import Cut, CutKind, Data, Value
from tapelint.rules import story

CODE = "TAP402"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.INTEGER, CutKind.NOT_DIFFERENTIABLE):
        assert case.met is not None
        cut = case.met.cut
        floor = cut.op == "//"
        if cut.kind is CutKind.NOT_DIFFERENTIABLE and not floor:
            continue
        kind = {"kind": "truth values" if cut.dtype == "bool" else "whole numbers"}
        variant = "floor-division" if floor else "already" if _to_floats(cut) else ""
        back = not variant and _cast_back(story.comes_back(case))
        finding = story.cut_finding(CODE, case, variant, kind, used="used" if back else "")
        if finding is not None:
            yield finding


def _to_floats(cut: Cut | None) -> bool:
    """Whether it is whole numbers or truth values that are cut off, where they are cast to floating point."""
    return cut is not None and cut.dtype in ("float", "complex")


def _cast_back(value: Value | None) -> bool:
    return isinstance(value, Data) and any(_to_floats(link.cut) for link in value.links)
