"""TAP210: `watch` of a trainable variable on a tape that watches it anyway."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.play.values import Dictionary, Sequence, Variable, options
from tapelint.rules import story
from tapelint.rules.edits import without_statement

CODE = "TAP210"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.WATCH):
        alike = [other for other in recording.happened(Happening.WATCH) if other.place == event.place]
        if event.value is None or not all(_needless(recording, other) for other in alike):
            continue
        leaves = [option for leaf in recording.leaves(event.value) for option in options(leaf)]
        fields = story.event_fields(recording, event)
        marks = (
            story.mark(recording, "made", leaves[0].place),
            story.opened(recording, event.tape),
        )
        edits = without_statement(recording, event.place.node)
        fix = Fix("drop this line", Applicability.SAFE, (Edit(edits.span, edits.content),)) if edits else None
        variant = "several" if len(leaves) > 1 and isinstance(event.value, (Sequence, Dictionary)) else ""
        yield story.told(recording, CODE, event.place, fields, marks, variant, event.context, fix)


def _needless(recording: Recording, event: Event) -> bool:
    """Whether one call of a place watches nothing but variables that the tape watches by itself."""
    if event.value is None or event.tape.watches_accessed is not True or not event.state.only(Phase.RECORDING):
        return False
    leaves = [option for leaf in recording.leaves(event.value) for option in options(leaf)]
    return bool(leaves) and all(
        isinstance(leaf, Variable) and leaf.trainable is True and leaf.keras is False and leaf.dtype == "float"
        for leaf in leaves
    )
