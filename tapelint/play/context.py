"""How the player came to a place: the calls, loops, traces and strategies around it."""

from __future__ import annotations

import ast

from tapelint.play.values import Place, Value
from tapelint.record import Record


class Context(Record):
    """How the player came to a place: the calls on the way, the loops around it, what is caught around it."""

    calls: tuple[Place, ...] = ()
    loops: tuple[Loop, ...] = ()
    guards: tuple[str, ...] = ()
    """Names of the exceptions that a `try` or `raises` block around the place takes care of."""
    in_graph: bool = False
    near: int = 0
    """How many of the guards stand outside the function that is played."""
    trace: Trace | None = None
    """The outermost function around the place that TensorFlow traces into a graph."""
    scope: Scope | None = None
    """The open `strategy.scope()`, where no `strategy.run` is between it and the place."""
    replica: Scope | None = None
    """The `strategy.run` that runs the place in every replica."""
    conditions: frozenset[tuple[int, int]] = frozenset()
    """The branches around the place of which can't be told whether they are taken: statement and number."""

    @property
    def experiment(self) -> bool:
        """Whether a `try` of the same function catches everything: the program tries out what happens."""
        return any(guard in ("", "Exception", "BaseException") for guard in self.guards[self.near :])

    def guarded(self, *exceptions: str) -> bool:
        """Whether one of `exceptions`, raised here, is expected by the program."""
        if not self.guards:
            return False
        wanted = {"", "Exception", "BaseException", *exceptions}
        return any(guard in wanted for guard in self.guards)


class Trace(Record):
    """A function that TensorFlow traces: where it stands, and `reason` why (a decorator, a `tf.function` call).

    `reason` is None where `fit` traces a `train_step`. `time` is the tick at which the trace began.
    """

    name: str
    place: Place
    reason: Place | None
    time: int
    function: int = 0
    """The id of the traced function: one for each time that it was decorated or wrapped."""
    call: Place | None = None
    alone: ast.AST | None = None
    """The function that is played on its own around the call; None in the run of the module itself."""
    earlier: Trace | None = None
    """The call of the same function before this one, on the way that leads here."""
    arguments: frozenset[int] = frozenset()
    """The ids of the tensors that it was called with: while it is traced, placeholders stand in for them."""


class Scope(Record):
    """A strategy and where its `scope()` was entered, or where its `run` was called on the function `name`."""

    strategy: Value
    place: Place
    name: str = ""


class Loop(Record):
    """A loop around a place: its statement, the round that is played (1, 2, …), when the round began."""

    place: Place
    round: int
    time: int
