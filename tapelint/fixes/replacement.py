"""A file gets new bytes: whoever reads it, at whatever moment, reads the old file or the new one, whole."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress


class NotReplaced(Exception):
    """The file is as it was. The text is one line that says why."""


def replace(path: str, old: bytes, new: bytes) -> None:
    """Put `new` in the place of `old`, what was read from the file. Raises `NotReplaced`.

    The new file keeps the mode, the owner and the extended attributes. Where `path` is a symbolic link, the file that
    it leads to is replaced. A file that no longer holds `old` belongs to somebody else now, and stays as it is.
    """
    real = os.path.realpath(path)
    try:
        with open(real, "rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NotReplaced("not fixed: it is no regular file")
            now = stream.read()
        if now == new:
            return
        if now != old:
            raise NotReplaced("not fixed: it has changed since it was read")
        if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(real, os.W_OK):
            raise NotReplaced("not fixed: it is read-only")
        _swap(real, new, status)
    except OSError as error:
        text = error.strerror or type(error).__name__
        raise NotReplaced(f"not fixed: {text[:1].lower()}{text[1:]}") from None


def _swap(real: str, new: bytes, status: os.stat_result) -> None:
    folder, name = os.path.split(real)
    handle, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
    try:
        with open(handle, "wb") as stream:
            stream.write(new)
            stream.flush()
            _like(stream.fileno(), temporary, real, status)
            os.fsync(stream.fileno())
        os.replace(temporary, real)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _settle(folder)


def _like(handle: int, temporary: str, real: str, status: os.stat_result) -> None:
    """Give the new file what belongs to the old one."""
    if hasattr(os, "fchown"):
        mine = os.fstat(handle)
        if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
            try:
                os.fchown(handle, status.st_uid, status.st_gid)
            except PermissionError:
                raise NotReplaced("not fixed: a new file could not be given to its owner") from None
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for attribute in os.listxattr(real):
                with suppress(OSError):
                    os.setxattr(handle, attribute, os.getxattr(real, attribute))
    # After the owner: giving a file away clears some bits of its mode.
    os.chmod(temporary, stat.S_IMODE(status.st_mode))


def _settle(folder: str) -> None:
    """Let the new name reach the disk too; where folders can't be synchronised, the system does so in its own time."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
