"""TAP810: the loss in a replica is a mean, and the gradients are summed over the replicas."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.apply import Apply
from tapelint.play.context import Scope
from tapelint.play.recording import Recording
from tapelint.play.values import CUTS, Const, Data, Unknown, Value, VariableSet
from tapelint.rules import optimizers, story
from tapelint.rules.gradients import ask_of
from tapelint.rules.replicas import replica_of

CODE = "TAP810"


def find(recording: Recording) -> Iterator[Finding]:
    for apply in recording.applies:
        replica = replica_of(apply.context)
        if replica is None or apply.pairs is None or apply.kwargs or not apply.certain:
            continue
        for gradient in apply.pairs.gradients:
            ask = ask_of(gradient)
            if ask is None or ask.method != "gradient" or "output_gradients" in ask.arguments:
                continue
            mean = _mean(recording, ask.target)
            if any(_outside(recording, leaf) for leaf in recording.leaves(ask.sources)):
                continue  # the step raises: they are not the strategy's
            if mean is not None and replica_of(ask.context) == replica:
                yield from _told(recording, mean, apply, replica)
                break


def _outside(recording: Recording, value: Value) -> bool:
    """Whether something was certainly made outside every `strategy.scope()`."""
    made = value.owner if isinstance(value, VariableSet) else value
    return any(creation.value is made and creation.context.scope is None for creation in recording.creations)


def _mean(recording: Recording, value: Value, depth: int = 5) -> Data | None:
    """The mean over the samples that the loss is, or that is one of its terms."""
    operation = recording.operations.get(value.id)
    if operation is None or not depth or not isinstance(value, Data):
        return None
    if operation.function == "tensorflow.reduce_mean":
        axis = operation.get(1, "axis")
        whole = axis is None or (isinstance(axis, Const) and axis.value in (None, 0))
        return value if whole and _of_samples(recording, value) else None
    if operation.function == "+":
        return next((found for item in operation.args if (found := _mean(recording, item, depth - 1))), None)
    return None


def _of_samples(recording: Recording, value: Value) -> bool:
    """Whether data takes part in a value, and not variables alone."""
    return any(
        isinstance(item, (Unknown, VariableSet)) or (isinstance(item, Data) and not item.links)
        for item in recording.behind(value, cuts=CUTS)
    )


def _told(recording: Recording, mean: Data, apply: Apply, replica: Scope) -> Iterator[Finding]:
    if mean.place is None or not recording.here(mean.place):
        return
    evens_out = optimizers.evens_out(apply.optimizer)
    fields = {"op": "tf.reduce_mean", "function": replica.name or "this function", "optimizer": evens_out}
    marks = (story.mark(recording, "made", replica.place), story.mark(recording, "apply", apply.place))
    yield story.told(recording, CODE, mean.place, fields, marks, "scaled" if evens_out else "")
