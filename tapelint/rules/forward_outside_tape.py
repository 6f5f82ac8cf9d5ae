"""TAP302: the model ran before the tape."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Data, Place, Unknown, Value, VariableSet
from tapelint.rules import indents, story

CODE = "TAP302"
_ONCE = ("__init__", "build")


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.BEFORE_TAPE):
        assert case.met is not None
        if case.met.reaches is not True or not about_model(case):
            continue
        if story.ask_behind(recording, case.met.value) or story.dropped_by_reset(case):
            continue
        value, step = _forward(case)
        place = story.beside_tape(recording, case.ask, value, step)
        place = step if _kept(case, step, place) else place
        name = story.assigned_name(recording, place) or _given_name(case, place, value) or recording.text(place)
        fix = indents.first_in_block(recording, case.ask.tape, place)
        used = story.back_label(case, name)
        finding = story.cut_finding(CODE, case, "", {"name": name}, place, fix, used=used, step=step)
        if finding is not None:
            yield finding


def _kept(case: story.Missing, step: Place, place: Place) -> bool:
    """Whether a helper that gives something else keeps what the model gave, in the attribute that comes back later."""
    own, given = story.assigned_name(case.recording, step), story.assigned_name(case.recording, place)
    back = story.comes_back(case) if given and own.startswith("self.") else None
    if back is None or step == place or not case.recording.here(step):
        return False
    return story.names_it(case.recording, back.place, own) and not story.names_it(case.recording, back.place, given)


def _given_name(case: story.Missing, place: Place, value: Value) -> str:
    """The name of what the model gave, as the function knows it in which the place stands; "" if it has none there.

    Of several names that are bound together it is the one that is read where the result comes back.
    """
    recording = case.recording
    name, statement = story.value_name(recording, value), recording.parents.get(id(place.node))
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    bound = [part.id for target in targets for part in walk(target) if isinstance(part, ast.Name)]
    back = story.comes_back(case)
    read = [one for one in bound if back is not None and story.names_it(recording, back.place, one)]
    if name in bound or not (bound or isinstance(statement, ast.Expr)):
        return name
    return read[0] if len(read) == 1 else story.kept_name(case, place)


def about_model(case: story.Missing) -> bool:
    """Whether what ran too early is a model: its variables are the sources, or the source went into it."""
    assert case.met is not None
    value = case.met.value
    if isinstance(value, Data) and value.op == "model":
        return True
    recording = case.recording
    ways = [place for place in recording.calls_at(value.time) if recording.here(place)]
    if any(story.function_around(recording, place) in _ONCE for place in (case.met.cut.place, *ways)):
        return False  # a tensor made of a weight, once
    return isinstance(case.verdict.source, VariableSet) and not case.verdict.source.part


def _forward(case: story.Missing) -> tuple[Value, Place]:
    """The call of the model: the last step before its variables on the way back."""
    assert case.met is not None
    source = case.verdict.source
    owner = source.owner if isinstance(source, VariableSet) else None
    steps = [
        value
        for value in case.met.trail
        if isinstance(value, (Data, Unknown)) and value.place is not None and value is not owner
    ]
    value = steps[-1] if steps and owner is not None else case.met.value
    place = value.place or case.met.cut.place
    return value, place
