"""A training step with a fault that TensorFlow tells of late and badly. Try `tapelint examples/`."""

import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(1e-3)


def train_step(x, y):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(model(x) - y))
        penalty = tf.add_n([tf.nn.l2_loss(w) for w in model.trainable_variables])
    loss = error + 0.01 * penalty
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


if __name__ == "__main__":
    print(train_step(tf.ones((2, 4)), tf.ones((2, 1))))
