"""TAP203: `watch` before the tape is entered, after its block, or after it gave its answer."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Happening, Recording
from tapelint.play.tape import Phase
from tapelint.rules import story
from tapelint.rules.watched_too_late import watch_event

CODE = "TAP203"


def find(recording: Recording) -> Iterator[Finding]:
    entered = {event.tape.id: event for event in reversed(list(recording.happened(Happening.ENTER)))}
    for event in recording.happened(Happening.WATCH):
        if event.context.guarded("AttributeError"):
            continue
        fields = story.event_fields(recording, event)
        if event.state.only(Phase.CREATED) and event.tape.id in entered:
            marks = (
                story.opened(recording, event.tape),
                story.mark(recording, "first", entered[event.tape.id].place),
            )
            yield story.told(recording, CODE, event.place, fields, marks, "before", event.context)
        elif event.state.only(Phase.CONSUMED) and not event.state.inside:
            marks = (
                story.opened(recording, event.tape),
                story.mark(recording, "gradient", event.state.consumed_by[-1]),
            )
            yield story.told(recording, CODE, event.place, fields, marks, "consumed", event.context)
    for case in story.missing(recording, Fault.WATCHED_LATE):
        late = watch_event(recording, case)
        if late is None or late.state.may(Phase.RECORDING):
            continue
        fields = {**case.fields, "source": story.event_fields(recording, late)["source"]}
        marks = (
            story.opened(recording, case.ask.tape),
            story.mark(recording, "used", case.verdict.used),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, late.place, fields, marks, "", case.ask.context)
