from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import tapelint.rules
from tapelint.cli import main
from tapelint.diagnostic import Finding, Mark, Span
from tapelint.revision import changes, parse
from tapelint.settings import SettingsError
from tests.engine import MARK, install

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch)
    for name in list(os.environ):
        if name.startswith(("TAPELINT_", "GIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def git(*words: str) -> None:
    person = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *words], check=True, capture_output=True)


def commit(**files: str) -> None:
    """Commit `name="text"` as name.py, in a repository that is made if there is none."""
    if not Path(".git").exists():
        git("init", "-q", "-b", "main")
    for name, text in files.items():
        write(f"{name}.py", text)
    git("add", "-A")
    git("commit", "-q", "-m", "x", "--allow-empty")


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes((MARK + text).encode())


def places(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """`path:row`, the first row after the mark being 1, of what is found on changed lines."""
    code = main(["check", "--output-format", "concise", *words])
    out, err = capsys.readouterr()
    assert code == bool(out), err
    lines = [line.split(":") for line in out.splitlines()]
    return [f"{path}:{int(row) - 1}" for path, row, *_ in lines]


@needs_git
def test_only_changed_lines_count(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="FAULT\nx\nFAULT\n", b="FAULT\n")
    assert places(capsys, "--diff-base", "HEAD") == []
    write("a.py", "FAULT\nx\ny\nFAULT  # now\nFAULT(1)\n")
    assert places(capsys, "--diff-base=main") == ["a.py:4", "a.py:5"]
    git("add", "a.py")
    assert places(capsys, "--diff-base=main", "a.py") == ["a.py:4", "a.py:5"]
    commit()
    assert places(capsys, "--diff-base=main") == []
    assert places(capsys, "--diff-base=main~1") == ["a.py:4", "a.py:5"]


@needs_git
def test_what_happened_on_the_other_branch_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="x\nFAULT\n")
    git("switch", "-q", "-c", "mine")
    commit(b="FAULT\n")
    git("switch", "-q", "main")
    commit(a="x\ny\n")
    git("switch", "-q", "mine")
    assert places(capsys, "--diff-base", "main") == ["b.py:1"]


@needs_git
def test_lines_that_are_gone_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="FAULT\nx\nFAULT\n")
    write("a.py", "FAULT\nFAULT\n")
    assert places(capsys, "--diff-base", "HEAD") == []


@needs_git
def test_files_that_git_does_not_keep_count_whole(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="x\n")
    write("new/b c.py", "FAULT\n")
    write("ignored.py", "FAULT\n")
    Path(".gitignore").write_text("ignored.py\n")
    assert places(capsys, "--diff-base", "HEAD") == ["new/b c.py:1"]
    assert places(capsys, "--diff-base", "HEAD", "ignored.py") == ["ignored.py:1"]


@needs_git
@pytest.mark.parametrize("name", ["é", 'a"b', "a b", "-", "a\tb", "日本"])
def test_names_of_all_kinds(capsys: pytest.CaptureFixture[str], name: str) -> None:
    commit(**{name: "x\nFAULT\n"})
    write(f"{name}.py", "FAULT\nFAULT\n")
    (place,) = places(capsys, "--diff-base", "HEAD", ".")
    assert place.endswith(".py:1")


@needs_git
def test_a_file_that_was_renamed_is_not_new(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="FAULT\n" + "x = 1\n" * 20)
    git("mv", "a.py", "b.py")
    assert places(capsys, "--diff-base", "HEAD") == []


@needs_git
def test_a_related_place_counts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def find(played: object, codes: frozenset[str]) -> list[Finding]:
        text = played.source.text  # type: ignore[attr-defined]
        marks = (Mark("tape", Span(text.index("with"), text.index("with") + 4)),)
        fields = {"target": "loss", "tape": "tape"}
        return [Finding("TAP301", Span(text.index("FAULT"), text.index("FAULT") + 5), fields, marks)]

    monkeypatch.setattr(tapelint.rules, "find", find)
    commit(a="with x: y\nz\nFAULT\n")
    write("a.py", "with x: y\nz2\nFAULT\n")
    assert places(capsys, "--diff-base", "HEAD") == []
    write("a.py", "with x2: y\nz\nFAULT\n")
    assert places(capsys, "--diff-base", "HEAD") == ["a.py:3"]


@needs_git
def test_the_rows_of_a_notebook_are_those_of_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    def save(*lines: str) -> None:
        source = ",\n".join(f'"{line}\\n"' for line in lines)
        head = '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": [\n'
        Path("a.ipynb").write_text(head + source + '\n]}],\n"metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n')

    save("# GradientTape", "FAULT", "x", "FAULT")
    commit()
    save("# GradientTape", "FAULT", "y", "FAULT")
    assert main(["--diff-base", "HEAD", "a.ipynb"]) == 0
    save("# GradientTape", "FAULT", "y", "FAULT + 1")
    capsys.readouterr()
    assert main(["--diff-base", "HEAD", "--output-format", "json", "a.ipynb"]) == 1
    assert capsys.readouterr().out.count('"TAP301"') == 1


@needs_git
def test_settings_of_git_do_not_matter(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    commit(a="x\n" * 9 + "FAULT\n", b="FAULT\n")
    (folder.parent / "gitconfig").write_text(
        "[diff]\nnoprefix = true\nmnemonicPrefix = true\ninterHunkContext = 9\ncontext = 9\nexternal = false\n"
        "[color]\ndiff = always\n[core]\nquotePath = true\n"
    )
    write("a.py", "y\n" + "x\n" * 8 + "FAULT\ny\n")
    assert places(capsys, "--diff-base", "HEAD") == []
    write("a.py", "y\n" + "x\n" * 8 + "FAULT(2)\ny\n")
    assert places(capsys, "--diff-base", "HEAD") == ["a.py:10"]


@needs_git
def test_each_repository_is_asked_about_its_own_files(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="FAULT\n")
    os.mkdir("inner")
    os.chdir("inner")
    commit(b="FAULT\nx\n")
    write("b.py", "FAULT\nFAULT\n")
    os.chdir("..")
    assert places(capsys, "--diff-base", "HEAD") == ["inner/b.py:2"]


@needs_git
def test_a_hook_of_another_repository_does_not_matter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(a="FAULT\n")
    monkeypatch.setenv("GIT_DIR", "/none/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/none/index")
    assert places(capsys, "--diff-base", "HEAD") == []


@needs_git
@pytest.mark.parametrize(
    ("revision", "message"),
    [("nope", "no commit is called nope"), ("-x", "-x is no git revision"), ("", "an empty text is no git revision")],
)
def test_a_wrong_revision_is_one_line(capsys: pytest.CaptureFixture[str], revision: str, message: str) -> None:
    commit(a="x\n")
    assert main([f"--diff-base={revision}"]) == 2
    assert capsys.readouterr().err == f"error: --diff-base: {message}\n"


@needs_git
def test_histories_that_never_meet_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    commit(a="x\n")
    git("switch", "-q", "--orphan", "other")
    commit(b="FAULT\n")
    assert main(["--diff-base", "main"]) == 2
    assert "main and HEAD have no commit in common here" in capsys.readouterr().err


@needs_git
def test_outside_a_repository_is_one_line(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    write("a.py", "x\n")
    assert main(["--diff-base", "HEAD"]) == 2
    assert capsys.readouterr().err == f"error: --diff-base: {folder} does not lie in a git repository\n"


def test_without_git_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkdir(".git")
    write("a.py", "FAULT\n")
    monkeypatch.setenv("PATH", "")
    assert main(["--diff-base", "HEAD"]) == 2
    assert capsys.readouterr().err == "error: --diff-base needs git, which cannot be started\n"


def test_a_broken_repository_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*given: object, **more: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess([], 128, b"", b"fatal: detected dubious ownership\nand more\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(SettingsError, match=r"--diff-base: detected dubious ownership$"):
        changes(".", "HEAD")


@pytest.mark.parametrize("other", ["--diff-base=x", "--add-ignore"])
def test_what_contradicts_is_one_line(capsys: pytest.CaptureFixture[str], other: str) -> None:
    assert main(["--write-baseline", other]) == 2
    assert capsys.readouterr().err == f"error: --write-baseline and {other.split('=')[0]} don't go together\n"


def test_what_is_piped_in_has_no_revision(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--diff-base", "HEAD", "-"]) == 2
    assert capsys.readouterr().err == "error: --diff-base is for files, and - is none\n"


def test_the_output_of_git_is_understood() -> None:
    diff = (
        b"diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n"
        b"@@ -1,0 +2,2 @@ def f():\n+++ b/no.py\n+@@ -9 +9 @@\n"
        b"@@ -5,2 +7,0 @@\n--- a/no.py\n-x\n\\ No newline at end of file\n@@ -9 +11 @@\n-a\n+b\n"
        b'diff --git "a/\\303\\251\\".py" "b/\\303\\251\\".py"\n--- /dev/null\n+++ "b/\\303\\251\\".py"\n'
        b"@@ -0,0 +1,3 @@\n+a\n+b\n+c\n"
        b"diff --git a/b c.py b/b c.py\n--- a/b c.py\t\n+++ b/b c.py\t\n@@ -1 +1 @@\n-a\r\n+b\r\n"
    )
    assert parse(diff) == {"a.py": [(2, 3), (11, 11)], 'é".py': [(1, 3)], "b c.py": [(1, 1)]}
