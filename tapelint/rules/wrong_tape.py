"""TAP108: the target was recorded by another tape than the one that is asked."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import CutKind, Data, Tape
from tapelint.rules import blocks, story

CODE = "TAP108"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.OTHER_TAPE):
        other = story.recorder(recording, case.ask)
        if other is None:
            continue
        receiver = case.ask.node.func
        asked = recording.text(receiver.value) if isinstance(receiver, ast.Attribute) else case.fields["tape"]
        fields = {**case.fields, "tape": asked, "other": story.tape_name(other)}
        same = story.tape_name(other) == story.tape_name(case.ask.tape)  # a helper opens them under one name
        marks = (
            story.recorded(recording, case.ask),
            story.mark(recording, "other", story.entered(recording, other, case.ask.time)),
            story.mark(recording, "made", case.ask.target.place),
        )
        fix = asked_there(recording, case.ask, other)
        yield story.told(recording, CODE, case.ask.place, fields, marks, "same" if same else "", case.ask.context, fix)


def asked_there(recording: Recording, ask: Ask, other: Tape) -> Fix | None:
    """Ask the tape that recorded the target, if its name is in reach and it was not asked itself."""
    receiver = ask.node.func
    if not isinstance(receiver, ast.Attribute) or not isinstance(receiver.value, ast.Name) or not other.name:
        return None
    if other.place is None or not recording.here(other.place) or not recording.here(ask.place):
        return None
    function = blocks.function_of(recording, ask.node)
    scope = function or recording.tree
    asked = any(event.what is Happening.ASK for event in recording.events_of(other))
    if (asked and other.persistent is not True) or function is not blocks.function_of(recording, other.place.node):
        return None
    names = blocks.writes(scope, other.name)
    if len(names) != 1 or not isinstance(names[0], ast.Name) or _others(recording, ask, other):
        return None
    edit = Edit(recording.span(receiver.value), other.name)
    return Fix(f"ask `{other.name}`", Applicability.SAFE, (edit,))


def _others(recording: Recording, ask: Ask, other: Tape) -> bool:
    """Whether the target is a structure that several tapes recorded."""
    leaves = recording.leaves(ask.target)
    numbers = {number for leaf in leaves if isinstance(leaf, Data) for number in leaf.sessions}
    return {recording.sessions[number].tape.id for number in numbers} != {other.id}
