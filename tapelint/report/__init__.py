"""What a run prints. One module a format, imported when that format is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from tapelint.diagnostic import Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TextIO

    from tapelint.result import FileResult

    class _Write(Protocol):
        def __call__(
            self, results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None
        ) -> None: ...


FORMATS = (
    "full",
    "concise",
    "grouped",
    "json",
    "jsonl",
    "github",
    "gitlab",
    "sarif",
    "junit",
    "rdjson",
    "azure",
    "pylint",
    "checkstyle",
    "markdown",
)
"""Names for `--output-format`. Each is also the name of the module that writes it."""


def write(
    format: str, results: Iterable[FileResult], stream: TextIO, *, color: bool = False, width: int | None = None
) -> None:
    """Write the document of one format, and nothing else, to the stream.

    `results` is read once, in its order; formats that can do so print while they read. `color` concerns `full`,
    `concise` and `grouped` only. `width` is that of the terminal in cells, None where there is no terminal.
    Raises `ValueError` for a format that is not in `FORMATS`.
    """
    if format not in FORMATS:
        raise ValueError(f"no output format is called `{format}`; choose from {', '.join(FORMATS)}")
    from tapelint.report.place import other_source

    never_fail_on_characters(stream)
    other_source.cache_clear()
    writer: _Write = import_module(f"tapelint.report.{format}").write
    writer(results, stream, color=color, width=width)


class Tally:
    """Counts for the summary line, gathered one file at a time."""

    def __init__(self) -> None:
        self.files = 0
        self.faulty = 0
        self.fixable = 0
        self.errors = 0
        self.warnings = 0
        self.infos = 0

    def add(self, result: FileResult) -> None:
        """Count one file and its findings."""
        self.files += 1
        self.faulty += bool(result.diagnostics)
        for diagnostic in result.diagnostics:
            self.fixable += diagnostic.fix is not None
            if diagnostic.severity is Severity.ERROR:
                self.errors += 1
            elif diagnostic.severity is Severity.WARNING:
                self.warnings += 1
            else:
                self.infos += 1

    def __str__(self) -> str:
        """One line, such as `Found 3 errors and 1 warning in 2 of 10 files; 2 have a fix`."""
        files = _count(self.files, "file")
        found = [
            _count(number, noun) for number, noun in ((self.errors, "error"), (self.warnings, "warning")) if number
        ]
        if self.infos:
            found.append(f"{self.infos} info")
        if not found:
            return f"Nothing found in {files}"
        *most, last = found
        total = f"{', '.join(most)} and {last}" if most else last
        where = f"{self.faulty} of {files}" if self.faulty != self.files else files
        line = f"Found {total} in {where}"
        if self.fixable == 0:
            return line
        if self.fixable == self.errors + self.warnings + self.infos:
            return f"{line}; {'it has' if self.fixable == 1 else 'all have'} a fix"
        return f"{line}; {self.fixable} {'has' if self.fixable == 1 else 'have'} a fix"


def summary(results: Iterable[FileResult]) -> str:
    """One line, without a newline, that counts the findings, the files and the fixes."""
    tally = Tally()
    for result in results:
        tally.add(result)
    return str(tally)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def never_fail_on_characters(stream: TextIO) -> None:
    """A stream that cannot encode a character of somebody's source shows its escape instead of raising."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and getattr(stream, "errors", "") in ("strict", "surrogateescape"):
        reconfigure(errors="backslashreplace")
