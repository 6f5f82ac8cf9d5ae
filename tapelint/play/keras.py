"""Keras: layers, models, losses, metrics, optimizers, and the objects of `tf.data` and `tf.distribute`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tapelint.play import dtype as dtypes
from tapelint.play.arguments import Arguments
from tapelint.play.building import last_part
from tapelint.play.callbacks import is_callable
from tapelint.play.functional import own_activation
from tapelint.play.losses import SINGLE, Losses
from tapelint.play.marks import Added, FirstStep, Frozen, Written
from tapelint.play.records import Forward
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Cut,
    CutKind,
    Data,
    Entries,
    Function,
    Instance,
    Items,
    Kind,
    Link,
    Method,
    Object,
    Place,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)
from tapelint.tensorflow import api

SETS = {
    "trainable_variables": "trainable",
    "trainable_weights": "trainable",
    "variables": "all",
    "weights": "all",
    "non_trainable_variables": "non_trainable",
    "non_trainable_weights": "non_trainable",
}
"""Attributes that are lists of variables, and which."""

_SYMBOLIC = frozenset({"input", "output", "inputs", "outputs"})
WEIGHTS = frozenset(
    {"kernel", "bias", "embeddings", "gamma", "beta", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel"}
)
LEAVING = frozenset({"predict", "predict_on_batch", "evaluate", "train_on_batch", "test_on_batch"})
"""Methods of a model that run it on their own and give arrays or numbers back."""
OPTIMIZING = frozenset({"apply_gradients", "apply", "minimize"})
_OPTIMIZERS = frozenset({"optimizer", "loss_scale_optimizer", "v1_optimizer"})
_UNITS = {"Dense": "units", "Conv1D": "filters", "Conv2D": "filters", "Conv3D": "filters"}
_TWO_MODES = frozenset(
    {
        "BatchNormalization", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
        "GaussianDropout", "GaussianNoise",
    }
)  # fmt: skip
_DROPPING = frozenset({"LSTM", "GRU", "SimpleRNN", "MultiHeadAttention"})
"""Layers with an argument `dropout`."""
_GRAPH_GRADIENTS = frozenset(
    {"tensorflow.gradients", "tensorflow.hessians", "tensorflow.compat.v1.gradients", "tensorflow.compat.v1.hessians",
     "keras.backend.gradients"}
)  # fmt: skip
"""Functions that walk back through a graph; eagerly they raise."""

_RECURRENT = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
"""Recurrent layers, and how many states they give beside their output where `return_state` is set."""


_LOOKUPS = frozenset({"Embedding", "StringLookup", "IntegerLookup", "Hashing", "Discretization", "TextVectorization"})
"""Layers that take their input for positions or words, whatever numbers they get."""

_KEPT = {"keras.layers.Wrapper": "layer", "keras.layers.RNN": "cell", "keras.layers.TimeDistributed": "layer"}
"""Classes of Keras that keep the first argument of their `__init__`, and the attribute that they keep it in."""
_DATASET = ("tensorflow.data.", "tensorflow_datasets.", "keras.utils.image_dataset", "keras.preprocessing.")


class Keras(Losses):
    """Objects of Keras and what their methods do."""

    # -- making objects -------------------------------------------------------------------------------------------

    def call_keras(self, name: str, arguments: Arguments, node: ast.expr) -> Value | None:
        """Call a class or a constructor function of Keras, `tf.data` and their like; None for anything else."""
        if name in ("keras.Input", "keras.layers.Input"):
            return self.data(Kind.SYMBOLIC, "keras.Input", (), node, dtypes.of_argument(arguments.kwargs.get("dtype")))
        if name in ("keras.Model", "keras.models.Model", "keras.Sequential", "keras.models.Sequential"):
            return self._model(name, arguments, node)
        if name in ("keras.models.clone_model", "keras.models.load_model", "keras.models.model_from_json"):
            return self.cloned(node, name)
        if name == "keras.activations.get":
            return self._activation(arguments.get(0, "identifier"))
        if name.startswith(_DATASET):
            made = Object("dataset", name, self.place(node), self.tick(), arguments.args)
            return self.note_dataset(made, last_part(name), arguments)
        if name.startswith("keras.mixed_precision.") and name.endswith(("set_global_policy", "set_dtype_policy")):
            given = arguments.get(0, "policy")
            self.world.put(("policy",), given if given is not None else self.unknown(node))
            return self.const(None, node)
        if name in _GRAPH_GRADIENTS:
            self.used(Symbol(name), name, "gradients", node, arguments.args[0] if arguments.args else None)
            return self.sequence("list", (Several(self.unknown(node, arguments.all(), "gradient")),), node)
        if name.startswith("tensorflow.compat.v1.train.") and name.endswith("Optimizer"):
            return self._made("v1_optimizer", name, node, (), whole=True, args=arguments)
        if name.startswith("keras.optimizers.experimental."):
            return self._made("optimizer", name, node, (), whole=True, args=arguments)
        found = api.api_class(name)
        if found is None:
            return None
        if found.kind == "layer":
            return self._layer(name, arguments, node)
        if found.kind == "model":
            return self._made("model", name, node, (), whole=True, args=arguments)
        if found.kind in ("optimizer", "loss_scale_optimizer", "loss", "metric"):
            wrapped = [value for value in arguments.args if isinstance(value, (Object, Unknown, Instance))]
            return self._made(found.kind, name, node, wrapped, whole=True, args=arguments)
        return self._made(found.kind, name, node, (), whole=True, args=arguments)

    def cloned(self, node: ast.expr, name: str = "keras.models.clone_model") -> Value:
        """Another model, with weights of its own."""
        return self._made("model", name, node, (), whole=True)

    def _made(
        self,
        kind: str,
        name: str,
        node: ast.AST,
        parts: Iterable[Value],
        whole: bool,
        args: Arguments | None = None,
    ) -> Object:
        held = dict(args.kwargs) if args is not None else {}
        if args is not None:
            held.update({str(at): value for at, value in enumerate(args.args)})
        made = Object(kind, name, self.place(node), self.tick(), parts, whole, held)
        if self.context.conditions and kind in ("layer", "model"):
            self.conditions[made.id] = self.context.conditions
        if kind in ("layer", "model", "optimizer", "metric"):
            known_ = api.api_class(name) if kind == "layer" and not made.parts else None
            if known_ is None or known_.trainable is not False:  # a layer without weights loses nothing
                self.created(made, kind, node)
        elif kind in _OPTIMIZERS:
            self.created(made, "optimizer", node)
        return made

    def _activation(self, given: Value | None) -> Value | None:
        """The function that `keras.activations.get` gives for a name, for None or for a function."""
        if isinstance(given, (Function, Symbol)):
            return given
        if isinstance(given, Const) and given.value is None:
            return Symbol("keras.activations.linear")
        if isinstance(given, Const) and isinstance(given.value, str):
            name = api.resolve("keras.activations." + given.value)
            return Symbol(name) if api.op(name) is not None else None
        return None

    def _layer(self, name: str, arguments: Arguments, node: ast.expr) -> Object:
        parts = [
            value
            for value in arguments.all()
            if isinstance(value, (Object, Instance, Unknown)) and getattr(value, "kind", "layer") in ("layer", "model")
        ]
        functions = [value for value in arguments.all() if isinstance(value, Function) and name.endswith("Lambda")]
        return self._made("layer", name, node, [*parts, *functions], whole=True, args=arguments)

    def _model(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name.endswith("Sequential"):
            given = arguments.get(0, "layers")
            leaves = self.flat(given) if given is not None else []
            whole = all(isinstance(leaf, (Object, Instance, Data, Const)) for leaf in leaves)
            model = self._made("model", name, node, leaves, whole, arguments)
            model.whole = model.whole and all(self.certainly_in(leaf, model) for leaf in leaves)
            first = leaves[0] if leaves else None
            if isinstance(first, Data) and first.kind is Kind.SYMBOLIC and whole:
                self._build_visible(first, leaves[1:], node)
            self._build_at_once(leaves)
            return model
        inputs = arguments.get(0, "inputs")
        outputs = arguments.get(1, "outputs")
        if inputs is None or outputs is None:
            return self._made("model", name, node, arguments.all(), False, arguments)
        leaves = self.flat(outputs)
        layers = self._layers_behind(leaves)
        whole = all(isinstance(leaf, Data) and leaf.kind is Kind.SYMBOLIC for leaf in leaves) and not any(
            isinstance(layer, Unknown) for layer in layers
        )
        model = self._made("model", name, node, layers, whole, arguments)
        model.args["inputs"], model.args["outputs"] = inputs, outputs
        self._note_disconnected(inputs, arguments, node)
        return model

    # -- attributes -----------------------------------------------------------------------------------------------

    def object_attribute(self, value: Object, name: str, node: ast.AST) -> Value:
        """`value.name` of an object of the library."""
        held = self.world.get((value.id, "." + name))
        if held is not None:
            assert isinstance(held, Value)
            return held
        if value.kind in ("layer", "model", "module") or (value.kind == "optimizer" and name == "variables"):
            if name in SETS:
                if value.kind in ("layer", "model") and self.without_weights(value):
                    return self.no_weights(value, node)
                if SETS[name] == "trainable" and value.kind == "layer" and self.weightless(value):
                    empty = self.sequence("list", (), node)
                    self.recording.weightless[empty.id] = value
                    return empty
                self.note_reading(value, SETS[name])
                return self.variables(value, SETS[name], node)
            if name in _SYMBOLIC and value.kind != "module":
                return self._symbolic(value, name, node)
            if name in WEIGHTS:
                weight = self.variables(value, "all", node, part=True)
                self.world.put((value.id, "." + name), weight)
                return weight
            if name == "layers":
                return self._layer_list(value, node)
            if name == "losses":
                return self._model_losses(value, node)
        if value.kind == "history":
            return self.unknown(node, (), "attribute")
        self.used(value, name, "read", node)
        if value.kind == "optimizer" and name in ("iterations", "learning_rate", "lr"):
            return self.data(Kind.TENSOR, name, (), node)
        return Method(value, name, self.place(node), self.tick())

    # -- methods --------------------------------------------------------------------------------------------------

    def call_object_method(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`value.name(...)` of an object of the library."""
        kind = value.kind
        if kind in ("model", "layer") and name in ("__call__", "call"):
            return self.call_object(value, arguments, node)
        if kind == "model" and name in LEAVING:
            return self.leave_by_predict(value, name, arguments, node)
        self.used(value, name, "call", node)
        if kind in _OPTIMIZERS and name in OPTIMIZING:
            return self.optimize(value, name, arguments, node)
        if kind in ("model", "layer") and name == "stateless_call":
            return self.stateless_call(value, arguments, node)
        if kind in _OPTIMIZERS and name in ("scale_loss", "get_scaled_loss"):
            scales = kind == "loss_scale_optimizer" or "loss_scale_factor" in value.args
            if not scales and value.whole and arguments.args:
                return arguments.args[0]  # there is no scale: the same object
            same = arguments.args[0] if not scales and arguments.args else None
            return self.tensor(name, self.flats(arguments.all()), node, "float", same=same)
        if kind in _OPTIMIZERS and name == "get_unscaled_gradients":
            return arguments.args[0] if arguments.args else self.unknown(node)
        if kind in _OPTIMIZERS:
            self.world.put((value.id, "met"), FirstStep(self.place(node), None))
        if kind in ("model", "layer") and name == "add" and arguments.args:
            added = self.world.get((value.id, "parts"), Items())
            self.world.put((value.id, "parts"), Items((*added.items, *self.flats(arguments.args))))
            self._build_at_once([*value.parts, *added.items, *self.flats(arguments.args)])
            return self.const(None, node)
        if kind == "model" and name == "get_layer":
            return self._get_layer(value, arguments, node)
        if kind == "layer" and name in ("add_weight", "add_variable"):
            return self.add_weight(value, arguments, node)
        if kind == "metric":
            return self._metric(value, name, arguments, node)
        if kind == "loss" and name in ("__call__", "call"):
            return self.call_object(value, arguments, node)
        if kind == "strategy" and name in ("run", "experimental_run_v2") and arguments.args:
            return self.run_replicas(value, arguments, node)
        if kind == "strategy" and name == "reduce" and (reduced := arguments.get(1, "value")) is not None:
            return self.tensor("strategy.reduce", self.flat(reduced), node, dtypes.of(reduced))
        if kind in ("strategy", "mirrored") and name == "scope":
            return Object("scope", "scope", self.place(node), self.tick(), (value,))
        if kind in ("queue", "table"):
            if name in ("enqueue", "enqueue_many", "insert", "insert_or_assign"):
                self.put_in(value, arguments, node)
                return self.const(None, node)
            if name in ("dequeue", "dequeue_many", "dequeue_up_to", "lookup", "__getitem__", "export"):
                return self.taken_out(value, node)
        if kind == "tensor_array":
            return self.tensor_array(value, name, arguments, node)
        if kind == "dataset":
            return self._dataset(value, name, arguments, node)
        if kind == "iterator" and name in ("get_next", "next", "__next__"):
            return self.taken_out(value, node)
        if kind == "generator":
            return self.data(Kind.TENSOR, name, (), node, "float")
        if kind in ("model", "layer") and name in (
            "compile", "fit", "build", "summary", "save", "save_weights", "load_weights", "set_weights", "get_config",
            "compute_output_shape", "reset_states", "reset_state",
        ):  # fmt: skip
            if name not in ("compile", "summary", "get_config"):
                self.mark_built(value)
            if name == "compile" and kind == "model":
                self._compiled_with(value, arguments, node)
            if name == "build" and kind == "layer" and not value.parts:
                found = api.api_class(value.symbol)
                if found is not None and found.trainable is True:
                    self.recording.weighted.add(value.id)  # it has its weights now, also if it is never called
                    self.world.put((value.id, "forward"), True)
            if name in ("set_weights", "load_weights"):
                self.recording.loaded.add(value.id)
            if name == "fit" and kind == "model":
                return self.fitted(value, arguments, node)
            if name == "set_weights":
                cut = Cut(CutKind.STATE_WRITE, self.place(node), name)
                given = [leaf for leaf in self.flats(arguments.all()) if not isinstance(leaf, Const)]
                # The weights of another model are where it starts, and no step of a computation.
                computed = [one for one in given if not (isinstance(one, Data) and one.op == ".get_weights()")]
                self.world.put((value.id, "written"), Written(tuple(Link(one, cut) for one in computed)))
            return self.unknown(node, (), "call")
        if kind in ("layer", "model") and name == "get_weights":
            return self.weights_as_arrays(value, node)
        for argument in arguments.all():
            self.escape(argument, node)
        return self.unknown(node, (value, *arguments.all()), "call")

    def leave_by_predict(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`predict` and `evaluate` run the model on their own and return NumPy arrays."""
        self.mark_built(value)
        cut = Cut(CutKind.PREDICT, self.place(node), name)
        links = [Link(item, cut) for item in self.flats(arguments.args[:1]) if not isinstance(item, Const)]
        links.append(Link(self.variables(value, "trainable", node), cut))
        return self.data(Kind.ARRAY, name, links, node, nested=True)

    def stateless_call(self, value: Value, arguments: Arguments, node: ast.expr) -> Value:
        """`model.stateless_call(weights, state, x)`: the model with these weights in the place of its own."""
        if len(arguments.args) < 3 or arguments.more or "return_losses" in arguments.kwargs or self.keras != 3:
            return self.unknown(node, (value, *arguments.all()), "call")
        leaves = [leaf for leaf in self.flats(arguments.all()) if not isinstance(leaf, Const)]
        state = [leaf for leaf in leaves if isinstance(leaf, VariableSet) and leaf.which == "non_trainable"]
        links = [Link(leaf) for leaf in leaves if leaf not in state]
        result = self.data(Kind.TENSOR, "stateless_call", links, node, nested=True)
        return self.sequence("tuple", (result, self.unknown(node, (), "call")), node)

    def fitted(self, model: Value, arguments: Arguments, node: ast.expr) -> Value:
        """What `fit` gives back: its `history` holds Python numbers, if no callback puts anything else there."""
        if arguments.more or "callbacks" in arguments.kwargs:
            return self.unknown(node, (), "call")
        link = Link(self.variables(model, "trainable", node), Cut(CutKind.PREDICT, self.place(node), "fit"))
        numbers = self.data(Kind.ARRAY, "fit", (link,), node, nested=True)
        history = Object("history", "keras.callbacks.History", self.place(node), self.tick())
        self.set_attribute(history, "history", self.mapping(Entries((), numbers), node))
        return history

    def call_object(self, value: Object, arguments: Arguments, node: ast.expr) -> Value:
        """`value(...)`: run a layer, model, loss or metric."""
        began = self.clock
        result = self._call_object(value, arguments, node)
        if value.kind in ("layer", "model"):
            self.ran_forward(value, result, arguments, node, began)
        return self.computed(result, value.symbol, arguments, node, value)

    def ran_forward(
        self, value: Value, result: Value, arguments: Arguments, node: ast.AST, began: int, call: Function | None = None
    ) -> None:
        """Note one call of a model or layer, and what in it depends on how it is called.

        `call` is the method of a visible class. Keras runs it in the mode that its `training` has as default, and
        everything in it that is not told otherwise.
        """
        training = arguments.kwargs.get("training")
        if training is None and (arguments.more or len(arguments.args) > 1):
            training = self.unknown(node, (), "training")
        if call is not None and _trains_unasked(call.node) and _untold(training):
            training = self.unknown(node, (), "training")
        self._note_positions(value, arguments, node)
        inside = self._layers_inside(value)
        given: Added = self.world.get((value.id, "added"), Added())
        self.recording.forwards.append(
            Forward(
                value,
                result,
                training,
                self.place(node),
                self.context,
                began,
                tuple(layer for layer in inside if self._has_modes(layer)),
                tuple(layer for layer in inside if self._penalized(layer)),
                tuple(added for added in given.losses if added.loss.time > began),
                self.clock,
            )
        )

    def _note_positions(self, value: Value, arguments: Arguments, node: ast.AST) -> None:
        """Note what a layer or model gets by position that is no tensor. Its own `call` takes anything."""
        direct = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call"
        for item, given in zip(arguments.args, arguments.nodes, strict=False):
            if isinstance(item, Const) and isinstance(item.value, (bool, int, float, str)) and not direct:
                self.used(value, "", "positional", given, item)

    def _layers_inside(self, value: Value, depth: int = 5) -> list[Object]:
        """The layers of the library that a model or layer certainly holds."""
        if isinstance(value, Object) and value.kind == "layer" and not value.parts:
            return [value]
        if not depth or not isinstance(value, (Object, Instance)) or value.kind not in ("model", "layer"):
            return []
        found: dict[int, Object] = {}
        for part in self.held_layers(value):
            for layer in self._layers_inside(part, depth - 1) if self.certainly_in(part, value) else ():
                found[layer.id] = layer
        return list(found.values())

    def _has_modes(self, layer: Object) -> bool:
        """Whether a layer works differently in training."""
        name = last_part(layer.symbol)
        if name in _DROPPING:
            rates = [layer.args.get("dropout"), layer.args.get("recurrent_dropout")]
            return any(isinstance(rate, Const) and isinstance(rate.value, float) and rate.value > 0 for rate in rates)
        if name not in _TWO_MODES:
            return False
        state = self.world.get((layer.id, "frozen"))
        told = layer.args.get("trainable")
        if isinstance(state, Frozen):  # a frozen BatchNormalization always works as in prediction
            told = Const(state.value)
        if name.endswith("BatchNormalization") and told is not None and not (isinstance(told, Const) and told.value):
            return False
        rate = layer.args.get("rate") or layer.args.get("stddev") or layer.args.get("0")
        return not (isinstance(rate, Const) and rate.value in (0, 0.0)) or name.endswith("BatchNormalization")

    def _call_object(self, value: Object, arguments: Arguments, node: ast.expr) -> Value:
        kind = value.kind
        if kind == "model" and "outputs" in value.args:
            replayed = self._replay(value, arguments, node)
            if replayed is not None:
                return replayed
        if kind in ("layer", "model"):
            return self._forward(value, arguments, node)
        if kind == "namedtuple":
            return self.named_tuple(value, arguments, node)
        if kind == "loss":
            given = self.flats(arguments.all())
            if not value.symbol.startswith("keras.losses.") or "rossentropy" in value.symbol:
                given = [self.scores(one) for one in given]
            return self.tensor(last_part(value.symbol), given, node, "float")
        if kind == "metric":
            return self._metric(value, "__call__", arguments, node)
        if kind == "optimizer":
            return self.unknown(node, arguments.all(), "call")
        if kind in ("initializer", "schedule"):
            return self.data(Kind.TENSOR, kind, (), node, "float")
        if kind == "regularizer":
            return self.tensor("regularizer", self.flats(arguments.all()), node, "float")
        if kind == "iterator":
            return self.taken_out(value, node)
        for argument in arguments.all():
            self.escape(argument, node)
        return self.unknown(node, (value, *arguments.all()), "call")

    def _forward(self, value: Object, arguments: Arguments, node: ast.expr) -> Value:
        given = [*arguments.args, *(v for key, v in arguments.kwargs.items() if key not in ("training", "mask"))]
        inputs = self.flats(given)
        unbuilt = self.without_weights(value)
        if unbuilt:
            self.note_making(value, value.kind, node)
        found = api.api_class(value.symbol)
        if value.kind == "model" and (passed := self._through(value, arguments, node)) is not None:
            return passed
        if value.symbol.endswith(".Lambda"):
            functions = [part for part in value.parts if isinstance(part, Function)]
            if functions and arguments.args:
                began = self.clock
                result = self.call(functions[0], Arguments(arguments.args[:1]), node)
                self.rehearse(value, result, began)
                self._inside_a_lambda(result, began)
                return result
        weights = found is None or found.trainable is not False or bool(value.parts)
        links = [Link(item) for item in inputs if not isinstance(item, Const)]
        last = last_part(value.symbol)
        lookup = self._lookup(value)
        if lookup is not None:
            place = (lookup.place if lookup is not value else None) or self.place(node)
            cut = Cut(CutKind.NOT_DIFFERENTIABLE, place, last_part(lookup.symbol))
            links = [Link(link.value, cut) for link in links]
        if weights:
            links.append(Link(self.variables(value, "trainable", node), self.constant_weights(value, unbuilt)))
        links += [Link(weight) for weight in self._given_weights(value)]
        symbolic = any(isinstance(item, Data) and item.kind is Kind.SYMBOLIC for item in inputs)
        kind = Kind.SYMBOLIC if symbolic else Kind.TENSOR
        chain = value.kind == "model" and value.symbol.endswith("Sequential") and value.whole
        states = self._states(value)
        nested = not (last in SINGLE or chain or states == 0)
        self.mark_built(value)
        op = "model" if value.kind == "model" else last
        dtype = "float" if last in SINGLE or last == "Sequential" or last in _RECURRENT else ""
        if states:
            return self._with_states(value, states, kind, links, inputs, node)
        lone = self._lone_softmax(value)
        flat = links if lone is None else [Link(link.value, Cut(CutKind.ZERO, lone, "softmax")) for link in links]
        result = self.data(kind, op, flat, node, dtype, nested=nested)
        if lone is not None:
            self.world.put((result.id, "scores"), self.data(kind, op, links, node, dtype, nested=nested))
        if found is not None and found.trainable is False:  # an argument that can't be seen is no proof of weights
            weights = any(isinstance(part, (Object, Instance)) for part in value.parts)
        self.note_forward(value, weights, inputs, result, node)
        own = own_activation(value)
        if own is not None:
            began = self.clock
            result = self.call(own, Arguments((result,)), node)
            if symbolic:
                self.rehearse(value, result, began)
        if symbolic and value.kind == "layer":
            self.world.put((value.id, ".output"), result)
        return result

    def _lone_softmax(self, value: Object, depth: int = 4) -> Place | None:
        """Where the layer was made that ends in a softmax over one unit, which is 1 whatever it is computed from."""
        if value.kind == "model":
            parts = self.recording.layers.get(value.id, ()) if value.symbol.endswith("Sequential") else ()
            last = parts[-1] if parts else None
            return self._lone_softmax(last, depth - 1) if isinstance(last, Object) and depth else None
        name = last_part(value.symbol)
        if name not in _UNITS or not value.whole or "data_format" in value.args:
            return None
        units, activation = value.args.get(_UNITS[name]) or value.args.get("0"), value.args.get("activation")
        if activation is None and name == "Dense":
            activation = value.args.get("1")
        alone = isinstance(units, Const) and units.value == 1
        function = self._activation(activation) if alone and activation is not None else None
        if not isinstance(function, Symbol) or last_part(function.name) != "softmax":
            return None
        return value.place if not self.mentions("image_data_format") else None

    def _lookup(self, value: Object, depth: int = 4) -> Object | None:
        """The layer that takes its input for whole numbers: the called one, or one in a chain of layers."""
        if value.kind == "layer":
            return value if last_part(value.symbol) in _LOOKUPS else None
        if value.kind != "model" or not value.symbol.endswith("Sequential") or not depth:
            return None
        chain = (*value.parts, *self.world.get((value.id, "parts"), Items()))
        found = (self._lookup(part, depth - 1) for part in chain if isinstance(part, Object))
        return next((layer for layer in found if layer is not None), None)

    def _given_weights(self, value: Object, depth: int = 4) -> Iterator[Value]:
        """The tensors that a layer, or the layers of a model, compute with: `layer.kernel = tensor`."""
        for name in sorted(self.attributes.get(value.id, ())):
            given = self.world.get((value.id, "." + name))
            for option in options(given) if isinstance(given, Value) else ():
                if isinstance(option, Data) and option.kind is Kind.TENSOR:
                    yield option
        added = self.world.get((value.id, "parts"), Items())
        for part in (*value.parts, *added) if value.kind == "model" and depth else ():
            if isinstance(part, Object):
                yield from self._given_weights(part, depth - 1)

    def _states(self, layer: Object) -> int | None:
        """How many states a recurrent layer gives beside its output; None where that can't be told."""
        last = last_part(layer.symbol)
        if last not in _RECURRENT or not layer.symbol.startswith("keras.layers.") or not layer.whole:
            return None
        wanted = layer.args.get("return_state")
        if wanted is None:
            return 0
        if not isinstance(wanted, Const):
            return None
        return _RECURRENT[last] if wanted.value else 0

    def _with_states(
        self, layer: Object, states: int, kind: Kind, links: list[Link], inputs: list[Value], node: ast.expr
    ) -> Value:
        """The output of a recurrent layer and its states: no state is computed from the output."""
        last = last_part(layer.symbol)
        held: list[Data] = []
        for _ in range(states):  # the last state comes first: the hidden one is computed from it
            held.insert(0, self.data(kind, last, [*links, *(Link(state) for state in held)], node, "float"))
        output = self.data(kind, last, [*links, *(Link(state) for state in held)], node, "float")
        self.note_forward(layer, True, [], output, node)
        return self.sequence("tuple", (output, *held), node)

    def weights_as_arrays(self, value: Value, node: ast.expr) -> Value:
        """`get_weights()`: copies of all weights, as NumPy arrays."""
        held = self.variables(value, "all", node, part=True)
        copied = self.left(CutKind.NUMPY_METHOD, Kind.ARRAY, ".get_weights()", (held,), node)
        return self.sequence("list", (Several(copied),), node)

    def add_weight(self, owner: Value, arguments: Arguments, node: ast.expr) -> Variable:
        """`layer.add_weight(...)`: a Keras variable that belongs to the layer."""
        if arguments.args and getattr(owner, "whole", True):
            self.used(owner, "add_weight", "call", node, arguments.args[0])
        trainable_value = arguments.kwargs.get("trainable")
        trainable: bool | None = None if arguments.more else True
        if trainable_value is not None:
            trainable = bool(trainable_value.value) if isinstance(trainable_value, Const) else None
        dtype = dtypes.of_argument(arguments.kwargs.get("dtype")) or "float"
        variable = Variable(self.place(node), self.tick(), trainable, dtype, True, (), owner)
        variable.shape = self.numbers(arguments.kwargs.get("shape"))
        self.set_attribute(owner, f"weight {variable.id}", variable)
        return variable

    def _metric(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name in ("__call__", "result", "update_state"):
            cut = Cut(CutKind.METRIC, self.place(node), "metric")
            before = self.world.get((value.id, "seen"), Items())
            seen = Items((*before.items, *self.flats(arguments.all()))) if name != "result" else before
            self.world.put((value.id, "seen"), Items(seen.items[-6:]))
            if name == "update_state":
                return self.const(None, node)
            links = [Link(item, cut) for item in seen if not isinstance(item, Const)]
            links.append(Link(value, cut))
            return self.data(Kind.TENSOR, "metric", links, node, "float")
        return self.unknown(node, (value,), "call")

    def _run(self, arguments: Arguments, node: ast.expr) -> Value:
        """`strategy.run(fn, args=(...), kwargs={...})`."""
        given = arguments.get(1, "args")
        items = self.items(given) if given is not None else Items()
        if items is None or not items.exact:
            items = Items()
        extra = arguments.get(2, "kwargs")
        entries = self.entries(extra) if extra is not None else None
        keywords = {str(key): item for key, item in entries.entries} if entries is not None else {}
        return self.call(arguments.args[0], Arguments(items.items, keywords), node)

    def _dataset(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name == "__iter__" or name in ("make_one_shot_iterator", "as_numpy_iterator"):
            return Object("iterator", name, self.place(node), self.tick(), (value,))
        if name == "reduce" and (reduced := self._reduced_dataset(arguments, node)) is not None:
            return reduced
        if name in ("cardinality", "element_spec", "reduce"):
            return self.unknown(node, (value, *arguments.all()), "call")
        made: tuple[Value, ...] = ()
        function = arguments.get(0, "map_func")
        if name == "map" and function is not None and (visible := self._visible(function)) is not None:
            made = self._mapped(function, visible, node)
        for argument in arguments.all():
            if is_callable(argument):
                self.escape(argument, node)
            else:
                self.may_run(argument)
        symbol = "tensorflow.data.Dataset.map" if made else value.symbol
        result = Object("dataset", symbol, self.place(node), self.tick(), (value, *arguments.args, *made))
        return self.note_dataset(result, name, arguments, value)

    def _reduced_dataset(self, arguments: Arguments, node: ast.expr) -> Value | None:
        """`dataset.reduce(start, function)`: the values that the function made, which comes from where is not kept."""
        start, function = arguments.get(0, "initial_state"), arguments.get(1, "reduce_func")
        if start is None or not isinstance(function, Function):
            return None
        count = len(function.node.args.posonlyargs) + len(function.node.args.args) - 1
        result = self.call(function, Arguments((start, *(self.fresh(node, "dataset") for _ in range(count)))), node)
        cut = Cut(CutKind.PIPELINE, self.place(node), "reduce")
        links = [Link(leaf, cut) for leaf in self.flats((start, result)) if not isinstance(leaf, Const)]
        single = isinstance(start, Const) or (isinstance(start, Data) and not start.nested)
        return self.data(Kind.TENSOR, "dataset", links, node, nested=not single)

    def _visible(self, function: Value) -> Function | None:
        """The function that runs when a function, a method or an object of a visible class is called."""
        if isinstance(function, Instance) and function.kind in ("", "module"):
            found = self.class_attribute(function.cls, "__call__")
            return found if isinstance(found, Function) else None
        inner = function.function if isinstance(function, Bound) else function
        return inner if isinstance(inner, Function) else None

    def _mapped(self, function: Value, visible: Function, node: ast.expr) -> tuple[Value, ...]:
        """What the function of a `map` makes of an element: it runs in a graph of its own, elsewhere and later."""
        count = len(visible.node.args.posonlyargs) + len(visible.node.args.args) - (visible is not function)
        mark = self.world.mark()
        works = len(self.recording.works)
        result = self.call(function, Arguments(tuple(self.fresh(node, "dataset") for _ in range(count))), node)
        leaves = tuple(leaf for leaf in self.flat(result) if isinstance(leaf, (Data, Variable)))
        del self.recording.works[works:]  # how data is read is no matter of tapes
        self.world.rollback(mark)
        self.world.alive = True
        self.refresh()
        return leaves

    def compiled_attribute(self, value: Instance, name: str, node: ast.AST) -> Value:
        """What `compile` gives a model: `self.optimizer` is an optimizer, of which more is not known."""
        self.used(value, name, "read", node)
        written = self.written(name, value.cls)
        if name == "optimizer" and value.kind == "model" and value.whole and not written:
            held = self.world.get((value.id, "." + name))
            if held is None:
                policy = self.policy(value)
                half = policy is not None and isinstance(policy.value, str) and policy.value == "mixed_float16"
                kind, symbol = ("optimizer", "keras.Optimizer")
                if half and not self.mentions("auto_scale_loss"):
                    kind, symbol = ("loss_scale_optimizer", "keras.mixed_precision.LossScaleOptimizer")
                place = policy.place if half and policy is not None else self.place(node)
                held = Object(kind, symbol, place, value.time, (), whole=False)
                self.world.put((value.id, "." + name), held)
            assert isinstance(held, Value)
            return held
        return self.unknown_attribute(value, name, node)

    def _compiled_with(self, value: Object, arguments: Arguments, node: ast.expr) -> None:
        """`model.compile(optimizer)`: from here on `model.optimizer` is that one, or one of Keras by its name."""
        given = arguments.get(0, "optimizer")
        if arguments.more or (given is None and arguments.args) or self.world.get(("policy",)) is not None:
            return
        if isinstance(given, Const) and isinstance(given.value, str):
            given = Object("optimizer", "keras.Optimizer", self.place(node), self.tick(), (), whole=False)
        if isinstance(given, Object) and given.kind == "optimizer":
            self.set_attribute(value, "optimizer", given)

    def policy(self, value: Instance) -> Const | None:
        """The dtype policy that a model was made with, as far as the program says it in plain words."""
        held = self.world.get((value.id, "policy")) or self.world.get(("policy",))
        return held if isinstance(held, Const) else None

    def initialized(self, instance: Value, arguments: Arguments) -> None:
        """`super().__init__(...)` reached a class of the library."""
        dtype = arguments.kwargs.get("dtype")
        if dtype is not None:
            self.world.put((instance.id, "policy"), dtype)
        for base in self.class_bases(instance.cls) if isinstance(instance, Instance) else ():
            name = _KEPT.get(base, "")
            held = arguments.get(0, name) if name else None
            if held is not None:
                self.set_attribute(instance, name, held)

    def class_bases(self, value: Class) -> list[str]:
        raise NotImplementedError

    def unknown_attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        raise NotImplementedError


def _untold(training: Value | None) -> bool:
    return training is None or (isinstance(training, Const) and training.value is None)


def _trains_unasked(call: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether the parameter `training` of a `call` has a default other than None and False."""
    positional = [*call.args.posonlyargs, *call.args.args]
    defaults = [
        *zip(reversed(positional), reversed(call.args.defaults), strict=False),
        *zip(call.args.kwonlyargs, call.args.kw_defaults, strict=True),
    ]
    return any(
        parameter.arg == "training"
        and default is not None
        and not (isinstance(default, ast.Constant) and default.value in (None, False))
        for parameter, default in defaults
    )
