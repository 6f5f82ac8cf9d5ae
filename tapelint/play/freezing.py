"""What of a model is trained: what was frozen, and what a model keeps where Keras does not look for variables."""

from __future__ import annotations

import ast

from tapelint.play.ask import Ask, Hidden
from tapelint.play.library import Library
from tapelint.play.marks import Frozen
from tapelint.play.outline import walk
from tapelint.play.scope import read_in
from tapelint.play.values import (
    Const,
    Either,
    Function,
    Instance,
    Items,
    Object,
    Place,
    Sequence,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)
from tapelint.tensorflow import api


def _all_variables(value: Value) -> tuple[Variable, ...]:
    """The variables of a list that was filled in a loop of unknown length; nothing where it may hold something else."""
    found = tuple(option for option in options(value) if isinstance(option, Variable))
    return found if len(found) == len(options(value)) else ()


class Freezing(Library):
    """The layers of a model, and which of their variables Keras trains."""

    def freeze(self, value: Value, item: Value | None, node: ast.AST, depth: int = 5) -> None:
        """`model.trainable = item`: the same for everything in the model.

        Keras 3 passes over an assignment of what the model is told already: `model.trainable = True` does not reach a
        layer that was frozen by itself (run under TensorFlow 2.21, Keras 3.15).
        """
        told = item.value if isinstance(item, Const) and isinstance(item.value, (bool, int)) else None
        if self.keras == 3 and told is not None and self._told_trainable(value) is bool(told):
            return
        state = Frozen(None if told is None else bool(told), self.place(node), self.context, self.clock)
        self.world.put((value.id, "frozen"), state)
        if depth:
            for part in self.held_layers(value):
                self.freeze(part, item, node, depth - 1)

    def _told_trainable(self, value: Value) -> bool | None:
        """What `trainable` of a model or layer is by now; None where that can't be told."""
        state = self.world.get((value.id, "frozen"))
        if isinstance(state, Frozen):
            return state.value
        if isinstance(value, Object) and value.kind in ("model", "layer"):
            told = value.args.get("trainable", True)
            return told if isinstance(told, bool) else bool(told.value) if isinstance(told, Const) else None
        plain = isinstance(value, Instance) and value.whole and self.class_attribute(value.cls, "trainable") is None
        return True if plain else None

    def held_layers(self, value: Value) -> list[Value]:
        held: list[Value] = []
        if isinstance(value, Object):
            held = [*value.parts, *self.world.get((value.id, "parts"), Items())]
        elif isinstance(value, Instance):
            for name in sorted(self.attributes.get(value.id, ())):
                item = self.world.get((value.id, "." + name))
                held.extend(self.flat(item) if isinstance(item, Value) and name != "trainable" else ())
        return [item for item in held if isinstance(item, (Object, Instance, Unknown, Variable, Either))]

    def frozen(self, value: Value, depth: int = 5) -> Frozen | None:
        """Where a model or layer was frozen, if its list of trainable variables certainly is empty for it."""
        if not isinstance(value, (Object, Instance)) or value.kind not in ("model", "layer") or not depth:
            return None
        state = self.world.get((value.id, "frozen"))
        if isinstance(state, Frozen) and state.value is False:
            return state
        if isinstance(value, Object) and state is None:
            told = value.args.get("trainable")
            if isinstance(told, Const) and told.value is False and value.place is not None:
                return Frozen(False, value.place, self.context, value.time)
        if not value.whole or (isinstance(state, Frozen) and state.value is None):
            return None
        if isinstance(value, Instance) and self.class_attribute(value.cls, "trainable") is not None:
            return None
        held = self.held_layers(value)
        if isinstance(value, Object) and value.kind == "layer" and not held:
            return None
        found = [self.frozen(part, depth - 1) for part in held if not self._nothing_to_train(part)]
        kept = [one for one in found if one is not None]
        return kept[-1] if kept and len(kept) == len(found) else None

    def _nothing_to_train(self, value: Value) -> bool:
        """Whether a layer has nothing to train, frozen or not."""
        found = api.api_class(value.symbol) if isinstance(value, Object) and value.kind != "model" else None
        if found is None:
            return isinstance(value, Object) and value.kind not in ("model", "layer")
        return found.kind != "layer" or (found.trainable is False and not isinstance(value, Unknown))

    def frozen_sources(self, ask: Ask) -> Frozen | None:
        sets: list[Value] = [ask.sources]
        if isinstance(ask.sources, Sequence):
            items = self.items(ask.sources)
            sets = list(items) if items is not None else []
        found: list[Frozen | None] = []
        for one in sets:
            if not isinstance(one, VariableSet) or one.part or one.which != "trainable":
                return None
            if not isinstance(ask.sources_node, ast.Attribute) and self.world.get((one.owner.id, "read free", "maybe")):
                return None  # the list may be older than the freezing
            found.append(self.frozen(one.owner))
        return found[0] if found and None not in found else None

    def hidden_from(self, ask: Ask) -> tuple[Hidden, ...]:
        """What the models of the sources keep where Keras does not look for variables."""
        items = self.items(ask.sources)
        found: dict[tuple[int, bool], Hidden | None] = {}
        for one in items if items is not None else (ask.sources,):
            if isinstance(one, VariableSet) and not one.part and one.which == "trainable":
                self._look_inside(one.owner, None, found)
        return tuple(
            hidden for (number, _), hidden in found.items() if hidden is not None and (number, False) not in found
        )

    def _look_inside(
        self, value: Value, plain: Instance | None, found: dict[tuple[int, bool], Hidden | None], depth: int = 6
    ) -> None:
        """Go through everything that an object keeps; `plain` is the object of a plain class on the way."""
        key = (value.id, plain is not None)
        if key in found or not depth:
            return
        if isinstance(value, Object) and value.kind in ("layer", "model"):
            found[key] = Hidden(value, plain, "plain") if plain is not None else None
            if value.symbol.endswith(".Lambda"):
                for part in value.parts:
                    if isinstance(part, Function):
                        self._look_into_closure(part, value, found)
            for part in self.held_layers(value):
                self._look_inside(part, plain, found, depth - 1)
        elif isinstance(value, Instance) and value.kind in ("layer", "model", ""):
            if value.kind == "":
                if not value.whole:
                    return
                plain = plain or value
            found[key] = None
            for name in sorted(self.attributes.get(value.id, ())):
                item = self.world.get((value.id, "." + name))
                kept = self.flat(item) if isinstance(item, Value) else ()
                for leaf in (leaf for one in kept for leaf in _all_variables(one) or (one,)):
                    if isinstance(leaf, Variable) and leaf.keras is False and leaf.trainable is True:
                        how = "plain" if plain is not None else "attribute"
                        found[leaf.id, True] = Hidden(leaf, plain or value, how)
                    elif isinstance(leaf, Function) and value.kind != "":
                        self._look_into_closure(leaf, value, found)
                    else:
                        self._look_inside(leaf, plain, found, depth - 1)

    def _not_to_be_trained(self, value: Object) -> bool:
        state = self.world.get((value.id, "frozen"))
        return self.frozen(value) is not None or (isinstance(state, Frozen) and state.value is not True)

    def _look_into_closure(
        self, function: Function, holder: Value, found: dict[tuple[int, bool], Hidden | None]
    ) -> None:
        """What a function that a model keeps refers to: Keras does not look into functions."""
        used = read_in(function.node)
        frame = function.closure
        while frame is not None:
            for name in sorted(used):
                item = self.world.get((frame.id, name))
                layer = isinstance(item, Object) and item.kind in ("layer", "model")
                variable = isinstance(item, Variable) and item.keras is False and item.trainable is True
                if variable or (layer and not self._not_to_be_trained(item)):
                    nodes = (node for node in walk(function.node) if isinstance(node, ast.Name) and node.id == name)
                    place = next((Place(node, function.module) for node in nodes), None)
                    found[item.id, True] = Hidden(item, holder, "closure", place)
            frame = frame.parent

    def note_reading(self, owner: Value, which: str) -> None:
        """A list of trainable variables that is taken now stays as it is when the model is frozen later."""
        if which == "trainable" and self.frozen(owner) is None:
            self.world.put((owner.id, "read free", "maybe"), True)
