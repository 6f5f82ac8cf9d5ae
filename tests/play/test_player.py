"""What is played in which order, and what is left when the work that a module is worth is spent."""

from __future__ import annotations

import ast

import pytest

from tapelint.play import play, player
from tapelint.rules import find
from tapelint.source.text import Source

LONG = """\
import tensorflow as tf


class Trainer:
    def __init__(self):
        self.model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        self.optimizer = tf.keras.optimizers.Adam(0.1)

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self.model(x))
            for row in x:
                loss += row * row * row * row
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))


Trainer().step(tf.ones([2, 2]))
"""


@pytest.mark.parametrize("steps", range(20, 140, 5))
def test_a_module_that_is_played_in_part_leaves_no_tape_open(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "MAX_STEPS", steps)
    recording = play(Source("a.py", LONG), ast.parse(LONG))
    assert [(finding.code, finding.span) for finding in find(recording, ["TAP212"])] == []
