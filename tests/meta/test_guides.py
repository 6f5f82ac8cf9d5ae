"""What the guides show is what happens: commands are run, settings are read, recipes are checked and run."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tapelint.report import FORMATS
from tapelint.settings import KEYS, checked
from tests.oracle.programs import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0][:60]}"


BLOCKS = [
    Block(page, *match.groups())
    for page in (
        "docs/ci.md",
        "docs/configuration.md",
        "docs/fixing.md",
        "docs/hooks.md",
        "docs/projects.md",
        "README.md",
    )
    for match in _BLOCK.finditer((ROOT / page).read_text(encoding="utf-8"))
]
COMMANDS = [block for block in BLOCKS if block.language == "console"]
RECIPES = [block for block in BLOCKS if block.language == "yaml"]
WORKFLOWS = "vendor.github-workflows"
SCHEMAS = {"azure-pipelines.yml": "vendor.azure-pipelines", ".gitlab-ci.yml": "vendor.gitlab-ci"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the commands of the guides start from."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name, content in {
        "project/pyproject.toml": '[tool.tapelint]\nignore = ["TAP117"]\nper-file-ignores = {"tests/*" = ["TAP105"]}\n',
        "project/src/a.py": "x = 1\n",
        "together/losses.py": ("import tensorflow as tf\ndef penalty(x):\n    return tf.reduce_sum(x.numpy() ** 2)\n"),
        "together/main.py": (
            "import tensorflow as tf\nfrom losses import penalty\n\nw = tf.Variable([1.0, 2.0])\n\n\n"
            "with tf.GradientTape() as tape:\n    loss = penalty(w)\ngradients = tape.gradient(loss, w)\n"
        ),
        "wrong/pyproject.toml": "[tool.tapelint]\ntarget-keras = 4\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAPELINT", "FORCE_COLOR"))}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**kept, "PATH": path, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_commands_print_what_is_shown(block: Block, folder: Path) -> None:
    line, _, shown = block.text.partition("\n")
    assert line.startswith("$ ")
    command = line[2:].replace("tapelint examples", "tapelint --quiet examples")  # the summary line is not shown
    printed = "\n".join(each.rstrip() for each in run(command, folder).stdout.splitlines()) + "\n"
    assert doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS), printed


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=str)
def test_settings_can_be_read(block: Block) -> None:
    table: dict[str, Any] = tomllib.loads(block.text)
    tool = table.get("tool", {"tapelint": table})
    if "tapelint" in tool:
        assert checked(tool["tapelint"], "x")
    else:
        assert tool == {"ruff": {"lint": {"external": ["TAP"]}}}


def test_every_key_has_its_place_and_an_example() -> None:
    parts = re.split(r"^### (\S+)$", CONFIGURATION, flags=re.MULTILINE)[1:]
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    assert sorted(sections) == sorted(KEYS)
    for name, text in sections.items():
        said = " ".join(text.split("```")[0].replace("`", "").split())
        assert said.lower().startswith(KEYS[name].help.split(" (")[0].split(" when ")[0].lower()), name
        example = next(match[2] for match in _BLOCK.finditer(text))
        assert list(tomllib.loads(example)) == [name]


def test_every_format_for_machines_is_shown() -> None:
    text = (DOCS / "ci.md").read_text(encoding="utf-8")
    for form in FORMATS:
        if form not in ("full", "concise", "grouped", "pylint", "json"):
            assert f"--output-format {form} " in text


def test_the_inputs_of_the_action() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| ", (DOCS / "ci.md").read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: value.strip("`") for name, value in rows if name in action["inputs"]}
    assert list(shown) == list(action["inputs"])
    for name, value in shown.items():
        default = action["inputs"][name]["default"]
        assert value == default or not default, name


@pytest.mark.parametrize("block", RECIPES, ids=str)
def test_recipes_have_the_form_of_their_files(block: Block, tmp_path: Path) -> None:
    name = block.text.splitlines()[0].removeprefix("# ").rpartition("/")[2]
    path = tmp_path / name
    path.write_text(block.text)
    if name == ".pre-commit-config.yaml":
        command = ["pre_commit", "validate-config", str(path)]
    else:
        schema = SCHEMAS.get(name, WORKFLOWS)
        command = ["check_jsonschema", "--regex-variant", "python", "--builtin-schema", schema, str(path)]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_recipes_pass_to_the_action_and_to_the_hooks_exists() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    seen = 0
    for block in RECIPES:
        recipe = yaml.safe_load(block.text)
        steps = [step for job in recipe.get("jobs", {}).values() for step in job["steps"]]
        for step in steps:
            if "tapelint@" in step["uses"]:
                seen += 1
                assert set(step.get("with", {})) <= set(action["inputs"])
        for repository in recipe.get("repos", ()):
            seen += 1
            assert {hook["id"] for hook in repository["hooks"]} <= hooks
    assert seen >= 4


def lines_of(name: str) -> list[str]:
    (recipe,) = [yaml.safe_load(block.text) for block in RECIPES if block.text.startswith(f"# {name}\n")]
    return recipe["tapelint"]["script"] if "tapelint" in recipe else [step["script"] for step in recipe["steps"]]


def test_the_lines_of_the_recipes_run(folder: Path) -> None:
    """All but the installation: what is installed here takes its place."""
    install, gitlab = lines_of(".gitlab-ci.yml")
    assert install == 'pip install "$TAPELINT"'
    assert run(gitlab, folder).returncode == 1
    assert '"check_name": "TAP301"' in (folder / "gl-code-quality-report.json").read_text()
    install, azure = lines_of("azure-pipelines.yml")
    assert install == 'python3 -m venv .venv\n.venv/bin/pip install "$TAPELINT"\n'
    done = run(azure.removeprefix(".venv/bin/"), folder)
    assert done.returncode == 1
    assert done.stdout.startswith("##vso[task.logissue type=error;")
    (jenkins,) = [block for block in BLOCKS if block.language == "groovy"]
    install, step = re.findall(r"sh '(.*)'", jenkins.text)
    assert install.endswith('.venv/bin/pip install "$TAPELINT"')
    assert run(step.removeprefix(".venv/bin/"), folder).returncode == 0
    assert 'source="tapelint.TAP301"' in (folder / "tapelint.xml").read_text()
