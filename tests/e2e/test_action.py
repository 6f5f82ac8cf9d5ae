"""The steps of action.yml, run as GitHub's runner runs them: bash, one file of outputs for each step, one summary."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oracle.programs import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
FAULT = """\
import tensorflow as tf


def step(x):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * x
    loss = tf.reduce_sum(y)
    return tape.gradient(loss, v)
"""
ANNOTATION = "::error file=src/a.py,line=8,endLine=8,col=12,endColumn=28,title=TAP301 target-outside-tape::`loss` is "
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Job:
    """What a job of one step, this action, came to."""

    code: int = 0
    log: str = ""
    summary: str = ""
    uploaded: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def value(self, expression: str) -> str:
        """What `inputs.paths` or `steps.check.outputs.exit-code` stands for."""
        kind, *rest = expression.split(".")
        if kind == "inputs":
            return self.inputs[rest[0]]
        assert (kind, rest[1]) == ("steps", "outputs")
        return self.steps.get(rest[0], {}).get(rest[2], "")

    def filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self.value(match[1]), text)

    def holds(self, condition: str) -> bool:
        """An `if`: comparisons with a text, joined by `&&`."""
        for part in _EXPRESSION.fullmatch(condition)[1].split("&&"):  # type: ignore[index]
            left, sign, right = part.split()
            if (self.value(left) == right.strip("'")) != (sign == "=="):
                return False
        return True

    @property
    def outputs(self) -> dict[str, str]:
        return {name: self.filled(output["value"]) for name, output in ACTION["outputs"].items()}


def run(workspace: Path, installs: bool = False, **inputs: str) -> Job:
    """Run the action in a workspace. Unless it `installs`, the tapelint of the tests takes the place of its own."""
    defaults = {name: each["default"] for name, each in ACTION["inputs"].items()}
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    assert set(given) <= set(defaults)
    job = Job(inputs={**defaults, **given})
    temp = workspace.parent / "temp"
    temp.mkdir(exist_ok=True)
    summary = temp / "summary"
    summary.write_text("")
    for number, step in enumerate(ACTION["runs"]["steps"]):
        if job.code != 0 or ("if" in step and not job.holds(step["if"])):
            continue
        if "uses" in step:
            job.uploaded = {name: job.filled(value) for name, value in step["with"].items()}
            continue
        if step["id"] == "install" and not installs:
            name = "tapelint.exe" if os.name == "nt" else "tapelint"
            job.steps["install"] = {"tapelint": str(Path(sys.executable).parent / name)}
            continue
        output, script = temp / f"output{number}", temp / f"step{number}.sh"
        output.write_text("")
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace / job.filled(step.get("working-directory", ".")),
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(("TAPELINT", "GITHUB_"))},
                **{name: job.filled(value) for name, value in step.get("env", {}).items()},
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(workspace),
                "RUNNER_TEMP": str(temp),
            },
            capture_output=True,
            text=True,
            timeout=600,
        )
        job.code = done.returncode
        job.log += done.stdout + done.stderr
        lines = output.read_text().splitlines()
        job.steps[step["id"]] = dict(line.split("=", 1) for line in lines)
    job.summary = summary.read_text(encoding="utf-8")
    return job


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text(FAULT)
    (folder / "b.py").write_text("x = 1\n")
    return folder


def test_the_file_has_the_form_that_github_asks_for() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_script_holds_an_expression() -> None:
    """What a user or a branch name puts into an input must not become part of a script."""
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)


def test_every_input_is_used() -> None:
    text = json.dumps(ACTION["runs"])
    for name in ACTION["inputs"]:
        assert f"inputs.{name} " in text


def test_a_fault_is_annotated_and_fails_the_job(workspace: Path) -> None:
    job = run(workspace)
    assert job.code == 1
    assert f"\n{ANNOTATION}" in job.log
    assert "Found 1 error in 1 of 2 files" in job.log
    assert job.log.count("Found 1 error") == 1
    assert job.outputs == {"exit-code": "1", "sarif-file": ""}
    assert job.summary.startswith("## tapelint\n\nFound 1 error in 1 of 2 files")
    assert "| `src/a.py:8:12` | [TAP301 target-outside-tape]" in job.summary
    assert job.uploaded == {}


def test_nothing_to_report(workspace: Path) -> None:
    job = run(workspace, paths="b.py")
    assert (job.code, job.outputs["exit-code"]) == (0, "0")
    assert "::" not in job.log
    assert job.summary == "## tapelint\n\nNothing found in 1 file.\n"


def test_findings_may_be_let_through_and_trouble_may_not(workspace: Path) -> None:
    job = run(workspace, fail="false")
    assert (job.code, job.outputs["exit-code"]) == (0, "1")
    job = run(workspace, fail="false", paths="nowhere")
    assert (job.code, job.outputs["exit-code"]) == (2, "2")
    assert "error: nowhere: no such file or folder" in job.log


def test_paths_and_options(workspace: Path) -> None:
    (workspace / "c d.py").write_text(FAULT)
    (workspace / "--fix").mkdir()
    (workspace / "--fix" / "e.py").write_text(FAULT)
    job = run(workspace, paths="c d.py\n--fix\r\n\n", args="  --select TAP3 \n --ignore=TAP302 ")
    assert job.log.count("::error ") == 2
    assert "file=c d.py,line=8" in job.log
    assert "file=--fix/e.py,line=8" in job.log
    assert (workspace / "c d.py").read_text() == FAULT
    assert run(workspace, args="--select TAP1").code == 0
    job = run(workspace, args="--no-such-option")
    assert (job.code, job.summary) == (2, "")


def test_words_of_a_shell_mean_nothing(workspace: Path) -> None:
    job = run(workspace, paths="$(touch seen)\n`touch seen`;touch seen", args="--extend-exclude=*;touch seen")
    assert job.code == 2
    assert sorted(path.name for path in workspace.iterdir()) == ["b.py", "src"]


def test_nothing_is_mended_there(workspace: Path) -> None:
    (workspace / "tapelint.toml").write_text("fix = true\n")
    job = run(workspace)
    assert (job.code, job.summary.count("TAP301 ")) == (1, 1)
    assert (workspace / "src" / "a.py").read_text() == FAULT


def test_another_folder(workspace: Path) -> None:
    job = run(workspace, working_directory="src", sarif_file="found.sarif")
    assert f"\n{ANNOTATION}" in job.log
    assert "| `src/a.py:8:12` |" in job.summary
    assert job.outputs["sarif-file"] == str(workspace / "src" / "found.sarif")


def test_no_summary(workspace: Path) -> None:
    assert run(workspace, summary="false").summary == ""


def test_sarif(workspace: Path) -> None:
    job = run(workspace, upload_sarif="true")
    file = job.outputs["sarif-file"]
    assert job.uploaded == {"sarif_file": file, "category": "tapelint"}
    results = json.loads(Path(file).read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["TAP301"]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "src/a.py"
    assert job.code == 1
    job = run(workspace, sarif_file=str(workspace / "own.sarif"), paths="b.py")
    assert job.uploaded == {}
    assert json.loads((workspace / "own.sarif").read_text(encoding="utf-8"))["runs"][0]["results"] == []


def test_an_old_sarif_file_is_not_sent(workspace: Path) -> None:
    (workspace / "own.sarif").write_text("{}")
    job = run(workspace, upload_sarif="true", sarif_file="own.sarif", args="--no-such-option")
    assert (job.code, job.uploaded, job.outputs["sarif-file"]) == (2, {}, "")


@pytest.mark.e2e
def test_installing(workspace: Path) -> None:
    job = run(workspace, installs=True, python=sys.executable)
    if "No matching distribution found" in job.log and not os.environ.get("CI"):
        pytest.skip("no package index can be reached from here")
    assert job.code == 1, job.log
    assert Path(job.steps["install"]["tapelint"]).is_relative_to(workspace.parent / "temp")
    assert re.search(r"^tapelint \d+\.\d+\.\d+", job.log)
    assert f"\n{ANNOTATION}" in job.log
