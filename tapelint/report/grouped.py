"""The findings of a file under its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.report.full import painter, plain, prose
from tapelint.report.place import in_short, place
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
        places = [place(result, diagnostic.span) for diagnostic in result.diagnostics]
        cells = [f"cell {where.cell}:" if where.cell is not None else "" for where in places]
        rows = max(len(f"{cell}{where.seen[0].row}") for cell, where in zip(cells, places, strict=True))
        columns = max(len(str(where.seen[0].column)) for where in places)
        for cell, where, diagnostic in zip(cells, places, result.diagnostics, strict=True):
            at = where.seen[0]
            show(
                [
                    ("position", f"  {cell + str(at.row):>{rows}}:{at.column:<{columns}}  "),
                    (diagnostic.severity.value, diagnostic.code),
                    ("plain", " "),
                    *prose(in_short(result, diagnostic), "plain"),
                ]
            )
