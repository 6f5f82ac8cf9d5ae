"""TAP521: a custom gradient returns a gradient too few or too many."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Custom
from tapelint.play.values import Const
from tapelint.rules import customs, story

CODE = "TAP521"

_RAISED = ("ValueError", "TypeError", "InternalError")


def find(recording: Recording) -> Iterator[Finding]:
    for custom in recording.customs:
        if custom.gradient is None or custom.open or custom.context.guarded(*_RAISED):
            continue
        ask = customs.asked_through(recording, custom)
        if ask is not None and customs.returns_nothing(custom.gradient):
            yield _nothing(recording, custom, ask)
            continue
        if custom.takes_variables or custom.reads or ask is None:
            continue
        if custom.outputs is not None and custom.outputs > 0 and len(custom.upstreams) != custom.outputs:
            yield _outputs(recording, custom, ask)
        elif custom.inputs is not None and custom.gradients is not None and len(custom.inputs) != custom.gradients:
            given = customs.returns(custom.gradient)
            if len(given) == 1 and given[0] is not None:
                yield _told(recording, custom, given[0], ask)


def _nothing(recording: Recording, custom: Custom, ask: Ask) -> Finding:
    assert custom.gradient is not None
    marks = (story.mark(recording, "call", custom.place), story.asked(recording, ask))
    place = story.head(recording, "primary", custom.gradient)[0].span
    return story.told(recording, CODE, place, {"function": custom.name, "count": "0", "expected": ""}, marks, "nothing")


def _outputs(recording: Recording, custom: Custom, ask: Ask) -> Finding:
    assert custom.gradient is not None
    given = customs.returns(custom.node)
    assert custom.outputs is not None
    count, expected = (_number(len(custom.upstreams), "upstream gradient"), _number(custom.outputs, "output"))
    fields = {"function": custom.name, "count": count, "expected": expected}
    fields["called"] = _number(custom.outputs, "upstream gradient")
    marks = (
        story.mark(recording, "made", given[0] if given else None),
        story.mark(recording, "call", custom.place),
        story.asked(recording, ask),
    )
    place = story.head(recording, "primary", custom.gradient)[0].span
    return story.told(recording, CODE, place, fields, marks, "outputs")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _told(recording: Recording, custom: Custom, given: ast.expr, ask: Ask) -> Finding:
    assert custom.inputs is not None and custom.gradients is not None
    expected, count = len(custom.inputs), custom.gradients
    declared = len(custom.node.args.args) - (1 if custom.method else 0)
    variant = ""
    if count > expected:
        if custom.method and count == expected + 1:
            variant = "self"
        elif declared > expected:
            variant = "keyword" if expected else "ignored"
    noun = "argument" if variant == "self" else "positional argument"
    fields = {"function": custom.name, "count": _number(count, "gradient"), "expected": _number(expected, noun)}
    marks = (story.mark(recording, "call", custom.place), story.asked(recording, ask))
    fix = _fix(recording, custom, given)
    return story.told(recording, CODE, given, fields, marks, variant, None, fix)


def _fix(recording: Recording, custom: Custom, given: ast.expr) -> Fix | None:
    """Add `None` for trailing arguments that are no tensors."""
    assert custom.inputs is not None and custom.gradients is not None
    missing = custom.inputs[custom.gradients :]
    if not missing or not all(isinstance(value, Const) for value in missing):
        return None
    span = recording.span(given)
    more = ", None" * len(missing)
    fix = "return None for each argument that is no tensor"
    if isinstance(custom.gradient, ast.Lambda):
        if isinstance(given, ast.Tuple):
            return None
        edits = (Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), more + ")"))
        return Fix(fix, Applicability.UNSAFE, edits)
    if isinstance(given, (ast.Tuple, ast.List)) and recording.source.text[span.end - 1] in ")]":
        return None
    return Fix(fix, Applicability.UNSAFE, (Edit(Span(span.end, span.end), more),))
