"""What reports say where the same fault can look differently: names, reasons and helps that must hold."""

from __future__ import annotations

import pytest

from tapelint.check import Terms, check
from tapelint.diagnostic import Diagnostic

HEAD = "import tensorflow as tf\n"

LAYER_INSIDE = """
x = tf.ones((4, 2))
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    layer = tf.keras.layers.Dense(1)
    loss = tf.reduce_sum(layer(x))
grads = tape.gradient(loss, layer.trainable_variables)
optimizer.apply_gradients(zip(grads, layer.trainable_variables))
"""

ADAM = """
w = tf.Variable([[0.5]])
optimizer = tf.keras.optimizers.{optimizer}(0.1)
with tf.GradientTape() as tape:
    loss = tf.square(tf.matmul(tf.ones((4, 1)), w) - 1.0)
optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w]))
"""
TWO_MODELS = """
def train(units):
    model = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(units)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(tf.ones((4, 2))))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


optimizer = tf.keras.optimizers.Adam(0.1)
train(1)
train(2)
"""
STRATEGY = """
one = tf.distribute.OneDeviceStrategy("/cpu:0")
with tf.GradientTape() as tape:
    one.{method}
"""
BY_POSITION = """
class Block(tf.keras.layers.Layer):
    def call(self, x, training, mask):
        return x


with tf.GradientTape() as tape:
    y = Block()(tf.ones(2), True, None)
"""
TWO_LISTS = """
class Gan:
    def __init__(self):
        self.layer = tf.keras.layers.Dense(2)

    def made(self, x):
        return [self.layer(x)], [self.layer(x) * 2.0]

    @tf.function
    def train(self, x):
        with tf.GradientTape() as tape:
            self.fakes, self.masks = self.made(x)
            loss = tf.reduce_mean(self.fakes[0])
        return tape.gradient(loss, self.layer.trainable_variables)

    def show(self):
        return self.fakes[0] + self.masks[0]
"""
PENALTY = """
def dense():
    return tf.keras.Sequential([tf.keras.layers.Dense(2, kernel_regularizer="l2")])


class Pair({base}):
    def __init__(self):
        super().__init__()
        self.first = dense()
        self.second = dense()
        self.optimizer = tf.keras.optimizers.SGD(0.1)

    def train(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.second(self.first(x)))
        variables = self.first.trainable_variables + self.second.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables))


Pair().train(tf.ones((4, 2)))
"""
TAPE_HANDED = """
class Net(tf.keras.Model):
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.compute_loss(*data)
        self.optimizer.minimize(loss, self.trainable_variables, tape=tape)


net = Net()
net.compile(optimizer=tf.keras.optimizers.SGD(0.1))
net.fit(tf.ones((4, 2)))
"""
COMPLEMENT = """
x = tf.Variable([1.0])
with tf.GradientTape() as tape:
    p = tf.sigmoid(x)
    loss = -tf.reduce_sum(tf.math.log(1 - p))
tape.gradient(loss, x)
"""
UNBUILT = """
def gradients(model, x):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x))
    return tape.gradient(loss, variables + variables)


gradients(tf.keras.layers.Dense(2), tf.ones((4, 2)))
"""
UNBUILT_AT_FIRST = """
class Learner:
    def __init__(self):
        self.critic = tf.keras.layers.Dense(1)

    def learn(self, x):
        weights = self.critic.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.critic(x))
        return tape.gradient(loss, weights)


Learner().learn(tf.ones((4, 2)))
"""
HELPER = """
w = tf.Variable([1.0])
bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def mean(values):
    inner = tf.reduce_mean(values)
    return inner


def judge(x):
    out = tf.sigmoid(w * x)
    return out


def outside(x):
    with tf.GradientTape() as tape:
        scores = judge(x)
    loss = mean(scores)
    return tape.gradient(loss, w)


def twice(x):
    with tf.GradientTape() as tape, tf.GradientTape() as spare:
        scores = judge(x)
        loss = bce(tf.ones_like(scores), scores)
    return tape.gradient(loss, w)


outside(tf.ones((4,)))
twice(tf.ones((4,)))
"""
KEPT = """
class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.maps = []

    def call(self, x):
        x = tf.nn.relu(self.dense(x))
        self.maps.append(x)
        return x


net = Net()


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x))
    return tape.gradient(loss, net.trainable_variables)


step(tf.ones((4, 2)))
"""
HANDED_DOWN = """
def build():
    return tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])


def apply_gradient(optimizer, model, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def epoch(batches, optimizer, model):
    for batch in batches:
        apply_gradient(optimizer, model, batch)


optimizer = tf.keras.optimizers.Adam(0.1)
first, second = build(), build()
apply_gradient(optimizer, first, tf.ones((4, 2)))
epoch([tf.ones((4, 2))], optimizer, second)
"""
ONE_NAME = """
def step(image):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(image * image)
    optimizer.apply_gradients([(tape.gradient(loss, image), image)])


def step_again(image):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(image * image)
    optimizer.apply_gradients([(tape.gradient(loss, image), image)])


optimizer = tf.keras.optimizers.Adam(0.1)
image = tf.Variable([1.0, 2.0])
step(image)
image = tf.Variable([3.0, 4.0])
step_again(image)
"""
LISTED = """
a = tf.constant(1.0)
b = tf.Variable(1.0)
both = [a, b]
with tf.GradientTape() as tape:
    z = a * b
grads = tape.gradient(z, both)
"""
TOLD = """
a = tf.Variable(1.0, trainable=False)
b = tf.Variable(1.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(b)
    z = a * b
grads = tape.gradient(z, [a, b])
"""
OTHER_NAME = """
def train(w):
    with tf.GradientTape() as g_tape:
        loss = w * w
    return tape.gradient(loss, w)


train(tf.Variable(1.0))
"""
OFFSET_BESIDE_A_MODEL = """
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
for x in tf.ones((3, 2, 3)):
    with tf.GradientTape() as tape:
        offset = tf.Variable(0.5)
        loss = tf.reduce_sum(model(x)) + offset
    print(tape.gradient(loss, model.trainable_variables))
"""
UNUSED_AND_DELETED = """
def step(x):
    with tf.GradientTape() as tape, tf.GradientTape() as spare:
        y = x * x
    gradient = tape.gradient(y, x)
    del spare
    return gradient


step(tf.Variable(1.0))
"""
NEVER_CALLED = """
learner = tf.keras.Sequential([tf.keras.layers.Dense(1)])
clone = tf.keras.Sequential([tf.keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(clone(tf.ones((2, 3))))
print(tape.gradient(loss, learner.trainable_variables))
"""
LEGACY_MINIMIZE = """
x = tf.Variable(3.0)
tf.keras.optimizers.legacy.SGD(0.1).minimize(lambda: x * x, [x])
"""
OFFSET = """
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    offset = tf.Variable(1.0)
    loss = w * w + offset
gradient = tape.gradient(loss, w)
"""
APART = """
x = tf.Variable(2.0)
with tf.GradientTape() as outer:
    outer.watch(x)
with tf.GradientTape() as inner:
    y = x * x
    slope = inner.gradient(y, x)
    curve = outer.gradient(slope, x)
"""
BESIDE = """
x = tf.ones((4, 3))
dense = tf.keras.layers.Dense(2)
dense.build((None, 3))
with tf.GradientTape() as tape:
    tape.watch([x] + dense.trainable_variables)
    y = tf.reduce_sum(dense(x))
gradients = tape.gradient(y, [x] + dense.trainable_variables)
"""
FORWARD = """
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])


def forward(x):
    out = model(x)
    return out


def in_numpy(p):
    return p.numpy()


"""
HELPERS = (
    FORWARD
    + """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(in_numpy(forward(tf.ones((2, 3)))))
gradients = tape.gradient(loss, model.trainable_variables)
"""
)
EARLY = (
    FORWARD
    + """
pred = forward(tf.ones((2, 3)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(pred)
gradients = tape.gradient(loss, model.trainable_variables)
"""
)
ALL_CUT = """
v = tf.Variable(1.0)
w = tf.Variable(2.0)
both = [v, w]
with tf.GradientTape() as tape:
    z = tf.cast(tf.argmax([v, w]), tf.float32)
gradients = tape.gradient(z, both)
"""
BEFORE_GENERATOR = """
generator = tf.keras.Sequential([tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.layers.Dense(1)])
fake = generator(tf.ones((4, 3)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(critic(fake))
gradients = tape.gradient(loss, generator.trainable_variables)
"""
SOFTMAX_MEAN = """
w = tf.Variable([[1.0, 2.0, 4.0]])
with tf.GradientTape() as tape:
    shares = tf.nn.softmax(w * 3.0)
    mean = tf.reduce_mean(shares)
gradients = tape.gradient(mean, w)
"""
NO_TAPE = """
x = tf.Variable(3.0)
optimizer = tf.keras.optimizers.SGD(0.1)
loss = x * x
optimizer.minimize(loss, [x])
"""
TAPE_BESIDE = """
x = tf.Variable(3.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as recorder:
    loss = x * x
optimizer.minimize(loss, [x])
"""
SOFTMAX_IN_HELPER = """
def shares(values):
    inner = tf.nn.softmax(values)
    return inner


w = tf.Variable([[1.0, 2.0, 4.0]])
with tf.GradientTape() as tape:
    weights = shares(w * 3.0)
    total = tf.reduce_sum(weights)
gradients = tape.gradient(total, w)
"""
VARIABLE_ASKED = """
x = tf.Variable(2.0)
other = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * other
gradient = tape.gradient(other, x)
"""
EITHER_ASKED = """
def ask(start):
    x = tf.constant(start)
    first = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        chosen = first if x > 0.0 else first**2
    return tape.gradient(chosen, x)
"""
MASK_PRINTED = """
def attend(scores, mask):
    print(mask)
    return scores + mask


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        padding = tf.square(x)
        y = attend(x, padding)
    return tape.gradient(y, x)


step(tf.constant(1.0))
"""
KEPT_TOGETHER = """
class Step:
    def both(self, x):
        output = tf.square(x)
        return output, x

    @tf.function
    def step(self, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            self.one, self.two = self.both(x)
        return tape.gradient(self.one, x)

    def last(self):
        return self.one
"""
PLAIN_WEIGHT = """
class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.rate = tf.Variable(1.0)

    def call(self, x):
        return self.dense(x)


net = Net()
with tf.GradientTape() as tape:
    residual = tf.reduce_sum(net(tf.ones((2, 1)))) - 1.0 / net.rate
gradients = tape.gradient(residual, net.trainable_variables)
"""
SOFTPLUS = """
x = tf.Variable([1.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(1.0 + tf.exp(x)))
tape.gradient(loss, x)
"""
ROUNDS = """
dense = [tf.keras.layers.Dense(2), tf.keras.layers.Dense(1)]
for x in (tf.ones((2, 1)), tf.zeros((2, 1))):
    with tf.GradientTape() as tape:
        for layer in dense:
            x = tf.keras.layers.BatchNormalization()(layer(x), training=True)
        loss = tf.reduce_sum(x)
    gradients = tape.gradient(loss, [layer.kernel for layer in dense])
"""
NOT_BUILT = """
first = tf.keras.layers.Dense(1)
second = tf.keras.layers.Dense(1)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(first(tf.ones((2, 1))))
optimizer.apply_gradients(zip(tape.gradient(loss, first.trainable_variables), first.trainable_variables))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(second(tf.ones((2, 1))))
optimizer.apply_gradients(zip(tape.gradient(loss, second.trainable_variables), second.trainable_variables))
"""

TAPE_ON_ATTRIBUTE = """
class Model:
    def __init__(self):
        self.w = tf.Variable(1.0)
        self.recorder = tf.GradientTape(persistent=True)

    def slope(self, x):
        with self.recorder:
            steps = tf.round(self.w - x)
        return self.recorder.gradient(steps, self.w)


Model().slope(1.0)
"""
TAPE_AGAIN = """
w = tf.Variable(1.5)
tape = tf.GradientTape()
with tape:
    y = w * w
slope = tape.gradient(y, w)
with tape:
    steps = tf.round(w)
gradient = tape.gradient(steps, w)
"""
TAPE_OF_HELPER = """
def opened():
    tape = tf.GradientTape()
    return tape


w = tf.Variable([1.0, 2.0])
with opened() as recorder:
    best = tf.cast(tf.math.top_k(w).indices, tf.float32)
gradient = recorder.gradient(best, w)
"""
TRUTH = """
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    chosen = tf.where(tf.cast(w, tf.bool), 1.0, 2.0)
gradient = tape.gradient(chosen, w)
"""
WHOLE_ALREADY = """
def saliency(model, image):
    features = tf.keras.Model(model.inputs, [model.layers[0].output, model.output])
    with tf.GradientTape() as tape:
        maps, scores = features(image)
        best = tf.argmax(scores[0])
        loss = tf.cast(best, tf.float32)
    return tape.gradient(loss, maps)
"""
TWO_PLAYS = """
def saliency(outputs, inputs, image):
    features = tf.keras.Model(inputs, outputs)
    with tf.GradientTape() as tape:
        maps, scores = features(image)
        best = tf.argmax(scores[0])
        loss = tf.cast(best, tf.float32)
    return tape.gradient(loss, maps)

inputs = tf.keras.Input((4,))
hidden = tf.keras.layers.Dense(3)(inputs)
print(saliency([hidden, tf.keras.layers.Dense(2)(hidden)], inputs, tf.ones((1, 4))))
"""
PAIRS = """
w, b = tf.Variable(1.0), tf.Variable(1.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape(persistent=True) as tape:
    loss = w * b
optimizer.apply_gradients([(tape.gradient(loss, w), w)])
optimizer.apply_gradients([(tape.gradient(loss, w), w), (tape.gradient(loss, b), b)])
"""
PAIRS_IN_A_NAME = """
def build():
    return tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])


class Agent:
    def __init__(self):
        self.actor = build()
        self.critic = build()
        self.optimizer = tf.keras.optimizers.Adam(0.1)

    def train(self, x):
        with tf.GradientTape(persistent=True) as tape:
            value = tf.reduce_mean(self.critic(x))
            loss = tf.reduce_mean(self.actor(x))
        first = self.actor.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, first), first))
        second = self.critic.trainable_variables
        pairs = [(tf.clip_by_norm(g, 1.0), v) for g, v in zip(tape.gradient(value, second), second)]
        self.optimizer.apply_gradients(pairs)


Agent().train(tf.ones((4, 2)))
"""
TAPE_ASKED = """
x = tf.Variable(3.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = x * x
gradients = tape.gradient(loss, [x])
optimizer.minimize(loss, [x], tape=tape)
"""
TAPE_WITHOUT_LOSS = """
x = tf.Variable(3.0)
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = x * x
optimizer.minimize(loss * 2.0, [x], tape=tape)
"""
LAMBDA = """
x = tf.Variable(3.0)
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.minimize(lambda: x * x, [x])
"""
GIVEN_AT_ONCE = """
w = tf.Variable([[1.0, 2.0]])
labels = tf.constant([[1.0, 0.0]])
with tf.GradientTape() as tape:
    losses = tf.nn.softmax_cross_entropy_with_logits(labels, tf.nn.softmax(w * 2.0))
    loss = tf.reduce_mean(losses)
gradient = tape.gradient(loss, w)
"""
POSITIONS = """
x = tf.argmax([1.0, 3.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * 2
gradient = tape.gradient(y, x)
"""
DTYPE_TOLD = """
steps = tf.Variable(1, dtype=tf.int32)
with tf.GradientTape() as tape:
    y = tf.cast(steps, tf.float32) * 2.0
gradient = tape.gradient(y, steps)
"""
IN_A_DICTIONARY = """
parameters = {"steps": tf.Variable(1), "rate": tf.Variable(2.0)}
with tf.GradientTape() as tape:
    y = tf.cast(parameters["steps"], tf.float32) * parameters["rate"]
gradients = tape.gradient(y, parameters)
"""
INNER_IN_HELPER = """
def slope(x):
    with tf.GradientTape() as inner:
        y = x * x
    return inner.gradient(y, x)


def curve(x):
    with tf.GradientTape() as outer:
        y = x * x
    first = slope(x)
    return outer.gradient(first, x)


curve(tf.Variable(2.0))
"""
BATCH_SOFTMAX = """
x = tf.ones((4, 3))
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.softmax(x * 2.0, axis=0)
each = tape.batch_jacobian(y, x)
"""
NAMES_OF_VARIABLES = """
model = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(tf.ones((4, 2))))
gradients = tape.gradient(loss, [v.name for v in model.trainable_variables])
"""
COPIES = """
model = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(tf.ones((4, 2))))
gradients = tape.gradient(loss, model.get_weights())
"""
PRINTED = """
w = tf.Variable(1.0)


def compute(x):
    print("loss", w * x)


with tf.GradientTape() as tape:
    loss = compute(3.0)
gradient = tape.gradient(loss, w)
"""
READ_ONCE = """
def build():
    return tf.keras.Sequential([tf.keras.layers.Dense(1)])


class Learner:
    def __init__(self):
        self.first, self.second = build(), build()
        self.weights = self.first.trainable_variables + self.second.trainable_variables

    def learn(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.second(self.first(x)))
        return tape.gradient(loss, self.weights)


Learner().learn(tf.ones((4, 2)))
"""
SCALED_ADAM = """
w = tf.Variable([[0.5]])
optimizer = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.Adam(0.1))
with tf.GradientTape() as tape:
    loss = tf.square(tf.matmul(tf.ones((4, 1)), w) - 1.0)
optimizer.apply_gradients(zip(tape.gradient(loss, [w]), [w]))
"""
ASKED_IN_HELPER = """
def ask(model, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x))
    return tape.gradient(loss, model.trainable_variables)


net = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.apply_gradients(ask(net, tf.ones((4, 2))))
"""
ONE_GRADIENT = """
def ask(x):
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)


w = tf.Variable(1.0)
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.apply_gradients(ask(w))
"""
NETS = """
class Trainer:
    def __init__(self):
        dense = tf.keras.layers.Dense(1, kernel_regularizer="l2")
        self.nets = {"main": tf.keras.Sequential([tf.keras.layers.Input((2,)), dense])}
        self.optimizer = tf.keras.optimizers.SGD(0.1)

    def train(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.nets["main"](x))
        variables = self.nets["main"].trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


Trainer().train(tf.ones((4, 2)))
"""
PRINTED_ITEM = """
w = tf.Variable(1.0)


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = w * x
    gradients = tape.gradient(loss, [w])
    print("gradient", gradients[0])
    return gradients


step(tf.constant(2.0))
"""
FORMATTED = """
w = tf.Variable(1.0)


def half(x):
    out = x / 2.0
    return out


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = w * x
    print(f"{half(loss):.3f}")
    return tape.gradient(loss, w)


step(tf.constant(2.0))
"""
GRAPH_GRADIENT = """
w = tf.Variable(1.0)
slope = tf.gradients(tf.square(w), [w])
"""
GRAPH_GRADIENT_AND_TAPE = """
w = tf.Variable(1.0)
with tf.GradientTape() as recorder:
    y = w * w
slope = tf.gradients(y, [w])
"""
NONE_OF_DICTIONARY = """
both = {"a": tf.Variable(1.0), "b": tf.Variable(2.0)}
with tf.GradientTape() as tape:
    y = both["a"] * 2.0
first, second = tape.gradient(y, [both["a"], both["b"]])
total = first * 2.0 + second * 2.0
"""
CUSTOM_LAYER = """
dense = tf.keras.layers.Dense(2)
dense.build((None, 2))


@tf.custom_gradient
def through(x):
    y = dense(x)

    def backward(upstream):
        return upstream

    return y, backward


x = tf.Variable([[1.0, 2.0]])
with tf.GradientTape() as tape:
    y = through(x)
gradient = tape.gradient(y, x)
"""
CUSTOM_OUTPUTS = """
@tf.custom_gradient
def pair(x):
    def backward(upstream):
        return upstream

    return (x, x * 2.0), backward


x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    first, second = pair(x)
gradient = tape.gradient(first, x)
"""
MODE_BY_CALL = """
class Trainer:
    def __init__(self):
        self.net = tf.keras.Sequential([tf.keras.layers.Input((2,)), tf.keras.layers.Dropout(0.5)])
        self.net.add(tf.keras.layers.Dense(1))
        self.optimizer = tf.keras.optimizers.SGD(0.1)

    def train(self, x, **settings):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.net.call(x, **settings))
        variables = self.net.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


Trainer().train(tf.ones((4, 2)))
"""
NEW_EVERY_ROUND = """
def train(x):
    w = tf.Variable(1.0)
    for _ in range(3):
        optimizer = tf.keras.optimizers.Adam(0.1)
        with tf.GradientTape() as tape:
            loss = w * x
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])


train(2.0)
"""
LAMBDA_TRACED = """
w = tf.Variable(1.0)
for number in range(3):
    step = tf.function(lambda x: w * x)
    step(tf.constant(2.0))
with tf.GradientTape() as tape:
    y = w * w
slope = tape.gradient(y, w)
"""

FROZEN_SECOND = """
first = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)
x = tf.ones((2, 3))


def step(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def frozen():
    second = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
    for layer in second.layers:
        layer.trainable = False
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(second(x))
    gradients = tape.gradient(loss, second.trainable_variables)
    optimizer.apply_gradients(zip(gradients, second.trainable_variables))


step(first)
frozen()
"""

REPLICAS = """
strategy = tf.distribute.MirroredStrategy()
v = tf.Variable(1.0)


def one():
    with tf.GradientTape() as tape:
        loss = v * v
    v.assign_sub(tape.gradient(loss, v))
    return loss


@tf.function
def step():
    losses = strategy.run(one)
    print(losses)


step()
"""

SHARED_LOSS = """

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.net = tf.keras.Sequential([tf.keras.layers.Dense(4), tf.keras.layers.BatchNormalization()])

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.loss_of(data)
        grads = tape.gradient(loss, self.net.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_weights))
        return {"loss": loss}

    def test_step(self, data):
        return {"loss": self.loss_of(data)}

    def loss_of(self, data):
        return tf.reduce_mean(tf.square(self.net(data)))
"""


def only(text: str, code: str) -> Diagnostic:
    """The one report of a rule on a program."""
    (found,) = check("x.py", text.encode(), Terms(frozenset({code}))).diagnostics
    return found


def words(found: Diagnostic) -> str:
    return "\n".join((found.message, found.label, found.help, *(related.message for related in found.related)))


@pytest.mark.parametrize(
    ("code", "text", "expected", "wrong"),
    [
        ("TAP607", HEAD + ADAM.format(optimizer="SGD"), "grow with the size of the batch", "averages"),
        ("TAP714", HEAD + SHARED_LOSS, "give `loss_of` an argument `training`", "call it with `training=True`,"),
        ("TAP803", HEAD + REPLICAS, "what `strategy.reduce` or", "use `tf.print`\n"),
        (
            "TAP906",
            HEAD + "step = tf.contrib.eager.defun(print)  # GradientTape\n",
            "in its place: `tf.function`",
            "GradientTape",
        ),
        (
            "TAP906",
            HEAD + "tfe = tf.contrib.eager\nmean = tfe.metrics.Mean()  # GradientTape\n",
            "`tf.function`, `tf.keras.metrics`",
            "in its place",
        ),
        ("TAP607", HEAD + ADAM.format(optimizer="Adam"), "`Adam` takes no larger steps", "grows with"),
        ("TAP709", HEAD + TWO_MODELS, "variables` of line 12 since its first step and does not", "of line 4"),
        ("TAP709", HEAD + HANDED_DOWN, "does not know `second.trainable_variables`", "optimizer.trainable"),
        ("TAP709", HEAD + ONE_NAME, "belongs to `image` of line 16 since", "of line 16`"),
        ("TAP201", HEAD + LISTED, "`a` is a plain tensor", "`both` is"),
        ("TAP908", HEAD + STRATEGY.format(method="experimental_run_v2(print)"), "write `one.run(...)`", "dataset"),
        (
            "TAP908",
            HEAD + STRATEGY.format(method="experimental_make_numpy_dataset([1.0])"),
            "from_tensor_slices",
            "run(",
        ),
        ("TAP910", HEAD + BY_POSITION, "pass by name: `training=True, mask=None`", "`training=True`"),
        ("TAP803", HEAD + TWO_LISTS, "a new list is kept in `self.fakes, self.masks` only", "gets"),
        ("TAP803", HEAD + TWO_LISTS, "return the list from `train`", "assign_add"),
        ("TAP209", HEAD + TOLD, "watches only what it is told to", "make the variable trainable"),
        ("TAP118", HEAD + OTHER_NAME, "ask the tape that recorded it: `g_tape`", "record the computation first"),
        ("TAP501", HEAD + APART, "move the block of `inner`, with the `inner.gradient` call", "indent the"),
        ("TAP205", HEAD + BESIDE, "such as `dense.trainable_variables`\n", "leave the line out"),
        ("TAP304", HEAD + HELPERS, "takes `p` out of TensorFlow", "`out`"),
        ("TAP302", HEAD + EARLY, "`pred` comes from a call of the model", "`out`"),
        ("TAP403", HEAD + ALL_CUT, "the path from `both` to `z`", "`v`"),
        ("TAP212", HEAD + LAYER_INSIDE, "begins anew whenever this runs", "every recording"),
        ("TAP105", HEAD + UNUSED_AND_DELETED, "with all that names `spare`", "leave the"),
        ("TAP605", HEAD + NEVER_CALLED, "call `learner` for the target inside", "after the first call"),
        ("TAP904", HEAD + LEGACY_MINIMIZE, "in place of `minimize`", "safe fix"),
        ("TAP212", HEAD + OFFSET, "it begins with its first value every time", "learned"),
        ("TAP212", HEAD + OFFSET_BESIDE_A_MODEL, "it begins with its first value every time", "learned"),
        ("TAP715", HEAD + PENALTY.format(base="tf.keras.Model"), "`loss += sum(self.losses)`", "`model"),
        ("TAP715", HEAD + PENALTY.format(base="object"), "sum(self.", "sum(self.losses)"),
        ("TAP710", HEAD + TAPE_HANDED, "ask the tape and apply", "inside `with"),
        ("TAP408", HEAD + COMPLEMENT, "of the negative", "infinity"),
        ("TAP605", HEAD + UNBUILT, "read `model.trainable_variables` after the first call", "the model"),
        ("TAP605", HEAD + UNBUILT_AT_FIRST, "an empty list the first time", "and it stays"),
        ("TAP301", HEAD + HELPER, "`loss` is computed after", "inner"),
        ("TAP409", HEAD + HELPER, "`scores` has gone through", "`out`"),
        ("TAP105", HEAD + HELPER, "take `tf.GradientTape() as spare` out of", "leave the"),
        ("TAP302", HEAD + BEFORE_GENERATOR, "`fake` is a constant for the tape here", "this is a constant"),
        ("TAP405", HEAD + SOFTMAX_MEAN, "`tf.reduce_max(shares, axis=-1)`", "tf.reduce_max(mean"),
        ("TAP405", HEAD + SOFTMAX_IN_HELPER, "`tf.reduce_max(weights, axis=-1)`", "inner"),
        ("TAP710", HEAD + NO_TAPE, "compute `loss` inside `with tf.GradientTape() as tape:`", "ask the tape"),
        ("TAP710", HEAD + TAPE_BESIDE, "zip(recorder.gradient(loss, [x]), [x])", "tape.gradient"),
        ("TAP310", HEAD + VARIABLE_ASKED, "`other` is the variable made here", "computed here"),
        ("TAP310", HEAD + EITHER_ASKED, "`chosen` may be this, which is made without `x`", "computed here"),
        ("TAP803", HEAD + KEPT, "hand `x` back to `step`", "return `x` from"),
        ("TAP803", HEAD + MASK_PRINTED, "`print` shows `mask`", "padding"),
        ("TAP803", HEAD + KEPT_TOGETHER, "return `self.both(x)` from `step`", "output"),
        ("TAP717", HEAD + PLAIN_WEIGHT, "`residual` depends on it", "output"),
        ("TAP408", HEAD + SOFTPLUS, "reaches infinity before", "0 or"),
        ("TAP212", HEAD + ROUNDS, "one for each round of this loop", "make it once"),
        ("TAP709", HEAD + NOT_BUILT, "one optimizer for each set", "let the optimizer know"),
        ("TAP403", HEAD + TAPE_ON_ATTRIBUTE, "`self.recorder` records here", "`recorder`"),
        ("TAP403", HEAD + TAPE_ON_ATTRIBUTE, "tf.stop_gradient(tf.round(self.w - x) - (self.w - x))", "- self.w"),
        ("TAP403", HEAD + TAPE_OF_HELPER, "`recorder` records here", "`tape`"),
        ("TAP403", HEAD + TAPE_OF_HELPER, "`tf.math.top_k(...).indices` returns positions", "`tf.math.top_k`"),
        ("TAP402", HEAD + TRUTH, "makes truth values of `w`", "whole numbers"),
        ("TAP402", HEAD + TRUTH, "no gradient goes through", "a cast back"),
        ("TAP402", HEAD + WHOLE_ALREADY, "`best` holds whole numbers", "makes whole numbers"),
        ("TAP709", HEAD + PAIRS, "does not know `b`", "`[w, b]`"),
        ("TAP709", HEAD + PAIRS_IN_A_NAME, "does not know the variables in `pairs`", "know `pairs`"),
        ("TAP710", HEAD + TAPE_ASKED, "`persistent=True` to ask it again", "ask the tape and apply"),
        ("TAP710", HEAD + TAPE_WITHOUT_LOSS, "compute `loss * 2.0` inside", "recorded"),
        ("TAP710", HEAD + LAMBDA, "compute `x * x` inside", "lambda"),
        ("TAP409", HEAD + GIVEN_AT_ONCE, "`w * 2.0` has gone through `softmax`", "`tf.nn.softmax`"),
        ("TAP401", HEAD + POSITIONS, "integer from here on", "`1.0` for `1`"),
        ("TAP401", HEAD + DTYPE_TOLD, "give it a floating-point dtype", "cast it"),
        ("TAP401", HEAD + IN_A_DICTIONARY, '`parameters["steps"]` has dtype', "`tf.Variable(1)`"),
        ("TAP501", HEAD + INNER_IN_HELPER, "move the call `slope(x)` into the block of `outer`", "indent"),
        ("TAP508", HEAD + BATCH_SOFTMAX, "`tf.nn.softmax` mixes", "tf.math"),
        ("TAP602", HEAD + NAMES_OF_VARIABLES, "` holds a string", "` is a string"),
        ("TAP602", HEAD + COPIES, "write `model.trainable_variables`", "convert_to_tensor"),
        ("TAP603", HEAD + PRINTED, "return the value from `compute`", "return print"),
        ("TAP605", HEAD + READ_ONCE, "before `self.first` had any variables", "the first time"),
        ("TAP607", HEAD + SCALED_ADAM, "`Adam` takes no larger steps", "grows with"),
        ("TAP701", HEAD + ASKED_IN_HELPER, "zip(ask(net, tf.ones((4, 2))), net.trainable_variables)", "2))), model"),
        ("TAP701", HEAD + ONE_GRADIENT, "in a list: `optimizer.apply_gradients([(ask(w), w)])`", "zip"),
        ("TAP715", HEAD + NETS, '`loss += sum(self.nets["main"].losses)`', "`model"),
        ("TAP803", HEAD + PRINTED_ITEM, "shows `gradients[0]` only while", "tape.gradient"),
        ("TAP802", HEAD + FORMATTED, "`half(loss)` is formatted as a number", "`out`"),
        ("TAP901", HEAD + GRAPH_GRADIENT, "ask `tape.gradient(result, [w])`", "tape.gradient(tf"),
        ("TAP901", HEAD + GRAPH_GRADIENT_AND_TAPE, "`recorder.gradient(y, [w])`", "nothing recorded"),
        ("TAP609", HEAD + NONE_OF_DICTIONARY, 'with respect to `both["b"]` is None', "`tf.Variable(2.0)`"),
        ("TAP522", HEAD + CUSTOM_LAYER, "reads the variables of `dense`", "pass the variable"),
        ("TAP521", HEAD + CUSTOM_OUTPUTS, "takes 1 upstream gradient, and `pair` has 2 outputs", "called here with"),
        ("TAP714", HEAD + MODE_BY_CALL, "this call trains `self.net` without", "`self.net.call`"),
        ("TAP708", HEAD + NEW_EVERY_ROUND, "the same variables in every round", "called at every step"),
        ("TAP804", HEAD + LAMBDA_TRACED, "every call of the lambda", "`the lambda`"),
    ],
)
def test_report_says(code: str, text: str, expected: str, wrong: str) -> None:
    found = words(only(text, code))
    assert expected in found
    assert wrong not in found


def test_tape_records_where_it_was_entered_last() -> None:
    text = HEAD + TAPE_AGAIN
    (begins,) = (related for related in only(text, "TAP403").related if related.message == "`tape` records here")
    assert begins.span.start == text.rindex("with tape:") + len("with ")


def test_of_two_plays_of_a_call_the_one_that_sees_more_is_told() -> None:
    found = check("x.py", (HEAD + TWO_PLAYS).encode(), Terms(frozenset({"TAP402", "TAP403"}))).diagnostics
    assert [one.code for one in found] == ["TAP403"]


def test_empty_list_holds_no_unknown_variable() -> None:
    found = check("x.py", (HEAD + FROZEN_SECOND).encode(), Terms(frozenset({"TAP709", "TAP718"}))).diagnostics
    assert [one.code for one in found] == ["TAP718"]


SEEDED = """
model = tf.keras.Sequential([tf.keras.layers.Dense(3), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.SGD(0.1)


def ask(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x, training=True))
    return tape.gradient(loss, model.variables)


model(tf.ones((4, 2)))
"""
SEEDED_STEP = "optimizer.apply_gradients(zip(ask(tf.ones((4, 2))), {variables}))\n"


@pytest.mark.parametrize(
    ("step", "edits"),
    [(SEEDED_STEP.format(variables="model.variables"), 2), (SEEDED_STEP.format(variables="list(known)"), 0), ("", 0)],
)
def test_sources_change_together_with_what_stands_beside_the_gradients(step: str, edits: int) -> None:
    fix = only(HEAD + SEEDED + "known = model.variables\n" + step, "TAP209").fix
    assert (len(fix.edits) if fix is not None else 0) == edits
