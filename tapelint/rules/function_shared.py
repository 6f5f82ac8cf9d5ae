"""TAP806: one traced step is used with a second optimizer or model, which makes new variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.context import Trace
from tapelint.play.recording import Recording
from tapelint.play.records import Making
from tapelint.play.values import Const, Object
from tapelint.rules import story

CODE = "TAP806"


def find(recording: Recording) -> Iterator[Finding]:
    for making in recording.makings:
        trace = making.context.trace
        if trace is None or not _called(trace) or making.context.guarded("ValueError") or _stateless(recording, making):
            continue
        earlier = _before(trace)
        if not earlier or not _called(earlier[0]) or _made_inside(recording, making):
            continue
        others = [other for other in recording.makings if any(other.context.trace is call for call in earlier)]
        if not _another(others, making):
            continue
        assert trace.call is not None
        if recording.here(trace.call):
            yield _told(recording, making, trace, earlier[0])


def _before(trace: Trace) -> list[Trace]:
    """The calls of the same traced function on the way that leads here, in the same run, the first one first."""
    calls: list[Trace] = []
    other = trace.earlier
    while other is not None:
        if other.alone is trace.alone:
            calls.insert(0, other)
        other = other.earlier
    return calls


def _another(others: list[Making], making: Making) -> bool:
    """Whether the earlier calls made the variables of another object of the same kind, and not those of this one."""
    same = any(other.value is making.value for other in others)
    return not same and any(other.what == making.what for other in others)


def _called(trace: Trace) -> bool:
    """Whether the program itself calls the function here."""
    return trace.call is not None and isinstance(trace.call.node, ast.Call)


def _stateless(recording: Recording, making: Making) -> bool:
    """SGD without momentum keeps nothing for each variable in Keras 3."""
    value = making.value
    if not isinstance(value, Object) or not value.symbol.endswith(".SGD") or recording.keras != 3:
        return False
    momentum = value.args.get("momentum")
    return momentum is None or (isinstance(momentum, Const) and not momentum.value) or not isinstance(momentum, Const)


def _made_inside(recording: Recording, making: Making) -> bool:
    """Whether the object itself is made in a traced function: TAP801 tells that."""
    return any(made.value is making.value and made.context.trace is not None for made in recording.creations)


def _told(recording: Recording, making: Making, trace: Trace, first: Trace) -> Finding:
    assert trace.call is not None
    fields = {"function": trace.name, "op": making.what}
    marks = (
        story.mark(recording, "first", first.call),
        story.mark(recording, "made", trace.reason),
        story.mark(recording, "used", making.place),
    )
    return story.told(recording, CODE, trace.call, fields, marks, "")
