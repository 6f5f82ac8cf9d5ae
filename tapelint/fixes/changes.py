"""The lines that a fix changes: what a reporter shows."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from tapelint.diagnostic import Edit, Fix
from tapelint.fixes.edits import ClashingEdits, applied, moved, ordered
from tapelint.source.text import Source


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that go and lines that come, without their ends. `row` is that of the first of them in the old text.

    `offset` is where that row starts.
    """

    row: int
    offset: int
    gone: tuple[str, ...]
    new: tuple[str, ...]


def changes(source: Source, fix: Fix) -> list[Change]:
    """What the fix changes, line by line, in the order of the text; nothing where its edits don't fit the text."""
    edits = ordered(fix.edits)
    try:
        after = Source(source.path, applied(source.text, edits))
    except ClashingEdits:
        return []
    found: list[Change] = []
    for group in _groups(source, edits):
        first = source.position(group[0].span.start).row
        last = source.position(group[-1].span.end).row
        start = source.line_starts[first - 1]
        stop = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
        begin = moved(start, [edit for edit in edits if edit.span.start < start])
        end = len(after.text) - (len(source.text) - stop) - _growth(edits, stop)
        old = [source.line(row) for row in range(first, last + 1)]
        new = _lines(after.text[begin:end])
        found += _parts(source, first, old, new)
    return found


def _growth(edits: list[Edit], start: int) -> int:
    """How much longer the text becomes by the edits that do not touch what is before `start`."""
    if any(edit.span.start < start <= edit.span.end and edit.span.start != edit.span.end for edit in edits):
        start += 1
    return sum(len(edit.content) - (edit.span.end - edit.span.start) for edit in edits if edit.span.start >= start)


def _groups(source: Source, edits: list[Edit]) -> list[list[Edit]]:
    """Edits that touch the same lines, or lines that follow each other."""
    groups: list[list[Edit]] = []
    for edit in edits:
        near = groups and source.position(edit.span.start).row <= source.position(groups[-1][-1].span.end).row + 1
        if near:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _parts(source: Source, first: int, old: list[str], new: list[str]) -> list[Change]:
    found = []
    for tag, low, high, from_, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            row = first + low
            offset = source.line_starts[min(row, len(source.line_starts)) - 1]
            found.append(Change(row, offset, tuple(old[low:high]), tuple(new[from_:to])))
    return found


def _lines(text: str) -> list[str]:
    whole = Source("", text)
    lines = [whole.line(row) for row in range(1, len(whole.line_starts) + 1)]
    if lines and not lines[-1] and text:
        lines.pop()
    return lines
