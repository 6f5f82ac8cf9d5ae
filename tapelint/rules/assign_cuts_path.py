"""TAP308: a value is written into a variable and read back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Standing
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Data, Link, Place, Variable
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP308"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.STATE_WRITE):
        assert case.met is not None
        node = case.met.cut.place.node
        extra = {"name": _written(recording, case.met.cut.place)}
        if isinstance(node, ast.Call):
            extra["op"] = recording.text(node.func)
        variant = "set-weights" if case.met.cut.op == "set_weights" else ""
        finding = story.cut_finding(CODE, case, variant, extra, used="used")
        if finding is not None:
            yield finding
    made = _made_in_blocks(recording)
    for ask in recording.asks:
        if ask.tape.id not in made or ask.expected_none or ask.zero or ask.context.experiment or not ask.certain:
            continue
        if ask.verdicts and all(verdict.standing is Standing.CONNECTED for verdict in ask.verdicts):
            yield from _parts(recording, ask, made[ask.tape.id])


def _written(recording: Recording, place: Place) -> str:
    """What is written: of `v.scatter_nd_update(indices, updates)` the updates."""
    node = place.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("scatter_nd_"):
        given = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "updates")]
        if given:
            return recording.text(given[0])
    return story.operand(recording, place)


def _made_in_blocks(recording: Recording) -> dict[int, set[int]]:
    """The ids of the variables that were certainly made while a tape recorded, by the tape's id."""
    found: dict[int, set[int]] = {}
    for made in recording.creations:
        if isinstance(made.value, Variable) and made.certain:
            for tape in made.inside:
                found.setdefault(tape.id, set()).add(made.value.id)
    return found


def _parts(recording: Recording, ask: Ask, fresh: set[int]) -> Iterator[Finding]:
    """A way to the target that leads through a variable which was made on it, while another one is whole.

    A variable that was there before may keep something from step to step; one that is made in the block keeps nothing.
    """
    session = ask.session.id if ask.session is not None else 0
    for item in recording.behind(ask.target):
        if not isinstance(item, Data) or not any(link.cut is None and link.value.id in fresh for link in item.links):
            continue
        for link in item.links:
            if link.cut is None or link.cut.kind is not CutKind.STATE_WRITE:
                continue
            if recording.sourced(ask, link.value, session):
                if recording.here(link.cut.place):
                    yield _told_part(recording, ask, item, link)
                return


def _told_part(recording: Recording, ask: Ask, back: Data, link: Link) -> Finding:
    assert link.cut is not None
    node = link.cut.place.node
    fields = {
        **fields_of(recording, ask),
        "name": _written(recording, link.cut.place),
        "op": recording.text(node.func) if isinstance(node, ast.Call) else recording.text(node),
    }
    marks = (
        story.opened(recording, ask.tape),
        story.mark(recording, "used", back.place),
        story.asked(recording, ask),
    )
    return story.told(recording, CODE, link.cut.place, fields, marks, "part", ask.context)
