"""TAP310: nothing leads from the source to the target."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Recording
from tapelint.play.values import VariableSet
from tapelint.rules import story
from tapelint.rules.arguments_swapped import swapped
from tapelint.rules.unwatched_source import rebound_variable

CODE = "TAP310"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_USED):
        source = case.verdict.source
        if rebound_variable(recording, source) or swapped(recording, case.ask):
            continue
        if case.verdict.part:
            name = story.weight_name(recording, source)
            made = (story.mark(recording, "made", source.place), story.opened(recording, case.ask.tape))
            fields = {**case.fields, "name": name}
            yield story.told(recording, CODE, case.verdict.node, fields, made, "unused-weight", case.ask.context)
            continue
        whole = isinstance(source, VariableSet) and not source.part
        marks = (
            story.mark(recording, "made", None if whole else source.place),
            story.mark(recording, "used", case.ask.target.place),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        variant = "other-model" if whole else ""
        yield story.told(recording, CODE, case.verdict.node, case.fields, marks, variant, case.ask.context)
