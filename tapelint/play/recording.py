"""What rules read: the events of all tapes, the gradients that were asked, the updates that were applied."""

from __future__ import annotations

import ast
from bisect import bisect
from collections.abc import Callable, Container, Iterator
from enum import Enum
from functools import cached_property

from tapelint.diagnostic import Span
from tapelint.play.scope import Module
from tapelint.play.tape import Session, TapeState
from tapelint.play.values import (
    Cut,
    CutKind,
    Data,
    Either,
    Items,
    Link,
    Object,
    OneShot,
    Place,
    Sequence,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
)
from tapelint.record import Record
from tapelint.source.text import Source

ASKS = {
    "gradient": ("target", "sources", "output_gradients", "unconnected_gradients"),
    "jacobian": ("target", "sources", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
    "batch_jacobian": ("target", "source", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
}
"""The asking methods and their parameters in order."""


class Happening(Enum):
    """What can happen to a tape."""

    CREATE = "create"
    ENTER = "enter"
    EXIT = "exit"
    WATCH = "watch"
    PAUSE = "pause"
    RESUME = "resume"
    RESET = "reset"
    ASK = "ask"
    DELETE = "delete"
    REBIND = "rebind"
    ESCAPE = "escape"
    UNKNOWN_METHOD = "unknown-method"
    BARE_PAUSE = "bare-pause"


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


class Fork(Record):
    """Two branches that are both traced: the condition is a tensor in a traced function."""

    place: Place
    condition: ast.AST
    branches: tuple[tuple[ast.AST, ...], ...]


class Wrapping(Record):
    """A `tf.function` that is made at `place`; `identity` is the same when it wraps the same function again.

    `function` is the id of the traced function that comes out, `called` are the places where that is called, in order.
    """

    place: Place
    time: int
    context: Context
    identity: tuple[int, ...]
    function: int
    name: str


class Rereading(Record):
    """An iterator over gradients that is read at `place`, although `first` certainly read it to its end before."""

    value: OneShot
    first: Place
    place: Place
    context: Context


class Disconnected(Record):
    """An output of a functional model that was computed from an input which the model does not have.

    `node` is the expression that gives the output, `given` the one that gives the model's inputs, `root` the place of
    the other input.
    """

    node: ast.AST
    given: ast.AST
    root: Place
    place: Place
    context: Context


class Making(Record):
    """An optimizer, layer or model makes its variables here: it is used for the first time."""

    value: Value
    what: str
    place: Place
    context: Context


class Loop(Record):
    """A loop around a place: its statement, the round that is played (1, 2, …), when the round began."""

    place: Place
    round: int
    time: int


class Event(Record):
    """Something that happens to `tape` at `place`; `state` is the tape's state just before."""

    what: Happening
    tape: Tape
    place: Place
    time: int
    state: TapeState
    context: Context
    name: str = ""
    """The method or the name in the program that is concerned."""
    value: Value | None = None
    """What is watched (WATCH), or the tape that took the name (REBIND)."""
    certain: bool = True
    """False when the receiver may also be another tape."""


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
        """The cut that explains best: one behind which the source certainly lies, else one that may hide it."""
        for wanted in (True, None, False):
            for met in self.met:
                if met.reaches is wanted:
                    return met
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


class Frozen(Record):
    """That `trainable` of a model or layer was set, and where. `value` is None when it is not known to what."""

    value: bool | None
    place: Place
    context: Context
    time: int = 0

    def join(self, values: list[Frozen], missing: bool) -> Frozen:
        agreed = not missing and all(value.value is values[0].value for value in values)
        return values[0] if agreed else values[0]._replace(value=None)


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


class Use(Record):
    """A method, attribute or argument of a library object: `how` is "call", "read" or "write"."""

    value: Value
    name: str
    how: str
    place: Place
    context: Context
    item: Value | None = None
    """What is written."""
    certain: bool = True


class Lack(Record):
    """The program reaches a function by a dotted name that `tf.keras` does not have in Keras 3."""

    name: str
    place: Place
    context: Context


class Clip(Record):
    """A call of one of the clipping functions; `given` is what it clips and `result` what it gives."""

    op: str
    given: Value
    result: Value
    place: Place
    context: Context


class Returned(Enum):
    """What a function under `tf.custom_gradient` returned."""

    PAIR = "pair"
    VALUE = "value"
    NOTHING = "nothing"
    SWAPPED = "swapped"
    CALLED = "called"
    MANY = "many"
    UNKNOWN = "unknown"


class Custom:
    """One call of a function under `tf.custom_gradient`, or the function by itself when nobody calls it."""

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        name: str,
        place: Place,
        context: Context,
        method: bool,
        result: Value | None,
    ) -> None:
        self.node = node
        self.name = name
        self.place = place
        self.context = context
        self.method = method
        """Whether its first parameter is `self`."""
        self.result = result
        """What the call gives to the program; None when the function was not called."""
        self.reason: Place | None = None
        self.inputs: tuple[Value, ...] | None = None
        """The positional arguments as flat leaves; None when their number is not known."""
        self.keywords: tuple[str, ...] = ()
        self.returned: Returned = Returned.UNKNOWN
        self.outputs: int | None = None
        self.reads: list[tuple[Value, Place | None]] = []
        """Trainable variables that the value was computed from, beside the arguments, and where."""
        self.gradient: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None = None
        self.upstreams: tuple[str, ...] = ()
        self.takes_variables = False
        self.single = False
        """The gradient function takes `variables`, but returns one tensor, which holds no gradients of them."""
        self.open = False
        """The gradient function takes any number of arguments, or has defaults."""
        self.gradients: int | None = None
        """How many gradients it returns."""
        self.answers: tuple[bool | None, ...] = ()
        """Whether each of them depends on an upstream gradient."""


class Work(Record):
    """Something that is done with a gradient, or in a traced function with a tensor that has no numbers yet.

    `how` is "operator", "call", "method", "index", "iterate", "unpack" (into `number` names), "write" (of `others` into
    a variable), "list" (with a whole list of gradients), "lists" (with a list of such lists), "return" (a tape, from a
    traced function), "items" (of a dictionary of gradients), "leave" (the traced tensor goes to Python or NumPy),
    "print" or "keep" (in the object `others[0]`, which is older than the trace); `op` is what the program calls it. For
    an operator or a call `number` is the position of the value among the operands.
    """

    how: str
    op: str
    value: Value
    place: Place
    context: Context
    others: tuple[Value, ...] = ()
    number: int = 0


class Forward(Record):
    """One call of a model or layer. `training` is what it was told of its mode, None when nothing.

    `modes` are the layers in it that work differently in training and are not frozen, `penalized` those with a
    regularizer; `began` and `ended` are the ticks at which the call began and ended.
    """

    layer: Value
    result: Value
    training: Value | None
    place: Place
    context: Context
    began: int
    modes: tuple[Object, ...] = ()
    penalized: tuple[Object, ...] = ()
    added: tuple[AddedLoss, ...] = ()
    """What the layer certainly gave to its own `add_loss` in this call."""
    ended: int = 0


class AddedLoss(Record):
    """A tensor that a visible layer gave to its own `add_loss` while it was called."""

    layer: Value
    loss: Data
    place: Place


class Hidden(Record):
    """Something trainable that Keras does not count among a model's variables, and the object that keeps it.

    `how` is "attribute" (a `tf.Variable` on a Keras 3 layer), "plain" (inside an object of a plain class) or
    "closure" (a function that the model keeps refers to it).
    """

    value: Value
    holder: Value
    how: str


class Dropped(Record):
    """The value of an expression that is a statement of its own: nobody keeps it."""

    value: Value
    place: Place
    context: Context


class Joined(Record):
    """Two lists put one behind the other: what they held, and the list that holds both."""

    result: Value
    before: Items
    more: Items
    place: Place
    context: Context


class Zip(Record):
    """A call of `zip` on `parts`; `columns` are their elements at that time."""

    parts: tuple[Value, ...]
    columns: tuple[Items, ...]
    place: Place
    context: Context


class Operation(Record):
    """How a value was computed: `function` in full (`tensorflow.exp`, `-`), with all its arguments, also constants.

    `callee` is the layer, model, loss or the like that was called, None for a function or an operator.
    """

    function: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    place: Place
    context: Context
    callee: Value | None = None

    def get(self, position: int, name: str) -> Value | None:
        """The argument at `position` (from 0) or of that name."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[position] if 0 <= position < len(self.args) else None


class Run(Record):
    """One played call of a visible function, from the tick `began` to the tick `ended`; `place` is the call."""

    began: int
    ended: int
    place: Place
    function: ast.AST
    trace: Trace | None
    """The trace that it is part of."""


class Undefined(Record):
    """A tape method called on a name that no path binds here. `deleted` is where it was deleted."""

    name: str
    method: str
    place: Place
    context: Context
    deleted: Place | None
    function: object = None
    """The function (its node, None for the module) around the place."""


class Rebinding(Record):
    """A name that held `old` got `new`, which was computed from it."""

    name: str
    old: Value
    new: Value
    place: Place
    operator: str
    context: Context
    certain: bool = True
    """False when the name may also have held something else."""
    plain: bool = False
    """Whether the name certainly held a tensor, if not certainly this one."""


class Creation(Record):
    """A variable, layer, optimizer or model that was made at `place`; `inside` are the tapes recording then."""

    value: Value
    what: str
    place: Place
    time: int
    context: Context
    inside: tuple[Tape, ...]
    function: ast.AST | None
    certain: bool = True
    """False when something else may be called here instead."""


class ClassEntered(Record):
    """`with tf.GradientTape as tape`: the class where an object is needed."""

    place: Place
    symbol: str
    context: Context


_OPERATORS = {
    "tensorflow.add": "+",
    "tensorflow.subtract": "-",
    "tensorflow.multiply": "*",
    "tensorflow.divide": "/",
    "tensorflow.truediv": "/",
    "tensorflow.pow": "**",
    "tensorflow.negative": "unary -",
    "tensorflow.greater": ">",
    "tensorflow.greater_equal": ">=",
    "tensorflow.less": "<",
    "tensorflow.less_equal": "<=",
    "tensorflow.equal": "==",
    "tensorflow.not_equal": "!=",
}
"""Functions that do what an operator does."""

_MOST_BEHIND = 3_000
"""How many values one walk back looks at."""


def _is_weight(value: Value, owned: Container[int]) -> bool:
    """Whether a value is, or stands for, trainable variables of what is owned."""
    if isinstance(value, VariableSet):
        return value.which == "trainable" and value.owner.id in owned
    if isinstance(value, Variable) and value.trainable is True:
        return value.id in owned or (value.owner is not None and value.owner.id in owned)
    return False


class Recording:
    """Everything that the player put down while it played one module, as one of the modules that took part sees it.

    `module`, of the text `source`, is the module that is judged; `modules` are all that were read, the played first.
    """

    def __init__(self, module: Module, keras: int) -> None:
        self.source = module.source
        self.keras = keras
        self.module = module
        self.modules = [module]
        self.visited: set[Module] = set()
        """The modules of which a function ran."""
        self.tapes: list[Tape] = []
        self.events: list[Event] = []
        self.asks: list[Ask] = []
        self.answers: dict[int, Ask] = {}
        """The calls by the id of the value that each gave as a whole: one gradient, or the structure of them."""
        self.applies: list[Apply] = []
        self.uses: list[Use] = []
        self.lacking: list[Lack] = []
        self.clips: list[Clip] = []
        self.works: list[Work] = []
        self.forks: list[Fork] = []
        self.wrappings: list[Wrapping] = []
        self.trace_calls: list[Trace] = []
        """Every call of a traced function, in the order of play."""
        self.makings: list[Making] = []
        self.disconnected: list[Disconnected] = []
        self.rereadings: list[Rereading] = []
        self.accumulators: list[Object] = []
        """The forward accumulators, with the tape that stands for each and its primals in `args`."""
        self.jvps: list[Ask] = []
        """The calls of `jvp`; `backwards` says that the accumulator was never entered."""
        self.customs: list[Custom] = []
        self.zips: list[Zip] = []
        self.forwards: list[Forward] = []
        self.dropped: list[Dropped] = []
        self.joined: list[Joined] = []
        self.undefined: list[Undefined] = []
        self.creations: list[Creation] = []
        self.rebindings: dict[int, Rebinding] = {}
        self.classes_entered: list[ClassEntered] = []
        self.sessions: dict[int, Session] = {}
        self._by_tape: dict[int, list[Event]] = {}
        self._sorted = -1
        self.names: dict[int, str] = {}
        """The name that a value was first bound to, by the value's id."""
        self.stored: dict[int, Place] = {}
        """Where a tape was stored in an attribute or container, by the tape's id."""
        self.updated: set[int] = set()
        """The ids of variables, and of the owners of variables, that the program writes new values into."""
        self.argument_kinds: dict[int, str] = {}
        """What the first positional argument of a tape is when it is no switch ("thing"), by the tape's id."""
        self.escaped: set[int] = set()
        """The ids of tapes that went to code that can't be seen."""
        self.given: dict[int, list[int]] = {}
        """The ticks at which a variable or an object (also a layer or model) went to code that can't be seen."""
        self.lent: dict[int, int] = {}
        """When code that can't be seen first had a function in hand, by the id of its definition."""
        self.handed: set[int] = set()
        """The ids of gradients that went to code that can't be seen, or out of the function."""
        self.read: set[int] = set()
        """The ids of tapes whose watched variables or attributes were read."""
        self.unnamed: list[Tape] = []
        """Tapes that were entered by a `with` that gives them no name."""
        self.unbuilt: dict[int, Value] = {}
        """The layer or model whose weights did not exist yet, by the id of the empty list that it gave."""
        self.unbuilt_at: dict[int, Value] = {}
        """The same by the id of the expression that gave the list."""
        self.rehearsals: list[tuple[int, int]] = []
        """When layers ran on symbolic tensors, by the ticks of begin and end: a functional model does it all again."""
        self.zeros: set[int] = set()
        """The ids of tensors and arrays that were made as zeros."""
        self.cleared: set[int] = set()
        """The ids of variables that certainly hold nothing but zeros when they are made."""
        self.entries: list[int] = []
        """The ticks at which functions began to be played by themselves, after the module."""
        self.replayed: dict[int, Operation] = {}
        """How the graph of a functional model computed what it gives now, by the id of what it gives now."""
        self.lists_added: dict[int, tuple[Value, int]] = {}
        """The model whose `losses`, as a list, were added to a tensor, and how many they are, by the id of the sum."""
        self.inexact: set[int] = set()
        """The ids of sequences and dicts in `contents` whose number of items is not known."""
        self.ran: dict[int, Place] = {}
        """Where a layer or model was first called, by its id."""
        self.ran_at: dict[int, int] = {}
        """When a layer or model was first called, by its id."""
        self.ran_in: set[tuple[int, int]] = set()
        """The layers and models that ran while a function was traced: their ids, with the time of the trace."""
        self.refused: set[int] = set()
        """The times of traces that fail at their end: the function returns a Keras object."""
        self.sliced: set[int] = set()
        """The sets of variables that a slice was taken of. A slice is the same set: only the whole set is told of."""
        self.weighted: set[int] = set()
        """The ids of layers and models that have weights once they were called."""
        self.traced: dict[int, Place] = {}
        """Where `tf.function` was called on a function, by the id of the traced function."""
        self.decorators: dict[tuple[int, str], Place] = {}
        """Where a decorator stands, by the id of the definition and the full name of what decorates it."""
        self.loaded: set[int] = set()
        """The ids of layers and models whose weights were set from elsewhere."""
        self.kept: set[int] = set()
        """The ids of tapes that a function leaves behind on some way out without having deleted them."""
        self.functions: dict[int, object] = {}
        """The function (its node, None for the module) that a tape was made in, by the tape's id."""
        self.contents: dict[int, tuple[Value, ...]] = {}
        """What a sequence or dict held when it was handed to a gradient call, by its id."""
        self.operations: dict[int, Operation] = {}
        """How values were computed, by their ids."""
        self.layers: dict[int, tuple[Value, ...]] = {}
        """The layers of a Sequential model when it was called, by the model's id; none when others may be."""
        self.unseen: set[int] = set()
        """The traces that called code that can't be seen, by the ticks at which they began."""
        self.runs: list[Run] = []
        """The calls of visible functions, in the order in which they ended."""

    def calls_at(self, time: int) -> list[Place]:
        """The calls of visible functions that were running at a tick, outermost first."""
        running = [run for run in self.runs if run.began <= time <= run.ended]
        return [run.place for run in sorted(running, key=lambda run: run.began)]

    def played_in(self, trace: Trace) -> list[ast.AST]:
        """The functions that ran, or may have run, while a function was traced: that one, and those that it led to.

        Where it called code that can't be seen, that may be any function of the judged module.
        """
        if trace.time in self.unseen:
            return [trace.place.node, *self.module.outline.functions]
        return list(dict.fromkeys(run.function for run in self.runs if run.trace is trace))

    def one_run(self, first: int, second: int) -> bool:
        """Whether two ticks belong to one run: of the module, or of a function that is played by itself after it."""
        return bisect(self.entries, first) == bisect(self.entries, second)

    @property
    def tree(self) -> ast.Module:
        return self.module.tree

    @property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the module, in the order of the text."""
        return self.module.outline.nodes

    @cached_property
    def function_spans(self) -> list[tuple[Span, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """All functions with the offsets between which they stand."""
        return [(self.source.span(node), node) for node in self.module.outline.functions]

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """The node around every node of the module, by its id."""
        return self.module.outline.parents

    def leaves(self, value: Value) -> list[Value]:
        """The values in a structure that was handed to a gradient call."""
        return [leaf for leaf, _ in self.pieces(value, self.tree)]

    def pieces(self, value: Value, node: ast.AST, depth: int = 4) -> list[tuple[Value, ast.AST]]:
        """The values in a structure, each with the expression that names it as closely as possible."""
        held = self.contents.get(value.id)
        if held is None or depth == 0:
            return [(value, node)]
        nodes: list[ast.AST] = [node] * len(held)
        if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == len(held):
            nodes = list(node.elts)
        return [piece for item, at in zip(held, nodes, strict=True) for piece in self.pieces(item, at, depth - 1)]

    def behind(
        self,
        *values: Value,
        session: int = 0,
        cuts: Container[CutKind] = (),
        maybe: bool = False,
        ends: Callable[[Data], bool] | None = None,
    ) -> Iterator[Value]:
        """What values were computed from: they themselves, then what is nearest, each once.

        The walk goes back over the links that nothing cuts, and into the structures that were handed to gradient calls.
        Anything else (a variable, a constant, something unknown) is given and ends its way: whatever is given certainly
        lies behind. `session` is the recording that has to hold a value for the way to lead on from there. `cuts` are
        the kinds of cuts that the walk goes over (`CUTS`: all). With `maybe` it goes also to what may lie behind:
        all alternatives of an `Either`, what an unknown value was made from, what a conversion may have given back.
        Values for which `ends` holds are the ends of their ways.
        """
        queue = list(values)
        seen: set[int] = set()
        for item in queue:
            if item.id in seen:
                continue
            if len(seen) == _MOST_BEHIND:
                return
            seen.add(item.id)
            yield item
            if isinstance(item, Data):
                if (session and session not in item.sessions) or (ends is not None and ends(item)):
                    continue
                queue += [link.value for link in item.links if link.cut is None or link.cut.kind in cuts]
                if maybe and item.same is not None:
                    queue.append(item.same)
            elif isinstance(item, Sequence):
                queue += self.contents.get(item.id, ())
            elif maybe and isinstance(item, Unknown):
                queue += item.inputs
            elif maybe and isinstance(item, Either):
                queue += item.options

    def reads(
        self,
        *values: Value,
        session: int = 0,
        maybe: bool = False,
        ends: Callable[[Data], bool] | None = None,
    ) -> Iterator[tuple[Value, Data]]:
        """What the steps behind values read without a cut, each with the step that reads it; the rest as in `behind`.

        Only what leads on is such a step: it is held by the recording, and is no end.
        """
        for step in self.behind(*values, session=session, maybe=maybe, ends=ends):
            if isinstance(step, Data) and (not session or session in step.sessions) and not (ends and ends(step)):
                yield from ((link.value, step) for link in step.links if link.cut is None)

    def sourced(self, ask: Ask, value: Value, session: int = 0, maybe: bool = False) -> bool:
        """Whether a value was computed, without a cut, from a source of a gradient call; the rest as in `behind`.

        Where the call names the variables of models and layers as a whole, each one that is trainable is a source.
        """
        sources = {leaf.id for leaf in self.leaves(ask.sources)}
        behind = self.behind(value, session=session, maybe=maybe)
        return any(item.id in sources or _is_weight(item, ask.owned) for item in behind)

    def made_by(self, value: Value | None) -> tuple[str, Operation | None]:
        """The name of what computed a value, an operator for a function that does the same; "" when it is not known."""
        operation = self.operations.get(value.id) if value is not None else None
        if operation is None or operation.callee is not None:
            return "", operation
        return _OPERATORS.get(operation.function, operation.function), operation

    def handed_on(self, tape: Tape) -> bool:
        """Whether a tape left the function that made it."""
        return tape.id in self.escaped or tape.id in self.handed

    def events_of(self, tape: Tape) -> list[Event]:
        """All events of one tape, in the order of play."""
        if self._sorted != len(self.events):
            self._by_tape = {}
            for event in self.events:
                self._by_tape.setdefault(event.tape.id, []).append(event)
            self._sorted = len(self.events)
        return self._by_tape.get(tape.id, [])

    def happened(self, what: Happening) -> Iterator[Event]:
        for event in self.events:
            if event.what is what:
                yield event

    def span(self, place: Place | ast.AST) -> Span:
        """The span of a place or node; it names the file if that is not the one that is judged."""
        node = place.node if isinstance(place, Place) else place
        if len(self.modules) > 1 and id(node) not in self.parents:
            for other in self.modules:
                if id(node) in other.outline.parents:
                    if other is self.module:
                        break
                    found = other.source.span(node)
                    return Span(found.start, found.end, other.source.path)
        return self.source.span(node)

    def here(self, place: Place | None) -> bool:
        """Whether a place lies in the module that is judged (and not in another one of its project)."""
        return place is not None and place.module is self.module

    def source_of(self, span: Span) -> Source:
        """The text that a span lies in."""
        if span.path:
            return next(other.source for other in self.modules if other.source.path == span.path)
        return self.source

    def segment(self, span: Span) -> str:
        """The text of a span, whichever file it lies in."""
        return self.source_of(span).segment(span)

    def text(self, place: Place | ast.AST, limit: int = 40) -> str:
        """The program's own words at a place, on one line, shortened to `limit` characters."""
        words = " ".join(self.segment(self.span(place)).split())
        return words if len(words) <= limit else words[: limit - 1] + "…"

    def views(self) -> list[Recording]:
        """The same recording as each module that took part sees it: first that which was played, then the others."""
        others = [other for other in self.modules if other is not self.module and other in self.visited]
        return [self, *map(self._seen_from, others)]

    def _seen_from(self, module: Module) -> Recording:
        view = Recording(module, self.keras)
        shared = vars(view).keys() - {"source", "module"}
        vars(view).update((name, vars(self)[name]) for name in shared)
        return view
