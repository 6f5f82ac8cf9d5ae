"""TAP902: the loss scaling methods of Keras 2 on an optimizer of Keras 3."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Use
from tapelint.play.values import Object
from tapelint.rules import optimizers, story

CODE = "TAP902"
_METHODS = frozenset({"get_scaled_loss", "get_unscaled_gradients"})


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for use in recording.uses:
        if use.name not in _METHODS or use.how != "call" or not recording.here(use.place):
            continue
        if not isinstance(use.value, Object) or use.value.kind not in optimizers.KERAS:
            continue
        if use.context.guarded("AttributeError") or optimizers.asked_first(recording, use.place):
            continue
        yield _told(recording, use)


def _told(recording: Recording, use: Use) -> Finding:
    fields = {"optimizer": optimizers.receiver(recording, use.place.node), "method": use.name}
    variant = "unscale" if use.name == "get_unscaled_gradients" else ""
    marks = (optimizers.made(recording, use.value),)
    fix = _fix(recording, use)
    return story.told(recording, CODE, use.place, fields, marks, variant, use.context, fix)


def _fix(recording: Recording, use: Use) -> Fix | None:
    """Both calls of one function at once: `scale_loss`, and the scaled gradients as they are."""
    function = story.scope_around(recording, use.place)
    calls = [node for node in walk(function) if _is_call(node)]
    calls.sort(key=lambda node: recording.span(node).start)
    scaling = [call for call in calls if _name(call) == "get_scaled_loss"]
    unscaling = [call for call in calls if _name(call) == "get_unscaled_gradients"]
    if len(scaling) != 1 or len(unscaling) != 1 or not _only_applied(recording, function, unscaling[0]):
        return None
    edits: list[Edit] = []
    for call in (scaling[0], unscaling[0]):
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Attribute)
        span = recording.span(call)
        if call is scaling[0]:
            owner = recording.segment(recording.span(call.func.value))
            function_ = recording.span(call.func)
            edits.append(Edit(function_, f"{owner}.scale_loss"))
        elif len(call.args) == 1 and not call.keywords:
            edits.append(Edit(span, recording.segment(recording.span(call.args[0]))))
        else:
            return None
    edits.sort(key=lambda edit: edit.span.start)
    message = "use scale_loss, and apply the scaled gradients: the optimizer divides them itself"
    return Fix(message, Applicability.SAFE, tuple(edits))


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node) in _METHODS


def _name(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def _only_applied(recording: Recording, function: ast.AST, call: ast.AST) -> bool:
    """Whether the unscaled gradients are only handed to `apply_gradients`."""
    target = next(
        (node.targets[0] for node in walk(function) if isinstance(node, ast.Assign) and node.value is call), None
    )
    applying = [
        recording.span(node)
        for node in walk(function)
        if isinstance(node, ast.Call) and _name(node) == "apply_gradients"
    ]
    if target is None:
        at = recording.span(call)
        return any(span.start <= at.start and at.end <= span.end for span in applying)
    if not isinstance(target, ast.Name):
        return False
    after = recording.span(call).end
    reads = [
        recording.span(node)
        for node in walk(function)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    ]
    late = [span for span in reads if span.start >= after]
    return bool(late) and all(any(one.start <= span.start < one.end for one in applying) for span in late)
