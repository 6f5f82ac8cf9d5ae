from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tapelint import __version__
from tapelint.releases import NEWEST, version
from tapelint.settings import KEYS, Configuration, Settings, SettingsError, checked, parse_value, read


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def settings_for(folder: Path, **given: Any) -> Settings:
    return Configuration({name.replace("_", "-"): value for name, value in given.items()}).for_folder(str(folder))


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    assert settings.file is None
    assert settings.respect_gitignore
    assert not settings.force_exclude
    assert settings.excludes.match_name(".venv")
    assert settings.keras is None


def test_the_table_of_a_project_is_read(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.tapelint]\nselect = ["TAP3"]\nrespect-gitignore = false\n')
    settings = settings_for(tmp_path)
    assert settings.file == str(tmp_path / "pyproject.toml")
    assert settings.select == ["TAP3"]
    assert not settings.respect_gitignore


def test_the_closest_file_wins_and_nothing_is_merged(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.tapelint]\nignore = ["TAP1"]\npedantic = true\n')
    write(tmp_path / "a" / "tapelint.toml", 'ignore = ["TAP2"]\n')
    (tmp_path / "a" / "b").mkdir()
    settings = settings_for(tmp_path / "a" / "b")
    assert settings.ignore == ["TAP2"]
    assert not settings.pedantic
    assert settings.root == str(tmp_path / "a")


def test_a_project_without_our_table_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", "pedantic = true\n")
    write(tmp_path / "a" / "pyproject.toml", '[project]\nname = "tapelint-user"\n')
    write(tmp_path / "b" / "pyproject.toml", "[broken\n")
    assert settings_for(tmp_path / "a").pedantic
    assert settings_for(tmp_path / "b").pedantic


def test_of_several_files_in_a_folder_the_hidden_one_wins(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.tapelint]\ntarget-keras = 2\n")
    assert settings_for(tmp_path).keras == 2
    write(tmp_path / "tapelint.toml", "pedantic = true\n")
    assert settings_for(tmp_path).file == str(tmp_path / "tapelint.toml")
    write(tmp_path / ".tapelint.toml", "pedantic = true\n")
    assert settings_for(tmp_path).file == str(tmp_path / ".tapelint.toml")


def test_extend(tmp_path: Path) -> None:
    write(tmp_path / "base.toml", 'select = ["TAP1"]\nignore = ["TAP101"]\n')
    write(tmp_path / "middle" / "pyproject.toml", '[tool.tapelint]\nextend = "../base.toml"\npedantic = true\n')
    write(tmp_path / "tapelint.toml", 'extend = "middle/pyproject.toml"\nignore = ["TAP2"]\n')
    settings = settings_for(tmp_path)
    assert (settings.select, settings.ignore, settings.pedantic) == (["TAP1"], ["TAP2"], True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('slect = ["TAP1"]', r"unknown key slect; did you mean select\?"),
        ("per_file_ignores = {}", r"did you mean per-file-ignores\?"),
        ("zzz = 1", r"unknown key zzz$"),
        ("[tool.tapelint]\nselect = []", r"stand at the top, without \[tool.tapelint\]"),
        ("[tool.ruff]\nselect = []", r"unknown key tool$"),
        ('select = "TAP1"', r"select must be a list of strings"),
        ("pedantic = 1", r"pedantic must be true or false"),
        ("target-keras = 4", r"target-keras must be 2 or 3"),
        ("target-keras = true", r"target-keras must be 2 or 3"),
        ('target-tensorflow = "new"', r"target-tensorflow must be a version"),
        ('severity = {TAP301 = "fatal"}', r"severity must be a table of rules, each with error, warning or info"),
        ('per-file-ignores = {"a" = "TAP1"}', r"a table of lists of strings"),
        ("select = [", r"not valid TOML"),
        ('extend = "nowhere.toml"', r"tapelint.toml: extend: .*nowhere.toml: cannot be read"),
        ('extend = ""', r"tapelint.toml: extend: .*: cannot be read"),
        ('extend = "tapelint.toml"', r"leads back"),
        ('required-version = ">=99"', r"asks for tapelint >=99; this is"),
        ('required-version = "new"', r"not a version range"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "tapelint.toml", text + "\n")
    with pytest.raises(SettingsError, match=message) as caught:
        settings_for(tmp_path)
    assert str(path.parent) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_table_must_be_a_table(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool]\ntapelint = 3\n")
    with pytest.raises(SettingsError, match="must be a table"):
        settings_for(tmp_path)


@pytest.mark.parametrize("range_", [f"=={__version__}", ">=0.0.1", f"~={__version__}", ">0,<99", "!=99", __version__])
def test_a_required_version_that_holds(tmp_path: Path, range_: str) -> None:
    write(tmp_path / "tapelint.toml", f'required-version = "{range_}"\npedantic = true\n')
    assert settings_for(tmp_path).pedantic


def test_the_command_line_wins_and_adds(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", 'ignore = ["TAP1"]\nextend-exclude = ["gen"]\ntarget-keras = 3\n')
    settings = settings_for(tmp_path, ignore=["TAP2"], extend_exclude=["old"], target_keras=2)
    assert settings.ignore == ["TAP1", "TAP2"]
    assert settings.excludes.match_name("gen")
    assert settings.excludes.match_name("old")
    assert settings.keras == 2


def test_a_selection_on_the_command_line_starts_afresh(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", 'select = ["TAP1"]\nignore = ["TAP301"]\nextend-select = ["TAP2"]\n')
    settings = settings_for(tmp_path, select=["TAP3"], ignore=["TAP302"])
    assert (settings.select, settings.ignore, settings.extend_select) == (["TAP3"], ["TAP302"], [])


def test_isolated_and_a_named_file(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", "pedantic = true\n")
    other = write(tmp_path / "x" / "other.toml", "target-keras = 2\n")
    assert not Configuration(isolated=True).for_folder(str(tmp_path)).pedantic
    named = Configuration(file=str(other)).for_folder(str(tmp_path))
    assert (named.keras, named.pedantic) == (2, False)


def test_a_named_file_must_hold_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[project]\n")
    with pytest.raises(SettingsError, match=r"has no \[tool.tapelint\]"):
        Configuration(file=str(path))


def test_exclude_replaces_and_extend_exclude_adds(tmp_path: Path) -> None:
    write(tmp_path / "tapelint.toml", 'exclude = ["mine"]\nextend-exclude = ["*.old", "src/gen"]\n')
    excludes = settings_for(tmp_path).excludes
    assert excludes.match_name("mine")
    assert excludes.match_name("a.old")
    assert not excludes.match_name(".venv")
    assert excludes.match(str(tmp_path / "src" / "gen" / "a.py"))
    assert not excludes.match(str(tmp_path / "lib" / "src" / "gen" / "a.py"))


@pytest.mark.parametrize(("release", "keras"), [("2.15", 2), ("2.15.1", 2), ("2.16", 3), ("2.21.0", 3)])
def test_the_tensorflow_release_decides_on_keras(release: str, keras: int) -> None:
    assert Settings({"target-tensorflow": release}, "/").keras == keras


def test_a_set_keras_generation_wins_over_the_release() -> None:
    settings = Settings({"target-tensorflow": "2.21", "target-keras": 2}, "/")
    assert settings.keras == 2
    assert settings.before == NEWEST


@pytest.mark.parametrize(
    ("release", "before"), [("1.15", (2, 0)), ("2.10", (2, 11)), ("2.11.0", (2, 15)), ("2.15.1", (2, 16))]
)
def test_the_release_that_is_set_is_older_than_the_next_step(release: str, before: tuple[int, ...]) -> None:
    assert Settings({"target-tensorflow": release}, "/").before == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pedantic=true", ("pedantic", True)),
        ("target-keras = 2", ("target-keras", 2)),
        ('select = ["TAP1", "TAP2"]', ("select", ["TAP1", "TAP2"])),
        ("output-format=json", ("output-format", "json")),
        ('target-tensorflow="2.15"', ("target-tensorflow", "2.15")),
        ('severity={TAP301="info"}', ("severity", {"TAP301": "info"})),
    ],
)
def test_a_setting_on_the_command_line(text: str, expected: tuple[str, object]) -> None:
    assert parse_value(text) == expected


@pytest.mark.parametrize("text", ["slect=[]", "pedantic=maybe", "select=[", "extend=base.toml", "pedantic="])
def test_a_wrong_setting_on_the_command_line(text: str) -> None:
    with pytest.raises(SettingsError, match="--config"):
        parse_value(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("2.15", (2, 15)), ("2.16.1rc0", (2, 16, 1)), ("x", ()), ("", ()), ("3", (3,))]
)
def test_version(text: str, expected: tuple[int, ...]) -> None:
    assert version(text) == expected


def test_every_key_says_what_it_does() -> None:
    for name, key in KEYS.items():
        assert name == key.name
        assert key.help


def test_reading_returns_what_is_written(tmp_path: Path) -> None:
    path = write(tmp_path / "tapelint.toml", 'output-format = "json"\n')
    assert read(str(path)) == {"output-format": "json"}
    assert checked({}, "x") == {}
