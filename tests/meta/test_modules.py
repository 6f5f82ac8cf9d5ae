"""What the rule package says of its modules is what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tapelint.rules
from tapelint.rules import OF_MISSING, modules

FOLDER = Path(tapelint.rules.__file__).parent


@pytest.mark.parametrize("name", sorted(OF_MISSING))
def test_asks_for_missing_gradients_only(name: str) -> None:
    assert name in modules().values()
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    find = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "find")
    loops = [node for node in find.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    assert loops
    assert all(isinstance(node, ast.For) and "story.missing(" in ast.unparse(node.iter) for node in loops)
