"""What is played in which order, and what is left when the work that a module is worth is spent."""

from __future__ import annotations

import ast
from itertools import count

import pytest

from tapelint.play import objects, play, player, scope, values
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


ASKED_LATE = """\
import tensorflow as tf


class Trainer:
    def __init__(self):
        self.model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        self.optimizer = tf.keras.optimizers.Adam(0.1)

    def step(self, x):
        with tf.GradientTape(persistent=True) as tape, tf.GradientTape() as other:
            loss = tf.reduce_sum(self.model(x))
            penalty = loss * loss
        first = tape.gradient(loss, self.model.trainable_variables)
        for row in x:
            loss += row * row * row * row
        second = tape.gradient(penalty, self.model.trainable_variables)
        third = other.gradient(loss, self.model.trainable_variables)
        del tape
        for grads in (first, second, third):
            self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))


Trainer().step(tf.ones([2, 2]))
"""


@pytest.mark.parametrize("steps", range(20, 200, 5))
def test_what_was_not_played_is_not_missed(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tape that is asked below the place where the work was spent is no tape that nobody asks."""
    monkeypatch.setattr(player, "MAX_STEPS", steps)
    recording = play(Source("a.py", ASKED_LATE), ast.parse(ASKED_LATE))
    assert [finding.code for finding in find(recording, ["TAP105", "TAP110", "TAP119"])] == []


ASKED_INSIDE = """\
import tensorflow as tf


class Trainer:
    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self.w * x)

        def update():
            self.w.assign_sub(0.1 * tape.gradient(loss, self.w))

        def again():
            return update()

        again()
        return loss
"""


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_function_that_is_not_played_may_ask_the_tapes_around_it(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_DEPTH", depth)
    recording = play(Source("a.py", ASKED_INSIDE), ast.parse(ASKED_INSIDE))
    assert [finding.code for finding in find(recording, ["TAP105"])] == []


@pytest.mark.parametrize("ahead", range(12))
def test_a_local_is_never_taken_for_a_mark_on_a_value(ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locals and marks on values share one store, so the numbers of their owners must differ, whatever came before."""
    lines = ["import tensorflow as tf", "w = tf.Variable(1.0)", "def f(x, flag):"]
    lines += ["    with tf.GradientTape() as tape:", "        y = w * x", "    g = tape.gradient(y, w)"]
    lines += ["    if flag:", "        state = w * 2.0", "        built = w * 3.0", "    return g"]
    source = "\n".join(lines + [f"f({number}.0, w > {number})" for number in range(40)])
    monkeypatch.setattr(values, "_ids", count(next(scope._frames) + ahead))
    recording = play(Source("a.py", source), ast.parse(source))
    assert list(find(recording, ["TAP101", "TAP605"])) == []


LOOPS = """\
import tensorflow as tf


def train(weight, years, days, batches):
    for year in years:
        for day in days:
            found = []
            for batch in batches:
                with tf.GradientTape() as tape:
                    loss = weight * batch
                found.append(tape.gradient(loss, weight))
            print(found)
"""


def test_a_loop_in_loops_is_played_in_two_rounds() -> None:
    """Loops in loops would otherwise cost their number, or two to that power."""
    recording = play(Source("a.py", LOOPS), ast.parse(LOOPS))
    assert len(recording.asks) == 2
