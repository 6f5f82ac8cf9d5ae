"""TAP211: the weights of a layer are watched before they exist."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Fault, Standing
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import Value, VariableSet
from tapelint.rules import story

CODE = "TAP211"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.WATCH):
        owner = _unbuilt(recording, event)
        if owner is None or event.tape.watches_accessed is not False:
            continue
        ask = next((ask for ask in recording.asks if ask.tape is event.tape and _lost(ask, owner)), None)
        if ask is None or ask.expected_none or ask.zero or ask.context.experiment:
            continue
        fields = story.event_fields(recording, event)
        fields["name"] = story.value_name(recording, owner) or _holder(fields["source"])
        marks = (
            story.mark(recording, "made", owner.place),
            story.created(recording, event.tape),
            story.asked(recording, ask),
        )
        variant = _variant(recording, recording.text(event.place))
        yield story.told(recording, CODE, event.place, fields, marks, variant, event.context)
    yield from _one_by_one(recording)


def _one_by_one(recording: Recording) -> Iterator[Finding]:
    """`for weight in layer.trainable_variables: tape.watch(weight)`: no round at all."""
    for loop in recording.nodes if recording.unbuilt_at else ():
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
            continue
        owner = recording.unbuilt_at.get(id(loop.iter))
        watch = loop.body[0].value if owner is not None and isinstance(loop.body[0], ast.Expr) else None
        if owner is None or not isinstance(watch, ast.Call) or not isinstance(watch.func, ast.Attribute):
            continue
        ask = next((ask for ask in recording.asks if _lost(ask, owner)), None)
        if ask is None or watch.func.attr != "watch" or recording.text(watch.func.value) != ask.tape.name:
            continue
        if ask.expected_none or ask.zero or ask.context.experiment or ask.tape.watches_accessed is not False:
            continue
        words = recording.text(loop.iter)
        fields = {"tape": ask.tape.name, "source": words, "name": story.value_name(recording, owner) or _holder(words)}
        marks = (
            story.mark(recording, "made", owner.place),
            story.created(recording, ask.tape),
            story.asked(recording, ask),
        )
        variant = _variant(recording, recording.text(watch))
        yield story.told(recording, CODE, watch, fields, marks, variant, ask.context)


def _variant(recording: Recording, words: str) -> str:
    """Under Keras 3 a built weight could not be watched either, only its value."""
    return "keras" if recording.keras == 3 and ".value" not in words else ""


def _unbuilt(recording: Recording, event: Event) -> Value | None:
    """The layer or model without weights whose (empty) list is watched, also value by value."""
    if event.value is None:
        return None
    owner = recording.unbuilt.get(event.value.id)
    if owner is not None:
        return owner
    call = event.place.node
    given = call.args[0] if isinstance(call, ast.Call) and call.args else None
    if isinstance(given, (ast.ListComp, ast.GeneratorExp)) and recording.contents.get(event.value.id) == ():
        return recording.unbuilt_at.get(id(given.generators[0].iter))
    return None


def _holder(source: str) -> str:
    """`layer` in `layer.trainable_variables` and in `[weight.value for weight in layer.trainable_variables]`."""
    return source.rsplit(" in ", 1)[-1].rsplit(".", 1)[0]


def _lost(ask: Ask, owner: Value) -> bool:
    """Whether the call asks for the weights of `owner` and gets nothing."""
    return any(
        verdict.standing is Standing.CUT
        and verdict.fault is Fault.NOTHING_WATCHED
        and isinstance(verdict.source, VariableSet)
        and verdict.source.owner is owner
        for verdict in ask.verdicts
    )
