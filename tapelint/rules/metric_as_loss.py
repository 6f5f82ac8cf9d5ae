"""TAP313: the result of a metric as target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Object
from tapelint.rules import story
from tapelint.tensorflow import api

CODE = "TAP313"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.METRIC):
        assert case.met is not None
        node = case.met.cut.place.node
        result = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "result"
        fix = _fix(recording, node) if not result else None
        finding = story.cut_finding(CODE, case, "result" if result else "", {"op": recording.text(node)}, fix=fix)
        if finding is not None:
            yield finding


def _fix(recording: Recording, node: ast.AST) -> Fix | None:
    """`tf.keras.metrics.X()` becomes `tf.keras.losses.X()`, where the object is used for nothing else."""
    if not isinstance(node, ast.Call):
        return None
    name = recording.text(node.func)
    made = [
        creation
        for creation in recording.creations
        if isinstance(creation.value, Object)
        and creation.value.kind == "metric"
        and recording.names.get(creation.value.id) == name
        and recording.here(creation.place)
    ]
    if len(made) != 1 or any(use.value is made[0].value for use in recording.uses):
        return None
    metric, call = made[0].value, made[0].place.node
    assert isinstance(metric, Object)
    loss = api.api_class(metric.symbol.replace("keras.metrics.", "keras.losses."))
    if loss is None or loss.kind != "loss" or not isinstance(call, ast.Call) or call.args or call.keywords:
        return None
    span = recording.span(call.func)
    words = recording.segment(span)
    if words.count(".metrics.") != 1:
        return None
    edit = Edit(span, words.replace(".metrics.", ".losses."))
    return Fix(f"use `{edit.content}`", Applicability.UNSAFE, (edit,))
