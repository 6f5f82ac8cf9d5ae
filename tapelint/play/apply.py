"""A step of an optimizer: what it was given, which gradient stood beside which variable."""

from __future__ import annotations

import ast

from tapelint.play.ask import Ask
from tapelint.play.context import Context
from tapelint.play.values import Items, Place, Tape, Value
from tapelint.record import Record


class Apply:
    """One call on an optimizer: `apply_gradients`, `apply` or `minimize`."""

    def __init__(
        self,
        method: str,
        optimizer: Value,
        place: Place,
        time: int,
        context: Context,
        args: tuple[Value, ...],
        kwargs: dict[str, Value],
    ) -> None:
        self.method = method
        self.optimizer = optimizer
        self.place = place
        self.time = time
        self.context = context
        self.args = args
        self.kwargs = kwargs
        self.loss: Value | None = None
        """What a loss function that `minimize` got gave back."""
        self.unentered: Tape | None = None
        """The tape that `minimize` got, when it certainly has recorded nothing."""
        self.certain = True
        """False when the receiver may also be something else than an optimizer."""
        self.alone = True
        """False when the receiver may also be another optimizer."""
        self.pairs: Pairs | None = None
        """What is applied, gradient beside variable; None when it is not known."""
        self.empty: Place | None = None
        """Where the pairs were read to the end before, so that nothing is left of them."""
        self.mismatch: Mismatch | None = None
        """A gradient that certainly stands beside another variable than its own."""
        self.stranger: Stranger | None = None
        """A variable that the optimizer certainly does not know, because its first step had others."""

    @property
    def node(self) -> ast.Call:
        assert isinstance(self.place.node, ast.Call)
        return self.place.node


class Pairs(Record):
    """The two columns of (gradient, variable) pairs, as they were put together at `place`.

    Items stand as in a sequence, `Several` for a number of them that is not known.
    """

    gradients: Items
    variables: Items
    place: Place | None

    @property
    def exact(self) -> bool:
        """Whether it is known how many pairs there are."""
        return self.gradients.exact and self.variables.exact


class Mismatch(Record):
    """How pairs are wrong ("order", "state", "length", "other"), the source of the gradient, the variable beside it."""

    kind: str
    source: Value
    variable: Value
    ask: Ask
    state: Place | None = None
    """Where the layer with state was made ("state")."""


class Stranger(Record):
    """A variable that the optimizer meets too late, and the place and variables of its first step."""

    variable: Value
    first: Place
    met: tuple[Value, ...]
