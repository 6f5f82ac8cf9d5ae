"""Annotations for GitHub Actions: every finding as a line of the log, and as many as GitHub shows as annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TextIO

from tapelint.diagnostic import Diagnostic, Severity
from tapelint.report.concise import row
from tapelint.report.place import place, story
from tapelint.report.repository import relative, root
from tapelint.report.visible import visible
from tapelint.result import FileResult

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
SHOWN = 10
"""GitHub shows so many annotations of each kind for a step and drops the others without a word."""


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print all findings as lines, then the annotations, the worst first, then how many there was no room for."""
    start = root("GITHUB_WORKSPACE")
    found: list[tuple[FileResult, Diagnostic]] = []
    for result in results:
        for diagnostic in result.diagnostics:
            found.append((result, diagnostic))
            # The runner would obey a command that stands in somebody's file name or source.
            line = "".join(text for _, text in row(result, diagnostic)).replace("##[", "## [")
            stream.write((f" {line}" if line.startswith("::") else line) + "\n")
    order = list(COMMANDS)
    found.sort(key=lambda item: (order.index(item[1].severity), item[0].path, item[1].span))
    room = Counter(dict.fromkeys(COMMANDS.values(), SHOWN))
    if any(number > SHOWN for number in Counter(item.severity for _, item in found).values()):
        room["notice"] -= 1
    left_out = 0
    for result, diagnostic in found:
        name = COMMANDS[diagnostic.severity]
        if room[name] == 0:
            left_out += 1
            continue
        room[name] -= 1
        place_of, text = _annotation(result, diagnostic, relative(result.path, start))
        stream.write(command(name, place_of, text) + "\n")
    if left_out:
        stream.write(command("notice", {"title": "tapelint"}, f"{left_out} more not annotated; see the log") + "\n")


def command(name: str, properties: Mapping[str, str | int], message: str) -> str:
    """A workflow command in one line. Properties without a value are left out."""
    shown = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value != "")
    return f"::{name}{' ' if shown else ''}{shown}::{_data(message)}"


def _annotation(result: FileResult, diagnostic: Diagnostic, path: str | None) -> tuple[dict[str, str | int], str]:
    where = place(result, diagnostic.span)
    properties: dict[str, str | int] = {}
    if path is not None:
        properties = {"file": path, "line": where.start.row, "endLine": where.end.row}
        # GitHub takes columns only for a place within one line.
        if where.start.row == where.end.row:
            properties |= {"col": where.start.column, "endColumn": max(where.end.column, where.start.column)}
    properties["title"] = f"{diagnostic.code} {diagnostic.name}"
    lines = [visible(diagnostic.message + where.note)]
    if path is None:
        lines[0] = f"{visible(str(where))}: {lines[0]}"
    if diagnostic.related:
        lines.extend(
            f"{at.line}: {visible(label)}"
            if at.path == result.path
            else f"{visible(at.path)}:{at.start.row}: {visible(label)}"
            for label, at in story(result, diagnostic)
        )
    if diagnostic.help:
        lines.append(f"help: {visible(diagnostic.help)}")
    return properties, "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
