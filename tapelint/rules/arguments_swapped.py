"""TAP601: target and source are swapped."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Ask, Fault, Recording, Standing
from tapelint.play.values import Data, Either, Value, Variable, VariableSet
from tapelint.rules import story

CODE = "TAP601"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.zero or ask.expected_none or not swapped(recording, ask):
            continue
        fields = {
            "tape": story.tape_name(ask.tape),
            "method": ask.method,
            "target": recording.text(ask.target_node),
            "source": recording.text(ask.sources_node),
        }
        marks = (story.mark(recording, "made", ask.sources.place),)
        variant = "zeros" if ask.method == "batch_jacobian" else ""
        yield story.told(recording, CODE, ask.place, fields, marks, variant, ask.context)


def swapped(recording: Recording, ask: Ask) -> bool:
    """Whether the source was computed from the target, which itself is a variable or a watched tensor."""
    if not any(
        verdict.standing is Standing.CUT and verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET, Fault.RECREATED)
        for verdict in ask.verdicts
    ):
        return False
    targets = recording.leaves(ask.target)
    if not targets or not all(_leaf(target) for target in targets):
        return False
    sources = recording.leaves(ask.sources)
    return bool(sources) and all(
        isinstance(source, Data) and any(_from(source, target) for target in targets) for source in sources
    )


def _leaf(value: Value) -> bool:
    return isinstance(value, (Variable, VariableSet)) or (isinstance(value, Data) and not value.links)


def _from(value: Value, wanted: Value, limit: int = 400) -> bool:
    stack = [value]
    seen: set[int] = set()
    while stack and limit:
        item = stack.pop()
        limit -= 1
        if item is wanted or (
            isinstance(item, VariableSet) and isinstance(wanted, VariableSet) and item.owner is wanted.owner
        ):
            return True
        if item.id in seen:
            continue
        seen.add(item.id)
        if isinstance(item, Data):
            stack.extend(link.value for link in item.links)
        elif isinstance(item, Either):
            stack.extend(item.options)
    return False
