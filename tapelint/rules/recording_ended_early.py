"""TAP112: `gradient` inside the tape's own block ended the recording, and the program goes on as if it had not."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP112"
_ERRORS = {"watch": "AttributeError", "reset": "ValueError", "stop_recording": "RuntimeError"}


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.events:
        if event.what not in (Happening.WATCH, Happening.RESET, Happening.PAUSE):
            continue
        if not event.state.only(Phase.CONSUMED) or not event.state.inside:
            continue
        if event.context.guarded("AttributeError", "ValueError", "RuntimeError"):
            continue
        fields = story.event_fields(recording, event)
        fields["error"] = _ERRORS.get(event.name, "an exception")
        marks = (
            story.created(recording, event.tape),
            story.mark(recording, "gradient", event.state.inside[-1]),
        )
        yield story.told(recording, CODE, event.place, fields, marks, "", event.context)
    for case in story.missing(recording, Fault.RESTARTED):
        assert case.ask.session is not None
        marks = (
            story.created(recording, case.ask.tape),
            story.mark(recording, "gradient", case.ask.session.restarted),
        )
        yield story.told(recording, CODE, case.ask.place, case.fields, marks, "stopped", case.ask.context)
