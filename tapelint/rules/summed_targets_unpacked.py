"""TAP606: the gradient of a list of targets is taken apart as if each target had its own."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Data, Sequence
from tapelint.rules import story
from tapelint.rules.gradients import ask_of, fields_of, single, target_count, untouched, work_node

CODE = "TAP606"


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.context.guarded("TypeError", "ValueError", "InvalidArgumentError") or not recording.here(work.place):
            continue
        if isinstance(work.value, Sequence):
            ask = _ask_of_list(recording, work)
            if ask is not None:
                yield _told(recording, work, ask, "list")
            continue
        ask = ask_of(work.value)
        if ask is not None and taken_apart(work, ask) and target_count(recording, ask) > 1:
            yield _told(recording, work, ask, "")


def taken_apart(work: Work, ask: Ask) -> bool:
    """Whether the gradient of a lone source is used as a list, in a way that raises."""
    value = work.value
    if ask.method != "gradient" or not single(ask) or not untouched(ask):
        return False
    if not isinstance(value, Data) or value.shape is None:
        return False
    if work.how == "unpack":
        return value.shape == () or (value.shape[0] is not None and value.shape[0] != work.number)
    return value.shape == () and (work.how == "iterate" or (work.how == "index" and _number(work)))


def _number(work: Work) -> bool:
    """Whether the index is a whole number (not `...` or `None`, which a scalar takes)."""
    return any(isinstance(getattr(index, "value", None), int) for index in work.others)


def _ask_of_list(recording: Recording, work: Work) -> Ask | None:
    """The call that gave a list of one gradient that is unpacked into one name for each target."""
    ask = recording.answers.get(work.value.id) if work.how == "unpack" else None
    if ask is None or ask.method != "gradient":
        return None
    count = target_count(recording, ask)
    sources = recording.contents.get(ask.sources.id, ())
    exact = ask.sources.id not in recording.inexact and isinstance(ask.sources, Sequence)
    certain = count > 1 and exact and len(sources) == 1 and work.number == count and len(ask.results) == 1
    return ask if certain else None


def _told(recording: Recording, work: Work, ask: Ask, variant: str) -> Finding:
    fields = {**fields_of(recording, ask), "count": str(target_count(recording, ask))}
    marks = (story.asked(recording, ask),)
    return story.told(recording, CODE, work_node(work), fields, marks, variant, work.context)
