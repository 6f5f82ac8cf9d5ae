"""TAP531: `jvp` is asked for a value that was computed while the accumulator was not active."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Met, Standing
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Data, Place
from tapelint.rules import indents, story

CODE = "TAP531"

_VARIANTS = {CutKind.AFTER_TAPE: "", CutKind.BEFORE_TAPE: "before"}


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.jvps:
        if ask.zero or ask.expected_none or ask.context.experiment:
            continue
        if not ask.verdicts:
            if ask.backwards:
                yield _told(recording, ask, ask.target.place, "never")
            continue
        if any(verdict.standing is not Standing.CUT for verdict in ask.verdicts):
            continue
        met = ask.verdicts[0].cut
        if met is not None and ask.verdicts[0].fault is None and met.cut.kind in _VARIANTS:
            yield _told(recording, ask, _call(recording, ask, met), _VARIANTS[met.cut.kind])


def _call(recording: Recording, ask: Ask, met: Met) -> Place:
    """Where the value was made, or the call of the helper that made it: the place that has to move."""
    operation = recording.operations.get(met.value.id)
    calls, own = operation.context.calls if operation is not None else (), ask.context.calls
    inside = len(calls) > len(own) and calls[: len(own)] == own
    return calls[len(own)] if inside else met.cut.place


def _told(recording: Recording, ask: Ask, place: Place | None, variant: str) -> Finding:
    name = next(
        (recording.names.get(made.id, "") for made in recording.accumulators if made.args["tape"] is ask.tape), ""
    )
    target = story.value_name(recording, ask.target) if isinstance(ask.target, Data) else ""
    fields = {"name": name or "the accumulator", "target": target or recording.text(ask.target_node)}
    marks = (story.mark(recording, "made", story.entered(recording, ask.tape)), story.asked(recording, ask))
    at = place if place is not None and recording.here(place) else ask.place
    fix = None
    if not variant and at is not ask.place:
        inside = any(at.node is node for node in walk(ask.node))
        fix = indents.target_in_block(recording, ask) if inside else indents.last_in_block(recording, ask.tape, at)
    return story.told(recording, CODE, at, fields, marks, variant, ask.context, fix)
