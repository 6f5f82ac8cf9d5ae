"""The project around a file, its files, and whether one of them holds a mark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tapelint.surroundings import LIBRARIES, MAX_SIZE, Contents, files, forget, hold_mark, surroundings

MARKED = "import tensorflow as tf\n\ntape = tf.GradientTape()\n"


@pytest.fixture(autouse=True)
def _new() -> None:
    forget()


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_repository_comes_before_a_project_file(tmp_path: Path) -> None:
    top = Path(os.path.realpath(tmp_path))
    file = write(top / "inner" / "package" / "a.py")
    write(top / "inner" / "pyproject.toml")
    assert surroundings(str(file)) == (str(top / "inner"), None)
    (top / ".git").mkdir()
    forget()
    assert surroundings(str(file)) == (str(top), None)


def test_an_installed_package_is_all_of_its_project(tmp_path: Path) -> None:
    top = Path(os.path.realpath(tmp_path)) / "site-packages"
    file = write(top / "one" / "inner" / "a.py")
    for folder in (top / "one", top / "one" / "inner"):
        write(folder / "__init__.py")
    assert surroundings(str(file)) == (str(top / "one"), "one")
    assert surroundings(str(write(top / "script.py"))) is None


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_a_library_with_tables_is_no_project(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / name / "a.py")
    write(tmp_path / name / "__init__.py")
    assert surroundings(str(file)) is None


def test_files_without_environments_and_what_was_built(tmp_path: Path) -> None:
    wanted = [write(tmp_path / "a.py"), write(tmp_path / "b" / "n.ipynb")]
    write(tmp_path / "env" / "pyvenv.cfg")
    for name in ("env/c.py", "build/d.py", ".hidden/e.py", "node_modules/f.py", "b/g.txt"):
        write(tmp_path / name)
    assert files(str(tmp_path)) == [str(path) for path in wanted]


def test_whether_a_file_near_by_holds_a_mark(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    file = write(tmp_path / "package" / "a.py")
    assert not hold_mark(str(file))
    write(tmp_path / "b.py", MARKED)
    assert not hold_mark(str(file)), "kept until told to forget"
    forget()
    assert hold_mark(str(file))


def test_what_was_read_last_is_kept_up_to_a_limit(tmp_path: Path) -> None:
    first, second = (write(tmp_path / f"{name}.py", name * 60) for name in "ab")
    contents = Contents(100)
    assert contents.read(str(first)) == b"a" * 60
    first.write_text("new")
    assert contents.read(str(first)) == b"a" * 60
    assert contents.read(str(second)) == b"b" * 60
    assert contents.read(str(first)) == b"new", "the first one had to go"
    contents.forget()
    second.write_text("newer")
    assert contents.read(str(second)) == b"newer"


def test_a_long_file_is_read_to_a_limit_and_none_that_is_not_there(tmp_path: Path) -> None:
    contents = Contents()
    path = tmp_path / "long.py"
    path.write_bytes(b"#" * (MAX_SIZE + 1))
    assert len(contents.read(str(path))) == MAX_SIZE
    assert contents.read(str(tmp_path / "none.py")) == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_with_the_name_of_a_module_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml")
    os.mkfifo(tmp_path / "pipe.py")
    assert not hold_mark(str(write(tmp_path / "a.py")))
