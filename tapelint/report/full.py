"""The format for people: each finding as a story told in frames of source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from tapelint.diagnostic import Applicability, Diagnostic
from tapelint.report.frame import Piece, Pin, Row, frame, last_row
from tapelint.report.place import other_source, place
from tapelint.report.visible import cells, visible, wrap
from tapelint.result import FileResult

PROSE = 80
"""Text is wrapped at this width where the terminal does not say."""
WIDEST_PROSE = 100
FRAME = 120
"""Source is clipped at this width where the terminal does not say."""


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


def plain(stream: TextIO) -> Callable[[Row], None]:
    """Prints rows without any styling."""

    def show(row: Row) -> None:
        stream.write("".join(text for _, text in row) + "\n")

    return show


def painter(stream: TextIO, width: int | None) -> Callable[[Row], None]:
    """Prints rows in the colours of the terminal."""
    from tapelint.report import color

    return color.painter(stream, width)


def prose(text: str, style: str) -> Iterator[Piece]:
    """A text as pieces, with what stands between backticks in a style of its own."""
    for index, part in enumerate(visible(text).split("`")):
        if index % 2:
            yield "quoted", f"`{part}`"
        elif part:
            yield style, part


def _head(result: FileResult, diagnostic: Diagnostic) -> Iterator[Piece]:
    where = place(result, diagnostic.span)
    severity = diagnostic.severity.value
    yield "path", visible(where.path)
    yield "position", f":{where.start.row}:{where.start.column}: "
    yield severity, f"{severity} {diagnostic.code}"
    yield "name", f" {diagnostic.name}: "
    yield from prose(diagnostic.message, "message")


def _frames(result: FileResult, diagnostic: Diagnostic, width: int) -> Iterator[Row]:
    if result.source is None:
        return
    primary = Pin.on(result.source, diagnostic.span, visible(diagnostic.label), primary=True)
    pins: dict[str, list[Pin]] = {result.path: [primary]}
    unreadable: list[str] = []
    for related in diagnostic.related:
        path = related.path or result.path
        source = result.source if path == result.path else other_source(path)
        if source is None:
            unreadable.append(f"in {path}: {related.message}")
            continue
        pin = Pin.on(source, related.span, visible(related.message), primary=False)
        if pin not in pins.setdefault(path, []):
            pins[path].append(pin)
    digits = max(len(str(last_row(of_file))) for of_file in pins.values())
    severity = diagnostic.severity.value
    for path, of_file in pins.items():
        source = result.source if path == result.path else other_source(path)
        if source is None:
            continue
        if path != result.path:
            yield []
            yield [
                ("plain", "  "),
                ("path", visible(path)),
                ("position", f":{of_file[0].start.row}:{of_file[0].start.column}"),
            ]
        for row in frame(source, of_file, width=width, digits=digits):
            yield [(severity if style == "primary" else style, text) for style, text in row]
    if unreadable:
        yield []
    for text in unreadable:
        yield [("plain", "  "), ("related", visible(text))]


def _help(diagnostic: Diagnostic, width: int) -> Iterator[Row]:
    fix = diagnostic.fix
    lead = "help: "
    room = width - len(lead)
    lines = wrap(visible((fix.message if fix else "") or diagnostic.help), room)
    note = "" if fix is None else "(safe fix)" if fix.applicability is Applicability.SAFE else "(unsafe fix)"
    rows: list[Row] = [list(prose(line, "plain")) for line in lines]
    if note and lines and cells(lines[-1]) + 1 + len(note) <= room:
        rows[-1].extend([("plain", " "), ("dim", note)])
    elif note:
        rows.append([("dim", note)])
    for index, row in enumerate(rows):
        yield [("help", lead) if index == 0 else ("plain", " " * len(lead)), *row]
