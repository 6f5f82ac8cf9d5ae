"""TAP611: a gradient is computed and nothing is done with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP611"

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def find(recording: Recording) -> Iterator[Finding]:
    read = cache(_is_read)
    for ask in recording.asks:
        if not ask.certain or ask.context.guards or not recording.here(ask.place):
            continue
        if story.in_test(recording, ask.place):
            continue
        function = _outermost(recording, ask.place.node)
        statement = recording.parents.get(id(ask.place.node))
        if function is None or statement is None:
            continue
        if isinstance(statement, ast.Expr):
            if not _timed(recording, statement):
                yield _told(recording, ask, "")
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and not target.id.startswith("_") and not read(function, target.id):
                yield _told(recording, ask, target.id)


def _outermost(recording: Recording, node: ast.AST) -> Definition | None:
    """The outermost function around a place; None at the level of the module."""
    found: Definition | None = None
    at = recording.parents.get(id(node))
    while at is not None:
        if isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found = at
        at = recording.parents.get(id(at))
    return found


_CLOCKS = frozenset(
    {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "process_time", "default_timer"}
)


def _timed(recording: Recording, statement: ast.AST) -> bool:
    """Whether a clock is read before and after a statement, beside it: it is there to see how long it takes."""
    above = recording.parents.get(id(statement))
    while isinstance(above, (ast.With, ast.AsyncWith)):
        statement, above = above, recording.parents.get(id(above))
    body = [part for part in getattr(above, "body", ()) if isinstance(part, ast.stmt)]
    if statement not in body:
        return False
    at = body.index(statement)
    return any(map(_reads_clock, body[:at])) and any(map(_reads_clock, body[at + 1 :]))


def _reads_clock(statement: ast.stmt) -> bool:
    return any(
        isinstance(part, ast.Call)
        and (part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")) in _CLOCKS
        for part in walk(statement)
    )


def _is_read(function: Definition, name: str) -> bool:
    """Whether code in the function reads the name, or could read it without naming it."""
    for node in walk(function):
        if isinstance(node, ast.Name) and (
            (node.id == name and not isinstance(node.ctx, ast.Store)) or node.id in ("locals", "vars", "exec", "eval")
        ):
            return True
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return True
    return False


def _told(recording: Recording, ask: Ask, name: str) -> Finding:
    fields = {**fields_of(recording, ask), "name": name}
    marks = (story.opened(recording, ask.tape),)
    return story.told(recording, CODE, ask.place, fields, marks, "name" if name else "", ask.context)
