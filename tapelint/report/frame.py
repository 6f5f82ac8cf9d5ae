"""A source frame: lines of a file with the places of a story marked under them.

Everything is laid out as rows of styled pieces; who prints them decides what the styles look like. Each labelled place
has an underline of its own, with its label beside it, so several places in one line stay readable:

    22 |     grads = tape.gradient(total, variables)
       |                           ^^^^^ made after the block
       |             ------------------------------- so every gradient here is None
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from tapelint.diagnostic import Span
from tapelint.record import Record
from tapelint.report.visible import Line, cells, wrap
from tapelint.source.text import Position, Source

Piece = tuple[str, str]
"""A style name and a text that is safe to print."""
Row = list[Piece]

FILLED_GAP = 2
"""So many lines between two marked ones are shown; more are elided."""
WHOLE_SPAN = 6
"""A span of so many lines is shown whole; a longer one by its first two lines and its last."""
LABEL_ROOM = 28
"""A label stands beside its underline if at least so many cells are left there, else below."""
_CLIP = "..."


class Pin(Record):
    """A place to mark. `end` is one past its last code point."""

    start: Position
    end: Position
    label: str
    primary: bool

    @classmethod
    def on(cls, source: Source, span: Span, label: str, *, primary: bool) -> Pin:
        """A pin on a span of the source; newlines at the end of the span are not marked."""
        text = source.text
        start = min(max(span.start, 0), len(text))
        end = min(max(span.end, start), len(text))
        while end > start and text[end - 1] in "\r\n":
            end -= 1
        return cls(source.position(start), source.position(end), label, primary)

    @property
    def style(self) -> str:
        """The style of the underline and the label."""
        return "primary" if self.primary else "related"

    @property
    def mark(self) -> str:
        """The character of the underline."""
        return "^" if self.primary else "-"

    @property
    def tall(self) -> bool:
        """Does it span more than one line?"""
        return self.start.row != self.end.row


def last_row(pins: Iterable[Pin]) -> int:
    """The highest row number that a frame of these pins can show."""
    return max(pin.end.row for pin in pins) + 1


def frame(source: Source, pins: Sequence[Pin], *, width: int, digits: int) -> list[Row]:
    """The rows of one frame, at most `width` cells wide, with row numbers of `digits` places."""
    return _Frame(source, pins, width, digits).rows()


class _Frame:
    def __init__(self, source: Source, pins: Sequence[Pin], width: int, digits: int) -> None:
        self.source = source
        self.digits = digits
        self.flat = [pin for pin in pins if not pin.tall]
        self.rails = _rails([pin for pin in pins if pin.tall])
        self.rail_count = 1 + max(self.rails.values(), default=-1)
        self.room = max(20, width - (digits + 5) - 2 * self.rail_count)
        self.shown = _shown_rows(source, pins)

    def rows(self) -> list[Row]:
        rows: list[Row] = []
        before = 0
        for row in self.shown:
            if before and row > before + 1:
                rows.append(self._gutter(_CLIP, self._bars(row, below=False)))
            rows.extend(self._line(row))
            before = row
        return rows

    def _line(self, row: int) -> list[Row]:
        text = self.source.line(row)
        flat = [pin for pin in self.flat if pin.start.row == row]
        starts = [pin for pin in self.rails if pin.start.row == row]
        ends = sorted((pin for pin in self.rails if pin.end.row == row), key=lambda pin: -self.rails[pin])
        rows: list[Row] = []
        groups = _groups(flat, self.room - 2 * len(_CLIP))
        for group in groups or [[]]:
            columns = [column for pin in group for column in (pin.start.column, pin.end.column)]
            if not group:
                columns = [pin.start.column for pin in starts] + [pin.end.column for pin in ends] or [1]
            view = _View(text, min(columns) - 1, max(columns) - 1, self.room)
            rows.append(self._gutter(str(row), self._bars(row, below=False), [("source", view.text)]))
            for pin in group:
                rows.extend(self._flat(pin, view, self._bars(row, below=True)))
        for pin in starts:
            if not self._opens_line(pin):
                rows.append(self._opening(pin, view))
        for pin in ends:
            rows.extend(self._closing(pin, view))
        return rows

    def _flat(self, pin: Pin, view: _View, bars: Row) -> list[Row]:
        start = self._mark(view, pin)
        end = max(view.cell(pin.end.column - 1), start + 1)
        return self._labelled(pin, bars, start, [("plain", " " * start), (pin.style, pin.mark * (end - start))], end)

    def _mark(self, view: _View, pin: Pin) -> int:
        """Where the underline starts. A place after a line that fills the row is marked under its last character."""
        return min(view.cell(pin.start.column - 1), self.room - 1)

    def _labelled(self, pin: Pin, bars: Row, start: int, marks: Row, end: int) -> list[Row]:
        """The underline with its label: beside it, wrapped beside it, or below it."""
        if not pin.label:
            return [self._gutter("", bars, marks)]
        beside = self.room - end - 1
        if cells(pin.label) <= beside or beside >= LABEL_ROOM:
            first, *rest = wrap(pin.label, beside)
            rows = [self._gutter("", bars, [*marks, (pin.style, f" {first}")])]
            indent = end + 1
        else:
            rows = [self._gutter("", bars, marks)]
            indent = max(0, min(start, self.room - min(cells(pin.label), max(LABEL_ROOM, self.room * 3 // 4))))
            rest = wrap(pin.label, self.room - indent)
        rows.extend(self._gutter("", bars, [("plain", " " * indent), (pin.style, line)]) for line in rest)
        return rows

    def _opening(self, pin: Pin, view: _View) -> Row:
        """The row that leads from the rail of a tall span to the place in the line where it starts."""
        bars, reach = self._to_line(pin, pin.start.row)
        line = "_" * (reach + self._mark(view, pin))
        return self._gutter("", bars, [("plain", " "), (pin.style, line + pin.mark)])

    def _closing(self, pin: Pin, view: _View) -> list[Row]:
        """The row that leads from the rail of a tall span to its last character, and its label."""
        bars, reach = self._to_line(pin, pin.end.row)
        end = max(1, view.cell(pin.end.column - 1))
        first, *rest = self._labelled(pin, [], 0, [(pin.style, "|" + "_" * (reach + end - 1) + pin.mark)], end)
        # The marks above start in the rail, what stands below them starts in the line.
        gutter, *marks = first
        return [[gutter, *bars, *marks], *([gutter, *bars, ("plain", " " * (reach + 1)), *row[1:]] for row in rest)]

    def _to_line(self, pin: Pin, row: int) -> tuple[Row, int]:
        """The rails left of that of a tall span, and the cells from its own rail to the line."""
        rail = self.rails[pin]
        return self._bars(row, below=True)[:rail], 2 * (self.rail_count - rail) - 1

    def _bars(self, row: int, *, below: bool) -> Row:
        """The rails beside a row of source, or those beside the underlines below it: two cells for each."""
        bars: Row = [("plain", "  ")] * self.rail_count
        for pin, rail in self.rails.items():
            if pin.start.row < row <= pin.end.row:
                bars[rail] = (pin.style, "| ")
            elif pin.start.row == row and self._opens_line(pin):
                bars[rail] = (pin.style, "| " if below else "/ ")
        return bars

    def _opens_line(self, pin: Pin) -> bool:
        return not self.source.line(pin.start.row)[: pin.start.column - 1].strip()

    def _gutter(self, number: str, bars: Row, rest: Sequence[Piece] = ()) -> Row:
        """A whole row: number, bar, rails, text; without white space at its end."""
        row: Row = [("gutter", f"{number:>{self.digits + 2}} | "), *bars, *rest]
        while row and not row[-1][1].strip():
            row.pop()
        if row:
            row[-1] = (row[-1][0], row[-1][1].rstrip())
        return row


class _View:
    """The part of a line that is shown, and where its code points stand in it."""

    def __init__(self, text: str, first: int, last: int, room: int) -> None:
        far = 4 * room
        self._base = max(0, first - far) if len(text) > 3 * far else 0
        stop = min(len(text), max(self._base + 3 * far, first + 2 * far))
        self._line = Line(text[self._base : stop].rstrip())
        whole = self._base == 0 and stop == len(text)
        start, end = self._line.cell(first - self._base), self._line.cell(last - self._base)
        if whole and self._line.cells <= room:
            self._from, self._left, low, high = 0, 0, 0, self._line.cells
            clipped_right = False
        else:
            low = self._low(start, end, room)
            self._left = len(_CLIP) if low > 0 or self._base > 0 else 0
            clipped_right = stop < len(text) or self._line.cells > low + room
            high = low + room - (len(_CLIP) if clipped_right else 0)
            low += self._left
        starts = self._line.starts
        self._from = next((index for index, at in enumerate(starts) if at >= low), len(starts) - 1)
        to = self._from
        while to + 1 < len(starts) and starts[to + 1] <= high:
            to += 1
        self._size = starts[to] - starts[self._from]
        left = _CLIP if self._left else ""
        self.text = left + "".join(self._line.glyphs[self._from : to]) + (_CLIP if clipped_right else "")

    def cell(self, column: int) -> int:
        """Where a code point (from 0) stands in the printed text; those that are cut off, at the edge."""
        at = self._line.cell(max(0, column - self._base)) - self._line.starts[self._from]
        return self._left + min(max(at, 0), self._size)

    def _low(self, start: int, end: int, room: int) -> int:
        """The first cell to show of a line that is too long."""
        edge = len(_CLIP)
        if self._base == 0 and end <= room - edge:
            return 0
        spare = room - 2 * edge - (end - start)
        low = start - edge - (spare // 2 if spare > 0 else 8)
        return max(0, min(low, self._line.cells - room))


def _groups(pins: Sequence[Pin], room: int) -> list[list[Pin]]:
    """Pins of one line that can be shown at once; a long line is shown again for places far along it."""
    groups: list[list[Pin]] = []
    for pin in sorted(pins, key=lambda pin: pin.start):
        if groups and pin.end.column - groups[-1][0].start.column <= room:
            groups[-1].append(pin)
        else:
            groups.append([pin])
    return [sorted(group, key=lambda pin: (pin.end.column, -pin.start.column)) for group in groups]


def _rails(pins: Sequence[Pin]) -> dict[Pin, int]:
    """A rail in the margin for each span of several lines, so that no two that overlap share one."""
    rails: dict[Pin, int] = {}
    for pin in sorted(pins, key=lambda pin: (pin.start.row, -pin.end.row)):
        taken = {rail for other, rail in rails.items() if other.end.row >= pin.start.row}
        rails[pin] = min(set(range(len(rails) + 1)) - taken)
    return rails


def _shown_rows(source: Source, pins: Sequence[Pin]) -> list[int]:
    rows: set[int] = set()
    for pin in pins:
        first, last = pin.start.row, pin.end.row
        rows.update(range(first, last + 1) if last - first < WHOLE_SPAN else (first, first + 1, last))
    if len(rows) == 1:
        (row,) = rows
        rows.update(near for near in (row - 1, row + 1) if _written(source, near))
    ordered = sorted(rows)
    for low, high in pairwise(ordered):
        if high - low - 1 <= FILLED_GAP:
            rows.update(range(low + 1, high))
    return sorted(rows)


def _written(source: Source, row: int) -> bool:
    return 1 <= row <= len(source.line_starts) and bool(source.line(row).strip())
