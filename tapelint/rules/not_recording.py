"""TAP116: `reset()` or `stop_recording()` outside the block, or a reset that drops a watch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play.ask import Fault, Standing
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.play.values import CutKind
from tapelint.rules import blocks, story

CODE = "TAP116"


def find(recording: Recording) -> Iterator[Finding]:
    entered = {event.tape.id for event in recording.happened(Happening.ENTER)}
    for event in recording.events:
        if event.what not in (Happening.RESET, Happening.PAUSE):
            continue
        if event.context.guarded("ValueError", "RuntimeError"):
            continue
        before = event.state.only(Phase.CREATED) and event.tape.id in entered
        consumed = event.state.only(Phase.CONSUMED) and not event.state.inside
        if not (event.state.only(Phase.STOPPED) or before or consumed):
            continue
        fields = story.event_fields(recording, event)
        fields["error"] = "RuntimeError" if (before or consumed) and event.name == "stop_recording" else "ValueError"
        yield story.told(
            recording, CODE, event.place, fields, (story.opened(recording, event.tape),), "", event.context
        )
    yield from _dropped(recording)
    yield from _dropped_recording(recording)


def _dropped(recording: Recording) -> Iterator[Finding]:
    """A watch that `reset()` forgets, though the source is used afterwards."""
    for case in story.missing(recording, Fault.UNWATCHED):
        events = recording.events_of(case.ask.tape)
        watches = (event for event in events if event.what is Happening.WATCH)
        watch = next((event for event in watches if story.watches(recording, event, case.verdict.source)), None)
        reset = next((event for event in events if event.what is Happening.RESET), None)
        if watch is None or reset is None or not watch.time < reset.time < case.ask.time:
            continue
        marks = (story.mark(recording, "watch", watch.place), story.asked(recording, case.ask))
        fix = _watch_again(recording, watch, reset)
        yield story.told(recording, CODE, reset.place, case.fields, marks, "watch", case.ask.context, fix)


def _watch_again(recording: Recording, watch: Event, reset: Event) -> Fix | None:
    """The `watch` once more, after the `reset`."""
    spot = next(iter(reversed(blocks.spots(recording, reset.place.node))), None)
    if spot is None or not isinstance(spot.statement, ast.Expr) or spot.statement.value is not reset.place.node:
        return None
    text = recording.segment(recording.span(watch.place))
    function = blocks.function_of(recording, watch.place.node)
    if "\n" in text or function is not blocks.function_of(recording, reset.place.node):
        return None
    edit = blocks.insert_after(recording, spot.statement, text)
    return Fix(f"write `{text}` again after the reset", Applicability.SAFE, (edit,)) if edit is not None else None


def _dropped_recording(recording: Recording) -> Iterator[Finding]:
    """A target that `reset()` made the tape forget."""
    for case in story.missing(recording, CutKind.BEFORE_TAPE):
        assert case.met is not None
        value = case.met.value
        whole = value in recording.leaves(case.ask.target)
        cut = case.met.reaches is True and all(verdict.standing is Standing.CUT for verdict in case.ask.verdicts)
        if not story.dropped_by_reset(case) or not (whole or cut):
            continue  # where another source is reached, the reset may be meant to drop this one
        reset = next(
            (
                event
                for event in recording.events_of(case.ask.tape)
                if event.what is Happening.RESET and value.time <= event.time < case.ask.time
            ),
            None,
        )
        if reset is not None:
            marks = (story.mark(recording, "made", value.place), story.asked(recording, case.ask))
            name = "" if whole else story.value_name(recording, value) or recording.text(value.place or reset.place)
            fields = {**case.fields, **({"target": name} if name else {})}
            yield story.told(recording, CODE, reset.place, fields, marks, "recorded", case.ask.context)
