"""The hooks as the real pre-commit runs them: it installs the project into an environment of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.programs import ROOT

pytestmark = pytest.mark.e2e

SHIPPED = (".pre-commit-hooks.yaml", "LICENSE", "README.md", "pyproject.toml", "rules", "tapelint")
FAULT = """\
import tensorflow as tf


def step(x):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * x
    loss = tf.reduce_sum(y)
    return tape.gradient(loss, v)
"""
MENDED = FAULT.replace("    loss", "        loss")
ERROR = "a.py:8:12: TAP301 "


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def pre_commit(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *words],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("TAPELINT_", "GIT_"))},
            "PRE_COMMIT_HOME": str(folder.parent / "home"),
            "PRE_COMMIT_COLOR": "never",
            "TAPELINT_OUTPUT_FORMAT": "concise",
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository whose settings name the hooks of this project, installed."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    top = tmp_path_factory.mktemp("hooks")
    tool, user = top / "tool", top / "user"
    tool.mkdir()
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tool / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tool / name)
    git(top, "init", "--quiet", str(tool))
    git(tool, "add", "--all")
    git(tool, "commit", "--quiet", "--message", "tool")
    git(top, "init", "--quiet", str(user))
    manual = "        stages: [manual]\n"
    documents = "        alias: documents\n        types_or: [markdown]\n        args: [--select, TAP3]\n"
    hooks = f"      - id: tapelint\n      - id: tapelint-fix\n{manual}      - id: tapelint\n{documents}{manual}"
    (user / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {tool.as_posix()}\n    rev: {git(tool, 'rev-parse', 'HEAD')}\n    hooks:\n{hooks}"
    )
    code, said = pre_commit(user, "install-hooks")
    if code != 0 and "No matching distribution found" in said and not os.environ.get("CI"):
        pytest.skip("no package index can be reached from here")
    assert code == 0, said
    return user


@pytest.fixture
def files(project: Path) -> Path:
    """The repository without the files of other tests."""
    for path in project.iterdir():
        if path.name not in (".git", ".pre-commit-config.yaml"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return project


def notebook(*cells: str) -> str:
    made: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def test_the_manifest_has_the_form_that_pre_commit_asks_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_file_without_faults_passes(files: Path) -> None:
    (files / "a.py").write_text(MENDED)
    (files / "b.txt").write_text("not Python (\n")
    git(files, "add", "--all")
    code, said = pre_commit(files, "run")
    assert code == 0, said
    assert "tapelint....." in said and "Passed" in said


def test_a_fault_stops_the_commit_and_nothing_is_changed(files: Path) -> None:
    (files / "a.py").write_text(FAULT)
    git(files, "add", "--all")
    code, said = pre_commit(files, "run")
    assert code == 1
    assert ERROR in said
    assert (files / "a.py").read_text() == FAULT


def test_other_kinds_of_files(files: Path) -> None:
    """Notebooks, stubs, scripts without a suffix; what is not Python is not handed over."""
    (files / "n.ipynb").write_text(notebook("import tensorflow as tf", FAULT.partition("\n\n\n")[2]))
    (files / "s.pyi").write_text("# tapelint: ignore\n")
    (files / "script").write_text("#!/usr/bin/env python3\n" + FAULT)
    (files / "script").chmod(0o755)
    (files / "doc.md").write_text(f"```python\n{FAULT}```\n")
    git(files, "add", "--all")
    code, said = pre_commit(files, "run", "--all-files")
    assert code == 1
    assert "n.ipynb:cell 2:5:12: TAP301 " in said
    assert "s.pyi:1:1: TAP003 " in said
    assert "script:9:12: TAP301 " in said
    assert "doc.md" not in said


def test_other_files_and_options_where_the_user_asks_for_them(files: Path) -> None:
    (files / "doc.md").write_text(f"Text.\n\n```python\n{FAULT}```\n")
    (files / "a.py").write_text(FAULT)
    git(files, "add", "--all")
    code, said = pre_commit(files, "run", "--hook-stage", "manual", "documents")
    assert code == 1
    assert "doc.md:11:12: TAP301 " in said
    assert "a.py" not in said


def test_excluded_files_are_passed_over_although_they_are_named(files: Path) -> None:
    for name in ("gen/a.py", "src/a.py"):
        (files / name).parent.mkdir()
        (files / name).write_text(FAULT)
    (files / "pyproject.toml").write_text('[tool.tapelint]\nextend-exclude = ["gen"]\n')
    git(files, "add", "--all")
    code, said = pre_commit(files, "run", "--all-files")
    assert code == 1
    assert f"src/{ERROR}" in said
    assert "gen/a.py" not in said


def test_many_files_are_one_run(files: Path) -> None:
    for number in range(300):
        (files / f"module_with_a_rather_long_name_{number:03}.py").write_text(FAULT)
    git(files, "add", "--all")
    _, said = pre_commit(files, "run")
    assert said.count("TAP301") == 300
    assert said.count("Found 300 errors in 300 files") == 1


def test_the_other_hook_mends(files: Path) -> None:
    (files / "a.py").write_text(FAULT)
    (files / "gen").mkdir()
    (files / "gen" / "b.py").write_text(FAULT)
    (files / "n.ipynb").write_text(notebook("import tensorflow as tf", FAULT.partition("\n\n\n")[2]))
    (files / "tapelint.toml").write_text('extend-exclude = ["gen"]\n')
    git(files, "add", "--all")
    command = ["run", "--hook-stage", "manual", "tapelint-fix"]
    code, said = pre_commit(files, *command)
    assert code == 1
    assert "files were modified by this hook" in said
    assert (files / "a.py").read_text() == MENDED
    assert (files / "gen" / "b.py").read_text() == FAULT
    assert "        loss = " in json.loads((files / "n.ipynb").read_text())["cells"][1]["source"]
    git(files, "add", "--all")
    code, said = pre_commit(files, *command)
    assert code == 0, said


def test_what_cannot_be_mended_stops_the_commit(files: Path) -> None:
    text = FAULT.replace("    loss = tf.reduce_sum(y)\n", "").replace("gradient(loss", "gradients(y")
    (files / "a.py").write_text(text.replace("gradients(y", "gradient(y.numpy()"))
    git(files, "add", "--all")
    code, said = pre_commit(files, "run", "--hook-stage", "manual", "tapelint-fix")
    assert code == 1
    assert "a.py:8:" in said
    assert "files were modified" not in said
