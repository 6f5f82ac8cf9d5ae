"""Suppression comments: which findings they cover, which of them cannot work, and which suppress nothing.

y = f(x)  # tapelint: ignore[TAP301] the reason
# tapelint: file-ignore[target-outside-tape]
# tapelint: disable[TAP301] ... # tapelint: enable[TAP301]
y = f(x)  # noqa: TAP301
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tapelint import catalogue
from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.record import Record
from tapelint.source.layout import Comment, Layout, layout
from tapelint.source.text import Source

SYNTAX_ERROR, UNUSED, INVALID = "TAP001", "TAP002", "TAP003"

_MENTION = re.compile(r"#\s*tapelint\s*(?::|(?:ignore|file-ignore|disable|enable)\s*\[)")
"""A comment for us, or one that was meant to be and lacks the colon."""
_NOQA_MENTION = re.compile(r"#\s*noqa", re.IGNORECASE)
_NOQA = re.compile(r"#\s*(?i:noqa)(?:\s*:\s*([A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*))?(?![\w-])")
"""As flake8 and ruff together read it: with codes, or for all; what is no list of codes is for all."""
_PART = re.compile(r"(?:\A|(?<=\s))#(?=\s*[A-Za-z])")
"""Where a comment, or another comment behind it on the same line, starts. `#12` in a reason is no comment."""
_PRAGMA = re.compile(r"#\s*tapelint\s*:\s*(ignore|file-ignore|disable|enable)\s*\[([^\]]*)\]")
_WITHOUT_LIST = re.compile(r"#\s*tapelint\s*:\s*(?:ignore|file-ignore|disable|enable)?\s*\Z")
_ALIKE = 0.75
_ROWS = 1 << 60
"""More rows than any file has."""


class Item(Record):
    """One rule in the list of a comment. `code` is None if no rule is called so."""

    text: str
    span: Span
    code: str | None


@dataclass(slots=True, eq=False)
class Pragma:
    """One comment of ours that has the right form.

    `span` reaches from its `#` to the closing bracket, `part` to the end of its reason, `inner` is what stands between
    the brackets. `previous` is where the part before it ends and `next` where the part behind it starts, if the line
    holds such.
    """

    comment: Comment
    verb: str
    span: Span
    part: Span
    inner: Span
    items: list[Item]
    previous: int | None = None
    next: int | None = None


@dataclass(slots=True, eq=False)
class Cover:
    """The rows in which one item suppresses. `closers` are the `enable` comments that end a `disable`."""

    pragma: Pragma
    item: Item
    first: int
    last: int
    used: bool = False
    closer: Pragma | None = None


def suppress(
    source: Source,
    findings: Sequence[Finding],
    asked: frozenset[str],
    *,
    respect_noqa: bool = True,
    is_whole: bool = True,
) -> Sequence[Finding]:
    """The findings that no comment suppresses, and what is wrong with the comments, as far as those rules are `asked`.

    A comment counts as unused only for rules that were asked too. Where not all of the file could be parsed
    (`is_whole`), its comments are read as far as that is possible, and nothing is said about them. A text without
    comments for us is not read again.
    """
    ours = _MENTION.search(source.text) is not None
    noqa = respect_noqa and bool(findings) and _NOQA_MENTION.search(source.text) is not None
    if not ours and not noqa:
        return findings
    found = layout(source)
    others = _noqa(found) if respect_noqa else {}
    comments = read(found) if ours else Comments()
    kept = _uncovered(source, findings, comments.covers, others)
    if not is_whole:
        return kept
    about = comments.faults if INVALID in asked else []
    about += _unused(source, comments.covers, asked - {UNUSED, INVALID}) if UNUSED in asked else []
    kept += _uncovered(source, about, comments.covers, others)
    if {UNUSED, INVALID} <= asked:
        # Only now is it known whether a comment that ignores an invalid one has done so.
        idle = _unused(source, comments.covers, frozenset({INVALID}))
        kept += _uncovered(source, idle, comments.covers, others)
    return kept


@dataclass(slots=True)
class Comments:
    """All that a text says in comments of ours: where they suppress, and those that cannot work."""

    pragmas: list[Pragma] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)


def read(found: Layout) -> Comments:
    """Read the comments of a text."""
    comments = Comments()
    open_: list[Cover] = []
    for comment in found.comments:
        if "tapelint" not in comment.text:
            continue
        for pragma in _parts(comment, comments.faults):
            comments.pragmas.append(pragma)
            for item in pragma.items:
                if item.code is None:
                    comments.faults.append(_unknown(item))
            if pragma.verb == "enable":
                _enable(pragma, open_, comments.faults)
                continue
            for item in pragma.items:
                if item.code is not None:
                    cover = Cover(pragma, item, *_rows(pragma, found))
                    comments.covers.append(cover)
                    if pragma.verb == "disable":
                        open_.append(cover)
    return comments


def _parts(comment: Comment, faults: list[Finding]) -> Iterator[Pragma]:
    """The comments of ours in one comment; on a line of its own, one that starts with something else is prose."""
    starts = [match.start() for match in _PART.finditer(comment.text)] or [0]
    ends = [*starts[1:], len(comment.text)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        text = comment.text[start:end].rstrip()
        if not _MENTION.match(text):
            if comment.alone:
                return
            continue
        part = Span(comment.span.start + start, comment.span.start + start + len(text))
        match = _PRAGMA.match(text)
        if match is None:
            faults.append(Finding(INVALID, part, variant="blanket" if _WITHOUT_LIST.match(text) else "malformed"))
            continue
        verb = match[1]
        span = Span(part.start, part.start + match.end())
        items = list(_items(match[2], part.start + match.start(2)))
        if not items:
            faults.append(Finding(INVALID, span, variant="blanket"))
        elif verb != "ignore" and (not comment.alone or comment.inside):
            faults.append(Finding(INVALID, span, {"verb": verb}, variant="misplaced"))
        elif verb == "file-ignore" and comment.column:
            faults.append(Finding(INVALID, span, variant="indented"))
        else:
            inner = Span(part.start + match.start(2), part.start + match.end(2))
            previous = comment.span.start + len(comment.text[:start].rstrip()) if number else None
            following = comment.span.start + end if end < len(comment.text) else None
            yield Pragma(comment, verb, span, part, inner, items, previous, following)


def _items(text: str, offset: int) -> Iterator[Item]:
    for match in re.finditer(r"[^,]+", text):
        word = match[0].strip()
        if word:
            start = offset + match.start() + len(match[0]) - len(match[0].lstrip())
            try:
                code = catalogue.code_of(word)
            except catalogue.UnknownRuleError:
                code = None
            yield Item(word, Span(start, start + len(word)), code)


def _rows(pragma: Pragma, found: Layout) -> tuple[int, int]:
    """The first and the last row that a comment covers (`disable`: as if nothing enabled it again)."""
    comment = pragma.comment
    row = comment.row
    if pragma.verb == "file-ignore":
        return 1, _ROWS
    if pragma.verb == "disable":
        return row, found.outside(row, comment.column) - 1 if comment.column else _ROWS
    at = found.statement_at(row)
    if not comment.alone:
        return (at.first, row) if at is not None and at.last == row else (row, row)
    if comment.inside:
        return row, _next_code(row, found, at.last if at is not None else row)
    below = found.statement_below(row)
    while below is not None and below.decorates:
        below = found.statement_below(below.first)
    return row, below.last if below is not None else row


def _next_code(row: int, found: Layout, last: int) -> int:
    """The first row below `row`, and not below `last`, that holds more than a comment."""
    comments = {comment.row for comment in found.comments if comment.alone}
    row += 1
    while row < last and row in comments:
        row += 1
    return min(row, last)


def _enable(pragma: Pragma, open_: list[Cover], faults: list[Finding]) -> None:
    row, column = pragma.comment.row, pragma.comment.column
    for item in pragma.items:
        if item.code is None:
            continue
        closed = [
            cover
            for cover in open_
            if cover.item.code == item.code and cover.last >= row and cover.pragma.comment.column >= column
        ]
        if not closed:
            faults.append(Finding(INVALID, item.span, {"name": item.text}, variant="unmatched"))
        for cover in closed:
            cover.last = row
            cover.closer = pragma
            open_.remove(cover)


def _unknown(item: Item) -> Finding:
    from difflib import get_close_matches

    near = get_close_matches(item.text.lower(), catalogue.names().values(), 1, _ALIKE)
    if near:
        return Finding(INVALID, item.span, {"name": item.text, "suggestion": near[0]}, variant="near")
    return Finding(INVALID, item.span, {"name": item.text})


def _noqa(found: Layout) -> dict[int, frozenset[str] | None]:
    """The codes that `# noqa` comments name, by row; None stands for all."""
    rows: dict[int, frozenset[str] | None] = {}
    for comment in found.comments:
        match = _NOQA.search(comment.text)
        if match is None:
            continue
        codes = frozenset(re.split(r"[,\s]+", match[1])) if match[1] else None
        first, last = found.joined.get(comment.row, (comment.row, comment.row))
        for row in range(first, last + 1):
            known = rows.get(row, frozenset())
            rows[row] = None if codes is None or known is None else known | codes
    return rows


def covered(covers: Iterable[Cover], code: str, row: int) -> bool:
    """Whether a finding of a rule that starts in a row is suppressed; notes the covers that do so."""
    found = False
    for cover in covers:
        if cover.item.code == code and cover.first <= row <= cover.last:
            cover.used = found = True
    return found


def _uncovered(
    source: Source,
    findings: Iterable[Finding],
    covers: Sequence[Cover],
    others: Mapping[int, frozenset[str] | None],
) -> list[Finding]:
    """The findings that nothing covers; notes the covers that were needed. A file that nobody can check is not hidden
    by a comment that names no rule of ours.
    """
    kept: list[Finding] = []
    for finding in findings:
        row = source.position(finding.span.start).row
        codes = others.get(row, frozenset())
        by_others = finding.code != SYNTAX_ERROR and (codes is None or finding.code in codes)
        if not covered(covers, finding.code, row) and not by_others:
            kept.append(finding)
    return kept


def _unused(source: Source, covers: Sequence[Cover], asked: frozenset[str]) -> list[Finding]:
    """One finding for each comment that names rules which were asked and have nothing there."""
    idle: dict[Pragma, list[Cover]] = {}
    for cover in covers:
        if not cover.used and cover.item.code in asked:
            idle.setdefault(cover.pragma, []).append(cover)
    return [_idle(source, pragma, mine, covers) for pragma, mine in idle.items()]


def _idle(source: Source, pragma: Pragma, idle: Sequence[Cover], covers: Sequence[Cover]) -> Finding:
    names = ", ".join(f"`{cover.item.text}`" for cover in idle)
    whole = len(idle) == len(pragma.items)
    span = pragma.span if whole else Span(idle[0].item.span.start, idle[-1].item.span.end)
    edits = [_without(source, pragma, [cover.item for cover in idle])]
    closing: dict[Pragma, set[str | None]] = {}
    for cover in idle:
        if cover.closer is not None and not any(
            other.closer is cover.closer and other.item.code == cover.item.code and other not in idle
            for other in covers
        ):
            closing.setdefault(cover.closer, set()).add(cover.item.code)
    for closer, codes in closing.items():
        edits.append(_without(source, closer, [item for item in closer.items if item.code in codes]))
    message = "delete the comment" if whole else f"take {names} out of the list"
    fix = Fix(message, Applicability.SAFE, tuple(sorted(edits, key=lambda edit: edit.span)))
    return Finding(UNUSED, span, {"names": names}, fix=fix)


def _without(source: Source, pragma: Pragma, items: Sequence[Item]) -> Edit:
    """Take items out of the list of a comment, and the comment away with the last of them."""
    left = [item for item in pragma.items if item not in items]
    if left:
        return Edit(pragma.inner, ", ".join(item.text for item in left))
    if pragma.next is not None:
        return Edit(Span(pragma.part.start, pragma.next), "")
    if pragma.previous is not None:
        return Edit(Span(pragma.previous, pragma.comment.span.end), "")
    row = pragma.comment.row
    line = source.line_starts[row - 1]
    if pragma.comment.alone:
        end = source.line_starts[row] if row < len(source.line_starts) else len(source.text)
        return Edit(Span(line, end), "")
    before = len(source.text[line : pragma.comment.span.start].rstrip())
    return Edit(Span(line + before, pragma.comment.span.end), "")
