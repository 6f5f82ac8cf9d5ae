"""Where a span lies, for people and machines: file, cell, row and column."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tapelint.diagnostic import Diagnostic, Fix, Related, Span
from tapelint.record import Record
from tapelint.result import FileResult
from tapelint.source.text import Position, Source


class Place(Record):
    """A span in one file. Rows and columns count from 1, columns in code points; `end` is one past the last.

    In a notebook `cell` is the number of the cell, counted from 1 among all cells, and `inside` are start and end in
    its text, which people see. `start` and `end` are always those in the file, which in a notebook is JSON.
    """

    path: str
    start: Position
    end: Position
    source: Source | None = None
    cell: int | None = None
    inside: tuple[Position, Position] | None = None

    @property
    def seen(self) -> tuple[Position, Position]:
        """Start and end as people count them: in the cell where there is one."""
        return self.inside or (self.start, self.end)

    @property
    def file(self) -> str:
        """The path, and the cell where there is one."""
        return self.path if self.cell is None else f"{self.path}:cell {self.cell}"

    @property
    def line(self) -> str:
        """The line in words: `line 5`, or `cell 3, line 2`."""
        row = self.seen[0].row
        return f"line {row}" if self.cell is None else f"cell {self.cell}, line {row}"

    @property
    def note(self) -> str:
        """What a message adds where the reader is led to a line of JSON; else nothing."""
        return "" if self.cell is None else f" ({self.line})"

    @property
    def byte_columns(self) -> tuple[int, int]:
        """The columns of start and end, counted from 1 in UTF-8 bytes."""
        return self._bytes(self.start), self._bytes(self.end)

    def __str__(self) -> str:
        """`path:row:column`, which terminals and editors open; `path:cell 3:row:column` in a notebook."""
        return f"{self.file}:{self.seen[0].row}:{self.seen[0].column}"

    def _bytes(self, position: Position) -> int:
        if self.source is None:
            return position.column
        return len(self.source.line(position.row)[: position.column - 1].encode(errors="replace")) + 1


def place(result: FileResult, span: Span) -> Place:
    """Where a span of this file lies."""
    cells = result.cells
    if cells is None or result.source is None:
        return _in_source(result.source, result.path, span)
    outer = _in_source(cells.file, result.path, cells.outer(span))
    if not cells.is_notebook or not cells.cells:
        return outer
    cell = cells.at(span.start)
    text = _in_source(result.source, result.path, span)
    return outer._replace(cell=cell.number, inside=(cells.inside(text.start, cell), cells.inside(text.end, cell)))


def edit_places(result: FileResult, fix: Fix) -> list[tuple[Place, str]]:
    """Where the edits of a fix lie in the file, and what is to be written there."""
    from tapelint.fixes.changes import file_edits

    file = result.source if result.cells is None else result.cells.file
    return [(_in_source(file, result.path, edit.span), edit.content) for edit in file_edits(result, fix.edits)]


def canvas(result: FileResult, span: Span, path: str | None = None) -> tuple[str, Source, Span] | None:
    """What to draw a place on: its title, the text of the file or of the cell, and the span in it.

    None if the place is in another file that cannot be read (any more).
    """
    if path is not None and path != result.path:
        source = other_source(path)
        return None if source is None else (path, source, span)
    if result.source is None:
        return None
    cells = result.cells
    if cells is None or not cells.cells:
        return result.path, result.source, span
    if not cells.is_notebook:
        return result.path, cells.file, cells.outer(span)
    cell = cells.at(span.start)
    own = Source(result.path, result.source.text[cell.start : cell.end])
    return f"cell {cell.number}", own, Span(span.start - cell.start, span.end - cell.start)


def related_place(result: FileResult, related: Related) -> Place | None:
    """Where a related place lies; None if it is in another file that cannot be read (any more)."""
    if related.path is None or related.path == result.path:
        return place(result, related.span)
    source = other_source(related.path)
    return None if source is None else _in_source(source, related.path, related.span)


def in_short(result: FileResult, diagnostic: Diagnostic) -> str:
    """The message for a form that shows one place only, with the nearest place that the story has in another file."""
    places = (related_place(result, related) for related in reversed(diagnostic.related) if related.path is not None)
    found = next((where for where in places if where is not None and where.path != result.path), None)
    return diagnostic.message if found is None else f"{diagnostic.message} (see {found.path}:{found.start.row})"


def story(result: FileResult, diagnostic: Diagnostic) -> Iterator[tuple[str, Place]]:
    """The places that have a label, in the order in which it happens, and the primary one among them.

    The related places are in order already; the primary one comes before the first of them that lies below it.
    """
    told = False
    for related in diagnostic.related:
        here = related.path is None or related.path == result.path
        if not told and here and related.span.start > diagnostic.span.start:
            yield diagnostic.label or diagnostic.message, place(result, diagnostic.span)
            told = True
        where = related_place(result, related)
        if where is not None and related.message:
            yield related.message, where
    if not told:
        yield diagnostic.label or diagnostic.message, place(result, diagnostic.span)


@lru_cache(maxsize=64)
def other_source(path: str) -> Source | None:
    """The text of a file that a story leads to; None if it cannot be read. `tapelint.report.write` clears the cache."""
    try:
        with open(path, "rb") as file:
            return Source.from_bytes(path, file.read())
    except (OSError, ValueError):
        return None


def _in_source(source: Source | None, path: str, span: Span) -> Place:
    if source is None:
        return Place(path, Position(1, 1), Position(1, 1))
    length = len(source.text)
    start = min(max(span.start, 0), length)
    end = min(max(span.end, start), length)
    return Place(path, source.position(start), source.position(end), source)
