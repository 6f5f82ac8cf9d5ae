"""TAP118: a tape method on a name that nothing binds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Undefined
from tapelint.play.values import Tape
from tapelint.rules import blocks, story

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
        others = _opened_before(recording, case) if not variant else []
        if others:
            variant = "other"
            fields["other"] = story.tape_name(others[0])
            fields["others"] = " or ".join(f"`{story.tape_name(tape)}`" for tape in others)
        elsewhere = _opened_elsewhere(recording, case) if not variant else None
        if elsewhere is not None:
            variant, (later, fields["function"]) = "elsewhere", elsewhere
        marks = (
            story.mark(recording, "tape", later.place if later is not None else None),
            story.mark(recording, "tape", others[0].place if others else None),
            story.mark(recording, "deleted", case.deleted),
        )
        yield story.told(recording, CODE, case.place, fields, marks, variant, case.context)


def _bound_later(recording: Recording, case: Undefined) -> Tape | None:
    """A tape of that name in the same function, which the text opens somewhere."""
    for tape in recording.tapes:
        if tape.name == case.name and tape.place is not None and case.function is tape_function(recording, tape):
            return tape
    return None


def _opened_before(recording: Recording, case: Undefined) -> list[Tape]:
    """The named tapes of the last `with` statement above the call, in the same function."""
    found: dict[ast.AST, list[Tape]] = {}
    for tape in recording.tapes:
        around = blocks.block(recording, tape)
        if not tape.name or around is None or case.function is not tape_function(recording, tape):
            continue
        if recording.here(case.place) and recording.span(around).start < recording.span(case.place).start:
            same = found.setdefault(around, [])
            if all(tape.name != other.name for other in same):
                same.append(tape)
    last = max(found, key=lambda around: recording.span(around).start, default=None)
    return found[last] if last is not None else []


def _opened_elsewhere(recording: Recording, case: Undefined) -> tuple[Tape, str] | None:
    """A tape that has this name in one other function, and what the function is called."""
    found: dict[str, Tape] = {}
    for tape in recording.tapes:
        function = tape_function(recording, tape)
        named = isinstance(function, blocks.FUNCTIONS) and tape.name == case.name
        if named and function is not case.function and recording.here(tape.place):
            found.setdefault(function.name, tape)  # type: ignore[attr-defined]
    return next(((tape, name) for name, tape in found.items()), None) if len(found) == 1 else None


def tape_function(recording: Recording, tape: Tape) -> object:
    return recording.functions.get(tape.id)
