"""The command as a process of its own: what it imports, how it ends, where its output goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTRY = "import sys; from tapelint.cli import process; sys.exit(process())"
BROKEN = "# GradientTape\ndef\n"

HEAVY = (
    *("ast", "argparse", "astroid", "click", "concurrent.futures", "dataclasses", "difflib", "importlib.metadata"),
    *("inspect", "json", "libcst", "multiprocessing", "pathlib", "pathspec", "re", "rich", "tokenize", "tomllib"),
    *("tapelint.catalogue", "tapelint.check", "tapelint.diagnostic", "tapelint.play", "tapelint.report"),
)


def start(words: Sequence[str], folder: Path, code: str = ENTRY, **environment: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINT_")}
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=_hear_ctrl_c if os.name == "posix" else None,
    )


def _hear_ctrl_c() -> None:
    """A shell that starts a command in the background has it, and all below it, ignore the signal of Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(words: Sequence[str], folder: Path, code: str = ENTRY, **environment: str) -> tuple[int, str, str]:
    with start(words, folder, code, **environment) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def imported(words: Sequence[str], folder: Path) -> set[str]:
    code = "import sys; from tapelint.cli import main; main(); print(*sys.modules, file=sys.stderr)"
    _, _, err = run(words, folder, code)
    return set(err.splitlines()[-1].split())


@pytest.mark.parametrize("words", [[], ["check", "."], ["--isolated", "--no-cache", "--jobs", "4", "."]])
def test_a_tree_without_marks_imports_nothing_heavy(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "src").mkdir()
    for name in ("a.py", "src/b.py"):
        (tmp_path / name).write_text("import os\n")
    at_start = set(run([], tmp_path, "import sys; print(*sys.modules)")[1].split())
    new = imported(words, tmp_path) - at_start
    assert "tapelint.run" in new
    assert sorted(new.intersection(HEAVY)) == []


def test_pathspec_only_where_there_is_something_to_ignore(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text("import os\n")
    home = {"HOME": str(tmp_path / "home")}
    code = "import sys; from tapelint.cli import main; main(); print('pathspec' in sys.modules)"
    assert run([], tmp_path, code, **home)[1] == "False\n"
    (tmp_path / ".gitignore").write_text("gen\n")
    assert run([], tmp_path, code, **home)[1] == "True\n"


def test_a_finding_without_a_fix_needs_no_libcst(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    modules = imported(["--output-format", "concise"], tmp_path)
    assert "tapelint.check" in modules
    assert modules.isdisjoint({"libcst", "astroid", "click", "rich"})


STEP = """\
import tensorflow as tf

x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = x * x
{after}
print(tape.gradient({target}, x))
"""


@pytest.mark.parametrize(("after", "target", "code"), [("", "y", 0), ("z = y * x", "z", 1)])
def test_a_program_is_played_and_judged_without_libcst(tmp_path: Path, after: str, target: str, code: int) -> None:
    (tmp_path / "a.py").write_text(STEP.format(after=after, target=target))
    assert run(["--output-format", "concise"], tmp_path)[0] == code
    modules = imported(["--output-format", "concise"], tmp_path)
    assert {"tapelint.play", "tapelint.rules.tape_unused"} <= modules
    assert modules.isdisjoint({"libcst", "astroid", "click", "rich"})
    if code == 0:
        dear = {"dataclasses", "difflib", "inspect", "json", "pathlib", "tokenize", "typing", "tapelint.report.concise"}
        assert modules.isdisjoint(dear), "start-up got dearer"


def test_python_dash_m(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tapelint", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("tapelint ")


def test_exit_codes_and_streams(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    (tmp_path / "b.py").write_text("x = 1\n")
    code, out, err = run(["--output-format", "concise"], tmp_path)
    assert code == 1
    assert out.startswith("a.py:2:4: TAP001 ")
    assert err == "Found 1 error in 1 of 2 files\n"
    assert run(["b.py"], tmp_path) == (0, "", "Nothing found in 1 file\n")
    assert run(["c.py"], tmp_path) == (2, "", "error: c.py: no such file or folder\nNothing found in 0 files\n")


def test_a_reader_who_leaves_early_is_no_trouble(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"f{number}.py").write_text(BROKEN)
    for words in (["--output-format", "full"], ["--output-format", "json"], ["rules"], ["--show-files"]):
        with start(words, tmp_path, PYTHONUNBUFFERED="1") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            err = process.stderr.read()
            process.wait(timeout=60)
        assert "Traceback" not in err
        assert "Exception" not in err
        assert "BrokenPipe" not in err
        assert process.returncode in (0, 1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
@pytest.mark.parametrize("form", ["full", "json"])
def test_a_full_disk_is_no_fault_of_ours(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    for words in (["--output-file", "/dev/full"], []):
        code = "import sys; sys.stdout = open('/dev/full', 'w');" * (not words) + ENTRY
        status, _, err = run(["--output-format", form, *words], tmp_path, code)
        assert (status, err.splitlines()[-1]) == (2, "error: what was to be written finds no space left")


def test_closed_streams_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    for closed in ("1", "2", "0"):
        code = f"import os, sys; os.close({closed}); os.execv(sys.executable, [sys.executable, '-c', {ENTRY!r}, '.'])"
        status, _, err = run([], tmp_path, code)
        assert status == 1, closed
        assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="bytes that are no text are no file names there")
def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    try:
        with open(os.path.join(os.fsencode(tmp_path), b"bad\xff.py"), "w") as file:
            file.write(BROKEN)
    except OSError:
        pytest.skip("this file system has only text for names")
    code, out, err = run(["--output-format", "concise"], tmp_path)
    assert (code, "Traceback" in err) == (1, False)
    assert "TAP001" in out
    for form in ("full", "json", "sarif", "github"):
        assert run(["--output-format", form], tmp_path)[0] == 1


@pytest.mark.parametrize("encoding", ["ascii", "ascii:surrogateescape"])
def test_an_ascii_terminal_is_no_trouble(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "é.py").write_text("# GradientTape\nx = 'ü' é é\n", encoding="utf-8")
    (tmp_path / "ü.py").write_text(
        "import tensorflow as tf\nwith tf.GradientTape() as t:\n    pass\n", encoding="utf-8"
    )
    code, out, err = run([], tmp_path, PYTHONIOENCODING=encoding)
    assert (code, "Traceback" in err) == (1, False)
    assert "\\xe9" in out
    assert run(["tapes", "ü.py"], tmp_path, PYTHONIOENCODING=encoding)[1].startswith("\\xfc.py:2:6: t,")
    assert run(["--show-files"], tmp_path, PYTHONIOENCODING=encoding) == (0, "é.py\nü.py\n", "")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_more_processes_end_in_peace(tmp_path: Path, jobs: str) -> None:
    for number in range(40):
        (tmp_path / f"f{number:02}.py").write_text(BROKEN)
    code = ENTRY.replace("sys.exit", "import tapelint.run; tapelint.run.PAYS_FROM = 2; sys.exit")
    status, out, err = run(["--output-format", "concise", "--jobs", jobs], tmp_path, code)
    assert (status, err) == (1, "Found 40 errors in 40 files\n")
    assert [line[:6] for line in out.splitlines()] == [f"f{number:02}.py"[:6] for number in range(40)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent differently there")
def test_ctrl_c_while_waiting_for_input(tmp_path: Path) -> None:
    code = ENTRY.replace("sys.exit", "open('ready', 'w').close(); sys.exit")
    with start(["-"], tmp_path, code) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


@pytest.mark.skipif(sys.platform != "linux" or sys.version_info >= (3, 14), reason="needs processes that are forked")
def test_ctrl_c_ends_the_other_processes_too(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.py").write_text("# GradientTape\n")
    code = (
        "import os, sys, time, tapelint.check, tapelint.run\n"
        "def forever(path, data, terms):\n"
        "    open(f'{os.getpid()}.pid', 'w').close()\n"
        "    time.sleep(600)\n"
        "tapelint.check.check = forever\n"
        "tapelint.run.PAYS_FROM, tapelint.run._CHUNK = 2, 1\n"
    ) + ENTRY.replace("import sys; ", "")
    with start(["--jobs", "2"], tmp_path, code) as process:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        before = time.monotonic()
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
    assert time.monotonic() - before < 10
    workers = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert len(workers) == 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_no_file_beside_the_checked_ones_is_run(tmp_path: Path) -> None:
    names = "ast click copy difflib json libcst multiprocessing queue random rich signal struct tokenize tomllib"
    for name in names.split():
        (tmp_path / f"{name}.py").write_text(f"open('{name} was run', 'w').close()\n")
    for number in range(20):
        (tmp_path / f"f{number:02}.py").write_text(BROKEN)
    command = [sys.executable, "-m", "tapelint", "--jobs", "2", "--output-format", "json", "."]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert list(tmp_path.glob("* was run")) == []
