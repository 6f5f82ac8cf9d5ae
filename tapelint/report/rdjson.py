"""The Reviewdog Diagnostic Format. Its columns count UTF-8 bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from tapelint.catalogue import DOCUMENTATION
from tapelint.diagnostic import Diagnostic, Severity
from tapelint.report.place import Place, edit_places, place, related_place
from tapelint.result import FileResult

SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print one document; its diagnostics come as soon as they are known."""
    stream.write(f'{{\n  "source": {json.dumps({"name": "tapelint", "url": DOCUMENTATION})},\n  "diagnostics": [')
    separator = "\n    "
    for result in results:
        for diagnostic in result.diagnostics:
            stream.write(separator + json.dumps(_entry(result, diagnostic)))
            separator = ",\n    "
    stream.write("]\n}\n" if separator == "\n    " else "\n  ]\n}\n")


def _entry(result: FileResult, diagnostic: Diagnostic) -> dict[str, Any]:
    at = place(result, diagnostic.span)
    entry: dict[str, Any] = {
        "message": diagnostic.message + at.note,
        "severity": SEVERITIES[diagnostic.severity],
        "location": _location(at),
        "code": {"value": diagnostic.code, "url": diagnostic.url},
    }
    related = [(item.message, related_place(result, item)) for item in diagnostic.related]
    if any(where is not None for _, where in related):
        entry["related_locations"] = [
            {"message": message, "location": _location(where)} for message, where in related if where is not None
        ]
    # Each suggestion stands for itself there, so a fix of several edits cannot be told.
    edits = edit_places(result, diagnostic.fix) if diagnostic.fix is not None else []
    if len(edits) == 1:
        entry["suggestions"] = [{"range": _range(there), "text": content} for there, content in edits]
    return entry


def _location(where: Place) -> dict[str, Any]:
    return {"path": where.path, "range": _range(where)}


def _range(where: Place) -> dict[str, Any]:
    start, end = where.byte_columns
    return {"start": {"line": where.start.row, "column": start}, "end": {"line": where.end.row, "column": end}}
