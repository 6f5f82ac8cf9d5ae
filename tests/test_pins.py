from __future__ import annotations

import os
from pathlib import Path

import pytest

from tapelint.pins import keras_for, pin_for


@pytest.mark.parametrize(
    ("name", "text", "generation"),
    [
        ("requirements.txt", "numpy\ntensorflow==2.15.0\n", 2),
        ("requirements.txt", "tensorflow==2.16.1\n", 3),
        ("requirements.txt", "tensorflow\n", 3),
        ("requirements.txt", "tensorflow>=2.4\n", 3),
        ("requirements.txt", "tensorflow>=2.4,<2.16\n", 2),
        ("requirements.txt", "tensorflow>=2.4, <3\n", 3),
        ("requirements.txt", "tensorflow<=2.15.1  # old\n", 2),
        ("requirements.txt", "tensorflow!=2.10\n", 3),
        ("requirements.txt", "tensorflow~=2.10\n", 3),
        ("requirements.txt", "tensorflow~=2.10.1 ; python_version < '3.12'\n", 2),
        ("requirements.txt", "tensorflow[and-cuda]==2.14.*\n", 2),
        ("requirements-dev.txt", "tensorflow-cpu==2.9\n", 2),
        ("requirements.txt", "tensorflow-probability==0.23\n", None),
        ("requirements.txt", "# tensorflow==2.10\n", None),
        ("requirements.txt", "keras<3\n", 2),
        ("requirements.txt", "keras==2.15.0\ntensorflow\n", 2),
        ("requirements.txt", "keras>=3\n", 3),
        ("requirements.txt", "keras-tuner==1.0\n", None),
        ("pyproject.toml", '[project]\ndependencies = ["numpy", "tensorflow>=2.4,<2.16"]\n', 2),
        ("pyproject.toml", '[project]\ndependencies = [\n  "tensorflow>=2.16",\n]\n', 3),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = "^2.10"\n', 3),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = "~2.10"\n', 2),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntensorflow = {version = "2.12.0", optional = true}\n', 2),
        ("pyproject.toml", '[project]\nkeywords = ["tensorflow", "keras"]\n', None),
        ("Pipfile", '[packages]\ntensorflow = "==2.11"\n', 2),
        ("environment.yml", "dependencies:\n  - python=3.9\n  - tensorflow=2.10\n", 2),
        ("uv.lock", '[[package]]\nname = "tensorflow"\nversion = "2.15.1"\n', 2),
        ("poetry.lock", '[[package]]\nname = "keras"\nversion = "3.1.0"\n', 3),
        ("Pipfile.lock", '{"default": {"tensorflow": {"hashes": ["a"], "version": "==2.10.0"}}}', 2),
    ],
)
def test_one_file(tmp_path: Path, name: str, text: str, generation: int | None) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text(text)
    assert keras_for(str(tmp_path)) == generation


def test_the_closest_requirements_decide_up_to_the_top_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("tensorflow==2.10")
    (tmp_path / "repository" / ".git").mkdir()
    assert keras_for(str(inner)) is None
    pin_for.cache_clear()
    (tmp_path / "repository" / "requirements.txt").write_text("tensorflow==2.20")
    (tmp_path / "repository" / "other").mkdir()
    assert keras_for(str(tmp_path / "repository" / "other")) == 3
    (inner / "requirements.txt").write_text("tensorflow==2.10")
    pin_for.cache_clear()
    assert keras_for(str(inner)) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".env")
    assert keras_for(str(tmp_path)) is None
