"""TAP522: a custom gradient reads a variable, and its gradient function takes no `variables`, or drops their share."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Custom
from tapelint.play.values import VariableSet
from tapelint.rules import customs, story

CODE = "TAP522"


def find(recording: Recording) -> Iterator[Finding]:
    for custom in recording.customs:
        if custom.gradient is None or not custom.reads:
            continue
        if custom.context.guarded("TypeError"):
            continue
        if not custom.takes_variables:
            yield _told(recording, custom, custom.gradient, "")
        elif custom.single and customs.asked_through(recording, custom) is not None:
            given = customs.returns(custom.gradient)
            if custom.context.guarded("ValueError", "InternalError"):
                continue
            if len(given) == 1 and given[0] is not None:
                yield _told(recording, custom, given[0], "dropped")


def _told(recording: Recording, custom: Custom, node: ast.AST, variant: str) -> Finding:
    assert custom.gradient is not None
    variable, place = custom.reads[0]
    fields = {
        "function": custom.name,
        "name": custom.gradient.name if not isinstance(custom.gradient, ast.Lambda) else "grad",
        "source": customs.text_of(recording, variable) or "a variable",
    }
    layer = isinstance(variable, VariableSet)
    fields["reads"] = f"the variables of `{fields['source']}`" if layer else f"the variable `{fields['source']}`"
    if layer and not variant:
        variant = "layer"
    marks = (
        story.mark(recording, "used", place),
        story.mark(recording, "call", custom.place if custom.result is not None else None),
    )
    at = node if variant == "dropped" else story.head(recording, "primary", custom.gradient)[0].span
    return story.told(recording, CODE, at, fields, marks, variant)
