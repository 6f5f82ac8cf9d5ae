"""TAP208: `watch_accessed_variables=False` and nothing watched by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play.ask import Fault
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Tape
from tapelint.rules import blocks, story
from tapelint.rules.edits import without_argument
from tapelint.rules.watch_keras_variable import is_keras

CODE = "TAP208"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOTHING_WATCHED):
        tape = case.ask.tape
        if any(event.what is Happening.WATCH for event in recording.events_of(tape)):
            continue
        if tape.name and tape.place is not None and _written(recording, tape):
            continue  # a loop over an empty list, for instance
        place: ast.AST | None = tape.arguments
        if tape.arguments is not None:
            for keyword in tape.arguments.keywords:
                if keyword.arg == "watch_accessed_variables":
                    place = keyword
        if place is not None:
            yield story.told(
                recording,
                CODE,
                place,
                case.fields,
                (story.asked(recording, case.ask),),
                "keras" if recording.keras == 3 and is_keras(case.verdict.source) else "",
                case.ask.context,
                _without(recording, tape, place),
            )


def _written(recording: Recording, tape: Tape) -> bool:
    """Whether the function that holds the tape watches something all the same, in a line that was not played."""
    assert tape.place is not None
    scope = blocks.function_of(recording, tape.place.node) if recording.here(tape.place) else None
    return any(_watches(node, tape.name) for node in walk(scope or recording.tree))


def _watches(node: ast.AST, name: str) -> bool:
    """A call `tape.watch(...)` that was not played."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "watch"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name
    )


def _without(recording: Recording, tape: Tape, place: ast.AST) -> Fix | None:
    if tape.arguments is None or not isinstance(place, ast.keyword):
        return None
    edits = without_argument(recording, tape.arguments, place)
    return Fix("drop `watch_accessed_variables=False`", Applicability.UNSAFE, edits)
