"""TAP117: one tape around the loop over batches."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.context import Loop
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Data, Unknown, Value, Variable, options
from tapelint.rules import blocks, story
from tapelint.rules.edits import without_argument

CODE = "TAP117"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        tape = ask.tape
        if not ask.certain or ask.session is None or not recording.here(tape.place) or ask.method != "gradient":
            continue
        if any(event.what in (Happening.RESET, Happening.ESCAPE) for event in recording.events_of(tape)):
            continue
        if ask.inside and tape.persistent is True:
            loop = _training(recording, ask)
            if loop is None or _carried(recording, ask, loop.place.node) or _from_before(recording, ask, loop):
                continue
            yield _told(recording, ask, loop.place.node, "")
        elif not ask.inside:
            around = _last_only(recording, ask)
            if around is not None:
                yield _told(recording, ask, around, "last")


def _told(recording: Recording, ask: Ask, loop: ast.AST, variant: str) -> Finding:
    assert ask.tape.place is not None
    fields = {"tape": story.tape_name(ask.tape), "method": ask.method, "target": recording.text(ask.target_node)}
    marks = (story.head(recording, "loop", loop), story.asked(recording, ask))
    fix = _swapped(recording, ask, loop) if not variant else None
    return story.told(recording, CODE, ask.tape.place, fields, marks, variant, None, fix)


def _swapped(recording: Recording, ask: Ask, loop: ast.AST) -> Fix | None:
    """The two headers in the other order, where the loop is all that the block holds; the tape is a plain one then."""
    around = blocks.block(recording, ask.tape)
    call = ask.tape.arguments
    if around is None or around.body != [loop] or len(around.items) > 1:
        return None
    if not isinstance(loop, ast.For) or call is None:
        return None
    keyword = next((item for item in call.keywords if item.arg == "persistent"), None)
    opened = around.items[0]
    if keyword is None or loop.orelse or opened.context_expr is not call or opened.optional_vars is None:
        return None
    outer = Span(recording.span(around).start, recording.span(opened.optional_vars).end)
    inner = Span(recording.span(loop).start, recording.span(loop.iter).end)
    text = recording.segment
    if "\n" in text(outer) or "\n" in text(inner) or isinstance(around, ast.AsyncWith):
        return None
    opening = text(outer)
    for edit in without_argument(recording, call, keyword):
        opening = opening[: edit.span.start - outer.start] + edit.content + opening[edit.span.end - outer.start :]
    edits = (Edit(outer, text(inner)), Edit(inner, opening))
    return Fix("open the tape inside the loop, one for each step", Applicability.UNSAFE, edits)


def _training(recording: Recording, ask: Ask) -> Loop | None:
    """The loop inside the block that asks in every round, and that changes what it asks for."""
    assert ask.session is not None
    for loop in ask.context.loops:
        if loop.time < ask.session.began or loop.round < 2 or ask.again:
            continue
        if any(_in(apply.context.loops, loop) for apply in recording.applies):
            return loop
        sources = recording.leaves(ask.sources)
        for work in recording.works:
            writes = work.how == "write" and _in(work.context.loops, loop) and isinstance(work.value, Variable)
            if writes and any(source is work.value for source in sources):
                return loop
    return None


def _from_before(recording: Recording, ask: Ask, loop: Loop) -> bool:
    """Whether the target also depends on what the tape recorded before the loop: a tape in the loop would miss that."""
    assert ask.session is not None
    for item in recording.behind(ask.target, maybe=True):
        made = isinstance(item, Unknown) and item.role.startswith(("call", "method:"))
        if (made or (isinstance(item, Data) and item.links)) and ask.session.began < item.time < loop.time:
            return True
    return False


def _in(loops: tuple[Loop, ...], wanted: Loop) -> bool:
    return any(loop.place == wanted.place for loop in loops)


def _last_only(recording: Recording, ask: Ask) -> ast.AST | None:
    """The loop over a dataset inside the block, when the target is what only its last round left."""
    around = blocks.block(recording, ask.tape)
    values = options(ask.target)
    if around is None or not values or not all(isinstance(value, Data) and value.place for value in values):
        return None
    places = {value.place for value in values}
    if len(places) != 1 or not recording.here(values[0].place) or values[0].place is None:
        return None
    node = values[0].place.node
    loops = [spot.statement for spot in blocks.loops_around(recording, node) if blocks.contains(around, spot.statement)]
    if len(loops) != 1 or not isinstance(loops[0], ast.For) or not _every_round(loops[0], node):
        return None
    if any(blocks.contains(loops[0], item) for item in (ask.node, around)):
        return None
    loop = loops[0]
    fed = any(_from_dataset(recording, value, loop) for value in values)
    return loop if fed and not _carried(recording, ask, loop) else None


def _every_round(loop: ast.For, node: ast.AST) -> bool:
    """Whether the statement runs in every round of a loop that nothing ends early."""
    if any(isinstance(part, (ast.Break, ast.Return)) for part in walk(loop)):
        return False
    if any(isinstance(part, ast.Attribute) and part.attr == "take" for part in walk(loop.iter)):
        return False
    assigned = [statement for statement in loop.body if isinstance(statement, (ast.Assign, ast.AugAssign))]
    return any(blocks.contains(statement, node) for statement in assigned)


def _from_dataset(recording: Recording, value: Value, loop: ast.For) -> bool:
    """Whether a value was computed from an element of the dataset that the loop goes over."""
    return any(
        isinstance(item, Data) and item.op == "dataset" and item.place and blocks.contains(loop, item.place.node)
        for item in recording.behind(value, maybe=True)
    )


def _carried(recording: Recording, ask: Ask, loop: ast.AST) -> bool:
    """Whether the target also depends on what an earlier round computed."""
    return any(_of_several_rounds(recording, value, loop) for value in options(ask.target))


def _of_several_rounds(recording: Recording, value: Value, loop: ast.AST) -> bool:
    """Whether one statement of the loop had a part in a value more than once."""
    met: dict[object, int] = {}
    for item in recording.behind(value, maybe=True):
        if not isinstance(item, Data) or not item.links or item.place is None:
            continue
        inside = blocks.contains(loop, item.place.node)
        if inside and met.setdefault((item.place, item.op), item.time) != item.time:
            return True
    return False
