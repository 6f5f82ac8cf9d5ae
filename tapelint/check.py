"""One file, from its bytes to its diagnostics."""

from __future__ import annotations

import ast
import gc
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tapelint.diagnostic import Diagnostic, Finding, Severity, Span
from tapelint.result import FileResult
from tapelint.source.marks import has_mark
from tapelint.source.text import Source, UndecodableError

SYNTAX_ERROR = "TAP001"

_NEWER = re.compile(
    r"^\s*type\s+\w+.*=|\b(?:def|class)\s+\w+\s*\[|\bexcept\s*\*|\b[rR]?[fFtT][rR]?['\"]|\[.*\*", re.MULTILINE
)
"""Lines that may hold syntax of a Python after 3.10: only then is it worth asking libcst."""
_JUDGED_LENGTH = 500_000
_FRAMES = 6_000


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


class Unparsable(Exception):
    """The text is not Python that we can parse: the reason in a few words, the place, and whether it is too new."""

    def __init__(self, reason: str, span: Span, newer: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span
        self.newer = newer


def check(path: str, data: bytes, terms: Terms) -> FileResult:
    """Read and judge one file. Never raises but for a request to stop: trouble of our own is in the result's `errors`.

    Bytes that hold no mark are not looked at further.
    """
    if not has_mark(data):
        return FileResult(path)
    try:
        with _no_collection():
            source, findings = _findings(path, data, terms)
        diagnostics = _diagnostics(source, findings, terms)
    except Exception as error:
        if os.environ.get("TAPELINT_DEBUG"):
            import traceback

            traceback.print_exc()
        return FileResult(path, errors=(f"internal error: {_described(error)}",))
    return FileResult(path, source, diagnostics)


def parse(source: Source) -> ast.Module:
    """The syntax tree of the text. Raises `Unparsable`."""
    text = source.text
    null = text.find("\0")
    if null >= 0:
        raise Unparsable("it holds a null character", Span(null, null + 1))
    try:
        with warnings.catch_warnings(), _no_collection():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        span = _span(source, error)
        raise Unparsable(_in_short(error.msg), span, newer=_is_newer(text, error)) from None
    except (RecursionError, MemoryError):
        raise Unparsable("it is nested too deeply for Python", Span(0, 0)) from None
    except ValueError as error:
        raise Unparsable(str(error), Span(0, 0)) from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Trees and recordings are millions of objects: looking for cycles while they grow is a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _deep() -> Iterator[None]:
    """Room for what Python itself parses: a chain of a thousand calls is several times as many frames of the player."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _findings(path: str, data: bytes, terms: Terms) -> tuple[Source, Iterable[Finding]]:
    try:
        source = Source.from_bytes(path, data)
    except UndecodableError as error:
        # Latin-1 gives every byte a character, so the place can be shown.
        source = Source(path, data.decode("latin-1"), "latin-1")
        reason, at = _undecodable(data, error)
        return source, (_refused(Unparsable(reason, Span(at, min(at + 1, len(data))))),)
    try:
        tree = parse(source)
    except Unparsable as refusal:
        return source, (_refused(refusal),)
    from tapelint.play import PlaySettings, play
    from tapelint.rules import find

    with _deep():
        recording = play(source, tree, PlaySettings(keras=terms.keras))
        return source, list(find(recording, terms.codes))


def _refused(refusal: Unparsable) -> Finding:
    fields = {"what": "file", "reason": refusal.reason, "python": ".".join(map(str, sys.version_info[:2]))}
    return Finding(SYNTAX_ERROR, refusal.span, fields, variant="newer" if refusal.newer else "")


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


def _undecodable(data: bytes, error: UndecodableError) -> tuple[str, int]:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as utf8:
        if "utf-8" in str(error) or "invalid" in str(error):
            return f"byte 0x{data[utf8.start]:02x} is not UTF-8, and no other encoding is declared", utf8.start
    return str(error).removeprefix("not readable as text: "), 0


def _in_short(message: str) -> str:
    """Python's message without its advice, the row (which is said anyway) and the names of codecs."""
    if message.startswith("(unicode error)"):
        message = message.split(": ")[-1]
    reason = message.split(". ")[0].split(" (detected at")[0]
    return reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason


def _span(source: Source, error: SyntaxError) -> Span:
    size = len(source.text)
    starts = source.line_starts
    row = min(max(error.lineno or 1, 1), len(starts))
    line_end = starts[row] if row < len(starts) else size
    start = min(starts[row - 1] + max((error.offset or 1) - 1, 0), line_end)
    if source.text.startswith("#", start):
        # What is missing belongs at the end of the code, not in the comment after it.
        start = starts[row - 1] + len(source.text[starts[row - 1] : start].rstrip())
        return Span(start, start)
    end = start + 1
    if error.end_lineno == error.lineno and error.end_offset:
        end = max(end, starts[row - 1] + error.end_offset - 1)
    return Span(start, max(start, min(end, start + len(source.text[start:line_end].rstrip("\r\n")))))


def _is_newer(text: str, error: SyntaxError) -> bool:
    """Whether a later Python than the running one would parse the text."""
    from tapelint.syntax.nesting import too_deep

    if error.msg.startswith(("(", "bytes", "multiple exception")) or len(text) > _JUDGED_LENGTH or too_deep(text):
        return False
    rows = text.splitlines()
    row = error.lineno or 1
    if not _NEWER.search("\n".join(rows[max(row - 4, 0) : row + 1])):
        return False
    import libcst

    try:
        libcst.parse_module(text)
    except Exception:
        return False
    return True


def _described(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
