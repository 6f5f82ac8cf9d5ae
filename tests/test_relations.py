"""What files of a project find in each other does not depend on how one asks."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tapelint.cli import main
from tapelint.report import FORMATS

LOSSES = """\
import tensorflow as tf


def penalty(x):
    return tf.reduce_sum(x.numpy() ** 2)


def good(x):
    return tf.reduce_sum(x**2)
"""
STEPS = """\
import tensorflow as tf

from losses import good


def step(x, w):
    with tf.GradientTape() as tape:
        y = good(x * w)
    return tape.gradient(y, x)
"""
TRAIN = """\
import tensorflow as tf

from losses import penalty
from steps import step


def train():
    w = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = penalty(w)
    return tape.gradient(loss, w)


def watched():
    return step(tf.Variable(2.0), tf.Variable(1.0))
"""
RUN = """\
import tensorflow as tf

import steps


def go():
    return steps.step(tf.constant(2.0), tf.Variable(1.0))
"""
FILES = {"losses.py": LOSSES, "steps.py": STEPS, "train.py": TRAIN, "run.py": RUN}

Told = tuple[str, int, str]

CUT = ("losses.py", 5, "TAP304")
UNWATCHED = ("steps.py", 9, "TAP201")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[Told]:
    """File, row and code of everything that a run prints."""
    main(["--output-format", "json", "--quiet", *words])
    found = json.loads(capsys.readouterr().out)
    return [(item["filename"], item["location"]["row"], item["code"]) for item in found]


def test_faults_that_only_the_whole_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == [CUT, UNWATCHED]
    assert told(capsys, "--no-follow-imports") == []
    assert told(capsys, "--config", "follow-imports=false") == []


@pytest.mark.parametrize("name", FILES)
def test_what_is_said_of_a_file_is_the_same_when_only_it_is_asked_for(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = told(capsys)
    alone = told(capsys, name)
    assert [item for item in alone if item[0] == name] == [item for item in everything if item[0] == name]
    assert set(alone) <= set(everything)


def test_a_fault_is_told_with_every_file_of_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "train.py") == [CUT]
    assert told(capsys, "run.py") == [UNWATCHED]


def test_the_order_of_files_and_the_number_of_processes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = sorted(told(capsys))
    names = sorted(FILES)
    assert sorted(told(capsys, *names)) == sorted(told(capsys, *reversed(names))) == expected
    monkeypatch.setattr("tapelint.run.PAYS_FROM", 1)
    monkeypatch.setattr("tapelint.run._CHUNK", 1)
    assert sorted(told(capsys, "--jobs", "2")) == expected


def test_a_change_of_one_module_changes_what_depends_on_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("losses.py").write_text(LOSSES.replace("x.numpy()", "x"))
    assert told(capsys) == [UNWATCHED]
    Path("losses.py").write_text(LOSSES)
    Path("run.py").write_text(RUN.replace("constant", "Variable"))
    assert told(capsys) == [CUT]
    Path("run.py").write_text(RUN)
    Path("steps.py").write_text(STEPS.replace("        y =", "        tape.watch(x)\n        y ="))
    assert told(capsys) == [CUT]


def test_the_file_where_a_fault_lies_decides_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("losses.py").write_text(LOSSES.replace("** 2)", "** 2)  # tapelint: ignore[TAP304] a constant", 1))
    assert told(capsys) == [UNWATCHED]
    Path("tapelint.toml").write_text('[per-file-ignores]\n"steps.py" = ["TAP201"]\n')
    assert told(capsys) == []
    assert told(capsys, "run.py") == []


def test_an_excluded_file_is_no_caller(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--exclude", "run.py") == [CUT]


def test_the_story_names_the_other_file(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--output-format", "json", "--quiet", "steps.py"])
    (item,) = json.loads(capsys.readouterr().out)
    elsewhere = {(place["filename"], place["location"]["row"]) for place in item["related"]} - {("steps.py", 7)}
    assert elsewhere == {("run.py", 7)}
    assert item["fix"] is None
    main(["--quiet", "losses.py"])
    assert "  train.py:9:10\n" in capsys.readouterr().out


def test_text_that_is_not_on_disk_is_judged_by_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    class Piped:
        buffer = io.BytesIO(STEPS.replace("import tensorflow", "# changed\nimport tensorflow").encode())

    monkeypatch.setattr(sys, "stdin", Piped())
    assert told(capsys, "--stdin-filename", "steps.py", "-") == []


def test_a_file_without_a_mark_inside_a_project(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").touch()
    Path("inner").mkdir()
    shutil.move("losses.py", "inner/losses.py")
    Path("train.py").write_text(TRAIN.replace("from losses", "from inner.losses"))
    assert told(capsys, "inner") == [("inner/losses.py", 5, "TAP304")]


def test_a_baseline_knows_what_other_files_led_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write-baseline", "--quiet"]) == 0
    assert told(capsys, "--baseline", "tapelint-baseline.json") == []


def test_fixes_leave_what_only_a_caller_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "--fix") == [CUT, UNWATCHED]
    assert Path("steps.py").read_text() == STEPS


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_form_carries_the_name_of_the_other_file(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--output-format", form, "--quiet", "steps.py"])
    assert "run.py" in capsys.readouterr().out


def test_nothing_of_a_project_is_executed(capsys: pytest.CaptureFixture[str]) -> None:
    writes = "\nopen('executed', 'w').close()\n"
    for name in FILES:
        Path(name).write_text(FILES[name] + writes)
    Path("losses.pth").write_text("import losses\n")
    Path("conftest.py").write_text(writes)
    before = set(sys.modules)
    assert told(capsys) == [CUT, UNWATCHED]
    assert not Path("executed").exists()
    assert not {"losses", "steps", "train", "run"} & (set(sys.modules) - before)


@pytest.mark.parametrize(
    "content",
    [b"def broken(:\n", b"\xff\xfe\x00", b"", b"x = 1\0", b"(" * 3000],
    ids=["syntax", "bytes", "empty", "null", "deep"],
)
def test_a_module_that_cannot_be_read_is_unknown(content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("losses.py").write_bytes(content)
    assert told(capsys) == []


def test_a_module_that_is_a_folder_a_loop_or_gone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("losses.py").unlink()
    assert told(capsys) == []
    Path("losses.py").symlink_to("losses.py")
    assert told(capsys) == []
    Path("losses.py").unlink()
    Path("losses.py").mkdir()
    assert told(capsys) == []
