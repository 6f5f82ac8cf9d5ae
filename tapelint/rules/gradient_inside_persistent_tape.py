"""TAP111: a persistent tape is asked while it records, and the result is not differentiated again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.fixes import statements
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.rules import blocks, story

CODE = "TAP111"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if not ask.inside or ask.tape.persistent is not True or not ask.certain or _again(recording, ask):
            continue
        fields = {"tape": story.tape_name(ask.tape), "method": ask.method}
        marks = (story.created(recording, ask.tape),)
        yield story.told(recording, CODE, ask.place, fields, marks, "", ask.context, _behind(recording, ask))


def _behind(recording: Recording, ask: Ask) -> Fix | None:
    """Move the call behind the block, when it is the last statement there."""
    around = blocks.block(recording, ask.tape)
    if around is None or len(around.items) > 1 or len(around.body) < 2:
        return None
    last = around.body[-1]
    if not isinstance(last, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)) or not blocks.contains(last, ask.node):
        return None
    edits = statements.out_of_block(recording.source, around, [last])
    if edits is None:
        return None
    return Fix(f"move `{recording.text(ask.place)}` behind the block", Applicability.SAFE, edits)


def _again(recording: Recording, ask: Ask) -> bool:
    """Whether the result is, or may be, differentiated once more."""
    return ask.again or not ask.results or recording.handed_on(ask.tape) or ask.tape.id in recording.stored
