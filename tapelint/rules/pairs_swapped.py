"""TAP702: (variable, gradient) where (gradient, variable) belongs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.apply import Apply
from tapelint.play.pairs import is_gradient, is_variable
from tapelint.play.recording import Recording
from tapelint.play.values import Object, Value
from tapelint.rules import optimizers, story

CODE = "TAP702"


def find(recording: Recording) -> Iterator[Finding]:
    for apply in optimizers.applied(recording, "apply_gradients", "apply"):
        if apply.pairs is None or not apply.node.args:
            continue
        if apply.method == "apply" and not isinstance(apply.optimizer, Object):
            continue  # an `apply` of one's own may take them in any order
        firsts = list(apply.pairs.gradients)
        seconds = list(apply.pairs.variables)
        if firsts and seconds and all(map(is_variable, firsts)) and all(map(is_gradient, seconds)):
            yield _told(recording, apply, seconds)


def _told(recording: Recording, apply: Apply, gradients: list[Value]) -> Finding:
    ask = next((found for value in gradients if (found := story.ask_behind(recording, value)) is not None), None)
    node = swapped = _pairing(recording, apply)
    one: ast.AST = node
    other: ast.AST = node
    lists = apply.method == "apply"
    if lists:
        swapped = apply.node
        one, other = apply.node.args[0], apply.node.args[1] if len(apply.node.args) == 2 else apply.node.args[0]
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        one, other = node.args
    elif (tuple_ := _tuple(node)) is not None:
        swapped = tuple_
        one, other = tuple_.elts
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "variables": recording.text(one),
        "name": recording.text(other),
    }
    fix = None
    if one is not other and isinstance(swapped, (ast.Call, ast.Tuple)):
        first, second = recording.span(one), recording.span(other)
        edits = (
            Edit(first, recording.segment(second)),
            Edit(second, recording.segment(first)),
        )
        pair = "(gradient, variable)" if isinstance(swapped, ast.Tuple) else "zip(grads, variables)"
        pair = "(grads, variables)" if lists else pair
        fix = Fix(f"put the gradients first: {pair}", Applicability.SAFE, edits)
    marks = (
        story.mark(recording, "gradient", ask.place) if ask is not None else (),
        story.mark(recording, "apply", apply.place),
    )
    return story.told(recording, CODE, one, fields, marks, "lists" if lists else "", apply.context, fix)


def _pairing(recording: Recording, apply: Apply) -> ast.AST:
    """The expression that puts the pairs together, as far as it is in sight; else the argument."""
    assert apply.pairs is not None
    argument = apply.node.args[0]
    place = apply.pairs.place
    if place is None or not recording.here(place):
        return argument
    node = place.node
    if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "zip"):
        inner = node.args[0] if node.args else None
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "zip":
            return inner
        return argument
    return node


def _tuple(node: ast.AST) -> ast.Tuple | None:
    """The one pair in `[(variable, gradient)]` or in a comprehension."""
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        inner: ast.AST = node.elt
    elif isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1:
        inner = node.elts[0]
    else:
        return None
    return inner if isinstance(inner, ast.Tuple) and len(inner.elts) == 2 else None
