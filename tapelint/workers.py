"""Work in several processes: each gets pieces that lie side by side, and one that is done takes from the others' ends.

What a process learnt of one file (the modules that it imports) is of use for its neighbours.
"""

from __future__ import annotations

import gc
import signal
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from itertools import pairwise
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")

_ours: set[Connection] = set()
"""The ends of this process. A forked one closes its copies, or the others would not notice that this one ended."""


def spread(
    pieces: Sequence[_Piece], jobs: int, work: Callable[[_Piece], _Result]
) -> Generator[tuple[int, _Result | None], None, None]:
    """What `work` gives for each piece with the number of the piece, as soon as it is there.

    The result is None where the process that worked on it ended before its time; another one goes on. `work`, pieces
    and results must be what `pickle` takes, `work` a function of a module. The processes are gone when the generator
    is closed.
    """
    jobs = min(jobs, len(pieces))
    bounds = [number * len(pieces) // jobs for number in range(jobs + 1)]
    workers = [_Worker(work, deque(range(start, end))) for start, end in pairwise(bounds)]
    try:
        busy = {worker.connection: worker for worker in workers if worker.take(pieces, workers)}
        while busy:
            for connection in wait(list(busy)):
                worker = busy.pop(connection)  # type: ignore[call-overload]
                number, result = worker.at, worker.result()
                if worker.take(pieces, workers):
                    busy[worker.connection] = worker
                yield number, result
    except BaseException:
        for worker in workers:
            worker.process.terminate()
        raise
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[_Piece, _Result]):
    """One other process, and the numbers of the pieces that wait for it."""

    def __init__(self, work: Callable[[_Piece], _Result], share: deque[int]) -> None:
        self.share = share
        self.at = -1
        self._work = work
        self._start()

    def _start(self) -> None:
        self.connection, theirs = Pipe()
        _ours.add(self.connection)
        self.process = Process(target=_serve, args=(theirs, self._work), daemon=True)
        self.process.start()
        theirs.close()

    def take(self, pieces: Sequence[_Piece], workers: Sequence[_Worker[_Piece, _Result]]) -> bool:
        """Begin with the next piece: of its own share, else from the end of the longest one; whether there is any."""
        if not self.share:
            longest = max(workers, key=lambda worker: len(worker.share)).share
            if longest:
                self.share.append(longest.pop())
        if not self.share:
            return False
        self.at = self.share.popleft()
        with suppress(OSError):  # it ended, which is told when its result is asked for
            self.connection.send(pieces[self.at])
        return True

    def result(self) -> _Result | None:
        """What came of the piece; None if the process ended, and then there is a new one."""
        try:
            result: _Result = self.connection.recv()
        except (EOFError, OSError):
            self.end()
            self._start()
            return None
        return result

    def end(self) -> None:
        """Close the connection, which makes the process end, and wait for that."""
        self.connection.close()
        _ours.discard(self.connection)
        self.process.join()


def _serve(connection: Connection, work: Callable[[_Piece], _Result]) -> None:
    """Do what is sent until nothing comes any more, or something fails."""
    gc.disable()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the traceback of each would bury what the user wants to see
    for other in _ours:
        other.close()
    with suppress(Exception):
        while True:
            connection.send(work(connection.recv()))
