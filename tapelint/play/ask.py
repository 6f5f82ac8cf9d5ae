"""A gradient that was asked for, and what the query found for each of its sources."""

from __future__ import annotations

import ast
from enum import Enum

from tapelint.play.context import Context
from tapelint.play.marks import Frozen
from tapelint.play.tape import Session, TapeState
from tapelint.play.values import Cut, Link, Object, Place, Tape, Value, VariableSet
from tapelint.record import Record

ASKS = {
    "gradient": ("target", "sources", "output_gradients", "unconnected_gradients"),
    "jacobian": ("target", "sources", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
    "batch_jacobian": ("target", "source", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
}
"""The asking methods and their parameters in order."""


class Standing(Enum):
    """How a target stands to a source."""

    CONNECTED = "connected"
    UNKNOWN = "unknown"
    CUT = "cut"


class Fault(Enum):
    """Why a source that is reached, or would be, gets no gradient; None of these where the path itself is cut."""

    UNWATCHED = "unwatched"
    WATCHED_LATE = "watched-late"
    NOT_TRAINABLE = "not-trainable"
    NOTHING_WATCHED = "nothing-watched"
    INTEGER_SOURCE = "integer-source"
    NOT_USED = "not-used"
    CONSTANT_TARGET = "constant-target"
    RECREATED = "recreated"
    FROZEN = "frozen"
    EMPTY = "empty"
    RESTARTED = "restarted"
    """The recording began anew after the target was computed (a gradient call under `stop_recording`)."""
    INVALID = "invalid"
    STATE = "state"
    """The source is a list of variables in which some are not trainable; `place` is the layer that holds these."""
    SEED = "seed"
    """The same, where all that is not trainable is the seeds of Keras 3."""


class Met(Record):
    """A cut on the way back from the target; `value` is what was cut off, `reaches` whether the source lies behind.

    `reaches` is None when it can't be told. `trail` are the values between the cut and the source, from the cut on.
    """

    cut: Cut
    value: Value
    reaches: bool | None
    trail: tuple[Value, ...] = ()


class Verdict(Record):
    """What the query found for one source of one gradient call."""

    standing: Standing
    source: Value
    node: ast.AST
    fault: Fault | None = None
    met: tuple[Met, ...] = ()
    place: Place | None = None
    """The place that the fault is about: a late watch, for instance."""
    used: Place | None = None
    """Where the source was used without being tracked."""
    part: bool = False
    """The source is one variable out of a set that as a whole is connected."""
    raising: Met | None = None
    """An operation without a gradient function on a way back to the source: asking raises LookupError."""

    @property
    def cut(self) -> Met | None:
        """The cut that explains best: one behind which the source certainly lies, else one that may hide it.

        What was written into a copy since it was made says more than that it is one.
        """
        for wanted in (True, None, False):
            found = [met for met in self.met if met.reaches is wanted]
            if found:
                return next((met for met in found if met.cut.op != "copy.deepcopy"), found[0])
        return None


class Ask:
    """One call of gradient, jacobian or batch_jacobian."""

    def __init__(
        self,
        tape: Tape,
        method: str,
        place: Place,
        time: int,
        state: TapeState,
        context: Context,
        session: Session | None,
        target: Value,
        sources: Value,
        target_node: ast.AST,
        sources_node: ast.AST,
        arguments: dict[str, Value],
        certain: bool = True,
        inside: bool = False,
    ) -> None:
        self.tape = tape
        self.method = method
        self.place = place
        self.time = time
        self.state = state
        self.context = context
        self.session = session
        self.target = target
        self.sources = sources
        self.target_node = target_node
        self.sources_node = sources_node
        self.arguments = arguments
        self.certain = certain
        """False when the receiver may also be another tape."""
        self.zero = False
        """`unconnected_gradients` replaces missing gradients by zeros, or may do so."""
        self.verdicts: list[Verdict] = []
        self.expected_none = False
        """The program itself asserts that a gradient is None."""
        self.inside = inside
        """The tape was recording when it was asked."""
        self.again = False
        """A result was differentiated once more."""
        self.results: list[Value] = []
        self.slopes: dict[int, tuple[Link, ...]] = {}
        """Of each result that is the gradient of something linear in its source: what it really was made from."""
        self.backwards = False
        """The sources were computed from the targets: the two stand in each other's place."""
        self.idle: list[tuple[VariableSet, Verdict]] = []
        """Layers that ran forward and have no part in the target, though their weights are among the sources."""
        self.terms: list[Verdict] = []
        """Of a target that is a sum: the terms that give no gradient to any source, though one lies behind them."""
        self.answer: Value | None = None
        """What the call gave: a gradient, or gradients in the structure of the sources."""
        self.hidden: tuple[Hidden, ...] = ()
        """What the models of the sources keep where Keras does not look."""
        self.embedded: list[Object] = []
        """The `Embedding` layers whose weights certainly are among the sources."""
        self.ragged = False
        """The sources certainly differ in shape, so that no tensor can be packed of their gradients."""
        self.owned: frozenset[int] = frozenset()
        """The ids of all models, layers and variables that the sources are made of, where whole sets are asked for."""
        self.frozen: Frozen | None = None
        """Why there are no sources: the model was told not to be trained, then asked for its trainable variables."""

    @property
    def node(self) -> ast.Call:
        assert isinstance(self.place.node, ast.Call)
        return self.place.node


class Hidden(Record):
    """Something trainable that Keras does not count among a model's variables, and the object that keeps it.

    `how` is "attribute" (a `tf.Variable` on a Keras 3 layer), "plain" (inside an object of a plain class) or
    "closure" (a function that the model keeps refers to it, where `used` is).
    """

    value: Value
    holder: Value
    how: str
    used: Place | None = None
