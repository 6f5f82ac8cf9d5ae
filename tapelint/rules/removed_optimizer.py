"""TAP904: an optimizer that Keras 3 no longer has."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.definitions import LEGACY
from tapelint.play.recording import Recording
from tapelint.play.records import Creation
from tapelint.play.values import Object
from tapelint.rules import optimizers, story

CODE = "TAP904"
_STILL = frozenset({"SGD", "Adam", "Adamax", "Nadam", "Adagrad", "Adadelta", "RMSprop", "Ftrl", "AdamW", "Adafactor"})


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for made in recording.creations:
        value = made.value
        if made.what != "optimizer" or not made.certain or not isinstance(value, Object):
            continue
        if value.kind != "optimizer" or not optimizers.is_gone(recording, value):
            continue  # what is wrapped around one that is gone is still there
        if not recording.here(made.place) or made.context.guarded("ImportError", "AttributeError"):
            continue
        if not optimizers.asked_first(recording, made.place):
            yield _told(recording, made, value)


def _told(recording: Recording, made: Creation, value: Object) -> Finding:
    node = made.place.node
    function = node.func if isinstance(node, ast.Call) else node
    minimizes = _minimizes(recording, made)
    fix = None if minimizes else _fix(recording, function)
    if value.symbol.startswith(LEGACY):
        variant = "minimizes" if minimizes else ""
    else:
        variant = "experimental_minimizes" if minimizes else "experimental"
    fields = {"name": recording.text(function, 60)}
    return story.told(recording, CODE, node, fields, (), variant, made.context, fix)


def _minimizes(recording: Recording, made: Creation) -> bool:
    """Whether `minimize` is called, which no optimizer of Keras 3 has: another name alone would not do."""
    return any(
        isinstance(apply.optimizer, Object) and apply.optimizer.place == made.place
        for apply in recording.applies
        if apply.method == "minimize"
    )


def _fix(recording: Recording, function: ast.AST) -> Fix | None:
    """Leave `.legacy` out, where it is written out in the call."""
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Attribute):
        return None
    middle = function.value
    if middle.attr not in ("legacy", "experimental") or function.attr not in _STILL:
        return None
    owner = recording.segment(recording.span(middle.value))
    edit = Edit(recording.span(function), f"{owner}.{function.attr}")
    message = f"use the optimizer of the same name: {recording.text(middle.value)}.{function.attr}"
    return Fix(message, Applicability.UNSAFE, (edit,))
