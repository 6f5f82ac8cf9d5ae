"""What an instance of each public class is, and what the layers hold and do."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import probe
import symbols
from recipes import Vocabulary

HEADER = ("symbol", "kind", "input", "trainable", "state", "training", "params", "keras")


#: Kinds and the classes that decide them, the most specific first.
KINDS = (
    ("tape", "tensorflow.GradientTape"),
    ("accumulator", "tensorflow.autodiff.ForwardAccumulator"),
    ("variable", "tensorflow.Variable keras.Variable"),
    ("loss_scale_optimizer", "keras.optimizers.LossScaleOptimizer keras.mixed_precision.LossScaleOptimizer"),
    ("optimizer", "keras.optimizers.Optimizer keras.optimizers.legacy.Optimizer"),
    ("schedule", "keras.optimizers.schedules.LearningRateSchedule"),
    ("metric", "keras.metrics.Metric"),
    ("model", "keras.Model"),
    ("layer", "keras.layers.Layer"),
    ("loss", "keras.losses.Loss"),
    ("initializer", "keras.initializers.Initializer"),
    ("initializer", "tensorflow.constant_initializer tensorflow.ones_initializer tensorflow.zeros_initializer"),
    ("initializer", "tensorflow.random_normal_initializer tensorflow.random_uniform_initializer"),
    ("regularizer", "keras.regularizers.Regularizer"),
    ("constraint", "keras.constraints.Constraint"),
    ("callback", "keras.callbacks.Callback"),
    ("dataset", "tensorflow.data.Dataset"),
    ("iterator", "tensorflow.data.Iterator tensorflow.data.NumpyIterator"),
    ("strategy", "tensorflow.distribute.Strategy"),
    ("generator", "tensorflow.random.Generator keras.random.SeedGenerator"),
    ("linear_operator", "tensorflow.linalg.LinearOperator"),
    ("queue", "tensorflow.queue.QueueBase"),
    ("table", "tensorflow.lookup.StaticHashTable tensorflow.lookup.StaticVocabularyTable"),
    ("table", "tensorflow.lookup.experimental.DenseHashTable tensorflow.lookup.experimental.MutableHashTable"),
    ("tensor_array", "tensorflow.TensorArray"),
    ("composite", "tensorflow.SparseTensor tensorflow.RaggedTensor tensorflow.IndexedSlices"),
    ("tensor", "tensorflow.Tensor"),
    ("checkpoint", "tensorflow.train.Checkpoint tensorflow.train.CheckpointManager"),
    ("writer", "tensorflow.summary.SummaryWriter"),
    ("average", "tensorflow.train.ExponentialMovingAverage"),
    ("scope", "tensorflow.name_scope keras.StatelessScope keras.SymbolicScope"),
    ("symbolic", "keras.KerasTensor"),
    ("module", "tensorflow.Module"),
)

#: Functions that return an object of a kind: what they are called with, to see that it is so.
FACTORIES = {
    "keras.Input": ("symbolic", "(3,)"),
    "keras.backend.eye": ("variable", "3"),
    "keras.backend.ones": ("variable", "(2, 3)"),
    "keras.backend.random_normal_variable": ("variable", "(2, 3), 0.0, 1.0"),
    "keras.backend.random_uniform_variable": ("variable", "(2, 3), 0.0, 1.0"),
    "keras.backend.variable": ("variable", "1.0"),
    "keras.backend.zeros": ("variable", "(2, 3)"),
    "tensorflow.distribute.get_strategy": ("strategy", ""),
    "tensorflow.random.get_global_generator": ("generator", ""),
}


def kinds() -> list[tuple[str, tuple[Any, ...]]]:
    """`KINDS` with the classes that this installation has."""
    decided = []
    for kind, names in KINDS:
        found = [symbols.find(name) for name in names.split()]
        decided.append((kind, tuple(value for value in found if value is not None)))
    return decided


def kind_of(value: Any, decided: list[tuple[str, tuple[Any, ...]]]) -> str:
    return next((kind for kind, bases in decided if issubclass(value, bases)), "")


def rows(names: symbols.Names) -> list[tuple[str, ...]]:
    """The class table of the installed TensorFlow, sorted."""
    result: list[tuple[str, ...]] = []
    decided = kinds()
    for symbol, value in names.objects.items():
        if inspect.isclass(value):
            kind = kind_of(value, decided)
            if kind:
                params = ",".join(name for name in probe.parameters_of(value) if name != "self")
                result.append((symbol, kind, *layer_columns(symbol, value, kind), params))
        elif symbol.startswith("keras.applications.") and symbol.rpartition(".")[2][:1].isupper():
            params = ",".join(probe.parameters_of(value))
            result.append((symbol, "model", "differentiable", "yes", "yes", "yes", params))
    return sorted([*result, *factory_rows(names, decided)])


def factory_rows(names: symbols.Names, decided: list[tuple[str, tuple[Any, ...]]]) -> list[tuple[str, ...]]:
    """Rows of the functions that return an object, for those that really do."""
    import tensorflow as tf

    result: list[tuple[str, ...]] = []
    for symbol, (kind, recipe) in FACTORIES.items():
        if symbol in names.objects:
            call = probe.Call(tf, names.objects[symbol], recipe, Vocabulary(tf, 1), {})
            made = names.objects[symbol](*call.positional)
            # Keras 2 does not make the class of a symbolic tensor public.
            if kind_of(type(made), decided) == kind or (kind, type(made).__name__) == ("symbolic", "KerasTensor"):
                params = ",".join(probe.parameters_of(names.objects[symbol]))
                result.append((symbol, kind, "", "", "", "", params))
    return result


#: How to make a layer and what to call it on, in the vocabulary of `recipes`: arguments of the constructor, input.
LAYERS: dict[str, str] = {
    "Activation": "('relu',), m",
    "Attention": "(), [t, t]",
    "AdditiveAttention": "(), [t, t]",
    "AveragePooling1D": "(2,), seq",
    "AveragePooling2D": "(2,), img",
    "AveragePooling3D": "(2,), vol",
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
    "AdaptiveAveragePooling1D": "(2,), seq",
    "AdaptiveAveragePooling2D": "(2,), img",
    "AdaptiveAveragePooling3D": "(2,), vol",
    "AdaptiveMaxPooling1D": "(2,), seq",
    "AdaptiveMaxPooling2D": "(2,), img",
    "AdaptiveMaxPooling3D": "(2,), vol",
    "AlphaDropout": "(0.5,), t",
    "EinsumDense": "('ab,bc->ac', 4), m",
    "Embedding": "(5, 3), iv",
    "GaussianDropout": "(0.5,), t",
    "GaussianNoise": "(0.5,), t",
    "GroupNormalization": "(3,), img",
    "GroupQueryAttention": "(2, 2, 1), t, t",
    "GRU": "(2,), t",
    "GRUCell": "(2,), m, [tf.zeros([2, 2])]",
    "HashedCrossing": "(3,), (st, st)",
    "Hashing": "(3,), iv",
    "IntegerLookup": "(), iv",
    "LSTM": "(2,), t",
    "LSTMCell": "(2,), m, [tf.zeros([2, 2]), tf.zeros([2, 2])]",
    "MelSpectrogram": "(), tf.tile(wave, [1, 200])",
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
    "RandomColorDegeneration": "(0.3,), img",
    "RandomHue": "(0.3,), img",
    "RandomPosterization": "(4,), img",
    "RandomSaturation": "(0.3,), img",
    "RandomSharpness": "(0.3,), img",
    "ReversibleEmbedding": "(5, 3), iv",
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

#: Layers that are whatever their arguments make of them.
OPEN = {"Lambda", "Layer", "Wrapper", "Pipeline", "FeatureSpace"}

#: Inputs to try for a layer without a recipe.
LAYER_GUESSES = ("m", "img", "seq", "vol", "[m, m2]", "t", "iv")


def layer_columns(symbol: str, value: Any, kind: str) -> tuple[str, str, str, str]:
    """`input`, `trainable`, `state` and `training` of a layer; empty where nothing was measured."""
    if kind != "layer":
        return ("", "", "", "")
    own = symbol.rpartition(".")[2]
    if own in OPEN:
        return ("", "", "", "")
    recipe = LAYERS.get(own)
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
    takes_training = False
    for seed in range(8):
        # Layers that act at random must act alike whenever this is run.
        tf.keras.utils.set_random_seed(seed)
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
            probe.observe_once(tf, lambda *given, layer=layer, mode=mode: layer(*given, **mode), arguments, seed, seen)
            call = probe.Call(tf, layer, arguments, Vocabulary(tf, seed), {})
            results.append(probe.flatten(call, layer(*call.positional, **mode))[1])
        for first, second in zip(results[0], results[-1], strict=True):
            different |= first[2].shape != second[2].shape or not bool(tf.reduce_all(first[2] == second[2]))
    effects = [probe.effect_of(output.per_parameter, seen.given_tensors) for output in seen.outputs]
    order = ("differentiable", "lookup_error", "zero", "none", "constant")
    trainable, state = bool(layer.trainable_variables), bool(layer.non_trainable_variables)
    effect = min(effects, key=order.index)
    # A zero comes from the values here, and a layer that takes `training` may use it when it is made otherwise.
    answer = "" if takes_training and not different else yes(different)
    return ("" if effect == "zero" else effect, yes(trainable), yes(state), answer)


def yes(flag: bool) -> str:
    return "yes" if flag else "no"
