"""The findings of a file under its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.report.full import painter, plain, prose
from tapelint.report.place import place
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print a block for each file with findings, with an empty line between two."""
    show = painter(stream, width) if color else plain(stream)
    first = True
    for result in results:
        if not result.diagnostics:
            continue
        if not first:
            show([])
        first = False
        show([("path", visible(result.path)), ("plain", ":")])
        places = [place(result, diagnostic.span).start for diagnostic in result.diagnostics]
        rows = max(len(str(at.row)) for at in places)
        columns = max(len(str(at.column)) for at in places)
        for at, diagnostic in zip(places, result.diagnostics, strict=True):
            show(
                [
                    ("position", f"  {at.row:>{rows}}:{at.column:<{columns}}  "),
                    (diagnostic.severity.value, diagnostic.code),
                    ("plain", " "),
                    *prose(diagnostic.message, "plain"),
                ]
            )
