"""Knowing less must never report more.

In a program of which tapelint says nothing a part is hidden: an argument, a right side or a function goes through a
module that does not exist (`unseen`), a function or a class gets a decorator from there, a class another base, a call
more arguments. What such a program may do includes what it did before. So tapelint must stay silent: a finding shows
that something unknown is taken for something known.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tapelint import catalogue
from tapelint.check import Terms, check
from tests.oracle.programs import FIXTURES, PAGES, blocks, expectations, files
from tests.test_fixtures import INFO

RULES = frozenset(catalogue.codes()) - {"TAP001", "TAP002", "TAP003"}
PORTIONS = 8
ROUNDS = 2

MEANT = frozenset(
    {
        "silent_asks_first.py", "silent_expected.py", "silent_factor_of_zero.py", "silent_fast_weights.py",
        "silent_has_it.py", "silent_meant.py", "silent_other_minimizers.py", "silent_other_packages.py",
        "silent_prepared.py", "silent_replaced_by_zeros.py",
    }
)  # fmt: skip
"""What is hidden there is how the program shows that it means what it does, or asks first whether it can be done.

In `silent_fast_weights.py` it is not: TAP212 does not know yet what a hidden `__init__` may keep in a layer of a copy.
"""


def programs() -> list[tuple[str, str, str]]:
    """The name, the rule and the text of programs of which nothing is said."""
    found = [
        (path.name, path.parent.name, path.read_text(encoding="utf-8"))
        for path in sorted(FIXTURES.glob("TAP[1-9]*/silent_*.py"))
        if path.name not in MEANT and not expectations(path.read_text(encoding="utf-8"))
    ]
    for path in files([PAGES]):
        found += [(path.name, path.name[:6], one.text) for one in blocks(path) if one.section == "Use instead"]
    return found


def hidden(tree: ast.Module, chance: random.Random) -> ast.Module:
    """The program with something hidden in each of its functions and classes, and in what stands around them."""
    for statement in tree.body:
        places = list(_places(statement))
        if places:
            chance.choice(places)()
    tree.body.insert(0, ast.Import([ast.alias("unseen")]))
    return ast.fix_missing_locations(tree)


def _places(statement: ast.stmt) -> Iterator[Callable[[], object]]:
    """All that can be done to a statement, as functions that do it."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "super"):
            yield partial(setattr, node, "func", _unseen("wrap", node.func))
            yield partial(node.keywords.append, ast.keyword(None, _name("options")))
            for at, argument in enumerate(node.args):
                if not isinstance(argument, (ast.Starred, ast.GeneratorExp)):
                    yield partial(node.args.__setitem__, at, _unseen("given", argument))
            if not node.keywords and not any(isinstance(argument, ast.GeneratorExp) for argument in node.args):
                yield partial(node.args.append, ast.Starred(_name("more"), ast.Load()))
        elif isinstance(node, ast.Assign):
            yield partial(setattr, node, "value", _unseen("given", node.value))
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield partial(node.decorator_list.insert, 0, _name("decorator"))
            if isinstance(node, ast.ClassDef) and node.bases:
                yield partial(node.bases.insert, 0, _name("Mixin"))


def _name(name: str) -> ast.expr:
    return ast.Attribute(ast.Name("unseen", ast.Load()), name, ast.Load())


def _unseen(name: str, value: ast.expr) -> ast.expr:
    return ast.Call(_name(name), [value], [])


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_a_program_of_which_less_is_known_is_as_silent(portion: int) -> None:
    told = []
    for name, code, text in programs()[portion::PORTIONS]:
        rule = catalogue.rule(code)
        terms = Terms(RULES, keras=3 if 3 in rule.keras else 2, quiet=INFO - {code}, follow=False)
        for number in range(ROUNDS):
            chance = random.Random(f"{name} {number}")
            mutated = ast.unparse(hidden(ast.parse(text), chance))
            result = check("program.py", mutated.encode(), terms)
            told += [f"{code}/{name} {number}: {one.code} {one.message}" for one in result.diagnostics]
            told += [f"{code}/{name} {number}: {error}" for error in result.errors]
    assert told == []
