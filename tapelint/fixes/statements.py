"""Statements moved, indented, inserted and wrapped: edits of the text that leave every other character alone.

Pure functions on a `Source` and nodes of its `ast` tree. Each gives edits, or None where the text does not allow the
change: a statement that shares its line, a block on the line of its header, indentation that cannot be continued.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Sequence
from functools import lru_cache

from tapelint.diagnostic import Edit, Span
from tapelint.source.text import Source

Edits = tuple[Edit, ...]

_STEPS = {"FSTRING_START": 1, "FSTRING_END": -1, "TSTRING_START": 1, "TSTRING_END": -1}

_REGION = (
    r"\s*#\s*(?:(?:fmt|yapf|isort|ruff)\s*:\s*(?:off|on|disable|enable|skip)"
    r"|(?:pylint|tapelint)\s*:\s*(?:disable|enable))\b"
)
"""A comment on a line of its own with which a region starts or ends: at another depth, it would be another region."""


# -- where statements stand -------------------------------------------------------------------------------------------


def start_row(statement: ast.stmt) -> int:
    """The first row of a statement, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(node.lineno for node in decorators)])


def end_row(statement: ast.AST) -> int:
    """The last row of a statement."""
    return int(getattr(statement, "end_lineno", 0) or statement.lineno)  # type: ignore[attr-defined]


def indentation(source: Source, statement: ast.stmt) -> str | None:
    """The white space before a statement; None where something else stands before it on its line."""
    row = start_row(statement)
    line = source.line(row)
    before = source.text[source.line_starts[row - 1] : source.offset(row, _column(statement, row))]
    return before if not before.strip() and line.startswith(before) else None


def rows(source: Source, first: int, last: int) -> Span:
    """The span of whole lines, from the start of row `first` to the start of the row after `last`."""
    starts = source.line_starts
    return Span(starts[first - 1], starts[last] if last < len(starts) else len(source.text))


def alone(source: Source, statement: ast.stmt) -> bool:
    """Whether a statement shares no line with another one; a comment after it is no statement."""
    after = source.text[source.span(statement).end : rows(source, 1, end_row(statement)).end].strip()
    return indentation(source, statement) is not None and (not after or after.startswith("#"))


def newline(source: Source) -> str:
    """How lines end in this text."""
    at = source.text.find("\n")
    if at < 0:
        return "\r" if "\r" in source.text else "\n"
    return "\r\n" if source.text[at - 1 : at] == "\r" else "\n"


def unit(source: Source, block: ast.stmt) -> str | None:
    """What a block's statements are indented by beyond its header; None where they stand on the header's line."""
    outer, first = indentation(source, block), block.body[0]  # type: ignore[attr-defined]
    inner = indentation(source, first)
    if outer is None or inner is None or start_row(first) == block.lineno or not inner.startswith(outer):
        return None
    return inner[len(outer) :] or None


# -- edits ------------------------------------------------------------------------------------------------------------


def into_block(source: Source, block: ast.With | ast.AsyncWith, following: Sequence[ast.stmt]) -> Edits | None:
    """Indent the statements that directly follow a `with` block, so that they become the last ones in it.

    Comments and empty lines between them stay where they are among them; nothing inside a string changes.
    """
    by, outer = unit(source, block), indentation(source, block)
    if by is None or outer is None or not _all_alone(source, following) or indentation(source, following[0]) != outer:
        return None
    first = end_row(block) + 1
    for row in range(first, start_row(following[0])):
        if source.line(row).startswith(outer + by):
            first = row + 1  # a comment at the end of the block is in it already
    return _indented(source, first, _last_row(source, following[-1], outer), by, outer)


def opened_before(source: Source, block: ast.With | ast.AsyncWith, before: Sequence[ast.stmt]) -> Edits | None:
    """Open a `with` block above the statements that directly precede it, so that they become the first ones in it."""
    by, outer = unit(source, block), indentation(source, block)
    if by is None or outer is None or not _all_alone(source, before) or indentation(source, before[0]) != outer:
        return None
    first = start_row(before[0])
    head = rows(source, block.lineno, start_row(block.body[0]) - 1)
    # Comments between the header and its first statement belong to that statement, and stay.
    header_end = _header_end(source, block)
    if header_end is None or header_end > head.end:
        return None
    moved = source.text[head.start : header_end]
    indented = _indented(source, first, block.lineno - 1, by, outer)
    if indented is None:
        return None
    start = rows(source, first, first).start
    at = next((edit for edit in indented if edit.span.start == start), None)
    rest = tuple(edit for edit in indented if edit is not at)
    opening = Edit(Span(start, start), moved + (at.content if at is not None else ""))
    return (opening, *rest, Edit(Span(head.start, header_end), ""))


def out_of_block(source: Source, block: ast.stmt, last: Sequence[ast.stmt]) -> Edits | None:
    """Take the last statements of a block out of it: they follow it then. Something must be left in it.

    Comments right above and below them come with them.
    """
    by, outer = unit(source, block), indentation(source, block)
    body: list[ast.stmt] = block.body  # type: ignore[attr-defined]
    if by is None or outer is None or len(last) >= len(body) or not _all_alone(source, last):
        return None
    if indentation(source, last[0]) != outer + by or end_row(body[-1]) != end_row(block):
        return None
    inside = _inside_strings(source.text)
    edits: list[Edit] = []
    for row in range(_first_row(source, last[0]), _last_row(source, last[-1], outer) + 1):
        line = source.line(row)
        if row not in inside and re.match(_REGION, line):
            return None
        if row in inside or not line.startswith(outer + by):
            continue
        at = source.line_starts[row - 1] + len(outer)
        edits.append(Edit(Span(at, at + len(by)), ""))
    return tuple(edits)


def first_in_block(source: Source, block: ast.stmt, text: str) -> Edits | None:
    """Insert a line of its own, first in a block: also before the comments about its first statement."""
    at, indent = _top(source, block), indentation(source, block.body[0])  # type: ignore[attr-defined]
    return None if at is None or indent is None else (Edit(Span(at, at), indent + text + newline(source)),)


def before(source: Source, statement: ast.stmt, text: str) -> Edits | None:
    """Insert a line of its own before a statement, indented like it."""
    indent = indentation(source, statement)
    if indent is None:
        return None
    at = rows(source, start_row(statement), start_row(statement)).start
    return (Edit(Span(at, at), indent + text + newline(source)),)


def after(source: Source, statement: ast.stmt, text: str, like: ast.stmt | None = None) -> Edits | None:
    """Insert a line of its own after a statement, indented like it, or like another statement."""
    indent = indentation(source, like or statement)
    if indent is None or not alone(source, statement):
        return None
    at = rows(source, 1, end_row(statement)).end
    if at == len(source.text) and not source.text.endswith(("\n", "\r")):
        return (Edit(Span(at, at), newline(source) + indent + text),)
    return (Edit(Span(at, at), indent + text + newline(source)),)


def removed(source: Source, statement: ast.stmt) -> Edits | None:
    """Take a statement away with its lines."""
    if not alone(source, statement):
        return None
    return (Edit(rows(source, start_row(statement), end_row(statement)), ""),)


def moved_before(source: Source, statement: ast.stmt, place: ast.stmt) -> Edits | None:
    """Move a simple statement before another one and indent it like that.

    What stands behind it on its line, and the comments right above it, come with it.
    """
    indent = indentation(source, place)
    if not alone(source, statement) or indent is None or start_row(statement) == start_row(place):
        return None
    at = rows(source, start_row(place), start_row(place)).start
    return _placed(source, statement, at, indent)


def moved_first(source: Source, statement: ast.stmt, block: ast.stmt) -> Edits | None:
    """Move a simple statement to the top of a block, with its comments as `moved_before` does."""
    at, indent = _top(source, block), indentation(source, block.body[0])  # type: ignore[attr-defined]
    if not alone(source, statement) or at is None or indent is None:
        return None
    return _placed(source, statement, at, indent)


def moved_after(source: Source, statement: ast.stmt, place: ast.stmt) -> Edits | None:
    """Move a simple statement after another one and indent it like that, with its comments as `moved_before` does."""
    indent = indentation(source, place)
    if not alone(source, statement) or indent is None or not alone(source, place):
        return None
    at = rows(source, 1, end_row(place)).end
    if at == len(source.text) and not source.text.endswith(("\n", "\r")):
        return None
    return _placed(source, statement, at, indent)


def hoisted(source: Source, statement: ast.stmt, block: ast.stmt) -> Edits | None:
    """Move a statement out of a block, before it."""
    return moved_before(source, statement, block)


def wrapped(source: Source, node: ast.AST, opening: str, closing: str) -> Edits:
    """Put text before and after an expression."""
    span = source.span(node)
    return (Edit(Span(span.start, span.start), opening), Edit(Span(span.end, span.end), closing))


def renamed(source: Source, definition: ast.AST, old: str, new: str) -> Edits | None:
    """Rename a name in a definition; None where the new one is taken, or where the old one is not only its own."""
    edits: list[Edit] = []
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and node.id == new:
            return None
        if isinstance(node, ast.Name) and node.id == old:
            edits.append(Edit(source.span(node), new))
        elif isinstance(node, (ast.Global, ast.Nonlocal)) and {old, new} & set(node.names):
            return None
        elif isinstance(node, ast.arg) and node.arg in (old, new):
            return None
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name in (old, new):
            return None
        elif isinstance(node, ast.alias) and (node.asname or node.name) in (old, new):
            return None
        elif isinstance(node, ast.ExceptHandler) and node.name in (old, new):
            return None
    return tuple(sorted(edits, key=lambda edit: edit.span)) or None


def fresh(definition: ast.AST, wish: str) -> str:
    """A name that nothing in the definition has: the wish, or the wish with a number behind it."""
    taken = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(definition) if isinstance(node, ast.arg)}
    name, number = wish, 2
    while name in taken:
        name, number = f"{wish}_{number}", number + 1
    return name


# -- the text behind them ---------------------------------------------------------------------------------------------


def _column(statement: ast.stmt, row: int) -> int:
    if row == statement.lineno:
        return statement.col_offset
    decorator = next(node for node in statement.decorator_list if node.lineno == row)  # type: ignore[attr-defined]
    return int(decorator.col_offset) - 1  # the @


def _all_alone(source: Source, statements: Sequence[ast.stmt]) -> bool:
    """Whether the lines of these statements hold nothing else."""
    first, last = statements[0], statements[-1]
    rest = source.text[source.span(last).end : rows(source, 1, end_row(last)).end].strip()
    return indentation(source, first) is not None and (not rest or rest.startswith("#"))


def _indented(source: Source, first: int, last: int, by: str, outer: str) -> Edits | None:
    inside = _inside_strings(source.text)
    edits: list[Edit] = []
    for row in range(first, last + 1):
        line = source.line(row)
        if row in inside or not line.strip():
            continue
        if re.match(_REGION, line):
            return None
        start = source.line_starts[row - 1]
        if line.startswith(outer):
            start += len(outer)
        elif line.lstrip().startswith("#"):
            continue  # a comment that stands further left belongs to something else
        edits.append(Edit(Span(start, start), by))
    return tuple(edits) or None


def _top(source: Source, block: ast.stmt) -> int | None:
    """Where the first line below the header of a block starts."""
    if unit(source, block) is None:
        return None
    row = start_row(block.body[0])  # type: ignore[attr-defined]
    while not source.line(row - 1).partition("#")[0].strip():
        row -= 1
    return rows(source, row, row).start


def _first_row(source: Source, statement: ast.stmt) -> int:
    """The row of the statement, or of the comments right above it that stand as far to the right."""
    row, indent = start_row(statement), indentation(source, statement)
    while row > 1 and indent is not None and source.line(row - 1).startswith(indent + "#"):
        row -= 1
    return row


def _last_row(source: Source, statement: ast.stmt, outer: str) -> int:
    """The last row of the statement, or of the comments below that stand further to the right than `outer`."""
    row = last = end_row(statement)
    while row < len(source.line_starts):
        row += 1
        line = source.line(row)
        if not line.strip():
            continue
        if not line.lstrip().startswith("#") or not line.startswith(outer) or not line[len(outer)].isspace():
            break
        last = row
    return last


def _placed(source: Source, statement: ast.stmt, at: int, indent: str) -> Edits | None:
    """The lines of a statement at another place, indented by `indent`."""
    own = indentation(source, statement)
    first = _first_row(source, statement)
    lines = rows(source, first, end_row(statement))
    if own is None or lines.start < at < lines.end:
        return None
    inside = _inside_strings(source.text)
    text = ""
    for row in range(first, end_row(statement) + 1):
        line = source.segment(rows(source, row, row))
        if row not in inside and re.match(_REGION, line):
            return None
        text += line if row in inside or not line.strip() else indent + line.removeprefix(own)
    if not text.endswith(("\n", "\r")):
        text += newline(source)
    return tuple(sorted((Edit(Span(at, at), text), Edit(lines, "")), key=lambda edit: edit.span))


def _header_end(source: Source, block: ast.With | ast.AsyncWith) -> int | None:
    """Where the line of a `with` header ends: after its colon, and the comment behind it."""
    end = source.span(block.items[-1].optional_vars or block.items[-1].context_expr).end
    first = start_row(block.body[0])
    depth = 0
    row = source.position(end).row
    tail = source.text[end : rows(source, 1, row).end]
    while row < first:
        code = tail.split("#")[0]
        depth += code.count(")")
        if code.rstrip().endswith(":"):
            return rows(source, 1, row).end
        row += 1
        tail = source.segment(rows(source, row, row))
    return None


@lru_cache(maxsize=8)
def _inside_strings(text: str) -> frozenset[int]:
    """The rows that begin inside a string."""
    import tokenize

    whole = Source("", text)
    lines = io.StringIO("\n".join(whole.line(row) for row in range(1, len(whole.line_starts) + 1)))
    found: set[int] = set()
    open_: list[int] = []
    steps = {getattr(tokenize, name): step for name, step in _STEPS.items() if hasattr(tokenize, name)}
    try:
        for token in tokenize.generate_tokens(lines.readline):
            step = steps.get(token.type, 0)
            if token.type == tokenize.STRING:
                found.update(range(token.start[0] + 1, token.end[0] + 1))
            elif step > 0:
                open_.append(token.start[0])
            elif step < 0 and open_:
                found.update(range(open_.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):
        return frozenset(range(1, len(whole.line_starts) + 2))
    return frozenset(found)
