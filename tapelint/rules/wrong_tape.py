"""TAP108: the target was recorded by another tape than the one that is asked."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Data, Tape
from tapelint.rules import story

CODE = "TAP108"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.OTHER_TAPE):
        assert case.met is not None
        value = case.met.value
        if not isinstance(value, Data) or story.asks_behind(value):
            continue  # a derivative of a derivative: TAP501 and TAP502
        other = _recorder(recording, value, case.ask.tape)
        if other is None:
            continue
        fields = {**case.fields, "other": story.tape_name(other)}
        marks = (
            story.opened(recording, case.ask.tape),
            story.mark(recording, "other", other.place),
            story.mark(recording, "made", value.place),
        )
        yield story.told(recording, CODE, case.ask.place, fields, marks, "", case.ask.context)


def _recorder(recording: Recording, value: Data, asked: Tape) -> Tape | None:
    tapes = [recording.sessions[number].tape for number in value.sessions]
    return next((tape for tape in tapes if tape is not asked), None)
