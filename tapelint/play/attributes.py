"""Attributes of values: reading and assigning them."""

from __future__ import annotations

import ast

from tapelint.play.arguments import Arguments
from tapelint.play.classes import Classes
from tapelint.play.keras import LEAVING, OPTIMIZING, SETS, WEIGHTS
from tapelint.play.records import Happening
from tapelint.play.tapes import METHODS
from tapelint.play.values import (
    UNBOUND,
    Bound,
    Class,
    Const,
    Data,
    Dictionary,
    Either,
    Function,
    Imported,
    Instance,
    Method,
    Object,
    OneShot,
    Partial,
    Sequence,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
    options,
)
from tapelint.play.world import known
from tapelint.tensorflow import api


class Attributes(Classes):
    """`value.name`, whatever the value is."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def _doubt_uses(self, first: int, choices: list[Value]) -> None:
        raise NotImplementedError

    def call_function(self, function: Function, arguments: Arguments, node: ast.expr) -> Value:
        raise NotImplementedError

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """`value.name` as an expression."""
        value = known(value)
        if isinstance(value, Either):
            kept = [option for option in options(value) if not (isinstance(option, Const) and option.value is None)]
            noted, works = len(self.recording.uses), len(self.recording.works)
            read = either([self.attribute(option, name, node) for option in kept]) if kept else self.unknown(node)
            self._doubt_uses(noted, kept)
            if len(kept) > 1:
                later = [work for work in self.recording.works[works:] if work.how != "list"]
                self.recording.works[works:] = later
            return read
        if isinstance(value, Symbol):
            return self.symbol_attribute(value, name, node)
        if isinstance(value, Imported):
            found = self.member(value, name, value)
            return self.unknown(node, (), "attribute") if found is None else found
        if isinstance(value, Tape):
            return self.tape_attribute(value, name, node)
        if isinstance(value, Instance):
            return self.instance_attribute(value, name, node)
        if isinstance(value, Object):
            if value.kind == "super":
                return self._super_attribute(value, name, node)
            return self.object_attribute(value, name, node)
        if isinstance(value, VariableSet) and not value.part:
            return Method(value, name, self.place(node), self.tick())
        if isinstance(value, (Data, Variable, VariableSet)):
            return self.data_attribute(value, name, node)
        if isinstance(value, Class):
            found = self.class_attribute(value, name)
            if found is not None:
                if isinstance(found, Function) and "builtins.classmethod" in found.decorators:
                    return Bound(found, value)
                return found
            return self.unknown(node, (), "attribute")
        if isinstance(value, (Sequence, Dictionary, OneShot, Const)):
            if isinstance(value, Sequence):
                self.note_attribute(value, name, node)
            named = self.world.get((value.id, "." + name))
            return named if isinstance(named, Value) else Method(value, name, self.place(node), self.tick())
        if isinstance(value, (Function, Partial, Bound)) and name in ("python_function", "__wrapped__"):
            return value
        if isinstance(value, (Function, Bound)) and name == "get_concrete_function":
            return self.unknown(node, (value,), "attribute")
        return self.unknown_attribute(value, name, node)

    def unknown_attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """An attribute that can't be seen: the same object each time it is read."""
        held = self.world.get((value.id, "." + name))
        if held is not None:
            assert isinstance(held, Value)
            return held
        if name in SETS and isinstance(value, (Unknown, Instance)):
            return self.variables(value, SETS[name], node)
        if name in LEAVING or name in OPTIMIZING or name in METHODS or self._called_at(node):
            if isinstance(value, (Unknown, Instance)):
                return Method(value, name, self.place(node), self.tick())
            return self.unknown(node, (value,), "attribute")
        found = Unknown(self.place(node), value.time, (value,), "attribute")
        self.world.put((value.id, "." + name), found)
        return found

    def _called_at(self, node: ast.AST) -> bool:
        return id(node) in self.callees

    def symbol_attribute(self, value: Symbol, name: str, node: ast.AST) -> Value:
        full = f"{value.name}.{name}"
        spelling = full if value.spelling == value.name else f"{value.spelling}.{name}"
        self.spelled(spelling, name, node)
        return Symbol(api.resolve(full), self.place(node), spelling)

    def instance_attribute(self, value: Instance, name: str, node: ast.AST) -> Value:
        held = self.world.get((value.id, "." + name))
        if held is not None and held is not UNBOUND:
            assert isinstance(held, Value)
            return known(held)
        found = self.class_attribute(value.cls, name)
        if found is not None:
            if isinstance(found, Function):
                return self._read_member(found, value, node)
            if isinstance(found, Unknown):
                hidden = self._bind_method(found, value)
                self.world.put((value.id, "." + name), hidden)
                return hidden
            return found
        if value.kind in ("model", "layer", "module"):
            if name in SETS:
                if value.kind != "module" and self.without_weights(value):
                    return self.no_weights(value, node)
                self.note_reading(value, SETS[name])
                return self.variables(value, SETS[name], node)
            if name == "losses":
                return self._model_losses(value, node)
            if name in ("optimizer", "compiled_loss", "compiled_metrics", "metrics"):
                return self.compiled_attribute(value, name, node)
        if name == "__class__":
            return value.cls
        if value.kind == "callback" and name == "model":  # Keras puts it there: no method, even where it is called
            given = Object("model", "keras.Model", self.place(node), value.time, (), False)
            self.mark_built(given)
            self.world.put((value.id, ".model"), given)
            return given
        if self._called_at(node):
            return Method(value, name, self.place(node), self.tick())
        return self.unknown_attribute(value, name, node)

    def _read_member(self, found: Function, value: Instance, node: ast.AST) -> Value:
        """What a function of the class is when it is read on an object: the value of a property, else a method."""
        if "functools.cached_property" in found.decorators:
            once = self.call_function(found, Arguments((value,)), node)  # type: ignore[arg-type]
            self.set_attribute(value, found.name, once)
            return once
        if "builtins.property" in found.decorators:
            return self.call_function(found, Arguments((value,)), node)  # type: ignore[arg-type]
        return self._bind_method(found, value)

    def _bind_method(self, found: Value, value: Instance) -> Value:
        if isinstance(found, Function):
            if "builtins.staticmethod" in found.decorators:
                return found
            if "builtins.classmethod" in found.decorators:
                return Bound(found, value.cls)
            return Bound(found, value)
        if isinstance(found, Unknown):  # what a decorator made of it may be a method, which gets the object
            return Unknown(found.place, value.time, (*found.inputs, value), found.role)
        return found

    def _super_attribute(self, value: Object, name: str, node: ast.AST) -> Value:
        instance = value.args.get("self")
        cls = value.args.get("class")
        if isinstance(instance, Instance) and isinstance(cls, Class):
            order = self.mro(instance.cls)
            later = order[order.index(cls) + 1 :] if cls in order else []
            for visible in later:
                found = self.world.get((visible.frame.id, name))
                if isinstance(found, Function):
                    return self._read_member(found, instance, node)
                if found is not None:
                    return self.unknown(node, (found,), "attribute")
            if instance.kind and name in ("add_weight", "__call__", *SETS, *LEAVING):
                if name in SETS:
                    return self.variables(instance, SETS[name], node)
                return Method(instance, name, self.place(node), self.tick())
        if not self._called_at(node):
            return self.unknown(node, (value,), "attribute")  # a property of an unseen class, for all that is known
        return Method(value, name, self.place(node), self.tick())

    def assign_attribute(self, value: Value, name: str, item: Value, node: ast.AST) -> None:
        """`value.name = item`."""
        choices = options(value)
        before = self.world.get((value.id, "." + name), UNBOUND)
        for option in choices:
            if isinstance(option, Tape):
                if name not in ("persistent", "_persistent"):  # measured: it is too late for these to have an effect
                    self.escape(option, node)
            elif isinstance(option, (Instance, Object, Unknown)):
                self.note_kept(option, name, item, node)
                if isinstance(option, Unknown):
                    self._give_weight(option, name, item)
                if isinstance(option, Object):
                    self.used(option, name, "write", node, item, certain=len(choices) == 1)
                    if option.kind == "optimizer" and (name == "built" or name.startswith("_")):
                        self.escape(option, node)  # told that it is new, it takes any variables in its next step
                    if option.kind == "layer" and (isinstance(item, (Data, Variable)) or name in WEIGHTS):
                        self._note_loaded(option)
                elif isinstance(option, Instance) and option.kind == "layer":
                    held = self.world.get((option.id, "." + name))
                    weight = isinstance(held, Value) and any(isinstance(o, (Variable, Unknown)) for o in options(held))
                    if weight and not isinstance(item, Variable):
                        self._note_loaded(option)
                if name == "trainable" and not isinstance(option, Unknown):
                    self.freeze(option, item if len(choices) == 1 else None, node)
                if len(choices) > 1:
                    old = self.world.get((option.id, "." + name))
                    self.set_attribute(option, name, either((old, item)) if isinstance(old, Value) else item)
                else:
                    self.set_attribute(option, name, item)
            elif isinstance(option, Class):
                self.world.put((option.frame.id, name), item)
            elif isinstance(option, Imported):
                module = self.load(option.path)
                if module is not None:
                    self.world.put((module.frame.id, name), item)
                self.escape(item, node)
            else:
                self.escape(item, node)
        if isinstance(item, Tape) and len(choices) == 1:
            self.event_rebind(before, item, node, name)
        if isinstance(item, Tape):
            self.recording.stored.setdefault(item.id, self.place(node))
            item.name = item.name or name

    def _give_weight(self, layer: Unknown, name: str, item: Value) -> None:
        """`model.layers[i].kernel = item`: any layer of what the unknown one was taken from may compute with it now."""
        holders: list[tuple[Value, int]] = [(layer, 6)]
        while holders:
            holder, depth = holders.pop()
            kind = holder.kind if isinstance(holder, Object) else ""
            if kind in ("layer", "model"):
                self._note_loaded(holder)
            old = self.world.get((holder.id, "." + name))
            weight = name in WEIGHTS if kind == "layer" else isinstance(old, Value)
            if weight and isinstance(item, (Data, Unknown, Either)):
                self._note_loaded(holder)
                self.set_attribute(holder, name, either((old if isinstance(old, Value) else UNBOUND, item)))
            inner = holder.inputs if isinstance(holder, Unknown) else self.held_layers(holder)
            holders.extend((option, depth - 1) for one in inner for option in options(one) if depth)

    def _note_loaded(self, layer: Value) -> None:
        """The weights of a layer come from elsewhere: it, and what it is part of, is a copy and not a fresh start."""
        self.recording.loaded.add(layer.id)
        for holder, names in self.attributes.items():
            held = (self.world.get((holder, "." + name)) for name in names)
            if any(layer in options(value) for value in held if isinstance(value, Value)):
                self.recording.loaded.add(holder)

    def event_rebind(self, old: Value, new: Tape, node: ast.AST, name: str) -> None:
        if isinstance(old, Tape) and old is not new:
            self.event(Happening.REBIND, old, node, name, new)
