"""TAP705: the pair that clip_by_global_norm gives, used as if it were the list."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.pairs import is_variable
from tapelint.play.recording import Recording
from tapelint.play.records import Clip, Zip
from tapelint.play.values import Items, Sequence, options
from tapelint.rules import story

CODE = "TAP705"


def find(recording: Recording) -> Iterator[Finding]:
    results = {clip.result.id: clip for clip in recording.clips if clip.op == "tf.clip_by_global_norm"}
    for zipped in recording.zips:
        if len(zipped.parts) != 2 or not recording.here(zipped.place):
            continue
        if zipped.context.guarded("TypeError", "ValueError"):
            continue
        for at, part in enumerate(zipped.parts):
            if part.id in results and _rows(zipped.columns[1 - at]):
                yield _told(recording, zipped, results[part.id], at)


def _rows(column: Items) -> bool:
    """Whether a list certainly holds variables, or pairs (and not just two: names for the list and the norm)."""
    held = list(column)
    if held and all(map(is_variable, held)):
        return True
    kinds = [option for item in held for option in options(item)]
    pairs = bool(kinds) and all(isinstance(item, Sequence) and item.kind == "tuple" for item in kinds)
    return pairs and not (column.exact and len(held) == 2)


def _told(recording: Recording, zipped: Zip, clip: Clip, at: int) -> Finding:
    call = zipped.place.node
    node: ast.AST = call.args[at] if isinstance(call, ast.Call) and len(call.args) == 2 else call
    direct = node is clip.place.node
    fields = {"name": recording.text(node)}
    marks = (() if direct else story.mark(recording, "made", clip.place),)
    variant = "direct" if direct else ""
    return story.told(recording, CODE, node, fields, marks, variant, zipped.context, _fix(recording, node, clip))


def _fix(recording: Recording, node: ast.AST, clip: Clip) -> Fix | None:
    """Take the list out of the pair, where it is used."""
    if node is clip.place.node:
        end = recording.span(node).end
        edit = Edit(Span(end, end), "[0]")
        return Fix("take the list only: tf.clip_by_global_norm(...)[0]", Applicability.SAFE, (edit,))
    if not isinstance(node, ast.Name) or not recording.here(clip.place):
        return None
    assign = _assignment(recording, clip.place.node)
    if assign is None or assign.id != node.id:
        return None
    end = recording.span(assign).end
    edit = Edit(Span(end, end), ", _")
    return Fix(f"take the two apart: {node.id}, _ = tf.clip_by_global_norm(...)", Applicability.SAFE, (edit,))


def _assignment(recording: Recording, call: ast.AST) -> ast.Name | None:
    """The name that the call's result is assigned to, if only its whole is used afterwards."""
    node = recording.parents.get(id(call))
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and not _taken_apart(recording, target.id):
            return target
    return None


def _taken_apart(recording: Recording, name: str) -> bool:
    """Whether the program also reads one of the two by its index: then it knows that there are two."""
    return any(
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name
        for node in recording.nodes
    )
