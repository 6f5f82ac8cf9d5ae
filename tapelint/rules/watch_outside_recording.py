"""TAP203: `watch` before the tape is entered, after its block, or after it gave its answer."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.tape import Phase
from tapelint.rules import blocks, story

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
            fix = blocks.watch_moved(recording, event.tape, event.place.node)
            yield story.told(recording, CODE, event.place, fields, marks, "before", event.context, fix)
        elif event.state.only(Phase.CONSUMED) and not event.state.inside:
            marks = (
                story.opened(recording, event.tape),
                story.mark(recording, "gradient", event.state.consumed_by[-1]),
            )
            yield story.told(recording, CODE, event.place, fields, marks, "consumed", event.context)
    yield from _after_the_block(recording)


def _after_the_block(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.UNWATCHED, Fault.WATCHED_LATE):
        late = next(
            (
                event
                for event in recording.events_of(case.ask.tape)
                if event.what is Happening.WATCH
                and story.watches(recording, event, case.verdict.source)
                and event.state.only(Phase.STOPPED)
                and event.time < case.ask.time
            ),
            None,
        )
        if late is None:
            continue
        fields = {**case.fields, "source": story.event_fields(recording, late)["source"]}
        marks = (
            story.opened(recording, case.ask.tape),
            story.mark(recording, "used", case.verdict.used),
            story.asked(recording, case.ask),
        )
        fix = blocks.watch_moved(recording, late.tape, late.place.node)
        yield story.told(recording, CODE, late.place, fields, marks, "", case.ask.context, fix)
