"""The tables against the installed TensorFlow: a sample of the functions, NumPy and the methods are measured again."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracle.conftest import unavailable

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 60


@pytest.mark.oracle
def test_a_sample_behaves_as_the_tables_say() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        unavailable("TensorFlow is not installed")
    tables = "ops,numpy,methods"
    command = [sys.executable, "tools/measure_api.py", "--check", "--tables", tables, "--sample", str(SAMPLE)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr[-2000:]
    assert "everything is as the tables say" in ended.stdout
