from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapelint.annotation import Annotation
from tapelint.catalogue import codes
from tapelint.check import Terms, check
from tapelint.cli import main
from tests.engine import MARK, install

COMMENT = "  # tapelint: ignore[TAP301]"
TERMS = Terms(frozenset(codes()))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch)
    for name in list(os.environ):
        if name.startswith("TAPELINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def annotated(text: str, *words: str, mark: str = MARK) -> tuple[int, str]:
    """The exit code, and what became of the text."""
    Path("a.py").write_bytes((mark + text).encode())
    code = main(["--add-ignore", "--pedantic", "--output-format", "concise", "a.py", *words])
    return code, Path("a.py").read_bytes().decode().removeprefix(mark)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FAULT", "FAULT  # tapelint: ignore[TAP301]"),
        ("FAULT   \r\nx\r\n", "FAULT  # tapelint: ignore[TAP301]   \r\nx\r\n"),
        ("NOTE; FAULT; NOTE\n", "NOTE; FAULT; NOTE  # tapelint: ignore[TAP119, TAP301]\n"),
        ("f(\n  FAULT,\n  NOTE,\n)\n", "f(\n  FAULT,\n  NOTE,\n)  # tapelint: ignore[TAP301, TAP119]\n"),
        ("with FAULT(\n  1):\n  x\n", "with FAULT(\n  1):  # tapelint: ignore[TAP301]\n  x\n"),
        ("f(FAULT, '''\n# a\n''')\n", "f(FAULT, '''\n# a\n''')  # tapelint: ignore[TAP301]\n"),
        ("FAULT + \\\n  1\n", "FAULT + \\\n  1  # tapelint: ignore[TAP301]\n"),
        ("FAULT  # noqa: E501\n", "FAULT  # noqa: E501  # tapelint: ignore[TAP301]\n"),
        ("FAULT  # a\\\nx\n", "FAULT  # a\\  # tapelint: ignore[TAP301]\nx\n"),
        ("FAULT; NOTE  # tapelint: ignore[TAP119] why\n", "FAULT; NOTE  # tapelint: ignore[TAP119, TAP301] why\n"),
        ("# tapelint: ignore[TAP119]\nNOTE; FAULT", "# tapelint: ignore[TAP119]\nNOTE; FAULT" + COMMENT),
        ("'é'; FAULT\n", "'é'; FAULT  # tapelint: ignore[TAP301]\n"),
    ],
)
def test_comments_go_to_the_ends_of_statements(text: str, wanted: str) -> None:
    assert annotated(text) == (0, wanted)
    assert annotated(wanted) == (0, wanted)


def test_the_reason_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert annotated("FAULT\nFAULT\n", "--add-ignore=known since #12")[1] == (
        "FAULT  # tapelint: ignore[TAP301] known since #12\n" * 2
    )
    assert capsys.readouterr().err == "Wrote 2 comments in 1 file\nNothing found in 1 file\n"
    assert main(["--add-ignore=a\nb", "a.py"]) == 2
    assert "one line" in capsys.readouterr().err


def test_nothing_is_written_where_nothing_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert annotated("x\n") == (0, "x\n")
    assert capsys.readouterr().err == "No comment was needed\nNothing found in 1 file\n"


def test_a_line_that_goes_on_after_a_backslash_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    text = "FAULT \\\n\nNOTE\n"
    assert annotated(text) == (1, "FAULT \\\n\nNOTE  # tapelint: ignore[TAP119]\n")
    out, err = capsys.readouterr()
    assert out.startswith("a.py:2:1: TAP301")
    assert "a.py:2: no comment for TAP301: its line ends in a backslash" in err


def test_that_no_comment_was_needed_is_not_said_of_findings_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert annotated("FAULT \\\n") == (1, "FAULT \\\n")
    assert "No comment was written\n" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["x = (\n", "x  # tapelint: ignore[TAP301]\n", "x  # tapelint: ignore\n"])
def test_findings_about_comments_and_syntax_stay(text: str) -> None:
    assert annotated(text) == (1, text)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf# GradientTape\r\nFAULT\r\n'\xc3\xa9'",
        b"# coding: latin-1\n# GradientTape \xe9\nFAULT\n",
        b"# coding: cp1252\r\n'GradientTape \x80'\rFAULT\n",
    ],
)
def test_every_other_byte_stays(data: bytes) -> None:
    Path("a.py").write_bytes(data)
    assert main(["--add-ignore", "a.py"]) == 0
    assert Path("a.py").read_bytes() == data.replace(b"FAULT", b"FAULT  # tapelint: ignore[TAP301]")


def test_a_reason_that_the_file_cannot_hold_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    mark = "# coding: latin-1\n# GradientTape\n"
    assert annotated("FAULT\n", "--add-ignore=日本", mark=mark) == (1, "FAULT\n")
    assert "a.py: not changed: its encoding has no room for the reason" in capsys.readouterr().err


def test_a_file_that_changed_meanwhile_is_left_alone() -> None:
    data = (MARK + "FAULT\n").encode()
    Path("a.py").write_bytes(data + b"# more\n")
    result, refusals = Annotation("").annotate(check("a.py", data, TERMS), data)
    assert len(result.diagnostics) == 1
    assert refusals == [" not changed: it has changed since it was read"]
    assert Path("a.py").read_bytes() == data + b"# more\n"


def test_what_is_piped_in_cannot_be_annotated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--add-ignore", "-"]) == 2
    assert capsys.readouterr().err == "error: --add-ignore is for files, and - is none\n"


def test_a_path_after_the_option_is_a_path() -> None:
    Path("b.py").write_text(MARK + "FAULT\n")
    assert main(["--add-ignore", "b.py"]) == 0
    assert main(["check", "--add-ignore", "--color", "auto", "b.py"]) == 0
    assert Path("b.py").read_text() == MARK + "FAULT  # tapelint: ignore[TAP301]\n"


def test_a_comment_goes_into_the_cell_of_a_notebook() -> None:
    cells = '{"cells": [{"cell_type": "code", "source": ["%pip install x\\n", "GradientTape\\n", "FAULT"]}],'
    text = cells + ' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    Path("a.ipynb").write_text(text)
    assert main(['--add-ignore=a "b"', "a.ipynb"]) == 0
    assert Path("a.ipynb").read_text() == text.replace('FAULT"', 'FAULT  # tapelint: ignore[TAP301] a \\"b\\""')
    assert main(["a.ipynb"]) == 0


PARTS = st.sampled_from(
    ["FAULT", "NOTE", "f(", ")", ", ", "'''", "# c", " \\", "\n", "\n", "\r\n", "if x:", "    ", "x = 1", "; "]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PARTS, max_size=25).map("".join))
def test_after_it_nothing_is_left_that_it_can_suppress(text: str) -> None:
    data = (MARK + text).encode()
    Path("a.py").write_bytes(data)
    before = check("a.py", data, TERMS)
    result, refusals = Annotation("why").annotate(before, data)
    written = Path("a.py").read_bytes()
    after = check("a.py", written, TERMS)
    assert [each.code for each in after.diagnostics] == [each.code for each in result.diagnostics]
    assert all(each.code == "TAP001" for each in result.diagnostics) or refusals
    assert re.sub(rb"  # tapelint: ignore\[[^]]*\] why", b"", written) == data
