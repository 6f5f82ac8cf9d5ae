"""TAP711: minimize gets a loss that was computed before it could record anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.apply import Apply
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import (
    CUTS,
    Bound,
    Const,
    Data,
    Function,
    Kind,
    Object,
    Symbol,
    Value,
    Variable,
    VariableSet,
)
from tapelint.rules import optimizers, story

CODE = "TAP711"


def find(recording: Recording) -> Iterator[Finding]:
    generation = recording.keras
    for apply in recording.applies:
        optimizer = apply.optimizer
        if apply.method != "minimize" or not apply.certain or not isinstance(optimizer, Object):
            continue
        if optimizer.kind != "v1_optimizer" and not (optimizer.kind in optimizers.KERAS and generation == 2):
            continue
        if apply.context.guarded("ValueError", "RuntimeError") or not recording.here(apply.place):
            continue
        if optimizer.kind == "v1_optimizer" and optimizers.runs_in_graph_code(recording):
            continue
        if apply.unentered is not None and optimizer.kind != "v1_optimizer":
            yield _new_tape(recording, apply)
        elif apply.loss is not None:
            earlier = _computed_earlier(recording, apply, apply.loss)
            if earlier is not None:
                yield _told(recording, apply, earlier)


def _computed_earlier(recording: Recording, apply: Apply, loss: Value) -> Data | None:
    """What the function's result was computed from before the call, if nothing in it leads to the variables."""
    earlier: list[Data] = []
    for item in recording.behind(loss, ends=lambda item: item.kind is not Kind.TENSOR or item.time < apply.time):
        if isinstance(item, Data) and not (item.kind is Kind.TENSOR and item.nested and not item.links):
            if item.kind is Kind.TENSOR and item.time < apply.time:
                earlier.append(item)
        elif not isinstance(item, (Const, Symbol)):
            return None  # a variable, or something that may hold one
    return next((item for item in earlier if _from_variables(recording, item)), None)


def _from_variables(recording: Recording, value: Value) -> bool:
    """Whether a variable lies behind a value."""
    return any(isinstance(item, (Variable, VariableSet)) for item in recording.behind(value, cuts=CUTS))


def _told(recording: Recording, apply: Apply, earlier: Data) -> Finding:
    function = apply.kwargs.get("loss") or apply.args[0]
    node = _result(function) or apply.node
    target = recording.names.get(earlier.id) or _read(node)
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "target": target or recording.text(node),
        "variables": _variables(recording, apply),
    }
    marks = (
        story.mark(recording, "target", earlier.place),
        story.mark(recording, "apply", apply.place),
    )
    return story.told(recording, CODE, node, fields, marks, "", apply.context)


def _result(function: Value) -> ast.AST | None:
    """What the function gives back, in the program's words."""
    inner = function.function if isinstance(function, Bound) else function
    if not isinstance(inner, Function):
        return None
    if isinstance(inner.node, ast.Lambda):
        return inner.node
    returns = [node for node in walk(inner.node) if isinstance(node, ast.Return) and node.value is not None]
    return returns[-1].value if len(returns) == 1 else inner.node


def _read(node: ast.AST) -> str:
    body = node.body if isinstance(node, ast.Lambda) else node
    return ast.unparse(body) if isinstance(body, (ast.Name, ast.Attribute)) else ""


def _variables(recording: Recording, apply: Apply) -> str:
    for keyword in apply.node.keywords:
        if keyword.arg == "var_list":
            return recording.text(keyword.value)
    return recording.text(apply.node.args[1]) if len(apply.node.args) > 1 else "the variables"


def _new_tape(recording: Recording, apply: Apply) -> Finding:
    keyword = next((keyword for keyword in apply.node.keywords if keyword.arg == "tape"), None)
    loss = apply.kwargs.get("loss") or (apply.args[0] if apply.args else None)
    node: ast.AST = keyword.value if keyword is not None else apply.node
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "target": recording.text(apply.node.args[0]) if apply.node.args else "loss",
        "variables": _variables(recording, apply),
    }
    marks = (story.mark(recording, "target", loss.place) if isinstance(loss, Data) else (),)
    return story.told(recording, CODE, node, fields, marks, "new_tape", apply.context)
