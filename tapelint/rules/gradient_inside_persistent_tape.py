"""TAP111: a persistent tape is asked while it records, and the result is not differentiated again."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Ask, Recording
from tapelint.rules import story

CODE = "TAP111"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if not ask.inside or ask.tape.persistent is not True or not ask.certain or _again(recording, ask):
            continue
        fields = {"tape": story.tape_name(ask.tape), "method": ask.method}
        marks = (story.opened(recording, ask.tape),)
        yield story.told(recording, CODE, ask.place, fields, marks, "", ask.context)


def _again(recording: Recording, ask: Ask) -> bool:
    """Whether the result is, or may be, differentiated once more."""
    return ask.again or not ask.results or recording.handed_on(ask.tape) or ask.tape.id in recording.stored
