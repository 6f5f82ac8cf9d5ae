"""Moving a line beside a tape's block into it."""

from __future__ import annotations

import ast

from tapelint.diagnostic import Applicability, Edit, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.values import Place, Tape
from tapelint.rules import blocks

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)


def last_in_block(recording: Recording, tape: Tape, place: Place) -> Fix | None:
    """Indent the statement at `place`, when it directly follows the block, so that it becomes its last line."""
    found = _beside(recording, tape, place, 1)
    if found is None:
        return None
    lines, moved, _ = found
    return Fix("indent this line into the `with` block", Applicability.SAFE, (Edit(lines, moved),))


def first_in_block(recording: Recording, tape: Tape, place: Place) -> Fix | None:
    """Make the statement at `place`, when it directly precedes the block, its first line."""
    found = _beside(recording, tape, place, -1)
    if found is None or not found[1].endswith(("\n", "\r")):
        return None
    lines, moved, around = found
    bound = {part.id for item in around.items for part in ast.walk(item) if isinstance(part, ast.Name)}
    spot = blocks.spots(recording, place.node)[-1]
    names = [part for part in ast.walk(spot.statement) if isinstance(part, ast.Name)]
    if any(name.id in bound and isinstance(name.ctx, ast.Store) for name in names):
        return None
    at = recording.source.line_starts[around.body[0].lineno - 1]
    edits = (Edit(lines, ""), Edit(Span(at, at), moved))
    return Fix("move this line to the top of the `with` block", Applicability.SAFE, edits)


def _beside(
    recording: Recording, tape: Tape, place: Place, step: int
) -> tuple[Span, str, ast.With | ast.AsyncWith] | None:
    """The lines of the statement next to the block (1 for after it, -1 for before it), indented as in the block."""
    around = blocks.block(recording, tape)
    spots = blocks.spots(recording, place.node)
    if around is None or not spots or not isinstance(spots[-1].statement, _SIMPLE):
        return None
    spot = spots[-1]
    at = spot.index - step
    if not 0 <= at < len(spot.body) or spot.body[at] is not around:
        return None
    lines = blocks.own_lines(recording, spot.statement)
    body = around.body[0]
    if lines is None or blocks.own_lines(recording, body) is None or blocks.multiline_text(spot.statement):
        return None
    old, new = blocks.indent(recording, spot.statement), blocks.indent(recording, body)
    if not new.startswith(old) or body.lineno == around.lineno:
        return None
    text = recording.source.text[lines.start : lines.end]
    moved = "".join(new[len(old) :] + line if line.strip() else line for line in text.splitlines(keepends=True))
    return lines, moved, around
