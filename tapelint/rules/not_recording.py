"""TAP116: `reset()` or `stop_recording()` outside the block, or a reset that drops a watch."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Happening, Recording
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP116"


def find(recording: Recording) -> Iterator[Finding]:
    entered = {event.tape.id for event in recording.happened(Happening.ENTER)}
    for event in recording.events:
        if event.what not in (Happening.RESET, Happening.PAUSE):
            continue
        if event.context.guarded("ValueError", "RuntimeError"):
            continue
        before = event.state.only(Phase.CREATED) and event.tape.id in entered
        consumed = event.state.only(Phase.CONSUMED) and not event.state.inside
        if not (event.state.only(Phase.STOPPED) or before or consumed):
            continue
        fields = story.event_fields(recording, event)
        fields["error"] = "RuntimeError" if (before or consumed) and event.name == "stop_recording" else "ValueError"
        yield story.told(
            recording, CODE, event.place, fields, (story.opened(recording, event.tape),), "", event.context
        )
    yield from _dropped(recording)


def _dropped(recording: Recording) -> Iterator[Finding]:
    """A watch that `reset()` forgets, though the source is used afterwards."""
    for case in story.missing(recording, Fault.UNWATCHED):
        events = recording.events_of(case.ask.tape)
        watch = next(
            (event for event in events if event.what is Happening.WATCH and event.value is case.verdict.source), None
        )
        reset = next((event for event in events if event.what is Happening.RESET), None)
        if watch is None or reset is None or not watch.time < reset.time < case.ask.time:
            continue
        marks = (story.mark(recording, "watch", watch.place), story.asked(recording, case.ask))
        yield story.told(recording, CODE, reset.place, case.fields, marks, "watch", case.ask.context)
