"""What is zero for certain: what is made as zeros, and what is computed from zeros alone."""

from __future__ import annotations

from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Const, CutKind, Data, Kind, Value, Variable

_KEEPING = frozenset(
    {
        "unary -", "tensorflow.abs", "tensorflow.cast", "tensorflow.convert_to_tensor", "tensorflow.expand_dims",
        "tensorflow.identity", "tensorflow.reduce_mean", "tensorflow.reduce_sum", "tensorflow.reshape",
        "tensorflow.square", "tensorflow.squeeze", "tensorflow.transpose",
    }
)  # fmt: skip
"""What gives zeros for zeros."""


def is_zero(recording: Recording, value: Value, user: Data | Variable, depth: int = 8) -> bool:
    """Whether a value certainly is zero where `user` is computed from it."""
    if isinstance(value, Const):
        return isinstance(value.value, (int, float)) and value.value == 0
    if isinstance(value, Variable):
        written = any(link.cut is not None and link.cut.kind is CutKind.STATE_WRITE for link in user.links)
        # Between two functions that are played by themselves unseen code may have written into it.
        together = recording.one_run(value.time, user.time)
        return value.id in recording.cleared and not written and together
    if not isinstance(value, Data) or not depth or (value.kind is Kind.ARRAY and not _made_within(value, user)):
        return False
    if value.id in recording.zeros:
        return True
    if value.op == "slice" and len(value.links) >= 1:
        return is_zero(recording, value.links[0].value, value, depth - 1)
    name, operation = recording.made_by(value)
    if operation is None or not operation.args:
        return False
    zeros = [is_zero(recording, one, value, depth - 1) for one in operation.args[:2]]
    if name in _KEEPING:
        return zeros[0]
    if name in ("+", "-"):
        return len(zeros) == 2 and all(zeros)
    return any(zeros) if name in ("*", "@", "tensorflow.matmul") else False


def _made_within(value: Value, user: Value) -> bool:
    """Whether a value is made in the expression that uses it; in another statement an array may have been changed."""
    if value.place is None or user.place is None:
        return False
    return any(part is value.place.node for part in walk(user.place.node))
