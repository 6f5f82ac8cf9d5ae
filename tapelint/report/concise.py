"""One line a finding: `path:row:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.diagnostic import Diagnostic
from tapelint.report.frame import Row
from tapelint.report.full import painter, plain, prose
from tapelint.report.place import in_short, place
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print every finding as soon as it comes."""
    show = painter(stream, width) if color else plain(stream)
    for result in results:
        for diagnostic in result.diagnostics:
            show(row(result, diagnostic))


def row(result: FileResult, diagnostic: Diagnostic) -> Row:
    """The line of one finding."""
    where = place(result, diagnostic.span)
    return [
        ("path", visible(where.file)),
        ("position", f":{where.seen[0].row}:{where.seen[0].column}: "),
        (diagnostic.severity.value, diagnostic.code),
        ("plain", " "),
        *prose(in_short(result, diagnostic), "plain"),
    ]
