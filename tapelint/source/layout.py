"""Comments and logical lines: what Python's tokenizer sees of a text, by row."""

from __future__ import annotations

import io
import tokenize
from bisect import bisect_right
from dataclasses import dataclass, field

from tapelint.diagnostic import Span
from tapelint.record import Record
from tapelint.source.text import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.source.cells import Cells


class Comment(Record):
    """One comment, from its `#` to the end of its line.

    `alone`: nothing stands before it on its line. `inside`: it is alone on its line, but between brackets, in the
    middle of a statement. `column` counts from 0.
    """

    row: int
    column: int
    span: Span
    text: str
    alone: bool
    inside: bool


class Statement(Record):
    """One logical line: a simple statement (or several, with semicolons), or the header of a compound one.

    `words` are its tokens without comments.
    """

    first: int
    last: int
    column: int
    words: tuple[str, ...]

    @property
    def decorates(self) -> bool:
        """Whether this is a decorator: what it belongs to comes below."""
        return self.words[0] == "@"


@dataclass(slots=True)
class Layout:
    """The comments and logical lines of a text, in its order.

    `joined` holds the first and the last row of every physical line that strings or backslashes make longer than a
    row, for each of its rows.
    """

    comments: list[Comment] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    joined: dict[int, tuple[int, int]] = field(default_factory=dict)
    _firsts: list[int] = field(default_factory=list)

    def statement_at(self, row: int) -> Statement | None:
        """The logical line that holds a row."""
        at = bisect_right(self._firsts, row) - 1
        return self.statements[at] if at >= 0 and self.statements[at].last >= row else None

    def statement_below(self, row: int) -> Statement | None:
        """The first logical line that starts below a row."""
        at = bisect_right(self._firsts, row)
        return self.statements[at] if at < len(self.statements) else None

    def outside(self, row: int, column: int) -> int:
        """The first row below `row` whose statement is indented less than `column`; one past everything if none."""
        for statement in self.statements[bisect_right(self._firsts, row) :]:
            if statement.column < column:
                return statement.first
        return self.statements[-1].last + 1 if self.statements else row + 1


def python(source: Source, cells: Cells | None) -> Source:
    """The text with nothing but Python in it, at the same offsets: what IPython adds in cells is blanked."""
    if cells is None:
        return source
    from tapelint.source.magic import masked

    text = source.text
    for cell in cells.cells:
        text = text[: cell.start] + masked(text[cell.start : cell.end]).text + text[cell.end :]
    return source.with_text(text)


def layout(source: Source) -> Layout:
    """Read the text as Python's tokenizer does. Never raises: what it cannot read ends the layout early."""
    starts = source.line_starts
    # Every line ending is one newline here: the tokenizers of different Pythons treat the others differently.
    lines = io.StringIO("\n".join(source.line(row) for row in range(1, len(starts) + 1)))
    found = Layout()
    words: list[str] = []
    first = column = last = 0
    line_first = 0
    formatted: list[tuple[int, int]] = []
    try:
        for kind, text, (row, at), (end_row, end_at), _ in tokenize.generate_tokens(lines.readline):
            if kind in _INVISIBLE or (formatted and kind == tokenize.NL):
                continue
            line_first = line_first or row
            if kind == tokenize.COMMENT:
                start = starts[row - 1] + at
                alone = not source.text[starts[row - 1] : start].strip()
                inside = alone and bool(words or formatted)
                found.comments.append(Comment(row, at, Span(start, start + len(text)), text, alone, inside))
            elif kind in (tokenize.NL, tokenize.NEWLINE):
                if line_first < row:
                    found.joined.update(dict.fromkeys(range(line_first, row + 1), (line_first, row)))
                line_first = 0
                if kind == tokenize.NEWLINE and words:
                    found.statements.append(Statement(first, last, column, tuple(words)))
                    words = []
            else:
                if not words:
                    first, column = row, at
                if kind in _FORMATTED_STARTS:
                    formatted.append((row, at))
                if not formatted:
                    words.append(text)
                elif kind in _FORMATTED_ENDS:
                    start_row, start_at = formatted.pop()
                    if not formatted:
                        start, end = starts[start_row - 1] + start_at, starts[end_row - 1] + end_at
                        words.append("\n".join(source.text[start:end].splitlines()))
                last = end_row
    except (tokenize.TokenError, SyntaxError):
        pass
    found._firsts = [statement.first for statement in found.statements]
    return found


_INVISIBLE = frozenset({tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING})
# From Python 3.12 on, a formatted string is many tokens; here it is one word, as it was before.
_FORMATTED_STARTS = frozenset(
    getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)
)
_FORMATTED_ENDS = frozenset(
    getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)
)
