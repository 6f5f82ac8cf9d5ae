"""A GitLab Code Quality report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from tapelint.diagnostic import Diagnostic, Severity
from tapelint.report.place import in_short, place
from tapelint.report.repository import Fingerprints, relative, root
from tapelint.result import FileResult

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print one array; an empty one clears the widget."""
    start = root("CI_PROJECT_DIR")
    fingerprints = Fingerprints()
    separator = "[\n"
    for result in results:
        path = relative(result.path, start) or result.path
        for diagnostic in result.diagnostics:
            entry = _entry(result, diagnostic, path, fingerprints.of(result, diagnostic, path))
            stream.write(separator + "  " + json.dumps(entry, indent=2).replace("\n", "\n  "))
            separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def _entry(result: FileResult, diagnostic: Diagnostic, path: str, fingerprint: str) -> dict[str, Any]:
    where = place(result, diagnostic.span)
    return {
        "description": f"{diagnostic.code} {diagnostic.name}: {in_short(result, diagnostic)}{where.note}",
        "check_name": diagnostic.code,
        "fingerprint": fingerprint,
        "severity": SEVERITIES[diagnostic.severity],
        "location": {
            "path": path,
            "lines": {"begin": where.start.row, "end": where.end.row},
            "positions": {
                "begin": {"line": where.start.row, "column": where.start.column},
                "end": {"line": where.end.row, "column": where.end.column},
            },
        },
    }
