"""TAP812: gradients are clipped in each replica and summed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.apply import Apply
from tapelint.play.context import Scope
from tapelint.play.recording import Recording
from tapelint.play.values import Const, Data, Place, Value
from tapelint.rules import story
from tapelint.rules.gradients import ask_of
from tapelint.rules.replicas import replica_of

CODE = "TAP812"

_CLIPS = frozenset({"tf.clip_by_value", "tf.clip_by_norm", "tf.clip_by_global_norm"})


def find(recording: Recording) -> Iterator[Finding]:
    for apply in recording.applies:
        replica = replica_of(apply.context)
        if replica is None or apply.pairs is None or apply.kwargs or not apply.certain:
            continue
        for gradient in apply.pairs.gradients:
            if isinstance(gradient, Data) and _clipped(gradient) and _limited(recording, gradient):
                yield from _told(recording, gradient, apply, replica)
                break


def _clipped(value: Data) -> bool:
    """Whether a value is a gradient of this replica that was clipped."""
    return value.op in _CLIPS and any(ask_of(link.value) is not None for link in value.links)


def _limited(recording: Recording, value: Data) -> bool:
    """Whether the limit is a plain number, which does not depend on the number of replicas."""
    for operation in recording.operations.values():
        if operation.place == value.place and operation.function.rsplit(".", 1)[-1].startswith("clip_by"):
            return all(_number(limit) for limit in (*operation.args[1:3], *operation.kwargs.values()))
    return False


def _number(value: Value) -> bool:
    return isinstance(value, Const) and value.is_number


def _told(recording: Recording, value: Data, apply: Apply, replica: Scope) -> Iterator[Finding]:
    place: Place | None = value.place
    if place is None or not recording.here(place):
        return
    fields = {"op": value.op, "function": replica.name or "this function"}
    marks = (story.mark(recording, "made", replica.place), story.mark(recording, "apply", apply.place))
    yield story.told(recording, CODE, place, fields, marks, "")
