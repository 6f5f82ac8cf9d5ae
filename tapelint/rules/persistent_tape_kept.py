"""TAP109: a persistent tape that stays alive after its last use."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding, Fix, Mark
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import Instance, Object, Place, Tape
from tapelint.rules import blocks, story

CODE = "TAP109"
SETS = frozenset({"trainable_variables", "trainable_weights"})
_FREED = frozenset({Happening.DELETE, Happening.RESET, Happening.UNKNOWN_METHOD})
_QUIET = frozenset(
    {
        "print", "format", "info", "debug", "warning", "scalar", "write", "flush", "append", "float", "int", "str",
        "len", "numpy", "result", "join", "update", "set_postfix", "set_description",
    }
)  # fmt: skip
"""Calls that only tell what was computed."""


def find(recording: Recording) -> Iterator[Finding]:
    for tape in recording.tapes:
        if not tape.persistent or not recording.here(tape.place) or not tape.name:
            continue
        events = recording.events_of(tape)
        asks = [event for event in events if event.what is Happening.ASK]
        created = next(event for event in events if event.what is Happening.CREATE)
        if not asks or created.context.in_graph or any(event.what in _FREED for event in events):
            continue
        if any(event.state.inside or event.context.guards for event in asks):
            continue
        yield from _entered_again(recording, tape, created, events, asks)
        if recording.stored.get(tape.id) is not None:
            yield from _attribute(recording, tape, asks)
            continue
        yield from _collected(recording, tape, asks)
        if tape.id in recording.escaped or tape.id in recording.handed:
            continue
        if any(event.what is Happening.REBIND for event in events) and not created.context.loops:
            continue
        if _lives_on(recording, tape) and not _loops(recording, tape):
            yield from _module(recording, tape, asks)
        else:
            yield from _round(recording, tape, asks)


def _told(
    recording: Recording,
    tape: Tape,
    variant: str,
    fields: dict[str, str],
    marks: list[tuple[Mark, ...]],
    fix: Fix | None,
) -> Iterator[Finding]:
    assert tape.place is not None
    fields = {"tape": story.tape_name(tape), **fields}
    yield story.told(recording, CODE, tape.place, fields, marks, variant, None, fix)


def _loops(recording: Recording, tape: Tape) -> list[blocks.Spot]:
    assert tape.place is not None
    return blocks.loops_around(recording, tape.place.node)


def _last_use(recording: Recording, tape: Tape, body: blocks.Body) -> int | None:
    """The last statement of a list that names the tape."""
    used = [index for index, statement in enumerate(body) if blocks.reads(statement, tape.name)]
    return used[-1] if used else None


# -- at module level --------------------------------------------------------------------------------------------------


def _lives_on(recording: Recording, tape: Tape) -> bool:
    """Whether the tape's name is one of the module."""
    function = recording.functions.get(tape.id)
    if function is None:
        return True
    assert isinstance(function, ast.AST)
    return any(isinstance(node, ast.Global) and tape.name in node.names for node in walk(function))


def _module(recording: Recording, tape: Tape, asks: list[Event]) -> Iterator[Finding]:
    assert tape.place is not None
    around = blocks.spots(recording, tape.place.node)
    if recording.functions.get(tape.id) is None:
        if len(around) < 1 or _elsewhere(recording, tape):
            return
        holder = around[-1]
        last = _last_use(recording, tape, holder.body)
        if last is None:
            return
        spot = blocks.Spot(holder.body, last, holder.parent)
        later = [*spot.after, *(statement for outer in around[:-1] for statement in outer.after)]
        if len(blocks.writes(recording.tree, tape.name)) > 1 or not any(_works(statement) for statement in later):
            return
        fix = blocks.deleting(recording, tape, spot)
    else:
        if len(blocks.writes(recording.tree, tape.name)) > 1 or _elsewhere(recording, tape):
            return
        fix = None
    yield from _told(recording, tape, "module", {}, [story.mark(recording, "used", asks[-1].place)], fix)


def _elsewhere(recording: Recording, tape: Tape) -> bool:
    """Whether another function names the tape, or the module lends it to others."""
    own = recording.functions.get(tape.id)
    return any(
        blocks.reads(function, tape.name)
        for _, function in recording.function_spans
        if function is not own and not blocks.writes(function, tape.name)
    )


def _works(statement: ast.stmt) -> bool:
    """Whether a statement does more than to define, import and tell."""
    if isinstance(statement, (*blocks.FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return False
    return any(isinstance(node, ast.Call) and _called(node) not in _QUIET for node in walk(statement))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


# -- in a loop --------------------------------------------------------------------------------------------------------


def _round(recording: Recording, tape: Tape, asks: list[Event]) -> Iterator[Finding]:
    """Work after the last use in a round, while the recording is still held."""
    loops = _loops(recording, tape)
    if not loops:
        return
    loop = loops[-1].statement
    assert isinstance(loop, (ast.For, ast.AsyncFor, ast.While))
    last = _last_use(recording, tape, loop.body)
    if last is None or any(not blocks.contains(loop, event.place.node) for event in asks):
        return
    spot = blocks.Spot(loop.body, last, loop)
    assert tape.place is not None
    later = [statement for statement in spot.after if not blocks.writes(statement, tape.name)]
    if len(later) != len(spot.after):
        return
    work = next((statement for statement in later if _computes(recording, tape, statement)), None)
    if work is None:
        return
    marks = [
        story.mark(recording, "used", asks[-1].place),
        story.head(recording, "loop", loop),
        story.head(recording, "later", work),
    ]
    yield from _told(recording, tape, "loop", {}, marks, blocks.deleting(recording, tape, spot))


def _models(recording: Recording, tape: Tape) -> set[str]:
    """What the program calls the models whose variables the tape is asked for."""
    return {
        ast.unparse(ask.sources_node.value)
        for ask in recording.asks
        if ask.tape is tape and isinstance(ask.sources_node, ast.Attribute) and ask.sources_node.attr in SETS
    }


def _computes(recording: Recording, tape: Tape, statement: ast.stmt) -> bool:
    """Whether a statement runs a model again, or records on another tape."""
    inside = {id(node) for node in walk(statement)}
    models = _models(recording, tape)
    if any(isinstance(node, ast.Call) and ast.unparse(node.func) in models for node in walk(statement)):
        return True

    def within(place: Place, calls: tuple[Place, ...]) -> bool:
        return id(place.node) in inside or any(id(call.node) in inside for call in calls)

    for operation in recording.operations.values():
        callee = operation.callee
        runs = isinstance(callee, (Object, Instance)) and callee.kind in ("model", "layer")
        if runs and within(operation.place, operation.context.calls):
            return True
    return any(
        event.tape is not tape and within(event.place, event.context.calls)
        for event in recording.happened(Happening.ENTER)
    )


# -- kept on purpose --------------------------------------------------------------------------------------------------


def _attribute(recording: Recording, tape: Tape, asks: list[Event]) -> Iterator[Finding]:
    """A tape on an attribute that one method alone uses."""
    stored = recording.stored[tape.id]
    assert tape.place is not None
    method = blocks.function_of(recording, tape.place.node)
    around = blocks.block(recording, tape)
    if method is None or around is None or not blocks.contains(around, tape.place.node) or not recording.here(stored):
        return
    target = next((item.optional_vars for item in around.items if item.context_expr is tape.place.node), None)
    if not isinstance(target, ast.Attribute):
        return
    named = [node for node in recording.nodes if isinstance(node, ast.Attribute) and node.attr == target.attr]
    if any(not blocks.contains(method, node) for node in named):
        return
    if blocks.writes(method, ast.unparse(target)) != [target]:
        return
    if any(isinstance(node, ast.Constant) and node.value == target.attr for node in recording.nodes):
        return
    marks = [story.mark(recording, "made", stored), story.mark(recording, "used", asks[-1].place)]
    yield from _told(recording, tape, "attribute", {"tape": ast.unparse(target)}, marks, None)


def _collected(recording: Recording, tape: Tape, asks: list[Event]) -> Iterator[Finding]:
    """A tape that goes into a list in every round, and the list is not used for anything else."""
    loops = _loops(recording, tape)
    if not loops:
        return
    loop = loops[-1].statement
    function = blocks.function_of(recording, loop) or recording.tree
    for node in walk(loop):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "append":
            continue
        holder = node.func.value
        if not isinstance(holder, ast.Name) or [ast.unparse(item) for item in node.args] != [tape.name]:
            continue
        if len(blocks.reads(function, holder.id)) == 1 and not blocks.writes(loop, holder.id):
            marks = [story.mark(recording, "made", node), story.head(recording, "loop", loop)]
            yield from _told(recording, tape, "list", {"name": holder.id}, marks, None)
            return


def _entered_again(
    recording: Recording, tape: Tape, created: Event, events: list[Event], asks: list[Event]
) -> Iterator[Finding]:
    """One tape that is entered in every round, and whose earlier recordings stay."""
    for event in events:
        if event.what is not Happening.ENTER or not event.certain:
            continue
        loop = next(
            (loop for loop in event.context.loops if loop.round > 1 and loop.place not in _places(created)), None
        )
        if loop is None or not recording.here(event.place) or not recording.here(loop.place):
            continue
        around = blocks.block(recording, tape)
        if around is None or not _stays(recording, around, loop.place.node, asks):
            continue
        marks = [story.head(recording, "used", around), story.head(recording, "loop", loop.place.node)]
        yield from _told(recording, tape, "reentered", {}, marks, None)
        return


def _places(created: Event) -> set[Place]:
    return {loop.place for loop in created.context.loops}


def _stays(recording: Recording, around: ast.With | ast.AsyncWith, loop: ast.AST, asks: list[Event]) -> bool:
    """Whether what a round recorded is let go outside of the block, or kept, so that the tape still holds it."""
    targets = [
        event.place.node.args[0] for event in asks if isinstance(event.place.node, ast.Call) and event.place.node.args
    ]
    names = {node.id for node in targets if isinstance(node, ast.Name)}
    if not names or len(names) != len({ast.unparse(node) for node in targets}):
        return False
    if any(not blocks.writes(around, name) for name in names):
        return False
    if not blocks.contains(loop, around):
        return blocks.function_of(recording, around) is not None
    return any(_lets_go(node, names) and not blocks.contains(around, node) for node in walk(loop))


def _lets_go(node: ast.AST, names: set[str]) -> bool:
    """`losses.append(loss)`, `del loss`."""
    given: list[ast.expr] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
        given = node.args
    elif isinstance(node, ast.Delete):
        given = node.targets
    return any(isinstance(item, ast.Name) and item.id in names for item in given)
