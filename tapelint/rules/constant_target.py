"""TAP316: the target depends on nothing that the tape tracks."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.rules import story
from tapelint.rules.unwatched_source import rebound_variable

CODE = "TAP316"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.CONSTANT_TARGET):
        if rebound_variable(recording, case.verdict.source) or story.straight(recording, case.ask) is not None:
            continue
        marks = (
            story.mark(recording, "made", case.ask.target.place),
            story.recorded(recording, case.ask),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, case.ask.target_node, case.fields, marks, "", case.ask.context)
