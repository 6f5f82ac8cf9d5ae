"""What else the player puts down for the rules: what happened, where, and on what way it came there."""

from __future__ import annotations

import ast
from enum import Enum

from tapelint.play.context import Context, Trace
from tapelint.play.tape import TapeState
from tapelint.play.values import Class, Data, Function, Items, Object, OneShot, Place, Tape, Value
from tapelint.record import Record


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


class Use(Record):
    """A method, attribute or argument of a library object: `how` is "call", "read", "write" or "positional"."""

    value: Value
    name: str
    how: str
    place: Place
    context: Context
    item: Value | None = None
    """What is written."""
    certain: bool = True


class Lack(Record):
    """The program reaches something by a dotted name that Keras 3 does not have."""

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


class Fit(Record):
    """A call of `fit` at `place`, which ran a `train_step` of the program's own: what that gave back.

    `given` says what it certainly is where it is no dictionary with entries: "nothing", "tensor", "tuple", "list" or
    "empty" (a dictionary).
    """

    step: Function
    given: str
    place: Place
    context: Context


class Uncalled(Record):
    """A method of a class made from an optimizer of Keras that Keras does not call: how optimizers stepped long ago.

    Or an `update_step` that does not take what Keras 3 gives it.

    `base` is the optimizer of the library that the class is made from, in full.
    """

    cls: Class
    method: Function
    base: str
    context: Context


class AddedLoss(Record):
    """A tensor that a visible layer gave to its own `add_loss` while it was called."""

    layer: Value
    loss: Data
    place: Place


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
