"""TAP708: an optimizer with a memory that is made anew for every step."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.play.apply import Apply
from tapelint.play.context import Context
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Creation
from tapelint.play.values import Const, Object, Place, Several, Value, Variable, VariableSet, bare, same
from tapelint.rules import blocks, optimizers, story, withblock

CODE = "TAP708"


def find(recording: Recording) -> Iterator[Finding]:
    groups: dict[int, list[Creation]] = defaultdict(list)
    for made in recording.creations:
        if made.what == "optimizer" and made.certain and isinstance(made.value, Object) and _remembers(made.value):
            groups[id(made.place.node)].append(made)
    for group in groups.values():
        for first, second in pairwise(group):
            finding = _compare(recording, first, second)
            if finding is not None:
                yield finding
                break


def _remembers(optimizer: Object) -> bool:
    """Whether the optimizer keeps something from step to step."""
    name = optimizer.symbol.rsplit(".", 1)[-1]
    if name == "SGD":
        momentum = optimizer.args.get("momentum") or optimizer.args.get("1")
        return isinstance(momentum, Const) and isinstance(momentum.value, (int, float)) and momentum.value > 0
    return optimizer.kind == "optimizer" and name in (
        "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Ftrl", "Lion", "Lamb", "Adafactor",
    )  # fmt: skip


def _compare(recording: Recording, first: Creation, second: Creation) -> Finding | None:
    one, other = first.value, second.value
    assert isinstance(one, Object)
    assert isinstance(other, Object)
    if not _one_run(first.context, second.context) or not _alike(one, other):
        return None
    before, after = _steps(recording, one), _steps(recording, other)
    if len(before) != 1 or len(after) != 1 or _otherwise_used(recording, one) or _otherwise_used(recording, other):
        return None
    if not before[0].time < second.time or not _same_variables(before[0], after[0]):
        return None
    return _told(recording, second, after[0])


def _one_run(first: Context, second: Context) -> bool:
    """Whether both were made in one run of the program, one after the other."""
    one = first.calls[0].node if first.calls else None
    other = second.calls[0].node if second.calls else None
    if isinstance(one, ast.Call) or one is None:
        return isinstance(other, ast.Call) or other is None
    return one is other


def _alike(one: Object, other: Object) -> bool:
    """Whether the two were made with the same settings: others may be a comparison of settings."""
    return one.args.keys() == other.args.keys() and all(
        same(value, other.args[name]) for name, value in one.args.items()
    )


def _steps(recording: Recording, optimizer: Object) -> list[Apply]:
    return [apply for apply in recording.applies if apply.optimizer is optimizer]


def _otherwise_used(recording: Recording, optimizer: Object) -> bool:
    return any(use.value is optimizer and use.name not in ("apply_gradients", "apply") for use in recording.uses)


def _same_variables(one: Apply, other: Apply) -> bool:
    if one.pairs is None or other.pairs is None:
        return False
    mine = [_key(item) for item in one.pairs.variables.items]
    theirs = [_key(item) for item in other.pairs.variables.items]
    return bool(mine) and None not in mine and mine == theirs


def _key(item: Value) -> tuple[object, ...] | None:
    value = bare(item)
    if isinstance(value, VariableSet):
        return (value.owner.id, value.which) if isinstance(item, Several) else (value.id,)
    return (value.id,) if isinstance(value, Variable) else None


def _told(recording: Recording, made: Creation, apply: Apply) -> Finding | None:
    calls = apply.context.calls
    place = made.place
    if made.context.calls != calls:
        if made.context.calls[: len(calls)] != calls:
            return None
        place = Place(made.context.calls[len(calls)].node, made.context.calls[len(calls)].module)
    if not recording.here(place):
        return None
    _, variables = optimizers.columns(recording, apply)
    fields = {
        "optimizer": _named(recording, made, apply),
        "variables": recording.text(variables),
    }
    marks: list[tuple[Mark, ...]] = []
    loops = [loop for loop in apply.context.loops if loop.round > 1]
    if loops:
        marks.append(story.head(recording, "used", loops[-1].place.node))
    around = loops[-1].place.node if loops else None
    if calls and isinstance(calls[-1].node, ast.Call) and (around is None or blocks.contains(around, calls[-1].node)):
        marks.append(story.mark(recording, "made", calls[-1]))
    if apply.place.node is not place.node:
        marks.append(story.mark(recording, "apply", apply.place))
    fix = _fix(recording, place, loops[-1].place.node) if loops else None
    return story.told(recording, CODE, place, fields, marks, "", None, fix)


def _fix(recording: Recording, place: Place, loop: ast.AST) -> Fix | None:
    """Move the line before the loop, where nothing in it depends on the loop."""
    if not isinstance(loop, (ast.For, ast.While)):
        return None
    statement = next((node for node in loop.body if isinstance(node, ast.Assign) and node.value is place.node), None)
    if statement is None or len(loop.body) < 2 or statement.lineno != statement.end_lineno:
        return None
    inner, outer = withblock.indentation(recording, statement), withblock.indentation(recording, loop)
    bound = {node.id for node in walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used = {node.id for node in walk(statement.value) if isinstance(node, ast.Name)}
    if inner is None or outer is None or used & bound or not isinstance(statement.targets[0], ast.Name):
        return None
    starts = recording.source.line_starts
    first = starts[statement.lineno - 1]
    end = starts[statement.lineno] if statement.lineno < len(starts) else len(recording.source.text)
    span = recording.span(statement)
    if recording.source.text[span.end : end].split("#", 1)[0].strip():
        return None
    before = recording.span(loop).start - len(outer)
    text = outer + recording.source.text[span.start : end]
    edits = (Edit(Span(before, before), text), Edit(Span(first, end), ""))
    return Fix("make the optimizer once, before the loop", Applicability.UNSAFE, edits)


def _named(recording: Recording, made: Creation, apply: Apply) -> str:
    receiver = optimizers.receiver(recording, apply.node)
    return recording.names.get(made.value.id, "") or receiver
