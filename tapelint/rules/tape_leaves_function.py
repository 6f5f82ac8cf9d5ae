"""TAP807: a traced function returns its tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Tape
from tapelint.rules import story

CODE = "TAP807"


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.how == "return" and recording.here(work.place) and not work.context.guarded("TypeError"):
            yield _told(recording, work)


def _told(recording: Recording, work: Work) -> Finding:
    trace, tape = work.context.trace, work.value
    assert trace is not None
    assert isinstance(tape, Tape)
    fields = {"tape": story.tape_name(tape), "function": trace.name}
    marks = (story.mark(recording, "made", trace.reason), story.opened(recording, tape))
    node = work.place.node
    at = next(
        (part for part in walk(node) if isinstance(part, ast.Name) and part.id == tape.name),
        node,
    )
    return story.told(recording, CODE, at, fields, marks, "", work.context)
