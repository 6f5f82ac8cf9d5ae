"""TAP909: a name that Keras 3 lacks: the long name of a loss, or what is there no more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Lack
from tapelint.rules import optimizers, story
from tapelint.tensorflow import api

CODE = "TAP909"
_RAISED = ("AttributeError", "ImportError", "ModuleNotFoundError")
_PHASES = frozenset({"set_learning_phase", "learning_phase", "learning_phase_scope", "in_train_phase", "in_test_phase"})
_MOVED = {"layers": "tf.keras.layers", "keras": "tf.keras.optimizers.schedules"}
"""Where what stood in `experimental` of a package stands now."""
_INSTEAD = {
    "print_tensor": "tf.print", "placeholder": "tf.keras.Input", "function": "tf.keras.Model",
    "AbstractRNNCell": "tf.keras.layers.Layer",
}  # fmt: skip


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for lack in recording.lacking:
        if not recording.here(lack.place) or lack.context.guarded(*_RAISED):
            continue
        ours = lack.name.startswith(("tensorflow.losses.", "tensorflow.metrics."))
        if ours and optimizers.runs_in_graph_code(recording):
            continue  # written for TensorFlow 1, whose `tf.losses` is another module
        if not optimizers.asked_first(recording, lack.place):
            yield _told(recording, lack) if api.short_name(lack.name) else _gone(recording, lack)


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
    fields = {"name": f"{_as_written(owner)}.{name}", "short": short}
    return story.told(recording, CODE, node, fields, (), variant, lack.context, fix)


def _gone(recording: Recording, lack: Lack) -> Finding:
    node = lack.place.node
    owner, _, last = lack.name.rpartition(".")
    fields = {"name": _as_written(lack.name), "error": "AttributeError", "instead": _INSTEAD.get(last, "")}
    variant = "phase" if last in _PHASES else "other" if fields["instead"] else "gone"
    if last == "experimental":
        variant, fields["instead"] = "moved", _MOVED[owner.rpartition(".")[2]]
    if isinstance(node, (ast.alias, ast.ImportFrom)):
        fields["error"] = "ImportError" if _is_taken(node, last) else "ModuleNotFoundError"
    return story.told(recording, CODE, node, fields, (), variant, lack.context)


def _is_taken(node: ast.AST, name: str) -> bool:
    """Whether an import takes the name out of a module, and does not reach through it."""
    return isinstance(node, ast.alias) and node.name == name


def _as_written(name: str) -> str:
    return name.replace("tensorflow", "tf", 1)
