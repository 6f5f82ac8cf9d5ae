"""TAP120: work that another thread does is not on the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Place
from tapelint.rules import story

CODE = "TAP120"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.OTHER_THREAD):
        place = _handed(case)
        if place is None or not recording.here(place):
            continue
        fields = {**case.fields, "function": _function(recording, place)}
        marks = (story.opened(recording, case.ask.tape), story.asked(recording, case.ask))
        yield story.told(recording, CODE, place, fields, marks, _variant(place), case.ask.context)


def _handed(case: story.Missing) -> Place | None:
    """Where the work was given to the other thread."""
    assert case.met is not None
    session = case.ask.session
    time = case.met.value.time
    if session is None:
        return None
    return next((place for began, ended, place in session.elsewhere if began <= time <= ended), None)


def _variant(place: Place) -> str:
    call = place.node
    assert isinstance(call, ast.Call)
    runs = isinstance(call.func, ast.Attribute) and call.func.attr in ("run", "experimental_run_v2")
    return "replica" if runs else ""


def _function(recording: Recording, place: Place) -> str:
    """What the other thread runs, in the program's words."""
    call = place.node
    assert isinstance(call, ast.Call)
    given = [keyword.value for keyword in call.keywords if keyword.arg == "target"] or call.args
    return recording.text(given[0]) if given else "this"
