"""TAP502: a gradient of a gradient on one tape that had stopped recording."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP502"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.AFTER_TAPE, CutKind.OTHER_TAPE, CutKind.PAUSED):
        assert case.met is not None
        first = next((ask for ask in story.unrecorded_asks(case)), None)
        if first is None or first.tape is not case.ask.tape:
            continue
        fields = {**case.fields, "first_method": first.method}
        variant = "zeros" if case.ask.method == "batch_jacobian" else ""
        marks = (story.opened(recording, case.ask.tape), story.mark(recording, "first", first.place))
        if first.place.node is case.ask.place.node:
            variant = "loop"
            loop = case.ask.context.loops[-1].place if case.ask.context.loops else None
            marks = (story.opened(recording, case.ask.tape), story.head(recording, "first", loop))
        yield story.told(recording, CODE, case.ask.place, fields, marks, variant, case.ask.context)
