"""Playing statements: assignment, branches, loops, `with`, `try`, definitions, imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Seq
from contextlib import contextmanager

from tapelint.play.context import Loop
from tapelint.play.expressions import MAX_UNROLL
from tapelint.play.machine import ACTIVE, Exit, Jump, Reading, Round
from tapelint.play.managers import Managers, exception_names
from tapelint.play.outline import walk
from tapelint.play.pairs import is_gradient
from tapelint.play.records import Dropped, Fork, Happening
from tapelint.play.values import (
    UNBOUND,
    Const,
    Cut,
    CutKind,
    Data,
    Either,
    Entries,
    Items,
    Kind,
    Link,
    Object,
    Paused,
    Sequence,
    Several,
    Tape,
    Unknown,
    Value,
    either,
    is_tensor,
    newest_id,
    options,
)
from tapelint.play.world import Changes, known

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

_ITERABLES = ("keras.preprocessing.", "tensorflow_datasets.as_numpy", "tensorflow_datasets.as_dataframe")
"""What gives batches of data and is no Dataset: a loop over it is unrolled in a graph."""


class Statements(Managers):
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
            if self.world.alive and not ends and number == len(parts) - 1:
                break  # only the last one leads on: there is nothing to join
            if self.world.alive:
                ends.append(self.world.changes(mark))
            self.world.rollback(mark)
            self.world.alive = True
        else:
            self.world.merge(ends)
        if self.world.alive:
            self.refresh()

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
        if repeats and not before:
            self.repeating, self.repeated = True, (self.world.mark(), loop.time)
        try:
            with self.within(loops=(*self.context.loops, loop)):
                yield
        finally:
            self.repeating = before

    def unknown_rounds(self, begin: Callable[[], bool | None]) -> list[Round]:
        """The rounds for any number of rounds: two, but one where a loop around this one is being repeated.

        The first round of that loop has shown what two rounds of this one do.
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
        past = self.left_behind.get((self.frame.id, id(node))) if self.repeating else None
        if past is not None and rounds and rounds[0].maybe and not self.world.get(ACTIVE):
            self._pass_over(node, past)
            return
        mark, newest = self.world.mark(), newest_id()
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
                    if jump.continues or not self.world.alive:
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
            if self.jumps and not self.repeating and self.frame.id not in self.yields:
                # Nobody can reach the objects that the loop made, but through those that were there before.
                self.left_behind[self.frame.id, id(node)] = {
                    key: left
                    for key, left in self.world.changes(mark).items()
                    if isinstance(key[0], int) and key[0] <= newest
                }

    def _pass_over(self, node: ast.AST, changes: Changes) -> None:
        """A loop that is met once more, in a round like the last of the loop around it, shows nothing new.

        `changes` is what it left behind in that round. Names and attributes that it wrote may now be anything, all else
        is as it stands or as it was left then; and what was made since the new round began is in the loop's hands.
        """
        mark, began = self.repeated
        for value in self.world.changes(mark).values():
            for option in options(value) if isinstance(value, Value) else ():
                if option.time >= began:
                    self.escape(option, node)
        unsure: Changes = {}
        for key, left in changes.items():
            if isinstance(left, Value):
                self.world.put(key, self.unknown(node, (), "loop"))
            elif isinstance(left, Items):
                unsure[key] = Items((Several(self.unknown(node, (), "loop")),))
            elif isinstance(left, Entries):
                unsure[key] = Entries((), self.unknown(node, (), "loop"))
            else:
                unsure[key] = left
        self.world.merge([{}, unsure])
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

    # -- try ------------------------------------------------------------------------------------------------------

    def try_(self, node: ast.Try) -> None:
        guards = self.context.guards
        for handler in node.handlers:
            guards = (*guards, *(exception_names(handler.type) if handler.type is not None else ("",)))
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
