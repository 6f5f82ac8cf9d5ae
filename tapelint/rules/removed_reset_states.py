"""TAP905: the older name of a metric's reset_state."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Use
from tapelint.play.values import Object
from tapelint.rules import optimizers, story
from tapelint.tensorflow import api

CODE = "TAP905"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for use in recording.uses:
        if use.name != "reset_states" or use.how != "call" or not recording.here(use.place):
            continue
        if not isinstance(use.value, Object) or use.value.kind != "metric" or use.context.guarded("AttributeError"):
            continue
        if _in_keras_3(use.value) and not optimizers.asked_first(recording, use.place):
            yield _told(recording, use)


def _in_keras_3(metric: Object) -> bool:
    """Whether Keras 3 has the class: with another, such as `MeanTensor`, the program ends where the metric is made."""
    found = api.api_class(metric.symbol)
    return found is None or 3 in found.keras


def _told(recording: Recording, use: Use) -> Finding:
    node = use.place.node
    fields = {"name": optimizers.receiver(recording, node)}
    fix = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        end = recording.span(node.func).end
        edit = Edit(Span(end - 1, end), "")
        fix = Fix(f"call {fields['name']}.reset_state()", Applicability.SAFE, (edit,))
    marks = (story.mark(recording, "made", use.value.place),)
    return story.told(recording, CODE, use.place, fields, marks, "", use.context, fix)
