"""TAP303: a tensor was derived from the source before the recording."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Const, CutKind, Data, Either, Place, Variable, VariableSet
from tapelint.rules import blocks, story
from tapelint.rules.forward_outside_tape import about_model

CODE = "TAP303"
_ONCE = ("__init__", "__post_init__", "build")
"""Methods that run once for an object."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.BEFORE_TAPE):
        assert case.met is not None
        if about_model(case) or case.met.reaches is not True:
            continue
        if story.ask_behind(recording, case.met.value) or story.dropped_by_reset(case):
            continue
        place = _place(recording, case)
        function = story.function_around(recording, place)
        variant = "in-init" if function in _ONCE else ""
        if not variant and case.ask.context.loops and not _in_loop(case):
            variant = "earlier-step"
        if _recorded_before(case, place):
            place, variant = case.met.cut.place, "kept"
        name = story.value_name(recording, case.met.value) or recording.text(case.met.cut.place)
        if place is not case.met.cut.place:
            name = recording.text(place)
        name = story.assigned_name(recording, place) or story.kept_name(case, place) or name
        extra, step = {"name": name, "function": function, "origin": _origin(case, place)}, case.met.cut.place
        used = story.back_label(case, name)
        finding = story.cut_finding(CODE, case, variant, extra, place, used=used, step=step)
        if finding is not None:
            yield finding
    for case in story.lost_terms(recording, CutKind.BEFORE_TAPE):
        finding = _lost_penalty(recording, case)
        if finding is not None:
            yield finding


def _lost_penalty(recording: Recording, case: story.Missing) -> Finding | None:
    """A term of a loss that is made of weights alone, before the recording: nothing but a penalty can be meant."""
    assert case.met is not None
    behind = list(recording.behind(case.met.value, maybe=True))
    ends = [item for item in behind if not isinstance(item, Either) and not (isinstance(item, Data) and item.links)]
    if not all(isinstance(item, (Variable, VariableSet, Const)) for item in ends):
        return None
    if any(isinstance(item, Data) and item.op == "losses" for item in behind):
        return None  # what the model collects: TAP715
    name = story.value_name(recording, case.met.value) or recording.text(case.met.cut.place)
    return story.cut_finding(CODE, case, "term", {"name": name, "origin": case.fields["source"]})


def _recorded_before(case: story.Missing, place: Place) -> bool:
    """Whether the step stands in the block of the tape: an earlier round of a loop computed it there."""
    assert case.met is not None
    around = blocks.block(case.recording, case.ask.tape)
    return around is not None and case.recording.here(case.met.cut.place) and blocks.contains(around, place.node)


def _origin(case: story.Missing, place: Place) -> str:
    """What the source is called where the tensor is computed: a function with the tape may have a name of its own."""
    recording, source, words = case.recording, case.verdict.source, case.fields["source"]
    made = story.weight_name(recording, source) if isinstance(source, Variable) else ""
    names = (words, story.value_name(recording, source), made)
    return next((name for name in names if name and story.names_it(recording, place, name)), words)


def _place(recording: Recording, case: story.Missing) -> Place:
    """Where a constructor, or the function with the tape, calls the helper that computes the tensor.

    The place of the step itself, where there is no such call.
    """
    assert case.met is not None
    place, time = case.met.cut.place, case.met.value.time
    if case.ask.session is None or not recording.here(place) or story.function_around(recording, place) in _ONCE:
        return place
    for run in sorted(recording.runs, key=lambda run: run.began, reverse=True):
        over = run.began <= time <= run.ended < case.ask.session.began
        if over and recording.here(run.place) and story.function_around(recording, run.place) in _ONCE:
            return run.place
    beside = story.beside_tape(recording, case.ask, case.met.value, place)
    tape = case.ask.tape.place
    same = tape is not None and recording.here(tape) and beside is not place
    if same and tape is not None and story.scope_around(recording, beside) is story.scope_around(recording, tape):
        return beside
    return place


def _in_loop(case: story.Missing) -> bool:
    assert case.met is not None
    node = case.met.cut.place.node
    return any(inner is node for loop in case.ask.context.loops for inner in walk(loop.place.node))
