"""tapelint reports in every project fixture what its modules say, and nothing else.

What TensorFlow does with the same programs is asked in tests/oracle/.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tapelint.cli import main
from tests.oracle.programs import expectations, fixture_programs, modules, notes, project_folders, shown

FOLDERS = project_folders()

Told = set[tuple[str, int, str]]
"""File, row and code of findings."""


def reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """What is said of a whole folder, which is the working directory."""
    main(["--isolated", "--output-format", "json", "--quiet", "."])
    told = json.loads(capsys.readouterr().out)
    return {
        ((folder / item["filename"]).relative_to(folder).as_posix(), item["location"]["row"], item["code"])
        for item in told
    }


def expected(folder: Path) -> Told:
    """What the comments of all modules state."""
    return {
        (path.relative_to(folder).as_posix(), row, code)
        for path in modules(folder)
        for row, code in expectations(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_a_project_is_reported_as_it_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A copy: the folder must be a project by itself, not a part of this one.
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(copy)
    assert reported(copy, capsys) == expected(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=shown)
def test_a_project_keeps_to_the_form(folder: Path) -> None:
    """Several modules, of which only the entry states outcomes."""
    assert len(modules(folder)) > 1
    assert list(fixture_programs(folder / "main.py"))
    for path in modules(folder):
        if path != folder / "main.py":
            kinds = {kind for _, kind, _ in notes(path.read_text(encoding="utf-8"))}
            assert kinds <= {"expect"}, shown(path)


def test_there_are_projects() -> None:
    """An empty list of cases would pass without a word."""
    assert FOLDERS
