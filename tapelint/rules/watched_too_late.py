"""TAP202: `watch` comes after the work that uses the tensor, still inside the block."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.rules import blocks, story

CODE = "TAP202"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.WATCHED_LATE):
        event = watch_event(recording, case)
        if event is None or not event.state.may(Phase.RECORDING):
            continue
        fields = {**case.fields, "source": story.event_fields(recording, event)["source"] or case.fields["source"]}
        fields["call"] = recording.text(event.place)
        marks = (
            story.mark(recording, "used", case.verdict.used),
            story.asked(recording, case.ask),
        )
        fix = blocks.watch_moved(recording, event.tape, event.place.node)
        yield story.told(recording, CODE, event.place, fields, marks, "", case.ask.context, fix)


def watch_event(recording: Recording, case: story.Missing) -> Event | None:
    """The `watch` call that came too late."""
    for event in recording.happened(Happening.WATCH):
        if event.tape is case.ask.tape and case.verdict.place is not None and event.place == case.verdict.place:
            return event
    return None
