from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from validate_pyproject import api, errors

from tapelint.schema import schema, tool_schema
from tapelint.settings import KEYS, SettingsError, checked

GOOD: list[dict[str, Any]] = [
    {},
    {"select": ["TAP3"], "ignore": [], "pedantic": True, "target-keras": 2, "target-tensorflow": "2.15"},
    {"per-file-ignores": {"tests/*": ["TAP101", "target-outside-tape"]}, "severity": {"TAP301": "warning"}},
    {"extend": "../base.toml", "required-version": ">=0.1", "output-format": "json", "baseline": "known.json"},
    {"target-tensorflow": "2.16.1rc0"},
]
BAD: list[dict[str, Any]] = [
    {"slect": ["TAP3"]},
    {"select": "TAP3"},
    {"select": [3]},
    {"pedantic": 1},
    {"target-keras": 4},
    {"target-keras": "3"},
    {"target-keras": True},
    {"target-tensorflow": "new"},
    {"target-tensorflow": "2"},
    {"severity": {"TAP301": "fatal"}},
    {"per-file-ignores": {"a": "TAP1"}},
    {"per-file-ignores": ["TAP1"]},
    {"baseline": 3},
]


def test_every_key_is_there() -> None:
    described = {name: each["description"] for name, each in schema()["properties"].items()}
    assert described == {name: key.help for name, key in KEYS.items()}


@pytest.fixture(scope="module")
def validator() -> api.Validator:
    return api.Validator()


@pytest.mark.parametrize("table", GOOD, ids=str)
def test_what_we_read_is_valid(table: dict[str, Any], validator: api.Validator) -> None:
    checked(table, "x")
    validator({"tool": {"tapelint": table}})


@pytest.mark.parametrize("table", BAD, ids=str)
def test_what_we_refuse_is_not(table: dict[str, Any], validator: api.Validator) -> None:
    with pytest.raises(SettingsError):
        checked(table, "x")
    with pytest.raises(errors.ValidationError, match=r"tool\.tapelint"):
        validator({"tool": {"tapelint": table}})


def test_it_is_registered() -> None:
    (entry,) = entry_points(group="validate_pyproject.tool_schema", name="tapelint")
    assert entry.load() is tool_schema


def test_validate_pyproject_uses_it(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\nversion = "1"\n[tool.tapelint]\ntarget-keras = 4\n')
    done = subprocess.run([sys.executable, "-m", "validate_pyproject", str(path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "`tool.tapelint.target-keras` must be one of [2, 3]" in done.stderr
