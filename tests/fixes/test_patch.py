from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tapelint.fixes.patch import patch

LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"  d\r", b"-- x", b"\xe9\xff"]), max_size=30)
TEXTS = st.builds(lambda lines, end: b"\n".join(lines) + end, LINES, st.sampled_from([b"", b"\n"]))


def by_git(folder: Path, name: str, old: bytes, text: bytes) -> bytes:
    """What git makes of the old file with the patch."""
    (folder / name).write_bytes(old)
    done = subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=text, capture_output=True)
    assert done.returncode == 0, done.stderr + text
    return (folder / name).read_bytes()


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")


@needs_git
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(old=b"a\na\nb\na\na\na", new=b"a\nb\na\nb\na\na\na")
@given(old=TEXTS.filter(bool), new=TEXTS.filter(bool))
def test_git_makes_the_new_file_of_the_old_one(tmp_path: Path, old: bytes, new: bytes) -> None:
    text = patch("file.py", old, new)
    if old == new:
        assert text == b""
    else:
        assert by_git(tmp_path, "file.py", old, text) == new


@needs_git
@pytest.mark.parametrize("name", ["a b.py", 'quo"te.py', "back\\slash.py", "tab\there.py", "ü.py"])
def test_names_that_need_care(tmp_path: Path, name: str) -> None:
    assert by_git(tmp_path, name, b"a\nb", patch(name, b"a\nb", b"a\nc\n")) == b"a\nc\n"


def test_only_what_changes_and_three_lines_around() -> None:
    old = b"".join(b"%d\n" % number for number in range(30))
    new = old.replace(b"\n10\n", b"\nten\n").replace(b"29\n", b"29")
    assert patch("x/y.py", old, new) == (
        b"--- a/x/y.py\n+++ b/x/y.py\n@@ -8,7 +8,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
        b"@@ -27,4 +27,4 @@\n 26\n 27\n 28\n-29\n+29\n\\ No newline at end of file\n"
    )


def test_a_name_is_as_seen_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert patch(str(tmp_path / "in" / "x.py"), b"a\n", b"b\n").startswith(b"--- a/in/x.py\n+++ b/in/x.py\n")
    assert patch("./x.py", b"a\n", b"b\n").startswith(b"--- a/x.py\n")
    assert patch(f"../{tmp_path.name}/in/x.py", b"a\n", b"b\n").startswith(b"--- a/in/x.py\n")
