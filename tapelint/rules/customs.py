"""What the rules on `tf.custom_gradient` share."""

from __future__ import annotations

import ast

from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Custom
from tapelint.play.values import Value, Variable, VariableSet
from tapelint.rules import story

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def returns(node: Definition) -> list[ast.expr | None]:
    """What a function returns: the expressions of its own `return` statements."""
    if isinstance(node, ast.Lambda):
        return [node.body]
    found: list[ast.expr | None] = []
    stack: list[ast.AST] = list(node.body)
    while stack:
        item = stack.pop(0)
        if isinstance(item, ast.Return):
            found.append(item.value)
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            stack = [*ast.iter_child_nodes(item), *stack]
    return found


def returns_nothing(node: Definition) -> bool:
    """Whether a function does some work and ends without returning it: a `return` was forgotten."""
    if not isinstance(node, ast.FunctionDef) or any(value is not None for value in returns(node)):
        return False
    last = node.body[-1]
    named = isinstance(last, ast.Expr) and not isinstance(last.value, (ast.Constant, ast.Yield, ast.YieldFrom))
    return named or isinstance(last, (ast.Assign, ast.AnnAssign, ast.AugAssign))


def asked_through(recording: Recording, custom: Custom) -> Ask | None:
    """The gradient call whose way certainly leads through this call of a custom gradient."""
    result = custom.result
    if result is None:
        return None
    for ask in recording.asks:
        if not ask.certain or ask.time < result.time or result not in recording.behind(ask.target, maybe=True):
            continue
        read = any(_reads(custom, source) for source in recording.leaves(ask.sources))
        if read or _owns(ask, custom) or recording.sourced(ask, result, maybe=True):
            return ask
    return None


def _reads(custom: Custom, source: Value) -> bool:
    """Whether a source is, or holds, a variable that the function reads beside its arguments."""
    if isinstance(source, VariableSet):
        return any(isinstance(read, VariableSet) and read.owner is source.owner for read, _ in custom.reads)
    return any(read is source for read, _ in custom.reads)


def _owns(ask: Ask, custom: Custom) -> bool:
    """Whether a model or module whose variables are asked for holds what the function reads beside its arguments."""
    return any((read.owner.id if isinstance(read, VariableSet) else read.id) in ask.owned for read, _ in custom.reads)


def text_of(recording: Recording, value: Value) -> str:
    """How the program calls a variable, or the layer that holds it."""
    whose = value.owner if isinstance(value, VariableSet) else value
    name = recording.names.get(whose.id, "")
    if not name and recording.here(whose.place):
        return story.weight_name(recording, whose)
    return name or (getattr(whose, "name", "") if isinstance(whose, Variable) else "")
