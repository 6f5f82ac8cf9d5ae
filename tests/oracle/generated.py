"""Small programs made by chance: steps that carry a gradient, steps that cut it, and some Python around them.

Needs neither TensorFlow nor tapelint. What such a program comes to is only known once TensorFlow ran it.
"""

from __future__ import annotations

from random import Random

FUNCTION = "made"
_HEAD = """\
import contextlib
import functools
import os

import numpy as np
import tensorflow as tf

SET = len(os.environ) > 0


def product(x, y=2.0):
    return x * y


def stopped(x, really=True):
    return tf.stop_gradient(x) if really else x


def pieces(x):
    for number in range(2):
        yield x * float(number + 1)


@tf.function
def traced(x, y):
    return x * y + tf.sin(x)


@contextlib.contextmanager
def recording(**options):
    with tf.GradientTape(**options) as tape:
        yield tape


def ask(tape, target, sources):
    return tape.gradient(target, sources)


class Holder:
    def __init__(self, kept):
        self.kept = kept

    def scaled(self, x):
        return self.kept * x

"""
_SOURCES = (
    "tf.Variable([1.0, 2.5])", "tf.Variable([1.5, 0.5])", "tf.Variable([2.0, 1.5], trainable=False)",
    "tf.constant([0.5, 1.5])", "tf.convert_to_tensor(np.array([1.0, 3.0], dtype='float32'))",
)  # fmt: skip
_STEPS = (
    "{n} = {a} * {b}",
    "{n} = tf.square({a}) + 0.5 * {b}",
    "{n} = tf.where({a} > 0.0, {a}, {b})",
    "{n} = tf.gather({a}, [1, 0])",
    "{n} = tf.reduce_sum(tf.stack([{a}, {b}]), axis=0)",
    "{n} = tf.cast(tf.cast({a}, tf.float64), tf.float32)",
    "{n} = product({a}, y={b})",
    "{n} = functools.partial(product, {a})({b})",
    "{n} = functools.reduce(product, [{a}, {b}, {a}])",
    "{n} = (lambda p, q=3.0: p * q)({a})",
    "{n} = sum(pieces({a}))",
    "{n} = traced({a}, {b})",
    "{n} = Holder({a}).scaled({b})",
    "{n} = stopped({a}, really=False)",
    "{n} = {a} if SET else {b}",
    "{n} = {{'p': {a}, 'q': {b}}}['q']",
    "{n}, *rest = [{a} * 1.0, {b}]\n{n} = {n} + rest[0]",
    "parts = [{a}]\nparts.append({b})\n{n} = parts.pop() + parts[0]",
    "{n} = 0.0\nfor part in ({a}, {b}):\n    {n} += part * part",
    "try:\n    {n} = {a} * 1.5\nexcept ValueError:\n    {n} = {b}",
    "def inner(z):\n    return z * {a}\n{n} = inner({b})",
    "{n} = tf.cond(tf.reduce_sum({a}) > 0.0, lambda: {a} * 2.0, lambda: {b} * 1.0)",
    "_, {n} = tf.while_loop(lambda i, s: i < 2, lambda i, s: (i + 1, s * 1.5), (0, {a}))",
    "{n} = tf.map_fn(lambda part: part * 2.0, {a})",
)
_CUTS = (
    "{n} = tf.stop_gradient({a})",
    "{n} = stopped({a})",
    "{n} = tf.constant({a}.numpy())",
    "{n} = tf.constant(np.sin({a}))",
    "{n} = tf.cast(tf.cast({a}, tf.int32), tf.float32)",
    "{n} = tf.cast({a} > {b}, tf.float32)",
    "{n} = tf.round({a}) + tf.sign({b})",
    "{n} = tf.one_hot(tf.argmax({a}), 2)",
    "{n} = tf.Variable({a}) * 1.0",
    "{n} = float(tf.reduce_sum({a})) * tf.ones([2])",
    "{n} = tf.constant({a}.numpy().tolist())",
    "{n} = tf.numpy_function(np.sin, [{a}], tf.float32)",
)
_TAPES = ("with tf.GradientTape({}) as tape:", "with recording({}) as tape:", "tape = tf.GradientTape({})\nwith tape:")
_ASKS = (
    "tape.gradient(loss, {})", "ask(tape, loss, {})", "functools.partial(tape.gradient, loss)({})",
    "(lambda t, *given: t.gradient(*given))(tape, loss, {})",
)  # fmt: skip


def written(seed: int) -> str:
    """The text of a module whose function `made` returns the gradient of something; the same for the same seed."""
    chance = Random(seed)
    lines: list[str] = []
    values: list[str] = []

    def add(text: str, depth: int) -> None:
        lines.extend("    " * depth + line for line in text.split("\n"))

    def steps(number: int, depth: int) -> None:
        for _ in range(number):
            template = chance.choice(_CUTS if chance.random() < 0.15 else _STEPS)
            given = {"n": f"v{len(values)}", "a": chance.choice(values[-5:]), "b": chance.choice(values)}
            add(template.format(**given), depth)
            values.append(given["n"])

    for _ in range(chance.randint(1, 2)):
        add(f"v{len(values)} = {chance.choice(_SOURCES)}", 1)
        values.append(f"v{len(values)}")
    sources = list(values)
    steps(chance.choice([0, 0, 1]), 1)
    persistent = chance.random() < 0.3
    add(chance.choice(_TAPES).format("persistent=True" if persistent else ""), 1)
    for source in sources:
        if chance.random() < 0.5:
            add(f"tape.watch({source})", 2)
    steps(chance.randint(1, 5), 2)
    outside = chance.random() < 0.08
    add(f"loss = tf.reduce_sum({values[-1]} * {chance.choice(values)})", 1 if outside else 2)
    asked = chance.choice([chance.choice(sources), f"[{', '.join(sources)}]", chance.choice(values)])
    add(f"gradient = {chance.choice(_ASKS).format(asked)}", 1)
    if chance.random() < 0.1:
        add(f"gradient = [gradient, tape.gradient(loss, {chance.choice(sources)})]", 1)
    add("return gradient", 1)
    return f"{_HEAD}\ndef {FUNCTION}():\n" + "\n".join(lines) + "\n"
