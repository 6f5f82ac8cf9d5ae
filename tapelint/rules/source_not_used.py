"""TAP310: nothing leads from the source to the target."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Ask, Fault, Recording
from tapelint.play.values import VariableSet
from tapelint.rules import story
from tapelint.rules.arguments_swapped import swapped
from tapelint.rules.unwatched_source import rebound_variable

CODE = "TAP310"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_USED, Fault.CONSTANT_TARGET):
        source = case.verdict.source
        first = story.straight(case.ask)
        if first is not None:
            if case.ask.method != "batch_jacobian":  # which gives the zeros that are meant
                yield _second(recording, case, first)
            continue
        if case.verdict.fault is Fault.CONSTANT_TARGET:
            continue
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


def _second(recording: Recording, case: story.Missing, first: Ask) -> Finding:
    """The second derivative of something linear: None where zero was meant."""
    fields = {**case.fields, "value": recording.text(first.target_node)}
    marks = (
        story.mark(recording, "used", first.target.place),
        story.mark(recording, "first", first.place),
        story.opened(recording, case.ask.tape),
    )
    return story.told(recording, CODE, case.ask.place, fields, marks, "second-derivative", case.ask.context)
