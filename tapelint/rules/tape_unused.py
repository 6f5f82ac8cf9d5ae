"""TAP105: a tape that records, and that nobody asks."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Happening, Recording
from tapelint.rules import story

CODE = "TAP105"
_USED = frozenset({Happening.ASK, Happening.ESCAPE, Happening.UNKNOWN_METHOD, Happening.RESET})


def find(recording: Recording) -> Iterator[Finding]:
    unnamed = {tape.id for tape in recording.unnamed}
    asked = {ask.tape.place for ask in recording.asks}
    for tape in recording.tapes:
        if tape.place is None or tape.id in unnamed or recording.stored.get(tape.id) or not tape.name:
            continue
        events = recording.events_of(tape)
        if any(event.what in _USED for event in events) or tape.place in asked or tape.id in recording.read:
            continue
        if recording.functions.get(tape.id) is None or story.in_test(recording, tape.place):
            continue  # at module level whoever imports it may ask; a test may only want to see the block run
        entered = [event for event in events if event.what is Happening.ENTER]
        left = [event for event in events if event.what is Happening.EXIT]
        if not entered or not left or entered[0].context.guards or recording.handed_on(tape):
            continue
        yield story.told(recording, CODE, tape.place, {"tape": tape.name}, (), "", entered[0].context)
