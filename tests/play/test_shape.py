"""Shapes: what broadcasting, reductions and products leave, and what is not known stays so."""

from __future__ import annotations

import ast

import pytest

from tapelint.play import play, shape
from tapelint.play.shape import Shape
from tapelint.play.values import Data, Variable
from tapelint.source.text import Source


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ((4, 1), (3,), (4, 3)),
        ((2, 3), (), (2, 3)),
        ((None, 1), (None, 5), (None, 5)),
        ((None,), (3,), (3,)),
        ((2,), (3,), None),
        (None, (3,), None),
    ],
)
def test_broadcast(one: Shape | None, other: Shape | None, result: Shape | None) -> None:
    assert shape.broadcast(one, other) == result
    assert shape.broadcast(other, one) == result


@pytest.mark.parametrize(
    ("given", "axes", "keep", "result"),
    [
        ((2, 3), None, False, ()),
        ((2, 3), None, True, (1, 1)),
        ((2, 3), [0], False, (3,)),
        ((2, 3), [-1], True, (2, 1)),
        ((2, 3), [2], False, None),
        (None, None, False, ()),
        (None, [0], False, None),
    ],
)
def test_reduced(given: Shape | None, axes: list[int] | None, keep: bool, result: Shape | None) -> None:
    assert shape.reduced(given, axes, keep) == result


def test_fits_is_certain_only_where_every_dimension_is_known() -> None:
    assert shape.fits((2, 3), (2, 3)) is True
    assert shape.fits((2, None), (2, 3)) is None
    assert shape.fits((2,), (2, 3)) is False
    assert shape.fits(None, ()) is None


def test_text_is_as_tensorflow_prints_it() -> None:
    assert [shape.text(one) for one in ((), (2,), (2, None))] == ["()", "(2,)", "(2, None)"]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("tf.constant([[1.0, 2.0], [3.0, 4.0]])", (2, 2)),
        ("tf.ones((4, 3)) @ tf.zeros((3, 2))", (4, 2)),
        ("tf.reduce_sum(tf.ones((4, 3)), axis=1)", (4,)),
        ("tf.reduce_mean(unknown)", ()),
        ("tf.ones((4, 3))[0]", (3,)),
        ("tf.ones((4, 3))[:, 1]", (4,)),
        ("tf.ones((4, 3))[:, None]", (4, 1, 3)),
        ("tf.ones((4, 3))[1:]", (None, 3)),
        ("tf.ones((4, 1)) - tf.ones((3,))", (4, 3)),
        ("tf.keras.layers.Dense(5)(tf.ones((4, 3)))", (4, 5)),
        ("tf.reshape(tf.ones((4, 3)), (-1, 2))", (6, 2)),
        ("tf.reshape(tf.ones((4, 3)), (-1, 5))", (None, 5)),
        ("tf.reshape(unknown, (-1, 2))", (None, 2)),
        ("tf.squeeze(tf.ones((4, 1)), axis=-1)", (4,)),
        ("tf.squeeze(tf.ones((4, 3)), axis=1)", None),
        ("tf.concat([tf.ones((4, 3)), tf.zeros((4, 1))], axis=-1)", (4, 4)),
        ("tf.one_hot([0, 2], 3)", (2, 3)),
        ("np.random.rand(4, 3).sum(axis=1)", (4,)),
        ("np.random.uniform(2, 3, (4, 1))", (4, 1)),
        ("np.random.normal(0, 1, size=(4,)).astype('float32')", (4,)),
        ("np.random.normal(3)", None),
        ("np.ones((4, 3)) @ np.arange(3)", (4,)),
        ("tf.range(1, 4)", (3,)),
        ("np.arange(0.0, 1.0, 0.25)", (4,)),
        ("tf.range(n)", (None,)),
        ("tf.linspace(0.0, 1.0, 5)", (5,)),
        ("np.mean(np.ones((4, 3)), axis=0, keepdims=True)", (1, 3)),
        ("np.zeros(6).reshape(2, -1)", (2, 3)),
        ("next(iter(tf.data.Dataset.from_tensor_slices(np.ones((8, 3))).shuffle(8).batch(4)))", (4, 3)),
        ("next(iter(tf.data.Dataset.from_tensor_slices(np.ones((8, 3))).map(unknown).batch(4)))", None),
        ("tf.Variable(tf.ones((4, 3)))", (4, 3)),
        ("tf.square(unknown)", None),
    ],
)
def test_the_player_tells_the_shape_of_what_it_sees(expression: str, result: Shape | None) -> None:
    """The target of a gradient call is where rules read a shape."""
    imports = "import numpy as np\nimport tensorflow as tf\n"
    text = f"{imports}with tf.GradientTape() as tape:\n    y = {expression}\ntape.gradient(y, y)\n"
    recording = play(Source("shapes.py", text), ast.parse(text))
    target = recording.asks[0].target
    assert isinstance(target, (Data, Variable))
    assert target.shape == result
