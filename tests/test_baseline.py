from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint.baseline import Baseline, Key, keyed, load
from tapelint.catalogue import codes
from tapelint.check import Terms, check
from tapelint.cli import main
from tapelint.settings import SettingsError
from tests.engine import MARK, install

TERMS = Terms(frozenset(codes()))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch)
    for name in list(os.environ):
        if name.startswith("TAPELINT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(MARK + text)


class Run:
    """One command line: its exit code, the `path:row` of what is found, and stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = main(["check", "--output-format", "concise", *words])
        self.out, self.err = capsys.readouterr()
        self.places = [":".join(line.split(":")[:2]) for line in self.out.splitlines()]


def known(capsys: pytest.CaptureFixture[str], *words: str) -> Run:
    return Run(capsys, "--baseline", "tapelint-baseline.json", *words)


def keys(text: str) -> list[Key]:
    return [key for _, key in keyed(check("x.py", (MARK + text).encode(), TERMS))]


def test_what_was_written_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\nx = FAULT\n")
    write("src/b.py", "def f():\n    FAULT\n")
    done = Run(capsys, "--write-baseline")
    assert (done.code, done.out, done.err) == (0, "", "Wrote 3 findings to tapelint-baseline.json\n")
    done = known(capsys)
    assert (done.code, done.out) == (0, "")
    assert done.err == "3 known findings in tapelint-baseline.json\nNothing found in 2 files\n"
    write("a.py", "FAULT\nx = FAULT\ny = FAULT\n")
    done = known(capsys)
    assert (done.code, done.places) == (1, ["a.py:4"])


def test_the_file_is_sorted_and_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    write("b.py", "FAULT\nFAULT\nNOTE\n")
    write("a/c.py", "def f():\n    FAULT\n")
    Run(capsys, "--write-baseline", "--pedantic", "--quiet")
    first = Path("tapelint-baseline.json").read_bytes()
    assert json.loads(first) == {
        "version": 1,
        "findings": {
            "a/c.py": [{"code": "TAP301", "function": "f", "text": "FAULT", "count": 1}],
            "b.py": [
                {"code": "TAP119", "function": "", "text": "NOTE", "count": 1},
                {"code": "TAP301", "function": "", "text": "FAULT", "count": 2},
            ],
        },
    }
    assert list(json.loads(first)["findings"]) == ["a/c.py", "b.py"]
    write("b.py", "NOTE\n# moved\n\n\nFAULT\nFAULT\n")
    Run(capsys, "--write-baseline", "--pedantic", "b.py", "a", "--jobs=2")
    assert Path("tapelint-baseline.json").read_bytes() == first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FAULT", "# more\n\n\nFAULT"),
        ("x = f(FAULT, 1)", "x = f(\n    FAULT,  # why\n    1,\n)"),
        ("def f():\n    FAULT", "class A:\n\n    async def f(self):\n        if x:\n            FAULT"),
        ("def f():\n    FAULT\ndef g():\n    x", "def g():\n    x\ndef f():\n    y\n    FAULT"),
        ("FAULT  # noqa: E501", "FAULT"),
        ("with f(a) as FAULT: pass", "with f(\n    a,\n) as FAULT: pass"),
        ("FAULT.a . b [1]", "FAULT.a.b[\n    1\n]"),
    ],
)
def test_code_that_moves_keeps_its_entry(before: str, after: str) -> None:
    assert keys(before) == keys(after) != []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FAULT(1)", "FAULT(2)"),
        ("def f():\n    FAULT", "def g():\n    FAULT"),
        ("def f():\n    FAULT", "def f():\n    pass\nFAULT"),
        ("FAULT", "NOTE"),
        ("x in FAULT", "xin = FAULT"),
        ("x = FAULT + " + "a" * 300, "x = FAULT + " + "a" * 299 + "b"),
    ],
)
def test_other_code_has_another_key(before: str, after: str) -> None:
    assert keys(before) != keys(after)


def test_the_innermost_function_counts() -> None:
    text = "@d\ndef f(a=1):\n    def g():\n        x\n    FAULT\n    class B:\n        def h(self): FAULT\n"
    assert [key.function for key in keys(text)] == ["f", "h"]


def test_findings_about_comments_are_told_apart_by_the_comment() -> None:
    text = "x  # tapelint: ignore[TAP301]\nx  # tapelint: no\n# tapelint: ignore[TAP119]  # more\n"
    assert [key.text for key in keys(text)] == [
        *("# tapelint: ignore[TAP301]", "# tapelint: no", "# tapelint: ignore[TAP119]"),
    ]


def test_what_does_not_parse_is_told_apart_by_its_line() -> None:
    assert keys("x = =  1\n") == [Key("TAP001", "", "x = = 1")]


def test_the_same_text_twice_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n")
    Run(capsys, "--write-baseline")
    write("a.py", "FAULT\nFAULT\n")
    assert known(capsys).places == ["a.py:3"]


def test_a_file_with_another_name_keeps_its_entries(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n")
    Run(capsys, "--write-baseline")
    os.rename("a.py", "b.py")
    done = known(capsys)
    assert (done.code, done.err.splitlines()[-1]) == (0, "Nothing found in 1 file")
    assert "no longer" not in done.err


def test_code_that_moves_to_another_file_keeps_its_entry(capsys: pytest.CaptureFixture[str]) -> None:
    write("b.py", "def f():\n    FAULT\n")
    write("a.py", "x\n")
    Run(capsys, "--write-baseline")
    write("a.py", "def f():\n    FAULT\n")
    write("b.py", "x\n")
    done = known(capsys)
    assert (done.code, done.out) == (0, "")
    write("b.py", "def f():\n    FAULT\n")
    assert known(capsys).places == ["a.py:3"]


def test_stale_entries_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "def f():\n    FAULT\nFAULT\n")
    write("b.py", "FAULT\n")
    Run(capsys, "--write-baseline")
    write("a.py", "FAULT\n")
    os.remove("b.py")
    done = known(capsys)
    assert done.code == 0
    assert done.err.splitlines() == [
        "1 known finding in tapelint-baseline.json",
        "warning: tapelint-baseline.json: no longer found: a.py: TAP301 in f: FAULT",
        "warning: tapelint-baseline.json: no longer found: b.py: TAP301: FAULT",
        "warning: tapelint-baseline.json: --write-baseline takes them out",
        "Nothing found in 1 file",
    ]
    Run(capsys, "--write-baseline")
    assert "warning" not in known(capsys).err


def test_of_many_stale_entries_some_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n" * 14)
    Run(capsys, "--write-baseline")
    Path("a.py").write_text("x\n")
    done = known(capsys)
    assert done.err.count("no longer found: a.py") == 10
    assert "and 4 more that are no longer found" in done.err


@pytest.mark.parametrize("words", [["a.py"], ["--select", "TAP1"], ["--ignore", "TAP301"]])
def test_what_a_run_says_nothing_about_is_not_stale_and_stays(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    write("a.py", "x\n")
    write("b.py", "FAULT\n")
    Run(capsys, "--write-baseline")
    old = Path("tapelint-baseline.json").read_bytes()
    assert "warning" not in known(capsys, *words).err
    Run(capsys, "--write-baseline", *words)
    assert Path("tapelint-baseline.json").read_bytes() == old


def test_what_does_not_parse_or_crashes_makes_nothing_stale(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n")
    write("b.py", "FAULT\n")
    Run(capsys, "--write-baseline")
    write("a.py", "x = (\n")
    write("b.py", "CRASH\n")
    done = known(capsys)
    assert done.code == 2
    assert "no longer found" not in done.err
    done = Run(capsys, "--write-baseline")
    assert done.code == 2
    assert load("tapelint-baseline.json").count() == 3


def test_an_info_rule_that_is_off_makes_nothing_stale(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "NOTE\n")
    Run(capsys, "--write-baseline", "--pedantic")
    assert "warning" not in known(capsys).err
    Path("a.py").write_text("x\n")
    assert "warning" in known(capsys, "--pedantic").err


def test_a_setting_names_the_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tapelint.toml").write_text('baseline = "known.json"\n')
    write("src/a.py", "FAULT\n")
    done = Run(capsys)
    assert (done.code, "there is no such baseline" in done.err) == (2, True)
    assert Run(capsys, "--write-baseline").err == "Wrote 1 finding to known.json\n"
    os.chdir("src")
    assert Run(capsys).code == 0
    assert Run(capsys, "--baseline", "").code == 1
    assert Run(capsys, "--isolated").code == 1


def test_a_tree_without_tapes_still_tells_what_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n")
    Run(capsys, "--write-baseline=known.json")
    Path("a.py").write_text("x\n")
    assert "no longer found: a.py" in Run(capsys, "--baseline=known.json").err


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "{}", '{"version": 2, "findings": {}}', '{"version": 1, "findings": {"a.py": {}}}'),
        '{"version": 1, "findings": {"a.py": [{"code": "TAP301", "function": "", "text": "x"}]}}',
        '{"version": 1, "findings": {"a.py": [{"code": "TAP301", "function": "", "text": "x", "count": 0}]}}',
        '{"version": 1, "findings": {"a.py": [{"code": 301, "function": "", "text": "x", "count": 1}]}}',
    ],
)
def test_what_is_no_baseline_is_trouble_and_stays(capsys: pytest.CaptureFixture[str], text: str) -> None:
    Path("a.json").write_text(text)
    write("a.py", "FAULT\n")
    for option in ("--baseline=a.json", "--write-baseline=a.json"):
        done = Run(capsys, option)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert "a.json: " in done.err
    assert Path("a.json").read_text() == text


def test_it_cannot_be_written_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT\n")
    done = Run(capsys, "--write-baseline=none/such.json")
    assert (done.code, done.err.count("\n"), "cannot be written" in done.err) == (2, 1, True)


KEYS = st.builds(Key, st.sampled_from(["TAP301", "TAP119"]), st.sampled_from(["", "f"]), st.text(max_size=5))
FILES = st.dictionaries(
    st.sampled_from(["a.py", "b/c.py", "é.py"]), st.dictionaries(KEYS, st.integers(1, 3), min_size=1).map(Counter)
)


@settings(max_examples=40, deadline=None)
@given(FILES)
def test_a_baseline_is_read_as_it_was_written(files: dict[str, Counter[Key]]) -> None:
    Baseline("x.json", files).write()
    assert load("x.json").files == files
    assert load("x.json").count() == sum(count for counts in files.values() for count in counts.values())


def test_a_missing_baseline_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no such baseline"):
        load("none.json")
