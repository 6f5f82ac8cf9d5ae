"""TAP505: a loop of gradients over slices that were cut after the block."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Data, Value
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP505"

_CUTTING = frozenset({"slice", "tf.unstack", "tf.split"})


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.AFTER_TAPE):
        whole = sliced(case)
        if whole is not None:
            yield _told(recording, case, whole)


def sliced(case: story.Missing) -> Data | None:
    """The tensor that a loop cuts into its targets after the block, if that is what is at fault."""
    if case.met is None or not case.ask.context.loops or story.unrecorded_asks(case):
        return None
    target = case.ask.target
    if not isinstance(target, Data) or target is not case.met.value or target.op not in _CUTTING or not target.links:
        return None
    whole = target.links[0].value
    began = max(loop.time for loop in case.ask.context.loops)
    tape = case.ask.session
    if not isinstance(whole, Data) or whole.nested or tape is None or tape.began > began or whole.time > began:
        return None
    return whole


def _told(recording: Recording, case: story.Missing, whole: Value) -> Finding:
    ask = case.ask
    assert isinstance(ask.target, Data)
    name = story.value_name(recording, whole)
    if not name and whole.place is not None and recording.here(whole.place):
        name = recording.text(whole.place)
    fields = {**fields_of(recording, ask), "whole": name or "the result"}
    marks = (
        story.opened(recording, ask.tape),
        story.mark(recording, "made", whole.place),
        story.mark(recording, "cut", ask.target.place),
    )
    fix = _fix(recording, case, fields)
    return story.told(recording, CODE, ask.target_node, fields, marks, "", ask.context, fix)


def _fix(recording: Recording, case: story.Missing, fields: dict[str, str]) -> Fix | None:
    """The comprehension becomes one call of `jacobian`."""
    call = case.ask.node
    loop = case.ask.context.loops[-1].place.node
    if case.ask.method != "gradient" or not isinstance(loop, ast.ListComp) or loop.elt is not call:
        return None
    target = case.ask.target_node
    if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Name) or len(loop.generators) != 1:
        return None
    if len(call.args) != 2 or call.keywords or not isinstance(call.func, ast.Attribute):
        return None
    nodes = (call.func.value, target.value, call.args[1])
    tape, whole, source = (recording.segment(recording.span(node)) for node in nodes)
    edit = Edit(recording.span(loop), f"{tape}.jacobian({whole}, {source})")
    return Fix("ask for all outputs at once with `jacobian`", Applicability.UNSAFE, (edit,))
