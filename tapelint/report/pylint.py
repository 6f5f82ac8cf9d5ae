"""The `path:row: [CODE] text` lines that flake8 calls its pylint format and that many build servers read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from tapelint.report.place import in_short, place
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print a line for every finding."""
    for result in results:
        for diagnostic in result.diagnostics:
            where = place(result, diagnostic.span)
            stream.write(
                f"{visible(where.path)}:{where.start.row}: "
                f"[{diagnostic.code}] {visible(in_short(result, diagnostic) + where.note)}\n"
            )
