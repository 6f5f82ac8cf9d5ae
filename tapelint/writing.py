"""Files that are written: whole or not at all."""

from __future__ import annotations

import os
import tempfile


def replace_file(path: str, data: bytes) -> None:
    """Put `data` in the place of a file, with the same mode, in one step. Raises `OSError`.

    A link stays a link: the file that it leads to is replaced.
    """
    path = os.path.realpath(path)
    number, temporary = tempfile.mkstemp(prefix=".tapelint-", dir=os.path.dirname(path))
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(path: str) -> int:
    """The mode of the file, or that of any new one."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
