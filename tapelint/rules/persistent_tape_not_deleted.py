"""TAP119: any persistent tape without `del`."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.rules import blocks, story

CODE = "TAP119"


def find(recording: Recording) -> Iterator[Finding]:
    for tape in recording.tapes:
        if not tape.persistent or tape.place is None or recording.stored.get(tape.id):
            continue
        events = recording.events_of(tape)
        asks = [event for event in events if event.what is Happening.ASK]
        deleted = any(event.what is Happening.DELETE for event in events)
        if not asks or any(event.what is Happening.ESCAPE for event in events):
            continue
        if (deleted and tape.id not in recording.kept) or recording.handed_on(tape):
            continue
        fields = {"tape": story.tape_name(tape)}
        marks = (story.mark(recording, "used", asks[-1].place),)
        last = blocks.last_use(recording, tape)
        fix = blocks.deleting(recording, tape, last) if last is not None else None
        variant = "module" if recording.functions.get(tape.id) is None else ""
        yield story.told(recording, CODE, tape.place, fields, marks, variant, None, fix)
