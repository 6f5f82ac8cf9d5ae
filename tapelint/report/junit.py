"""A JUnit report: a suite for each file with findings, a failed case for each finding."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import TextIO

from tapelint.diagnostic import Diagnostic
from tapelint.report.markup import HEAD, attributes, content
from tapelint.report.place import place, story
from tapelint.report.visible import visible
from tapelint.result import FileResult


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print the report. A run without findings holds one case that passed: some servers refuse an empty report."""
    told = [result for result in results if result.diagnostics or result.errors]
    failures = sum(len(result.diagnostics) for result in told)
    errors = sum(len(result.errors) for result in told)
    tests = failures + errors or 1
    stream.write(HEAD)
    total: dict[str, str | int] = {"name": "tapelint", "tests": tests, "failures": failures, "errors": errors}
    stream.write(f"<testsuites{attributes(total)}>\n")
    for result in told:
        _suite(result, stream)
    if not told:
        suite: dict[str, str | int] = {
            "name": "tapelint",
            "package": "tapelint",
            "tests": 1,
            "failures": 0,
            "errors": 0,
        }
        case: dict[str, str | int] = {"name": "no findings", "classname": "tapelint"}
        stream.write(f"  <testsuite{attributes(suite)}>\n    <testcase{attributes(case)}/>\n  </testsuite>\n")
    stream.write("</testsuites>\n")


def _suite(result: FileResult, stream: TextIO) -> None:
    module = ".".join(PurePath(result.path).with_suffix("").parts).strip("./\\")
    suite: dict[str, str | int] = {
        "name": result.path,
        "package": "tapelint",
        "tests": len(result.diagnostics) + len(result.errors),
        "failures": len(result.diagnostics),
        "errors": len(result.errors),
    }
    stream.write(f"  <testsuite{attributes(suite)}>\n")
    for error in result.errors:
        stream.write(
            f"    <testcase{attributes({'name': 'tapelint', 'classname': module})}>\n"
            f"      <error{attributes({'message': error, 'type': 'error'})}/>\n    </testcase>\n"
        )
    for diagnostic in result.diagnostics:
        where = place(result, diagnostic.span)
        case: dict[str, str | int] = {
            "name": diagnostic.code,
            "classname": module,
            "line": where.start.row,
            "column": where.start.column,
        }
        failure = {"message": visible(diagnostic.message), "type": diagnostic.severity.value}
        stream.write(
            f"    <testcase{attributes(case)}>\n      <failure{attributes(failure)}>"
            f"{content(_text(result, diagnostic))}</failure>\n    </testcase>\n"
        )
    stream.write("  </testsuite>\n")


def _text(result: FileResult, diagnostic: Diagnostic) -> str:
    lines = [f"{place(result, diagnostic.span)}: {diagnostic.code} {diagnostic.name}: {diagnostic.message}"]
    if diagnostic.related:
        lines.extend(f"{where}: {label}" for label, where in story(result, diagnostic))
    if diagnostic.help:
        lines.append(f"help: {diagnostic.help}")
    return "\n".join(visible(line) for line in lines)
