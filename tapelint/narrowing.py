"""Not everything that is found is printed: what a baseline knows, what did not change, what gets a comment now."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tapelint.check import Terms
from tapelint.cli import CLEAN, TROUBLE, complain, say
from tapelint.progress import Progress
from tapelint.result import FileResult
from tapelint.run import Read

_SHOWN = 10


def narrow(
    files: Sequence[Read],
    results: Iterable[FileResult],
    terms: Callable[[Read], Terms],
    parameters: Mapping[str, Any],
    progress: Progress,
) -> Iterator[FileResult]:
    """The results, in order, without what a baseline knows, what did not change, and what gets a comment now.

    Raises `SettingsError`, at once, for a revision or a baseline that cannot be read.
    """
    paths = parameters["paths"] or (".",)
    if parameters["diff_base"] is not None:
        from tapelint.revision import narrowed

        # Asked before anything is judged: a wrong name is not worth waiting for.
        revision = narrowed(parameters["diff_base"], paths)
    if any(file.settings.baseline for file in files):
        results = _unknown(files, results, terms, paths, progress, parameters["quiet"])
    if parameters["diff_base"] is not None:
        results = map(revision.touched, results)
    if parameters["add_ignore"] is not None:
        return _annotated(files, results, parameters)
    return iter(results)


def write_baselines(
    files: Sequence[Read],
    results: Iterable[FileResult],
    terms: Callable[[Read], Terms],
    parameters: Mapping[str, Any],
    progress: Progress,
) -> int:
    """Write what is found to the baseline of each file, print nothing else, and return the exit code."""
    from tapelint.baseline import DEFAULT, Baseline, Judged, load

    paths = parameters["paths"] or (".",)
    named: str = parameters["write_baseline"]
    chosen = os.path.abspath(named) if named else None
    groups: dict[str, list[Judged]] = {}
    for file in files:
        groups.setdefault(_written_to(file, chosen, DEFAULT), [])
    if not groups:
        groups[chosen or os.path.abspath(DEFAULT)] = []
    old = {path: load(path) if os.path.lexists(path) else Baseline(path) for path in groups}
    troubled = False
    for done, (file, result) in enumerate(zip(files, results, strict=True), 1):
        progress.step(done)
        for error in result.errors:
            progress.clear()
            complain(f"{result.path}: {error}")
            troubled = True
        groups[_written_to(file, chosen, DEFAULT)].append(Judged(result, terms(file)))
    progress.clear()
    for path, judged in groups.items():
        baseline = old[path].updated(judged, paths)
        baseline.write()
        if not parameters["quiet"]:
            count = baseline.count()
            say(f"Wrote {count} finding{'' if count == 1 else 's'} to {os.path.relpath(path)}")
    return TROUBLE if troubled else CLEAN


def _written_to(file: Read, chosen: str | None, default: str) -> str:
    return chosen or file.settings.baseline or os.path.abspath(default)


def _unknown(
    files: Sequence[Read],
    results: Iterable[FileResult],
    terms: Callable[[Read], Terms],
    paths: Iterable[str],
    progress: Progress,
    quiet: bool,
) -> Iterable[FileResult]:
    """The results without what the baselines know; stale entries are told on stderr.

    All files must be judged first: an entry may belong to code that has moved to a later one.
    """
    from tapelint.baseline import Judged, load

    baselines = {
        path: load(path) for path in dict.fromkeys(file.settings.baseline for file in files) if path is not None
    }

    def known() -> Iterator[FileResult]:
        groups: dict[str, list[int]] = {path: [] for path in baselines}
        all_: list[FileResult] = []
        for at, (file, result) in enumerate(zip(files, results, strict=True)):
            progress.step(at + 1)
            all_.append(result)
            if file.settings.baseline is not None:
                groups[file.settings.baseline].append(at)
        progress.clear()
        for path, places in groups.items():
            judged = [Judged(all_[at], terms(files[at])) for at in places]
            new, stale = baselines[path].without_known(judged, paths)
            hidden = 0
            for at, result in zip(places, new, strict=True):
                hidden += len(all_[at].diagnostics) - len(result.diagnostics)
                all_[at] = result
            if hidden and not quiet:
                say(f"{hidden} known finding{'' if hidden == 1 else 's'} in {os.path.relpath(path)}")
            _tell_stale(os.path.relpath(path), stale)
        yield from all_

    return known()


def _tell_stale(path: str, stale: Sequence[tuple[str, tuple[str, str, str]]]) -> None:
    for name, (code, function, text) in stale[:_SHOWN]:
        where = f" in {function}" if function else ""
        say(f"warning: {path}: no longer found: {name}: {code}{where}: {text}")
    if len(stale) > _SHOWN:
        say(f"warning: {path}: and {len(stale) - _SHOWN} more that are no longer found")
    if stale:
        say(f"warning: {path}: --write-baseline takes them out")


def _annotated(
    files: Sequence[Read], results: Iterable[FileResult], parameters: Mapping[str, Any]
) -> Iterator[FileResult]:
    from tapelint.annotation import Annotation

    annotation = Annotation(parameters["add_ignore"])

    def annotated() -> Iterator[FileResult]:
        for file, result in zip(files, results, strict=True):
            left, refusals = annotation.annotate(result, file.data or b"")
            for refusal in refusals:
                say(f"warning: {result.path}:{refusal}")
            yield left
        if not parameters["quiet"]:
            sys.stdout.flush()
            say(str(annotation))

    return annotated()
