"""TAP302: the model ran before the tape."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Place, Value, VariableSet
from tapelint.rules import story

CODE = "TAP302"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.BEFORE_TAPE):
        assert case.met is not None
        if not isinstance(case.verdict.source, VariableSet) or case.met.reaches is not True:
            continue
        if story.asks_behind(case.met.value):
            continue
        value, place = _forward(case)
        extra = {"name": story.value_name(recording, value) or recording.text(place)}
        finding = story.cut_finding(CODE, case, "", extra, place)
        if finding is not None:
            yield finding


def _forward(case: story.Missing) -> tuple[Value, Place]:
    """The call of the model: the last step before its variables on the way back."""
    assert case.met is not None
    steps = [value for value in case.met.trail if value.place is not None and not isinstance(value, VariableSet)]
    value = steps[-1] if steps else case.met.value
    place = value.place or case.met.cut.place
    return value, place
