"""Edits put into a text, and when two fixes get in each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapelint.diagnostic import Edit, Fix, Span


class ClashingEdits(ValueError):
    """Edits of one fix overlap, or reach out of the text."""


def ordered(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in the order of the text; those that insert at the same place stay in the order in which they came."""
    return sorted(edits, key=lambda edit: edit.span)


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Raises `ClashingEdits` if two overlap."""
    parts: list[str] = []
    at = 0
    for edit in ordered(edits):
        if not at <= edit.span.start <= edit.span.end <= len(text):
            raise ClashingEdits(f"an edit at {edit.span.start} overlaps another or lies outside of the text")
        parts += (text[at : edit.span.start], edit.content)
        at = edit.span.end
    parts.append(text[at:])
    return "".join(parts)


def moved(offset: int, edits: Sequence[Edit]) -> int:
    """Where an offset of the old text stands once the edits are made; what was replaced moves to its beginning."""
    shift = 0
    for edit in edits:
        if edit.span.end <= offset:
            shift += len(edit.content) - (edit.span.end - edit.span.start)
        elif edit.span.start < offset:
            return edit.span.start + shift
    return offset + shift


def clash(one: Fix, other: Fix, text: str) -> bool:
    """Whether two fixes must not be applied in the same pass.

    They must not touch each other; only lines that both insert at the same place may stand one below the other. A fix
    that indents lines has all of its lines for itself.
    """
    if (_indents(one, text) or _indents(other, text)) and _meet(_extent(one), _extent(other)):
        return True
    return any(_touch(mine, theirs) for mine in one.edits for theirs in other.edits)


def _touch(one: Edit, other: Edit) -> bool:
    if not _meet(one.span, other.span):
        return False
    both_lines = one.content.endswith(("\n", "\r")) and other.content.endswith(("\n", "\r"))
    same_place = one.span == other.span and one.span.start == one.span.end
    return not (both_lines and same_place and one.content != other.content)


def _meet(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _extent(fix: Fix) -> Span:
    return Span(min(edit.span.start for edit in fix.edits), max(edit.span.end for edit in fix.edits))


def _indents(fix: Fix, text: str) -> bool:
    return any(
        not (edit.content + text[edit.span.start : edit.span.end]).strip()
        and (edit.span.start == 0 or text[edit.span.start - 1] in "\r\n")
        and not edit.content.endswith(("\n", "\r"))
        for edit in fix.edits
    )
