"""TAP613: zeros are asked for a Keras 3 variable that has no path to the target."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Fault, Standing, Verdict
from tapelint.play.recording import Recording
from tapelint.play.values import Const, Symbol, VariableSet
from tapelint.rules import story
from tapelint.rules.gradients import argument_node, fields_of
from tapelint.rules.watch_keras_variable import is_keras

CODE = "TAP613"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for ask in recording.asks:
        if not _zeros(ask) or ask.method == "batch_jacobian" or not ask.certain or not recording.here(ask.place):
            continue
        if ask.context.guarded("AttributeError"):
            continue
        given = recording.leaves(ask.sources)
        own = [verdict for verdict in ask.verdicts if any(leaf is verdict.source for leaf in given)]
        verdict = next((verdict for verdict in (*own, *(idle for _, idle in ask.idle)) if _without_path(verdict)), None)
        if verdict is not None:
            yield _told(recording, ask, verdict)


def _zeros(ask: Ask) -> bool:
    value = ask.arguments.get("unconnected_gradients")
    if isinstance(value, Const):
        return value.value == "zero"
    return isinstance(value, Symbol) and value.name.endswith("UnconnectedGradients.ZERO")


def _without_path(verdict: Verdict) -> bool:
    unused = verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET)
    return verdict.standing is Standing.CUT and unused and is_keras(verdict.source)


def _told(recording: Recording, ask: Ask, verdict: Verdict) -> Finding:
    fields = fields_of(recording, ask)
    whose = verdict.source.owner if isinstance(verdict.source, VariableSet) else verdict.source
    marks = (story.opened(recording, ask.tape, ask.time), story.mark(recording, "made", whose.place))
    node = argument_node(ask, 3 if ask.method == "gradient" else 2, "unconnected_gradients")
    return story.told(recording, CODE, node or ask.place, fields, marks, "", ask.context)
