"""One file, from its bytes to its diagnostics."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tapelint.diagnostic import Diagnostic, Finding, Severity, Span
from tapelint.program import SYNTAX_ERROR, Program, no_collection, read
from tapelint.result import FileResult
from tapelint.source.marks import has_mark
from tapelint.source.text import Source

_FRAMES = 6_000

_NEED_ALL_CODE = frozenset({"TAP105", "TAP118"})
"""Rules that conclude from what the code does not hold: they are silent where some of it is missing."""
_NEED_A_PROGRAM = frozenset({"TAP105", "TAP118", "TAP611"})
"""The same for documents, which show a part and leave the rest to the reader."""


@dataclass(frozen=True)
class Terms:
    """What is asked of a file.

    `codes` are the rules to put to it, `severities` replace those of the pages. A finding of a rule in `quiet` is
    dropped if its severity is info: such rules are on only when somebody asked for them. `suppressions`: comments may
    suppress findings; `noqa`: those of other tools may as well.
    """

    codes: frozenset[str]
    keras: int = 3
    quiet: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    suppressions: bool = True
    noqa: bool = True


def check(path: str, data: bytes, terms: Terms) -> FileResult:
    """Read and judge one file. Never raises but for a request to stop: trouble of our own is in the result's `errors`.

    Bytes that hold no mark are not looked at further.
    """
    if not has_mark(data):
        return FileResult(path)
    try:
        with no_collection():
            program = read(path, data)
            findings = _findings(program, terms)
        diagnostics = _diagnostics(program.python, findings, terms)
    except Exception as error:
        if os.environ.get("TAPELINT_DEBUG"):
            import traceback

            traceback.print_exc()
        return FileResult(path, errors=(f"internal error: {_described(error)}",))
    return FileResult(path, program.source, diagnostics, cells=program.cells)


@contextmanager
def _deep() -> Iterator[None]:
    """Room for what Python itself parses: a chain of a thousand calls is several times as many frames of the player."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _findings(program: Program, terms: Terms) -> Iterable[Finding]:
    found: list[Finding] = []
    is_document = program.cells is not None and not program.cells.is_notebook
    if not is_document or SYNTAX_ERROR not in terms.quiet:
        found += program.refused
    if program.tree is None or (program.cells is not None and not has_mark(program.python.text.encode())):
        return found
    from tapelint.play import PlaySettings, play
    from tapelint.rules import find

    codes = terms.codes
    if not program.is_whole:
        codes -= _NEED_A_PROGRAM if is_document else _NEED_ALL_CODE
    with _deep():
        recording = play(program.python, program.tree, PlaySettings(keras=terms.keras))
        return [*found, *find(recording, codes)]


def _diagnostics(source: Source, findings: Iterable[Finding], terms: Terms) -> tuple[Diagnostic, ...]:
    wanted: Sequence[Finding] = [finding for finding in findings if finding.code in terms.codes]
    if terms.suppressions and (wanted or "tapelint" in source.text):
        from tapelint.suppression import suppress

        wanted = suppress(source, wanted, terms.codes, respect_noqa=terms.noqa)
    if not wanted:
        return ()
    from tapelint.catalogue import diagnose

    told = [diagnose(finding, terms.severities) for finding in wanted]
    kept = [one for one in told if one.severity is not Severity.INFO or one.code not in terms.quiet]
    return tuple(sorted(kept, key=lambda one: (one.span, one.code, one.message)))


def _described(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
