"""TAP706: clipped gradients that nobody keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply
from tapelint.play.context import Context
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Clip, Dropped
from tapelint.play.values import options
from tapelint.record import Record
from tapelint.rules import blocks, story

CODE = "TAP706"


class _Unread(Record):
    """An assignment to a name that nothing reads."""

    statement: ast.Assign
    target: ast.Name


class _Loss(Record):
    """A clipping whose result is lost at `node`, and the later update with what was to be clipped."""

    clip: Clip
    apply: Apply
    node: ast.AST
    context: Context
    loop: ast.For | None = None
    unread: _Unread | None = None


def find(recording: Recording) -> Iterator[Finding]:
    if not recording.clips:
        return
    updates = _updates(recording)
    for dropped in recording.dropped:
        for clip in recording.clips:
            if _is_dropped(recording, dropped, clip):
                apply = _applied_later(recording, clip, updates)
                if apply is not None and recording.here(dropped.place):
                    yield _told(recording, _Loss(clip, apply, dropped.place.node, dropped.context))
                    break
    for clip in recording.clips:
        loop = _rebinding_loop(recording, clip)
        apply = _applied_later(recording, clip, updates) if loop is not None else None
        if loop is not None and apply is not None:
            yield _told(recording, _Loss(clip, apply, clip.place.node, clip.context, loop))
    seen: set[int] = set()
    for clip in recording.clips:
        apply = _applied_later(recording, clip, updates)
        unread = _unread(recording, clip) if apply is not None else None
        if unread is not None and apply is not None and id(unread.statement) not in seen:
            seen.add(id(unread.statement))
            yield _told(recording, _Loss(clip, apply, unread.statement.value, clip.context, None, unread))


def _unread(recording: Recording, clip: Clip) -> _Unread | None:
    """The assignment that gives clipped gradients a name, if nothing ever reads that name."""
    if not recording.here(clip.place):
        return None
    call = clip.place.node
    statement = recording.parents.get(id(call))
    if isinstance(statement, ast.ListComp) and statement.elt is call:
        statement = recording.parents.get(id(statement))
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    if clip.op.endswith("global_norm") and isinstance(target, (ast.Tuple, ast.List)) and target.elts:
        target = target.elts[0]
    if not isinstance(target, ast.Name) or target.id.startswith("_"):
        return None
    scope = story.scope_around(recording, clip.place)
    uses = [node for node in walk(scope) if isinstance(node, ast.Name) and node.id == target.id]
    told = any(isinstance(node, (ast.Global, ast.Nonlocal)) and target.id in node.names for node in walk(scope))
    if told or any(not isinstance(node.ctx, ast.Store) for node in uses):
        return None
    return _Unread(statement, target)


def _is_dropped(recording: Recording, dropped: Dropped, clip: Clip) -> bool:
    if dropped.value is clip.result:
        return dropped.place.node is clip.place.node or _only_returned(recording, clip.place.node)
    comprehension = dropped.place.node
    return isinstance(comprehension, ast.ListComp) and comprehension.elt is clip.place.node


def _only_returned(recording: Recording, node: ast.AST) -> bool:
    return isinstance(recording.parents.get(id(node)), ast.Return)


def _updates(recording: Recording) -> dict[int, list[Apply]]:
    """The updates by the ids of what they take for gradients."""
    found: dict[int, list[Apply]] = {}
    for apply in recording.applies:
        for item in apply.pairs.gradients if apply.pairs is not None else ():
            for option in options(item):
                found.setdefault(option.id, []).append(apply)
    return found


def _applied_later(recording: Recording, clip: Clip, updates: dict[int, list[Apply]]) -> Apply | None:
    """The first update that takes the very gradients that were clipped before."""
    given = [
        option
        for leaf in recording.leaves(clip.given)
        for option in options(leaf)
        if story.ask_behind(recording, option)
    ]
    later = [apply for option in given for apply in updates.get(option.id, ()) if apply.time >= clip.result.time]
    return min(later, key=lambda apply: apply.time, default=None)


def _rebinding_loop(recording: Recording, clip: Clip) -> ast.For | None:
    """The loop `for grad in grads: grad = clip(grad)`, if nothing reads the name after that."""
    if not recording.here(clip.place):
        return None
    statement = recording.parents.get(id(clip.place.node))
    loop = recording.parents.get(id(statement))
    if not isinstance(statement, ast.Assign) or not isinstance(loop, ast.For) or statement not in loop.body:
        return None
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Name) or target.id not in _bound(loop.target):
        return None
    return None if _read_after(recording, loop, statement, target.id) else loop


def _bound(target: ast.expr) -> set[str]:
    return {node.id for node in walk(target) if isinstance(node, ast.Name)}


def _read_after(recording: Recording, loop: ast.For, statement: ast.stmt, name: str) -> bool:
    """Whether the name is read after the assignment and before the loop, or another statement, sets it again."""
    end = recording.span(statement).end
    scope = next(iter(story.functions_around(recording, loop)), recording.tree)
    stop = _next_store(recording, scope, recording.span(loop).end, name)
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and end <= recording.span(node).start < stop
        for node in walk(scope)
    )


def _next_store(recording: Recording, scope: ast.AST, after: int, name: str) -> int:
    """Where a later loop or comprehension of the scope binds the name anew."""
    found = [
        recording.span(node).start
        for node in walk(scope)
        if isinstance(node, (ast.For, ast.ListComp, ast.GeneratorExp, ast.DictComp))
        and recording.span(node).start >= after
        and name in _targets(node)
    ]
    return min(found, default=len(recording.source.text) + 1)


def _targets(node: ast.AST) -> set[str]:
    if isinstance(node, ast.For):
        return _bound(node.target)
    return {name for part in getattr(node, "generators", ()) for name in _bound(part.target)}


def _told(recording: Recording, loss: _Loss) -> Finding:
    clip, node = loss.clip, loss.node
    given = _first_argument(clip.place.node)
    unread = loss.unread
    if unread is not None and isinstance(node, ast.ListComp):
        given = node.generators[0].iter
    if isinstance(node, ast.Call) and node is not clip.place.node:
        given = node.args[0] if node.args else given
    fields = {
        "op": clip.op,
        "name": recording.text(given) if given is not None else "the gradients",
        "source": recording.text(_list(loss.loop.iter)) if loss.loop is not None else "",
        "kept": unread.target.id if unread is not None else "",
    }
    variant = "loop" if loss.loop is not None else "global_norm" if clip.op.endswith("global_norm") else ""
    ask = next((found for leaf in recording.leaves(clip.given) if (found := story.ask_behind(recording, leaf))), None)
    marks = (
        story.mark(recording, "gradient", ask.place) if ask is not None else (),
        story.mark(recording, "apply", loss.apply.place),
    )
    if unread is not None:
        fix = _fix_name(recording, unread, given)
        return story.told(recording, CODE, unread.target, fields, marks, "unread", loss.context, fix)
    return story.told(recording, CODE, node, fields, marks, variant, loss.context, _fix(recording, loss, given))


def _fix_name(recording: Recording, unread: _Unread, given: ast.expr | None) -> Fix | None:
    """Give the clipped gradients the name of the unclipped ones, which are applied later."""
    if not isinstance(given, ast.Name):
        return None
    edit = Edit(recording.span(unread.target), given.id)
    return Fix(f"keep the clipped gradients as `{given.id}`", Applicability.UNSAFE, (edit,))


def _first_argument(node: ast.AST) -> ast.expr | None:
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def _list(node: ast.expr) -> ast.expr:
    """The list in `enumerate(grads)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "enumerate" and node.args:
        return node.args[0]
    return node


def _fix(recording: Recording, loss: _Loss, given: ast.expr | None) -> Fix | None:
    """Keep the result under the name of what was clipped."""
    segment = recording.segment
    loop = loss.loop or _item_of(recording, loss, given)
    if loop is not None:
        if loss.loop is None and _read_after(recording, loop, loop.body[0], ast.unparse(loop.target)):
            return None
        if len(loop.body) != 1 or loop.orelse or not isinstance(loop.target, ast.Name):
            return None
        if not isinstance(loop.iter, (ast.Name, ast.Attribute)):
            return None
        name = segment(recording.span(loop.iter))
        call = segment(recording.span(loss.node))
        edit = Edit(recording.span(loop), f"{name} = [{call} for {loop.target.id} in {name}]")
        return Fix("make a new list of clipped gradients", Applicability.SAFE, (edit,))
    start = recording.span(loss.node).start
    if isinstance(loss.node, ast.ListComp):
        source = loss.node.generators[0].iter
        if len(loss.node.generators) != 1 or not isinstance(source, (ast.Name, ast.Attribute)):
            return None
        name = segment(recording.span(source))
        return Fix("keep the list of clipped gradients", Applicability.SAFE, (Edit(Span(start, start), f"{name} = "),))
    if not isinstance(given, (ast.Name, ast.Attribute)):
        return None
    name = segment(recording.span(given))
    text = f"{name}, _ = " if loss.clip.op.endswith("global_norm") else f"{name} = "
    return Fix(f"keep the result: {text}...", Applicability.SAFE, (Edit(Span(start, start), text),))


def _item_of(recording: Recording, loss: _Loss, given: ast.expr | None) -> ast.For | None:
    """The loop that has what is clipped for its item, where the update does not take it in the same round."""
    found: ast.For | None = None
    loop = recording.parents.get(id(loss.node))
    while loop is not None and isinstance(given, ast.Name):
        if isinstance(loop, ast.For) and given.id in _bound(loop.target):
            found = loop if not blocks.contains(loop, loss.apply.node) else found
        loop = recording.parents.get(id(loop))
    return found
