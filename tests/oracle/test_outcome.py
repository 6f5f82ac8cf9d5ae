from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.outcome import Happened, Leaf, Outcome, OutcomeError
from tests.oracle.programs import (
    FIXTURES,
    PROJECTS,
    ProgramError,
    blocks,
    expectations,
    files,
    modules,
    programs,
    project_folder,
    project_folders,
)


def leaf(*values: float) -> Leaf:
    finite = all(value == value and abs(value) != float("inf") for value in values)
    return Leaf(values, len(values), not any(values), finite)


NONE = Happened(leaves=(None, None))
SOME_NONE = Happened(leaves=(leaf(1.0), None))
ZERO = Happened(leaves=(leaf(0.0, 0.0), leaf(0.0)))
NAN = Happened(leaves=(leaf(1.0, float("nan")), leaf(2.0)))
FINITE = Happened(leaves=(leaf(0.0), leaf(2.0, 3.0)))
NOTHING = Happened()
TEXT = Happened(leaves=("str 'x'",))
RAISED = Happened(raised=("InvalidArgumentError", "OpError"), message="shapes do not match")
WARNED = Happened(leaves=(leaf(1.0),), log="UserWarning: careful")
HUNG = Happened(failed="does not end within 90 s")
EVERYTHING = [NONE, SOME_NONE, ZERO, NAN, FINITE, NOTHING, TEXT, RAISED, WARNED, HUNG]


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("none", [NONE]),
        ("some-none", [SOME_NONE]),
        ("zero", [ZERO]),
        ("nan", [NAN]),
        ("finite", [FINITE, WARNED]),
        ("= [0, [2, 3]]", [FINITE]),
        ("= (1.00001, None)", [SOME_NONE]),
        ("= [0, 2]", []),
        ("raises OpError", [RAISED]),
        ("raises InvalidArgumentError: do not match", [RAISED]),
        ("raises InvalidArgumentError: elsewhere", []),
        ("raises ValueError", []),
        ("warns careful", [WARNED]),
        ("runs", [each for each in EVERYTHING if each not in (RAISED, HUNG)]),
    ],
)
def test_an_outcome_holds_for_nothing_else(written: str, held: list[Happened]) -> None:
    outcome = Outcome.parse(written)
    assert [each for each in EVERYTHING if outcome.holds(each)] == held


@pytest.mark.parametrize("written", ["", "None", "raises", "warns", "= x", "none of them", "finite 3"])
def test_other_words_are_refused(written: str) -> None:
    with pytest.raises(OutcomeError):
        Outcome.parse(written)


def test_an_array_that_was_cut_off_equals_nothing() -> None:
    assert not Outcome.parse("= [1.0]").holds(Happened(leaves=(Leaf((1.0,), 2000, False, True),)))


def fixture(folder: Path, text: str) -> Path:
    path = folder / "fails_here.py"
    path.write_text(text)
    return path


def test_functions_and_their_outcomes(tmp_path: Path) -> None:
    text = "def a():  # tf: none  # keras2: skip\n    return None\n"
    text += 'def b():  # tf: raises TypeError: no "x"\n    pass\n'
    a, b = programs([fixture(tmp_path, text)])
    assert (a.function, str(a.tf), a.keras2, a.line) == ("a", "none", None, 1)
    assert (b.function, str(b.tf), str(b.keras2)) == ("b", 'raises TypeError: no "x"', 'raises TypeError: no "x"')


def test_a_marked_first_line_is_a_script(tmp_path: Path) -> None:
    (script,) = programs([fixture(tmp_path, "# tf: finite  # keras2: none\nx = 1\n")])
    assert (script.function, str(script.tf), str(script.keras2)) == (None, "finite", "none")


def test_a_file_that_does_not_parse_is_a_script(tmp_path: Path) -> None:
    (script,) = programs([fixture(tmp_path, "# tf: raises SyntaxError\nx = (\n")])
    assert script.function is None


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\ny = 2  # tf: none\n",
        "def f():\n    def g():  # tf: none\n        return 1\n",
        "def f():  # keras2: none\n    return 1\n",
        "def f():  # tf: maybe\n    return 1\n",
        "def f():  # tf: none\n    pass\n",
    ],
)
def test_marks_that_would_judge_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProgramError):
        list(programs([fixture(tmp_path, text)]))


def test_expectations_are_comments_only() -> None:
    text = 's = "# expect: TAP101"\nf(x)  # expect: TAP301, TAP302\ng(x)  # tf: none  # expect: TAP401\n'
    assert expectations(text) == {(2, "TAP301"), (2, "TAP302"), (3, "TAP401")}


def test_blocks_know_their_section_and_line(tmp_path: Path) -> None:
    page = tmp_path / "TAP999-page.md"
    page.write_text('## Example\n\n```python tf="= [1]" keras2="skip"\n## no heading\nx = 1\n```\n\n```text\nno\n```\n')
    (block,) = blocks(page)
    assert (block.section, block.line, block.text) == ("Example", 4, "## no heading\nx = 1\n")
    (program,) = programs([page])
    assert (str(program.tf), program.keras2, program.section) == ("= [1]", None, "Example")


def test_an_example_must_state_its_outcome(tmp_path: Path) -> None:
    page = tmp_path / "TAP999-page.md"
    page.write_text("## Example\n\n```python\nx = 1\n```\n")
    with pytest.raises(ProgramError):
        list(programs([page]))


def test_of_a_project_only_the_entry_holds_programs() -> None:
    folders = project_folders()
    inside = [path for path in files([FIXTURES]) if project_folder(path) is not None]
    assert inside == [folder / "main.py" for folder in folders]
    assert all(project_folder(path) == folder for folder in folders for path in modules(folder))
    assert {program.folder for program in programs([PROJECTS])} == set(folders)


def test_a_fixture_of_one_file_belongs_to_no_project(tmp_path: Path) -> None:
    (single,) = programs([fixture(tmp_path, "# tf: none\nx = 1\n")])
    assert single.folder is None
    assert project_folder(FIXTURES / "TAP101" / "fails_loop.py") is None
