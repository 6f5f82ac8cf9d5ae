from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapelint.cli
import tapelint.commands
import tapelint.run
from tapelint import __version__
from tapelint.cli import main, nothing_found
from tapelint.options import CHECK, CHOICE, COUNT, FLAG, MAYBE, read_plain, spelled_out
from tapelint.report import FORMATS, summary
from tapelint.result import FileResult
from tests.engine import MARK, install


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, the engine that finds `FAULT`, and no settings in the environment."""
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
    """One command line, run in this process: its exit code, stdout, stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = main(words)
        self.out, self.err = capsys.readouterr()

    @property
    def codes(self) -> list[str]:
        """What the lines of the concise format report."""
        return [line.split(": ")[1].split()[0] for line in self.out.splitlines()]


def concise(capsys: pytest.CaptureFixture[str], *words: str) -> Run:
    return Run(capsys, "check", "--output-format", "concise", *words)


def test_clean_is_0_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "x = 1\n")
    done = Run(capsys, "check")
    assert (done.code, done.out, done.err) == (0, "", "Nothing found in 1 file\n")


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_the_short_way_to_say_nothing_found_is_the_long_one(count: int) -> None:
    assert nothing_found(count) == summary([FileResult(str(number)) for number in range(count)])


def test_findings_are_1(capsys: pytest.CaptureFixture[str]) -> None:
    write("src/a.py", "FAULT\nFAULT\n")
    for words in (["src"], ["check", "src"], ["src/a.py"], ["."], []):
        done = Run(capsys, *words, "--output-format=concise")
        assert done.code == 1
        assert [line.split(": ")[0] for line in done.out.splitlines()] == ["src/a.py:2:1", "src/a.py:3:1"]
        assert done.err == "Found 2 errors in 1 file\n"


def test_exit_zero_hides_findings_but_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT")
    assert concise(capsys, "--exit-zero").code == 0
    assert concise(capsys, "--exit-zero", "a.py", "nope").code == 2


def test_trouble_is_2_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT")
    write("b.py", "CRASH")
    write("c.py", "def")
    done = concise(capsys, ".", "nope")
    assert done.code == 2
    assert done.codes == ["TAP301", "TAP001"]
    assert done.err.splitlines() == [
        "error: nope: no such file or folder",
        "error: b.py: internal error: KeyError: 'crash'",
        "Found 2 errors in 2 of 3 files; 1 could not be checked",
    ]


def test_a_file_that_cannot_be_read_is_trouble(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", "FAULT")
    write("b.py", "")
    real = tapelint.run.open if hasattr(tapelint.run, "open") else open

    def refuse(path: str, *rest: object, **more: object) -> object:
        if path == "b.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(tapelint.run, "open", refuse, raising=False)
    done = concise(capsys)
    assert (done.code, done.codes) == (2, ["TAP301"])
    assert "error: b.py: no permission to read it\n" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nope"], "No such option"),
        (["check", "--jobs", "0"], "--jobs"),
        (["check", "--jobs", "many"], "--jobs"),
        (["check", "--target-keras", "4"], "--target-keras"),
        (["check", "--select"], "requires an argument"),
        (["check", "--output-format", "fulll"], "no output format is called fulll"),
        (["check", "--statistics", "--output-format", "github"], "--statistics"),
        (["check", "--select", "TAP999"], "TAP999"),
        (["check", "--config", "nope.toml"], "nope.toml"),
        (["check", "--config", "slect=[]"], "unknown key slect"),
        (["check", "--config", "a.toml", "--config", "b.toml"], "two settings files"),
        (["check", "--config", "a.toml", "--isolated"], "--isolated"),
        (["check", "--output-file", "no/such/folder", "a.py"], "cannot be written"),
        (["check", "--output-file", "a.py"], "a.py is one of the files to check"),
        (["tapes", "--nope"], "No such option"),
        (["explain"], "Missing argument"),
        (["explain", "TAP999"], "TAP999"),
        (["config", "show", "nope"], "nope"),
        (["config", "nope"], "No such command"),
    ],
)
def test_bad_use_is_2_and_one_line(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    write("a.py", "FAULT")
    done = Run(capsys, *words)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert message in done.err


def test_a_bad_settings_file_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tapelint.toml").write_text("slect = []")
    done = Run(capsys)
    assert done.code == 2
    assert "unknown key slect; did you mean select?" in done.err
    assert Run(capsys, "--isolated").code == 0


def test_selection_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT; NOTE")
    assert concise(capsys).codes == ["TAP301"]
    assert concise(capsys, "--pedantic").codes == ["TAP301", "TAP119"]
    assert concise(capsys, "--select", "TAP119").codes == ["TAP119"]
    assert concise(capsys, "--select", "TAP2,TAP119").codes == ["TAP119"]
    assert concise(capsys, "--select=TAP3", "--select", "persistent-tape-not-deleted").codes == ["TAP301", "TAP119"]
    assert concise(capsys, "--ignore", "target-outside-tape").codes == []
    assert concise(capsys, "--extend-select", "TAP119").codes == ["TAP301", "TAP119"]
    assert concise(capsys, "--config", 'ignore=["TAP3"]').codes == []


def test_an_unknown_rule_to_ignore_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT")
    done = concise(capsys, "--ignore", "TAP999")
    assert (done.code, done.codes) == (1, ["TAP301"])
    assert done.err.splitlines()[0].startswith("warning: the command line: ")


def test_a_wrong_rule_on_the_command_line_is_not_the_fault_of_the_settings_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("a.py", "FAULT")
    Path("tapelint.toml").write_text('ignore = ["nonsense"]')
    file, given = concise(capsys, "--ignore", "TAP999").err.splitlines()[:2]
    assert file.endswith("tapelint.toml: no rule is called `nonsense`")
    assert given.startswith("warning: the command line: no rule is called `TAP999`")
    assert concise(capsys, "--select", "TAP997").err.startswith("error: the command line: ")
    assert concise(capsys, "--config", 'severity = {TAP997 = "error"}').err.startswith("error: the command line: ")


def test_a_selection_of_nothing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT")
    for empty in ("", " , "):
        done = concise(capsys, "--select", empty)
        assert (done.code, done.err) == (2, "error: --select names no rule\n")
    assert concise(capsys, "--ignore", "").code == 1


def test_a_wrong_rule_is_an_error_even_where_no_file_holds_a_mark(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text("x = 1")
    assert concise(capsys, "--select", "TAP999").code == 2


def test_severities_and_per_file_ignores_of_a_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("src/a.py", "FAULT")
    write("tests/a.py", "FAULT")
    Path("tapelint.toml").write_text('severity = {TAP301 = "warning"}\nper-file-ignores = {"tests/*" = ["TAP3"]}\n')
    done = concise(capsys)
    assert done.out.startswith("src/a.py:2:1: ")
    assert done.err == "Found 1 warning in 1 of 2 files\n"


def test_settings_of_each_folder_hold_for_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    write("a/x.py", "FAULT; NOTE")
    write("b/x.py", "FAULT; NOTE; KERAS2")
    Path("a/tapelint.toml").write_text('select = ["TAP119"]')
    Path("b/tapelint.toml").write_text("target-keras = 2")
    assert concise(capsys).codes == ["TAP119", "TAP301", "TAP301"]
    assert concise(capsys, "--isolated").codes == ["TAP301", "TAP301"]


def test_target_keras(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "KERAS2")
    assert concise(capsys).code == 0
    assert concise(capsys, "--target-keras", "2").code == 1
    assert concise(capsys, "--config", 'target-tensorflow="2.15"').code == 1


def test_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write("b.py", "FAULT")

    def pipe(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((MARK + text).encode())))

    pipe("FAULT")
    assert concise(capsys, "-").out.startswith("-:2:1: ")
    pipe("FAULT")
    assert concise(capsys, "-", "--stdin-filename", "src/é.py").out.startswith("src/é.py:2:1: ")
    pipe("FAULT")
    assert len(concise(capsys, "-", "b.py").codes) == 2
    Path("gen").mkdir()
    Path("gen/tapelint.toml").write_text('ignore = ["TAP3"]')
    pipe("FAULT")
    assert concise(capsys, "-", "--stdin-filename", "gen/a.py").codes == []
    pipe("FAULT")
    assert concise(capsys, "-", "--stdin-filename", "build/a.py", "--force-exclude").codes == []


def test_json_is_a_document_even_without_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(Run(capsys, "--output-format", "json").out) == []
    write("a.py", "FAULT")
    (found,) = json.loads(Run(capsys, "--output-format", "json").out)
    assert (found["code"], found["filename"], found["location"]) == ("TAP301", "a.py", {"row": 2, "column": 1})


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_keeps_talk_off_stdout(capsys: pytest.CaptureFixture[str], form: str) -> None:
    write("a.py", "FAULT")
    loud = Run(capsys, "--output-format", form, "--verbose", "nope", ".")
    quiet = Run(capsys, "--output-format", form, "--quiet")
    assert loud.out == quiet.out
    assert quiet.err == ""
    assert "Found 1 error" in loud.err
    assert "settings: no file" in loud.err


def test_the_format_of_a_settings_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tapelint.toml").write_text('output-format = "json"')
    assert Run(capsys).out == "[]\n"
    assert Run(capsys, "--output-format", "concise").out == ""


def test_output_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT")
    done = concise(capsys, "--output-file", "out.txt", "--color", "always")
    assert (done.code, done.out, done.err) == (1, "", "Found 1 error in 1 file\n")
    assert Path("out.txt").read_text().startswith("\x1b") or Path("out.txt").read_text().startswith("a.py:2:1: ")
    concise(capsys, "--output-file", "clean.txt", "--ignore", "TAP3")
    assert Path("clean.txt").read_text() == ""


def test_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "FAULT; NOTE\n" + "FAULT\n" * 11)
    done = Run(capsys, "--statistics", "--pedantic")
    assert done.out == "12  TAP301  target-outside-tape\n 1  TAP119  persistent-tape-not-deleted\n"
    assert done.code == 1
    assert json.loads(Run(capsys, "--statistics", "--output-format", "json").out) == [
        {"code": "TAP301", "name": "target-outside-tape", "count": 12, "fixable": 0}
    ]
    assert Run(capsys, "--statistics", "--ignore", "TAP3").out == ""
    assert Run(capsys, "--statistics", "--config", "output-format=github").out == "12  TAP301  target-outside-tape\n"


def test_show_files(capsys: pytest.CaptureFixture[str]) -> None:
    write("b.py", "FAULT")
    write("a/c.py", "FAULT")
    done = Run(capsys, "--show-files")
    assert (done.code, done.out, done.err) == (0, "a/c.py\nb.py\n", "")
    assert Run(capsys, "--show-files", "nope").code == 2


def test_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "FAULT")
    assert "\x1b" not in Run(capsys).out
    assert "\x1b" in Run(capsys, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in Run(capsys).out
    assert "\x1b" not in Run(capsys, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Run(capsys).out
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" in Run(capsys).out


def test_the_environment_sets_options(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", "FAULT; NOTE")
    monkeypatch.setenv("TAPELINT_OUTPUT_FORMAT", "concise")
    assert Run(capsys).codes == ["TAP301"]
    monkeypatch.setenv("TAPELINT_SELECT", "TAP119")
    assert Run(capsys, ".").codes == ["TAP119"]
    assert Run(capsys, "check", "--select", "TAP301").codes == ["TAP301"]
    monkeypatch.setenv("TAPELINT_JOBS", "none")
    assert Run(capsys).code == 2


def test_more_processes_give_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux" or sys.version_info >= (3, 14):
        pytest.skip("the engine of this test reaches other processes only where they are forked")
    for number in range(30):
        write(f"d{number % 3}/f{number}.py", "FAULT\n" * (number % 4) + ("CRASH" if number == 7 else ""))
    alone = concise(capsys)
    monkeypatch.setattr(tapelint.run, "PAYS_FROM", 2)
    monkeypatch.setattr(tapelint.run, "_CHUNK", 100)
    for jobs in ("1", "2", "3"):
        together = concise(capsys, "--jobs", jobs)
        assert (together.out, together.err, together.code) == (alone.out, alone.err, alone.code)


def test_more_processes_read_the_same(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux" or sys.version_info >= (3, 14):
        pytest.skip("what this test changes reaches other processes only where they are forked")
    for number in range(30):
        write(f"d{number % 3}/f{number}.py", "FAULT\n" if number % 4 else "x = 1\n")
    Path("d0/f0.py").write_bytes(b"x = 1\n")
    alone = concise(capsys)
    monkeypatch.setattr(tapelint.run, "READS_FROM", 2)
    monkeypatch.setattr(tapelint.run, "_PIECE", 4)
    for jobs in ("1", "2", "3"):
        together = concise(capsys, "--jobs", jobs)
        assert (together.out, together.err, together.code) == (alone.out, alone.err, alone.code)
    monkeypatch.setattr(tapelint.run, "_worth_reading", _die)
    assert concise(capsys, "--jobs", "2").out == alone.out


def test_a_process_that_dies_is_trouble_and_no_hang(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux" or sys.version_info >= (3, 14):
        pytest.skip("the engine of this test reaches other processes only where they are forked")
    monkeypatch.setattr(tapelint.run, "PAYS_FROM", 2)
    monkeypatch.setattr(tapelint.run, "_check_all", _die)
    write("a.py", "FAULT")
    write("b.py", "FAULT")
    done = concise(capsys, "--jobs", "2")
    assert done.code == 2
    assert "error: a.py: internal error: the process that checked it ended\n" in done.err


def _die(tasks: object) -> object:
    os._exit(3)


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(parameters: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(tapelint.cli, "check", interrupt)
    done = Run(capsys)
    assert (done.code, done.out, done.err) == (130, "", "")


def test_trouble_of_our_own_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(parameters: object) -> int:
        raise RuntimeError("first\nsecond")

    monkeypatch.setattr(tapelint.cli, "check", fail)
    done = Run(capsys)
    assert (done.code, done.err) == (2, "error: internal error: RuntimeError: first\n")


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--version"], ["-V"]):
        done = Run(capsys, *words)
        assert (done.code, done.out) == (0, f"tapelint {__version__}\n")
    assert Run(capsys, "version").out.startswith(f"tapelint {__version__}\npython ")
    assert json.loads(Run(capsys, "version", "--output-format", "json").out)["tapelint"] == __version__


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, "check", "--help")
    assert done.code == 0
    for option in CHECK:
        for flag in option.flags:
            assert flag in done.out
    assert "tapes" in Run(capsys, "--help").out


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    by_code = Run(capsys, "explain", "TAP301")
    assert by_code.code == 0
    assert by_code.out.startswith("TAP301 target-outside-tape\n")
    assert "\nWhat TensorFlow does\n" in by_code.out
    assert max(map(len, by_code.out.splitlines())) <= 80
    assert Run(capsys, "explain", "target-outside-tape").out == by_code.out
    assert (
        "What TensorFlow does"
        in json.loads(Run(capsys, "explain", "TAP301", "--output-format", "json").out)["sections"]
    )


def test_rules(capsys: pytest.CaptureFixture[str]) -> None:
    listed = Run(capsys, "rules").out.splitlines()
    table = json.loads(Run(capsys, "rules", "--output-format", "json").out)
    assert [line.split()[0] for line in listed] == [rule["code"] for rule in table]
    assert {"code", "name", "severity", "summary", "fix", "since", "url"} <= set(table[0])


def test_tapes(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.py").write_text(
        "import tensorflow as tf\n"
        "with tf.GradientTape(persistent=True) as tape:\n"
        "    tape.watch(x)\n"
        "    y = x * x\n"
        "print(tape.gradient(y, x))\n"
        "with tf.GradientTape(watch_accessed_variables=False):\n"
        "    pass\n"
    )
    Path("b.py").write_text("x = 1")
    done = Run(capsys, "tapes")
    assert done.code == 0
    assert done.out.splitlines() == [
        "a.py:2:6: tape, lines 2 to 4, persistent",
        "    watches trainable variables that are read, x",
        "    asked at 5:7 for the gradient of y by x",
        "a.py:6:6: a tape without a name, lines 6 to 7, not persistent",
        "    watches nothing",
        "    not asked in this file",
    ]
    first, second = json.loads(Run(capsys, "tapes", "a.py", "--output-format", "json").out)
    assert first["location"] == {"row": 2, "column": 1}
    assert first["questions"][0]["location"] == {"row": 5, "column": 7}
    assert (first["name"], first["persistent"], first["watched"]) == ("tape", True, ["x"])
    assert (second["name"], second["watch_accessed_variables"]) == (None, False)


def test_tapes_of_a_file_that_does_not_parse(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "def")
    write("b.py", "with GradientTape() as t: pass\n")
    done = Run(capsys, "tapes", "--output-format", "json", "nope", ".")
    assert done.code == 2
    assert [block["filename"] for block in json.loads(done.out)] == ["b.py"]
    assert done.err.splitlines()[0] == "error: nope: no such file or folder"
    assert done.err.splitlines()[1].startswith("error: a.py: this file does not parse: ")


def test_tapes_in_an_odd_indentation(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", "if x:\n\twith GradientTape() as t:\n        \tpass\n")
    assert Run(capsys).code == 0
    done = Run(capsys, "tapes")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: a.py: its tapes cannot be listed: ")


def test_config_alone_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    done = Run(capsys, "config")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: tapelint config")


def test_config_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert Run(capsys, "config", "show").out == "# no settings file\n"
    Path("pyproject.toml").write_text('[tool.tapelint]\nselect = ["TAP3"]\npedantic = true\n')
    Path("src").mkdir()
    expected = f'# from {os.path.realpath("pyproject.toml")}\nselect = ["TAP3"]\npedantic = true\n'
    for path in (["."], ["src"], ["pyproject.toml"], []):
        assert Run(capsys, "config", "show", *path).out == expected
    assert Run(capsys, "config", "show", "--isolated").out == "# no settings file\n"


_VALUES = st.sampled_from(["TAP3", "2", "auto", "", "a=b", "-", "-x", "--quiet", "x y", "a,b"])
_WORDS = st.one_of(
    st.sampled_from([flag for option in CHECK for flag in option.flags]),
    st.builds("{}={}".format, st.sampled_from([flag for option in CHECK for flag in option.flags]), _VALUES),
    _VALUES,
    st.sampled_from(["--", "--help", "-qv", "-j2", "--sel", "src/a.py"]),
)


@given(st.lists(_WORDS, max_size=6))
def test_a_plain_command_line_means_what_click_makes_of_it(words: list[str]) -> None:
    plain = read_plain(words, {})
    if plain is None:
        return
    context = tapelint.commands.main.commands["check"].make_context("check", spelled_out(words))
    assert {name: value for name, value in context.params.items() if name != "help"} == plain


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        (["--add-ignore", "a.py"], ["--add-ignore=", "a.py"]),
        (["check", "--add-ignore=why", "--write-baseline"], ["check", "--add-ignore=why", "--write-baseline="]),
        (["--select", "--add-ignore", "--select"], ["--select", "--add-ignore", "--select"]),
        (["--", "--add-ignore"], ["--", "--add-ignore"]),
    ],
)
def test_options_that_may_have_a_value_take_no_path_for_it(words: list[str], spelled: list[str]) -> None:
    assert spelled_out(words) == spelled


def test_plain_command_lines_are_plain() -> None:
    everything: list[str] = []
    for option in CHECK:
        value = {FLAG: [], MAYBE: [], COUNT: ["2"], CHOICE: list(option.choices[:1])}.get(option.kind, ["x"])
        everything += [option.flags[-1], *value]
    parameters = read_plain([*everything, "src", "-"], {"PATH": "/bin", "TAPELINT_DEBUG": "1"})
    assert parameters is not None
    assert parameters["paths"] == ("src", "-")
    assert parameters["jobs"] == 2
    assert read_plain([], {"TAPELINT_SELECT": "TAP1"}) is None


def test_the_pins_of_a_project_decide_on_keras(capsys: pytest.CaptureFixture[str]) -> None:
    write("old/src/a.py", "KERAS2")
    write("new/a.py", "KERAS2")
    Path("old/requirements.txt").write_text("tensorflow<2.16")
    Path("new/requirements.txt").write_text("tensorflow")
    assert concise(capsys).out.startswith("old/src/a.py:2:1: ")
    assert len(concise(capsys).codes) == 1
    assert concise(capsys, "--isolated").codes == []
    assert concise(capsys, "--target-keras", "3").codes == []
