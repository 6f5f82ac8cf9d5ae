"""What models and layers add to the loss."""

from __future__ import annotations

import ast

from tapelint.play.arguments import Arguments
from tapelint.play.building import NO_WEIGHTS, last_part
from tapelint.play.functional import Functional
from tapelint.play.marks import Added
from tapelint.play.pairs import layers_in
from tapelint.play.records import AddedLoss
from tapelint.play.values import (
    Const,
    Data,
    Instance,
    Kind,
    Object,
    Several,
    Symbol,
    Value,
)

_REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "embeddings_regularizer", "activity_regularizer")
SINGLE = frozenset(
    {
        "Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv1DTranspose", "Conv3DTranspose", "Flatten",
        "Dropout", "BatchNormalization", "LayerNormalization", "Activation", "ReLU", "LeakyReLU", "Softmax",
        "MaxPooling2D", "MaxPool2D", "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
        "GlobalMaxPooling1D", "GlobalAveragePooling1D", "Reshape", "Embedding", "Concatenate", "Add", "Multiply",
        "UpSampling2D", "ZeroPadding2D", "Rescaling", "Normalization", "Dot", "Average", "Subtract", "Permute",
        "DepthwiseConv2D", "SeparableConv2D", "ELU", "PReLU", "GaussianNoise", "RepeatVector", "MaxPooling1D",
    }
)  # fmt: skip
"""Layers whose result is one tensor (a recurrent layer or an attention layer may give several)."""
_COMPARED = ("y", "y_pred", "sample_weight")
"""What `compute_loss` makes the loss of, after the inputs."""


def _is_idle(regularizer: Object) -> bool:
    """Whether a regularizer has only factors that are zero."""
    given = regularizer.args.values()
    return bool(given) and all(isinstance(one, Const) and one.value == 0 for one in given)


class Losses(Functional):
    """`add_loss`, regularizers, `model.losses`, `compute_loss`."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def _layers_inside(self, value: Value, depth: int = 5) -> list[Object]:
        raise NotImplementedError

    def _model_losses(self, value: Value, node: ast.AST) -> Value:
        if self._without_losses(value):
            empty = self.sequence("list", (), node)
            self.world.put((empty.id, "losses of"), value)
            return empty
        links = (self.variables(value, "trainable", node),)
        listed = self.sequence("list", (Several(self.tensor("losses", links, node, "float")),), node)
        self.world.put((listed.id, "losses of"), value)
        return listed

    def penalties(self, value: Value) -> int | None:
        """How many losses `value.losses` certainly holds, or holds at least; None where it can't be told."""
        if self._without_losses(value):
            return 0
        if self.mentions("add_loss", "trainable = False"):
            return None
        count = sum(
            one is not None and (one.kind == "regularizer" if isinstance(one, Object) else isinstance(one, Const))
            for layer in self._layers_inside(value) if self._penalized(layer)
            for one in map(layer.args.get, _REGULARIZERS)
        )  # fmt: skip
        return count or None

    def compute_loss(self, value: Instance, arguments: Arguments, node: ast.expr) -> Value | None:
        """`self.compute_loss(...)` of a model that was compiled with a loss of Keras; None where another was given."""
        given = self.world.get((value.id, "compiled"))
        named = isinstance(given, Const) and isinstance(given.value, str)
        ours = isinstance(given, Symbol) and given.name.startswith("keras.losses.")
        if not (named or ours or (isinstance(given, Object) and given.kind == "loss")):
            return None
        inputs = [item for at, name in enumerate(_COMPARED, 1) if (item := arguments.get(at, name)) is not None]
        more = [] if self._adds_no_losses(value) else [self.variables(value, "trainable", node)]
        return self.tensor("compute_loss", [*map(self.scores, self.flats(inputs)), *more], node, "float")

    def _penalized(self, layer: Object) -> bool:
        """Whether a layer certainly has a regularizer of its weights."""
        given = (layer.args.get(name) for name in _REGULARIZERS)
        return any(
            (isinstance(one, Const) and isinstance(one.value, str))
            or (isinstance(one, Object) and one.kind == "regularizer" and not _is_idle(one))
            for one in given
        )

    def _without_losses(self, value: Value) -> bool:
        """Whether `model.losses` certainly is empty."""
        if not isinstance(value, Object) or value.kind != "model":
            return False
        layers = layers_in(value, self.world)
        if layers is None:
            return False
        return all(
            last_part(layer.symbol) in SINGLE and not any(name.endswith("regularizer") for name in layer.args)
            for layer in layers
        )

    def _adds_no_losses(self, value: Value, depth: int = 4) -> bool:
        """The same for an object of a visible class: nothing in sight adds a loss, and all its parts are known."""
        if isinstance(value, Object) and value.kind == "layer":
            return last_part(value.symbol) in SINGLE and not any(name.endswith("regularizer") for name in value.args)
        if not isinstance(value, Instance):
            model = isinstance(value, Object) and value.kind == "model"
            return self._without_losses(value) if model else isinstance(value, NO_WEIGHTS)
        if depth == 0 or not value.whole or self.mentions("regularizer", "add_loss", "add_weight"):
            return False
        return all(self._adds_no_losses(item, depth - 1) for item in self.kept_by(value))

    def add_loss(self, layer: Value, arguments: Arguments, node: ast.expr) -> None:
        """`layer.add_loss(tensor)`: the layer keeps it in `losses` until its next call."""
        given = arguments.get(0, "loss")
        if given is not None and getattr(layer, "whole", True):
            self.used(layer, "add_loss", "call", node, given)
        if isinstance(given, Data) and given.kind is Kind.TENSOR:
            kept = self.world.get((layer.id, "added"), Added())
            added = AddedLoss(layer, given, self.place(node))
            self.world.put((layer.id, "added"), Added((*kept.losses[-4:], added)))
