"""TAP612: gradients in a dictionary are zipped with variables, and the keys come out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Zip
from tapelint.play.values import Dictionary
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP612"


def find(recording: Recording) -> Iterator[Finding]:
    answers = {key: ask for key, ask in recording.answers.items() if isinstance(ask.answer, Dictionary)}
    if not answers:
        return
    for one in recording.zips:
        call = one.place.node
        if len(one.parts) != 2 or not isinstance(call, ast.Call) or not recording.here(one.place):
            continue
        if one.context.guarded("TypeError", "ValueError", "AttributeError"):
            continue
        ask = answers.get(one.parts[0].id)
        variant = ""
        if ask is None:
            ask, variant = answers.get(_items_of(recording, call.args[0])), "items"
        if ask is not None and (_applied(recording, one) or _computed(recording, call)):
            yield _told(recording, one, call, ask, variant)


def _items_of(recording: Recording, node: ast.expr) -> int:
    """The id of the dictionary whose `items()` an expression is; 0 for none."""
    return next((work.value.id for work in recording.works if work.how == "items" and work.place.node is node), 0)


def _applied(recording: Recording, one: Zip) -> bool:
    """Whether an optimizer gets the pairs."""
    return any(
        apply.method == "apply_gradients" and apply.args and apply.args[0].place == one.place
        for apply in recording.applies
    )


def _computed(recording: Recording, call: ast.Call) -> bool:
    """Whether a loop over the pairs computes with what it takes for a gradient."""
    loop = recording.parents.get(id(call))
    body: list[ast.AST] = []
    target: ast.expr | None = None
    if isinstance(loop, ast.For):
        target, body = loop.target, list(loop.body)
    elif isinstance(loop, ast.comprehension):
        target, outer = loop.target, recording.parents.get(id(loop))
        body = [outer.elt] if isinstance(outer, (ast.ListComp, ast.GeneratorExp)) else []
    if not isinstance(target, (ast.Tuple, ast.List)) or not target.elts or not isinstance(target.elts[0], ast.Name):
        return False
    name = target.elts[0].id
    return any(
        isinstance(node, ast.BinOp)
        and any(isinstance(side, ast.Name) and side.id == name for side in (node.left, node.right))
        for item in body
        for node in walk(item)
    )


def _told(recording: Recording, one: Zip, call: ast.Call, ask: Ask, variant: str) -> Finding:
    first, second = call.args[0], call.args[1]
    fields = {**fields_of(recording, ask), "name": _name(recording, first), "source": _name(recording, second)}
    marks = (story.mark(recording, "made", ask.sources.place), story.asked(recording, ask))
    fix = _fix(recording, one, first, second)
    return story.told(recording, CODE, call, fields, marks, variant, one.context, fix)


def _name(recording: Recording, node: ast.expr) -> str:
    """The dictionary itself in `gradients.items()`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values"):
        return recording.text(node.func.value)
    return recording.text(node)


def _fix(recording: Recording, one: Zip, first: ast.expr, second: ast.expr) -> Fix | None:
    """`.values()` on both sides."""
    if not isinstance(first, ast.Name):
        return None
    edits = [_values(recording, first)]
    if isinstance(one.parts[1], Dictionary):
        if not isinstance(second, ast.Name):
            return None
        edits.append(_values(recording, second))
    return Fix("zip the values of the dictionaries", Applicability.SAFE, tuple(edits))


def _values(recording: Recording, node: ast.expr) -> Edit:
    end = recording.span(node).end
    return Edit(Span(end, end), ".values()")
