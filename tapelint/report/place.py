"""Where a span lies, for people and machines: file, cell, row and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tapelint.diagnostic import Diagnostic, Related, Span
from tapelint.result import FileResult
from tapelint.source.text import Position, Source


@dataclass(frozen=True, slots=True)
class Place:
    """A span in one file. Rows and columns count from 1, columns in code points; `end` is one past the last."""

    path: str
    start: Position
    end: Position
    source: Source | None = None
    cell: int | None = None

    @property
    def byte_columns(self) -> tuple[int, int]:
        """The columns of start and end, counted from 1 in UTF-8 bytes."""
        return self._bytes(self.start), self._bytes(self.end)

    def __str__(self) -> str:
        """`path:row:column`, which terminals and editors open."""
        return f"{self.path}:{self.start.row}:{self.start.column}"

    def _bytes(self, position: Position) -> int:
        if self.source is None:
            return position.column
        return len(self.source.line(position.row)[: position.column - 1].encode(errors="replace")) + 1


def place(result: FileResult, span: Span) -> Place:
    """Where a span of this file lies."""
    return _in_source(result.source, result.path, span)


def related_place(result: FileResult, related: Related) -> Place | None:
    """Where a related place lies; None if it is in another file that cannot be read (any more)."""
    if related.path is None or related.path == result.path:
        return place(result, related.span)
    source = other_source(related.path)
    return None if source is None else _in_source(source, related.path, related.span)


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
        return Source.from_bytes(path, Path(path).read_bytes())
    except (OSError, ValueError):
        return None


def _in_source(source: Source | None, path: str, span: Span) -> Place:
    if source is None:
        return Place(path, Position(1, 1), Position(1, 1))
    length = len(source.text)
    start = min(max(span.start, 0), length)
    end = min(max(span.end, start), length)
    return Place(path, source.position(start), source.position(end), source)
