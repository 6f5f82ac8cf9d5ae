"""TAP501: the first derivative was computed while the outer tape was not recording."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Tape
from tapelint.rules import blocks, indents, story

CODE = "TAP501"
_POSITIONS = (CutKind.AFTER_TAPE, CutKind.BEFORE_TAPE, CutKind.PAUSED, CutKind.OTHER_TAPE)


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, *_POSITIONS):
        assert case.met is not None
        own = case.ask.tape.place  # an earlier round of a loop is no other tape: the step before is not meant to count
        inner = next((ask for ask in story.unrecorded_asks(case) if ask.tape.place != own), None)
        if inner is None:
            continue
        fields = {
            **case.fields,
            "outer": story.tape_name(case.ask.tape),
            "inner": story.tape_name(inner.tape),
            "method": inner.method,
        }
        marks = (
            story.mark(recording, "outer", story.entered(recording, case.ask.tape, case.ask.time)),
            story.mark(recording, "inner", story.entered(recording, inner.tape, inner.time)),
            story.asked(recording, case.ask),
        )
        variant = _variant(case, inner)
        fix = None
        if variant in ("", "zeros"):
            fix = indents.last_in_block(recording, case.ask.tape, inner.place)
        call = story.way_in(recording, case.ask, inner.time) if variant == "" else None
        if call is not None:
            variant, fields["call"] = "helper", recording.text(call)
        elif variant == "" and _apart(recording, case.ask.tape, inner.tape):
            variant = "apart"
        yield story.told(recording, CODE, inner.place, fields, marks, variant, inner.context, fix)


def _apart(recording: Recording, outer: Tape, inner: Tape) -> bool:
    """Whether the two blocks certainly stand beside each other, so that the call alone can't be moved."""
    around, within = blocks.block(recording, outer), blocks.block(recording, inner)
    return around is not None and within is not None and not blocks.contains(around, within)


def _variant(case: story.Missing, inner: Ask) -> str:
    assert case.met is not None
    if case.met.cut.kind is CutKind.BEFORE_TAPE:
        return "before"
    if case.met.cut.kind is CutKind.PAUSED:
        return "paused"
    return "zeros" if case.ask.method == "batch_jacobian" else ""
