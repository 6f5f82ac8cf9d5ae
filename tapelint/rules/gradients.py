"""What several rules ask of a gradient that the program works with."""

from __future__ import annotations

import ast

from tapelint.diagnostic import Edit, Span
from tapelint.play import pairs
from tapelint.play.ask import Ask, Standing
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Data, Dictionary, Sequence, Value, VariableSet
from tapelint.rules import story


def ask_of(value: Value) -> Ask | None:
    """The call that a value is the gradient of."""
    return value.ask if isinstance(value, Data) else None


def source_of(value: Value) -> Value | None:
    """The source that a gradient belongs to."""
    return pairs.source_of(value) if isinstance(value, Data) and value.ask is not None else None


def single(ask: Ask) -> bool:
    """Whether the source certainly stands alone, outside any list."""
    return not isinstance(ask.sources, (Sequence, Dictionary)) and not (
        isinstance(ask.sources, VariableSet) and not ask.sources.part
    )


def target_count(recording: Recording, ask: Ask) -> int:
    """How many targets are given in a list, tuple or dictionary; 1 for a target by itself, 0 for an unknown number."""
    held = recording.contents.get(ask.target.id)
    if held is None:
        return 0 if isinstance(ask.target, (Sequence, Dictionary, VariableSet)) else 1
    return 0 if ask.target.id in recording.inexact else len(held)


def fields_of(recording: Recording, ask: Ask) -> dict[str, str]:
    """The fields of nearly all messages about one gradient call."""
    return {
        "tape": story.asked_tape(recording, ask),
        "method": ask.method,
        "target": recording.text(ask.target_node),
        "source": recording.text(ask.sources_node),
    }


def untouched(ask: Ask) -> bool:
    """Whether no source of the call is told to get no gradient: such a None has its own report."""
    return not any(verdict.standing is Standing.CUT for verdict in ask.verdicts)


def tested(recording: Recording, node: ast.AST) -> bool:
    """Whether a condition around an expression compares something with None: the program tells None apart."""
    parents = recording.parents
    at: ast.AST | None = node
    lists: set[str] = set()
    while at is not None:
        outer = parents.get(id(at))
        tests: list[ast.AST] = []
        if isinstance(outer, (ast.IfExp, ast.If, ast.While, ast.Assert)):
            tests = [outer.test]
        elif isinstance(outer, ast.BoolOp):
            tests = list(outer.values)
        elif isinstance(outer, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
            tests = [test for generator in outer.generators for test in generator.ifs]
        if any(
            isinstance(inner, ast.Constant) and inner.value is None and not _of_list(parents.get(id(inner)), lists)
            for test in tests
            for inner in walk(test)
        ):
            return True
        if isinstance(outer, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)):
            lists |= {name for generator in outer.generators for name in _names(generator.iter)}
        elif isinstance(outer, (ast.For, ast.AsyncFor)):
            lists |= _names(outer.iter)
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        at = outer
    return False


def _names(node: ast.AST) -> set[str]:
    """The names and attributes in an expression, as the program writes them."""
    return {ast.unparse(part) for part in walk(node) if isinstance(part, (ast.Name, ast.Attribute))}


def _of_list(test: ast.AST | None, lists: set[str]) -> bool:
    """Whether `total is None` asks for a list that a loop goes through: that says nothing of what the list holds."""
    identity = isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Is, ast.IsNot))
    return identity and isinstance(test, ast.Compare) and ast.unparse(test.left) in lists


def argument_node(ask: Ask, position: int, name: str) -> ast.expr | None:
    """The expression of an argument as it stands in the call; None where it comes out of `*`, `**` or a `partial`."""
    call = ask.node
    if ask.target_node is call:
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position < len(call.args) and not any(isinstance(item, ast.Starred) for item in call.args[: position + 1]):
        return call.args[position]
    return None


def work_node(work: Work) -> ast.AST:
    """Where a work is shown: the names of an unpacking, not its whole statement."""
    node = work.place.node
    return node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else node


def wrapped(recording: Recording, node: ast.AST, before: str, after: str) -> tuple[Edit, ...]:
    """Write text on both sides of an expression."""
    span = recording.span(node)
    return (Edit(Span(span.start, span.start), before), Edit(Span(span.end, span.end), after))
