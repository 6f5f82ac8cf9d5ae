"""TAP101: a second question to a tape that is not persistent."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Event, Happening, Recording
from tapelint.play.tape import Phase
from tapelint.rules import story

CODE = "TAP101"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.ASK):
        if not event.state.only(Phase.CONSUMED) or event.context.guarded("RuntimeError"):
            continue
        yield _told(recording, event)


def _told(recording: Recording, event: Event) -> Finding:
    fields = story.event_fields(recording, event)
    first = event.state.consumed_by[-1]
    before = next((ask for ask in recording.asks if ask.place == first and ask.tape is event.tape), None)
    fields["first_method"] = before.method if before is not None else "gradient"
    variant = ""
    loop = ()
    if first.node is event.place.node:
        repeated = [loop for loop in event.context.loops if loop.round > 1]
        variant = "loop" if repeated else ""
        loop = story.mark(recording, "loop", repeated[-1].place.node) if repeated else ()
        loop = _head(recording, loop)
    elif fields["first_method"] != event.name or event.name != "gradient":
        variant = "jacobian"
    elif before is not None and recording.text(before.target_node) == fields["target"]:
        variant = "same_target"
    marks = (story.opened(recording, event.tape), loop, story.mark(recording, "first", first))
    return story.told(recording, CODE, event.place, fields, marks, variant, event.context)


def _head(recording: Recording, marks: tuple[story.Mark, ...]) -> tuple[story.Mark, ...]:
    """Only the first line of the loop."""
    return tuple(story.first_line(recording, mark) for mark in marks)
