"""TAP804: a new tf.function is made for every call, and each is traced again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.fixes import statements
from tapelint.play.context import Trace
from tapelint.play.recording import Recording
from tapelint.play.records import Wrapping
from tapelint.rules import story

CODE = "TAP804"

_CONDITIONAL = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.Match)


def find(recording: Recording) -> Iterator[Finding]:
    for at, later in enumerate(recording.wrappings):
        loop = later.context.loops[-1] if later.context.loops else None
        if loop is None or loop.round < 2 or not recording.here(later.place):
            continue
        earlier = next((one for one in reversed(recording.wrappings[:at]) if _same(one, later)), None)
        if earlier is None or _conditional(recording, later):
            continue
        after = next((one.time for one in recording.wrappings[at + 1 :] if one.place == later.place), 1 << 60)
        first = _calls(recording, earlier, earlier.time, later.time)
        second = _calls(recording, later, later.time, after)
        if len(first) == 1 and len(second) == 1:
            yield _told(recording, later, second[0])


def _same(one: Wrapping, later: Wrapping) -> bool:
    """Whether the same function was wrapped at the same place in the round before."""
    if one.place != later.place or one.identity != later.identity or not one.context.loops:
        return False
    before, now = one.context.loops[-1], later.context.loops[-1]
    return before.place == now.place and before.round == now.round - 1


def _calls(recording: Recording, one: Wrapping, begin: int, end: int) -> list[Trace]:
    return [trace for trace in recording.trace_calls if trace.function == one.function and begin < trace.time < end]


def _conditional(recording: Recording, one: Wrapping) -> bool:
    """Whether a condition in the loop may keep the function from being made again."""
    loop = one.context.loops[-1].place.node
    calls = list(one.context.calls)
    first = next((at for at, call in enumerate(calls) if _inside(recording, call.node, loop)), len(calls))
    for place in (one.place, *calls[first:]):
        at: ast.AST | None = place.node
        while at is not None and at is not loop:
            outer = recording.parents.get(id(at))
            if isinstance(outer, _CONDITIONAL):
                return True
            at = outer
    return False


def _inside(recording: Recording, node: ast.AST, loop: ast.AST) -> bool:
    at: ast.AST | None = node
    while at is not None and at is not loop:
        at = recording.parents.get(id(at))
    return at is loop


def _told(recording: Recording, one: Wrapping, call: Trace) -> Finding:
    at = recording.decorators.get((id(one.place.node), "tensorflow.function"), one.place)
    name = f"`{one.name}`" if one.name != "<lambda>" else "the lambda"
    marks = (
        story.head(recording, "made", one.context.loops[-1].place),
        story.mark(recording, "used", call.call),
    )
    return story.told(recording, CODE, at, {"function": name}, marks, "", None, _fix(recording, one))


def _fix(recording: Recording, one: Wrapping) -> Fix | None:
    """Move the definition, or the line that wraps the function, in front of the loop."""
    loop = one.context.loops[-1].place.node
    body = loop.body if isinstance(loop, (ast.For, ast.While)) else []
    node = one.place.node
    for statement in body:
        if statement is node or (isinstance(statement, ast.Assign) and statement.value is node):
            assert isinstance(loop, ast.stmt)
            edits = statements.hoisted(recording.source, statement, loop)
            return Fix("make it once, before the loop", Applicability.UNSAFE, edits) if edits is not None else None
    return None
