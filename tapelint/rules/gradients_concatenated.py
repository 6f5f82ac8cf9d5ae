"""TAP707: lists of gradients put one behind the other where they were to be added."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.pairs import origin
from tapelint.play.recording import Recording
from tapelint.play.records import Joined
from tapelint.play.values import Either, Items, Several, Value, VariableSet, bare, options
from tapelint.rules import story

CODE = "TAP707"

Key = tuple[object, ...]


def find(recording: Recording) -> Iterator[Finding]:
    for apply in recording.applies:
        if apply.pairs is None or not apply.node.args or not recording.here(apply.place):
            continue
        lists = _zipped_list(recording, apply)
        wanted = [_variable(item) for item in apply.pairs.variables.items]
        if not lists or None in wanted:
            continue
        for joined in recording.joined:
            if joined.result.id not in lists or not recording.here(joined.place):
                continue
            more = [_source(item) for item in joined.more.items]
            if more != wanted:
                continue
            if _zeros(recording, joined.before, wanted):
                yield _told(recording, apply, joined, "onto_zeros")
                break
            if _same_again(joined.before, more):
                yield _told(recording, apply, joined, "")
                break


def _zipped_list(recording: Recording, apply: Apply) -> set[int]:
    """The list of gradients that was zipped, by its id."""
    assert apply.pairs is not None
    for zipped in recording.zips:
        if zipped.columns and zipped.columns[0] is apply.pairs.gradients:
            return {option.id for option in options(zipped.parts[0])}
    return set()


def _variable(item: Value) -> Key | None:
    value = bare(item)
    if isinstance(value, Either):
        return None
    if isinstance(value, VariableSet) and isinstance(item, Several):
        return (value.owner.id, value.which)
    return (value.id,)


def _source(item: Value) -> Key | None:
    found = origin(bare(item))
    if found is None:
        return None
    source = found[0]
    if isinstance(source, VariableSet) and not source.part:
        return (source.owner.id, source.which)
    return (source.id,)


def _zeros(recording: Recording, before: Items, wanted: list[Key | None]) -> bool:
    """Whether the list holds zeros only: one for each of these variables."""
    return len(before.items) == len(wanted) and all(
        all(_zero(recording, option, key if isinstance(item, Several) else None) for option in options(bare(item)))
        for item, key in zip(before.items, wanted, strict=True)
    )


def _zero(recording: Recording, value: Value, key: Key | None) -> bool:
    """Whether a value is made as zeros, and made from the variables of a set if one is given."""
    if value.id not in recording.zeros:
        return False
    made = recording.operations.get(value.id)
    given = bare(made.args[0]) if key is not None and made is not None and made.args else None
    return key is None or (isinstance(given, VariableSet) and key == (given.owner.id, given.which))


def _same_again(before: Items, more: list[Key | None]) -> bool:
    """Whether the list holds gradients of the same variables already."""
    keys = [_source(item) for item in before.items]
    if None in keys or not keys:
        return False
    if before.exact:
        return len(keys) % len(more) == 0 and keys == more * (len(keys) // len(more))
    return set(keys) == set(more)


def _told(recording: Recording, apply: Apply, joined: Joined, variant: str) -> Finding:
    assert apply.pairs is not None
    node = joined.place.node
    list_, op = _list_and_op(recording, joined)
    found = origin(bare(joined.more.items[0]))
    ask: Ask | None = found[1] if found is not None else None
    fields = {
        "op": op,
        "name": list_,
        "variables": recording.text(ask.sources_node) if ask is not None else "the variables",
    }
    start = joined.result.place
    marks = (
        story.mark(recording, "first", start) if start is not None and start.node is not node else (),
        story.mark(recording, "gradient", ask.place) if ask is not None else (),
        story.mark(recording, "apply", apply.place),
    )
    return story.told(recording, CODE, node, fields, marks, variant, joined.context, _fix(recording, joined))


def _list_and_op(recording: Recording, joined: Joined) -> tuple[str, str]:
    node = joined.place.node
    if isinstance(node, ast.AugAssign):
        return recording.text(node.target), "+="
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return recording.text(node.func.value), f"{node.func.attr}"
    name = recording.names.get(joined.result.id, "")
    if isinstance(node, ast.BinOp):
        return name or recording.text(node.left), "+"
    return name, "+"


def _fix(recording: Recording, joined: Joined) -> Fix | None:
    """Add the two lists item by item, where the first one is not empty at the start."""
    node = joined.place.node
    segment = recording.segment
    empty = _starts_empty(recording, joined)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, (ast.Name, ast.Attribute)) and not empty:
        name, more = segment(recording.span(node.target)), segment(recording.span(node.value))
        text = f"{name} = [old + new for old, new in zip({name}, {more})]"
    elif isinstance(node, ast.BinOp) and not empty:
        one, other = segment(recording.span(node.left)), segment(recording.span(node.right))
        text = f"[old + new for old, new in zip({one}, {other})]"
    else:
        return None
    edit = Edit(recording.span(node), text)
    return Fix("add the gradients one by one: [old + new for old, new in zip(...)]", Applicability.UNSAFE, (edit,))


def _starts_empty(recording: Recording, joined: Joined) -> bool:
    place = joined.result.place
    node = place.node if place is not None else None
    if isinstance(node, ast.List):
        return not node.elts
    # `total = total + grads` in a loop: the list that it starts from is not in sight here.
    return bool(joined.context.loops) and not all(
        option.id in recording.zeros for item in joined.before for option in options(bare(item))
    )
