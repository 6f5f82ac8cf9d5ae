"""TAP714: a model with layers of two modes is trained in the mode for prediction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Forward
from tapelint.play.values import CUTS, Const, Instance, Object, Place, Value
from tapelint.rules import optimizers, story

CODE = "TAP714"


def find(recording: Recording) -> Iterator[Finding]:
    if "learning_phase" in recording.source.text:
        return
    untold = [
        forward for forward in recording.forwards
        if forward.modes and forward.training is None and recording.here(forward.place)
    ]  # fmt: skip
    for ask, apply in optimizers.trained(recording) if untold else ():
        owners = optimizers.owners(recording, ask)
        behind = set(recording.behind(ask.target, cuts=CUTS, maybe=True))
        for forward in untold:
            if forward.layer.id not in owners:
                continue
            if forward.result not in behind or not isinstance(forward.place.node, ast.Call):
                continue
            if ask.session is None or forward.began < ask.session.began:
                continue
            layer = _mode(recording, forward)
            if layer is not None:
                yield _told(recording, forward, layer, ask, apply)


def _mode(recording: Recording, forward: Forward) -> Object | None:
    """A layer in the model that certainly runs in the mode for prediction."""
    if not isinstance(forward.layer, (Object, Instance)):
        return None
    wanted = {layer.id for layer in forward.modes}
    # A model of the library runs its layers as it is run itself, but a layer of a visible class in it may decide.
    told = {other.layer.id for other in recording.forwards if not _predicting(other.training)}
    told |= {
        layer.id
        for layer in forward.modes
        if any(forward.began <= tick <= forward.ended for tick in recording.given.get(layer.id, ()))
    }
    fixed = [layer for layer in forward.modes if layer.id not in told]  # not those whose mode the model was built with
    found = next(iter(fixed), None) if isinstance(forward.layer, Object) else None
    for inner in recording.forwards:
        if not forward.began <= inner.began <= forward.result.time or inner is forward:
            continue
        if inner.layer.id in wanted or any(layer.id in wanted for layer in inner.modes):
            if not _predicting(inner.training):
                return None
            if isinstance(inner.layer, Object) and inner.context.conditions <= forward.context.conditions:
                own = (inner.layer, *(layer for layer in inner.modes if layer.id not in told))
                found = found or next((layer for layer in own if layer.id in wanted), None)
    return found


def _predicting(training: Value | None) -> bool:
    return training is None or (isinstance(training, Const) and training.value in (None, False))


def _told(recording: Recording, forward: Forward, layer: Object, ask: Ask, apply: Apply) -> Finding:
    node = forward.place.node
    assert isinstance(node, ast.Call)
    model = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "call" else node.func
    fields = {"model": recording.text(model), "op": layer.symbol.rsplit(".", 1)[-1]}
    marks = (
        story.mark(recording, "made", layer.place),
        story.asked(recording, ask),
        story.mark(recording, "apply", apply.place),
    )
    helper = _shared_helper(recording, forward, ask)
    if helper:
        return story.told(recording, CODE, node, {**fields, "helper": helper}, marks, "shared", forward.context)
    return story.told(recording, CODE, node, fields, marks, "", forward.context, _fix(recording, node))


def _shared_helper(recording: Recording, forward: Forward, ask: Ask) -> str:
    """The function that makes the call, where others than the one with the tape call it, perhaps to predict."""
    helper = story.function_around(recording, forward.place)
    if not helper or not recording.here(ask.place) or helper == story.function_around(recording, ask.place):
        return ""
    callers = {
        id(story.scope_around(recording, Place(node, recording.module)))
        for node in recording.nodes
        if isinstance(node, ast.Call) and helper in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    }
    return helper if len(callers) > 1 else ""


def _fix(recording: Recording, node: ast.Call) -> Fix | None:
    last = [*node.args, *(keyword.value for keyword in node.keywords)]
    if not last or any(keyword.arg is None for keyword in node.keywords):
        return None
    end = max(recording.span(part).end for part in last)
    edit = Edit(Span(end, end), ", training=True")
    message = f"call it with training=True: {recording.text(node.func)}(..., training=True)"
    return Fix(message, Applicability.UNSAFE, (edit,))
