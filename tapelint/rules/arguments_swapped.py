"""TAP601: target and source are swapped."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Ask, Fault, Recording, Standing
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
    return ask.backwards and any(
        verdict.standing is Standing.CUT and verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET, Fault.RECREATED)
        for verdict in ask.verdicts
    )
