"""TAP206: one tensor is watched, and another one made from the same data is used."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import CUTS, Data, Value
from tapelint.rules import story

CODE = "TAP206"
_COPIES = frozenset(
    {
        "tf.constant", "tf.convert_to_tensor", "tf.cast", "tf.identity", "tf.reshape", "tf.expand_dims", "tf.squeeze",
        "constant", "convert_to_tensor", "cast", "identity", "reshape", "expand_dims", "squeeze",
    }
)  # fmt: skip
"""Steps that make another tensor of the same data."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_USED, Fault.RECREATED, Fault.CONSTANT_TARGET, Fault.UNWATCHED):
        source = case.verdict.source
        if not isinstance(source, Data):
            continue
        for event in recording.events_of(case.ask.tape):
            if event.what is not Happening.WATCH or not isinstance(event.value, Data) or event.time > case.ask.time:
                continue
            data, used = _shared(recording, case.ask, event.value, source, case.verdict.fault is Fault.UNWATCHED)
            if data is not None and recording.here(event.place):
                yield _told(recording, case, event, data, used)
                break


def _shared(
    recording: Recording, ask: Ask, watched: Data, source: Data, unwatched: bool
) -> tuple[Value | None, Value | None]:
    """The data that the watched tensor was made from, and what else the target was computed with from them."""
    if watched.op not in _COPIES:
        return None, None
    origins = [link.value for link in watched.links if isinstance(link.value, Data)]
    if len(origins) != 1:
        return None, None
    data = origins[0]
    if unwatched:
        return (data, None) if data is source else (None, None)
    if watched is not source:
        return None, None
    used = _user(recording, ask.target, data, watched)
    return (data, used) if used is not None else (None, None)


def _user(recording: Recording, target: Value, data: Data, watched: Data) -> Value | None:
    """What was made from `data` on the way to the target, other than the watched tensor."""
    for item in recording.behind(target, cuts=CUTS, ends=lambda item: item is watched):
        if isinstance(item, Data) and item is not watched and any(link.value is data for link in item.links):
            return item
    return None


def _told(recording: Recording, case: story.Missing, event: Event, data: Value, used: Value | None) -> Finding:
    made = event.value.place if event.value is not None else None
    made_from = story.operand(recording, made) if made is not None and recording.here(made) else case.fields["source"]
    fields = {
        **case.fields,
        "source": story.event_fields(recording, event)["source"],
        "name": story.value_name(recording, data) or made_from,
    }
    marks = (
        story.mark(recording, "used", used.place if used is not None else None),
        story.asked(recording, case.ask),
    )
    return story.told(recording, CODE, event.place, fields, marks, "", event.context)
