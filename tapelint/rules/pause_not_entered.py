"""TAP115: `tape.stop_recording()` as a statement."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP115"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.BARE_PAUSE):
        if event.state.only(Phase.CREATED) or event.context.guards:
            continue
        fields = {"tape": story.tape_name(event.tape), "method": "stop_recording"}
        marks = (story.opened(recording, event.tape),)
        yield story.told(recording, CODE, event.place, fields, marks, "", event.context)
