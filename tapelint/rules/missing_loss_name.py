"""TAP909: a loss by its long name, which tf.keras lacks in Keras 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Lack
from tapelint.rules import optimizers, story
from tapelint.tensorflow import api

CODE = "TAP909"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for lack in recording.lacking:
        if not recording.here(lack.place) or lack.context.guarded("AttributeError", "ImportError"):
            continue
        if not optimizers.asked_first(recording, lack.place):
            yield _told(recording, lack)


def _as_in_tensorflow_1(recording: Recording, node: ast.AST) -> bool:
    """Whether a call names the arguments of `tf.losses` of TensorFlow 1, which was another function."""
    call = recording.parents.get(id(node))
    return isinstance(call, ast.Call) and any(keyword.arg in ("labels", "predictions") for keyword in call.keywords)


def _told(recording: Recording, lack: Lack) -> Finding:
    node = lack.place.node
    owner, _, name = lack.name.rpartition(".")
    short = api.short_name(lack.name)
    span = recording.span(node)
    if isinstance(node, ast.alias):
        bound = node.asname or node.name
        edit = Edit(span, short if bound == short else f"{short} as {bound}")
        variant = "import"
    else:
        edit = Edit(Span(span.end - len(name), span.end), short)
        variant = ""
    fix: Fix | None = Fix(f"use {short}, the same function", Applicability.SAFE, (edit,))
    if _as_in_tensorflow_1(recording, node):
        variant, fix = "arguments", None
    # `keras.losses` in the program is the one of TensorFlow: that of Keras itself has the name.
    fields = {"name": f"{owner.replace('tensorflow', 'tf', 1)}.{name}", "short": short}
    return story.told(recording, CODE, node, fields, (), variant, lack.context, fix)
