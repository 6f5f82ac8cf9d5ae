"""TAP105: a tape that records, and that nobody asks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import ASKS
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Tape
from tapelint.rules import blocks, story

CODE = "TAP105"
_USED = frozenset({Happening.ASK, Happening.ESCAPE, Happening.UNKNOWN_METHOD, Happening.RESET})


def find(recording: Recording) -> Iterator[Finding]:
    unnamed = {tape.id for tape in recording.unnamed}
    used = {event.tape.place for event in recording.events if event.what in _USED}
    for tape in recording.tapes:
        if tape.place is None or tape.id in unnamed or recording.stored.get(tape.id) or not tape.name:
            continue
        events = recording.events_of(tape)
        if tape.place in used or tape.id in recording.read:
            continue
        if recording.functions.get(tape.id) is None or story.in_test(recording, tape.place):
            continue  # at module level whoever imports it may ask; a test may only want to see the block run
        entered = [event for event in events if event.what is Happening.ENTER]
        left = [event for event in events if event.what is Happening.EXIT]
        if not entered or not left or entered[0].context.guards or recording.handed_on(tape):
            continue
        if _asked_out_of_reach(recording, tape) or _to_be_written(recording, tape) or _shared(recording, tape):
            continue
        fix = _unwrapped(recording, tape)
        item = _one_of_several(recording, tape)
        fields, variant = {"tape": tape.name, "item": item}, "item" if item else ""
        if _named(recording, tape):
            variant = "item_named" if item else "named"
        yield story.told(recording, CODE, tape.place, fields, (), variant, entered[0].context, fix)


def _named(recording: Recording, tape: Tape) -> bool:
    """Whether more than the `with` statement names the tape (`tape.watch(x)`, `del tape`), and has to go with it."""
    around = blocks.block(recording, tape)
    function = blocks.function_of(recording, around) if around is not None else None
    if around is None or function is None:
        return False
    own = {id(item.optional_vars) for item in around.items}
    first = recording.span(around).start
    others = [recording.span(node).start for node in blocks.writes(function, tape.name) if id(node) not in own]
    end = min((start for start in others if start > first), default=len(recording.source.text))
    return any(first <= recording.span(node).start < end for node in blocks.reads(function, tape.name))


def _asked_out_of_reach(recording: Recording, tape: Tape) -> bool:
    """Whether a question to the tape stands behind its block, where no path leads (behind an `assert False`, say)."""
    around = blocks.block(recording, tape)
    function = blocks.function_of(recording, around) if around is not None else None
    if around is None or function is None:
        return False
    end = recording.span(around).end
    taken = [start for node in blocks.writes(function, tape.name) if (start := recording.span(node).start) >= end]
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ASKS
        and ast.unparse(node.value) == tape.name
        and end <= recording.span(node).start < min(taken, default=len(recording.source.text))
        for node in walk(function)
    )


def _shared(recording: Recording, tape: Tape) -> bool:
    """Whether the name of the tape lies outside of its function, where others may ask it."""
    around = blocks.block(recording, tape)
    function = blocks.function_of(recording, around) if around is not None else None
    return function is not None and any(
        isinstance(node, (ast.Global, ast.Nonlocal)) and tape.name in node.names for node in walk(function)
    )


def _to_be_written(recording: Recording, tape: Tape) -> bool:
    """Whether `...` stands in the function where something is still to be written, as in an exercise."""
    around = blocks.block(recording, tape)
    function = blocks.function_of(recording, around) if around is not None else None
    return function is not None and any(
        isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr))
        and isinstance(node.value, ast.Constant)
        and node.value.value is ...
        for node in walk(function)
    )


def _one_of_several(recording: Recording, tape: Tape) -> str:
    """What opens the tape in a `with` statement that opens other things as well, or ""."""
    around = blocks.block(recording, tape)
    items = around.items if around is not None and len(around.items) > 1 else []
    assert tape.place is not None
    return next((ast.unparse(item) for item in items if item.context_expr is tape.place.node), "")


def _unwrapped(recording: Recording, tape: Tape) -> Fix | None:
    """The block without its `with` line."""
    around = blocks.block(recording, tape)
    if around is None or len(around.items) > 1:
        return None
    if any(event.what is Happening.WATCH for event in recording.events_of(tape)):
        return None
    if any(blocks.reads(recording.tree, tape.name)):
        return None
    lines = blocks.own_lines(recording, around)
    body = blocks.own_lines(recording, around.body[0])
    if lines is None or body is None or any(blocks.multiline_text(statement) for statement in around.body):
        return None
    source = recording.source
    inner, outer = blocks.indent(recording, around.body[0]), blocks.indent(recording, around)
    if not inner.startswith(outer) or around.items[0].context_expr.end_lineno == around.body[0].lineno:
        return None
    rows = source.text[body.start : lines.end].splitlines(keepends=True)
    text = "".join(outer + row[len(inner) :] if row.startswith(inner) else row for row in rows)
    return Fix("take the `with` line out", Applicability.UNSAFE, (Edit(lines, text),))
