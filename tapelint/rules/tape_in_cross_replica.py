"""TAP811: a gradient of mirrored variables is asked inside `strategy.scope()`, outside any replica."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.context import Scope
from tapelint.play.recording import Recording
from tapelint.play.values import Object, Value, VariableSet
from tapelint.rules import story
from tapelint.rules.gradients import fields_of
from tapelint.rules.replicas import several

CODE = "TAP811"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        scope = ask.context.scope
        if scope is None or not several(scope) or ask.context.replica is not None or ask.context.in_graph:
            continue
        if not ask.certain or ask.context.guarded("ValueError") or not recording.here(ask.place):
            continue
        mirrored = next((leaf for leaf in recording.leaves(ask.sources) if _mirrored(recording, leaf, scope)), None)
        if mirrored is not None:
            yield _told(recording, ask, scope, mirrored)


def _mirrored(recording: Recording, value: Value, scope: Scope) -> bool:
    """Whether a variable certainly was made under the same strategy."""
    made = value.owner if isinstance(value, VariableSet) else value
    return any(
        creation.value is made
        and creation.context.scope is not None
        and creation.context.scope.strategy is scope.strategy
        and (creation.what == "variable" or isinstance(creation.value, Object))
        for creation in recording.creations
    )


def _told(recording: Recording, ask: Ask, scope: Scope, mirrored: Value) -> Finding:
    whose = mirrored.owner if isinstance(mirrored, VariableSet) else mirrored
    marks = (story.mark(recording, "made", scope.place), story.mark(recording, "source", whose.place))
    return story.told(recording, CODE, ask.place, fields_of(recording, ask), marks, "", ask.context)
