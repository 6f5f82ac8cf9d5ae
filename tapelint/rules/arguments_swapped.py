"""TAP601: target and source are swapped."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Ask, Fault, Recording, Standing
from tapelint.rules import story

CODE = "TAP601"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.zero or ask.expected_none or not swapped(recording, ask):
            continue
        fields = {
            "tape": story.tape_name(ask.tape),
            "method": ask.method,
            "target": recording.text(ask.target_node),
            "source": recording.text(ask.sources_node),
        }
        marks = (story.mark(recording, "made", ask.sources.place),)
        variant = "zeros" if ask.method == "batch_jacobian" else ""
        yield story.told(recording, CODE, ask.place, fields, marks, variant, ask.context, _fix(recording, ask))


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """The two texts change places, where reading them is all that they do."""
    given = ask.node.args[:2]
    if len(given) < 2 or any(isinstance(part, (*_DOING, ast.Starred)) for node in given for part in ast.walk(node)):
        return None
    one, other = (recording.span(node) for node in given)
    words = recording.segment
    edits = (Edit(one, words(other)), Edit(other, words(one)))
    return Fix(f"swap them: `{recording.text(given[1])}` first", Applicability.SAFE, edits)


_DOING = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


def swapped(recording: Recording, ask: Ask) -> bool:
    """Whether the source was computed from the target, which itself is a variable or a watched tensor."""
    return ask.backwards and any(
        verdict.standing is Standing.CUT and verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET, Fault.RECREATED)
        for verdict in ask.verdicts
    )
