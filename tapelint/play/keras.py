"""Keras: layers, models, losses, metrics, optimizers, and the objects of `tf.data` and `tf.distribute`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tapelint.play import dtype as dtypes
from tapelint.play.arguments import Arguments
from tapelint.play.callbacks import is_callable
from tapelint.play.machine import FirstRun
from tapelint.play.marks import Added, Built, FirstStep, Frozen, Written
from tapelint.play.optimizers import Optimizers
from tapelint.play.pairs import layers_in
from tapelint.play.records import AddedLoss, Disconnected, Forward
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Instance,
    Items,
    Kind,
    Link,
    Method,
    Object,
    Place,
    Sequence,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
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
_LEAVING = frozenset({"predict", "predict_on_batch", "evaluate", "train_on_batch", "test_on_batch"})
"""Methods of a model that run it on their own and give arrays or numbers back."""
_OPTIMIZING = frozenset({"apply_gradients", "apply", "minimize"})
_OPTIMIZERS = frozenset({"optimizer", "loss_scale_optimizer", "v1_optimizer"})
_TWO_MODES = frozenset(
    {
        "BatchNormalization", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
        "GaussianDropout", "GaussianNoise",
    }
)  # fmt: skip
_DROPPING = frozenset({"LSTM", "GRU", "SimpleRNN", "MultiHeadAttention"})
"""Layers with an argument `dropout`."""
_REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "embeddings_regularizer", "activity_regularizer")
_GRAPH_GRADIENTS = frozenset(
    {"tensorflow.gradients", "tensorflow.hessians", "tensorflow.compat.v1.gradients", "tensorflow.compat.v1.hessians",
     "keras.backend.gradients"}
)  # fmt: skip
"""Functions that walk back through a graph; eagerly they raise."""
_SINGLE = frozenset(
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

_RECURRENT = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}
"""Recurrent layers, and how many states they give beside their output where `return_state` is set."""

_LAZY = frozenset(
    {"Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D",
     "BatchNormalization", "LayerNormalization", "LSTM", "GRU", "SimpleRNN", "Embedding"}
)  # fmt: skip
"""Layers whose weights are made at the first call."""

_INPUT = frozenset({"input_shape", "input_dim", "batch_input_shape"})
"""Arguments by which the first layer of a Sequential says what it gets."""

_NO_WEIGHTS = (Const, Data, Function, Symbol, Object)
"""What may be kept beside layers, and has no weights: a number, a tensor, a function, an optimizer."""

_KEPT = {"keras.layers.Wrapper": "layer", "keras.layers.RNN": "cell", "keras.layers.TimeDistributed": "layer"}
"""Classes of Keras that keep the first argument of their `__init__`, and the attribute that they keep it in."""
_DATASET = ("tensorflow.data.", "tensorflow_datasets.", "keras.utils.image_dataset", "keras.preprocessing.")


_COMPARED = ("y", "y_pred", "sample_weight")
"""What `compute_loss` makes the loss of, after the inputs."""


class Keras(Optimizers):
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
            return self.note_dataset(made, _last(name), arguments)
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

    def _note_disconnected(self, inputs: Value, arguments: Arguments, node: ast.expr) -> None:
        """Note the outputs behind which an `Input` stands that is none of the model's inputs."""
        given = self.flat(inputs)
        if any(
            not isinstance(one, Data) or any(isinstance(link.value, Unknown) for link in one.links) for one in given
        ):
            return  # which inputs these are can't be told
        given_node, output_node = arguments.node(0, "inputs"), arguments.node(1, "outputs")
        outputs = arguments.get(1, "outputs")
        if given_node is None or output_node is None or outputs is None:
            return
        if not all(isinstance(leaf, Data) and leaf.kind is Kind.SYMBOLIC for leaf in given):
            return
        items = self.items(outputs) if isinstance(outputs, Sequence) else None
        pairs: list[tuple[Value, ast.AST]] = [(outputs, output_node)]
        if items is not None and isinstance(output_node, (ast.List, ast.Tuple)):
            if len(items.items) != len(output_node.elts):
                return
            pairs = list(zip(items.items, output_node.elts, strict=True))
        known_ = {leaf.id for leaf in given}
        for output, at in pairs:
            roots = (self._other_input(leaf, known_) for leaf in self.flat(output))
            root = next((root for root in roots if root is not None), None)
            if root is not None and root.place is not None:
                place = self.place(node)
                self.recording.disconnected.append(Disconnected(at, given_node, root.place, place, self.context))

    def _other_input(self, output: Value, given: set[int]) -> Value | None:
        """An `Input` that a symbolic tensor was certainly computed from, and that is not among those given."""
        stack = [output]
        seen: set[int] = set()
        while stack:
            value = stack.pop()
            if value.id in seen or value.id in given or not isinstance(value, Data) or value.kind is not Kind.SYMBOLIC:
                continue
            seen.add(value.id)
            if value.op == "keras.Input":
                return value
            stack.extend(link.value for link in value.links)
        return None

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
        return not self._weightless(first) and not self._unbuilt(first)

    def _layers_behind(self, outputs: Iterable[Value]) -> list[Value]:
        """The layers and models that symbolic tensors were computed with."""
        found: dict[int, Value] = {}
        seen: set[int] = set()
        stack = list(outputs)
        while stack:
            value = stack.pop()
            if value.id in seen:
                continue
            seen.add(value.id)
            for by in self.world.get((value.id, "made by"), ()):
                found[by.id] = by
            if isinstance(value, VariableSet):
                found[value.owner.id] = value.owner
            elif isinstance(value, Data):
                inner = self.world.get((value.id, "in lambda"))
                read = (link.value for link in value.links)
                stack.extend(item for item in read if not (inner and isinstance(item, (Variable, VariableSet))))
            elif isinstance(value, Variable) and self.keras == 3 and value.keras is False:
                continue  # Keras 3 does not see a `tf.Variable`, whoever uses it
            elif isinstance(value, (Unknown, Variable)):
                found[value.id] = value
            elif isinstance(value, Either):
                stack.extend(value.options)
        return list(found.values())

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
        self.used(value, name, "read", node)
        if value.kind == "optimizer" and name in ("iterations", "learning_rate", "lr"):
            return self.data(Kind.TENSOR, name, (), node)
        return Method(value, name, self.place(node), self.tick())

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
            return _last(value.symbol) in _LAZY and not given and not value.parts
        if isinstance(value, Object) and value.symbol.endswith("Sequential") and value.whole:
            layers = [*value.parts, *self.world.get((value.id, "parts"), Items())]
            kept = [layer for layer in layers if not self._weightless(layer)]
            return bool(kept) and all(self._unbuilt(layer, depth - 1) for layer in kept)
        if isinstance(value, Instance) and value.whole:
            held = self.kept_by(value)
            layers = [item for item in held if isinstance(item, (Object, Instance)) and item.kind in ("layer", "model")]
            others = [item for item in held if item not in layers and not isinstance(item, _NO_WEIGHTS)]
            kept = [layer for layer in layers if not self._weightless(layer)]
            return bool(kept) and not others and all(self._unbuilt(layer, depth - 1) for layer in kept)
        return False

    def kept_by(self, value: Instance) -> list[Value]:
        """What the attributes of an object hold, lists and dictionaries opened."""
        held = [self.world.get((value.id, "." + name)) for name in sorted(self.attributes.get(value.id, ()))]
        return [leaf for item in held if isinstance(item, Value) for leaf in self.flat(item)]

    def _weightless(self, value: Value) -> bool:
        if isinstance(value, Instance):
            held = self.kept_by(value) if value.kind == "layer" and value.whole else [value]
            return all(isinstance(i, _NO_WEIGHTS) and getattr(i, "kind", "") not in ("layer", "model") for i in held)
        found = api.api_class(value.symbol) if isinstance(value, Object) and value.kind == "layer" else None
        return found is not None and found.trainable is False and not _last(found.symbol).startswith("Input")

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

    def _symbolic(self, value: Object, name: str, node: ast.AST) -> Value:
        held = value.args.get("outputs" if name.startswith("output") else "inputs")
        if held is not None:
            if isinstance(held, (Either, Unknown)) or (isinstance(held, Data) and held.kind is Kind.TENSOR):
                held = self.data(Kind.SYMBOLIC, name, (Link(held),), node)
            if name in ("outputs", "inputs") and isinstance(held, Dictionary):
                entries = self.entries(held)  # Keras lists them in the order of their names
                if entries is None or entries.rest is not None:
                    return self.unknown(node, (held,), "attribute")
                return self.sequence("list", [item for _, item in sorted(entries.entries, key=_by_name)], node)
            if name in ("outputs", "inputs") and not isinstance(held, Sequence):
                return self.sequence("list", (held,), node)
            return held
        # What lies between is not seen: it may be or lead to any other tensor of the same model.
        whole = self.unknown(node, (self.variables(value, "trainable", node),), "model")
        made = self.data(Kind.SYMBOLIC, name, (Link(whole),), node)
        if name in ("inputs", "outputs"):
            listed = self.sequence("list", (made,), node)
            self.world.put((value.id, "." + name), listed)
            return listed
        self.world.put((value.id, "." + name), made)
        return made

    def _layer_list(self, value: Object, node: ast.AST) -> Value:
        added = self.world.get((value.id, "parts"), Items())
        layers = [part for part in (*value.parts, *added) if isinstance(part, (Object, Instance))]
        whole = value.whole and added.exact and not self.world.get((value.id, "touched"))
        if whole and value.symbol.endswith("Sequential") and layers:
            return self.sequence("list", layers, node)
        part = Unknown(self.place(node), self.tick(), (value,), "layer")
        return self.sequence("list", (Several(part),), node)

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
        return self.tensor("compute_loss", [*self.flats(inputs), *more], node, "float")

    # -- methods --------------------------------------------------------------------------------------------------

    def call_object_method(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`value.name(...)` of an object of the library."""
        kind = value.kind
        if kind in ("model", "layer") and name in ("__call__", "call"):
            return self.call_object(value, arguments, node)
        if kind == "model" and name in _LEAVING:
            return self.leave_by_predict(value, name, arguments, node)
        self.used(value, name, "call", node)
        if kind in _OPTIMIZERS and name in _OPTIMIZING:
            return self.optimize(value, name, arguments, node)
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
        name = _last(layer.symbol)
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
            _last(layer.symbol) in _SINGLE and not any(name.endswith("regularizer") for name in layer.args)
            for layer in layers
        )

    def _adds_no_losses(self, value: Value, depth: int = 4) -> bool:
        """The same for an object of a visible class: nothing in sight adds a loss, and all its parts are known."""
        if isinstance(value, Object) and value.kind == "layer":
            return _last(value.symbol) in _SINGLE and not any(name.endswith("regularizer") for name in value.args)
        if not isinstance(value, Instance):
            model = isinstance(value, Object) and value.kind == "model"
            return self._without_losses(value) if model else isinstance(value, _NO_WEIGHTS)
        if depth == 0 or not value.whole or self.mentions("regularizer", "add_loss", "add_weight"):
            return False
        return all(self._adds_no_losses(item, depth - 1) for item in self.kept_by(value))

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
            return self.tensor(_last(value.symbol), self.flats(arguments.all()), node, "float")
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
        last = _last(value.symbol)
        if last in ("Embedding", "StringLookup", "IntegerLookup", "Hashing", "Discretization", "TextVectorization"):
            cut = Cut(CutKind.NOT_DIFFERENTIABLE, self.place(node), last)
            links = [Link(link.value, cut) for link in links]
        if weights:
            links.append(Link(self.variables(value, "trainable", node), self.constant_weights(value, unbuilt)))
        links += [Link(weight) for weight in self._given_weights(value)]
        symbolic = any(isinstance(item, Data) and item.kind is Kind.SYMBOLIC for item in inputs)
        kind = Kind.SYMBOLIC if symbolic else Kind.TENSOR
        chain = value.kind == "model" and value.symbol.endswith("Sequential") and value.whole
        states = self._states(value)
        nested = not (last in _SINGLE or chain or states == 0)
        self.mark_built(value)
        op = "model" if value.kind == "model" else last
        dtype = "float" if last in _SINGLE or last == "Sequential" or last in _RECURRENT else ""
        if states:
            return self._with_states(value, states, kind, links, inputs, node)
        result = self.data(kind, op, links, node, dtype, nested=nested)
        if found is not None and found.trainable is False:  # an argument that can't be seen is no proof of weights
            weights = any(isinstance(part, (Object, Instance)) for part in value.parts)
        self.note_forward(value, weights, inputs, result, node)
        if symbolic and value.kind == "layer":
            self.world.put((value.id, ".output"), result)
        return result

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
        last = _last(layer.symbol)
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
        last = _last(layer.symbol)
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

    def mark_built(self, value: Value, depth: int = 5) -> None:
        """From now on the layer or model has its weights."""
        self.world.put((value.id, "built"), Built())
        if isinstance(value, Object) and depth:
            for part in (*value.parts, *self.world.get((value.id, "parts"), Items())):
                if isinstance(part, (Object, Instance)):
                    self.mark_built(part, depth - 1)

    def _through(self, model: Object, arguments: Arguments, node: ast.expr) -> Value | None:
        """Run a Sequential model that holds a layer of a visible class: the layers one after the other."""
        added = self.world.get((model.id, "parts"), Items())
        layers = [part for part in (*model.parts, *added) if isinstance(part, (Object, Instance))]
        sure = added.exact and model.whole and not self.world.get((model.id, "touched"))
        self.recording.layers[model.id] = tuple(layers) if sure else ()
        if not model.symbol.endswith("Sequential") or not model.whole or not self._holds_visible(layers):
            return None
        if not arguments.args or self.world.get((model.id, "touched")):
            return None
        value = arguments.args[0]
        kept = {key: item for key, item in arguments.kwargs.items() if key == "training"}
        for layer in layers:
            value = self.call(layer, Arguments((value,), kept), node)
        return value

    def _holds_visible(self, layers: Iterable[Value], depth: int = 4) -> bool:
        return any(
            isinstance(layer, Instance)
            or layer.symbol.endswith(".Lambda")
            or (depth > 0 and layer.kind == "model" and self._holds_visible(layer.parts, depth - 1))
            for layer in layers
            if isinstance(layer, (Object, Instance))
        )

    def _replay(self, model: Object, arguments: Arguments, node: ast.expr) -> Value | None:
        """Run a functional model whose graph we have seen: the same steps, now on real tensors."""
        if not arguments.args:
            return None
        inputs = self.flat(model.args["inputs"])
        given = self.flat(self._in_order(model.args["inputs"], arguments.args[0]))
        if len(given) != len(inputs):
            given = [arguments.args[0]] * len(inputs)
        made: dict[int, Value] = {}
        for symbolic, real in zip(inputs, given, strict=True):
            made[symbolic.id] = real
        budget = [400]
        outputs = model.args["outputs"]
        leaves = self.flat(outputs)
        if not leaves or not all(isinstance(leaf, Data) and leaf.kind is Kind.SYMBOLIC for leaf in leaves):
            return None
        if any(isinstance(item, Data) and item.kind is Kind.SYMBOLIC for item in given):
            return None
        results = [self._replayed(leaf, made, budget, node, model) for leaf in leaves]
        if budget[0] < 0:
            return None  # too large, or an output does not belong to these inputs
        if isinstance(outputs, Dictionary):
            entries = self.entries(outputs)
            if entries is None or entries.rest is not None or len(entries.entries) != len(results):
                return None
            made_of = zip(entries.entries, results, strict=True)
            return self.mapping(Entries(tuple((key, result) for (key, _), result in made_of)), node)
        if isinstance(outputs, Sequence):
            items = self.items(outputs)
            if items is None or not items.exact or len(items.items) != len(results):
                return None
            if len(results) > 1:
                return self.sequence("list", results, node)
            single = results[0]
            # A list of one output comes back as a list in Keras 3 and as the tensor in Keras 2.
            if isinstance(single, Data):
                single.nested = True
            return single
        return results[0]

    def _in_order(self, inputs: Value, given: Value) -> Value:
        """What a functional model is called on, in the order of its inputs: what has names is matched by them."""
        entries = self.entries(given) if isinstance(given, Dictionary) else None
        if not isinstance(given, (Dictionary, Sequence)) or Dictionary not in (type(given), type(inputs)):
            return given
        wanted = self.entries(inputs) if isinstance(inputs, Dictionary) else None
        if wanted is None or entries is None or wanted.rest is not None or entries.rest is not None:
            return Unknown(given.place, given.time, self.flat(given), "item")  # matched by the names of the layers
        found = [entries.get(key) for key, _ in wanted.entries]
        kept = [value for value in found if value is not None]
        node = given.place.node if given.place is not None else None
        if len(kept) < len(found) or node is None:
            return Unknown(given.place, given.time, self.flat(given), "item")
        return self.sequence("list", kept, node)

    def _replayed(self, value: Value, made: dict[int, Value], budget: list[int], node: ast.AST, model: Object) -> Value:
        if value.id in made:
            return made[value.id]
        budget[0] -= 1
        if isinstance(value, Data) and value.op == "keras.Input":
            budget[0] = -1
        if isinstance(value, Either) and budget[0] >= 0:
            return either(self._replayed(option, made, budget, node, model) for option in value.options)
        if not isinstance(value, Data) or budget[0] < 0:
            return value
        if value.kind is not Kind.SYMBOLIC and not (value.kind is Kind.TENSOR and self._rehearsed(value)):
            return value
        for by in self.world.get((value.id, "made by"), ()):
            if isinstance(by, Instance):
                self.mark_called(by)
                self.world.put((by.id, "replayed"), True)
        links = []
        for link in value.links:
            links.append(Link(self._replayed(link.value, made, budget, node, model), link.cut))
        if value.op in ("output", "outputs") and len(value.links) == 1:
            # The symbolic output of a model or layer that was not built here: it depends on the input in full.
            links.extend(Link(item) for item in made.values() if not isinstance(item, Const))
        op = "model" if value.op in ("output", "outputs") else value.op
        # What the graph takes out of one result of several stays a part of that result.
        same = self._replayed(value.same, made, budget, node, model) if value.same is not None else None
        result = self.data(Kind.TENSOR, op, links, node, value.dtype, same=same, nested=value.nested)
        result.shape = self.layer_result_shape(result)
        if (operation := self.recording.operations.get(value.id)) is not None:
            self.recording.replayed[result.id] = operation
        made[value.id] = result
        return result

    def rehearse(self, layer: Value, result: Value, began: int) -> None:
        """A layer ran on symbolic tensors: what it gave is the layer's, and every functional model does it again."""
        self.recording.rehearsals.append((began, self.clock))
        for leaf in self.flat(result):
            if isinstance(leaf, Data) and leaf.time > began:
                makers = self.world.get((leaf.id, "made by"), ())
                self.world.put((leaf.id, "made by"), (*makers, layer))

    def _inside_a_lambda(self, result: Value, began: int) -> None:
        """Mark the symbolic steps of a `Lambda`: what they read belongs to a layer that no model knows."""
        stack = list(self.flat(result))
        while stack:
            step = stack.pop()
            if not isinstance(step, Data) or step.kind is not Kind.SYMBOLIC or step.time <= began:
                continue
            if not self.world.get((step.id, "in lambda")):
                self.world.put((step.id, "in lambda"), True)
                stack.extend(link.value for link in step.links)

    def mark_called(self, layer: Value) -> None:
        """The layer of a visible class runs under the tapes that record now."""
        running, _ = self.world.get(("running",), (frozenset(), frozenset()))
        called = self.world.get((layer.id, "called"), ())
        self.world.put((layer.id, "called"), tuple(dict.fromkeys((*called, *running))))

    def _rehearsed(self, value: Data) -> bool:
        """Whether a tensor was made by a layer while that ran on symbolic tensors."""
        return any(began < value.time <= ended for began, ended in self.recording.rehearsals)

    def _get_layer(self, value: Object, arguments: Arguments, node: ast.expr) -> Value:
        wanted = arguments.get(0, "name")
        if isinstance(wanted, Const):
            for part in self._all_layers(value):
                name = part.args.get("name")
                if isinstance(name, Const) and name.value == wanted.value and name.value is not None:
                    output = self._output_of(value, part)
                    # A functional model has outputs of its own, whatever it was called on.
                    if output is not None and "outputs" not in part.args:
                        self.world.put((part.id, ".output"), output)
                    return part
        return Unknown(self.place(node), self.tick(), (value,), "layer")

    def _all_layers(self, value: Object) -> list[Object]:
        added = self.world.get((value.id, "parts"), Items())
        return [part for part in (*value.parts, *added) if isinstance(part, Object)]

    def _output_of(self, model: Object, layer: Object) -> Value | None:
        """The symbolic tensor that `layer` gives in the graph of `model`."""
        outputs = model.args.get("outputs")
        stack = self.flat(outputs) if outputs is not None else []
        seen: set[int] = set()
        while stack:
            value = stack.pop()
            if value.id in seen or not isinstance(value, Data):
                continue
            seen.add(value.id)
            for link in value.links:
                if isinstance(link.value, VariableSet) and link.value.owner is layer:
                    return value
                stack.append(link.value)
        return None

    def add_loss(self, layer: Value, arguments: Arguments, node: ast.expr) -> None:
        """`layer.add_loss(tensor)`: the layer keeps it in `losses` until its next call."""
        given = arguments.get(0, "loss")
        if isinstance(given, Data) and given.kind is Kind.TENSOR:
            kept = self.world.get((layer.id, "added"), Added())
            added = AddedLoss(layer, given, self.place(node))
            self.world.put((layer.id, "added"), Added((*kept.losses[-4:], added)))

    def add_weight(self, owner: Value, arguments: Arguments, node: ast.expr) -> Variable:
        """`layer.add_weight(...)`: a Keras variable that belongs to the layer."""
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


def _by_name(entry: tuple[object, Value]) -> str:
    return str(entry[0])


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _is_idle(regularizer: Object) -> bool:
    """Whether a regularizer has only factors that are zero."""
    given = regularizer.args.values()
    return bool(given) and all(isinstance(one, Const) and one.value == 0 for one in given)


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
