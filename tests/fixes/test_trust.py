from __future__ import annotations

import pytest

from tapelint import catalogue
from tapelint.diagnostic import Applicability, Diagnostic, Edit, Fix, Severity, Span
from tapelint.fixes.trust import Trust, allowed, settled
from tapelint.selection import select
from tapelint.settings import Settings
from tapelint.source.text import Source

SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE
TEXT = "x = 1  # one\ny = '# two'\n# three\nz = 3\n"


def settle(words: str, content: str = "", *, code: str = "TAP301", trust: Trust | None = None) -> Fix | None:
    """The fix that replaces some words of the text, as it is offered."""
    start = TEXT.index(words)
    fix = Fix("", SAFE, (Edit(Span(start, start + len(words)), content),))
    told = Diagnostic(code, "name", Severity.ERROR, "message", Span(0, 1), fix=fix)
    return settled(Source("file.py", TEXT), [told], trust or Trust())[0].fix


@pytest.mark.parametrize(
    ("words", "applicability"),
    [
        ("x = 1", SAFE),
        ("x = 1  # one\n", UNSAFE),
        ("y = '# two'", SAFE),
        ("'# two'\n#", UNSAFE),
        ("# three\n", UNSAFE),
        ("\n# three\nz", UNSAFE),
    ],
)
def test_a_fix_that_takes_a_comment_is_unsafe(words: str, applicability: Applicability) -> None:
    fix = settle(words)
    assert fix is not None
    assert fix.applicability is applicability


def test_a_comment_of_ours_may_go() -> None:
    fix = settle("# three\n", code="TAP002")
    assert fix is not None
    assert fix.applicability is SAFE


def test_settings_have_the_last_word() -> None:
    assert settle("x", trust=Trust(never=frozenset({"TAP301"}))) is None
    unsafe = settle("x", trust=Trust(unsafe=frozenset({"TAP301"})))
    safe = settle("# three", trust=Trust(safe=frozenset({"TAP301"})))
    assert unsafe is not None
    assert safe is not None
    assert (unsafe.applicability, safe.applicability) == (UNSAFE, SAFE)


def test_what_may_be_applied() -> None:
    safe, unsafe = Fix("", SAFE, ()), Fix("", UNSAFE, ())
    assert [allowed(fix, most) for most in (SAFE, UNSAFE) for fix in (safe, unsafe, None)] == [
        *(True, False, False),
        *(True, True, False),
    ]


def test_the_more_specific_word_counts() -> None:
    values = {"extend-safe-fixes": ["TAP3", "left-tensorflow"], "extend-unsafe-fixes": ["ALL", "TAP301"]}
    warnings: list[str] = []
    trust = select(Settings({**values, "unfixable": ["TAP4", "nonsense"]}, "/"), warnings).terms.trust
    assert trust.unsafe >= {"TAP301", "TAP101"}
    assert trust.safe >= {"TAP302", "TAP304"}
    assert not trust.safe & trust.unsafe
    assert trust.never == {code for code in catalogue.codes() if code.startswith("TAP4")}
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("values", "most"),
    [({}, None), ({"unsafe-fixes": True}, None), ({"fix": True}, SAFE), ({"fix": True, "unsafe-fixes": True}, UNSAFE)],
)
def test_what_settings_apply(values: dict[str, bool], most: Applicability | None) -> None:
    assert select(Settings(values, "/"), []).terms.mend is most


def test_lines_end_as_in_the_file() -> None:
    fix = Fix("", SAFE, (Edit(Span(0, 0), "a\nb\r\n"),))
    told = Diagnostic("TAP301", "name", Severity.ERROR, "message", Span(0, 1), fix=fix)
    (one,) = settled(Source("file.py", "x = 1\r\n"), [told], Trust())
    assert one.fix is not None
    assert one.fix.edits[0].content == "a\r\nb\r\n"
