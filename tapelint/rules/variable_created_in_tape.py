"""TAP212: a variable, layer or optimizer that is made anew at every recording."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Creation, Recording
from tapelint.play.values import CutKind, Variable
from tapelint.rules import story

CODE = "TAP212"


def find(recording: Recording) -> Iterator[Finding]:
    for made in recording.creations:
        if made.what not in ("variable", "layer", "optimizer") or not made.inside or made.context.in_graph:
            continue  # in a tf.function TAP801 tells it
        if not _repeats(made) or _cuts(made):
            continue
        if made.what != "optimizer" and made.value.id not in recording.updated:
            continue  # a variable that nobody trains: made to be differentiated with respect to, for instance
        loop = next((loop for loop in reversed(made.context.loops)), None)
        fields = {
            "tape": story.tape_name(made.inside[-1]),
            "name": recording.names.get(made.value.id) or recording.text(made.place),
        }
        marks = (
            story.opened(recording, made.inside[-1]),
            story.head(recording, "loop", loop.place if loop is not None else None),
        )
        variant = "" if made.what == "variable" else made.what
        yield story.told(recording, CODE, made.place, fields, marks, variant, made.context)


def _repeats(made: Creation) -> bool:
    """Made once, at the top level or in an `__init__` that a tape happens to run, is no fault."""
    if any(loop.round > 1 for loop in made.context.loops):
        return True
    node = made.function
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name not in ("__init__", "build") and (
        node.name in ("train_step", "call") or bool(made.context.loops)
    )


def _cuts(made: Creation) -> bool:
    """A variable made from a tensor cuts a path: TAP307 tells that."""
    return isinstance(made.value, Variable) and any(
        link.cut is not None and link.cut.kind is CutKind.NEW_VARIABLE for link in made.value.links
    )
