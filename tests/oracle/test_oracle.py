"""TensorFlow does with every fixture and every page example what is written there."""

from __future__ import annotations

import pytest

from tests.oracle.conftest import Oracles
from tests.oracle.programs import FIXTURES, PAGES, Program, files, programs

ALL = list(programs([FIXTURES, PAGES]))
CASES = [(3, program) for program in ALL] + [(2, program) for program in ALL if program.speaks_of_keras]
NAMES = [f"keras{generation}-{program.name}" for generation, program in CASES]


@pytest.mark.oracle
@pytest.mark.parametrize(("generation", "program"), CASES, ids=NAMES)
def test_tensorflow_does_what_is_written(generation: int, program: Program, oracles: Oracles) -> None:
    expected = program.expected(generation)
    if expected is None:
        pytest.skip("can't run under Keras 2")
    happened = oracles.run(generation, program)
    assert expected.holds(happened), f"{program.name}: expected {expected}, got {happened}\n{happened.log[-2000:]}"


def test_there_are_programs() -> None:
    """An empty list of cases would pass without a word."""
    fixtures = {program.path for program in ALL if not program.section}
    pages = {program.path for program in ALL if program.section}
    assert fixtures
    assert len(pages) == len(list(files([PAGES])))
