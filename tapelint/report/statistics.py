"""How often each rule spoke: the output of `--statistics`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from tapelint.report.full import painter, plain
from tapelint.result import FileResult


@dataclass
class Count:
    """One line of the statistics."""

    code: str
    name: str
    severity: str
    count: int = 0
    fixable: int = 0


def count(results: Iterable[FileResult]) -> list[Count]:
    """The rules that spoke, the most frequent first."""
    counts: dict[str, Count] = {}
    for result in results:
        for diagnostic in result.diagnostics:
            line = counts.setdefault(
                diagnostic.code, Count(diagnostic.code, diagnostic.name, diagnostic.severity.value)
            )
            line.count += 1
            line.fixable += diagnostic.fix is not None
    return sorted(counts.values(), key=lambda line: (-line.count, line.code))


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Print a line for each rule: count, code, name, and how many of its findings have a fix."""
    show = painter(stream, width) if color else plain(stream)
    lines = count(results)
    digits = max((len(str(line.count)) for line in lines), default=0)
    for line in lines:
        fixable = "" if not line.fixable else f" ({line.fixable} with a fix)"
        show(
            [
                ("count", f"{line.count:>{digits}}"),
                (line.severity, f"  {line.code}"),
                ("plain", f"  {line.name}"),
                ("dim", fixable),
            ]
        )


def write_json(results: Iterable[FileResult], stream: TextIO) -> None:
    """Print the same as a JSON array."""
    data = [
        {"code": line.code, "name": line.name, "count": line.count, "fixable": line.fixable} for line in count(results)
    ]
    stream.write(json.dumps(data, indent=2) + "\n")
