"""TAP603: something as target that is no tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Const, Object, Value, options
from tapelint.rules import story
from tapelint.rules.gradients import fields_of
from tapelint.rules.invalid_source import is_or_holds, kind_of

CODE = "TAP603"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.context.guarded("AttributeError", "TypeError", "ValueError"):
            continue
        for value, node in recording.pieces(ask.target, ask.target_node):
            if story.left_tensorflow(recording, value) is not None:
                continue  # TAP304 and TAP305 tell where
            kinds = {_kind(option) for option in options(value)}
            if len(kinds) == 1 and (variant := kinds.pop()):
                yield _told(recording, ask, value, node, variant)
                break


def _kind(value: Value) -> str:
    found = kind_of(value)
    if found == "model" or (isinstance(value, Object) and value.kind == "loss"):
        return "object"
    if isinstance(value, Object) and value.kind == "tensor_array":
        return "tensor-array"
    return found if found in ("array", "function", "name", "nothing", "number") else ""


def _told(recording: Recording, ask: Ask, value: Value, node: ast.AST, variant: str) -> Finding:
    fields = {
        **fields_of(recording, ask),
        "target": recording.text(node),
        "is": is_or_holds(value, node, ask.target, ask.target_node),
    }
    function = _function(recording, value) if variant == "nothing" else None
    marks = [story.mark(recording, "made", value.place if variant not in ("nothing", "name") else None)]
    if function is not None:
        variant = "no_return"
        fields["function"] = function.name
        marks = [
            story.mark(recording, "made", function.body[-1]),
            story.mark(recording, "used", value.place),
        ]
    fix = _returned(recording, function) if function is not None else None
    return story.told(recording, CODE, node, fields, marks, variant, ask.context, fix)


def _returned(recording: Recording, function: ast.FunctionDef) -> Fix | None:
    """`return` before the last expression of a function that computes its value and drops it."""
    last = function.body[-1]
    if function.decorator_list or not isinstance(last, ast.Expr):
        return None
    if not any(operation.place.node is last.value for operation in recording.operations.values()):
        return None  # not certainly a value to return
    if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in walk(function)):
        return None
    start = recording.span(last).start
    edit = Edit(Span(start, start), "return ")
    return Fix(f"return the value: `return {recording.text(last)}`", Applicability.SAFE, (edit,))


def _function(recording: Recording, value: Value) -> ast.FunctionDef | None:
    """The visible function that returned None because it has no `return`."""
    if not isinstance(value, Const) or value.place is None:
        return None
    call = value.place.node
    if not isinstance(call, ast.Call):
        return None
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for node in recording.nodes:
        if not isinstance(node, ast.FunctionDef) or node.name != name:
            continue
        if not any(isinstance(inner, ast.Return) for inner in walk(node)):
            return node
    return None
