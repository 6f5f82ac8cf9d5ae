"""Files that reach TensorFlow through its private modules only are not played."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint.internal import PRIVATE, is_internal
from tapelint.tensorflow import api

USE = "\n\ndef step(tape, loss, model):\n    return tape.gradient(loss, model.trainable_variables)\n"


def test_no_public_name_goes_through_a_private_module() -> None:
    tables = Path(str(api.__file__)).parent
    names = [
        line.partition("\t")[0]
        for table in ("ops", "raw_ops", "classes", "aliases")
        for line in (tables / f"{table}.tsv").read_text("utf-8").splitlines()[1:]
    ]
    assert names
    assert not [name for name in names if name.startswith(tuple(f"{module}." for module in PRIVATE))]


@pytest.mark.parametrize(
    "head",
    [
        "from tensorflow.python.eager import backprop",
        "import tensorflow.python.ops.math_ops as m\nfrom absl import flags",
        "from keras.src import ops\nimport os",
        "from tf_keras.src.optimizers import optimizer, base",
        "if True:\n    from tensorflow.python.ops import (\n        a,\n        b,\n    )",
    ],
)
def test_private_modules_alone(tmp_path: Path, head: str) -> None:
    assert is_internal(str(tmp_path / "a.py"), (head + USE).encode(), True)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "import os",
        "import tensorflow as tf",
        "from tensorflow.python.eager import backprop\nimport tensorflow as tf",
        "from tensorflow.python.eager import backprop\nimport os, tensorflow as tf",
        "from tensorflow.python.eager import backprop\nfrom tensorflow import keras",
        "from tensorflow.python.eager import backprop\nfrom tensorflow.keras import layers",
        "from keras.src import ops\nfrom keras import layers",
        "from keras import src",
        "import tensorflow.python.framework",
        "from keras.src import ops\nimport keras.src.backend",
        "from tensorflow.python.eager import backprop\ntry: import tensorflow as tf\nexcept ImportError: pass",
        "from tensorflow.python.eager import backprop\ndef f():\n    import tensorflow.compat.v2 as tf",
        "from tensorflow.python.eager import backprop\n# tapelint: ignore-file",
    ],
)
def test_anything_public_beside_them(tmp_path: Path, head: str) -> None:
    assert not is_internal(str(tmp_path / "a.py"), (head + USE).encode(), True)


def test_a_module_of_the_project_may_hand_tensorflow_on(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    (tmp_path / "backend.py").write_text("import tensorflow as tf\n")
    path, data = str(tmp_path / "a.py"), b"from tensorflow.python.eager import context\nfrom backend import tf\n"
    assert not is_internal(path, data, True)
    assert is_internal(path, data, False)
    assert not is_internal(path, b"from keras.src import ops\nfrom .backend import tf\n", True)


def test_documents_and_notebooks_are_always_looked_at() -> None:
    assert not is_internal("a.md", b"from keras.src import ops\n", True)
    assert not is_internal("a.ipynb", b"from keras.src import ops\n", True)
