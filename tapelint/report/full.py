"""The format for people: each finding as a story told in frames of source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from tapelint.diagnostic import Applicability, Diagnostic, Span
from tapelint.report.frame import Piece, Pin, Row, frame, last_row
from tapelint.report.place import canvas, place
from tapelint.report.visible import Line, cells, visible, wrap
from tapelint.result import FileResult

PROSE = 80
"""Text is wrapped at this width where the terminal does not say."""
WIDEST_PROSE = 100
FRAME = 120
"""Source is clipped at this width where the terminal does not say."""
LONGEST_FIX = 16
"""So many lines of a fix are shown; a longer one is cut off."""


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print every finding as soon as it comes, with an empty line between two."""
    show = painter(stream, width) if color else plain(stream)
    first = True
    for result in results:
        for diagnostic in result.diagnostics:
            if not first:
                show([])
            first = False
            for row in layout(result, diagnostic, width=width):
                show(row)


def layout(result: FileResult, diagnostic: Diagnostic, *, width: int | None) -> Iterator[Row]:
    """The rows of one finding: a line that editors can open, the frames, the help."""
    yield list(_head(result, diagnostic))
    frames = list(_frames(result, diagnostic, FRAME if width is None else width))
    if frames:
        yield []
        yield from frames
    advice = list(_help(diagnostic, min(width or PROSE, WIDEST_PROSE)))
    if advice:
        yield []
        yield from advice
    shown = list(_changes(result, diagnostic, FRAME if width is None else width))
    if shown:
        yield []
        yield from shown


def plain(stream: TextIO) -> Callable[[Row], None]:
    """Prints rows without any styling."""

    def show(row: Row) -> None:
        stream.write("".join(text for _, text in row) + "\n")

    return show


def painter(stream: TextIO, width: int | None) -> Callable[[Row], None]:
    """Prints rows in the colours of the terminal."""
    from tapelint.report import color

    return color.painter(stream, width)


def prose(text: str, style: str, inside: bool = False) -> Iterator[Piece]:
    """A text as pieces, with what stands between backticks in a style of its own; `inside`: it begins between them."""
    parts = visible(text).split("`")
    for index, part in enumerate(parts):
        if index % 2 == inside:
            shown, used = part, style
        else:
            shown, used = "`" * (index > 0) + part + "`" * (index < len(parts) - 1), "quoted"
        if shown:
            yield used, shown


def _head(result: FileResult, diagnostic: Diagnostic) -> Iterator[Piece]:
    where = place(result, diagnostic.span)
    severity = diagnostic.severity.value
    yield "path", visible(where.file)
    yield "position", f":{where.seen[0].row}:{where.seen[0].column}: "
    yield severity, f"{severity} {diagnostic.code}"
    yield "name", f" {diagnostic.name}: "
    yield from prose(diagnostic.message, "message")


def _frames(result: FileResult, diagnostic: Diagnostic, width: int) -> Iterator[Row]:
    at = canvas(result, diagnostic.span)
    if at is None:
        return
    own, source, span = at
    drawn = {own: (source, [Pin.on(source, span, visible(diagnostic.label), primary=True)])}
    starts = {own: diagnostic.span.start}
    unreadable: list[str] = []
    for related in diagnostic.related:
        at = canvas(result, related.span, related.path)
        if at is None:
            unreadable.append(f"in {related.path}: {related.message}")
            continue
        title, source, span = at
        pin = Pin.on(source, span, visible(related.message), primary=False)
        pins = drawn.setdefault(title, (source, []))[1]
        if pin not in pins:
            pins.append(pin)
        if related.path is None or related.path == result.path:
            starts[title] = min(related.span.start, starts.get(title, related.span.start))
    digits = max(len(str(last_row(pins))) for _, pins in drawn.values())
    severity = diagnostic.severity.value
    # The cells of a notebook in their order, then other files in that of the story.
    cells = sorted(starts, key=lambda title: starts[title])
    for index, title in enumerate([*cells, *(title for title in drawn if title not in starts)]):
        source, pins = drawn[title]
        if index:
            yield []
        if title != own or len(cells) > 1:
            yield [
                ("plain", "  "),
                ("path", visible(title)),
                ("position", f":{pins[0].start.row}:{pins[0].start.column}"),
            ]
        for row in frame(source, pins, width=width, digits=digits):
            yield [(severity if style == "primary" else style, text) for style, text in row]
    if unreadable:
        yield []
    for text in unreadable:
        yield [("plain", "  "), ("related", visible(text))]


def _changes(result: FileResult, diagnostic: Diagnostic, width: int) -> Iterator[Row]:
    """The lines that the fix takes away and those that it brings."""
    if result.source is None or diagnostic.fix is None:
        return
    from tapelint.fixes.changes import changes

    found: list[tuple[int, str, str]] = []
    cell = place(result, diagnostic.span).cell
    for change in changes(result.source, diagnostic.fix.edits):
        at = place(result, Span(change.offset, change.offset))
        row = at.seen[0].row
        if at.cell != cell:
            cell = at.cell
            found.append((row, "", f"cell {cell}"))
        if not change.gone and row > 1:
            # A line that only comes needs one that is there already, to be found by.
            found.append((row - 1, " ", result.source.line(change.row - 1)))
        found += [(row + number, "-", line) for number, line in enumerate(change.gone)]
        found += [(0, "+", line) for line in change.new]
    digits = max((len(str(row)) for row, sign, _ in found if sign), default=0)
    left = len(found) - LONGEST_FIX
    for number, sign, line in found if left <= 1 else found[:LONGEST_FIX]:
        if not sign:
            yield [("plain", "  "), ("path", line), ("position", f":{number}")]
            continue
        gutter = f"{number or '':>{digits + 2}} {sign} "
        text = _clipped(line, width - len(gutter))
        if text:
            yield [("gutter", gutter), ({"-": "gone", "+": "new"}.get(sign, "source"), text)]
        else:
            yield [("gutter", gutter.rstrip())]
    if left > 1:
        yield [("dim", f"{'':>{digits + 2}} ... {left} more lines: see them with --diff")]


def _clipped(text: str, room: int) -> str:
    line = Line(text.rstrip())
    if line.cells <= room:
        return "".join(line.glyphs)
    return "".join(glyph for glyph, at in zip(line.glyphs, line.starts[1:], strict=True) if at <= room - 3) + "..."


def _help(diagnostic: Diagnostic, width: int) -> Iterator[Row]:
    fix = diagnostic.fix
    lead = "help: "
    room = width - len(lead)
    lines = wrap(visible((fix.message if fix else "") or diagnostic.help), room)
    note = "" if fix is None else "(safe fix)" if fix.applicability is Applicability.SAFE else "(unsafe fix)"
    open_before = [sum(line.count("`") for line in lines[:index]) % 2 == 1 for index in range(len(lines))]
    rows: list[Row] = [list(prose(line, "plain", inside)) for line, inside in zip(lines, open_before, strict=True)]
    if note and lines and cells(lines[-1]) + 1 + len(note) <= room:
        rows[-1].extend([("plain", " "), ("dim", note)])
    elif note:
        rows.append([("dim", note)])
    for index, row in enumerate(rows):
        yield [("help", lead) if index == 0 else ("plain", " " * len(lead)), *row]
