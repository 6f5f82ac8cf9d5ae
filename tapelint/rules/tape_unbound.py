"""TAP104: a tape that gets no name and is entered."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Happening, Undefined
from tapelint.play.values import Tape
from tapelint.rules import story

CODE = "TAP104"


def find(recording: Recording) -> Iterator[Finding]:
    for tape in recording.unnamed:
        if tape.place is None or tape.arguments is None:
            continue
        created = next(event for event in recording.events_of(tape) if event.what is Happening.CREATE)
        fields = {"name": recording.text(tape.arguments.func), "tape": "tape"}
        used = _used(recording, tape)
        if used is None:
            if created.context.guards or recording.functions.get(tape.id) is None:
                continue
            if story.in_test(recording, tape.place):
                continue  # tests switch recording on this way
            yield story.told(recording, CODE, tape.place, fields, (), "", created.context)
            continue
        fields["tape"] = used.name
        end = recording.span(tape.place).end
        fix = Fix(f"name the tape: `as {used.name}`", Applicability.SAFE, (Edit(Span(end, end), f" as {used.name}"),))
        marks = (story.mark(recording, "used", used.place),)
        yield story.told(recording, CODE, tape.place, fields, marks, "used", created.context, fix)


def _used(recording: Recording, tape: Tape) -> Undefined | None:
    """A call on an undefined name in the same function, after the tape."""
    for case in recording.undefined:
        if case.function is not recording.functions.get(tape.id) or tape.place is None:
            continue
        if recording.span(case.place).start > recording.span(tape.place).start:
            return case
    return None
