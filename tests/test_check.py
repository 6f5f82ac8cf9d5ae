from __future__ import annotations

import sys

import pytest

from tapelint.catalogue import codes
from tapelint.check import Terms, check
from tapelint.diagnostic import Diagnostic, Severity
from tapelint.program import parse
from tapelint.result import FileResult
from tapelint.source.text import Source
from tests.engine import MARK, install

EVERYTHING = Terms(frozenset(codes()))


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def checked(text: str | bytes, terms: Terms = EVERYTHING) -> FileResult:
    data = text if isinstance(text, bytes) else (MARK + text).encode()
    result = check("x.py", data, terms)
    assert result.path == "x.py"
    return result


def only(text: str | bytes) -> tuple[int, int, str]:
    """Row, column and message of the one diagnostic."""
    result = checked(text)
    assert result.errors == ()
    assert result.source is not None
    (diagnostic,) = result.diagnostics
    return (*result.source.position(diagnostic.span.start), diagnostic.message)


def test_without_a_mark_nothing_is_parsed() -> None:
    assert checked(b"print 'x'") == FileResult("x.py")


def test_findings_are_sorted_and_in_words() -> None:
    result = checked("FAULT; NOTE\nFAULT\n")
    assert [found.code for found in result.diagnostics] == ["TAP301", "TAP119", "TAP301"]
    assert "`loss`" in result.diagnostics[0].message
    assert result.diagnostics[0].name == "target-outside-tape"


def test_only_the_codes_that_are_asked() -> None:
    assert [found.code for found in checked("FAULT; NOTE", Terms(frozenset({"TAP119"}))).diagnostics] == ["TAP119"]


def test_quiet_rules_speak_only_above_info() -> None:
    quiet = frozenset({"TAP119", "TAP301"})
    assert [found.code for found in checked("FAULT; NOTE", Terms(quiet, quiet=quiet)).diagnostics] == ["TAP301"]
    louder = Terms(quiet, quiet=quiet, severities={"TAP119": Severity.WARNING, "TAP301": Severity.INFO})
    (found,) = checked("FAULT; NOTE", louder).diagnostics
    assert (found.code, found.severity) == ("TAP119", Severity.WARNING)


def test_the_keras_generation_is_played() -> None:
    assert checked("KERAS2").diagnostics == ()
    assert len(checked("KERAS2", Terms(frozenset({"TAP301"}), keras=2)).diagnostics) == 1


@pytest.mark.parametrize(
    ("data", "row", "column"),
    [
        (b"\xef\xbb\xbf# GradientTape\r\nFAULT\r\n", 2, 1),
        (b"# GradientTape\rx\rFAULT", 3, 1),
        (b"# -*- coding: latin-1 -*-\n# GradientTape\n'\xe9'; FAULT", 3, 6),
    ],
)
def test_bytes_of_all_kinds_are_read(data: bytes, row: int, column: int) -> None:
    assert only(data)[:2] == (row, column)


@pytest.mark.parametrize(
    ("data", "row", "column", "reason"),
    [
        (b"# GradientTape\nx = '\xe9'", 2, 6, "byte 0xe9 is not UTF-8"),
        (b"# GradientTape \xe9", 1, 16, "byte 0xe9 is not UTF-8"),
        (b"\xef\xbb\xbf# GradientTape \xe9\n", 1, 19, "byte 0xe9 is not UTF-8"),
        (b"# coding: ascii\n# GradientTape \xe9\n", 2, 16, "byte 0xe9 is not ascii, as declared"),
        (b"# coding: base64\n# GradientTape\n", 1, 1, "'base64' is not a text encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n# GradientTape\n", 1, 1, "its byte order mark means UTF-8"),
        (b"# coding: klingon\n# GradientTape\n", 1, 1, "unknown encoding: klingon"),
        (b"# GradientTape\nx = 1\0", 2, 6, "null character"),
        ("print 'x'", 2, 1, "missing parentheses in call to 'print'"),
        ("with x as y  # said\n    pass", 2, 12, "expected ':'"),
        ("x = (", 2, 5, "never closed"),
        ("x = '''abc", 2, 5, "unterminated triple-quoted string literal"),
        ("if x:\npass", 3, 1, "expected an indented block"),
        ("x = " + "(" * 3000 + ")" * 3000, 2, 205, "too many nested parentheses"),
        ("x = " + "not " * 30000 + "1", 1, 1, "nested too deeply"),
        ("'\\N{foo}'", 2, 10, "unknown Unicode"),
    ],
)
def test_what_does_not_parse_is_one_finding(data: str | bytes, row: int, column: int, reason: str) -> None:
    at_row, at_column, message = only(data)
    assert message.startswith("this file does not parse: ")
    assert reason in message
    assert at_row == row
    if sys.version_info[:2] == (3, 11) or column == 1:
        assert at_column == column


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the running Python knows this syntax")
@pytest.mark.parametrize("text", ["type X = int", "def f[T](x: T): pass", "y = f'{x['a']}'"])
def test_what_only_a_newer_python_reads_is_said_to_be_newer(text: str) -> None:
    assert "needs a newer Python than" in only(text)[2]


@pytest.mark.parametrize("text", ["def f[(x): pass", "type = = 3", "y = f'{x['a'}'", "except* = 1"])
def test_what_no_python_reads_is_not(text: str) -> None:
    assert "does not parse" in only(text)[2]


@pytest.mark.parametrize("text", ["", "# nothing more", "'\\d'; 1 is 1", "x = '" + "a" * 1_000_000 + "'"])
def test_odd_but_right_files_are_silent(text: str) -> None:
    assert checked(text).diagnostics == ()
    assert checked(text).errors == ()


def test_a_crash_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked("CRASH") == FileResult("x.py", errors=("internal error: KeyError: 'crash'",))
    assert capsys.readouterr().err == ""


def test_a_crash_shows_its_traceback_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TAPELINT_DEBUG", "1")
    checked("CRASH")
    assert "Traceback" in capsys.readouterr().err


def test_there_is_room_for_deep_chains_and_no_trace_of_it_after(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(steps: int) -> int:
        return 1 + down(steps - 1) if steps else 0

    monkeypatch.setattr("tapelint.play.play", lambda *given: down(4000))
    monkeypatch.setattr("tapelint.rules.find", lambda recording, codes: ())
    before = sys.getrecursionlimit()
    assert checked("x = 1").errors == ()
    assert sys.getrecursionlimit() == before


def test_parsing_leaves_the_collector_as_it_was() -> None:
    import gc

    assert gc.isenabled()
    parse(Source("x.py", "x = 1"))
    assert gc.isenabled()


def test_diagnostics_can_go_to_another_process() -> None:
    import pickle

    result = pickle.loads(pickle.dumps(checked("FAULT")))
    assert isinstance(result.diagnostics[0], Diagnostic)
