"""Text as a terminal shows it: how many cells each code point takes, and a harmless form for those that do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

TAB = 4
"""Tab stops in source frames."""


def visible(text: str) -> str:
    """One line that is safe to print: control, formatting and lone surrogate characters become escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else glyph(char)[0] for char in text)


def cells(text: str) -> int:
    """How many terminal cells a text takes, once it is made visible."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(glyph(char)[1] for char in text)


@lru_cache(maxsize=4096)
def glyph(char: str) -> tuple[str, int]:
    """What is printed for one code point, and how many cells that takes. A tab is the caller's business."""
    if " " <= char <= "~":
        return char, 1
    import unicodedata

    category = unicodedata.category(char)
    if category in ("Mn", "Me") or char in "\u200c\u200d":
        return char, 0
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\xad":
        code = ord(char)
        escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
        return escape, len(escape)
    return char, 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


class Line:
    """One line of source as it is printed: tabs expanded, harmful characters escaped."""

    def __init__(self, text: str) -> None:
        self.starts: list[int]
        """The cell at which each code point starts, and at last the cell after the line."""
        self.glyphs: list[str]
        if text.isascii() and text.isprintable():
            self.glyphs = list(text)
            self.starts = list(range(len(text) + 1))
            return
        self.glyphs = []
        self.starts = [0]
        at = 0
        for char in text:
            if char == "\t":
                size = TAB - at % TAB
                shown = " " * size
            else:
                shown, size = glyph(char)
            self.glyphs.append(shown)
            at += size
            self.starts.append(at)

    @property
    def cells(self) -> int:
        """How wide the whole line is."""
        return self.starts[-1]

    def cell(self, index: int) -> int:
        """The cell at which a code point starts; past the end, the cell after the line."""
        return self.starts[min(index, len(self.starts) - 1)]


def wrap(text: str, width: int) -> list[str]:
    """Break a text at spaces into lines of at most `width` cells.

    What stands between backticks is kept together where it fits into a line. A longer word stands alone and whole.
    """
    lines: list[str] = []
    line, taken = "", 0
    for word in _words(text, width):
        size = cells(word)
        if line and taken + 1 + size > width:
            lines.append(line)
            line, taken = word, size
        elif line:
            line, taken = f"{line} {word}", taken + 1 + size
        else:
            line, taken = word, size
    return [*lines, line] if line else lines


def _words(text: str, width: int) -> Iterator[str]:
    for word in re.findall(r"(?:`[^`]*`|\S)+", text):
        if cells(word) <= width:
            yield word
        else:
            yield from word.split()
