"""What TensorFlow does with fixtures and page examples once they are fixed: the fault is gone, nothing else changed."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from tapelint.diagnostic import Applicability
from tapelint.result import FileResult
from tests.fixes.fixing import SAFE, UNSAFE, code_of, faulty, mended, terms
from tests.oracle.conftest import Oracles
from tests.oracle.outcome import Happened
from tests.oracle.programs import PAGES, Program, files, fixture_programs, page_programs, shown

BAD = ("none", "some-none", "zero", "nan", "raises")
"""Outcomes that a fix has to do away with."""


@pytest.mark.oracle
@pytest.mark.parametrize("path", faulty(), ids=shown)
def test_a_fixed_fixture_does_what_it_should(path: Path, oracles: Oracles, tmp_path: Path) -> None:
    data, code = path.read_bytes(), code_of(path)
    whole = mended(data, UNSAFE, code)
    if whole.mended is None:
        return
    safe = mended(data, SAFE, code)
    results = {UNSAFE: whole}
    if safe.mended is not None and safe.mended.after != whole.mended.after:
        results[SAFE] = safe
    for most, result in results.items():
        _run(path, result, most, oracles, tmp_path)


@pytest.mark.oracle
@pytest.mark.parametrize("path", list(files([PAGES])), ids=shown)
def test_a_fixed_example_does_what_its_page_says_to_write_instead(path: Path, oracles: Oracles) -> None:
    sections = {program.section: program for program in page_programs(path)}
    example, instead = sections["Example"], sections["Use instead"]
    code = path.name.partition("-")[0]
    keras = terms(code).keras
    wanted = instead.expected(keras)
    assert wanted is not None
    texts: set[str] = set()
    for most in (SAFE, UNSAFE):
        result = mended(example.text.encode(), most, code)
        if result.mended is None:
            continue
        assert not result.diagnostics, f"{most.value} fixes leave {result.diagnostics[0].code}"
        assert mended(result.mended.after, most, code).mended is None
        texts.add(result.mended.after.decode())
    for text in texts:
        happened = oracles.run(keras, replace(example, text=text))
        assert wanted.holds(happened), f"expected {wanted}, got {happened}\n{text}"


def _run(path: Path, result: FileResult, most: Applicability, oracles: Oracles, folder: Path) -> None:
    """Run what the fixes reach. What they don't reach is the program that test_oracle.py has run, to the letter."""
    assert result.mended is not None
    file = folder / f"{most.value}_{path.name}"
    file.write_bytes(result.mended.after)
    text = result.mended.after.decode("utf-8-sig")
    before = {program.function: program for program in fixture_programs(path)}
    for program in fixture_programs(file):
        old = before[program.function]
        if program.expected(3) is None or program.reached == old.reached or _still_faulty(result, program):
            continue
        happened = oracles.run(3, replace(program, text=text))
        told = f"{old.name} with {most.value} fixes: was {old.tf}, is {happened}"
        assert not happened.raised, told
        assert not happened.failed, told
        assert old.tf.kind not in BAD or _mended(old, happened), told


def _mended(program: Program, happened: Happened) -> bool:
    """Whether the fault that the program had is gone."""
    if program.tf.kind == "raises":
        return not happened.raised
    if program.tf.kind == "nan":
        return happened.kind in ("finite", "zero")
    if program.tf.kind == "zero":
        return happened.kind not in ("zero", "none")
    return happened.kind == "finite"


def _still_faulty(result: FileResult, program: Program) -> bool:
    """Whether something that has no fix is left in what the program may run."""
    source = result.source
    if source is None:
        return False
    for node in ast.parse(source.text).body:
        if ast.unparse(node) in program.reached and any(
            node.lineno <= source.position(each.span.start).row <= (node.end_lineno or 0) for each in result.diagnostics
        ):
            return True
    return False
