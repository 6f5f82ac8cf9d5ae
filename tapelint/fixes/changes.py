"""The lines that a fix changes: what a reporter shows."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from tapelint.diagnostic import Edit, Span
from tapelint.fixes.edits import ClashingEdits, applied, ordered
from tapelint.record import Record
from tapelint.result import FileResult
from tapelint.source.text import Source


class Change(Record):
    """Lines that go and lines that come, without their ends. `row` is that of the first of them in the old text.

    `offset` is where that row starts.
    """

    row: int
    offset: int
    gone: tuple[str, ...]
    new: tuple[str, ...]


def changes(source: Source, edits: Iterable[Edit]) -> list[Change]:
    """What the edits change, line by line, in the order of the text; nothing where they don't fit the text."""
    found: list[Change] = []
    for group in _groups(source, ordered(edits)):
        first, last = source.position(group[0].span.start).row, source.position(group[-1].span.end).row
        start = source.line_starts[first - 1]
        stop = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
        shifted = [Edit(Span(edit.span.start - start, edit.span.end - start), edit.content) for edit in group]
        try:
            new = applied(source.text[start:stop], shifted)
        except ClashingEdits:
            return []
        found += _parts(source, first, _lines(source.text[start:stop]), _lines(new))
    return found


def file_edits(result: FileResult, edits: Iterable[Edit]) -> list[Edit]:
    """The edits of the file's own text that make these edits of the text that was judged, and change nothing else.

    Raises `ClashingEdits`, and `ValueError` where an edit does not stay inside one cell.
    """
    edits, cells, source = list(edits), result.cells, result.source
    if cells is None or source is None:
        return edits
    if cells.is_notebook:
        return [cells.outer_edit(edit) for edit in edits]
    if not cells.takes(edits):
        raise ValueError("an edit must stay inside one code block")
    applied(source.text, edits)
    rows = ((change.row, change.gone, change.new) for change in changes(source, edits))
    return [edit for row, gone, new in rows for edit in cells.outer_rows(source, row, gone, new)]


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
