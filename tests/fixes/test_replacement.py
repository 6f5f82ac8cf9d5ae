"""Whatever happens, the old file or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tapelint.fixes.replacement import NotReplaced, replace

OLD, NEW = b"old\r\n", b"new\r\n" * 1000

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.py"
    path.write_bytes(OLD)
    return path


def untouched(file: Path) -> None:
    assert file.read_bytes() == OLD
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o4755])
def test_the_new_file_has_the_mode_of_the_old_one(file: Path, mode: int) -> None:
    file.chmod(mode)
    owner = file.stat().st_uid, file.stat().st_gid
    replace(str(file), OLD, NEW)
    assert file.read_bytes() == NEW
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert (file.stat().st_uid, file.stat().st_gid) == owner
    assert [each.name for each in file.parent.iterdir()] == [file.name]


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_the_new_file_belongs_to_whom_the_old_one_belonged(file: Path) -> None:
    os.chown(file, 1234, 4321)
    replace(str(file), OLD, NEW)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 4321)


@posix
def test_a_link_is_followed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.py"
    link.symlink_to(Path("..") / "file.py")
    replace(str(link), OLD, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW


@posix
def test_a_read_only_file_stays(file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(NotReplaced, match="read-only"):
        replace(str(file), OLD, NEW)
    untouched(file)


def test_a_file_that_has_changed_stays(file: Path) -> None:
    with pytest.raises(NotReplaced, match="has changed"):
        replace(str(file), b"older", NEW)
    untouched(file)


def test_a_file_that_is_new_already_is_no_trouble(file: Path) -> None:
    before = file.stat().st_mtime_ns
    replace(str(file), b"older", OLD)
    assert file.stat().st_mtime_ns == before


@posix
def test_what_is_no_file_stays(tmp_path: Path) -> None:
    with pytest.raises(NotReplaced, match="directory"):
        replace(str(tmp_path), OLD, NEW)
    with pytest.raises(NotReplaced, match="no such file"):
        replace(str(tmp_path / "gone.py"), OLD, NEW)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    with pytest.raises(NotReplaced, match="not fixed: no space left on device"):
        replace(str(file), OLD, NEW)
    monkeypatch.undo()
    untouched(file)


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_an_interrupt_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(str(file), OLD, NEW)
    monkeypatch.undo()
    untouched(file)


@posix
@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("late", [False, True])
def test_a_killed_process_leaves_a_whole_file(file: Path, step: str, late: bool) -> None:
    code = f"""
import os, signal
from tapelint.fixes import replacement
real = os.{step}
def killed(*given, **more):
    if {late}:
        real(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)
os.{step} = killed
replacement.replace({str(file)!r}, {OLD!r}, {NEW!r})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert done.returncode == -9
    assert file.read_bytes() == (NEW if late and step == "replace" else OLD)
