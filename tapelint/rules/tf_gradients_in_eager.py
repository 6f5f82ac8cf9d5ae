"""TAP901: the gradient functions of graphs where there is no graph."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening, Use
from tapelint.play.values import Data, Symbol, Value
from tapelint.rules import blocks, optimizers, story

CODE = "TAP901"
_SYMBOLIC = frozenset({"output", "outputs", "input", "inputs"})
"""What a built model has: places for tensors, without values."""


def find(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        if use.how != "gradients" or not recording.here(use.place) or not isinstance(use.place.node, ast.Call):
            continue
        if optimizers.runs_in_graph_code(recording):
            return
        if use.context.guarded("RuntimeError") or not optimizers.eager(use.context):
            continue
        if not optimizers.asked_first(recording, use.place):
            yield _told(recording, use, use.place.node)


def _told(recording: Recording, use: Use, node: ast.Call) -> Finding:
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    target = node.args[0] if node.args else keywords.get("ys") or keywords.get("loss")
    source = node.args[1] if len(node.args) > 1 else keywords.get("xs") or keywords.get("variables")
    fields = {
        "op": recording.text(node.func),
        "target": recording.text(target) if target is not None else "y",
        "source": recording.text(source) if source is not None else "x",
    }
    named = isinstance(target, (ast.Name, ast.Attribute, ast.Subscript))
    fields["asked"] = fields["target"] if named else "result"
    made = use.item
    variant = _advice(recording, use, made, fields, (target, source))
    if isinstance(use.value, Symbol) and use.value.name == "keras.backend.gradients" and _of_keras(recording):
        variant = "keras3" if recording.keras == 3 else variant
    place = made.place if isinstance(made, Data) and made.place is not None else None
    marks = (story.mark(recording, "target", place) if place is not None and place.node is not target else (),)
    return story.told(recording, CODE, node, fields, marks, variant, use.context)


def _advice(
    recording: Recording, use: Use, made: Value | None, fields: dict[str, str], given: tuple[ast.expr | None, ...]
) -> str:
    """Which advice helps: a tape has recorded the target and is not open any more, or the target has no values."""
    for node in given if not isinstance(made, Data) else ():
        if node is not None and any(isinstance(part, ast.Attribute) and part.attr in _SYMBOLIC for part in walk(node)):
            return "symbolic"
    number = max(made.sessions, default=0) if isinstance(made, Data) else 0
    if not number:
        return ""
    tape = recording.sessions[number].tape
    around = blocks.block(recording, tape)
    if around is None or blocks.contains(around, use.place.node):
        return ""
    if tape.persistent is False and any(event.what is Happening.ASK for event in recording.events_of(tape)):
        return ""
    fields["tape"] = story.tape_name(tape)
    return "recorded"


def _of_keras(recording: Recording) -> bool:
    """Whether the module's Keras is the package of its own, not the one inside TensorFlow."""
    for node in recording.nodes:
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "keras" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "keras":
            return True
    return False
