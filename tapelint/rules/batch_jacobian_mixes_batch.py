"""TAP508: batch_jacobian is asked where one example depends on the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Standing
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.shape import BROADCASTING, ELEMENTWISE, REDUCING
from tapelint.play.values import Const, Data, Value, Variable
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP508"

_OPERATORS = frozenset({"+", "-", "*", "/", "**", "unary -", "unary +"})


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.method != "batch_jacobian" or not ask.certain or len(ask.verdicts) != 1 or not recording.here(ask.place):
            continue
        if ask.verdicts[0].standing is not Standing.CONNECTED or not isinstance(ask.sources, (Data, Variable)):
            continue
        shape = ask.sources.shape
        if shape is not None and (len(shape) < 2 or shape[0] == 1):
            continue
        mixing = next((value for value in _recorded(recording, ask) if _mixes(recording, ask, value)), None)
        if mixing is not None:
            yield _told(recording, ask, mixing)


def _recorded(recording: Recording, ask: Ask) -> Iterator[Data]:
    """What the tape recorded on the way back from the target.

    The gradient of a sum over the batch keeps the examples apart: of reductions, those before a gradient are left out.
    """
    session = ask.session.id if ask.session is not None else 0
    for ends in (_is_gradient, None):
        for value in recording.behind(ask.target, session=session, maybe=True, ends=ends):
            if isinstance(value, Data) and session in value.sessions and (ends or not _reduces(recording, value)):
                yield value


def _is_gradient(value: Data) -> bool:
    return value.ask is not None


def _reduces(recording: Recording, value: Data) -> bool:
    operation = recording.operations.get(value.id)
    return operation is not None and operation.function.rsplit(".", 1)[-1] in REDUCING


def _mixes(recording: Recording, ask: Ask, value: Data) -> bool:
    """Whether an operation certainly mixes rows of what was computed row by row from the source."""
    operation = recording.operations.get(value.id)
    if operation is None or not operation.args:
        return False
    return _over_the_batch(operation) and _row_by_row(recording, operation.args[0], ask.sources)


def _over_the_batch(operation: Operation) -> bool:
    last = operation.function.rsplit(".", 1)[-1]
    if operation.function.startswith(("tensorflow.", "numpy.")) and last in REDUCING:
        axis = operation.get(2 if last == "norm" else 1, "axis")
        return axis is None or (isinstance(axis, Const) and axis.value in (None, 0))
    if last in ("softmax", "log_softmax") and operation.callee is None:
        axis = operation.get(1, "axis")
        return isinstance(axis, Const) and axis.value == 0
    if last == "BatchNormalization":
        training = operation.kwargs.get("training")
        return isinstance(training, Const) and training.value is True
    return False


def _row_by_row(recording: Recording, value: Value, source: Value, depth: int = 20) -> bool:
    """Whether a value is the source, or certainly was computed from it with the rows kept apart."""
    if value is source:
        return True
    operation = recording.operations.get(value.id)
    if operation is None or not depth or not isinstance(value, Data):
        return False
    last = operation.function.rsplit(".", 1)[-1]
    keeps = operation.function in _OPERATORS or last in ELEMENTWISE or last in BROADCASTING or last == "Dense"
    return keeps and any(_row_by_row(recording, item, source, depth - 1) for item in operation.args)


def _told(recording: Recording, ask: Ask, mixing: Data) -> Finding:
    normal = mixing.op == "BatchNormalization"
    node = mixing.place.node if mixing.place is not None else None
    op = recording.text(node.func) if isinstance(node, ast.Call) and not normal else mixing.op
    fields = {**fields_of(recording, ask), "op": op}
    marks = (story.mark(recording, "cut", mixing.place),)
    return story.told(recording, CODE, ask.place, fields, marks, "normalization" if normal else "", ask.context)
