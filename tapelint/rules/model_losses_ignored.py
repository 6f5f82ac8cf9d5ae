"""TAP715: regularizers whose penalty is no part of the loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark
from tapelint.play.recording import Ask, Forward, Recording, Use
from tapelint.play.values import Data, Instance, Object, Sequence, Unknown, Value, Variable, VariableSet
from tapelint.rules import optimizers, story, withblock

CODE = "TAP715"


def find(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        sums = use.how == "sum" and use.name == "losses" and recording.here(use.place)
        if sums and not use.context.guarded("ValueError", "IndexError"):
            yield _empty(recording, use)
    for ask, _ in optimizers.trained(recording):
        owners = optimizers.owners(recording, ask)
        behind = optimizers.behind(recording, ask.target)
        forwards = [
            one for one in recording.forwards
            if one.layer.id in owners and one.penalized and (one.result.id in behind or isinstance(one.layer, Instance))
        ]  # fmt: skip
        if forwards and not _penalized(recording, behind, owners):
            yield _told(recording, ask, forwards[0])


def _penalized(recording: Recording, behind: dict[int, Value], owners: dict[int, Value]) -> bool:
    """Whether the penalties, the weights themselves or something that can't be seen is part of the target."""
    results = {one.result.id for one in recording.forwards}
    for value in behind.values():
        if isinstance(value, Data):
            if value.op in ("losses", "regularizer"):
                return True
            if value.id in results:
                continue
            if any(isinstance(link.value, (Variable, VariableSet)) for link in value.links) and value.op not in _LAYERS:
                return not _is_layer(recording, value)
        elif isinstance(value, Unknown) and (value.inputs or value.role not in ("parameter", "item")):
            return True
        elif isinstance(value, Sequence) and value.id not in recording.contents:
            return True
    return False


_LAYERS = frozenset({"model"})


def _is_layer(recording: Recording, value: Data) -> bool:
    """Whether a value was made by a layer of the library."""
    operation = recording.operations.get(value.id)
    return operation is not None and isinstance(operation.callee, Object)


def _told(recording: Recording, ask: Ask, forward: Forward) -> Finding:
    place = ask.target.place
    at: ast.AST = ask.target_node
    if place is not None:
        beside = story.beside_tape(recording, ask, ask.target, place)
        at = beside.node if recording.here(beside) else at
    fields = {
        "target": recording.text(ask.target_node),
        "model": _model(recording, ask),
    }
    layer = forward.penalized[0]
    marks: tuple[tuple[Mark, ...], ...] = (story.mark(recording, "made", layer.place), story.asked(recording, ask))
    return story.told(recording, CODE, at, fields, marks, "", ask.context, _fix(recording, ask, fields))


def _fix(recording: Recording, ask: Ask, fields: dict[str, str]) -> Fix | None:
    """Add the penalties in the last line of the block."""
    block = withblock.block_of(recording, ask.tape)
    plain = isinstance(ask.target_node, ast.Name) and isinstance(ask.sources_node, ast.Attribute)
    if block is None or not plain:
        return None
    text = f"{fields['target']} += sum({fields['model']}.losses)"
    edit = withblock.at_end(recording, block, text)
    return Fix(f"add them inside the block: {text}", Applicability.UNSAFE, (edit,)) if edit is not None else None


def _model(recording: Recording, ask: Ask) -> str:
    text = recording.text(ask.sources_node)
    return text.rsplit(".", 1)[0] if isinstance(ask.sources_node, ast.Attribute) else "model"


def _empty(recording: Recording, use: Use) -> Finding:
    node = use.place.node
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    model = recording.text(given.value) if isinstance(given, ast.Attribute) else "model"
    fix = None
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        edit = Edit(recording.span(node.func), "sum")
        fix = Fix(f"use sum({model}.losses), which gives 0 for an empty list", Applicability.UNSAFE, (edit,))
    marks = (story.mark(recording, "made", use.value.place),)
    return story.told(recording, CODE, node, {"model": model, "target": ""}, marks, "empty", use.context, fix)
