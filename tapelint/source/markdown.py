"""Python code blocks of documents: fences of Markdown, directives of reStructuredText, doctest prompts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from tapelint.diagnostic import Span
from tapelint.source.cells import Cells, Piece, Run, gather
from tapelint.source.text import Source

SUFFIXES = (".md", ".markdown", ".rst", ".txt")

_OPENING = re.compile(r"(?P<lead>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)\Z")
_DIRECTIVE = re.compile(
    r"(?P<lead>[ \t]*)\.\.[ \t]+(?:code-block|code|sourcecode|ipython|testcode)::[ \t]*(?P<info>.*)\Z"
)
_OPTION = re.compile(r"[ \t]+:[\w-]+:")
_QUOTE = re.compile(r"(?:[ \t]*>)+[ \t]?")
_PROMPT = re.compile(r"[ \t>]*(?:>>>|\.\.\.)(?: |\Z)")
_FIRST_PROMPT = re.compile(r"[ \t]*(?:>[ \t]?)?[ \t]*>>> ")
_WORD = re.compile(r"[A-Za-z][\w+-]*")
_PYTHON = frozenset({"python", "py", "python3", "py3", "ipython", "ipython3", "pycon", "pycon3", "doctest", "py-con"})


def is_document(path: str) -> bool:
    """Whether a file of this name is read for its code blocks."""
    return os.path.splitext(path)[1].lower() in SUFFIXES


def read_document(file: Source) -> tuple[str, Cells]:
    """The Python text of the code blocks of a document, in order, and its cells: one a block."""
    return gather(file, _pieces(file), is_notebook=False)


def _pieces(file: Source) -> Iterator[tuple[int, Piece, str, bool]]:
    rows = [file.line(row) for row in range(1, len(file.line_starts) + 1)]
    rst = file.path.lower().endswith((".rst", ".txt"))
    number = 0
    for first, last in _blocks(rows, rst):
        found = _piece(file, rows, first, last)
        if found is not None:
            number += 1
            yield (number, *found)


def _blocks(rows: Sequence[str], rst: bool) -> Iterator[tuple[int, int]]:
    """The rows (from 0, the last one excluded) of every block that holds Python."""
    at = 0
    while at < len(rows):
        fence = _OPENING.match(rows[at])
        directive = _DIRECTIVE.match(rows[at]) if rst else None
        if fence:
            start = at + 1
            end = _closing(rows, start, fence["fence"])
            if _is_python(fence["info"]) or (not fence["info"].strip() and _prompts(rows, start, end)):
                yield start, end
            at = end + 1
        elif directive:
            start, end = _indented(rows, at + 1, len(directive["lead"].expandtabs()))
            if _is_python(directive["info"]) or re.search("(?:ipython|testcode)::", rows[at]):
                yield start, end
            at = max(end, at + 1)
        elif rst and _FIRST_PROMPT.match(rows[at]):
            start = at
            while at < len(rows) and rows[at].strip():
                at += 1
            yield start, at
        else:
            at += 1


def _closing(rows: Sequence[str], first: int, fence: str) -> int:
    at = first
    close = re.compile(rf"[ \t>]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*\Z")
    while at < len(rows) and not close.match(rows[at]):
        at += 1
    # A fence that nothing closes ends with the last row, and not with the newline after it.
    return at - 1 if at == len(rows) and at > first and not rows[-1] else at


def _indented(rows: Sequence[str], at: int, lead: int) -> tuple[int, int]:
    """The body of a directive: what is indented deeper than it, without its options and empty rows at the ends."""
    while at < len(rows) and _OPTION.match(rows[at]):
        at += 1
    while at < len(rows) and not rows[at].strip():
        at += 1
    start = end = at
    while at < len(rows):
        if rows[at].strip():
            if _indent(rows[at]) <= lead:
                break
            end = at + 1
        at += 1
    return start, end


def _is_python(info: str) -> bool:
    words = [word.lower() for word in _WORD.findall(info)]
    if info.lstrip().startswith("{"):
        return not _PYTHON.isdisjoint(words)
    return bool(words) and words[0] in _PYTHON


def _prompts(rows: Sequence[str], start: int, end: int) -> bool:
    return next((bool(_FIRST_PROMPT.match(row)) for row in rows[start:end] if row.strip()), False)


def _piece(file: Source, rows: Sequence[str], first: int, last: int) -> tuple[Piece, str, bool] | None:
    """The text of some rows without what stands before the code in each: quote marks, indent, prompts."""
    if not any(row.strip() for row in rows[first:last]):
        return None
    starts = file.line_starts
    begin = starts[first]
    text = file.text[begin : starts[last - 1] + len(rows[last - 1])]
    whole = Piece(text, (Run(0, len(text), begin, len(text)),))
    gone: list[Span] = []
    glue = ""
    prompts = _prompts(rows, first, last)
    quote = max((len(found[0]) for row in rows[first:last] if not prompts and (found := _QUOTE.match(row))), default=0)
    bare = [row[_quoted(row, quote) :] for row in rows[first:last]]
    indent = min((_indent(row) for row in bare if row.strip()), default=0)
    for at in range(first, last):
        row = rows[at]
        offset = starts[at] - begin
        if prompts:
            prompt = _PROMPT.match(row)
            if prompt is None:
                end = (starts[at + 1] if at + 1 < last else starts[at] + len(row)) - begin
                gone.append(Span(offset, end))
                continue
            size = prompt.end()
            glue = glue or row[: size - 4] if size >= 4 else glue
        else:
            size = _quoted(row, quote)
            size += len(row) - size if not row[size:].strip() else _columns(row[size:], indent)
            if row[size:].strip():
                glue = row[:size]
        if size:
            gone.append(Span(offset, offset + size))
    return whole.without(gone), glue, prompts


def _quoted(row: str, most: int) -> int:
    found = _QUOTE.match(row) if most else None
    return min(len(found[0]), most) if found else 0


def _indent(row: str) -> int:
    row = row.expandtabs()
    return len(row) - len(row.lstrip(" "))


def _columns(row: str, indent: int) -> int:
    """How many characters of white space make up so many columns."""
    size = width = 0
    while width < indent and row[size : size + 1] in (" ", "\t"):
        width = width + 1 if row[size] == " " else (width // 8 + 1) * 8
        size += 1
    return size
