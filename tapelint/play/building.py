"""When layers and models get their weights."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tapelint.play.arguments import Arguments
from tapelint.play.machine import FirstRun
from tapelint.play.marks import Built
from tapelint.play.optimizers import Optimizers
from tapelint.play.values import (
    Const,
    Cut,
    CutKind,
    Data,
    Function,
    Instance,
    Items,
    Object,
    Place,
    Symbol,
    Value,
)
from tapelint.tensorflow import api

_LAZY = frozenset(
    {"Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D",
     "BatchNormalization", "LayerNormalization", "LSTM", "GRU", "SimpleRNN", "Embedding"}
)  # fmt: skip
"""Layers whose weights are made at the first call."""
_INPUT = frozenset({"input_shape", "input_dim", "batch_input_shape"})
"""Arguments by which the first layer of a Sequential says what it gets."""
NO_WEIGHTS = (Const, Data, Function, Symbol, Object)
"""What may be kept beside layers, and has no weights: a number, a tensor, a function, an optimizer."""


def last_part(name: str) -> str:
    return name.rsplit(".", 1)[-1]


class Building(Optimizers):
    """What is built, what is not yet, and what a first call does."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def _holds_visible(self, layers: Iterable[Value], depth: int = 4) -> bool:
        raise NotImplementedError

    def _build_visible(self, given: Data, layers: list[Value], node: ast.expr) -> None:
        """A Sequential that begins with its input builds its layers at once: `build` of a visible class runs here."""
        value: Value = given
        if self._holds_visible(layers):
            for layer in layers:
                value = self.call(layer, Arguments((value,)), node)

    def _build_at_once(self, layers: list[Value]) -> None:
        """A Sequential whose first layer may know its input has built all its layers."""
        first = layers[0] if layers else None
        if first is None or (isinstance(first, (Object, Instance)) and not self._knows_input(first)):
            return
        for layer in layers:
            self.mark_built(layer)

    def _knows_input(self, first: Object | Instance) -> bool:
        if isinstance(first, Object) and _INPUT & first.args.keys():
            return True
        return not self.weightless(first) and not self._unbuilt(first)

    def without_weights(self, value: Value, depth: int = 5) -> bool:
        """Whether a layer or model certainly has no weights yet, because nothing has built it (Keras 3: an empty list).

        Keras 2 raises for a Sequential; there nothing is claimed.
        """
        return self.keras == 3 and self._unbuilt(value, depth)

    def _unbuilt(self, value: Value, depth: int = 5) -> bool:
        if depth == 0 or not self.certainly_unbuilt(value):
            return False
        if isinstance(value, Object) and value.kind == "layer":
            given = (_INPUT | {"weights"}) & value.args.keys()
            return last_part(value.symbol) in _LAZY and not given and not value.parts
        if isinstance(value, Object) and value.symbol.endswith("Sequential") and value.whole:
            layers = [*value.parts, *self.world.get((value.id, "parts"), Items())]
            kept = [layer for layer in layers if not self.weightless(layer)]
            return bool(kept) and all(self._unbuilt(layer, depth - 1) for layer in kept)
        if isinstance(value, Instance) and value.whole:
            held = self.kept_by(value)
            layers = [item for item in held if isinstance(item, (Object, Instance)) and item.kind in ("layer", "model")]
            others = [item for item in held if item not in layers and not isinstance(item, NO_WEIGHTS)]
            kept = [layer for layer in layers if not self.weightless(layer)]
            return bool(kept) and not others and all(self._unbuilt(layer, depth - 1) for layer in kept)
        return False

    def kept_by(self, value: Instance) -> list[Value]:
        """What the attributes of an object hold, lists and dictionaries opened."""
        held = [self.world.get((value.id, "." + name)) for name in sorted(self.attributes.get(value.id, ()))]
        return [leaf for item in held if isinstance(item, Value) for leaf in self.flat(item)]

    def weightless(self, value: Value) -> bool:
        """Whether a layer certainly has nothing to train, built or not."""
        if isinstance(value, Instance):
            held = self.kept_by(value) if value.kind == "layer" and value.whole else [value]
            return all(isinstance(i, NO_WEIGHTS) and getattr(i, "kind", "") not in ("layer", "model") for i in held)
        found = api.api_class(value.symbol) if isinstance(value, Object) and value.kind == "layer" else None
        return found is not None and found.trainable is False and not last_part(found.symbol).startswith("Input")

    @contextmanager
    def first_run_of(self, instance: Instance, arguments: Arguments, unbuilt: bool) -> Iterator[None]:
        """Play the `call` of a model or layer as Keras 3 first runs it, if it certainly has unbuilt layers.

        Keras 3 takes no number in place of a tensor: `model(x, True)` raises.
        """
        outer = self.first_run
        unbuilt = unbuilt and not any(isinstance(value, Const) for value in arguments.args)
        own = self.class_attribute(instance.cls, "build") is not None or not instance.whole
        if outer is None and unbuilt and self.keras == 3 and instance.kind in ("model", "layer") and not own:
            eager = self.eager or self.mentions("run_functions_eagerly")
            if not eager and any(self.without_weights(layer) for layer in self.held_layers(instance)):
                self.first_run = FirstRun()
        try:
            yield
        finally:
            self.first_run = outer

    def constant_weights(self, layer: Object, unbuilt: bool) -> Cut | None:
        """What cuts a layer from its weights in a function that is traced in the first run of what holds it."""
        run = self.first_run
        if run is None or run.function is None or not (unbuilt or layer.id in run.layers):
            return None
        run.layers.add(layer.id)
        function = run.function
        decorator = self.recording.decorators.get((id(function.node), "tensorflow.function"))
        return Cut(CutKind.FIRST_RUN, decorator or Place(function.node, function.module), function.name)

    def no_weights(self, value: Value, node: ast.AST) -> Value:
        """The empty list that `trainable_variables` of an unbuilt layer or model is."""
        empty = self.sequence("list", (), node)
        self.recording.unbuilt[empty.id] = value
        self.recording.unbuilt_at[id(node)] = value
        return empty

    def mark_built(self, value: Value, depth: int = 5) -> None:
        """From now on the layer or model has its weights."""
        self.world.put((value.id, "built"), Built())
        if isinstance(value, Object) and depth:
            for part in (*value.parts, *self.world.get((value.id, "parts"), Items())):
                if isinstance(part, (Object, Instance)):
                    self.mark_built(part, depth - 1)

    def mark_called(self, layer: Value) -> None:
        """The layer of a visible class runs under the tapes that record now."""
        running, _ = self.world.get(("running",), (frozenset(), frozenset()))
        called = self.world.get((layer.id, "called"), ())
        self.world.put((layer.id, "called"), tuple(dict.fromkeys((*called, *running))))
