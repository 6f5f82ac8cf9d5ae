"""TAP310: nothing leads from the source to the target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding, Mark
from tapelint.play.ask import Ask, Fault
from tapelint.play.recording import Recording
from tapelint.play.values import CUTS, Data, Either, Instance, Object, Place, Value, Variable, VariableSet
from tapelint.rules import blocks, story
from tapelint.rules.arguments_swapped import swapped
from tapelint.rules.unwatched_source import handed_over, rebound_variable

CODE = "TAP310"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_USED, Fault.CONSTANT_TARGET):
        source = case.verdict.source
        first = story.straight(recording, case.ask)
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
            made = (story.mark(recording, "made", source.place), story.recorded(recording, case.ask))
            fields = {**case.fields, "name": name}
            yield story.told(recording, CODE, case.verdict.node, fields, made, "unused-weight", case.ask.context)
            continue
        whole = isinstance(source, VariableSet) and not source.part
        marks: tuple[tuple[Mark, ...], ...] = (
            story.mark(recording, "made", None if whole else source.place),
            model_call(recording, case.ask) if whole else (),
            _origin(recording, case.ask.target, whole),
            story.recorded(recording, case.ask),
            story.asked(recording, case.ask),
        )
        variant = "other-model" if whole else ""
        if isinstance(source, Data) and source.op == "model" and (call := model_call(recording, case.ask)):
            variant, marks = "other-call", (call, *marks)
        if whole and isinstance(source, VariableSet) and (layers := _made_in_calls(recording, case.ask, source.owner)):
            variant = "made-in-call"
            marks = (story.mark(recording, "layer", layers[0]), *marks)
        if isinstance(case.ask.target, Variable):
            variant = "stored"
        if handed_over(source):
            variant = "traced"
        fields = {**case.fields, "kind": _kind(source)}
        yield story.told(recording, CODE, case.verdict.node, fields, marks, variant, case.ask.context)


def _kind(source: Value) -> str:
    """What variables belong to, in a word."""
    owner = source.owner if isinstance(source, VariableSet) else None
    return "layer" if isinstance(owner, (Instance, Object)) and owner.kind == "layer" else "model"


def _origin(recording: Recording, target: Value, whole: bool) -> tuple[Mark, ...]:
    """Where the target comes from: computed at one place, a variable, or one of several."""
    if isinstance(target, Either):
        options = () if whole else target.options
        return tuple(mark for option in options for mark in story.mark(recording, "either", option.place))
    if isinstance(target, Variable):
        return story.mark(recording, "variable", target.place)
    return story.mark(recording, "used", target.place)


def model_call(recording: Recording, ask: Ask) -> tuple[Mark, ...]:
    """The last call of a model that the target comes from."""
    behind = recording.behind(ask.target, cuts=CUTS, maybe=True)
    calls = [
        value for value in behind if isinstance(value, Data) and value.op == "model" and recording.here(value.place)
    ]
    last = max(calls, key=lambda value: value.time, default=None)
    return story.mark(recording, "model", _seen_from(recording, last, ask) if last is not None else None)


def _seen_from(recording: Recording, call: Data, ask: Ask) -> Place | None:
    """The call of a model, or the call that leads to it in the function that asks the tape or opens it."""
    running = [place for place in recording.calls_at(call.time) if recording.here(place)]
    for side in (ask.place, ask.tape.place):
        around = story.scope_around(recording, side) if side is not None and recording.here(side) else None
        for place in running:
            if isinstance(place.node, ast.Call) and story.scope_around(recording, place) is around:
                return place
    return call.place


def _made_in_calls(recording: Recording, ask: Ask, owner: Value) -> list[Place]:
    """Where methods of a model make layers anew while the tape records, and the target depends on their weights."""
    if not isinstance(owner, Instance) or ask.session is None:
        return []
    body = owner.cls.node
    found: list[Place] = []
    for value, _ in recording.reads(ask.target, maybe=True):
        layer = value.owner if isinstance(value, VariableSet) else None
        if not isinstance(layer, Object) or layer.place is None or layer.time < ask.session.began:
            continue
        if recording.here(layer.place) and blocks.contains(body, layer.place.node):
            found.append(layer.place)
    return sorted(found, key=lambda place: recording.span(place).start)


def _second(recording: Recording, case: story.Missing, first: Ask) -> Finding:
    """The second derivative of something linear: None where zero was meant."""
    fields = {**case.fields, "value": recording.text(first.target_node)}
    marks = (
        story.mark(recording, "used", first.target.place),
        story.mark(recording, "first", first.place),
        story.recorded(recording, case.ask),
    )
    return story.told(recording, CODE, case.ask.place, fields, marks, "second-derivative", case.ask.context)
