"""Logging commands for Azure Pipelines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.diagnostic import Severity
from tapelint.report.place import in_short, place
from tapelint.report.repository import relative, root
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print a command for every finding. Azure knows errors and warnings only."""
    start = root("BUILD_SOURCESDIRECTORY")
    for result in results:
        for diagnostic in result.diagnostics:
            where = place(result, diagnostic.span)
            properties = {
                "type": "error" if diagnostic.severity is Severity.ERROR else "warning",
                "sourcepath": relative(where.path, start) or where.path,
                "linenumber": str(where.start.row),
                "columnnumber": str(where.start.column),
                "code": diagnostic.code,
            }
            shown = "".join(f"{key}={_property(value)};" for key, value in properties.items())
            message = _data(visible(f"{diagnostic.name}: {in_short(result, diagnostic)}{where.note}"))
            stream.write(f"##vso[task.logissue {shown}]{message}\n")


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
