"""TAP503: only one of two nested tapes watches the tensor."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.rules import blocks, story
from tapelint.rules.unwatched_source import watched_by_another

CODE = "TAP503"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.UNWATCHED):
        if not watched_by_another(recording, case):
            continue
        watch = next(
            event
            for event in recording.happened(Happening.WATCH)
            if event.value is case.verdict.source and event.tape is not case.ask.tape
        )
        fields = {**case.fields, "watcher": story.tape_name(watch.tape)}
        marks = (story.opened(recording, case.ask.tape), story.mark(recording, "watch", watch.place))
        variant = "zeros" if case.ask.method == "batch_jacobian" else ""
        fix = blocks.watch_first(recording, case, Applicability.SAFE)
        yield story.told(recording, CODE, case.ask.place, fields, marks, variant, case.ask.context, fix)
