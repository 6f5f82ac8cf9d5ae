"""The cells of a notebook or the code blocks of a document: one Python text made of them, and the way back."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from tapelint.diagnostic import Edit, Span
from tapelint.record import Record
from tapelint.source.text import Position, Source

_SURROGATE = re.compile("[\ud800-\udfff]")
_PROMPT = ">>> "
_CONTINUED = "... "


class Run(Record):
    """Code points of the cells' text that stand together in the file.

    Either both lengths are the same and each code point stands for itself, or `length` is 1 and the file spells that
    code point in `width` others, as JSON does with `\\n`.
    """

    start: int
    length: int
    outer: int
    width: int


class Piece(Record):
    """The text of one cell, and where it stands in the file. The runs count from the beginning of the piece."""

    text: str
    runs: tuple[Run, ...]

    def without(self, spans: Iterable[Span]) -> Piece:
        """The piece without some parts of its text: sorted spans that don't overlap, none of them empty."""
        text: list[str] = []
        runs: list[Run] = []
        at = size = 0
        for gone in (*spans, Span(len(self.text), len(self.text) + 1)):
            text.append(self.text[at : gone.start])
            for run in _between(self.runs, at, gone.start):
                runs.append(run._replace(start=run.start - at + size))
            size += gone.start - at
            at = gone.end
        return Piece("".join(text), tuple(runs))


class Cell(Record):
    """One cell of a notebook, or one code block of a document. `start` and `end` are offsets in the cells' text.

    `number` counts all cells of the notebook from 1, those that hold no code too, or all code blocks of the document.
    `row` is its first row in the cells' text. `glue` is what the file needs between a newline and the next line.
    `prompts` says that each line starts with a doctest prompt in the file.
    """

    number: int
    start: int
    end: int
    row: int
    glue: str = ""
    prompts: bool = False


class Cells:
    """What the text of a `Source` is made of. Picklable, never changed.

    `file` is the file's own text. `is_notebook` tells a notebook, whose places have a cell and a row in it, from a
    document, whose places have the rows of the document. `runs` are in the order of the text, and of the file.
    """

    def __init__(self, file: Source, cells: tuple[Cell, ...], runs: tuple[Run, ...], is_notebook: bool) -> None:
        self.file = file
        self.cells = cells
        self.runs = runs
        self.is_notebook = is_notebook
        self._starts = [run.start for run in runs]

    def at(self, offset: int) -> Cell:
        """The cell around an offset of the text. The newlines after a cell belong to it. There must be a cell."""
        return self.cells[max(bisect_right(self.cells, offset, key=lambda cell: cell.start) - 1, 0)]

    def inside(self, position: Position, cell: Cell) -> Position:
        """A position of the text, counted from the first row of its cell."""
        return Position(position.row - cell.row + 1, position.column)

    def outer(self, span: Span) -> Span:
        """Where a span of the text stands in the file's text. It must not reach over two cells to be exact."""
        if span.end <= span.start:
            at = self._first(span.start)
            return Span(at, at)
        start, end = self._first(span.start), self._last(span.end)
        return Span(start, max(start, end))

    def outer_edit(self, edit: Edit) -> Edit:
        """The edit of the file's text that makes this edit of the cells' text, and changes nothing else.

        Text that is put on the row after the last one of a cell goes to the end of that cell. Raises `ValueError` if
        the edit reaches from one cell into another, or into a cell that has no text.
        """
        span, content = edit.span, edit.content
        cell = self.at(span.start)
        if span.end > cell.end + 1 or cell.start == cell.end:
            raise ValueError("an edit must stay inside one cell that holds text")
        if span.end > cell.end:
            # The newline after a cell is not in the file.
            if span.start > cell.end:
                content = "\n" + content
            content = content.removesuffix("\n")
            span = Span(min(span.start, cell.end), cell.end)
        start = end = self._first(span.start)
        parted = self._first(span.end) != self._last(span.end)
        follows = span.end < cell.end and (parted or not self._opens_row(span.end, cell))
        lead = ""
        bare = self._opens_row(span.start, cell) and start == self._last(span.start)
        if bare and content.strip() and (not self.is_notebook or span.start == cell.end):
            # There is nothing of what stands before the code of a row: the row is empty, or it is a new one.
            lead = cell.glue
        if span.end > span.start:
            end = self._last(span.end)
            if follows and parted and not content.endswith("\n"):
                end = self._first(span.end)
            elif parted or span.end == cell.end:
                follows = False
                if not content and span.start > cell.start:
                    start = self._last(span.start)
        return Edit(Span(start, end), lead + self._spelled(content, cell, follows))

    def takes(self, edits: Iterable[Edit]) -> bool:
        """Whether the file can be edited so that the cells' text gets these edits."""
        try:
            for edit in edits:
                self.outer_edit(edit)
        except ValueError:
            return False
        return True

    def _opens_row(self, offset: int, cell: Cell) -> bool:
        """Whether a row of the cell, but not the first one, starts here."""
        if offset == cell.start:
            return False
        run = self.runs[bisect_right(self._starts, offset - 1) - 1]
        at = self._last(offset)
        return self.file.text[max(at - run.width, 0) : at].endswith(("\\n",) if run.length != run.width else ("\n",))

    def _spelled(self, content: str, cell: Cell, follows: bool) -> str:
        lines = content.splitlines(keepends=True) or [""]
        if lines[-1].endswith(("\n", "\r")) and follows:
            lines.append("")
        if self.is_notebook:
            import json

            ascii_only = self.file.text.isascii()
            return cell.glue.join(json.dumps(line, ensure_ascii=ascii_only)[1:-1] for line in lines)
        glued = lines[0]
        for line in lines[1:]:
            glued += cell.glue
            if cell.prompts:
                glued += _CONTINUED if line[:1] in (" ", "\t") else _PROMPT
            glued += line
        return glued

    def _first(self, offset: int) -> int:
        """Where the code point at `offset` starts in the file; at the end of a cell, where the one before ends."""
        at = bisect_right(self._starts, offset) - 1
        if at >= 0 and offset < self.runs[at].start + self.runs[at].length:
            run = self.runs[at]
            return run.outer + (offset - run.start if run.length == run.width else 0)
        return self._last(offset)

    def _last(self, offset: int) -> int:
        """Where the code point before `offset` ends in the file; at the start of all text, where it starts."""
        at = bisect_right(self._starts, offset - 1) - 1
        if at < 0:
            return self.runs[0].outer if self.runs else 0
        run = self.runs[at]
        into = min(offset - run.start, run.length)
        return run.outer + (into if run.length == run.width else run.width)


def gather(file: Source, pieces: Iterable[tuple[int, Piece, str, bool]], *, is_notebook: bool) -> tuple[str, Cells]:
    """The text of all pieces, each with an empty row after it, and its cells.

    A piece comes as number, piece, glue, prompts. A lone surrogate, which is no character, becomes the replacement
    character.
    """
    text: list[str] = []
    cells: list[Cell] = []
    runs: list[Run] = []
    at, row = 0, 1
    for number, piece, glue, prompts in pieces:
        size = len(piece.text)
        cells.append(Cell(number, at, at + size, row, glue, prompts))
        runs.extend(run._replace(start=run.start + at) for run in piece.runs)
        text.append(_SURROGATE.sub("\ufffd", piece.text) + "\n\n")
        row += len(Source("", text[-1]).line_starts) - 1
        at += size + 2
    return "".join(text), Cells(file, tuple(cells), tuple(runs), is_notebook)


def _between(runs: Iterable[Run], start: int, end: int) -> Iterator[Run]:
    """The parts of the runs inside a range of the text."""
    for run in runs:
        low, high = max(run.start, start), min(run.start + run.length, end)
        if low >= high:
            continue
        if run.length == run.width:
            yield Run(low, high - low, run.outer + low - run.start, high - low)
        else:
            yield run
