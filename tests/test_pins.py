from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tapelint.check import check
from tapelint.generation import uses_keras_2
from tapelint.pins import pin_for, pin_of
from tapelint.releases import NEWEST
from tapelint.selection import select
from tapelint.settings import Settings


def keras_for(folder: Path) -> int | None:
    pin = pin_for(str(folder))
    return None if pin is None else pin.keras


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
        ("requirements.txt", "intel-tensorflow==2.3.0\n", 2),
        ("requirements.txt", "tensorflow-directml==1.15.5\n", 2),
        ("requirements.txt", "tensorflow-estimator==2.3.0\n", None),
        ("requirement.txt", "tensorflow==2.3.0\n", 2),
        ("Requirements.txt", "tensorflow==2.3.0\n", 2),
        ("gpu-requirements.in", "tensorflow==2.3.0\n", 2),
        ("req.txt", "tensorflow==2.3.0\n", 2),
        ("environment_gpu.yml", "dependencies:\n  - tensorflow-gpu=2.4.1=h0d30ee6_0\n", 2),
        ("frequency.txt", "tensorflow==2.3.0\n", None),
        ("Dockerfile", "FROM tensorflow/tensorflow:2.4.1-gpu-jupyter\n", 2),
        ("Dockerfile", "FROM tensorflow/tensorflow:latest-gpu\n", None),
        ("Dockerfile", "FROM python\nRUN pip install tensorflow==2.5 numpy\n", 2),
        ("Pipfile.lock", '{"default": {"tensorflow": {"hashes": ["a"], "version": "==2.10.0"}}}', 2),
    ],
)
def test_one_file(tmp_path: Path, name: str, text: str, generation: int | None) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text(text)
    assert keras_for(tmp_path) == generation


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("tensorflow==1.14.0", (2, 0)),
        ("tensorflow-gpu<2", (2, 0)),
        ("tensorflow>=1.14", NEWEST),
        ("tensorflow==2.10.1", (2, 11)),
        ("tensorflow>=2.3,<=2.10", (2, 11)),
        ("tensorflow~=2.10.0", (2, 11)),
        ("tensorflow==2.11", (2, 15)),
        ("tensorflow<2.11", (2, 11)),
        ("tensorflow<2.12", (2, 15)),
        ("tensorflow==2.15.1", (2, 16)),
        ("tensorflow==2.16.1", NEWEST),
        ("keras==2.9", (2, 11)),
        ("keras<3", (2, 16)),
        ("keras==3.1", NEWEST),
        ("keras==2.3.1\ntensorflow==1.15", (2, 0)),
    ],
)
def test_what_is_newer_than_the_requirements_allow(tmp_path: Path, text: str, before: tuple[int, ...]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text(text)
    pin = pin_for(str(tmp_path))
    assert pin is not None
    assert pin.before == before


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("!pip install -q tensorflow-gpu==2.0.0-alpha0", (2, 11)),
        ("  ! pip3 install tensorflow==2.15 --quiet", (2, 16)),
        ('%pip install numpy "tensorflow<2.16"', (2, 16)),
        ("!python -m pip install tensorflow==2.1 tensorflow_datasets==4.9", (2, 11)),
        ("%tensorflow_version 1.x", (2, 0)),
        ("!pip install tensorflow>=2.2", NEWEST),
        ("!pip install -U tensorflow", (2, 15)),
        ("%tensorflow_version 2.x", (2, 15)),
        ("# !pip install tensorflow==2.0", (2, 15)),
        ("print('!pip install tensorflow==2.0')", (2, 15)),
        ("!pip install tensorflow_probability==0.8", (2, 15)),
    ],
)
def test_a_notebook_says_what_it_installs(tmp_path: Path, line: str, before: tuple[int, ...]) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("tensorflow==2.12")
    source = ["import os\n", line + "\n", "import tensorflow as tf"]
    for lines in (source, ["".join(source)]):
        for indent in (1, None):
            cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": lines}]
            data = json.dumps({"cells": cells, "nbformat": 4, "metadata": {}}, indent=indent).encode()
            pin = pin_of(str(tmp_path / "x.ipynb"), data)
            assert pin is not None
            assert pin.before == before


def test_the_closest_requirements_decide_up_to_the_top_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("tensorflow==2.10")
    (tmp_path / "repository" / ".git").mkdir()
    assert keras_for(inner) is None
    pin_for.cache_clear()
    (tmp_path / "repository" / "requirements.txt").write_text("tensorflow==2.20")
    (tmp_path / "repository" / "other").mkdir()
    assert keras_for(tmp_path / "repository" / "other") == 3
    (inner / "requirements.txt").write_text("tensorflow==2.10")
    pin_for.cache_clear()
    assert keras_for(inner) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".env")
    assert keras_for(tmp_path) is None


@pytest.mark.parametrize(
    ("code", "text", "older", "newer"),
    [
        ("TAP903", "optimizer = tf.keras.optimizers.Adam(lr=0.1)\n", "2.10.1", "2.11"),
        (
            "TAP721",
            "class Mine(tf.keras.optimizers.SGD):\n    def _resource_apply_dense(self, *given): ...\n",
            "2.7",
            "2.15",
        ),
        ("TAP906", "tape = tf.contrib.eager.GradientTape()\n", "1.15", "2.0"),
        ("TAP901", "x = tf.constant(1.0)\ngradient = tf.gradients(x * x, x)\n", "1.14.0", "2.3"),
        ("TAP710", "loss = tf.ones(())\ntf.compat.v1.train.AdamOptimizer(0.1).minimize(loss)\n", "1.15", "2.1"),
        ("TAP908", "tf.distribute.MirroredStrategy().experimental_run_v2(print)\n", "2.0", "2.15"),
    ],
)
def test_what_is_true_of_newer_releases_only_is_not_told_to_a_project_that_allows_none(
    tmp_path: Path, code: str, text: str, older: str, newer: str
) -> None:
    (tmp_path / ".git").mkdir()
    path = tmp_path / "x.py"
    data = f"import tensorflow as tf\ntape = tf.GradientTape()\n{text}".encode()
    told = []
    for release in (older, newer):
        (tmp_path / "requirements.txt").write_text(f"tensorflow=={release}\n")
        pin_for.cache_clear()
        terms = select(Settings({"select": [code]}, str(tmp_path)), []).terms_for(str(path))
        told.append([found.code for found in check(str(path), data, terms).diagnostics])
    assert told == [[], [code]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('import os\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n', True),
        ("import tf_keras as keras\n", True),
        ("import numpy\nimport tensorflow_addons as tfa\n", True),
        ("from tensorflow_addons.optimizers import AdamW\n", True),
        ("try:\n    import tensorflow_addons as tfa\nexcept ImportError:\n    tfa = None\n", False),
        ("# import tensorflow_addons as tfa\n", False),
        ("import tensorflow_addons_like\n", False),
    ],
)
def test_what_a_program_says_by_what_it_imports(text: str, expected: bool) -> None:
    assert uses_keras_2(text) is expected
