"""tapelint reads Python that uses `tf.GradientTape` and says where a gradient will be lost, before anything runs."""

__version__ = "0.1.0"
