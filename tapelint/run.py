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

READS_FROM = 3_000
"""The same for reading files and looking for marks, of which one process does some ten thousand in a second."""
_PIECE = 200
"""How many files one process looks through at a time."""
_CHUNK = 60_000
"""How many bytes one process gets at a time at most. After as many, recordings that nothing refers to any more are
thrown away: the command line leaves that to this module."""


class Read:
    """One file, read: its bytes if they hold a mark, else None, and why it could not be read, else an empty text.

    Its real path is empty where nobody looked it up.
    """

    __slots__ = ("data", "error", "path", "real", "settings")

    def __init__(self, path: str, settings: Settings, data: bytes | None, error: str = "", real: str = "") -> None:
        self.path = path
        self.settings = settings
        self.data = data
        self.error = error
        self.real = real


def read(found: Sequence[Found], marked: bool = True, jobs: int | None = 1) -> list[Read]:
    """Read every file, and keep the bytes; if `marked` only of those that hold a mark."""
    jobs = jobs or _processors()
    if not marked or jobs < 2 or len(found) < READS_FROM:
        return [_read(file, marked) for file in found]
    from tapelint.workers import spread

    pieces = [[file.path for file in found[start : start + _PIECE]] for start in range(0, len(found), _PIECE)]
    files = [Read(file.path, file.settings, None, real=file.real) for file in found]
    for number, worth in spread(pieces, jobs, _worth_reading):
        for place in range(len(pieces[number])) if worth is None else worth:
            at = number * _PIECE + place
            files[at] = _read(found[at], marked)
    return files


def _worth_reading(paths: Sequence[str]) -> list[int]:
    """Which files hold a mark, or can't be read."""
    return [number for number, path in enumerate(paths) if _is_worth_reading(path)]


def _is_worth_reading(path: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as stream:
            return has_mark(stream.read())
    except OSError:
        return True


def _read(file: Found, marked: bool) -> Read:
    try:
        with open(file.path, "rb", buffering=0) as stream:
            data = stream.read()
    except OSError as error:
        return Read(file.path, file.settings, None, reason(error), file.real)
    return Read(file.path, file.settings, data if not marked or has_mark(data) else None, real=file.real)


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

    from tapelint.check import told
    from tapelint.relations import Relations, completed
    from tapelint.result import FileResult

    relations = Relations(files, outside) if outside is not None else None

    def asked(file: Read) -> Terms:
        wanted = terms(file)
        project = relations.project(file) if relations is not None else None
        if project is None:
            return wanted
        return wanted._replace(together=True, any_keras=file.settings.keras is None)

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

    def again(file: Read, findings: Sequence[Finding]) -> FileResult:
        assert file.data is not None
        return told(file.path, file.data, asked(file), findings)

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
    from contextlib import closing

    from tapelint.result import FileResult
    from tapelint.workers import spread

    chunks = list(_chunks(tasks, min(_CHUNK, sum(len(data) for _, data, _, _ in tasks) // (4 * jobs))))
    done = shown = 0
    waiting: dict[int, list[FileResult]] = {}
    with closing(spread(chunks, jobs, _check_all)) as given:
        for number, results in given:
            if results is None:
                ended = ("internal error: the process that checked it ended",)
                results = [FileResult(path, errors=ended) for path, _, _, _ in chunks[number]]
            waiting[number] = results
            done += len(results)
            step(done)
            while shown in waiting:
                yield from waiting.pop(shown)
                shown += 1


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


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
