"""TAP106: a tape is entered while it records."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP106"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.ENTER):
        if not event.state.only(Phase.RECORDING) or not event.certain or event.context.guarded("ValueError"):
            continue
        first = [
            other
            for other in recording.events_of(event.tape)
            if other.what is Happening.ENTER and other.time < event.time
        ]
        marks = (
            story.created(recording, event.tape),
            story.mark(recording, "first", first[-1].place if first else None),
        )
        fields = {"tape": story.tape_name(event.tape)}
        yield story.told(recording, CODE, event.place, fields, marks, "", event.context)
