"""The cells of a notebook or the code blocks of a document: one Python text made of them, and the way back."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

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
        """The edit of a notebook's JSON that makes this edit of the cells' text, and changes nothing else.

        Text that is put on the row after the last one of a cell goes to the end of that cell. Raises `ValueError` if
        the edit reaches from one cell into another, or into a cell that has no text.
        """
        span, content = edit.span, edit.content
        cell = self._around(edit)
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
        if content.strip() and span.start == cell.end and self._opens_row(span.start, cell):
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
                self._around(edit)
        except ValueError:
            return False
        return True

    def outer_rows(self, source: Source, row: int, gone: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
        """The edits of a document's text that put `new` rows in the place of those that begin with `row` of the text.

        What stands before the code of a row stays: the indent of a list, the marks of a quote, a prompt. Rows that are
        put behind the last one of a block go to its end.
        """
        file, starts = self.file, source.line_starts
        cell = self.at(starts[row - 1])
        for at, old in enumerate(gone):
            code = self._first(starts[row - 1 + at])
            outer = file.position(code).row
            start = file.line_starts[outer - 1]
            if at < len(new):
                lead = self._lead(cell, new[at], file.text[start:code], old)
                yield Edit(Span(start, start + len(file.line(outer))), lead + new[at])
            else:
                end = file.line_starts[outer] if outer < len(file.line_starts) else len(file.text)
                yield Edit(Span(start, end), "")
        added = new[len(gone) :]
        if not added:
            return
        more = [self._lead(cell, line) + line for line in added]
        passes_output = cell.prompts and added[0][:1].strip()
        newline = "\r\n" if "\r\n" in file.text else "\n"
        below = starts[row - 1 + len(gone)]
        if below < cell.end:
            at = file.line_starts[file.position(self._first(below)).row - 1]
            yield Edit(Span(at, at), "".join(line + newline for line in more))
        else:
            code = len(source.text[: cell.end].rstrip("\r\n"))
            last = file.position(self._last(code)).row
            while passes_output and last < len(file.line_starts) and _is_output(file.line(last + 1)):
                last += 1
            at = file.line_starts[last - 1] + len(file.line(last))
            yield Edit(Span(at, at), "".join(newline + line for line in more))

    def _lead(self, cell: Cell, line: str, before: str = "", old: str = "") -> str:
        """What stands before the code of a row of a document; `before` stood there when the code was `old`."""
        if not line.strip():
            return (cell.glue + _CONTINUED * cell.prompts).rstrip()
        if not cell.prompts:
            return before if old else cell.glue
        if line[0] in " \t":
            return cell.glue + _CONTINUED
        return before if old[:1].strip() else cell.glue + _PROMPT

    def _around(self, edit: Edit) -> Cell:
        cell = self.at(edit.span.start)
        if edit.span.end > cell.end + 1 or cell.start == cell.end:
            raise ValueError("an edit must stay inside one cell that holds text")
        return cell

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
        import json

        ascii_only = self.file.text.isascii()
        return cell.glue.join(json.dumps(line, ensure_ascii=ascii_only)[1:-1] for line in lines)

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


def _is_output(line: str) -> bool:
    """Whether a row below a prompt shows what was printed: the block is not at its end."""
    return bool(line.strip()) and not re.match(r"[ \t>]*(?:```|~~~|\Z)", line)


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
