"""TAP102: a tape that nobody entered is asked, watched with, reset or paused."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP102"
_ERRORS = {"reset": "ValueError", "stop_recording": "RuntimeError"}


def find(recording: Recording) -> Iterator[Finding]:
    entered = {event.tape.id for event in recording.happened(Happening.ENTER)}
    for event in recording.events:
        if event.what not in (Happening.ASK, Happening.WATCH, Happening.RESET, Happening.PAUSE):
            continue
        if not event.state.only(Phase.CREATED) or event.context.guarded("RuntimeError", "AttributeError", "ValueError"):
            continue
        if event.what is not Happening.ASK and event.tape.id in entered | recording.escaped:
            continue  # entered later: TAP203 and TAP116 say so; or perhaps by code that can't be seen
        fields = story.event_fields(recording, event)
        fields["error"] = _ERRORS.get(event.name, "RuntimeError")
        variant = {Happening.WATCH: "watch", Happening.ASK: ""}.get(event.what, "reset")
        marks = (story.opened(recording, event.tape),)
        yield story.told(recording, CODE, event.place, fields, marks, variant, event.context)
