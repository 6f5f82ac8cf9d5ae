"""TAP108: the target was recorded by another tape than the one that is asked."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP108"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.OTHER_TAPE):
        other = story.recorder(recording, case.ask)
        if other is None:
            continue
        fields = {**case.fields, "other": story.tape_name(other)}
        marks = (
            story.opened(recording, case.ask.tape),
            story.mark(recording, "other", other.place),
            story.mark(recording, "made", case.ask.target.place),
        )
        yield story.told(recording, CODE, case.ask.place, fields, marks, "", case.ask.context)
