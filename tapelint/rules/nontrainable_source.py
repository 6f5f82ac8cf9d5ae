"""TAP209: the source is a variable that is not trainable."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Recording
from tapelint.play.values import Variable, VariableSet
from tapelint.rules import story

CODE = "TAP209"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_TRAINABLE):
        source = case.verdict.source
        variant = "non_trainable" if isinstance(source, VariableSet) else ""
        made = source.place if isinstance(source, Variable) else None
        marks = (
            story.mark(recording, "made", made),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, case.verdict.node, case.fields, marks, variant, case.ask.context)
