"""What is said of the modules of rules is what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tapelint.rules
from tapelint.rules import modules
from tapelint.rules.needs import NEEDED

FOLDER = Path(tapelint.rules.__file__).parent


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, names in NEEDED.items() for name in names])
def test_a_rule_needs_what_it_goes_through(what: str, name: str) -> None:
    assert name in modules().values()
    assert _needed(name) == {what}


def _needed(name: str) -> set[str]:
    """What a rule goes through to find something; "anything" if it yields in another way than in a loop."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    find = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "find")
    found: set[str] = set()
    for statement in find.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "not recording.clips":
            return {"clips"}
        if isinstance(statement, ast.For):
            found.add(_list(ast.unparse(statement.iter)))
        elif any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(statement)):
            found.add("anything")
    return found


def _list(iterated: str) -> str:
    if iterated.startswith(("story.missing(", "story.lost_terms(")):
        return "missing"
    if iterated.startswith("optimizers.applied("):
        return "applies"
    iterated = iterated.removeprefix("enumerate(").removeprefix("recording.").removesuffix(")")
    return iterated.removeprefix("happened(Happening.")
