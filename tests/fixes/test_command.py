"""Fixing from the command line."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint.cli import main

FAULTY = """\
import tensorflow as tf


def slope():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)
"""
FIXED = FAULTY.replace("as tape:\n", "as tape:\n        tape.watch(x)\n")
UNSAFE = """\
import numpy as np
import tensorflow as tf


def slope():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = np.exp(x)
    return tape.gradient(y, x)
"""
CLEAN = FAULTY.replace("constant", "Variable")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.tapelint]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Piped(io.TextIOWrapper):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


@pytest.mark.parametrize("words", [["check", "--fix"], ["--fix"], ["fix"]])
def test_files_are_fixed(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    (folder / "a.py").write_text(FAULTY)
    (folder / "b.py").write_text(UNSAFE)
    (folder / "c.py").write_text(CLEAN)
    before = (folder / "c.py").stat().st_mtime_ns
    assert main([*words, "."]) == 1
    assert (folder / "a.py").read_text() == FIXED
    assert (folder / "b.py").read_text() == UNSAFE
    assert (folder / "c.py").stat().st_mtime_ns == before
    out, err = capsys.readouterr()
    assert "a.py" not in out
    assert "TAP304" in out
    assert err.splitlines() == ["Fixed 1 finding in 1 file", "Found 1 error in 1 of 3 files; it has a fix"]


def test_unsafe_fixes_on_request(folder: Path) -> None:
    (folder / "b.py").write_text(UNSAFE)
    assert main(["fix", "--unsafe-fixes", "b.py"]) == 0
    assert (folder / "b.py").read_text() == UNSAFE.replace("np.exp", "tf.exp")


def test_what_was_fixed_is_shown_and_can_be_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.py").write_text(FAULTY)
    assert main(["fix", "--show-fixes", "--exit-non-zero-on-fix", "a.py"]) == 1
    assert "a.py:\n  1 of TAP201 unwatched-source\nFixed 1 finding in 1 file\n" in capsys.readouterr().err
    assert main(["fix", "--show-fixes", "--exit-non-zero-on-fix", "a.py"]) == 0


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("below", ["", "src"])
def test_git_applies_the_patch(folder: Path, end: str, below: str) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    path = folder / below / "a.py"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(FAULTY.rstrip().replace("\n", end).encode())
    words = [sys.executable, "-m", "tapelint", "check", "--diff", "."]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(words, cwd=path.parent, env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"Would fix 1 finding in 1 file" + os.linesep.encode())
    assert path.read_bytes() == FAULTY.rstrip().replace("\n", end).encode()
    subprocess.run(["git", "apply", "-"], cwd=path.parent, input=done.stdout, check=True)
    assert path.read_bytes() == FIXED.rstrip().replace("\n", end).encode()


def test_nothing_to_change(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (folder / "b.py").write_text(UNSAFE)
    assert main(["check", "--diff", "b.py"]) == 0
    assert capsysbinary.readouterr() == (b"", b"Nothing to fix\n")


def test_a_patch_in_colours(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (folder / "a.py").write_text(FAULTY)
    assert main(["check", "--diff", "--color", "always", "a.py"]) == 1
    assert b"\x1b[32m+        tape.watch(x)\x1b[0m\n" in capsysbinary.readouterr().out


@pytest.mark.parametrize(
    ("text", "expected", "code"), [(FAULTY, FIXED, 0), (UNSAFE, UNSAFE, 1), ("x = 1\n", "x = 1\n", 0)]
)
def test_what_is_piped_in_comes_out(
    text: str, expected: str, code: int, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", Piped(text.replace("\n", "\r\n").encode()))
    assert main(["check", "--fix", "-"]) == code
    out, err = capsysbinary.readouterr()
    assert out == expected.replace("\n", "\r\n").encode()
    assert (b"TAP304" in err) is (code == 1)


def test_what_is_piped_in_comes_out_as_a_patch(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", Piped(FAULTY.encode()))
    assert main(["check", "--diff", "--stdin-filename", "src/a.py", "-"]) == 1
    assert capsysbinary.readouterr().out.startswith(b"--- a/src/a.py\n+++ b/src/a.py\n")


def test_an_excluded_file_comes_out_as_it_came(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("sys.stdin", Piped(FAULTY.encode()))
    words = ["--exclude", "a.py", "--force-exclude", "--stdin-filename", "a.py", "-"]
    assert main(["check", "--fix", *words]) == 0
    assert capsysbinary.readouterr().out == FAULTY.encode()


def test_settings(folder: Path) -> None:
    (folder / "a.py").write_text(FAULTY)
    (folder / "pyproject.toml").write_text('[tool.tapelint]\nfix = true\nunfixable = ["unwatched-source"]\n')
    assert main(["check", "a.py"]) == 1
    assert (folder / "a.py").read_text() == FAULTY
    (folder / "pyproject.toml").write_text('[tool.tapelint]\nfix = true\nextend-unsafe-fixes = ["TAP2"]\n')
    assert main(["check", "a.py"]) == 1
    assert (folder / "a.py").read_text() == FAULTY
    assert main(["check", "--config", "fix=false", "--config", "unsafe-fixes=true", "a.py"]) == 1
    assert (folder / "a.py").read_text() == FAULTY
    assert main(["check", "--unsafe-fixes", "a.py"]) == 0
    assert (folder / "a.py").read_text() == FIXED


def test_a_suppressed_finding_is_not_fixed(folder: Path) -> None:
    text = FAULTY.replace("(y, x)", "(y, x)  # tapelint: ignore[TAP201]")
    (folder / "a.py").write_text(text)
    assert main(["fix", "a.py"]) == 0
    assert (folder / "a.py").read_text() == text


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_a_file_that_cannot_be_written_is_one_line_and_the_run_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.py", "b.py"):
        (folder / name).write_text(FAULTY)
    (folder / "a.py").chmod(0o444)
    assert main(["fix", "a.py", "b.py"]) == 2
    out, err = capsys.readouterr()
    assert "a.py:8:29: error TAP201" in out
    assert "b.py" not in out
    assert err.splitlines()[0] == "error: a.py: not fixed: it is read-only"
    assert (folder / "a.py").read_text() == FAULTY
    assert (folder / "b.py").read_text() == FIXED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix or --diff only"),
        (["--show-fixes"], "--show-fixes goes with --fix or --diff only"),
        (["--exit-non-zero-on-fix"], "--exit-non-zero-on-fix goes with --fix or --diff only"),
        (["--diff", "--statistics"], "--diff prints a patch, and goes with neither --statistics nor --output-file"),
    ],
)
def test_options_that_would_do_nothing(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *words, "."]) == 2
    assert capsys.readouterr().err == f"error: {said}\n"


def test_two_runs_at_once(folder: Path) -> None:
    for number in range(20):
        (folder / f"{number}.py").write_text(FAULTY)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-m", "tapelint", "fix", "."]
    runs = [subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert {run.wait() for run in runs} == {0}
    assert {path.read_text() for path in folder.glob("*.py")} == {FIXED}
    assert len(list(folder.iterdir())) == 21


def test_a_process_pool_fixes_as_one_process_does(folder: Path) -> None:
    for number in range(120):
        (folder / f"{number}.py").write_text(FAULTY)
    assert main(["fix", "--jobs", "2", "."]) == 0
    assert {path.read_text() for path in folder.glob("*.py")} == {FIXED}
