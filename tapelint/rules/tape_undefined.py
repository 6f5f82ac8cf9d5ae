"""TAP118: a tape method on a name that nothing binds."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording, Undefined
from tapelint.play.values import Tape
from tapelint.rules import story

CODE = "TAP118"


def find(recording: Recording) -> Iterator[Finding]:
    for case in recording.undefined:
        if case.context.guarded("NameError", "UnboundLocalError"):
            continue
        fields = {"tape": case.name, "method": case.method, "error": "NameError"}
        later = _bound_later(recording, case)
        variant = "deleted" if case.deleted is not None else "later" if later is not None else ""
        if later is not None and case.context.calls:
            fields["error"] = "UnboundLocalError"
        marks = (
            story.mark(recording, "tape", later.place if later is not None else None),
            story.mark(recording, "deleted", case.deleted),
        )
        yield story.told(recording, CODE, case.place, fields, marks, variant, case.context)


def _bound_later(recording: Recording, case: Undefined) -> Tape | None:
    """A tape of that name in the same function, which the text opens somewhere."""
    for tape in recording.tapes:
        if tape.name == case.name and tape.place is not None and case.function is tape_function(recording, tape):
            return tape
    return None


def tape_function(recording: Recording, tape: Tape) -> object:
    return recording.functions.get(tape.id)
