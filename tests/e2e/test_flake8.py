"""The plugin in a real flake8: what it finds is what `tapelint` finds, and what it costs is small."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.oracle.programs import FIXTURES, ROOT

FAULT = """\
import tensorflow as tf


def step(x):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * x
    loss = tf.reduce_sum(y)
    return tape.gradient(loss, v)
"""
ROW = "8:12: TAP301 `loss` is computed after `tape` stopped recording"
KEPT = """\
import tensorflow as tf


def step(x):
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = v * x
        z = v * v
    return tape.gradient(y, v), tape.gradient(z, v)
"""
"""TAP119 speaks of this, which is off until somebody asks for it."""
_LINE = re.compile(r"(.+?):(\d+):(\d+): (TAP\d+) (.*)")


def run(words: Sequence[str], folder: Path, text: str | None = None) -> tuple[int, str, str]:
    """Run flake8 or tapelint as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment(PYTHONIOENCODING="utf-8"),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def quickly(words: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """The same in this process, with one worker, for the many runs where that makes no difference."""
    from flake8.main.cli import main as flake8_main

    from tapelint.cli import main as tapelint_main

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    before = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = tapelint_main(words[1:]) if words[0] == "tapelint" else flake8_main(["-j1", *words[1:]])
    finally:
        os.chdir(before)
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
    return code, out.read(), err.read()


def environment(**more: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if not name.startswith("TAPELINT_")}, **more}


def flake8(folder: Path, *words: str) -> tuple[int, str, str]:
    return quickly(["flake8", "--select=TAP", *words], folder)


def told_by_flake8(folder: Path, *words: str) -> list[tuple[str, int, int, str, str]]:
    _, out, err = flake8(folder, *words)
    assert err == ""
    matches = [_LINE.fullmatch(line) for line in out.splitlines()]
    return sorted(
        (os.path.normpath(match[1]), int(match[2]), int(match[3]), match[4], match[5]) for match in matches if match
    )


def told_by_tapelint(folder: Path, *words: str) -> list[tuple[str, int, int, str, str]]:
    code, out, err = quickly(["tapelint", "check", "--output-format=json", "--quiet", *words], folder)
    assert code in (0, 1), err
    return sorted(
        (
            os.path.normpath(each["filename"]),
            each["location"]["row"],
            each["location"]["column"],
            each["code"],
            each["message"],
        )
        for each in json.loads(out)
    )


def tree(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_finding_as_flake8_prints_it(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT)
    assert run(["flake8", "a.py"], tmp_path) == (1, f"a.py:{ROW}\n", "")


def test_the_fixtures_as_tapelint_finds_them(tmp_path: Path) -> None:
    """The shortest file of every rule. flake8 itself tells what does not parse, and does not hand it on."""
    names = []
    for folder in sorted(FIXTURES.glob("TAP[1-9]*")):
        path = min(folder.glob("fails_*.py"), key=lambda each: each.stat().st_size)
        names.append(f"{folder.name}_{path.name}")
        (tmp_path / names[-1]).write_bytes(path.read_bytes())
    assert len(names) > 100
    expected = told_by_tapelint(tmp_path)
    assert {code for _, _, _, code, _ in expected} > {"TAP101", "TAP301", "TAP601"}
    assert told_by_flake8(tmp_path) == expected


def test_the_settings_of_the_project_hold(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT, gen__b_py=FAULT, old__c_py=FAULT, sub__d_py=KEPT, sub__e_py=FAULT, pinned__f_py=FAULT)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.tapelint]\nextend-exclude = ["gen"]\nper-file-ignores = {"old/*" = ["target-outside-tape"]}\n'
    )
    (tmp_path / "sub" / "tapelint.toml").write_text('select = ["TAP1"]\n')
    expected = told_by_tapelint(tmp_path)
    assert [(path, code) for path, _, _, code, _ in expected] == [
        ("a.py", "TAP301"),
        (os.path.join("pinned", "f.py"), "TAP301"),
        (os.path.join("sub", "d.py"), "TAP119"),
    ]
    assert told_by_flake8(tmp_path) == expected


def test_a_named_file_is_checked_even_if_it_is_excluded_unless_that_is_forced(tmp_path: Path) -> None:
    tree(tmp_path, gen__a_py=FAULT)
    settings = tmp_path / "tapelint.toml"
    settings.write_text('extend-exclude = ["gen"]\n')
    for words in (["gen/a.py"], ["gen"]):
        assert told_by_flake8(tmp_path, *words) == told_by_tapelint(tmp_path, *words) != []
    settings.write_text('extend-exclude = ["gen"]\nforce-exclude = true\n')
    for words in (["gen/a.py"], ["gen"]):
        assert told_by_flake8(tmp_path, *words) == told_by_tapelint(tmp_path, *words) == []


def test_what_git_ignores(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT, gen__b_py=FAULT)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("gen\n")
    assert told_by_flake8(tmp_path) == told_by_tapelint(tmp_path)
    assert [path for path, *_ in told_by_flake8(tmp_path)] == ["a.py"]


def test_our_comments_and_those_of_others(tmp_path: Path) -> None:
    line = "    loss = tf.reduce_sum(y)"
    ours = ["# tapelint: ignore[TAP301] known", "# tapelint: ignore[TAP302]"]
    comments = [ours[0], "# noqa: TAP301", "#noqa", "# noqa", ours[1], ""]
    for number, comment in enumerate(comments):
        (tmp_path / f"f{number}.py").write_text(FAULT.replace(line, f"{line}  {comment}".rstrip()))
    expected = told_by_tapelint(tmp_path)
    assert {(path, code) for path, _, _, code, _ in expected} == {
        ("f4.py", "TAP301"), ("f4.py", "TAP002"), ("f5.py", "TAP301"),
    }  # fmt: skip
    assert told_by_flake8(tmp_path) == expected
    shown = {path for path, *_ in told_by_flake8(tmp_path, "--disable-noqa")}
    assert shown == {"f1.py", "f2.py", "f3.py", "f4.py", "f5.py"}


def test_a_baseline(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT, b_py=FAULT)
    (tmp_path / "tapelint.toml").write_text('baseline = "known.json"\n')
    assert quickly(["tapelint", "check", "--write-baseline=known.json", "a.py"], tmp_path)[0] == 0
    assert [path for path, *_ in told_by_flake8(tmp_path)] == ["b.py"]


def test_rules_that_are_off_stay_off_whatever_flake8_selects(tmp_path: Path) -> None:
    tree(tmp_path, a_py=KEPT)
    for words in (["--select=TAP119"], ["--extend-select=TAP119"], ["--ignore=E"], []):
        assert quickly(["flake8", *words, "a.py"], tmp_path) == (0, "", "")
    for words in (["--tapelint-extend-select=TAP119"], ["--tapelint-select=TAP1"], ["--tapelint-pedantic"]):
        assert [code for *_, code, _ in told_by_flake8(tmp_path, *words)] == ["TAP119"]


def test_the_options(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT)
    (tmp_path / "tapelint.toml").write_text('ignore = ["TAP301"]\n')
    (tmp_path / "other.toml").write_text('select = ["TAP3"]\n')
    assert told_by_flake8(tmp_path) == []
    for words in (["--tapelint-isolated"], ["--tapelint-config=other.toml"], ["--tapelint-select=TAP3,TAP4"]):
        assert [code for *_, code, _ in told_by_flake8(tmp_path, *words)] == ["TAP301"]
    assert told_by_flake8(tmp_path, "--tapelint-isolated", "--tapelint-ignore=TAP3") == []


def test_the_options_in_flake8s_own_settings(tmp_path: Path) -> None:
    tree(tmp_path, a_py=KEPT, b_py=FAULT)
    (tmp_path / "tapelint.toml").write_text('ignore = ["TAP"]\n')
    (tmp_path / "other.toml").write_text('ignore = ["TAP301"]\n')
    (tmp_path / ".flake8").write_text(
        "[flake8]\ntapelint-config = ./other.toml\ntapelint-extend-select =\n    TAP119\n    TAP210\n"
    )
    assert [code for *_, code, _ in told_by_flake8(tmp_path)] == ["TAP119"]


def test_flake8s_own_filters_come_after(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT)
    assert flake8(tmp_path, "--extend-ignore=TAP3")[:2] == (0, "")
    assert flake8(tmp_path, "--per-file-ignores=a.py:TAP301")[:2] == (0, "")


def test_the_keras_generation(tmp_path: Path) -> None:
    tree(tmp_path, a_py=next((FIXTURES / "TAP905").glob("fails_*.py")).read_text(encoding="utf-8"))
    assert told_by_flake8(tmp_path)
    assert told_by_flake8(tmp_path, "--tapelint-target-keras=2") == told_by_tapelint(tmp_path, "--target-keras=2") == []
    (tmp_path / "old").mkdir()
    (tmp_path / "a.py").rename(tmp_path / "old" / "a.py")
    (tmp_path / "old" / "requirements.txt").write_text("tensorflow==2.15\n")
    assert told_by_flake8(tmp_path) == []


def test_several_processes(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"f{number:02}.py").write_text(FAULT if number % 2 else "x = 1\n")
    expected = "".join(f"./f{number:02}.py:{ROW}\n" for number in range(1, 12, 2))
    for jobs in ("1", "4"):
        assert run(["flake8", "-j", jobs], tmp_path) == (1, expected, "")


def test_what_is_piped_in(tmp_path: Path) -> None:
    tree(tmp_path, sub__a_py="x = 1\n")
    command = ["flake8", "--select=TAP"]
    named = [*command, "--stdin-display-name", "sub/a.py", "-"]
    assert run([*command, "-"], tmp_path, FAULT) == (1, f"stdin:{ROW}\n", "")
    assert run(named, tmp_path, FAULT) == (1, f"sub/a.py:{ROW}\n", "")
    settings = tmp_path / "sub" / "tapelint.toml"
    settings.write_text('ignore = ["TAP301"]\n')
    assert run(named, tmp_path, FAULT) == (0, "", "")
    settings.write_text('extend-exclude = ["a.py"]\n')
    assert run(named, tmp_path, FAULT)[0] == 1
    settings.write_text('extend-exclude = ["a.py"]\nforce-exclude = true\n')
    assert run(named, tmp_path, FAULT) == (0, "", "")


@pytest.mark.parametrize(
    "data",
    [
        FAULT.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + FAULT.encode(),
        ("# -*- coding: latin-1 -*-\n" + FAULT.replace("y = v", "é = 1; y = v")).encode("latin-1"),
        FAULT.replace("    loss = ", "    ünï = 1; loss = ").encode(),
        ("# GradientTape \xe9\nx = 1\n" + FAULT).encode("latin-1"),
        FAULT.replace("    loss", "\f    loss").encode(),
    ],
    ids=["crlf", "bom", "latin-1", "wide", "wrong-encoding", "form-feed"],
)
def test_every_encoding_and_line_ending(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.py").write_bytes(data)
    found = told_by_flake8(tmp_path, "a.py")
    assert found == told_by_tapelint(tmp_path, "a.py")
    assert len(found) == 1


def test_piped_in_text_in_another_encoding(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n" + FAULT.replace("    loss = ", "    ü = 1; loss = ")
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--select=TAP", "-"],
        cwd=tmp_path, input=text.encode("latin-1"), capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.decode().startswith("stdin:9:19: TAP301 ")


BROKEN = {
    "a rule that nobody knows": ('select = ["TAP3", "nope"]\n', "tapelint.toml: no rule is called `nope`"),
    "a key that nobody knows": ("slect = []\n", "tapelint.toml: unknown key slect; did you mean select?"),
    "no TOML": ("select = [\n", "tapelint.toml: not valid TOML: "),
    "no baseline": ('baseline = "known.json"\n', "known.json: there is no such baseline"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_wrong_settings_are_one_line(tmp_path: Path, name: str) -> None:
    settings, wanted = BROKEN[name]
    tree(tmp_path, a_py=FAULT, b_py=FAULT, c_py="import os\n")
    (tmp_path / "tapelint.toml").write_text(settings)
    code, out, err = quickly(["flake8"], tmp_path)
    assert (code, out) == (1, "./c.py:1:1: F401 'os' imported but unused\n")
    assert err.startswith("tapelint: ")
    assert err.count("\n") == 1
    assert wanted in err


def test_a_warning_is_said_once(tmp_path: Path) -> None:
    tree(tmp_path, a_py=FAULT, b_py=FAULT)
    (tmp_path / "tapelint.toml").write_text('ignore = ["nope"]\n')
    code, out, err = flake8(tmp_path)
    assert (code, out.count("TAP301")) == (1, 2)
    assert err.startswith("tapelint: warning: ")
    assert err.count("\n") == 1


FAILING = """\
import sys
import {module} as module

def fail(*_, **__):
    raise RuntimeError("no\\nway")

module.{name} = fail
from flake8.main.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("tapelint.check", "check"),
        ("tapelint.play", "play"),
        ("tapelint.selection", "select"),
        ("tapelint.report.place", "place"),
        ("tapelint.settings", "Configuration.for_folder"),
    ],
)
def test_a_failure_of_ours_is_one_line_and_no_finding(tmp_path: Path, module: str, name: str) -> None:
    tree(tmp_path, a_py="import os\n" + FAULT)
    code = FAILING.format(module=module, name=name)
    command = [sys.executable, "-c", code, "-j1", "a.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "a.py:1:1: F401 'os' imported but unused\n")
    assert re.fullmatch(r"tapelint: a\.py: internal error: RuntimeError: no( way)?\n", done.stderr)
    loud = subprocess.run(
        command, cwd=tmp_path, env=environment(TAPELINT_DEBUG="1"), capture_output=True, text=True, timeout=60
    )
    assert "Traceback" in loud.stderr


@pytest.mark.e2e
def test_beside_other_plugins(tmp_path: Path) -> None:
    """All in one environment, which is not that of the tests: TorchFix wants an older libcst."""
    tree(tmp_path, a_py=FAULT + "\n\ndef f(a=[]):\n    return a\n")
    tree(tmp_path, b_py="import time\n\n\nasync def g():\n    time.sleep(1)\n")
    tree(tmp_path, c_py="import torch\n\ntorch.symeig(1)\n")
    venv.create(tmp_path / "env", with_pip=True)
    python = str(tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    install = [python, "-m", "pip", "install", "--quiet", str(ROOT), "flake8-bugbear", "flake8-async", "TorchFix"]
    done = subprocess.run([*install, "flake8"], capture_output=True, text=True, timeout=600)
    if "No matching distribution found" in done.stderr and not os.environ.get("CI"):
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, done.stderr
    options = ["--select=TAP,B,ASYNC,TOR", "--isolated", "-j1", "a.py", "b.py", "c.py"]
    done = subprocess.run(
        [python, "-m", "flake8", *options], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")
    codes = [(line.split(":")[0], line.split()[1]) for line in done.stdout.splitlines()]
    assert {("a.py", "TAP301"), ("a.py", "B006"), ("b.py", "ASYNC251"), ("c.py", "TOR001")} <= set(codes)


def test_a_file_without_a_mark_imports_nothing_heavy(tmp_path: Path) -> None:
    tree(tmp_path, a_py="import os\n\nprint(os)\n")
    say = "import sys; from flake8.main.cli import main; main(['-j1', 'a.py']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", say], cwd=tmp_path, capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.split(".")[0] == "tapelint"}
    light = {"tapelint.flake8_plugin", "tapelint.source", "tapelint.source.marks", "tapelint.surroundings"}
    assert ours == {"tapelint"} | light


SHARE = """\
import functools, sys, time

begin = time.perf_counter()
import tapelint.flake8_plugin as ours
own = time.perf_counter() - begin
calls = 0

def timed(function):
    @functools.wraps(function)
    def call(*words, **more):
        global own, calls
        before = time.perf_counter()
        result = list(function(*words, **more) or ())
        own += time.perf_counter() - before
        calls += 1
        return result if function.__name__ == 'run' else None
    return call

ours.Plugin.__init__ = timed(ours.Plugin.__init__)
ours.Plugin.run = timed(ours.Plugin.run)
from flake8.main.cli import main
main(["-j1", "--quiet", "--exit-zero", *sys.argv[1:]])
whole = time.perf_counter() - begin
print("share", calls, own / (whole - own))
"""


def test_a_tree_without_tapes_costs_little_more(tmp_path: Path) -> None:
    """What the plugin takes of a whole run, its import included; both are measured in the same run."""
    import flake8 as package

    tree = Path(package.__file__).parent
    command = [sys.executable, "-c", SHARE, str(tree)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    _, calls, share = done.stdout.splitlines()[-1].split()
    assert int(calls) == 2 * len(list(tree.rglob("*.py")))
    assert 0 < float(share) < 0.05
