from __future__ import annotations

import io
from pathlib import Path

import pytest

import tapelint.run
from tapelint import progress
from tapelint.progress import Progress
from tapelint.run import Read, judge
from tapelint.selection import select
from tapelint.settings import Settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)


def test_one_line_on_a_terminal_that_goes_away() -> None:
    terminal = Terminal()
    bar = Progress(terminal, 4, shown=True)
    bar.step(1)
    assert terminal.getvalue().endswith(" 1 of 4 files")
    bar.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_what_is_played_around_the_files_is_not_counted() -> None:
    terminal = Terminal()
    Progress(terminal, 4, shown=True).step(7)
    assert terminal.getvalue().endswith(" 4 of 4 files")


def test_nothing_in_a_pipe() -> None:
    pipe = io.StringIO()
    Progress(pipe, 4, shown=True).step(1)
    assert pipe.getvalue() == ""


def test_more_processes_tell_how_many_files_are_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tapelint.run, "PAYS_FROM", 2)
    monkeypatch.setattr(tapelint.run, "_CHUNK", 100)
    settings = Settings({}, str(tmp_path))
    files = [Read(str(tmp_path / f"{name}.py"), settings, b"# GradientTape\n" + b"x = 1\n" * 10) for name in range(4)]
    terms = select(settings, []).terms
    told: list[int] = []
    assert len(list(judge(files, lambda file: terms, 2, step=told.append))) == 4
    assert told == [1, 2, 3, 4]
