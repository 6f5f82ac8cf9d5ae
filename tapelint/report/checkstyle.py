"""A Checkstyle report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.report.markup import HEAD, attributes
from tapelint.report.place import in_short, place
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print the report: files that have findings, and their findings."""
    stream.write(HEAD + '<checkstyle version="4.3">\n')
    for result in results:
        if not result.diagnostics:
            continue
        stream.write(f"  <file{attributes({'name': result.path})}>\n")
        for diagnostic in result.diagnostics:
            where = place(result, diagnostic.span)
            error = {
                "line": where.start.row,
                "column": where.start.column,
                "severity": diagnostic.severity.value,
                "message": visible(in_short(result, diagnostic) + where.note),
                "source": f"tapelint.{diagnostic.code}",
            }
            stream.write(f"    <error{attributes(error)}/>\n")
        stream.write("  </file>\n")
    stream.write("</checkstyle>\n")
