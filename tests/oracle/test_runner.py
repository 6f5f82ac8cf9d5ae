"""The oracle itself: programs can't disturb each other, and neither a hang nor a crash ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.conftest import unavailable
from tests.oracle.outcome import Happened, Outcome
from tests.oracle.programs import Program
from tests.oracle.runner import Oracle, OracleMissing

pytestmark = pytest.mark.oracle

TAPE = """\
import tensorflow as tf
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * x
"""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    try:
        with Oracle(timeout=60) as each:
            yield each
    except OracleMissing as error:
        unavailable(str(error))


def run(oracle: Oracle, folder: Path, text: str) -> Happened:
    path = folder / "program.py"
    path.write_text(text)
    return oracle.run(Program(path, 1, text, None, Outcome("runs"), Outcome("runs")))


@pytest.mark.parametrize(
    ("end", "happened"),
    [
        ("g = tape.gradient(y, x)", "finite [6]"),
        ("tape.gradient(y, x)", "finite [6]"),
        ("print('the gradient', tape.gradient(y, x))", "finite [6]"),
        ("print(f'{1}', tape.gradient(x, y))", "none None"),
        ("g: object = {'x': [tape.gradient(y, x), None]}", "some-none [6], None"),
        ("g = 1.0\ng += 2", "finite [3]"),
        ("g = tape.gradient(y, x)\ndef after(): pass", "finite [6]"),
        ("tape.gradient(y)", "raises TypeError"),
        ("raise SystemExit('no')", "raises SystemExit: no"),
        ("g = 'text'", "no numbers str 'text'"),
    ],
)
def test_what_a_script_comes_to(oracle: Oracle, tmp_path: Path, end: str, happened: str) -> None:
    assert str(run(oracle, tmp_path, f"{TAPE}{end}\n")).startswith(happened)


def test_programs_do_not_disturb_each_other(oracle: Oracle, tmp_path: Path) -> None:
    spoil = """\
import tensorflow as tf
tf.GradientTape().__enter__()
tf.config.run_functions_eagerly(True)
tf.keras.mixed_precision.set_global_policy("mixed_float16")
"""
    assert str(run(oracle, tmp_path, spoil)) == "none None"
    look = """\
import tensorflow as tf
from tensorflow.python.eager import record
half = tf.keras.Sequential().compute_dtype == "float16"
found = [record.could_possibly_record(), tf.config.functions_run_eagerly(), half]
"""
    assert str(run(oracle, tmp_path, look)) == "zero [0], [0], [0]"


def test_projects_do_not_disturb_each_other(oracle: Oracle, tmp_path: Path) -> None:
    """Modules of one name in two folders: packages without `__init__` and in `src` too, found without a path."""
    for number in (1, 2):
        folder = tmp_path / str(number)
        for name in ("values.py", "spread/values.py", "src/inner/values.py"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"VALUE = {number}.0\n")
        text = "import os\nfrom values import VALUE\nimport spread.values, inner.values\n"
        text += "here = float(os.path.exists('values.py'))\n"
        text += "found = [VALUE, spread.values.VALUE, inner.values.VALUE, here]\n"
        (folder / "main.py").write_text(text)
        program = Program(folder / "main.py", 1, text, None, Outcome("runs"), Outcome("runs"), folder=folder)
        assert str(oracle.run(program)) == f"finite [{number}], [{number}], [{number}], [1]"


def test_lines_that_are_logged_once_are_logged_for_every_program(oracle: Oracle, tmp_path: Path) -> None:
    inside = "import tensorflow as tf\nx = tf.Variable(3.0)\nwith tf.GradientTape(persistent=True) as tape:\n"
    inside += "    g = tape.gradient(x * x, x)\n"
    logs = [run(oracle, tmp_path, inside).log for _ in range(8)]
    assert all("inside its context" in log for log in logs)


def test_a_hang_and_a_crash_are_answers(oracle: Oracle, tmp_path: Path) -> None:
    oracle.timeout = 3
    assert "end within" in run(oracle, tmp_path, "while True:\n    pass\n").failed
    oracle.timeout = 60
    assert "exit code 7" in run(oracle, tmp_path, "import os\nos._exit(7)\n").failed
    assert str(run(oracle, tmp_path, f"{TAPE}g = tape.gradient(y, x)\n")) == "finite [6]"


def test_a_program_may_configure_tensorflow(oracle: Oracle, tmp_path: Path) -> None:
    two = """\
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
n = float(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).num_replicas_in_sync)
"""
    assert str(run(oracle, tmp_path, two)) == "finite [2]"
    assert str(run(oracle, tmp_path, f"{TAPE}g = tape.gradient(y, x)\n")) == "finite [6]"
