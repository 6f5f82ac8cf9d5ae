"""Where the document of a run goes and what is counted on the way: the stream, its colours and width, the summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain

from tapelint.cli import SILENT_WHEN_CLEAN, complain, drop_output
from tapelint.progress import Progress
from tapelint.report import Tally, write
from tapelint.result import FileResult
from tapelint.settings import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


class Output:
    """Writes results as they come, and remembers what the summary and the exit code need.

    `findings` is how many there were, `troubled` how many files could not be judged; each such file is one line on
    stderr. The document goes to `file`, else to `stream`, else to stdout.
    """

    def __init__(
        self,
        form: str,
        file: str | None,
        color: str | None,
        progress: Progress,
        *,
        statistics: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        self.findings = 0
        self.troubled = 0
        self._tally = Tally()
        self._form = form
        self._file = file
        self._color = color
        self._progress = progress
        self._statistics = statistics
        self._other = stream

    def write(self, results: Iterable[FileResult]) -> None:
        """Write the document. A reader who leaves early is no trouble; the rest of the results is still counted."""
        watched = self._watched(results)
        with self._stream() as stream:
            try:
                color = wants_color(self._color, stream, os.environ)
                if self._statistics:
                    from tapelint.report import statistics

                    if self._form == "json":
                        statistics.write_json(watched, stream)
                    else:
                        statistics.write(watched, stream, color=color, width=width(stream))
                elif shown := _from_first_finding(watched) if self._form in SILENT_WHEN_CLEAN else watched:
                    write(self._form, shown, stream, color=color, width=width(stream))
                stream.flush()
            except BrokenPipeError:
                drop_output()
        for _ in watched:
            pass

    def count(self, results: Iterable[FileResult]) -> None:
        """Write nothing but what went wrong, and remember the rest."""
        for _ in self._watched(results):
            pass

    def summary(self) -> str:
        """One line that counts findings and files."""
        line = str(self._tally)
        if self.troubled:
            line += f"; {self.troubled} could not be checked"
        return line

    def _watched(self, results: Iterable[FileResult]) -> Iterator[FileResult]:
        for result in results:
            self._tally.add(result)
            if result.errors or result.diagnostics:
                self._progress.clear()
            self.findings += len(result.diagnostics)
            self.troubled += bool(result.errors)
            for error in result.errors:
                complain(f"{result.path}: {error}")
            yield result
        self._progress.clear()

    @contextmanager
    def _stream(self) -> Iterator[TextIO]:
        if self._file is None:
            yield self._other or sys.stdout
            return
        with ExitStack() as stack:
            try:
                file = stack.enter_context(open(self._file, "w", encoding="utf-8", newline="\n"))
            except OSError as error:
                raise SettingsError(f"{self._file}: cannot be written: {error.strerror}") from None
            yield file


def _from_first_finding(results: Iterator[FileResult]) -> Iterator[FileResult] | None:
    """The results from the first with a finding; None if there is none, so that no reporter need be imported."""
    for result in results:
        if result.diagnostics:
            return chain([result], results)
    return None


def wants_color(choice: str | None, stream: TextIO, environment: os._Environ[str] | dict[str, str]) -> bool:
    """Whether to colour: as chosen, else as `NO_COLOR` and `FORCE_COLOR` (if not empty) say, else on a terminal."""
    if choice in ("always", "never"):
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def width(stream: TextIO) -> int | None:
    """How many columns there are: `COLUMNS`, else those of the terminal; None where there is no terminal."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except OSError:
        return None
