"""The findings as a JSON array. The keys and their meaning stay as they are; new keys may be added."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from tapelint.diagnostic import Diagnostic, Fix, Related
from tapelint.report.place import Place, edit_places, place, related_place
from tapelint.result import FileResult
from tapelint.source.text import Position


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print one array; its elements come as soon as they are known."""
    separator = "[\n"
    for result in results:
        for diagnostic in result.diagnostics:
            text = json.dumps(finding(result, diagnostic), indent=2)
            stream.write(separator + "  " + text.replace("\n", "\n  "))
            separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def finding(result: FileResult, diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding: rows and columns from 1, columns in code points, what is absent is null.

    In a notebook all rows are those in the cell, and `file_location` is the place in the JSON.
    """
    where = place(result, diagnostic.span)
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "message": diagnostic.message,
        "severity": diagnostic.severity.value,
        "filename": where.path,
        "cell": where.cell,
        **_location(where),
        "related": [_related(result, related) for related in diagnostic.related],
        "fix": None if diagnostic.fix is None else _fix(result, diagnostic.fix),
        "url": diagnostic.url or None,
        "file_location": None if where.cell is None else _position(where.start),
        "file_end_location": None if where.cell is None else _position(where.end),
    }


def _related(result: FileResult, related: Related) -> dict[str, Any]:
    where = related_place(result, related)
    return {
        "message": related.message,
        "filename": related.path or result.path,
        "cell": None if where is None else where.cell,
        **(_location(where) if where is not None else {"location": None, "end_location": None}),
    }


def _fix(result: FileResult, fix: Fix) -> dict[str, Any]:
    return {
        "applicability": fix.applicability.value,
        "message": fix.message,
        "edits": [
            {"content": content, "cell": where.cell, **_location(where)} for where, content in _edits(result, fix)
        ],
    }


def _edits(result: FileResult, fix: Fix) -> list[tuple[Place, str]]:
    if result.cells is not None and not result.cells.is_notebook:
        return edit_places(result, fix)
    return [(place(result, edit.span), edit.content) for edit in fix.edits]


def _location(where: Place) -> dict[str, dict[str, int]]:
    start, end = where.seen
    return {"location": _position(start), "end_location": _position(end)}


def _position(position: Position) -> dict[str, int]:
    return {"row": position.row, "column": position.column}
