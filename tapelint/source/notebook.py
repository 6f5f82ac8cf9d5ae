"""Jupyter notebooks: the code cells of the JSON, and where each of their characters stands in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecodeError, JSONDecoder
from typing import Any

from tapelint.diagnostic import Span
from tapelint.record import Record
from tapelint.source.cells import Cells, Piece, Run, gather
from tapelint.source.text import Source, UndecodableError

SUFFIX = ".ipynb"

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\]+')
_HIGH = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_INDENT = re.compile(r"[ \t]+(?=[^ \t\r\n])")
_PYTHON = ("python", "ipython", "xpython", "")
_DECODER = JSONDecoder(strict=False)


class NotebookError(ValueError):
    """The file is no notebook: the reason in a few words, and where in the file's text it is seen."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


def read_file(path: str, data: bytes) -> Source:
    """The file's own text. Raises `UndecodableError`."""
    bom = data.startswith(b"\xef\xbb\xbf")
    try:
        return Source(path, data.decode("utf-8-sig"), "utf-8", bom)
    except UnicodeDecodeError as error:
        raise UndecodableError.at_byte(error, "UTF-8", bom) from None


def read_notebook(file: Source) -> tuple[str, Cells]:
    """The Python text of the code cells of a notebook (nbformat 3 and 4), in order. Raises `NotebookError`.

    A notebook in another language than Python has no cells that we read.
    """
    try:
        return gather(file, _pieces(file.text), is_notebook=True)
    except JSONDecodeError as error:
        raise NotebookError(f"it is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos) from None
    except RecursionError:
        raise NotebookError("its JSON is nested too deeply") from None


class _Raw(Record):
    """One cell as the JSON has it: its kind, its language, and the places of the strings of its source."""

    kind: object
    language: object
    strings: tuple[tuple[int, int], ...]
    glue: str


def _pieces(text: str) -> Iterator[tuple[int, Piece, str, bool]]:
    top = {key: (at, end) for key, at, end in _members(text, _skip(text, 0))}
    end = _skip(text, max((end for _, end in top.values()), default=0))
    if text[end : end + 1] == "}" and text[end + 1 :].strip(" \t\r\n"):
        raise NotebookError("something stands after the end of its JSON", _skip(text, end + 1))
    raws: list[_Raw] = []
    if "cells" in top:
        raws = [_raw(text, at) for at, _ in _items(text, top["cells"][0])]
    elif "worksheets" in top:
        for sheet, _ in _items(text, top["worksheets"][0]):
            for key, at, _ in _members(text, sheet):
                if key == "cells":
                    raws += [_raw(text, cell) for cell, _ in _items(text, at)]
    else:
        raise NotebookError("it has no cells, so it is no notebook", 0)
    if not _is_python(text, top):
        return
    for number, raw in enumerate(raws, 1):
        if raw.kind == "code" and (raw.language is None or str(raw.language).lower() in _PYTHON):
            yield number, _dedented(_decoded(text, raw.strings)), raw.glue, False


def _is_python(text: str, top: dict[str, tuple[int, int]]) -> bool:
    if "metadata" not in top:
        return True
    metadata: Any = _DECODER.raw_decode(text, top["metadata"][0])[0]
    if not isinstance(metadata, dict):
        return True
    for holder, name in (("language_info", "name"), ("kernelspec", "language")):
        held = metadata.get(holder)
        language = held.get(name) if isinstance(held, dict) else None
        if isinstance(language, str):
            return language.lower() in _PYTHON
    return True


def _raw(text: str, at: int) -> _Raw:
    kind: object = None
    language: object = None
    strings: tuple[tuple[int, int], ...] = ()
    glue = ""
    for key, value, end in _members(text, at):
        if key == "cell_type":
            kind = _DECODER.raw_decode(text, value)[0]
        elif key == "language":
            language = _DECODER.raw_decode(text, value)[0]
        elif key in ("source", "input"):
            if text[value] == '"':
                strings, glue = ((value, end),), ""
            elif text[value] == "[":
                strings = tuple(item for item in _items(text, value) if text[item[0]] == '"')
                glue = _glue(text, value, strings)
    return _Raw(kind, language, strings, glue)


def _glue(text: str, at: int, strings: tuple[tuple[int, int], ...]) -> str:
    """What stands between two strings of the list: where one line ends and the next begins."""
    if len(strings) > 1:
        return '"' + text[strings[0][1] : strings[1][0]] + '"'
    space = text[at + 1 : strings[0][0]] if strings else ""
    return f'",{space or " "}"'


def _decoded(text: str, strings: tuple[tuple[int, int], ...]) -> Piece:
    """The strings joined, each code point with its place in the JSON."""
    parts: list[str] = []
    runs: list[Run] = []
    size = 0
    for start, end in strings:
        at = start + 1
        while at < end - 1:
            plain = _PLAIN.match(text, at, end - 1)
            if plain:
                runs.append(Run(size, len(plain[0]), at, len(plain[0])))
                parts.append(plain[0])
                size += len(plain[0])
                at = plain.end()
                continue
            if _HIGH.match(text, at):
                width = 12
            else:
                width = 6 if text[at + 1] == "u" else 2
            parts.append(json.loads(f'"{text[at : at + width]}"'))
            # An escape is one code point; two of a pair of surrogates are one too.
            runs.append(Run(size, 1, at, width))
            size += 1
            at += width
    return Piece("".join(parts), tuple(runs))


def _dedented(piece: Piece) -> Piece:
    """The piece without the indent of its first line, which IPython takes off every line."""
    lines = Source("", piece.text)
    first = next((row for row in range(1, len(lines.line_starts) + 1) if lines.line(row).strip()), 0)
    indent = _INDENT.match(lines.line(first)) if first else None
    if indent is None:
        return piece
    rows = [lines.line(row) for row in range(1, len(lines.line_starts) + 1)]
    if rows[first - 1].lstrip().startswith("#") and any(row.strip() and not row.startswith(indent[0]) for row in rows):
        return piece  # only a comment stands aside
    gone = []
    for at in lines.line_starts:
        if piece.text.startswith(indent[0], at):
            gone.append(Span(at, at + len(indent[0])))
    return piece.without(gone)


# -- JSON with places: only the way to the cells is walked, everything beside it is skipped at the speed of C ----------


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The members of the object at `at`: key, start and end of the value. Nothing for another kind of value."""
    if text[at : at + 1] != "{":
        if not text[at:].strip():
            raise JSONDecodeError("expecting value", text, at)
        _DECODER.raw_decode(text, at)
        return
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise JSONDecodeError("expecting a name in double quotes", text, at)
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise JSONDecodeError("expecting ':'", text, at)
        value = _skip(text, at + 1)
        end = _DECODER.raw_decode(text, value)[1]
        yield key, value, end
        at = _separated(text, end, "}")


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """The items of the list at `at`: start and end of each. Nothing for another kind of value."""
    if text[at : at + 1] != "[":
        return
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        yield at, end
        at = _separated(text, end, "]")


def _separated(text: str, at: int, close: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        after = _skip(text, at + 1)
        if text[after : after + 1] == close:
            raise JSONDecodeError("expecting another value after ','", text, at)
        return after
    if text[at : at + 1] != close:
        raise JSONDecodeError(f"expecting ',' or '{close}'", text, at)
    return at
