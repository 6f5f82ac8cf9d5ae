"""How far a long run has come: one line on a terminal, drawn over, and gone at the end."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_PATIENCE = 1.0
_PAUSE = 0.1


class Progress:
    """Shows nothing in the first second, nothing where the stream is not a terminal, and nothing unless `shown`."""

    def __init__(self, stream: TextIO | None, total: int, *, shown: bool) -> None:
        self._stream = stream
        self._total = total
        self._shown = shown and stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + _PATIENCE
        self._drawn = False

    def step(self, done: int) -> None:
        """Say that so many files are done."""
        now = time.monotonic()
        done = min(done, self._total)  # files around them are played too
        if self._shown and self._stream is not None and now >= self._next:
            self._next = now + _PAUSE
            self._drawn = True
            part = done * 20 // max(self._total, 1)
            self._stream.write(f"\r\x1b[K{'━' * part}{'╌' * (20 - part)} {done} of {self._total} files")
            self._stream.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self._drawn and self._stream is not None:
            self._drawn = False
            sys.stdout.flush()
            self._stream.write("\r\x1b[K")
            self._stream.flush()
