"""What an instance of each public class is, and what the layers hold and do."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import probe
import symbols
from recipes import Vocabulary

HEADER = ("symbol", "kind", "input", "trainable", "state", "training", "params")


def kinds() -> list[tuple[str, tuple[Any, ...]]]:
    """Kinds and the classes that decide them, the most specific first."""
    import keras
    import tensorflow as tf

    iterators = (tf.data.Iterator, tf.data.NumpyIterator)
    composites = (tf.SparseTensor, tf.RaggedTensor, tf.IndexedSlices)
    return [
        ("tape", (tf.GradientTape,)),
        ("accumulator", (tf.autodiff.ForwardAccumulator,)),
        ("variable", (tf.Variable, keras.Variable)),
        ("loss_scale_optimizer", (keras.optimizers.LossScaleOptimizer,)),
        ("optimizer", (keras.optimizers.Optimizer,)),
        ("schedule", (keras.optimizers.schedules.LearningRateSchedule,)),
        ("model", (keras.Model,)),
        ("layer", (keras.layers.Layer,)),
        ("metric", (keras.metrics.Metric,)),
        ("loss", (keras.losses.Loss,)),
        ("initializer", (keras.initializers.Initializer, *initializers(tf))),
        ("regularizer", (keras.regularizers.Regularizer,)),
        ("constraint", (keras.constraints.Constraint,)),
        ("callback", (keras.callbacks.Callback,)),
        ("dataset", (tf.data.Dataset,)),
        ("iterator", iterators),
        ("strategy", (tf.distribute.Strategy,)),
        ("generator", (tf.random.Generator, keras.random.SeedGenerator)),
        ("linear_operator", (tf.linalg.LinearOperator,)),
        ("queue", (tf.queue.QueueBase,)),
        ("table", (tf.lookup.StaticHashTable, *tables(tf))),
        ("tensor_array", (tf.TensorArray,)),
        ("composite", composites),
        ("tensor", (tf.Tensor,)),
        ("checkpoint", (tf.train.Checkpoint, tf.train.CheckpointManager)),
        ("writer", (tf.summary.SummaryWriter,)),
        ("average", (tf.train.ExponentialMovingAverage,)),
        ("scope", (tf.name_scope, keras.StatelessScope, keras.SymbolicScope)),
        ("symbolic", (keras.KerasTensor,)),
        ("module", (tf.Module,)),
    ]


def initializers(tf: Any) -> tuple[Any, ...]:
    names = ("constant", "ones", "zeros", "random_normal", "random_uniform")
    return tuple(getattr(tf, f"{name}_initializer") for name in names)


def tables(tf: Any) -> tuple[Any, ...]:
    found = (tf.lookup.StaticVocabularyTable, tf.lookup.experimental.DenseHashTable)
    return (*found, tf.lookup.experimental.MutableHashTable)


def rows(names: symbols.Names) -> list[tuple[str, ...]]:
    """The class table of the installed TensorFlow, sorted."""
    result = []
    decided = kinds()
    for symbol, value in names.objects.items():
        if inspect.isclass(value):
            kind = next((kind for kind, bases in decided if issubclass(value, bases)), "")
            if kind:
                params = ",".join(name for name in probe.parameters_of(value) if name != "self")
                result.append((symbol, kind, *layer_columns(symbol, value, kind), params))
        elif symbol.startswith("keras.applications.") and symbol.rpartition(".")[2][:1].isupper():
            params = ",".join(probe.parameters_of(value))
            result.append((symbol, "model", "differentiable", "yes", "yes", "yes", params))
    return sorted(result)


#: How to make a layer and what to call it on, in the vocabulary of `recipes`: arguments of the constructor, input.
LAYERS: dict[str, str] = {
    "Activation": "('relu',), m",
    "Attention": "(), [t, t]",
    "AdditiveAttention": "(), [t, t]",
    "BatchNormalization": "(), m",
    "Bidirectional": "(keras.layers.LSTM(2),), t",
    "CategoryEncoding": "(4,), iv",
    "CenterCrop": "(4, 4), img",
    "Conv1D": "(2, 2), seq",
    "Conv1DTranspose": "(2, 2), seq",
    "Conv2D": "(2, 2), img",
    "Conv2DTranspose": "(2, 2), img",
    "Conv3D": "(2, 2), vol",
    "Conv3DTranspose": "(2, 2), vol",
    "ConvLSTM1D": "(2, 2), seq[None]",
    "ConvLSTM2D": "(2, 2), img[None]",
    "ConvLSTM3D": "(2, 2), vol[None]",
    "Cropping1D": "(1,), seq",
    "Cropping2D": "(1,), img",
    "Cropping3D": "(1,), vol",
    "Dense": "(4,), m",
    "DepthwiseConv1D": "(2,), seq",
    "DepthwiseConv2D": "(2,), img",
    "Discretization": "([0.0, 0.5],), m",
    "Dot": "(1,), [m, m2]",
    "Dropout": "(0.5,), t",
    "AlphaDropout": "(0.5,), t",
    "EinsumDense": "('ab,bc->ac', 4), m",
    "Embedding": "(5, 3), iv",
    "GaussianDropout": "(0.5,), t",
    "GaussianNoise": "(0.5,), t",
    "GroupNormalization": "(3,), img",
    "GroupQueryAttention": "(2, 2, 1), [t, t]",
    "GroupedQueryAttention": "(2, 2, 1), t, t",
    "GRU": "(2,), t",
    "GRUCell": "(2,), m, [tf.zeros([2, 2])]",
    "Lambda": "(lambda x: x * 2.0,), m",
    "LSTM": "(2,), t",
    "LSTMCell": "(2,), m, [tf.zeros([2, 2]), tf.zeros([2, 2])]",
    "Maximum": "(), [m, m2]",
    "Minimum": "(), [m, m2]",
    "MultiHeadAttention": "(2, 2), t, t",
    "Normalization": "(), m",
    "Permute": "((2, 1),), t",
    "RepeatVector": "(2,), m",
    "Rescaling": "(0.5,), img",
    "Reshape": "((3, 1),), m",
    "Resizing": "(4, 4), img",
    "RandomCrop": "(4, 4), img",
    "RandomContrast": "(0.5,), img",
    "RandomBrightness": "(0.5,), img",
    "RandomFlip": "(), img",
    "RandomHeight": "(0.3,), img",
    "RandomWidth": "(0.3,), img",
    "RandomRotation": "(0.3,), img",
    "RandomTranslation": "(0.3, 0.3), img",
    "RandomZoom": "(0.3,), img",
    "RNN": "(keras.layers.LSTMCell(2),), t",
    "SeparableConv1D": "(2, 2), seq",
    "SeparableConv2D": "(2, 2), img",
    "SimpleRNN": "(2,), t",
    "SimpleRNNCell": "(2,), m, [tf.zeros([2, 2])]",
    "SpatialDropout1D": "(0.5,), t",
    "SpatialDropout2D": "(0.5,), img",
    "SpatialDropout3D": "(0.5,), vol",
    "SpectralNormalization": "(keras.layers.Dense(4),), m",
    "StackedRNNCells": "([keras.layers.LSTMCell(2)],), m, [[tf.zeros([2, 2]), tf.zeros([2, 2])]]",
    "TimeDistributed": "(keras.layers.Dense(2),), t",
    "UnitNormalization": "(), m",
    "ZeroPadding1D": "(1,), seq",
    "ZeroPadding2D": "(1,), img",
    "ZeroPadding3D": "(1,), vol",
}

#: Inputs to try for a layer without a recipe.
LAYER_GUESSES = ("m", "img", "seq", "vol", "[m, m2]", "t", "iv")


def layer_columns(symbol: str, value: Any, kind: str) -> tuple[str, str, str, str]:
    """`input`, `trainable`, `state` and `training` of a layer; empty where nothing was measured."""
    if kind != "layer":
        return ("", "", "", "")
    recipe = LAYERS.get(symbol.rpartition(".")[2])
    for text in [recipe] if recipe else [f"(), {guess}" for guess in LAYER_GUESSES]:
        try:
            return observe_layer(value, text)
        except Exception:
            continue
    return ("", "", "", "")


def observe_layer(value: Any, text: str) -> tuple[str, str, str, str]:
    """Make a layer, call it in both modes and look at its variables. Raises what the layer raises."""
    import keras
    import tensorflow as tf

    seen = probe.Observation([])
    different = False
    layer: Any = None
    for seed in probe.SEEDS:
        vocabulary = Vocabulary(tf, seed)
        vocabulary["keras"] = keras
        node = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(node, ast.Call)
        layer = value(*probe.Call.evaluate(node.args[0], vocabulary))
        arguments = ", ".join(ast.unparse(argument) for argument in node.args[1:])
        takes_training = "training" in inspect.signature(layer.call).parameters
        modes = [{"training": True}, {"training": False}] if takes_training else [{}]
        results = []
        for mode in modes:
            probe.observe_once(tf, lambda *given, mode=mode: layer(*given, **mode), arguments, seed, seen)
            call = probe.Call(tf, layer, arguments, Vocabulary(tf, seed), {})
            results.append(probe.flatten(call, layer(*call.positional, **mode))[1])
        for first, second in zip(results[0], results[-1], strict=True):
            different |= first[1].shape != second[1].shape or not bool(tf.reduce_all(first[1] == second[1]))
    effects = [probe.effect_of(output.per_parameter, seen.given_tensors) for output in seen.outputs]
    order = ("differentiable", "lookup_error", "zero", "none", "constant")
    trainable, state = bool(layer.trainable_variables), bool(layer.non_trainable_variables)
    return (min(effects, key=order.index), yes(trainable), yes(state), yes(different))


def yes(flag: bool) -> str:
    return "yes" if flag else "no"


def check(names: symbols.Names, table: dict[str, tuple[str, ...]]) -> list[str]:
    """Differences between the class table and the installed TensorFlow."""
    found = {row[0]: row for row in rows(names)}
    differences = []
    for symbol in sorted(found.keys() & table.keys()):
        for column, here, there in zip(HEADER, found[symbol], table[symbol], strict=True):
            if here != there:
                differences.append(f"{symbol}: {column} is {there!r} in the table, {here!r} here")
    return differences
