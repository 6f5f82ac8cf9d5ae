"""Many files: reads them all, judges those that hold a mark, and uses more processes where that pays."""

from __future__ import annotations

import gc
import os

from tapelint.discovery import reason
from tapelint.source.marks import has_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from tapelint.check import Terms
    from tapelint.diagnostic import Finding
    from tapelint.discovery import Found
    from tapelint.result import FileResult
    from tapelint.settings import Settings

    Task = tuple[str, bytes, Terms, bool]
    """A path, its bytes, what is asked of it, and whether somebody asked for it."""

PAYS_FROM = 12
"""With fewer files that hold a mark, starting processes takes longer than they save."""

_CHUNK = 60_000
"""How many bytes one process gets at a time at most. After as many, recordings that nothing refers to any more are
thrown away: the command line leaves that to this module."""


class Read:
    """One file, read: its bytes if they hold a mark, else None, and why it could not be read, else an empty text."""

    __slots__ = ("data", "error", "path", "settings")

    def __init__(self, path: str, settings: Settings, data: bytes | None, error: str = "") -> None:
        self.path = path
        self.settings = settings
        self.data = data
        self.error = error


def read(found: Iterable[Found], marked: bool = True) -> list[Read]:
    """Read every file, and keep the bytes; if `marked` only of those that hold a mark."""
    return [_read(file, marked) for file in found]


def _read(file: Found, marked: bool) -> Read:
    try:
        with open(file.path, "rb", buffering=0) as stream:
            data = stream.read()
    except OSError as error:
        return Read(file.path, file.settings, None, reason(error))
    return Read(file.path, file.settings, data if not marked or has_mark(data) else None)


def judge(
    files: Sequence[Read],
    terms: Callable[[Read], Terms],
    jobs: int | None,
    outside: Callable[[str], Read | None] | None = None,
    step: Callable[[int], None] = lambda done: None,
    memory: dict[str, FileResult] | None = None,
) -> Iterator[tuple[Read, FileResult]]:
    """The result of every file, in order and the same for any number of `jobs` (None: one for each processor).

    With `outside`, which reads a file that was not asked for (see `tapelint.relations`), what is found in a file when
    another one of its project is played is among its results, and results of files that were not asked for may follow.
    `step` is told how many files are done. `memory` keeps, for a caller that asks file by file, what other files of the
    project showed, by their paths.
    """

    from tapelint.check import Handed, check
    from tapelint.relations import Relations, completed
    from tapelint.result import FileResult

    relations = Relations(files, outside) if outside is not None else None

    def asked(file: Read) -> Terms:
        wanted = terms(file)
        project = relations.project(file) if relations is not None else None
        if project is None:
            return wanted
        keras = 2 if file.settings.keras is None and project.sets_keras_2 else wanted.keras
        return wanted._replace(keras=keras, replaced=project.replaced)

    tasks = [(file.path, file.data, asked(file), True) for file in files if file.data is not None]
    memory = {} if memory is None else memory
    entries = relations.entries() if relations is not None else []
    for entry in entries:
        if entry.path not in memory:
            assert entry.data is not None
            tasks.append((entry.path, entry.data, asked(entry), False))
    played = iter(_played(tasks, jobs, step))
    judged: list[tuple[Read, FileResult]] = []
    for file in files:
        if file.error:
            judged.append((file, FileResult(file.path, errors=(file.error,))))
        else:
            judged.append((file, next(played) if file.data is not None else FileResult(file.path)))
    if relations is None:
        return iter(judged)

    def again(file: Read, handed: tuple[Finding, ...], beside: bool) -> FileResult:
        assert file.data is not None
        return check(file.path, file.data, asked(file), Handed(handed, beside))

    memory.update((result.path, result) for result in played)
    return completed(judged, [memory[entry.path] for entry in entries], relations, again)


def _played(tasks: Sequence[Task], jobs: int | None, step: Callable[[int], None]) -> Iterator[FileResult]:
    from contextlib import closing

    jobs = min(jobs or _processors(), len(tasks))
    together = jobs > 1 and len(tasks) >= PAYS_FROM
    with closing(_together(tasks, jobs, step) if together else _alone(tasks, step)) as results:
        yield from results


def _alone(tasks: Iterable[Task], step: Callable[[int], None]) -> Generator[FileResult, None, None]:
    from tapelint.check import found_elsewhere, mend

    size = 0
    for done, (path, data, terms, asked) in enumerate(tasks, 1):
        result = mend(path, data, terms) if asked else found_elsewhere(path, data, terms)
        step(done)
        yield result
        size += len(data)
        if size >= _CHUNK:
            gc.collect(0)  # what is older (the trees of other modules) holds no cycles
            size = 0


def _together(tasks: Sequence[Task], jobs: int, step: Callable[[int], None]) -> Generator[FileResult, None, None]:
    import multiprocessing
    import threading
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    from tapelint.result import FileResult

    chunks = list(_chunks(tasks, min(_CHUNK, sum(len(data) for _, data, _, _ in tasks) // (4 * jobs))))
    done = 0
    executor = ProcessPoolExecutor(min(jobs, len(chunks)), initializer=_set_up_worker)
    try:
        futures = [executor.submit(_check_all, chunk) for chunk in chunks]
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                results = future.result()
            except BrokenProcessPool:
                ended = ("internal error: the process that checked it ended",)
                results = [FileResult(path, errors=ended) for path, _, _, _ in chunk]
            done += len(chunk)
            step(done)
            yield from results
    except BaseException:
        children = multiprocessing.active_children()
        for child in children:
            child.terminate()
        for child in children:
            child.join()
        # Its queues are closed, or they would be called leaked where processes are spawned. Before Python 3.12 it may
        # wait forever for a queue that nobody reads any more, so it is waited for in a thread.
        ending = threading.Thread(target=executor.shutdown, kwargs={"cancel_futures": True}, daemon=True)
        ending.start()
        ending.join(timeout=1)
        raise
    executor.shutdown()


def _chunks(tasks: Iterable[Task], most: int) -> Iterator[list[Task]]:
    """The tasks in order, in groups that end with the file that makes them `most` bytes long."""
    chunk: list[Task] = []
    size = 0
    for task in tasks:
        chunk.append(task)
        size += len(task[1])
        if size >= most:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _check_all(tasks: Sequence[Task]) -> list[FileResult]:
    return list(_alone(tasks, lambda done: None))


def _set_up_worker() -> None:
    """A worker dies of Ctrl-C without a word: the traceback of each would bury what the user wants to see."""
    import signal

    gc.disable()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
