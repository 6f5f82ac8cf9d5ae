"""What is told of programs that were made by chance is what TensorFlow does with them."""

from __future__ import annotations

from functools import cache

import pytest

from tapelint import catalogue
from tapelint.check import Terms, check
from tapelint.diagnostic import Severity
from tests.oracle.conftest import Oracles
from tests.oracle.generated import FUNCTION, written
from tests.oracle.outcome import Happened, Leaf, Outcome
from tests.oracle.programs import ROOT, Program

SEEDS = range(300)


def told(seed: int) -> list[str]:
    """The errors that are told of a program."""
    result = check("a.py", written(seed).encode(), Terms(frozenset(catalogue.codes())))
    assert result.errors == ()
    return [f"{one.code} {one.message}" for one in result.diagnostics if one.severity is Severity.ERROR]


@cache
def happens(seed: int, oracles: Oracles) -> Happened:
    path = ROOT / "generated" / f"{seed}.py"
    return oracles.run(3, Program(path, 1, written(seed), FUNCTION, Outcome("finite"), None))


def is_fine(happened: Happened) -> bool:
    """Whether all gradients are there, and none of them is zero."""
    leaves = happened.leaves
    return not happened.raised and all(isinstance(leaf, Leaf) and leaf.finite and not leaf.zero for leaf in leaves)


def is_lost(happened: Happened) -> bool:
    """Whether there is no gradient at all."""
    return bool(happened.raised) or all(leaf is None for leaf in happened.leaves)


@pytest.mark.oracle
def test_what_is_told_of_generated_programs_is_true(oracles: Oracles) -> None:
    outcomes = {seed: happens(seed, oracles) for seed in SEEDS}
    assert not [f"{seed}: {one}" for seed, one in outcomes.items() if one.failed]
    false = [f"{told(seed)}\n{written(seed)}" for seed, one in outcomes.items() if is_fine(one) and told(seed)]
    assert not false, "\n".join(false)


@pytest.mark.oracle
def test_most_generated_programs_without_a_gradient_are_told(oracles: Oracles) -> None:
    lost = [seed for seed in SEEDS if is_lost(happens(seed, oracles))]
    silent = [seed for seed in lost if not told(seed)]
    assert len(lost) > len(SEEDS) // 4
    assert len(silent) < len(lost) // 5, silent


def test_generated_programs_are_of_both_kinds() -> None:
    loud = [seed for seed in SEEDS if told(seed)]
    assert len(SEEDS) // 5 < len(loud) < len(SEEDS) * 4 // 5
    assert written(1) == written(1) != written(2)
