"""Optimizers of Keras: what a step does to the variables, and which ones an optimizer has met."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapelint.play.apply import Apply, Pairs, Stranger
from tapelint.play.arguments import Arguments
from tapelint.play.ask import Ask
from tapelint.play.callbacks import is_callable
from tapelint.play.freezing import Freezing
from tapelint.play.marks import FirstStep, Frozen, Read
from tapelint.play.outline import walk
from tapelint.play.pairs import columns_of, layers_in, mismatch
from tapelint.play.query import Query
from tapelint.play.tape import Phase
from tapelint.play.values import (
    Either,
    Instance,
    Items,
    Object,
    OneShot,
    Several,
    Tape,
    Value,
    Variable,
    VariableSet,
    bare,
    options,
)
from tapelint.tensorflow import api

_COPIES = r"[gs]et_weights|load_weights|clone_model|(?<!numpy\(\)\.)copy\(|\.assign|\.restore\(|from_config|load_model"
"""How programs make one model a copy of another."""


class Optimizers(Freezing):
    """What the methods of an optimizer do."""

    def optimize(self, optimizer: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`apply_gradients`, `apply`, `minimize`: the variables are written."""
        apply = self.applied(name, optimizer, arguments, node)
        for value in arguments.all():
            for part in (value, *(value.parts if isinstance(value, OneShot) else ())):
                self._note_contents(part)
        self._pair_up(apply)
        self._meet(apply)
        if name == "apply_gradients" and arguments.args:
            pairs = arguments.args[0]
            for option in options(pairs):
                if isinstance(option, OneShot):
                    held = self.world.get((option.id, "read"))
                    if option is pairs and isinstance(held, Read) and held.certain:
                        apply.empty = held.place
                    else:
                        self.read_to_end(option, node)
            for leaf in self.flat(pairs):
                if isinstance(leaf, Variable):
                    self.write(leaf, (), node, name, replace=False)
                elif isinstance(leaf, VariableSet):
                    self.recording.updated.add(leaf.owner.id)
        if name == "minimize":
            tape = arguments.kwargs.get("tape")
            if isinstance(tape, Tape) and self.state(tape).only(Phase.CREATED):
                apply.unentered = tape
            if tape is not None:
                self.escape(tape, node)
            loss = arguments.get(0, "loss")
            if loss is not None and is_callable(loss):
                apply.loss = self.call(loss, Arguments(), node)
        return self.const(None, node)

    def _pair_up(self, apply: Apply) -> None:
        """Note which gradient stands beside which variable, and whether it is its own."""
        args = apply.args
        if apply.method == "apply_gradients" and args:
            apply.pairs = self._columns(args[0])
        elif apply.method == "apply" and len(args) == 2:
            one, other = (self.elements(value, apply.node) for value in args)
            apply.pairs = Pairs(one, other, apply.place)
        if apply.pairs is not None:
            apart = not self.copies_weights
            apply.mismatch = mismatch(apply.pairs, self.world, self.parts(), self._query_of, apart)

    @property
    def copies_weights(self) -> bool:
        """Whether the program copies weights from one model to another anywhere."""
        return any(module.matches(_COPIES) for module in self.recording.modules)

    def _columns(self, value: Value) -> Pairs | None:
        if isinstance(value, OneShot) and value.kind == "zip":
            columns = self.world.get((value.id, "columns"), ())
            return Pairs(columns[0], columns[1], value.place) if len(columns) == 2 else None
        items = Items(value.items) if isinstance(value, OneShot) else self.items(value)
        found = columns_of(items, self.items) if items is not None and items.items else None
        return Pairs(found.gradients, found.variables, value.place) if found is not None else None

    def _query_of(self, ask: Ask) -> Query | None:
        return self.query(ask.tape, ask.session) if ask.session is not None else None

    def _meet(self, apply: Apply) -> None:
        """An optimizer of Keras makes its state for the variables of its first step and takes no others later."""
        optimizer = apply.optimizer
        if not isinstance(optimizer, Object) or optimizer.kind not in ("optimizer", "loss_scale_optimizer"):
            return
        if _takes_any(optimizer):
            return
        key = (optimizer.id, "met")
        held = self.world.get(key)
        variables = apply.pairs.variables.items if apply.pairs is not None else None
        if held is None:
            self.note_making(optimizer, "optimizer", apply.node)
            self.world.put((*key, "since"), self.entry)
            sure = optimizer.whole and apply.certain and apply.method != "minimize"
            left_out = self._left_out(variables) if sure and variables else frozenset()
            self.world.put(key, FirstStep(apply.place, variables if sure and variables else None, left_out))
            return
        if held.variables is None or variables is None or self.world.get((*key, "since")) != self.entry:
            return  # nothing is known, or the first step belongs to another run than this one
        for variable in variables:
            met = bare(variable)
            if not self._exists(met):
                continue
            thawed = held.frozen and not apply.context.in_graph and self._thawed(variable, held.frozen)
            if thawed or all(self._differs(variable, other, apply) for other in held.variables):
                apply.stranger = Stranger(met, held.place, held.variables)
                return

    def _left_out(self, variables: Iterable[Value]) -> frozenset[int]:
        """The frozen layers whose variables are not among the trainable variables of their models."""
        return frozenset(layer.id for layer in self._inside_sets(variables) if self.frozen(layer) is not None)

    def _thawed(self, variable: Value, left_out: frozenset[int]) -> bool:
        """Whether trainable variables of a model are meant, and a layer that was left out is among them by now."""
        for layer in self._inside_sets((variable,)):
            state = self.world.get((layer.id, "frozen"))
            if layer.id in left_out and isinstance(state, Frozen) and state.value and self._owns_variable(layer):
                return True
        return False

    def _inside_sets(self, variables: Iterable[Value]) -> list[Value]:
        """The layers and models behind whole sets of trainable variables."""
        stack: list[tuple[Value, int]] = [
            (one.of.owner, 5)
            for one in variables
            if isinstance(one, Several) and isinstance(one.of, VariableSet) and one.of.which == "trainable"
        ]
        found: list[Value] = []
        while stack:
            value, depth = stack.pop()
            if isinstance(value, (Object, Instance)) and value.kind in ("layer", "model") and depth:
                found.append(value)
                stack.extend((part, depth - 1) for part in self.held_layers(value))
        return found

    def _exists(self, value: Value) -> bool:
        """Whether a variable certainly is there: the list that it comes from may be empty."""
        if not isinstance(value, VariableSet):
            return isinstance(value, Variable)
        return self._owns_variable(value.owner)

    def _owns_variable(self, value: Value, depth: int = 5) -> bool:
        """Whether a model or layer certainly has something to train."""
        if isinstance(value, Variable):
            return value.trainable is True and (value.keras is True or self.keras == 2)
        if isinstance(value, Object) and value.kind == "layer" and not value.parts:
            found = api.api_class(value.symbol)
            return found is not None and found.trainable is True
        if not depth or not isinstance(value, (Object, Instance)) or value.kind not in ("model", "layer"):
            return False
        return any(self._owns_variable(part, depth - 1) for part in self.held_layers(value))

    def _differs(self, one: Value, other: Value, apply: Apply) -> bool:
        """Whether two items of lists of variables certainly are different variables."""
        value = bare(one)
        old = bare(other)
        if isinstance(value, Either) or isinstance(old, Either):
            return False
        if value is old:
            return self._next_of_set(value, apply)
        if isinstance(value, Variable) and isinstance(old, Variable):
            return True
        known = isinstance(value, (Variable, VariableSet)) and isinstance(old, (Variable, VariableSet))
        return known and self.parts().share(value, old) is False

    def _next_of_set(self, value: Value, apply: Apply) -> bool:
        """Whether a loop over the variables of a model is in its second round, where it has the next of them."""
        if not isinstance(value, VariableSet) or not value.part or not apply.context.loops or value.place is None:
            return False
        loop = apply.context.loops[-1]
        statement = loop.place.node
        if loop.round < 2 or not isinstance(statement, (ast.For, ast.AsyncFor)):
            return False
        node = value.place.node
        return any(inner is node for inner in walk(statement.iter)) and self._more_than_one(value.owner)

    def _more_than_one(self, owner: Value) -> bool:
        """Whether a model or layer certainly has several trainable variables."""
        layers = layers_in(owner, self.world) or []
        count = 0
        for layer in layers:
            if layer.symbol.rsplit(".", 1)[-1] in ("Dense", "Conv1D", "Conv2D", "Conv3D", "BatchNormalization"):
                bias = layer.args.get("use_bias")
                count += 2 if bias is None else 1
        return count > 1


def _takes_any(optimizer: Object) -> bool:
    """Whether an optimizer makes its state for each variable when it meets it, as those before Keras 2.11 did."""
    inner = optimizer.args.get("inner_optimizer", optimizer.args.get("0"))
    if optimizer.kind == "loss_scale_optimizer" and isinstance(inner, Object):
        return _takes_any(inner)
    return optimizer.symbol.startswith("keras.optimizers.legacy.")
