"""Where modules of a project lie, and which of its files use which."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint import project
from tapelint.project import MAX_FILES_WITHOUT_MARK, Project, project_of, shown

STEP = "import tensorflow as tf\n\n\ndef step(x):\n    with tf.GradientTape() as tape:\n        return tape\n"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    project.forget()
    yield
    project.forget()


def write(folder: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for a slash, `.py` is added to names without a suffix."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def init(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()


def found(folder: Path, importer: str, name: str) -> str | None:
    """What a file of the folder gets by a name, relative to the folder."""
    of = project_of(str(folder / importer))
    assert of is not None
    path = of.find(name, str(folder / importer))
    return None if path is None else os.path.relpath(path, os.path.realpath(folder))


def test_scripts_side_by_side(tmp_path: Path) -> None:
    write(tmp_path, main="import losses", losses="", deep__nets="")
    assert found(tmp_path, "main.py", "losses") == "losses.py"
    assert found(tmp_path, "main.py", "deep.nets") == "deep/nets.py"
    assert found(tmp_path, "main.py", "deep") == "deep"  # a package without __init__.py
    assert found(tmp_path, "main.py", "nowhere") is None


def test_relative_names(tmp_path: Path) -> None:
    write(tmp_path, a__b__c="", a__d="", a__b__e="")
    init(tmp_path / "a", tmp_path / "a" / "b")
    assert found(tmp_path, "a/b/c.py", ".e") == "a/b/e.py"
    assert found(tmp_path, "a/b/c.py", "..d") == "a/d.py"
    assert found(tmp_path, "a/b/c.py", ".") == "a/b/__init__.py"
    assert found(tmp_path, "a/b/c.py", "....d") is None


def test_the_src_layout_and_folders_between(tmp_path: Path) -> None:
    write(tmp_path, src__nets__model="", scripts__train="", scripts__tools__plot="", shared="")
    init(tmp_path / "src" / "nets")
    (tmp_path / "pyproject.toml").touch()
    assert found(tmp_path, "scripts/train.py", "nets.model") == "src/nets/model.py"
    assert found(tmp_path, "scripts/tools/plot.py", "shared") == "shared.py"
    assert found(tmp_path, "scripts/tools/plot.py", "train") == "scripts/train.py"


def test_two_files_of_one_name_are_neither(tmp_path: Path) -> None:
    write(tmp_path, losses="", train__losses="", train__step="", only="")
    (tmp_path / "setup.py").touch()
    assert found(tmp_path, "train/step.py", "losses") is None
    assert found(tmp_path, "train/step.py", "only") == "only.py"
    assert found(tmp_path, "setup.py", "losses") == "losses.py"


def test_what_is_never_a_module_of_a_project(tmp_path: Path) -> None:
    write(tmp_path, main="", random="", tensorflow="", numpy____init__="")
    for name in ("random", "tensorflow", "numpy", "keras.layers"):
        assert found(tmp_path, "main.py", name) is None


def test_compiled_modules_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, main="")
    (tmp_path / "fast.so").touch()
    (tmp_path / "cached.pyc").touch()
    assert found(tmp_path, "main.py", "fast") is None
    assert found(tmp_path, "main.py", "cached") is None


def test_an_installed_package_is_a_project_of_its_own(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "site-packages"
    init(site / "one", site / "two", site / "tensorflow", site / "tensorflow" / "python")
    write(site, one__a="", one__b="", two__c="", tensorflow__python__ops="")
    assert found(site, "one/a.py", "one.b") == "one/b.py"
    assert found(site, "one/a.py", "two.c") is None
    assert project_of(str(site / "tensorflow" / "python" / "ops.py")) is None
    assert project_of(str(site / "six.py")) is None


def test_nothing_above_the_repository_is_found(tmp_path: Path) -> None:
    write(tmp_path, outside="", repository__main="")
    (tmp_path / "repository" / ".git").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert found(tmp_path, "repository/main.py", "outside") is None


def test_a_folder_with_scripts_that_import_it_is_part_of_theirs(tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(top, main="from nets import model", nets__model="", other__thing="")
    assert found(top, "nets/model.py", "main") == "main.py"
    assert found(top, "other/thing.py", "main") is None


def entries(folder: Path, *names: str) -> list[str]:
    of = project_of(str(folder / names[0]))
    assert of is not None
    paths = [os.path.realpath(folder / name) for name in names]
    return [os.path.relpath(path, os.path.realpath(folder)) for path in of.entries(paths)]


def test_users_are_found_through_others(tmp_path: Path) -> None:
    init(tmp_path / "nets")
    write(
        tmp_path,
        nets__step=STEP,
        nets__helper="def half(x):\n    return x / 2\n",
        trainer=STEP + "from nets.helper import half\n",
        main="from nets import step\nstep.step(1)\n",
        quiet="from nets import helper\n",
        alone=STEP,
    )
    (tmp_path / "pyproject.toml").touch()
    assert entries(tmp_path, "nets/helper.py") == ["trainer.py"]
    assert entries(tmp_path, "nets/step.py") == ["main.py"]
    assert entries(tmp_path, "alone.py") == []
    assert entries(tmp_path, "nets/helper.py", "trainer.py") == []


def test_a_name_that_a_package_hands_on(tmp_path: Path) -> None:
    init(tmp_path / "nets")
    other = STEP.replace("def step", "def other")
    write(tmp_path, nets__step=STEP, nets__other=other, main="from nets import step as s\n")
    (tmp_path / "nets" / "__init__.py").write_text("from .step import *\nfrom nets.other import other as another\n")
    (tmp_path / "pyproject.toml").touch()
    of = project_of(str(tmp_path / "main.py"))
    assert of is not None
    package = os.path.realpath(tmp_path / "nets" / "__init__.py")
    assert of.marked(package, "another") == {"other"}
    assert of.marked(package, "nothing") == frozenset()


def test_a_class_brings_its_methods(tmp_path: Path) -> None:
    text = "class T:\n    def fit(self):\n        return tf.GradientTape()\n\n    def name(self):\n        return 1\n"
    write(tmp_path, trainer="import tensorflow as tf\n" + text)
    of = project_of(str(tmp_path / "trainer.py"))
    assert of is not None
    assert of.marked(os.path.realpath(tmp_path / "trainer.py"), "T") == {"T", "fit"}


def test_a_class_is_made_from_marked_ones_or_from_itself(tmp_path: Path) -> None:
    write(tmp_path, base="import tensorflow as tf\n\n\nclass B:\n    def fit(self):\n        tf.GradientTape()\n")
    write(tmp_path, sub="from base import B\n\n\nclass C(B): ...\n\n\nclass D(D): ...\n\n\nclass E(F): ...\n")
    of = project_of(str(tmp_path / "sub.py"))
    assert of is not None
    path = os.path.realpath(tmp_path / "sub.py")
    assert of.marked(path, "C") == {"B", "C", "fit"}
    assert of.marked(path, "D") == of.marked(path, "E") == frozenset()


def test_tests_and_large_projects_are_not_asked_for_callers(tmp_path: Path) -> None:
    write(tmp_path, step=STEP, main="from step import step\n", test_it="from step import step\n")
    (tmp_path / "pyproject.toml").touch()
    assert entries(tmp_path, "step.py") == ["main.py"]
    project.forget()
    for number in range(MAX_FILES_WITHOUT_MARK):
        (tmp_path / f"m{number}.py").touch()
    assert entries(tmp_path, "step.py") == []


def test_imports_in_every_form(tmp_path: Path) -> None:
    write(tmp_path, a="", b="", c="", d="", e="")
    write(tmp_path, main="import a, b as x\nfrom c import (  # why\n    one,\n    two as t,\n)\n")
    write(tmp_path, more="if True:\n    from d import one, \\\n        two\n    important = 1; import e; import a\n")
    of = Project(os.path.realpath(tmp_path))
    seen = of._imported(str(tmp_path / "main.py"))
    assert [(os.path.basename(path), name) for path, name in seen] == [
        ("a.py", ""), ("b.py", ""), ("c.py", "one"), ("c.py", "two"),
    ]  # fmt: skip
    seen = of._imported(str(tmp_path / "more.py"))
    assert [(os.path.basename(path), name) for path, name in seen] == [
        ("d.py", "one"), ("d.py", "two"), ("e.py", ""), ("a.py", "")
    ]  # fmt: skip


def test_a_file_is_called_as_its_importer_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, main="", deep__a="")
    monkeypatch.chdir(tmp_path)
    inner = os.path.realpath("deep/a.py")
    assert shown(inner, "main.py") == "deep/a.py"
    assert shown(inner, str(tmp_path / "main.py")) == str(tmp_path / "deep" / "a.py")
    assert shown(os.path.realpath("main.py"), "deep/a.py") == "main.py"


def test_who_runs_traced_functions_as_plain_python(tmp_path: Path) -> None:
    eager = "import tensorflow as tf\ntf.config.run_functions_eagerly(True)\n"
    write(tmp_path, steps="import losses", losses="", setup=eager, alone="", quiet="import alone\n# " + eager[24:])
    write(tmp_path, main="import steps, setup", tests__test_alone="import alone\n" + eager)
    write(tmp_path, off="import alone\n" + eager.replace("True", "False"))
    of = Project(os.path.realpath(tmp_path))
    names = ("steps", "losses", "setup", "main", "alone", "quiet", "off")
    assert [name for name in names if of.is_eager(str(tmp_path / f"{name}.py"))] == ["steps", "losses", "setup", "main"]


def test_each_part_with_requirements_of_its_own_says_which_keras_it_is_for(tmp_path: Path) -> None:
    legacy = 'import os\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n'
    (tmp_path / ".git").mkdir()
    write(tmp_path, main="", lib__a="", old__main=legacy, old__deep__b="", new__c="", new__deep__d="")
    (tmp_path / "new" / "requirements.txt").touch()
    of = project_of(str(tmp_path / "main.py"))
    assert of is not None

    def for_keras_2() -> list[str]:
        names = ("main", "lib/a", "old/main", "old/deep/b", "new/c", "new/deep/d")
        return [name for name in names if of.sets_keras_2(str(tmp_path / f"{name}.py"))]

    assert for_keras_2() == ["main", "lib/a", "old/main", "old/deep/b"]
