"""TAP906: tf.contrib.eager, tf.enable_eager_execution and misspelt names of the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Place
from tapelint.rules import optimizers, story

CODE = "TAP906"
_PACKAGE = "tensorflow.contrib"
_MISSPELT = (
    ".keras.GradientTape", ".train.GradientTape", ".eager.GradientTape", ".gradientTape", ".Gradient_tape",
    ".gradient_tape", ".GradientTapes",
)  # fmt: skip
"""What is written for `tf.GradientTape`; only that is there, and `tf.autodiff.GradientTape`."""
_SUCCESSORS = {
    "Checkpoint": "`tf.train.Checkpoint`", "Iterator": "a `for` loop over the dataset", "Network": "`tf.keras.Model`",
    "Saver": "`tf.train.Checkpoint`", "Variable": "`tf.Variable`", "defun": "`tf.function`",
    "executing_eagerly": "`tf.executing_eagerly`", "gradients_function": "`tf.GradientTape`",
    "implicit_gradients": "`tf.GradientTape`", "implicit_value_and_gradients": "`tf.GradientTape`",
    "list_devices": "`tf.config.list_logical_devices`", "metrics": "`tf.keras.metrics`",
    "num_gpus": "`tf.config.list_logical_devices`", "py_func": "`tf.py_function`",
    "value_and_gradients_function": "`tf.GradientTape`",
}  # fmt: skip
"""What TensorFlow 2 has for names of `tf.contrib.eager`."""

_WORDS = ("contrib.eager", "contrib import eager", "enable_eager_execution")


def find(recording: Recording) -> Iterator[Finding]:
    if not any(words in recording.source.text for words in _WORDS) and not _misspelt(recording.source.text):
        return
    names = _tensorflow(recording)
    told: set[int] = set()
    for node in recording.nodes:
        found = _fault(node, names)
        if found is None or id(node) in told:
            continue
        told.update(id(inner) for inner in walk(node))  # `tf.contrib` inside `tf.contrib.eager.GradientTape`
        if _prepared(recording, node):
            continue
        yield _told(recording, node, found)


def _misspelt(text: str) -> bool:
    return any(words in text for words in _MISSPELT)


def _tensorflow(recording: Recording) -> frozenset[str]:
    """The names that mean the package `tensorflow` and nothing else."""
    found: set[str] = set()
    other: set[str] = set()
    for node in recording.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                plain = alias.name == "tensorflow" or (not alias.asname and bound == "tensorflow")
                (found if plain else other).add(bound)
        elif isinstance(node, ast.ImportFrom):
            other.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            other.add(node.id)
    return frozenset(found - other)


def _fault(node: ast.AST, names: frozenset[str]) -> str | None:
    if isinstance(node, ast.Import):
        return "import" if any(alias.name.startswith(_PACKAGE + ".eager") for alias in node.names) else None
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        eager = module.startswith(_PACKAGE + ".eager") or (
            module == _PACKAGE and any(alias.name == "eager" for alias in node.names)
        )
        return "import" if eager and not node.level else None
    if not isinstance(node, ast.Attribute):
        return None
    chain = _chain(node)
    if chain[0] not in names:
        return None
    if chain[1:3] == ["contrib", "eager"]:
        return "" if chain[3:] == ["GradientTape"] else "other"
    if chain[1:] == ["enable_eager_execution"]:
        return "switch"
    return "misspelt" if f".{'.'.join(chain[1:])}".endswith(_MISSPELT) else None


def _chain(node: ast.Attribute) -> list[str]:
    names: list[str] = []
    part: ast.expr = node
    while isinstance(part, ast.Attribute):
        names.insert(0, part.attr)
        part = part.value
    names.insert(0, part.id if isinstance(part, ast.Name) else "")
    return names


def _prepared(recording: Recording, node: ast.AST) -> bool:
    """Whether the program expects that the name may be missing."""
    span = recording.span(node)
    for outer in recording.nodes:
        if isinstance(outer, ast.Try) and outer.body:
            start, end = recording.span(outer.body[0]).start, recording.span(outer.body[-1]).end
            if start <= span.start < end and outer.handlers:
                return True
    assert recording.module is not None
    return optimizers.asked_first(recording, Place(node, recording.module))


def _told(recording: Recording, node: ast.AST, variant: str) -> Finding:
    name = recording.text(node, 60)
    if isinstance(node, ast.Import):
        name = next(alias.name for alias in node.names if alias.name.startswith(_PACKAGE))
    elif isinstance(node, ast.ImportFrom):
        name = f"{_PACKAGE}.eager"
    fix = None
    if variant in ("", "misspelt") and isinstance(node, ast.Attribute):
        root = _chain(node)[0]
        edit = Edit(recording.span(node), f"{root}.GradientTape")
        fix = Fix(f"use {root}.GradientTape", Applicability.SAFE, (edit,))
    old = _chain(node)[3:4] if isinstance(node, ast.Attribute) else []
    instead = _SUCCESSORS.get("".join(old), "")
    if variant == "other" and not instead:
        variant = "package"
    fields = {"name": name, "instead": instead}
    return story.told(recording, CODE, node, fields, (), variant, None, fix)
