"""TAP522: a custom gradient reads a variable, and its gradient function takes no `variables`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Custom, Recording
from tapelint.rules import customs, story

CODE = "TAP522"


def find(recording: Recording) -> Iterator[Finding]:
    for custom in recording.customs:
        if custom.gradient is None or not custom.reads or custom.takes_variables:
            continue
        if custom.context.guarded("TypeError"):
            continue
        yield _told(recording, custom)


def _told(recording: Recording, custom: Custom) -> Finding:
    assert custom.gradient is not None
    variable, place = custom.reads[0]
    fields = {
        "function": custom.name,
        "name": custom.gradient.name if not isinstance(custom.gradient, ast.Lambda) else "grad",
        "source": customs.text_of(recording, variable) or "a variable",
    }
    marks = (
        story.mark(recording, "used", place),
        story.mark(recording, "call", custom.place if custom.result is not None else None),
    )
    at = story.head(recording, "primary", custom.gradient)[0].span
    return story.told(recording, CODE, at, fields, marks, "")
