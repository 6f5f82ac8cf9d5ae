"""TAP506: arguments that jacobian and batch_jacobian do not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play import shape as shapes
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.shape import Shape
from tapelint.play.values import Data, Dictionary, OneShot, Sequence, Value, Variable, VariableSet, options
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP506"

_OF_GRADIENT = frozenset({"output_gradients"})
"""Arguments that only `gradient` has (TAP602 tells of those that no method has)."""


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.method == "gradient" or not ask.certain or not recording.here(ask.place):
            continue
        if ask.context.guarded("AttributeError", "TypeError", "ValueError", "IndexError"):
            continue
        variant = _fault(ask)
        if variant is not None:
            yield _told(recording, ask, variant)


def _fault(ask: Ask) -> str | None:
    if any(keyword.arg in _OF_GRADIENT for keyword in ask.node.keywords):
        return "keyword"
    if _structure(ask.target):
        return ""
    if ask.method == "jacobian":
        return None
    if _structure(ask.sources):
        return "source_list"
    target, source = shape_of(ask.target), shape_of(ask.sources)
    if target is not None and len(target) < 2:
        return "rank"
    if source is not None and len(source) < 2:
        return "rank_source"
    if target and source and target[0] is not None and source[0] is not None and target[0] != source[0]:
        return "batch"
    return None


def shape_of(value: Value) -> Shape | None:
    """The shape of a tensor or variable as far as the player saw it."""
    return value.shape if isinstance(value, (Data, Variable)) else None


def _structure(value: Value) -> bool:
    """Whether the value certainly is a list, a tuple, a dictionary or an iterator."""
    return all(
        isinstance(option, (Sequence, Dictionary, OneShot)) or (isinstance(option, VariableSet) and not option.part)
        for option in options(value)
    )


def _told(recording: Recording, ask: Ask, variant: str) -> Finding:
    fields = fields_of(recording, ask)
    at_fault = ask.sources if variant in ("source_list", "rank_source") else ask.target
    shape, other = shape_of(at_fault), shape_of(ask.sources)
    fields["shape"] = shapes.text(shape) if shape is not None else ""
    fields["other_shape"] = shapes.text(other) if other is not None else ""
    fields["name"] = next((str(keyword.arg) for keyword in ask.node.keywords if keyword.arg in _OF_GRADIENT), "")
    inside = at_fault.place is not None and any(at_fault.place.node is node for node in walk(ask.node))
    whole = isinstance(at_fault, VariableSet)  # made by the model
    made = () if inside or whole or variant in ("keyword", "batch") else story.mark(recording, "made", at_fault.place)
    fix = _fix(recording, ask) if variant == "source_list" else None
    return story.told(recording, CODE, ask.place, fields, (made,), variant, ask.context, fix)


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """`[x]` becomes `x`."""
    node = ask.sources_node
    if not isinstance(node, (ast.List, ast.Tuple)) or len(node.elts) != 1 or isinstance(node.elts[0], ast.Starred):
        return None
    inner = recording.segment(recording.span(node.elts[0]))
    return Fix("pass the one tensor without the list", Applicability.SAFE, (Edit(recording.span(node), inner),))
