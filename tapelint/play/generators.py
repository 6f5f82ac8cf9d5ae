"""Generators and objects that are iterated: they run while somebody reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.play.arguments import Arguments
from tapelint.play.attributes import Attributes
from tapelint.play.machine import MAX_DEPTH, Reading, Yields
from tapelint.play.outline import Outline, walk
from tapelint.play.scope import bindings_of
from tapelint.play.tapes import METHODS
from tapelint.play.values import (
    Const,
    Data,
    Either,
    Function,
    Generator,
    Instance,
    Items,
    Kind,
    Several,
    Value,
    either,
    options,
)

MANAGER = "contextlib.contextmanager"
TAPE_CLASSES = frozenset({"GradientTape", "ForwardAccumulator"})
_TAPE_WORDS = TAPE_CLASSES | METHODS
"""What a generator that is played when it is read must not name: a tape would be used between its pieces."""
_BINDING = frozenset({"builtins.staticmethod", "builtins.classmethod"})
_TAKING = frozenset({"pop", "popleft", "popitem"})
_GROWING = frozenset({"add", "append", "appendleft", "extend", "extendleft", "insert", "setdefault", "update"})
_YIELDS = 4
"""How many pieces of a generator are told apart: the first ones and the last."""
_REACHED = 40
"""How many functions are looked at for what a generator may run."""


def _attributes(function: ast.AST, outline: Outline) -> tuple[set[int], set[str]]:
    """The functions that a function may run, by their ids, itself among them, and the attributes that they name."""
    seen: set[int] = set()
    found: set[str] = set()
    todo: list[ast.AST] = [function]
    while todo and len(seen) < _REACHED:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        named = {"__getitem__", "__len__", "__call__"}
        for part in walk(node):
            if isinstance(part, ast.Attribute):
                found.add(part.attr)
                named.add(part.attr)
            elif isinstance(part, ast.Name):
                named.add(part.id)
        todo.extend(other for other in outline.functions if other.name in named)
    return seen, found


def _grown(loop: ast.AST) -> Iterator[ast.expr]:
    """What the body of a loop puts items into."""
    for part in walk(loop):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _GROWING:
            yield part.func.value
        elif isinstance(part, ast.Subscript) and not isinstance(part.ctx, ast.Load):
            yield part.value


def _endless(function: ast.AST) -> bool:
    """Whether a generator may hold a loop that nothing but its reader ends."""
    return any(isinstance(part, ast.While) and isinstance(part.test, ast.Constant) for part in walk(function))


class Generators(Attributes):
    """Generator functions, `__iter__`, `__getitem__`."""

    def _held(self, arguments: Arguments) -> list[Value]:
        return [leaf for value in arguments.all() for leaf in self.flat(value)]

    def _call_generator(self, function: Function, arguments: Arguments, node: ast.expr) -> Value:
        """A generator runs when it is read, piece by piece: what it is given may be used at any later time."""
        plain = set(function.decorators) - {MANAGER} <= _BINDING and not isinstance(function.node, ast.AsyncFunctionDef)
        managing = MANAGER in function.decorators
        if plain and not arguments.more and (managing or not _TAPE_WORDS & self._words(function)):
            if managing:
                self.called.discard(id(function.node))  # it runs when a `with` enters it
            return Generator(function, arguments.args, dict(arguments.kwargs), self.place(node), self.tick())
        self.called.discard(id(function.node))
        return self.unseen_generator(function, arguments, node)

    def unseen_generator(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        for value in arguments.all():
            self.escape(value, node)
        return self.unknown(node, (function, *self._held(arguments)), "call")

    def generated(self, value: Generator, node: ast.AST, reading: Reading) -> Items:
        """What a generator gives when it is read to its end: its body is played now.

        A loop reads it piece by piece. That comes to the same where its body sees nothing that others change meanwhile.
        What is read later must be worth the same at any time: numbers, arrays, fresh tensors.
        """
        held = self.world.get((value.id, "generated"))
        if isinstance(held, Items):
            return held
        function, arguments = value.function, Arguments(value.args, value.kwargs)
        running = any(other.node is function.node for other in self.stack)
        deep = running or len(self.stack) >= MAX_DEPTH
        away = function.module is not self.module and not self.can_go_away()
        given: Items | None = None
        if not deep and not away and (reading is Reading.AT_ONCE or self._steady(value, node)):
            frame = self.frame_of(function)
            pieces = self.yields[frame.id] = Yields(_endless(function.node))
            self.bind(function, frame, arguments, node)
            self.run(function, frame, node)
            del self.yields[frame.id]
            found = pieces.values
            kept = found if len(found) <= _YIELDS else [*found[: _YIELDS - 1], found[-1]]
            if reading is not Reading.LATER or all(self._plain(leaf) for leaf in self.flats(kept)):
                given = Items((Several(either(kept)),)) if kept else Items()
        if given is None:
            given = Items((Several(self.unseen_generator(function, arguments, node)),))
        self.world.put((value.id, "generated"), given)
        return given

    def iterated(self, value: Instance, node: ast.AST, reading: Reading) -> Items | None:
        """What an object of a visible class gives to a loop: its `__iter__` or `__next__` is played."""
        make = self.class_attribute(value.cls, "__iter__")
        if not isinstance(make, Function):
            return None
        made = self.call_function(make, Arguments((value,)), node)  # type: ignore[arg-type]
        if made is not value:
            return None if isinstance(made, Instance) else self.elements(made, node, reading)
        step = self.class_attribute(value.cls, "__next__")
        if not isinstance(step, Function):
            return None
        return Items((Several(self.call_function(step, Arguments((value,)), node)),))  # type: ignore[arg-type]

    def item_of_instance(self, value: Instance, index: Value, node: ast.AST) -> Value | None:
        """`value[index]` of an object of a visible class: its `__getitem__` is played."""
        found = self.class_attribute(value.cls, "__getitem__")
        if not isinstance(found, Function):
            return None
        return self.call_function(found, Arguments((value, index)), node)  # type: ignore[arg-type]

    def _plain(self, value: Value, depth: int = 6) -> bool:
        """Whether a value has nothing to do with any recording: it is data."""
        if isinstance(value, Data) and value.kind is Kind.TENSOR:
            return depth > 0 and all(link.cut is None and self._plain(link.value, depth - 1) for link in value.links)
        if isinstance(value, Either):
            return all(self._plain(option, depth) for option in value.options)
        return isinstance(value, Const) or (isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.NUMBER))

    def _words(self, function: Function) -> set[str]:
        return function.module.outline.names.get(id(function.node), set())

    def _steady(self, value: Generator, node: ast.AST) -> bool:
        """Whether nothing that a generator reads is changed by others between two of its pieces.

        Attributes that only `__init__` and `build` assign stay; so do names that are bound once.
        """
        function = value.function
        words, mine = self._words(function), bindings_of(function.node)
        seen, attributes = _attributes(function.node, function.module.outline)
        loop = self.frame.module.outline.parents.get(id(node))
        for holder in _grown(loop) if isinstance(loop, (ast.For, ast.AsyncFor)) else ():
            if isinstance(holder, ast.Attribute) and holder.attr in attributes:
                return False
            if isinstance(holder, ast.Name):
                held = self.lookup(holder.id)
                if holder.id in words or held is None or any(option in value.args for option in options(held)):
                    return False
        outline = function.module.outline
        if words & outline.globals or words & _TAKING or mine.nonlocals:
            return False
        for part in outline.nodes:
            if isinstance(part, ast.Attribute) and part.attr in attributes and not isinstance(part.ctx, ast.Load):
                around = outline.parents.get(id(part))
                while around is not None and not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    around = outline.parents.get(id(around))
                if around is None or (id(around) not in seen and around.name not in ("__init__", "build")):
                    return False
        scope = function.closure
        while scope is not None:
            if any(scope.bindings.counts.get(name, 0) > 1 and name not in mine.counts for name in words):
                return False
            scope = scope.parent
        return True
