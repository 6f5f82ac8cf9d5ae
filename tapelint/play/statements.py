"""Playing statements: assignment, branches, loops, `with`, `try`, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Seq
from contextlib import contextmanager
from functools import partial

from tapelint.play.arguments import Arguments
from tapelint.play.arrays import OPERATORS
from tapelint.play.context import Loop, Scope
from tapelint.play.expressions import MAX_UNROLL, Expressions
from tapelint.play.library import TAPE
from tapelint.play.machine import MAX_DEPTH, Exit, Jump, Reading, Round
from tapelint.play.objects import MANAGER, TRANSPARENT
from tapelint.play.outline import walk
from tapelint.play.pairs import is_gradient
from tapelint.play.records import ClassEntered, Dropped, Fork, Happening, Rebinding
from tapelint.play.scope import Frame, bindings_of
from tapelint.play.tape import Phase
from tapelint.play.values import (
    UNBOUND,
    Class,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Function,
    Generator,
    Instance,
    Items,
    Kind,
    Link,
    Member,
    Object,
    Partial,
    Paused,
    Place,
    Sequence,
    Several,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
    is_one_tensor,
    is_tensor,
    options,
)
from tapelint.play.world import Changes, known
from tapelint.tensorflow import api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

_ITERABLES = ("keras.preprocessing.", "tensorflow_datasets.as_numpy", "tensorflow_datasets.as_dataframe")
"""What gives batches of data and is no Dataset: a loop over it is unrolled in a graph."""

TENSORFLOW = frozenset({"tf", "tensorflow"})
"""Names under which projects hand TensorFlow on from a module of their own."""


class Statements(Expressions):
    """`play` a list of statements, and its cases."""

    def play(self, statements: Seq[ast.stmt]) -> None:
        """Play statements until the path ends."""
        for statement in statements:
            if not self.world.alive:
                return
            self.step()
            method = _CASES.get(type(statement))
            if method is not None:
                method(self, statement)

    def branches(self, node: ast.AST, *parts: Callable[[], object]) -> None:
        """Play alternatives apart, each from the world of now, and join them."""
        mark = self.world.mark()
        ends: list[Changes] = []
        for number, part in enumerate(parts):
            with self.within(conditions=self.context.conditions | {(id(node), number)}):
                part()
            if self.world.alive:
                ends.append(self.world.changes(mark))
            self.world.rollback(mark)
            self.world.alive = True
        self.world.merge(ends)
        if self.world.alive:
            self.refresh()

    # -- assignment -----------------------------------------------------------------------------------------------

    def bind_name(self, name: str, value: Value, node: ast.AST, operator: str = "=") -> None:
        """Bind a name in the frame where the program binds it."""
        frame = self.frame
        while isinstance(frame.node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            if name in frame.bindings.counts or frame.parent is None:
                break
            frame = frame.parent
        if name in frame.bindings.globals:
            frame = frame.module.frame
        elif name in frame.bindings.nonlocals:
            outer = frame.parent
            while outer is not None and name not in outer.bindings.counts:
                outer = outer.parent
            frame = outer or frame
        old = self.world.get((frame.id, name))
        if isinstance(old, Value):
            self._note_rebinding(name, old, value, node, operator)
        if isinstance(value, Tape) and not value.name:
            value.name = name
        if isinstance(old, Tape) and isinstance(value, (Const, Unknown)):
            self.forget(old, node, name)
        self.recording.names.setdefault(value.id, name)
        history = self.history.setdefault((frame.id, name), [])
        if len(history) < 5 and not any(value is other for other in history):
            history.append(value)
        self.world.put((frame.id, name), value)

    def _note_replaced(self, target: ast.expr, old: object, value: Value, node: ast.AST) -> None:
        """The same for an attribute or an item: `self.w = self.w - lr * g`."""
        if isinstance(old, Value):
            sign = OPERATORS[type(node.op)][0] + "=" if isinstance(node, ast.AugAssign) else "="
            self._note_rebinding(ast.unparse(target), known(old), value, node, sign)

    def _note_rebinding(self, name: str, old: Value, value: Value, node: ast.AST, operator: str) -> None:
        """`w = w - lr * g`: the name now holds a tensor that was computed from what it held."""
        if isinstance(value, Tape):
            for option in options(old):
                self.event_rebind(option, value, node, name)
        if not isinstance(value, Data) or value.kind is not Kind.TENSOR:
            return
        for option in options(old):
            if option is value or not isinstance(option, (Variable, VariableSet, Data)):
                continue
            if isinstance(option, Data) and option.kind is not Kind.TENSOR:
                continue
            if self._derived(value, option):
                certain, plain = len(options(old)) == 1, all(map(is_one_tensor, options(old)))
                before = self.recording.rebindings.get(value.id)
                if before is not None and before.operator != "=":
                    return  # `w -= g` in a helper, whose caller binds the result: that line did it
                earlier = self.recording.rebindings.get(option.id)
                if earlier is not None and isinstance(earlier.old, Variable) and earlier.name == name:
                    option = earlier.old  # the name lost its variable in an earlier round already
                self.recording.rebindings[value.id] = Rebinding(
                    name, option, value, self.place(node), operator, self.context, certain, plain
                )
                return

    def _derived(self, value: Data, old: Value, limit: int = 60) -> bool:
        """Whether `old` is among what `value` was computed from in a few steps."""
        stack: list[Value] = [value]
        seen: set[int] = set()
        while stack and limit:
            item = stack.pop()
            limit -= 1
            if item.id in seen:
                continue
            seen.add(item.id)
            if item is old:
                return True
            if isinstance(item, Data) and (item is value or item.ask is None):
                stack.extend(link.value for link in item.links)
            elif isinstance(item, Either):
                stack.extend(item.options)
        return False

    def assign(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind `value` to a target: a name, attribute, subscript or a tuple of them."""
        value = known(value)
        if isinstance(target, ast.Name):
            self.bind_name(target.id, value, node)
        elif isinstance(target, ast.Attribute):
            holder = known(self.evaluate(target.value))
            self._note_replaced(target, self.world.get((holder.id, "." + target.attr)), value, node)
            if isinstance(value, Tape):
                value.name = value.name or self._called(target)
            self.assign_attribute(holder, target.attr, value, node)
        elif isinstance(target, ast.Subscript):
            holder = known(self.evaluate(target.value))
            index = known(self.evaluate(target.slice))
            if isinstance(holder, (Sequence, Dictionary)) and isinstance(index, Const):
                self._note_replaced(target, self.subscript(holder, index, target), value, node)
            self.store_item(holder, index, value, node)
            if isinstance(holder, Variable) or (is_tensor(holder) and isinstance(holder, Data) and not holder.nested):
                self.used(holder, "__setitem__", "write", target)
            if isinstance(holder, Data) and holder.kind is Kind.ARRAY:
                self._store_array(target.value, holder, value, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            star = next((at for at, item in enumerate(target.elts) if isinstance(item, ast.Starred)), None)
            values = self.unpack(value, len(target.elts), star, node)
            for item, part in zip(target.elts, values, strict=True):
                self.assign(item.value if isinstance(item, ast.Starred) else item, part, node)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, node)

    def _store_array(self, holder: ast.expr, array: Data, value: Value, node: ast.AST) -> None:
        """`array[i] = tensor`: the array now holds the tensor's value, cut off."""
        if isinstance(holder, ast.Name):
            joined = self.left(CutKind.NUMPY_FUNCTION, Kind.ARRAY, "array item", (array, value), node, array.dtype)
            self.bind_name(holder.id, joined, node)

    def assign_(self, node: ast.Assign) -> None:
        value = known(self.evaluate(node.value))
        if value is UNBOUND:
            value = self.unknown(node)
        for target in node.targets:
            self.assign(target, value, node)

    def ann_assign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, known(self.evaluate(node.value)), node)

    def aug_assign(self, node: ast.AugAssign) -> None:
        """`x += y`: lists grow in place; a tensor makes a new object; a variable is refused by TensorFlow."""
        target = node.target
        old = known(self.evaluate(self._load(target)))
        value = known(self.evaluate(node.value))
        items = self.items(old)
        if items is not None and isinstance(node.op, ast.Add) and isinstance(old, Sequence) and old.kind == "list":
            more = (
                (Several(value),)
                if isinstance(value, VariableSet)
                else self.elements(value, node, Reading.AT_ONCE).items
            )
            self.world.put((old.id, "#"), Items((*items.items, *more)))
            self.stays_empty(old, value)
            self.joined(old, items, Items(tuple(more)), node)
            return
        sign = OPERATORS[type(node.op)][0] + "="
        result = self.binary(type(node.op), old, value, node)
        if isinstance(target, ast.Name):
            self.bind_name(target.id, result, node, sign)
        else:
            self.assign(target, result, node)

    def _load(self, target: ast.expr) -> ast.expr:
        return target

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else (target,):
                self._delete(part, node)

    def forget(self, tape: Tape, node: ast.AST, name: str, certain: bool = True) -> None:
        """The program lets go of a tape."""
        self.event(Happening.DELETE, tape, node, name, certain=certain)
        self.world.put((tape.id, "held", "maybe"), False)

    def _delete(self, target: ast.expr, node: ast.AST) -> None:
        if isinstance(target, ast.Name):
            value = self.lookup(target.id)
            for option in options(value) if value is not None else ():
                if isinstance(option, Tape):
                    self.forget(option, node, target.id, certain=option is value)
            self.world.put((self.frame.id, "deleted", target.id), self.place(node))
            frame = self.frame.module.frame if target.id in self.frame.bindings.globals else self.frame
            self.world.put((frame.id, target.id), UNBOUND)
        elif isinstance(target, ast.Attribute):
            holder = known(self.evaluate(target.value))
            value = self.world.get((holder.id, "." + target.attr))
            for option in options(value) if isinstance(value, Value) else ():
                if isinstance(option, Tape):
                    self.forget(option, node, target.attr, certain=option is value)
            self.world.put((holder.id, "." + target.attr), UNBOUND)
        elif isinstance(target, ast.Subscript):
            holder = known(self.evaluate(target.value))
            self.escape(holder, node)

    # -- branches -------------------------------------------------------------------------------------------------

    def if_(self, node: ast.If) -> None:
        tested = known(self.evaluate(node.test))
        truth = self.truth(tested)
        if truth is None and self.context.trace is not None and self.frame.in_graph and is_tensor(tested):
            self.recording.forks.append(Fork(self.place(node), node.test, (tuple(node.body), tuple(node.orelse))))
        if truth is not None:
            self.play(node.body if truth else node.orelse)
            return
        self._note_handled(node)
        doubted: dict[str, tuple[Value, Value]] = {}
        self.branches(
            node,
            lambda: self._refined(node.test, True, node.body, doubted),
            lambda: self._refined(node.test, False, node.orelse, doubted),
        )
        for name, (held, doubt) in doubted.items():
            now = self.world.get((self.frame.id, name))
            if isinstance(now, Either) and set(now.options) == {*options(held), doubt}:
                self.world.put((self.frame.id, name), held)  # both branches led here, and neither bound it anew

    def _note_handled(self, node: ast.If) -> None:
        """`if g is None: g = zeros`, `if g is not None: apply`: the program is ready for a missing gradient."""
        test = node.test
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and _is_none(test.comparators[0])):
            return
        if isinstance(test.ops[0], ast.Is):
            missing = node.body
        elif isinstance(test.ops[0], ast.IsNot):
            missing = node.orelse or [ast.Pass()]
        else:
            return
        if not any(isinstance(statement, (ast.Raise, ast.Assert)) for statement in missing) and not all(
            isinstance(statement, ast.Expr) for statement in missing
        ):
            self.expect_none(self.compared.get(id(test), UNBOUND))

    def _refined(
        self, test: ast.expr, holds: bool, body: Seq[ast.stmt], doubted: dict[str, tuple[Value, Value]]
    ) -> None:
        """Play a branch knowing what its condition says about a name (`x is None`, `isinstance(x, Table)`)."""
        doubted |= self.doubt(test, holds)
        name, none = _none_test(test)
        if name is not None:
            value = self.lookup(name)
            if isinstance(value, Either):
                kept = [
                    option
                    for option in value.options
                    if (isinstance(option, Const) and option.value is None) == (none == holds)
                    or isinstance(option, Unknown)
                ]
                if kept and self.world.get((self.frame.id, name)) is value:
                    self.world.put((self.frame.id, name), either(kept))
        self.play(body)

    def match_(self, node: ast.Match) -> None:
        subject = known(self.evaluate(node.subject))

        def case(item: ast.match_case) -> Callable[[], None]:
            def run() -> None:
                for name in _captures(item.pattern):
                    self.bind_name(name, self.unknown(item.pattern, (subject,), "item"), item.pattern)
                if item.guard is not None:
                    self.evaluate(item.guard)
                self.play(item.body)

            return run

        taken: list[Callable[[], None]] = []
        open_ = True
        for item in node.cases:
            fits = self._fits(item.pattern, subject)
            if fits is False:
                continue
            taken.append(case(item))
            if fits and item.guard is None:
                open_ = False
                break
        if len(taken) == 1 and not open_:
            taken[0]()
        elif taken:
            self.branches(node, *taken, *((lambda: None,) if open_ else ()))

    def _fits(self, pattern: ast.pattern, subject: Value) -> bool | None:
        """Whether a case takes a constant; None where it can't be told."""
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            return True
        if isinstance(pattern, ast.MatchOr):
            each = [self._fits(one, subject) for one in pattern.patterns]
            return True if True in each else None if None in each else False
        if not isinstance(subject, Const):
            return None
        if isinstance(pattern, ast.MatchSingleton):
            return subject.value is pattern.value
        wanted = pattern.value if isinstance(pattern, ast.MatchValue) else None
        if isinstance(wanted, ast.Constant) and isinstance(wanted.value, (str, int, float, bytes)):
            return bool(subject.value == wanted.value)
        return None

    # -- loops ----------------------------------------------------------------------------------------------------

    @contextmanager
    def looping(self, node: ast.AST, number: int, repeats: bool) -> Iterator[None]:
        loop, before = Loop(self.place(node), number, self.tick()), self.repeating
        self.repeating = before or repeats
        try:
            with self.within(loops=(*self.context.loops, loop)):
                yield
        finally:
            self.repeating = before

    def unknown_rounds(self, begin: Callable[[], bool | None]) -> list[Round]:
        """The rounds for any number of rounds: two, but one where a loop around this one is being repeated.

        The first round of that loop has shown what two rounds of this one do; so loops in loops cost their number.
        """
        first = Round(begin, True)
        return [first] if self.repeating else [first, Round(begin, True, repeats=True)]

    def for_(self, node: ast.For | ast.AsyncFor) -> None:
        """A loop: known items one by one, unknown ones as `unknown_rounds` says."""
        iterated = known(self.evaluate(node.iter))
        items = self.elements(iterated, node.iter, Reading.BY_PIECE).items
        rounds: list[Round] = []

        def bind(value: Value) -> Callable[[], bool | None]:
            def run() -> bool | None:
                given = self.refreshed(value, node)
                self.assign(node.target, given, node.target)
                return True

            return run

        for item in items[:MAX_UNROLL]:
            if isinstance(item, Several):
                rounds += self.unknown_rounds(bind(item.of))[: 1 if rounds else None]
            else:
                rounds.append(Round(bind(item), False))
        if len(items) > MAX_UNROLL:
            rounds.append(rounds[-1]._replace(maybe=True, repeats=True))
        dataset = isinstance(iterated, Object) and iterated.kind == "dataset"
        sole = is_tensor(iterated) and not (isinstance(iterated, Data) and iterated.nested)  # and no dictionary of them
        if self.frame.in_graph and self.context.trace is not None and (sole or dataset):
            self.graph_loops.add(id(node))
        if self.frame.in_graph and is_tensor(iterated):
            rounds = rounds[:1]  # tf.function traces the body of such a loop once
        sure = isinstance(iterated, Object) and iterated.kind in ("dataset", "iterator")
        began = self.tick()
        self._loop(node, rounds, node.body, node.orelse, sure)
        staged = dataset and self.frame.in_graph and self.context.trace is not None and self.world.alive
        if staged and isinstance(iterated, Object) and not iterated.symbol.startswith(_ITERABLES):
            self._hand_on(node, began)

    def _hand_on(self, node: ast.For | ast.AsyncFor, began: int) -> None:
        """A traced loop over a dataset runs in the dataset: what it computed comes back as plain values."""
        cut = Cut(CutKind.PIPELINE, self.place(node.iter), "for")
        stored = {name.id for one in node.body for name in walk(one) if isinstance(name, ast.Name)}
        for name in sorted(stored):
            held = self.world.get((self.frame.id, name))
            if not isinstance(held, Value) or is_gradient(held):
                continue
            parts = [
                self.data(Kind.TENSOR, "dataset", (Link(part, cut),), node.iter, part.dtype, shape=part.shape)
                if isinstance(part, Data) and part.time > began and not part.nested
                else part
                for part in options(held)
            ]
            if any(part is not old for part, old in zip(parts, options(held), strict=True)):
                self.world.put((self.frame.id, name), either(parts))

    def while_(self, node: ast.While) -> None:
        def test() -> bool | None:
            tested = known(self.evaluate(node.test))
            staged = all(is_tensor(option) for option in options(tested))  # also `a and b` of tensors
            if self.frame.in_graph and self.context.trace is not None and staged:
                self.graph_loops.add(id(node))
            return self.truth(tested)

        self._loop(node, self.unknown_rounds(test), node.body, node.orelse, False)

    def _loop(
        self,
        node: ast.stmt,
        rounds: Seq[Round],
        body: Seq[ast.stmt],
        orelse: Seq[ast.stmt],
        sure: bool,
    ) -> None:
        """Play the rounds one after the other."""
        mark = self.world.mark()
        jump = Jump(mark, len(self.exits))
        ends: list[Changes] = []
        self.jumps.append(jump)
        try:
            for number, (begin, maybe, repeats) in enumerate(rounds, 1):
                with self.looping(node, number, repeats):
                    truth = begin()
                    if truth is False:
                        break
                    if (maybe and not (number == 1 and sure) and not isinstance(node, ast.While)) or truth is None:
                        ends.append(self.world.changes(mark))
                    jump.continues = []
                    self.play(body)
                    if self.world.alive:
                        jump.continues.append(self.world.changes(mark))
                    self.world.rollback(mark)
                    self.world.merge(jump.continues)
                    if not self.world.alive:
                        break
                    self.refresh()
            endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
            if self.world.alive and not endless:
                ends.append(self.world.changes(mark))
        finally:
            self.jumps.pop()
        self.world.rollback(mark)
        if ends:
            self.world.merge(ends)
            self.refresh()
            if orelse:
                self.play(orelse)
                ends = [self.world.changes(mark)] if self.world.alive else []
                self.world.rollback(mark)
                self.world.merge([*ends, *jump.breaks])
            elif jump.breaks:
                joined = self.world.changes(mark)
                self.world.rollback(mark)
                self.world.merge([joined, *jump.breaks])
        else:
            self.world.merge(jump.breaks)
            if not jump.breaks and isinstance(node, ast.While):
                self.world.alive = False
        if self.world.alive:
            self.refresh()

    def _leave(self, depth: int) -> None:
        """Run the exits of the `with` blocks that a jump leaves."""
        for leave in reversed(self.exits[depth:]):
            leave()

    def break_(self, node: ast.Break) -> None:
        if self.jumps:
            jump = self.jumps[-1]
            self._leave(jump.exits)
            jump.breaks.append(self.world.changes(jump.mark))
        self.world.alive = False

    def continue_(self, node: ast.Continue) -> None:
        if self.jumps:
            jump = self.jumps[-1]
            self._leave(jump.exits)
            jump.continues.append(self.world.changes(jump.mark))
        self.world.alive = False

    def return_(self, node: ast.Return) -> None:
        value = known(self.evaluate(node.value)) if node.value is not None else self.const(None, node)
        trace = self.context.trace
        if trace is not None and trace.reason is not None and trace.place.node is self.frame.node:
            for leaf in self.flat(value):
                if isinstance(leaf, Tape):
                    self.work("return", "", leaf, node)
        self.leave_function(value)

    def leave_function(self, value: Value) -> None:
        raise NotImplementedError

    def raise_(self, node: ast.Raise) -> None:
        if node.exc is not None:
            self.evaluate(node.exc)
        self.give_up()

    def give_up(self) -> None:
        """An exception ends the path here; a `try` of this function around it goes on from this world."""
        if self.attempts:
            attempt = self.attempts[-1]
            self.raising = True
            try:
                self._leave(attempt.exits)
            finally:
                self.raising = False
            attempt.breaks.append(self.world.changes(attempt.mark))
        self.world.alive = False

    # -- with -----------------------------------------------------------------------------------------------------

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
            return ("", *(_exception_names(node.args[0]) if node.args else ()))
        if name in ("raises", "assertRaises", "assertRaisesRegex", "assertRaisesRegexp", "suppress") or (
            name.startswith("assertRaises")
        ):
            found = tuple(_exception_names(node.args[0]) if node.args else ("",))
            return found if name == "suppress" else ("", *found)
        return ()

    # -- try ------------------------------------------------------------------------------------------------------

    def try_(self, node: ast.Try) -> None:
        guards = self.context.guards
        for handler in node.handlers:
            guards = (*guards, *(_exception_names(handler.type) if handler.type is not None else ("",)))
        mark = self.world.mark()
        points: list[Changes] = [{}]
        finish = self._finish(node.finalbody)
        self.exits.append(finish)
        attempt = Jump(mark, len(self.exits))
        self.attempts.append(attempt)
        with self.within(guards=guards):
            for statement in node.body:
                if not self.world.alive:
                    break
                self.play((statement,))
                if self.world.alive and len(points) < 6:
                    points.append(self.world.changes(mark))
        self.attempts.pop()
        points += attempt.breaks[:6]
        if attempt.breaks and len(points) == 1 + len(attempt.breaks):
            points = attempt.breaks[:6]  # it always raises where we saw it
        ends: list[Changes] = []
        if self.world.alive:
            self.play(node.orelse)
            if self.world.alive:
                ends.append(self.world.changes(mark))
        self.world.rollback(mark)
        self.world.alive = True
        for handler in node.handlers:
            self.world.merge(points)
            self.refresh()
            if handler.name:
                self.bind_name(handler.name, self.unknown(handler, (), "exception"), handler)
            self.play(handler.body)
            if self.world.alive:
                ends.append(self.world.changes(mark))
            self.world.rollback(mark)
            self.world.alive = True
        self.exits.remove(finish)
        self.world.merge(ends)
        if self.world.alive:
            self.refresh()
            self.play(node.finalbody)
        elif node.finalbody:
            # Every way out ends the path, but the `finally` block runs all the same.
            self.world.alive = True
            self.world.merge(points)
            self.play(node.finalbody)
            self.world.alive = False

    def _finish(self, body: Seq[ast.stmt]) -> Exit:
        """The `finally` block, as a way out by `return`, `break` or `continue` runs it."""
        running = False

        def finish() -> None:
            nonlocal running
            if not running:
                running = True
                self.play(body)
                running = False

        return finish

    # -- definitions ----------------------------------------------------------------------------------------------

    def function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names: list[str] = []
        unknown: list[Value] = []
        for decorator in reversed(node.decorator_list):
            value = known(self.evaluate(decorator))
            if isinstance(value, Partial):
                value = value.function
            if isinstance(value, Tape):
                self.event(Happening.UNKNOWN_METHOD, value, decorator, "__call__")
            name = self._decorator(value, decorator)
            names.append(name)
            self.recording.decorators[id(node), name] = self.place(decorator)
            if name == "?":
                unknown.append(value)
        owner = self.frame.node if isinstance(self.frame.node, ast.ClassDef) else None
        function = Function(
            node,
            self.frame.module,
            self._closure(),
            self.place(node),
            self.tick(),
            self._defaults(node.args),
            names,
            self.classes.get(id(owner)) if owner is not None else None,
        )
        if owner is None:
            self.pending.append(function)
        value_: Value = function
        if "tensorflow.function" in names:
            self.note_wrapping(function, function, node)
        followed = "?" in names and (owner is None or set(names) == {"?"})
        if followed and owner is not None:
            function.decorators = ()
        through = self._called_through(unknown, function) if followed else None
        if through is not None:
            function.decorators = tuple(name for name in names if name != "?")
            value_ = through
            if owner is not None and through is not function:
                self.world.put((through.id, "around"), function)
        elif "?" in names:
            function.decorators = tuple(names)
            value_ = Unknown(self.place(node), self.tick(), (function, *unknown), "decorated")
            if owner is None:
                function.decorators = tuple(name for name in names if name != "?")
        self.bind_name(node.name, value_, node)

    def _called_through(self, decorators: list[Value], function: Function) -> Value | None:
        """What visible decorators make of a function; None where one of them can't be followed to a function."""
        found: Value = function
        for decorator in decorators:
            if not isinstance(decorator, Function) or decorator.decorators:
                return None
            found = self.call_function(decorator, Arguments((found,)), function.node)  # type: ignore[arg-type]
            if not isinstance(found, Function):
                return None
        return found

    def _closure(self) -> Frame:
        frame = self.frame
        if isinstance(frame.node, ast.ClassDef) and frame.parent is not None:
            return frame.parent
        return frame

    def _decorator(self, value: Value, node: ast.expr) -> str:
        """The dotted name of a decorator that we know, "?" for one that may change the function."""
        if isinstance(value, Symbol):
            if value.name in TRANSPARENT or value.name == "tensorflow.custom_gradient":
                return value.name
            if value.name.endswith((".setter", ".getter", ".deleter")):
                return value.name
        text = ast.unparse(node.func if isinstance(node, ast.Call) else node)
        for known_name in ("functools.wraps", "functools.lru_cache", "tensorflow.function"):
            if text == known_name or text.endswith("." + known_name.rsplit(".", 1)[-1]):
                return known_name
        if isinstance(node, ast.Call):
            function = known(self.evaluate(node.func))
            if isinstance(function, Symbol) and function.name in TRANSPARENT:
                return function.name
        if isinstance(node, ast.Attribute) and node.attr in ("setter", "getter", "deleter"):
            return "?." + node.attr
        return "?"

    def class_def(self, node: ast.ClassDef) -> None:
        bases = [known(self.evaluate(base)) for base in node.bases]
        frame = Frame(self.frame.module, self._closure(), bindings_of(node), node)
        cls = Class(node, self.frame.module, bases, frame, self.place(node), self.tick())
        self.classes[id(node)] = cls
        outer = self.frame
        self.frame = frame
        try:
            self.play(node.body)
        finally:
            self.frame = outer
        decorators = [ast.unparse(item) for item in node.decorator_list]
        plain = all(
            "dataclass" in item or "register_keras_serializable" in item or item.startswith(("attr", "keras_export"))
            or "export" in item or "final" in item
            for item in decorators
        )  # fmt: skip
        self.pending_classes.append(cls)
        self.bind_name(node.name, cls if plain else Unknown(cls.place, cls.time, (cls,), "decorated"), node)

    # -- imports --------------------------------------------------------------------------------------------------

    def import_(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                bound, name = alias.asname, alias.name
            else:
                bound = name = alias.name.split(".")[0]
            library = _module(name)
            self._module_spelled(library, alias)
            found = self.module_named(name, node) or Symbol(api.resolve(library), self.place(node), library)
            self.bind_name(bound, found, node)

    def import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        ours = self.module_named(module, node)
        self._module_spelled(_module(module), node)
        for alias in node.names:
            bound = alias.asname or alias.name
            if alias.name == "*":
                if ours is not None and self.frame is self.frame.module.frame:
                    self.frame.module.stars.append(ours)
                continue
            name = f"{_module(module)}.{alias.name}"
            if alias.name in TENSORFLOW and not module.startswith("tensorflow"):
                name = "tensorflow"
            elif alias.name == "GradientTape" and (module.startswith("tensorflow") or node.level):
                name = TAPE
            elif ours is not None:
                self.bind_name(bound, Member(ours, alias.name, name, self.place(node), self.clock), node)
                continue
            self.spelled(name, alias.name, alias)
            self.bind_name(bound, Symbol(api.resolve(name), self.place(node), name), node)

    def _module_spelled(self, name: str, node: ast.AST) -> None:
        """An import reaches every package above what it names: the first that is not there ends it."""
        end = name.find(".experimental")
        if end >= 0 and (end := end + len(".experimental")) in (len(name), name.find(".", end)):
            self.spelled(name[:end], "experimental", node)

    # -- the rest -------------------------------------------------------------------------------------------------

    def expr(self, node: ast.Expr) -> None:
        self.alone.add(node.value)
        value = self.evaluate(node.value)
        call = node.value
        if isinstance(value, (Data, Sequence)):
            self.recording.dropped.append(Dropped(value, self.place(call), self.context))
        if (
            isinstance(value, Paused)
            and value.tape is not None
            and isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "stop_recording"
        ):
            self.event(Happening.BARE_PAUSE, value.tape, node.value, "stop_recording")

    def assert_(self, node: ast.Assert) -> None:
        test = node.test
        value = self.evaluate(test)
        for part in test.values if isinstance(test, ast.BoolOp) else (test,):
            if isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], (ast.Is, ast.Eq)):
                comparator = part.comparators[0]
                if isinstance(comparator, ast.Constant) and comparator.value is None:
                    self.expect_none(self.compared.get(id(part), UNBOUND))
        if self.truth(known(value)) is False:
            self.give_up()

    def nothing(self, node: ast.stmt) -> None:
        """`pass`, `global`, `nonlocal`: the scope knows them already."""


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


def _module(name: str) -> str:
    if name == "tf_keras" or name.startswith("tf_keras."):
        return "keras" + name.removeprefix("tf_keras")
    return name


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _none_test(test: ast.expr) -> tuple[str | None, bool]:
    """The name that a condition compares with None, and whether it holds when the name is None."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Name):
        comparator = test.comparators[0]
        if isinstance(comparator, ast.Constant) and comparator.value is None:
            if isinstance(test.ops[0], (ast.Is, ast.Eq)):
                return test.left.id, True
            if isinstance(test.ops[0], (ast.IsNot, ast.NotEq)):
                return test.left.id, False
    if isinstance(test, ast.Name):
        return test.id, False
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name):
        return test.operand.id, True
    return None, False


def _exception_names(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Tuple):
        return tuple(name for item in node.elts for name in _exception_names(item))
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    return (node.id,) if isinstance(node, ast.Name) else ("",)


def _captures(pattern: ast.pattern) -> list[str]:
    found = []
    for node in walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.append(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.append(node.rest)
    return found


_CASES: dict[type[ast.AST], Callable[..., None]] = {
    ast.Expr: Statements.expr,
    ast.Assign: Statements.assign_,
    ast.AnnAssign: Statements.ann_assign,
    ast.AugAssign: Statements.aug_assign,
    ast.Delete: Statements.delete,
    ast.If: Statements.if_,
    ast.Match: Statements.match_,
    ast.For: Statements.for_,
    ast.AsyncFor: Statements.for_,
    ast.While: Statements.while_,
    ast.Break: Statements.break_,
    ast.Continue: Statements.continue_,
    ast.Return: Statements.return_,
    ast.Raise: Statements.raise_,
    ast.With: Statements.with_,
    ast.AsyncWith: Statements.with_,
    ast.Try: Statements.try_,
    ast.FunctionDef: Statements.function_def,
    ast.AsyncFunctionDef: Statements.function_def,
    ast.ClassDef: Statements.class_def,
    ast.Import: Statements.import_,
    ast.ImportFrom: Statements.import_from,
    ast.Assert: Statements.assert_,
    ast.Pass: Statements.nothing,
    ast.Global: Statements.nothing,
    ast.Nonlocal: Statements.nothing,
}
if hasattr(ast, "TryStar"):
    _CASES[ast.TryStar] = Statements.try_
