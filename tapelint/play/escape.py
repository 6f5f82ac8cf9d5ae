"""What code that can't be seen may do with what it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapelint.play.machine import Machine
from tapelint.play.marks import Built, FirstStep, Frozen, Read
from tapelint.play.records import Happening
from tapelint.play.scope import Frame, bindings_of, read_in
from tapelint.play.values import (
    UNBOUND,
    Bound,
    Class,
    Const,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Generator,
    Instance,
    Items,
    Method,
    Object,
    OneShot,
    Partial,
    Paused,
    Sequence,
    Several,
    Tape,
    Unknown,
    Value,
    Variable,
    either,
    options,
)


class Escape(Machine):
    """Values that go to unseen code: what is known of them from then on."""

    def escape(self, value: Value, node: ast.AST, depth: int = 4) -> None:
        """`value` went to code that we can't see: tapes in it may have been used there, lists in it changed."""
        if depth == 0:
            return
        if isinstance(value, (Variable, Object, Instance)):
            self.recording.given.setdefault(value.id, []).append(self.clock)
        if depth == 4 and isinstance(value, (Function, Bound, Partial)):
            self.may_run(value)
        match value:
            case Data():
                self._note_handed(value)
            case Tape():
                self._escape_tape(value, node)
            case Either():
                self._escape_all(options(value), node, depth)
            case Sequence():
                self._escape_sequence(value, node, depth)
            case Dictionary():
                self._escape_mapping(value, node, depth)
            case Instance():
                self._escape_instance(value, node, depth)
            case Object():
                self._escape_object(value, node, depth)
            case Unknown(role="decorated"):
                self._escape_all(value.inputs, node, depth - 1)
            case Function():
                self._escape_closure(value, node, depth)
            case Bound():
                self._escape_all((value.receiver, value.function), node, depth - 1)
            case Method():
                self.escape(value.receiver, node, depth)
            case Partial() | Generator():
                self._escape_all((value.function, *value.args, *value.kwargs.values()), node, depth - 1)
            case OneShot():
                self.world.put((value.id, "read"), Read(self.place(node), certain=False))
                parts = [item for item in (*value.parts, *value.items) if not isinstance(item, Sequence)]
                self._escape_all(parts, node, depth - 1)
            case Paused() if value.tape is not None:
                self.escape(value.tape, node, depth - 1)

    def _escape_all(self, values: Iterable[Value], node: ast.AST, depth: int) -> None:
        for value in values:
            self.escape(value, node, depth)

    def _escape_tape(self, tape: Tape, node: ast.AST) -> None:
        state = self.state(tape)
        if not state.escaped:
            self.event(Happening.ESCAPE, tape, node)
            self.recording.escaped.add(tape.id)
            self.set_state(tape, state._replace(escaped=True))

    def _escape_sequence(self, value: Sequence, node: ast.AST, depth: int) -> None:
        """A list may hold anything from now on, a tuple what it held."""
        items = self.items(value)
        if items is None:
            return
        self._escape_all(items, node, depth - 1)
        if value.kind != "tuple":
            held = either((*items, Unknown(self.place(node), self.tick(), tuple(items), "escaped")))
            self.world.put((value.id, "#"), Items((Several(held),)))

    def _escape_mapping(self, value: Dictionary, node: ast.AST, depth: int) -> None:
        entries = self.entries(value)
        if entries is None:
            return
        members = [item for _, item in entries.entries] + ([entries.rest] if entries.rest else [])
        self._escape_all(members, node, depth - 1)
        rest = Unknown(self.place(node), self.tick(), tuple(members), "escaped")
        kept = tuple((key, either((item, rest))) for key, item in entries.entries)
        self.world.put((value.id, "#"), Entries(kept, rest))

    def _escape_instance(self, value: Instance, node: ast.AST, depth: int) -> None:
        """An object of the program: what its attributes hold may be used, filled or replaced by others."""
        self.escape_attributes(value, node, depth)
        for name in sorted(self.attributes.get(value.id, ())):
            item = self.world.get((value.id, "." + name))
            if isinstance(item, (Sequence, Dictionary)) and self.filled(item, name, value.cls):
                self.escape(item, node, depth - 1)
            elif isinstance(item, Const) and (item.value is None or not value.kind or self.written(name, value.cls)):
                changed = Unknown(self.place(node), self.tick(), (), "attribute")
                self.world.put((value.id, "." + name), either((item, changed)))
            elif isinstance(item, Instance):
                self.escape(item, node, depth - 1)
            elif isinstance(item, Object) and item.kind in ("model", "layer"):
                self.doubt_built(item)
        self.doubt_built(value)

    def escape_attributes(self, value: Instance, node: ast.AST, depth: int = 4) -> None:
        """Others have an object in hand: what stands in its attributes may be used by them."""
        for name in sorted(self.attributes.get(value.id, ())):
            item = self.world.get((value.id, "." + name))
            if isinstance(item, (Tape, Either, Object)):
                self.escape(item, node, depth - 1)

    def _escape_object(self, value: Object, node: ast.AST, depth: int) -> None:
        """An object of a library: what it knows of the program can't be told any more."""
        if value.kind == "accumulator":
            self.escape(value.args["tape"], node, depth - 1)
        elif value.kind == "optimizer":
            self.world.put((value.id, "met"), FirstStep(self.place(node), None))
        elif value.kind == "tensor_array":
            self.world.put((value.id, "handed", "maybe"), True)
        elif value.kind in ("model", "layer"):
            self.doubt_built(value)
            if self.world.get((value.id, "frozen")) is not None:
                self.world.put((value.id, "frozen"), Frozen(None, self.place(node), self.context))
            self._escape_all((*value.parts, *self.world.get((value.id, "parts"), Items())), node, depth - 1)

    def doubt_built(self, value: Value) -> None:
        """A layer or model was handed over, and may have been called: whether it has weights now can't be told."""
        if not self.world.get((value.id, "built")):
            self.world.put((value.id, "built"), Built(certain=False))

    def filled(self, value: Sequence | Dictionary, name: str, cls: Class) -> bool:
        """Whether other code will have put something into what an attribute holds: an empty list waits."""
        contents = self.items(value) if isinstance(value, Sequence) else self.entries(value)
        if contents in (Entries(), None) or (isinstance(contents, Items) and not contents.items):
            return not self.read_too_early(value)
        modules = {self.module, *(above.module for above in self.mro(cls))}
        return any(name in module.outline.filled for module in modules)

    def may_run(self, value: Value | None, limit: int = 60) -> None:
        """Code that we can't see may call `value`: the layers and models behind it may have weights from now on."""
        waiting, seen = [value], set[int]()
        while waiting and len(seen) < limit:
            one = waiting.pop(0)
            if one is None or one.id in seen:
                continue
            seen.add(one.id)
            waiting += self._behind(one)
            if isinstance(one, Function):
                self.recording.lent.setdefault(id(one.node), self.clock)
            if isinstance(one, (Object, Instance)) and one.kind in ("layer", "model"):
                self.doubt_built(one)

    def _behind(self, value: Value) -> Iterable[Value | None]:
        """What is called when `value` is, as far as it can be seen from outside."""
        if isinstance(value, Either):
            return value.options
        if isinstance(value, Unknown) and value.role == "decorated":
            return value.inputs
        if isinstance(value, Sequence):
            return self.items(value) or ()
        if isinstance(value, Bound):
            return (value.receiver, value.function)
        if isinstance(value, Partial):
            return (value.function, *value.args, *value.kwargs.values())
        if isinstance(value, Function):
            return [self._seen_by(value, name) for name in read_in(value.node)]
        if isinstance(value, Instance):
            return [self.world.get((value.id, "." + name)) for name in sorted(self.attributes.get(value.id, ()))]
        return value.parts if isinstance(value, Object) else ()

    def _seen_by(self, function: Function, name: str) -> Value | None:
        """What a name means in a function that is not running, unless it is one of its own."""
        frame = function.closure
        while frame is not None:
            held = self.world.get((frame.id, name))
            if held is not None:
                return held if isinstance(held, Value) else None
            frame = frame.parent
        return None

    def _note_handed(self, value: Value, limit: int = 40) -> None:
        """Note the gradients behind a value that goes where we can't see."""
        stack = [value]
        while stack and limit:
            item = stack.pop()
            limit -= 1
            if isinstance(item, Data):
                if item.ask is not None:
                    self.recording.handed.add(item.id)
                else:
                    stack.extend(link.value for link in item.links)

    def _escape_closure(self, function: Function, node: ast.AST, depth: int) -> None:
        """A function that unseen code may call any number of times: the tapes that it closes over escape.

        The names that it binds outside of itself may hold something else from now on.
        """
        frame = function.closure
        if frame is None:
            return
        own = bindings_of(function.node)
        for name in sorted(own.globals | own.nonlocals):
            home: Frame | None = function.module.frame if name in own.globals else frame
            while home is not None and name in own.nonlocals and name not in home.bindings.counts:
                home = home.parent
            if home is not None:
                held = self.world.get((home.id, name), UNBOUND)
                self.world.put((home.id, name), either((held, Unknown(None, 0, (), "global"))))
        if frame.node is None:
            return
        for name in read_in(function.node):
            held = self.world.get((frame.id, name))
            if isinstance(held, (Tape, Either, Object)):
                self.escape(held, node, depth - 1)
