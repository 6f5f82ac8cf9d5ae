"""TAP205: `watch` of Keras 3 variables, which raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.play.values import Instance, Object, Value, Variable, VariableSet, options
from tapelint.rules import story
from tapelint.rules.edits import without_statement

CODE = "TAP205"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for event in recording.happened(Happening.WATCH):
        if event.context.guarded("ValueError") or event.value is None or not event.certain:
            continue
        if event.state.only(Phase.CREATED) or event.state.only(Phase.CONSUMED):
            continue
        node = event.place.node
        argument: ast.AST = node.args[0] if isinstance(node, ast.Call) and node.args else node
        for value, at in recording.pieces(event.value, argument):
            if not all(is_keras(option) for option in options(value)):
                continue
            fields = {**story.event_fields(recording, event), "source": _words(recording, value, at)}
            chosen = event.tape.watches_accessed is False
            marks = (story.created(recording, event.tape),) if chosen else ()
            variant = "chosen" if chosen else _advice(recording, event, value)
            fix = None if chosen else _dropped(recording, event)
            yield story.told(recording, CODE, event.place, fields, marks, variant, event.context, fix)
            break


def _words(recording: Recording, value: Value, node: ast.AST) -> str:
    """How the program writes the variables, without what stands in a list with them."""
    if isinstance(node, ast.Starred):
        return recording.text(node.value)
    joined = isinstance(node, ast.BinOp) or (recording.contents.get(value.id) is None and isinstance(node, ast.Call))
    return (story.source_name(recording, value) if joined else "") or recording.text(node)


def _advice(recording: Recording, event: Event, value: Value) -> str:
    """The variant for variables that are not watched by themselves, or that stand beside something else."""
    if isinstance(value, Variable) and value.trainable is False:
        return "frozen"
    if isinstance(value, VariableSet) and value.which != "trainable":
        return "frozen"
    leaves = [option for leaf in recording.leaves(event.value) for option in options(leaf)] if event.value else []
    return "" if all(is_keras(leaf) for leaf in leaves) else "beside"


def _dropped(recording: Recording, event: Event) -> Fix | None:
    """Without the line: the tape watches trainable variables by itself."""
    leaves = recording.leaves(event.value) if event.value is not None else []
    if not all(isinstance(leaf, VariableSet) and leaf.which == "trainable" for leaf in leaves):
        return None
    if event.tape.watches_accessed is not True:
        return None
    edit = without_statement(recording, event.place.node)
    return Fix("drop this line", Applicability.SAFE, (edit,)) if edit is not None else None


def is_keras(value: Value) -> bool:
    """Whether a value certainly is a variable that Keras made, or a list of such."""
    if isinstance(value, Variable):
        return value.keras is True
    if not isinstance(value, VariableSet):
        return False
    return isinstance(value.owner, (Object, Instance)) and value.owner.kind in ("layer", "model")
