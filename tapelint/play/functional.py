"""Functional and Sequential models: the layers behind their outputs, played anew where they are called."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapelint.play.arguments import Arguments
from tapelint.play.building import Building, last_part
from tapelint.play.records import Disconnected
from tapelint.play.values import (
    Const,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Instance,
    Items,
    Kind,
    Link,
    Object,
    Sequence,
    Several,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
)


def _by_name(entry: tuple[object, Value]) -> str:
    return str(entry[0])


class Functional(Building):
    """Models that are made of tensors without numbers."""

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
            or own_activation(layer) is not None
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
        scores = self.world.get((value.id, "scores"))
        if isinstance(scores, Data):
            self.world.put((result.id, "scores"), self._replayed(scores, made, budget, node, model))
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


def own_activation(layer: Object) -> Function | None:
    """The visible function that a layer was given as its activation: it runs behind what the layer does.

    Not so in a recurrent layer, where it is one of several ways from the weights to what comes out.
    """
    name = last_part(layer.symbol)
    if (
        layer.kind != "layer"
        or not (name in ("Dense", "EinsumDense", "Activation") or "Conv" in name)
        or "LSTM" in name
    ):
        return None
    given = layer.args.get("activation", layer.args.get({"Dense": "1", "Activation": "0"}.get(name, "activation")))
    return given if isinstance(given, Function) else None
