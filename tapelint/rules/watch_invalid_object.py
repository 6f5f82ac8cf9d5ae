"""TAP204: `watch` of something that is no tensor and no variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.play.values import Const, Data, Kind, Sequence, Value, options
from tapelint.rules import blocks, story
from tapelint.rules.invalid_source import kind_of

CODE = "TAP204"
_VARIANTS = {"number": "number", "array": "array", "model": "model", "nothing": "none", "name": "", "function": ""}


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.WATCH):
        if event.context.guarded("ValueError", "TypeError") or not event.certain or event.value is None:
            continue
        if event.state.only(Phase.CREATED) or event.state.only(Phase.CONSUMED):
            continue
        node = event.place.node
        if not isinstance(node, ast.Call):
            continue
        fields = {**story.event_fields(recording, event), "error": "ValueError"}
        if any(isinstance(item, ast.Starred) for item in node.args):
            continue  # how many there are can't be told
        if len(node.args) > 1:
            fields["error"] = "TypeError"
            yield story.told(recording, CODE, node, fields, (), "several", event.context, _listed(recording, node))
        elif node.args:
            yield from _judge(recording, event, event.value, node.args[0], fields)
            yield from _bound(recording, event, node, fields)


def _listed(recording: Recording, call: ast.Call) -> Fix | None:
    """Several arguments become one list."""
    if call.keywords or any(isinstance(item, ast.Starred) for item in call.args):
        return None
    first, last = recording.span(call.args[0]).start, recording.span(call.args[-1]).end
    edits = (Edit(Span(first, first), "["), Edit(Span(last, last), "]"))
    return Fix("give `watch` one list", Applicability.SAFE, edits)


def _bound(recording: Recording, event: Event, call: ast.Call, fields: dict[str, str]) -> Iterator[Finding]:
    """`x = tape.watch(x)`: the name is None from here on."""
    node = recording.parents.get(id(call))
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    name = node.targets[0].id
    used = next(
        (
            inner
            for inner in recording.nodes
            if isinstance(inner, ast.Name)
            and inner.id == name
            and isinstance(inner.ctx, ast.Load)
            and inner.lineno > node.lineno
        ),
        None,
    )
    if used is not None:
        marks = (story.mark(recording, "used", used),)
        yield story.told(recording, CODE, node, {**fields, "name": name}, marks, "result", event.context)


def _judge(
    recording: Recording, event: Event, value: Value, node: ast.AST, fields: dict[str, str]
) -> Iterator[Finding]:
    for piece, at in recording.pieces(value, node):
        kinds = {kind_of(option) for option in options(piece)}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if kind not in _VARIANTS or (isinstance(piece, Const) and piece.value is None and piece is not value):
            continue
        told = {**fields, "source": recording.text(at)}
        marks = (story.mark(recording, "made", piece.place if kind != "nothing" else None),)
        whole = piece is value or isinstance(value, Sequence)
        fix = _converted(recording, event, piece, at) if at is node and whole else None
        variant = _VARIANTS[kind]
        if variant == "model" and event.tape.watches_accessed is False:
            variant = "chosen"
        elif variant in ("number", "array") and not _names(at, piece is value or at is not node):
            variant = ""
        yield story.told(recording, CODE, at, told, marks, variant, event.context, fix)
        return


def _names(node: ast.AST, alone: bool) -> bool:
    """Whether an expression is a name of the number or array itself, which a tensor can take."""
    return alone and isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))


def _converted(recording: Recording, event: Event, value: Value, node: ast.AST) -> Fix | None:
    """`x = tf.convert_to_tensor(x)` before the block, for an array or a number of floats that has a name."""
    call, around = event.tape.arguments, blocks.block(recording, event.tape)
    floats = isinstance(value, Data) and value.dtype == "float" and value.kind in (Kind.ARRAY, Kind.NUMBER)
    if not floats and not (isinstance(value, Const) and isinstance(value.value, float)):
        return None
    if call is None or around is None or not isinstance(call.func, ast.Attribute) or not isinstance(node, ast.Name):
        return None
    function = blocks.function_of(recording, around)
    start = recording.span(around).start
    bound = blocks.writes(function or recording.tree, node.id)
    if function is not blocks.function_of(recording, node) or value.time > event.tape.time:
        return None
    if any(recording.span(write).start > start for write in bound):
        return None
    text = f"{node.id} = {recording.text(call.func.value)}.convert_to_tensor({node.id})"
    edit = blocks.insert_before(recording, around, text)
    return Fix(f"write `{text}` before the block", Applicability.UNSAFE, (edit,)) if edit is not None else None
