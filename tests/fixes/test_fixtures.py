"""Every fix of every fixture: the result parses, is done, holds nothing new, and keeps what no edit speaks of."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tapelint.diagnostic import Applicability, Edit
from tapelint.fixes.edits import ordered
from tapelint.fixes.passes import rewritten
from tests.fixes.fixing import (
    SAFE,
    UNSAFE,
    code_of,
    comments,
    faulty,
    fixed,
    judged,
    mended,
    with_comments_in_brackets,
    with_crlf,
    with_tabs,
)
from tests.oracle.programs import shown

FAULTY = faulty()
BOTH = pytest.mark.parametrize("most", [SAFE, UNSAFE], ids=["safe", "unsafe"])


@BOTH
@pytest.mark.parametrize("path", FAULTY, ids=shown)
def test_the_result_is_done_and_no_worse(path: Path, most: Applicability) -> None:
    data = path.read_bytes()
    code = code_of(path)
    result = mended(data, most, code)
    if result.mended is None:
        return
    after = result.mended.after
    ast.parse(after)
    assert mended(after, most, code).mended is None
    before = Counter(each.code for each in result.mended.judged.diagnostics)
    found = Counter(each.code for each in result.diagnostics)
    assert not found - before
    assert sum(found.values()) < sum(before.values())
    if most is SAFE:
        kept, there = comments(data.decode("utf-8-sig")), comments(after.decode("utf-8-sig"))
        assert code.startswith("TAP00") or not kept - there


@pytest.mark.parametrize("path", FAULTY, ids=shown)
def test_line_ends_and_tabs_make_no_difference(path: Path) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    code = code_of(path)
    if "\r" in text or "\t" in text or '"""' in text.partition('"""')[2].partition('"""')[2]:
        pytest.skip("holds what the change of line ends or tabs would change too")
    expected = fixed(text.encode(), UNSAFE, code).decode()
    changed = with_crlf(with_tabs(text)).encode("utf-8-sig")
    assert fixed(changed, UNSAFE, code).decode("utf-8-sig") == with_crlf(with_tabs(expected))


@pytest.mark.parametrize("path", FAULTY, ids=shown)
def test_comments_within_brackets_are_stood(path: Path) -> None:
    """Each argument on its own line with a comment behind it: what is then offered still parses, and loses none."""
    text = path.read_bytes().decode("utf-8-sig")
    code = code_of(path)
    if code.startswith("TAP00") or mended(text.encode(), UNSAFE, code).mended is None:
        return
    spread = with_comments_in_brackets(text)
    assert ast.dump(ast.parse(spread)) == ast.dump(ast.parse(text))
    result = mended(spread.encode(), UNSAFE, code)
    assert not [note for note in result.notes if "not be valid" in note]
    if result.mended is not None:
        assert mended(result.mended.after, UNSAFE, code).mended is None
        if comments(spread) - comments(result.mended.after.decode()):
            assert not comments(spread) - comments(fixed(spread.encode(), SAFE, code).decode())


@pytest.mark.parametrize("path", FAULTY, ids=shown)
def test_every_byte_that_no_edit_replaces_stays(path: Path) -> None:
    result = mended(path.read_bytes(), UNSAFE, code_of(path))
    if result.mended is not None:
        result = result.mended.judged
    for diagnostic in result.diagnostics:
        if diagnostic.fix is None or result.source is None:
            continue
        edits = diagnostic.fix.edits
        assert list(edits) == ordered(edits), f"{diagnostic.code}: the edits are not in the order of the text"
        assert rewritten(result, edits) == _by_hand(result.source.text, edits).encode(result.source.encoding)
        assert rewritten(result, edits) != path.read_bytes(), f"{diagnostic.code}: the fix changes nothing"


def _by_hand(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.span.start] + edit.content + text[edit.span.end :]
    return text


def test_many_rules_have_a_fix() -> None:
    """An engine that offers no fix would pass all tests above."""
    found = {
        diagnostic.code
        for path in FAULTY
        for diagnostic in judged(path.read_bytes(), code_of(path)).diagnostics
        if diagnostic.fix is not None
    }
    assert len(found) >= 45
