from __future__ import annotations

import pytest

from tapelint.source.marks import has_mark


@pytest.mark.parametrize(
    "line",
    [
        "with tf.GradientTape() as t: pass",
        "g = tape.gradient(y, x)",
        "g = tf.gradients(y, x)",
        "g = K.gradients(y, x)",
        "g = backend.gradients(y, x)",
        "opt.apply_gradients(pairs)",
        "opt.minimize(loss, [x])",
        "@tf.custom_gradient",
        "with tf.autodiff.ForwardAccumulator(x, y) as acc: pass",
        "x = 1  # tapelint: ignore[TAP301]",
    ],
)
def test_a_mark_is_seen(line: str) -> None:
    assert has_mark(f"import tensorflow as tf\n\n{line}\n".encode())
    assert has_mark(f"from project.backend import tf\n\n{line}\n".encode())


@pytest.mark.parametrize("line", ["g = np.gradient(y)", "result = scipy.optimize.minimize(f, x)", "g = x.gradient(y)"])
def test_a_mark_in_a_file_that_speaks_of_no_tensorflow_is_none(line: str) -> None:
    assert not has_mark(f"import numpy as np\n\n{line}\n".encode())


def test_a_comment_of_our_own_is_always_a_mark() -> None:
    assert has_mark(b"x = 1  # tapelint: ignore[TAP301]\n")


@pytest.mark.parametrize(
    "line", ["", "np.gradient", "x.gradients", "the radient", "minimize(x)", "import tensorflow as tf"]
)
def test_other_text_has_none(line: str) -> None:
    assert not has_mark(line.encode())
