"""The passes, with a judge that looks for words in the text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tapelint.diagnostic import Applicability, Diagnostic, Edit, Fix, Severity, Span
from tapelint.fixes.passes import Judge, NoEnd, mend
from tapelint.result import FileResult
from tapelint.source.text import Source

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE


def finding(code: str, span: Span, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(code, "name", Severity.ERROR, "message", span, fix=fix)


def judge(*rules: tuple[str, str, Callable[[re.Match[str]], str | None]], most: Applicability = SAFE) -> Judge:
    """Finds a code at each match of a pattern, with what to write in its place."""

    def judged(data: bytes) -> FileResult:
        source = Source.from_bytes("file.py", data)
        found = []
        for code, pattern, written in rules:
            for match in re.finditer(pattern, source.text):
                content = written(match)
                fix = Fix("", most, (Edit(Span(*match.span()), content),)) if content is not None else None
                found.append(finding(code, Span(*match.span()), fix))
        return FileResult("file.py", source, tuple(sorted(found, key=lambda each: each.span)))

    return judged


def test_all_that_do_not_touch_are_applied_in_one_pass() -> None:
    calls: list[bytes] = []
    rule = judge(("TAP301", "a", lambda _: "b"))

    def counted(data: bytes) -> FileResult:
        calls.append(data)
        return rule(data)

    result = mend(b"a = a\n", counted, SAFE)
    assert result.mended is not None
    assert (result.mended.after, result.mended.counts) == (b"b = b\n", {"TAP301": 2})
    assert calls == [b"a = a\n", b"b = b\n"]
    assert result.diagnostics == ()


def test_those_that_touch_wait_for_the_next_pass() -> None:
    result = mend(b"xy = 1\n", judge(("TAP301", "x", lambda _: "u"), ("TAP302", "y", lambda _: "v")), SAFE)
    assert result.mended is not None
    assert result.mended.after == b"uv = 1\n"


def test_unsafe_fixes_are_applied_on_request_only() -> None:
    rule = judge(("TAP301", "a", lambda _: "b"), most=UNSAFE)
    assert mend(b"a\n", rule, SAFE).mended is None
    assert len(mend(b"a\n", rule, SAFE).diagnostics) == 1
    result = mend(b"a\n", rule, UNSAFE)
    assert result.mended is not None
    assert result.mended.after == b"b\n"


def test_a_fix_that_brings_another_finding_is_left_out() -> None:
    rules = judge(
        ("TAP301", r"\ba\b", lambda _: "bad"), ("TAP302", "bad", lambda _: None), ("TAP303", r"\bc\b", lambda _: "d")
    )
    result = mend(b"a, c, a\n", rules, SAFE)
    assert result.mended is not None
    assert result.mended.after == b"a, d, a\n"
    assert [each.code for each in result.diagnostics] == ["TAP301", "TAP301"]
    assert result.notes == ("line 1: the fix of TAP301 is left out: it would bring up TAP302",) * 2


def test_a_new_finding_that_is_fixed_too_is_no_harm() -> None:
    result = mend(b"a\n", judge(("TAP301", r"\ba\b", lambda _: "bad"), ("TAP302", "bad", lambda _: "good")), SAFE)
    assert result.mended is not None
    assert result.mended.after == b"good\n"
    assert result.notes == ()


def test_a_new_finding_whose_fix_fails_is_harm_after_all() -> None:
    rules = judge(
        ("TAP301", r"\ba\b", lambda _: "bad"),
        ("TAP302", "bad", lambda _: "worse"),
        ("TAP303", "worse", lambda _: None),
    )
    result = mend(b"a\n", rules, SAFE)
    assert result.mended is None
    assert [each.code for each in result.diagnostics] == ["TAP301"]
    assert result.notes == ("line 1: the fix of TAP301 is left out: it would bring up TAP302",)


def test_a_result_that_does_not_parse_is_left_out() -> None:
    rules = judge(("TAP301", "a", lambda _: "("), ("TAP001", r"\(", lambda _: None))
    result = mend(b"a\n", rules, SAFE)
    assert result.mended is None
    assert result.notes == ("line 1: the fix of TAP301 is left out: the result would not be valid Python",)


def test_fixes_without_end_are_an_error() -> None:
    with pytest.raises(NoEnd):
        mend(b"a\n", judge(("TAP301", "a+", lambda match: match[0] + "a")), SAFE)


def test_a_character_that_the_encoding_lacks() -> None:
    data = "# coding: latin-1\né = a\n".encode("latin-1")
    result = mend(data, judge(("TAP301", r"\ba\b", lambda _: "'\u03b1'"), ("TAP302", "é", lambda _: "ö")), SAFE)
    assert result.mended is not None
    assert result.mended.after == "# coding: latin-1\nö = a\n".encode("latin-1")
    assert "the file's encoding has no such character" in result.notes[0]


def test_an_encoding_that_does_not_keep_the_text() -> None:
    data = b"# coding: utf-7\n+AGE- = 1\n"
    assert Source.from_bytes("", data).text == "# coding: utf-7\na = 1\n"
    result = mend(data, judge(("TAP301", r"\b1\b", lambda _: "2")), SAFE)
    assert result.mended is None
    assert result.notes == ("not fixed: its encoding would not keep the rest of the text as it is",)


def test_byte_order_mark_stays() -> None:
    result = mend(b"\xef\xbb\xbfa\r\n", judge(("TAP301", "a", lambda _: "b")), SAFE)
    assert result.mended is not None
    assert result.mended.after == b"\xef\xbb\xbfb\r\n"
