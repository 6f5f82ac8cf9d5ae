"""TAP601: target and source are swapped, or a second source stands where none belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask, Fault, Standing
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import Data, Sequence, Unknown, Value, Variable, VariableSet
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP601"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if (second := _second_source(recording, ask)) is not None:
            yield _told_second(recording, ask, second)
            continue
        if ask.zero or ask.expected_none or not swapped(recording, ask):
            continue
        fields = fields_of(recording, ask)
        marks = (story.mark(recording, "made", ask.sources.place),)
        variant = "zeros" if ask.method == "batch_jacobian" else ""
        yield story.told(recording, CODE, ask.place, fields, marks, variant, ask.context, _fix(recording, ask))


def _second_source(recording: Recording, ask: Ask) -> Value | None:
    """What stands in the place of `output_gradients` and was meant as a source: the tape watches it for this target."""
    given = ask.arguments.get("output_gradients")
    if ask.method != "gradient" or not ask.certain or given is None or len(ask.node.args) != 3:
        return None
    if given is ask.target or given not in recording.behind(ask.target, maybe=True):
        return None
    if isinstance(given, (Variable, VariableSet)):
        return given if getattr(given, "trainable", True) else None
    told = isinstance(given, (Data, Unknown)) and _watched(recording, ask, given) is not None
    return given if told else None


def _watched(recording: Recording, ask: Ask, value: Value) -> Event | None:
    """Where the tape was told to watch a value, alone or in a list with others."""
    for event in recording.happened(Happening.WATCH):
        given = event.value if event.tape is ask.tape else None
        if given is not None and any(leaf.id == value.id for leaf in (given, *recording.leaves(given))):
            return event
    return None


def _told_second(recording: Recording, ask: Ask, second: Value) -> Finding:
    source, third = (recording.text(node) for node in ask.node.args[1:3])
    fields = {"tape": story.tape_name(ask.tape), "method": ask.method, "source": source, "target": third}
    watched = _watched(recording, ask, second)
    marks = (story.mark(recording, "watched", watched.place if watched is not None else None),)
    first, last = (recording.span(node) for node in ask.node.args[1:3])
    edits = (Edit(Span(first.start, first.start), "["), Edit(Span(last.end, last.end), "]"))
    listed = isinstance(ask.sources, (Sequence, VariableSet)) or isinstance(second, VariableSet)
    plain = not listed and not any(isinstance(node, ast.Starred) for node in ask.node.args)
    fix = Fix(f"ask for both: `[{source}, {third}]`", Applicability.SAFE, edits) if plain else None
    return story.told(recording, CODE, ask.node.args[2], fields, marks, "second-source", ask.context, fix)


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """The two texts change places, where reading them is all that they do."""
    given = ask.node.args[:2]
    if len(given) < 2 or any(isinstance(part, (*_DOING, ast.Starred)) for node in given for part in walk(node)):
        return None
    one, other = (recording.span(node) for node in given)
    words = recording.segment
    edits = (Edit(one, words(other)), Edit(other, words(one)))
    return Fix(f"swap them: `{recording.text(given[1])}` first", Applicability.SAFE, edits)


_DOING = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def swapped(recording: Recording, ask: Ask) -> bool:
    """Whether the source was computed from the target, which itself is a variable or a watched tensor."""
    return ask.backwards and any(
        verdict.standing is Standing.CUT and verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET, Fault.RECREATED)
        for verdict in ask.verdicts
    )
