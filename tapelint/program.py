"""One file as a program: its text, its cells if it has any, its syntax tree, and what of it could not be read."""

from __future__ import annotations

import ast
import gc
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from tapelint.diagnostic import Finding, Span
from tapelint.record import Record
from tapelint.source.text import Source, UndecodableError
from tapelint.surroundings import real_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.source.cells import Cells

SYNTAX_ERROR = "TAP001"

_NEWER = r"(?m)^\s*type\s+\w+.*=|\b(?:def|class)\s+\w+\s*\[|\bexcept\s*\*|\b[rR]?[fFtT][rR]?['\"]|\[.*\*"
"""Lines that may hold syntax of a Python after 3.10: only then is it worth asking libcst."""
_GAP = r"(?m)^([ \t]*)#[ \t]*(?:\.\.\.|\u2026)[^\r\n]*"
"""A comment that says that code was left out."""
_R = r"(?m)^[ \t]*(?:[A-Za-z][\w.]*[ \t]*<-[ \t]|library\()"
"""An assignment or an import of R: in a notebook, another kernel runs the cells from there on."""
_JUDGED_LENGTH = 500_000
_TREES = 96
"""How many trees are kept, in the hope that other files of the project use what they hold."""


class Program(Record):
    """What was read of one file.

    `source` is the text that people see: that of the file, or of its cells. `python` is the same with nothing but
    Python in it, at the same offsets. `tree` is its syntax tree, None if nothing could be parsed. `refused` are
    findings about what could not be. `is_whole` is False where code is missing: in a document, and in a notebook with
    a cell that could not be read.
    """

    source: Source
    python: Source
    tree: ast.Module | None
    cells: Cells | None = None
    refused: tuple[Finding, ...] = ()
    is_whole: bool = True


class Unparsable(Exception):
    """The text is not Python that we can parse: the reason in a few words, the place, and whether it is too new."""

    def __init__(self, reason: str, span: Span, newer: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span
        self.newer = newer


def read(path: str, data: bytes) -> Program:
    """Read a file: a notebook or a document if its name says so, else Python. Never raises for what the bytes hold."""
    lower = path.lower()
    try:
        if lower.endswith(".ipynb"):
            return _notebook(path, data)
        if lower.endswith((".md", ".markdown", ".rst", ".txt")):
            return _document(path, data)
        source = Source.from_bytes(path, data)
    except UndecodableError as error:
        # Latin-1 gives every byte a character, so the place can be shown.
        source = Source(path, data.decode("latin-1"), "latin-1")
        return _unread(source, Unparsable(str(error), Span(error.at, min(error.at + 1, len(data)))))
    try:
        return Program(source, source, _tree(real_path(path), source.text))
    except Unparsable as refusal:
        return _unread(source, refusal)


def _unread(source: Source, refusal: Unparsable) -> Program:
    return Program(source, source, None, None, (_refused(refusal),), is_whole=False)


def _notebook(path: str, data: bytes) -> Program:
    from tapelint.source.notebook import NotebookError, read_file, read_notebook

    file = read_file(path, data)
    try:
        text, cells = read_notebook(file)
    except NotebookError as error:
        return _unread(file, Unparsable(error.reason, Span(error.at, min(error.at + 1, len(file.text)))))
    return _of_cells(path, text, cells)


def _document(path: str, data: bytes) -> Program:
    from tapelint.source.markdown import read_document
    from tapelint.source.notebook import read_file

    return _of_cells(path, *read_document(read_file(path, data)))


def _of_cells(path: str, text: str, cells: Cells) -> Program:
    """Parse every cell by itself, leave out what can't be parsed, and put the rest together."""
    from tapelint.source.magic import blank, masked
    from tapelint.syntax import cells as whole

    refused: list[Finding] = []
    parts: list[str] = []
    unread: list[tuple[int, str]] = []
    unknown: list[int] = []
    is_whole = cells.is_notebook
    in_r = False
    for cell in cells.cells:
        own = text[cell.start : cell.end]
        in_r = in_r or (cells.is_notebook and re.search(_R, own) is not None)
        mask = masked(own)
        part = mask.text if cells.is_notebook else _with_gaps(mask.text)
        try:
            parse(Source(path, part))
        except Unparsable as refusal:
            span = Span(refusal.span.start + cell.start, refusal.span.end + cell.start)
            what = "notebook cell" if cells.is_notebook else "code block"
            if not in_r:
                refused.append(_refused(Unparsable(refusal.reason, span, refusal.newer), what))
            unread.append((cell.row, part))
            part = blank(own)
            is_whole = False
        else:
            unknown += [at + cell.start for at in mask.unknown]
            is_whole = is_whole and not mask.opens
        parts.append(part + text[cell.end : cell.end + 2])
    source = Source(path, text)
    python = source.with_text("".join(parts))
    try:
        tree = parse(python)
    except Unparsable as refusal:
        return Program(source, python, None, cells, (*refused, _refused(refusal)), is_whole=False)
    places = [python.position(at) for at in unknown]
    whole.elsewhere(tree, ((at.row, len(python.line(at.row)[: at.column - 1].encode())) for at in places))
    ends = [python.position(cell.end).row for cell in cells.cells]
    blocks = [(cell.row, end) for cell, end in zip(cells.cells, ends, strict=True)]
    whole.elide(tree)
    whole.show(tree, blocks, {cell.row for cell in cells.cells if cell.prompts})
    for row, lost in unread:
        whole.unread(tree, lost, row)
    return Program(source, python, tree, cells, tuple(refused), is_whole)


def _with_gaps(text: str) -> str:
    """The text with `...` in the place of comments like `# ... the model as before`, if that can be parsed."""
    gaps = re.sub(_GAP, lambda gap: gap[1] + "..." + " " * (len(gap[0]) - len(gap[1]) - 3), text)
    if gaps == text:
        return text
    try:
        parse(Source("", gaps))
    except Unparsable:
        return text
    return gaps


@lru_cache(maxsize=_TREES)
def _tree(path: str, text: str) -> ast.Module:
    """The tree of a file, which nobody may change: it is the same for whoever judges the file and whoever uses it."""
    return parse(Source(path, text))


def parse(source: Source) -> ast.Module:
    """The syntax tree of the text. Raises `Unparsable`."""
    text = source.text
    null = text.find("\0")
    if null >= 0:
        raise Unparsable("it holds a null character", Span(null, null + 1))
    try:
        with warnings.catch_warnings(), no_collection():
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
def no_collection() -> Iterator[None]:
    """Trees and recordings are millions of objects: looking for cycles while they grow is a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _refused(refusal: Unparsable, what: str = "file") -> Finding:
    fields = {"what": what, "reason": refusal.reason, "python": ".".join(map(str, sys.version_info[:2]))}
    return Finding(SYNTAX_ERROR, refusal.span, fields, variant="newer" if refusal.newer else "")


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
    if not re.search(_NEWER, "\n".join(rows[max(row - 4, 0) : row + 1])):
        return False
    import libcst

    try:
        libcst.parse_module(text)
    except Exception:
        return False
    return True
