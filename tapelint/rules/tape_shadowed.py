"""TAP107: a nested tape takes the name of the tape around it, which is asked through that name afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Event, Happening, Recording, Standing
from tapelint.play.tape import Phase
from tapelint.play.values import Tape
from tapelint.rules import story

CODE = "TAP107"


def find(recording: Recording) -> Iterator[Finding]:
    for rebind in recording.happened(Happening.REBIND):
        outer, inner = rebind.tape, rebind.value
        if not rebind.state.only(Phase.RECORDING) or not isinstance(inner, Tape) or any(
            event.what in (Happening.ASK, Happening.ESCAPE) for event in recording.events_of(outer)
        ):
            continue
        # In a loop the inner tape is another object in every round: they share the place where they are made.
        asks = [event for event in recording.happened(Happening.ASK) if event.tape.place == inner.place]
        wrong = next((event for event in asks if event.time > rebind.time and _fails(recording, event)), None)
        if wrong is None or wrong.context.guarded("RuntimeError"):
            continue
        fields = {"tape": rebind.name, "target": story.event_fields(recording, wrong)["target"]}
        marks = (
            story.opened(recording, outer),
            story.mark(recording, "first", asks[0].place),
            story.mark(recording, "used", wrong.place),
        )
        variant = "" if wrong.state.only(Phase.CONSUMED) else "persistent"
        yield story.told(recording, CODE, rebind.place, fields, marks, variant, rebind.context)


def _fails(recording: Recording, event: Event) -> bool:
    if event.state.only(Phase.CONSUMED):
        return True
    return any(
        verdict.standing is Standing.CUT
        for ask in recording.asks
        if ask.place == event.place and ask.tape is event.tape
        for verdict in ask.verdicts
    )
