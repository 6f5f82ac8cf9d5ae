"""TAP310: nothing leads from the source to the target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Recording
from tapelint.play.values import Value, VariableSet
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
            name = _weight_name(recording, source)
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


def _weight_name(recording: Recording, source: Value) -> str:
    """How the program calls a weight: the attribute that it is kept in, else its `name=`."""
    node = source.place.node if source.place is not None else None
    for parent in recording.nodes:
        if isinstance(parent, ast.Assign) and parent.value is node:
            return recording.text(parent.targets[0])
    return recording.text(node) if node is not None else "it"
