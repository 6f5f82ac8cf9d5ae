"""Fixes that take statements beside a tape's block into it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tapelint.diagnostic import Applicability, Edit, Fix
from tapelint.fixes import statements
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Place, Tape
from tapelint.rules import blocks

Block = ast.With | ast.AsyncWith

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)
_LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom, ast.Delete, ast.Await)
_BINDING = (*blocks.FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)
_ASKING = ("gradient", "jacobian", "batch_jacobian", "apply_gradients", "minimize")


def last_in_block(recording: Recording, tape: Tape, place: Place) -> Fix | None:
    """Indent the statement at `place` into the block before it, with all that stands between.

    Safe where all of these are assignments to plain names.
    """
    found = _beside(recording, tape, place)
    if found is None:
        return None
    around, body, start, at = found
    taken = body[start + 1 : at + 1]
    if start >= at or any(_speaks(node, tape) for node in taken) or any(_asks(node) for node in taken[:-1]):
        return None
    edits = statements.into_block(recording.source, around, taken)
    if edits is None:
        return None
    what = "this line" if taken[0].lineno == taken[-1].end_lineno else "these lines"
    return Fix(f"indent {what} into the `with` block", _trusted(taken), edits)


def first_in_block(recording: Recording, tape: Tape, place: Place) -> Fix | None:
    """Take the statement at `place` into the block after it, with all that stands between.

    Safe where nothing stands between, and the statement is an assignment to plain names.
    """
    found = _beside(recording, tape, place)
    if found is None:
        return None
    around, body, start, at = found
    taken = body[at:start]
    bound = {part.id for item in around.items for part in walk(item) if isinstance(part, ast.Name)}
    if at >= start or any(_speaks(node, tape) or _asks(node) for node in taken) or len(around.items) > 1:
        return None
    if any(blocks.writes(node, name) for node in taken for name in bound):
        return None
    source = recording.source
    watches = [node for node in around.body if isinstance(node, ast.Expr) and _watches(node.value)]
    if not watches:
        edits = statements.opened_before(source, around, taken)
    elif (
        len(taken) == 1
        and watches == around.body[: len(watches)]
        and not any(
            blocks.writes(taken[0], part.id) for node in watches for part in walk(node) if isinstance(part, ast.Name)
        )
    ):
        edits = statements.moved_after(source, taken[0], watches[-1])
    else:
        edits = None
    if edits is None:
        return None
    applicability = _trusted(taken) if len(taken) == 1 else Applicability.UNSAFE
    what = "this line" if taken[0].lineno == taken[-1].end_lineno else "these lines"
    return Fix(f"move {what} to the top of the `with` block", applicability, edits)


def target_in_block(recording: Recording, ask: Ask) -> Fix | None:
    """Compute the target of a call at the end of the block, under a name of its own, and ask for that.

    Safe where the call directly follows the block.
    """
    node = ask.target_node
    found = _beside(recording, ask.tape, ask.place)
    if found is None or not isinstance(node, ast.expr) or node.lineno != node.end_lineno:
        return None
    around, body, start, at = found
    if start >= at or not isinstance(body[at], (*_SIMPLE, ast.Return)):
        return None
    if any(isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield)) for part in walk(node)):
        return None
    names = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    between = body[start + 1 : at]
    if any(blocks.writes(statement, name) for statement in between for name in names):
        return None
    if any(isinstance(statement, _BINDING) for statement in between):
        return None
    comprehended = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    if any(isinstance(part, comprehended) and blocks.contains(part, node) for part in walk(body[at])):
        return None
    scope = blocks.function_of(recording, around) or recording.tree
    name = statements.fresh(scope, "target")
    span = recording.span(node)
    words = recording.segment(span)
    inserted = statements.after(recording.source, around.body[-1], f"{name} = {words}")
    if inserted is None or statements.end_row(around.body[-1]) != statements.end_row(around):
        return None
    applicability = Applicability.SAFE if at == start + 1 else Applicability.UNSAFE
    edits = (*inserted, Edit(span, name))
    return Fix(f"compute it in the `with` block: `{name} = {recording.text(node)}`", applicability, edits)


def _beside(recording: Recording, tape: Tape, place: Place) -> tuple[Block, Sequence[ast.stmt], int, int] | None:
    """The block, the list of statements that holds it, its index there, and that of the statement around `place`."""
    around = blocks.block(recording, tape) or _making(recording, tape)
    if around is None or not recording.here(place):
        return None
    own = next((spot for spot in blocks.spots(recording, around) if spot.statement is around), None)
    other = next((spot for spot in blocks.spots(recording, place.node) if own and spot.body is own.body), None)
    return (around, own.body, own.at, other.at) if own is not None and other is not None else None


def _making(recording: Recording, tape: Tape) -> Block | None:
    """The one `with` statement whose item makes the tape, or the accumulator that is played like one."""
    item = recording.parents.get(id(tape.place.node)) if tape.place is not None else None
    node = recording.parents.get(id(item)) if isinstance(item, ast.withitem) else None
    return node if isinstance(node, (ast.With, ast.AsyncWith)) else None


def _speaks(node: ast.stmt, tape: Tape) -> bool:
    """Whether a statement names the tape, or may leave the list of statements."""
    if tape.name and (blocks.reads(node, tape.name) or blocks.writes(node, tape.name)):
        return True
    if isinstance(node, _BINDING):
        return True
    return any(isinstance(part, _LEAVING) for part in walk(node))


def _asks(node: ast.stmt) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in _ASKING for part in walk(node))


def _watches(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "watch"


def _trusted(taken: Sequence[ast.stmt]) -> Applicability:
    """Safe for assignments to plain names, unsafe for anything that may do something else besides."""
    for node in taken:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not isinstance(node, _SIMPLE[:3]):
            return Applicability.UNSAFE
        parts = [part for target in targets if target is not None for part in walk(target)]
        if not all(isinstance(part, (ast.Name, ast.Tuple, ast.List, ast.expr_context)) for part in parts):
            return Applicability.UNSAFE
    return Applicability.SAFE
