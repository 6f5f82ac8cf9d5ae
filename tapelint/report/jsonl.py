"""The objects of the `json` format, one a line, each flushed as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from tapelint.report.json import finding
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print a line for every finding."""
    for result in results:
        for diagnostic in result.diagnostics:
            stream.write(json.dumps(finding(result, diagnostic)) + "\n")
            stream.flush()
