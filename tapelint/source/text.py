"""The text of one file: bytes in, decoded text and exact positions out."""

from __future__ import annotations

import ast
import io
from bisect import bisect_right
from functools import cached_property

from tapelint.diagnostic import Span
from tapelint.record import Record


class Position(Record):
    """Row and column, both from 1; the column counts code points."""

    row: int
    column: int


class UndecodableError(ValueError):
    """The bytes are not text in the encoding that the file declares (UTF-8 unless it says otherwise), and where."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.at = at

    @classmethod
    def at_byte(cls, error: UnicodeDecodeError, encoding: str, bom: bool) -> UndecodableError:
        """What is wrong where decoding stopped; the codec does not count a byte order mark."""
        at = error.start + 3 * bom
        return cls(f"byte {error.object[error.start]:#04x} is not {encoding}", at)


class Source:
    """One piece of Python text, never changed.

    `text` keeps its newlines as they are; a byte order mark is not part of it.
    """

    def __init__(self, path: str, text: str, encoding: str = "utf-8", bom: bool = False) -> None:
        self.path = path
        self.text = text
        self.encoding = encoding
        self.bom = bom
        self._ascii = text.isascii()

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> Source:
        """Decode `data` as Python does (PEP 263, byte order mark). Raises `UndecodableError` with one line of text."""
        bom = data.startswith(b"\xef\xbb\xbf")
        encoding = "utf-8"
        try:
            if bom or _may_declare(data):
                encoding = _declared(data) or encoding
            text = data.decode("utf-8-sig" if bom else encoding)
        except UnicodeDecodeError as error:
            declared = "UTF-8, and no other encoding is declared" if encoding == "utf-8" else f"{encoding}, as declared"
            raise UndecodableError.at_byte(error, declared, bom) from None
        except LookupError as error:
            raise UndecodableError(str(error).partition(";")[0]) from None
        return cls(path, text, "utf-8" if bom else encoding, bom)

    def with_text(self, text: str) -> Source:
        """Another text of the same file."""
        return Source(self.path, text, self.encoding, self.bom)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of the first code point of every line; lines end as Python ends them (LF, CRLF, CR)."""
        starts = [0]
        text = self.text
        if "\r" not in text:
            at = text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = text.find("\n", at + 1)
            return starts
        for at, char in enumerate(text):
            if char == "\n" or (char == "\r" and text[at + 1 : at + 2] != "\n"):
                starts.append(at + 1)
        return starts

    def position(self, offset: int) -> Position:
        """The row and column (both from 1, code points) of a code-point offset."""
        row = bisect_right(self.line_starts, offset)
        return Position(row, offset - self.line_starts[row - 1] + 1)

    def line(self, row: int) -> str:
        """The text of a row (from 1), without its line ending."""
        start = self.line_starts[row - 1]
        end = self.line_starts[row] if row < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def offset(self, row: int, byte_column: int) -> int:
        """The code-point offset of `ast`'s row (from 1) and UTF-8 byte column (from 0)."""
        start = self.line_starts[row - 1]
        if self._ascii:
            return start + byte_column
        end = self.line_starts[row] if row < len(self.line_starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:byte_column].decode(errors="ignore"))

    def span(self, node: ast.AST) -> Span:
        """The span of an `ast` node that has a position."""
        return Span(
            self.offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            self.offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def segment(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]


def _declared(data: bytes) -> str | None:
    """The encoding that a comment or a byte order mark declares. Raises `UndecodableError` where nobody knows it."""
    import tokenize

    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        if "unknown encoding" in str(error):
            raise UndecodableError(str(error)) from None
        if "encoding problem" in str(error):
            raise UndecodableError("its byte order mark means UTF-8, and its comment another encoding") from None
        return None  # one of the first lines is no UTF-8


def _may_declare(data: bytes) -> bool:
    """Whether one of the first two lines may declare an encoding."""
    end = data.find(b"\n", data.find(b"\n") + 1)
    return b"coding" in (data if end < 0 else data[:end])
