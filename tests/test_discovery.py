from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tapelint.discovery import CACHE_SIGNATURE, Discovery
from tapelint.settings import Configuration


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, and a home without any settings of git."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def touch(*paths: str) -> None:
    for path in paths:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def write(path: str, text: str) -> None:
    touch(path)
    Path(path).write_text(text)


def discovery(**given: Any) -> Discovery:
    return Discovery(Configuration({name.replace("_", "-"): value for name, value in given.items()}))


def found(*paths: str, **given: Any) -> list[str]:
    search = discovery(**given)
    names = [file.path for file in search.find(paths or (".",))]
    assert search.errors == []
    return names


def test_python_files_in_order() -> None:
    touch("b.py", "a/z.py", "a/b/c.pyi", "a.py", "c.pyw", "d.txt", "e.PY", "a/b.ipynb", "f.pyc")
    assert found() == ["a/b/c.pyi", "a/b.ipynb", "a/z.py", "a.py", "b.py", "c.pyw"]


def test_more_files_where_settings_say_so() -> None:
    touch("a.md", "docs/b.md", "docs/c.rst", "build/d.md", "a.py", "deep/docs/e.rst")
    write("tapelint.toml", 'extend-include = ["*.md", "docs/*.rst"]\n')
    assert found() == ["a.md", "a.py", "docs/b.md", "docs/c.rst"]


def test_names_are_as_given() -> None:
    touch("src/a.py")
    here = os.getcwd()
    assert found(".") == ["src/a.py"]
    assert found("src") == ["src/a.py"]
    assert found("src/") == ["src/a.py"]
    assert found("./src") == ["./src/a.py"]
    assert found(here) == [f"{here}/src/a.py"]
    assert found("src/../src/a.py") == ["src/../src/a.py"]


def test_every_file_once() -> None:
    touch("src/a.py", "src/b.py")
    assert found("src/b.py", "src", "src/a.py", "./src") == ["src/b.py", "src/a.py"]


def test_a_file_that_is_named_is_found_whatever_its_name() -> None:
    touch("script", "build/a.py", "x.txt")
    assert found("script", "build/a.py", "x.txt") == ["script", "build/a.py", "x.txt"]


def test_default_excludes() -> None:
    touch("a.py", "build/a.py", ".venv/a.py", "x/node_modules/a.py", "x.egg/a.py", "site-packages/a.py", ".hidden/a.py")
    assert found() == [".hidden/a.py", "a.py"]
    assert found("build", "x/node_modules") == ["build/a.py", "x/node_modules/a.py"]


def test_force_exclude_also_for_what_is_named() -> None:
    touch("build/a.py", "b.py", "gen/c.py")
    assert found("build/a.py", "build", "b.py", force_exclude=True) == ["b.py"]
    assert found("gen/c.py", "b.py", force_exclude=True, extend_exclude=["gen/*"]) == ["b.py"]


def test_virtual_environments_and_caches_by_their_marks() -> None:
    touch("env1/pyvenv.cfg", "env1/lib/a.py", "other/a.py")
    write("cache/CACHEDIR.TAG", CACHE_SIGNATURE.decode() + "\n")
    write("no_cache/CACHEDIR.TAG", "something else")
    touch("cache/a.py", "no_cache/a.py")
    assert found() == ["no_cache/a.py", "other/a.py"]
    assert found("env1") == ["env1/lib/a.py"]


def test_a_folder_that_is_called_like_a_file() -> None:
    touch("x.py/inner.py")
    assert found() == ["x.py/inner.py"]
    assert found("x.py") == ["x.py/inner.py"]


def test_links_once_and_under_the_real_name() -> None:
    touch("z/real.py", "z/other.py")
    os.symlink("z/real.py", "a_link.py")
    os.symlink("z", "a_folder")
    os.symlink("nowhere.py", "dangling.py")
    os.symlink("loop.py", "loop.py")
    os.symlink("..", "z/up")
    os.symlink(".", "self")
    assert found() == ["z/other.py", "z/real.py"]
    assert found("a_link.py", ".") == ["a_link.py", "z/other.py"]


def test_links_out_of_the_tree_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").touch()
    os.symlink(tmp_path / "outside", "one")
    os.symlink(tmp_path / "outside", "two")
    os.symlink(tmp_path / "outside" / "a.py", "three.py")
    assert len(found()) == 1


def test_a_link_to_a_folder_above_is_not_followed(tmp_path: Path) -> None:
    touch("in/a.py", "out.py")
    os.symlink("..", "in/up")
    assert found("in") == ["in/a.py"]


def test_what_is_not_there_is_an_error() -> None:
    os.symlink("nowhere.py", "dangling.py")
    search = discovery()
    touch("a.py")
    assert [file.path for file in search.find(["nope", "dangling.py", "a.py"])] == ["a.py"]
    assert search.errors == [("nope", "no such file or folder"), ("dangling.py", "a link that leads nowhere")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not stop this user")
def test_a_folder_without_permission_is_an_error() -> None:
    touch("closed/a.py", "b.py")
    os.chmod("closed", 0)
    try:
        search = discovery()
        assert [file.path for file in search.find(["."])] == ["b.py"]
        assert search.errors == [("closed", "no permission to read it")]
    finally:
        os.chmod("closed", 0o700)


def test_a_folder_that_cannot_be_listed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("closed/a.py", "b.py")
    real = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    search = discovery()
    assert [file.path for file in search.find(["."])] == ["b.py"]
    assert search.errors == [("closed", "no permission to read it")]


def test_settings_of_a_folder_hold_below_it() -> None:
    touch("a/x.py", "a/gen/x.py", "b/gen/x.py", "b/sub/skip.py", "b/sub/x.py")
    write("a/tapelint.toml", 'extend-exclude = ["gen"]\n')
    write("b/pyproject.toml", '[tool.tapelint]\nextend-exclude = ["sub/skip.py"]\n')
    assert found() == ["a/x.py", "b/gen/x.py", "b/sub/x.py"]
    assert found("b/sub", "a/gen/x.py") == ["b/sub/x.py", "a/gen/x.py"]
    (file,) = discovery().find(["b/gen/x.py"])
    assert file.settings.file == os.path.abspath("b/pyproject.toml")


def repository(folder: str = ".") -> None:
    touch(f"{folder}/.git/HEAD")


def test_gitignore_holds_only_in_a_repository() -> None:
    touch("gen/a.py", "b.py")
    write(".gitignore", "gen/\n")
    assert found() == ["b.py", "gen/a.py"]
    repository()
    assert found() == ["b.py"]
    assert found(respect_gitignore=False) == ["b.py", "gen/a.py"]


def test_nested_gitignore_files_and_negation() -> None:
    repository()
    touch("a.py", "keep.py", "sub/a.py", "sub/b.py", "sub/deep/c.py", "sub/deep/keep.py", "other/c.py", "anchored.py")
    touch("sub/anchored.py")
    write(".gitignore", "# a comment\n\n/anchored.py\nc.py\na.py\n")
    write("sub/.gitignore", "!a.py\nb.py\n")
    write("sub/deep/.gitignore", "!c.py\nkeep.py\n")
    assert found() == ["keep.py", "sub/a.py", "sub/anchored.py", "sub/deep/c.py"]


def test_gitignore_above_what_is_given_counts() -> None:
    repository()
    touch("src/gen/a.py", "src/b.py", "src/deep/skip.py", "src/deep/c.py")
    write(".gitignore", "gen\n")
    write("src/.gitignore", "skip.py\n")
    assert found("src") == ["src/b.py", "src/deep/c.py"]
    assert found("src/deep") == ["src/deep/c.py"]
    assert found("src/gen/a.py") == ["src/gen/a.py"]
    assert found("src/gen/a.py", "src/deep/skip.py", "src/b.py", force_exclude=True) == ["src/b.py"]


def test_a_repository_inside_has_its_own_rules() -> None:
    touch("inner/a.py", "inner/gen.py")
    repository("inner")
    write("inner/.gitignore", "gen.py\n")
    assert found() == ["inner/a.py"]


def test_exclude_files_of_the_repository_and_of_the_user(tmp_path: Path) -> None:
    repository()
    touch("a.py", "mine.py", "ours.py", "theirs.py")
    write(".git/info/exclude", "mine.py\n")
    home = tmp_path / "home"
    write(str(home / ".gitconfig"), '[user]\n\tname = x\n[core]\n\texcludesFile = "~/ignore-list"\n')
    write(str(home / "ignore-list"), "ours.py\n")
    assert found() == ["a.py", "theirs.py"]
    os.remove(home / ".gitconfig")
    write(str(home / ".config" / "git" / "ignore"), "theirs.py\n")
    assert found() == ["a.py", "ours.py"]


def test_git_agrees(tmp_path: Path) -> None:
    """The same files as `git ls-files` names, where git is installed."""
    import shutil
    import subprocess

    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    subprocess.run([git, "init", "-q"], check=True)
    touch(*[f"{a}/{b}/{c}.py" for a in ("x", "y", "gen") for b in ("p", "q") for c in ("one", "two", "gen")])
    write(".gitignore", "gen/\n*/q/one.py\n!/y/q/one.py\n**/p/two.py\n")
    write("x/.gitignore", "/p/*\n!/p/two.py\n")
    listed = subprocess.run(
        [git, "ls-files", "--others", "--exclude-standard", "*.py"], check=True, capture_output=True, text=True
    )
    assert found() == sorted(listed.stdout.split())


def test_a_broken_line_of_a_gitignore_file_is_a_warning() -> None:
    repository()
    touch("a.py", "b.py")
    write(".gitignore", "!\na.py\n")
    search = discovery()
    assert [file.path for file in search.find(["."])] == ["b.py"]
    assert search.warnings == [f"{os.path.realpath('.gitignore')}: not a pattern that git understands: !"]
