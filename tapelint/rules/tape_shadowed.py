"""TAP107: a nested tape takes the name of the tape around it, which is asked through that name afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Standing
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.play.values import Tape
from tapelint.rules import blocks, story

CODE = "TAP107"


def find(recording: Recording) -> Iterator[Finding]:
    for rebind in recording.happened(Happening.REBIND):
        outer, inner = rebind.tape, rebind.value
        if (
            not rebind.state.only(Phase.RECORDING)
            or not isinstance(inner, Tape)
            or any(event.what in (Happening.ASK, Happening.ESCAPE) for event in recording.events_of(outer))
        ):
            continue
        # In a loop the inner tape is another object in every round: they share the place where they are made.
        asks = [event for event in recording.happened(Happening.ASK) if event.tape.place == inner.place]
        wrong = next((event for event in asks if event.time > rebind.time and _fails(recording, event)), None)
        if wrong is None or wrong.context.guarded("RuntimeError"):
            continue
        fields = {"tape": rebind.name, "target": story.event_fields(recording, wrong)["target"]}
        marks = (
            story.created(recording, outer),
            story.mark(recording, "first", asks[0].place),
            story.mark(recording, "used", wrong.place),
        )
        variant = "" if wrong.state.only(Phase.CONSUMED) else "persistent"
        fix = _renamed(recording, rebind, wrong)
        yield story.told(recording, CODE, rebind.place, fields, marks, variant, rebind.context, fix)


def _renamed(recording: Recording, rebind: Event, wrong: Event) -> Fix | None:
    """Another name for the inner tape, up to the call that means the outer one."""
    old, new = rebind.name, f"inner_{rebind.name}"
    function = blocks.function_of(recording, rebind.place.node)
    scope = function or recording.tree
    start, end = recording.span(rebind.place).start, recording.span(wrong.place).start
    if (
        function is not blocks.function_of(recording, wrong.place.node)
        or blocks.function_of(recording, rebind.tape.place.node if rebind.tape.place else scope) is not function
    ):
        return None
    if any(isinstance(node, ast.Name) and node.id == new for node in recording.nodes):
        return None
    if blocks.lent(recording, rebind.tape):
        return None
    named = [node for node in walk(scope) if isinstance(node, ast.Name) and node.id == old]
    inner = sorted(span for node in named if start <= (span := recording.span(node)).start < end)
    if not inner or any(isinstance(node, ast.Global | ast.Nonlocal) for node in walk(scope)):
        return None
    return Fix(f"call the inner tape `{new}`", Applicability.UNSAFE, tuple(Edit(span, new) for span in inner))


def _fails(recording: Recording, event: Event) -> bool:
    if event.state.only(Phase.CONSUMED):
        return True
    return any(
        verdict.standing is Standing.CUT
        for ask in recording.asks
        if ask.place == event.place and ask.tape is event.tape
        for verdict in ask.verdicts
    )
