"""`with`: what is entered, and how it is left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Sequence as Seq
from contextlib import contextmanager
from functools import partial

from tapelint.play.arguments import Arguments
from tapelint.play.context import Scope
from tapelint.play.definitions import Definitions
from tapelint.play.generators import MANAGER
from tapelint.play.library import TAPE
from tapelint.play.machine import MAX_DEPTH
from tapelint.play.outline import walk
from tapelint.play.records import ClassEntered
from tapelint.play.scope import Frame
from tapelint.play.tape import Phase
from tapelint.play.values import (
    Const,
    Function,
    Generator,
    Instance,
    Object,
    Paused,
    Place,
    Symbol,
    Tape,
    Value,
    either,
    options,
)
from tapelint.play.world import known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard


def _is_manager(value: Value) -> TypeGuard[Generator]:
    return isinstance(value, Generator) and MANAGER in value.function.decorators


def _way_to_yield(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> list[tuple[list[ast.stmt], ast.stmt, list[ast.stmt]]] | None:
    """The statements around the one `yield` of a generator, outermost first: before, it or what holds it, after.

    None where it stands in a branch or a loop, or the generator may be left in another way than by its end.
    """
    if isinstance(node, (ast.Lambda, ast.AsyncFunctionDef)):
        return None
    ends = [part for part in walk(node) if isinstance(part, (ast.Yield, ast.YieldFrom, ast.Return))]
    return _way_in(node.body) if len(ends) == 1 else None


def _way_in(body: list[ast.stmt]) -> list[tuple[list[ast.stmt], ast.stmt, list[ast.stmt]]] | None:
    for at, statement in enumerate(body):
        inner: list[tuple[list[ast.stmt], ast.stmt, list[ast.stmt]]] | None = None
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
            inner = []
        elif isinstance(statement, ast.With) or (
            isinstance(statement, ast.Try) and not statement.handlers and not statement.orelse
        ):
            inner = _way_in(statement.body)
        if inner is not None:
            return [(body[:at], statement, body[at + 1 :]), *inner]
    return None


def exception_names(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Tuple):
        return tuple(name for item in node.elts for name in exception_names(item))
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    return (node.id,) if isinstance(node, ast.Name) else ("",)


class Managers(Definitions):
    """Context managers: tapes, strategies, stacks, objects and generators of the program."""

    def with_(self, node: ast.With | ast.AsyncWith) -> None:
        depth = len(self.exits)
        with self.within():
            self._enter_items(node)
            self.play(node.body)
        leaving = self.exits[depth:]
        del self.exits[depth:]
        if self.world.alive:
            for leave in reversed(leaving):
                leave()

    def _enter_items(self, node: ast.With | ast.AsyncWith) -> None:
        """Enter what stands in the head of a `with`; the guards and the scope stay in the context."""
        for item in node.items:
            value = known(self.evaluate(item.context_expr))
            scope = self.context.scope
            if isinstance(value, Object) and value.kind == "scope" and value.parts:
                scope = Scope(value.parts[0], self.place(item.context_expr))
            guards = (*self.context.guards, *self._guards(item.context_expr))
            self.context = self.context._replace(guards=guards, scope=scope)
            if isinstance(value, Symbol) and value.name == TAPE:
                self.recording.classes_entered.append(
                    ClassEntered(self.place(item.context_expr), value.name, self.context)
                )
                made = self.unknown(item.context_expr, (), "class")
                if item.optional_vars is not None:
                    self.assign(item.optional_vars, made, item.optional_vars)
                continue
            if isinstance(value, Tape) and self.state(value).only(Phase.CREATED):
                value.name = self._called(item.optional_vars or item.context_expr) or value.name
            entered = self._enter(value, item.context_expr)
            if isinstance(value, Tape) and item.optional_vars is None and value.arguments is item.context_expr:
                self.recording.unnamed.append(value)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered, item.optional_vars)

    def _called(self, target: ast.expr) -> str:
        """What the program calls something by a name, an attribute or an item of one; "" for other expressions."""
        holder = target
        while isinstance(holder, (ast.Attribute, ast.Subscript)):
            holder = holder.value
        return self.recording.text(target) if isinstance(holder, ast.Name) else ""

    def enter_context(self, value: Value, node: ast.AST) -> Value:
        """`stack.enter_context(value)`: entered, and left with the stack."""
        choices = [option for option in options(value) if not isinstance(option, Const)]
        for option in choices:
            if isinstance(option, Tape):
                self.enter(option, node, certain=len(options(value)) == 1)
            elif isinstance(option, Paused):
                self.pause(option.tape)
            elif _is_manager(option):
                return self.unseen_generator(option.function, Arguments(option.args, option.kwargs), node)
        return value

    def _enter(self, value: Value, node: ast.expr) -> Value:
        """Enter a context manager and note how it is left."""
        choices = options(value)
        results: list[Value] = []
        for option in choices:
            certain = len(choices) == 1
            if isinstance(option, Tape):
                if self.enter(option, node, certain):
                    self.exits.append(partial(self.exit, option, node))
                results.append(option)
            elif isinstance(option, Paused):
                began = self.pause(option.tape)
                self.exits.append(partial(self.resume, option.tape, began))
                results.append(self.const(None, node))
            elif isinstance(option, Object) and option.kind == "accumulator":
                self.enter_accumulator(option, node)
                self.exits.append(lambda entered=option: self.leave_accumulator(entered, node))  # type: ignore[misc]
                results.append(option)
            elif isinstance(option, Object) and option.kind == "exit-stack":
                self.exits.append(partial(self.leave_stack, option, node))
                results.append(option)
            elif isinstance(option, Instance):
                results.append(self._enter_instance(option, node))
            elif _is_manager(option):
                results.append(self._enter_generator(option, node, certain))
            elif isinstance(option, Const):
                continue
            else:
                results.append(option if isinstance(option, Object) else self.unknown(node, (option,), "context"))
        return either(results) if results else self.unknown(node)

    def _enter_instance(self, value: Instance, node: ast.expr) -> Value:
        """An object with visible `__enter__` and `__exit__`: both are played."""
        enter = self.class_attribute(value.cls, "__enter__")
        leave = self.class_attribute(value.cls, "__exit__")
        if not isinstance(enter, Function) or not isinstance(leave, Function):
            return self.unknown(node, (value,), "context")
        result = self.call_function(enter, Arguments((value,)), node)
        none = self.const(None, node)

        def finish() -> None:
            self.call_function(leave, Arguments((value, none, none, none)), node)

        self.exits.append(finish)
        return result

    def _enter_generator(self, value: Generator, node: ast.expr, certain: bool) -> Value:
        """A generator under `contextlib.contextmanager`: played up to its `yield`, the rest when the block is left."""
        function, arguments = value.function, Arguments(value.args, value.kwargs)
        way = _way_to_yield(function.node)
        running = any(other.node is function.node for other in self.stack)
        away = function.module is not self.module and not self.can_go_away()
        if way is None or not certain or running or away or len(self.stack) >= MAX_DEPTH:
            return self.unseen_generator(function, arguments, node)
        self.called.add(id(function.node))
        frame = self.frame_of(function)
        frame.in_graph = frame.in_graph or self.frame.in_graph
        self.bind(function, frame, arguments, node)
        result: Value = self.const(None, node)
        with self._while_it_runs(function, frame, node):
            for before, statement, after in way:
                self.play(before)
                if not self.world.alive:
                    break
                self.exits.append(partial(self._go_on, function, frame, node, after, always=False))
                if isinstance(statement, ast.With):
                    self._enter_items(statement)
                elif isinstance(statement, ast.Try):
                    self.exits.append(partial(self._go_on, function, frame, node, statement.finalbody))
                elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
                    given = statement.value.value
                    result = known(self.evaluate(given)) if given is not None else result
            context = self.context
        self.context = self.context._replace(guards=context.guards, scope=context.scope)
        return result

    @contextmanager
    def _while_it_runs(self, function: Function, frame: Frame, node: ast.expr) -> Iterator[None]:
        """Play in the frame of a generator that is neither begun nor ended here."""
        outer = (self.frame, self.attempts)
        self.frame, self.attempts = frame, []
        self.stack.append(function)
        self.recording.visited.add(function.module)
        try:
            with self.within(calls=(*self.context.calls, Place(node, outer[0].module)), in_graph=frame.in_graph):
                yield
        finally:
            self.stack.pop()
            self.frame, self.attempts = outer

    def _go_on(
        self, function: Function, frame: Frame, node: ast.expr, statements: Seq[ast.stmt], always: bool = True
    ) -> None:
        if not always and self.raising:
            return
        with self._while_it_runs(function, frame, node):
            self.play(statements)

    def _guards(self, node: ast.expr) -> tuple[str, ...]:
        """The exceptions that a `with` item expects: `pytest.raises(X)`, `self.assertRaises(X)`, `suppress(X)`."""
        if not isinstance(node, ast.Call):
            return ()
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name.startswith("assert_raises"):
            return ("", *(exception_names(node.args[0]) if node.args else ()))
        if name in ("raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp", "suppress") or (
            name.startswith("assertRaises")
        ):
            found = tuple(exception_names(node.args[0]) if node.args else ("",))
            return found if name == "suppress" else ("", *found)
        return ()
