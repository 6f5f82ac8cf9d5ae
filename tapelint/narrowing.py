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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.baseline import Baseline
    from tapelint.revision import Revision

_SHOWN = 10


class Narrowing:
    """What the parameters and settings leave out.

    Raises `SettingsError`, at once, for a revision or a baseline that cannot be read: it is not worth waiting for.
    """

    def __init__(self, files: Iterable[Read], terms: Callable[[Read], Terms], parameters: Mapping[str, Any]) -> None:
        self._terms = terms
        self._parameters = parameters
        self._paths = parameters["paths"] or (".",)
        self._revision: Revision | None = None
        if parameters["diff_base"] is not None:
            from tapelint.revision import narrowed

            self._revision = narrowed(parameters["diff_base"], self._paths)
        self._baselines: dict[str, Baseline] = {}
        for path in dict.fromkeys(file.settings.baseline for file in files):
            if path is not None and parameters["write_baseline"] is None:
                from tapelint.baseline import load

                self._baselines[path] = load(path)

    def narrow(self, judged: Iterable[tuple[Read, FileResult]], progress: Progress) -> Iterator[FileResult]:
        """The results, in order, without what a baseline knows, what did not change, and what gets a comment now."""
        if self._baselines:
            judged = _unknown(judged, self._baselines, self._terms, self._paths, progress, self._parameters["quiet"])
        if self._revision is not None:
            touched = self._revision.touched
            judged = ((file, touched(result)) for file, result in judged)
        if self._parameters["add_ignore"] is not None:
            return _annotated(judged, self._parameters)
        return (result for _, result in judged)


def write_baselines(
    judged: Iterable[tuple[Read, FileResult]],
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
    troubled = False
    for file, result in judged:
        for error in result.errors:
            progress.clear()
            complain(f"{result.path}: {error}")
            troubled = True
        groups.setdefault(_written_to(file, chosen, DEFAULT), []).append(Judged(result, terms(file)))
    if not groups:
        groups[chosen or os.path.abspath(DEFAULT)] = []
    old = {path: load(path) if os.path.lexists(path) else Baseline(path) for path in groups}
    progress.clear()
    for path, group in groups.items():
        baseline = old[path].updated(group, paths)
        baseline.write()
        if not parameters["quiet"]:
            count = baseline.count()
            say(f"Wrote {count} finding{'' if count == 1 else 's'} to {os.path.relpath(path)}")
    return TROUBLE if troubled else CLEAN


def _written_to(file: Read, chosen: str | None, default: str) -> str:
    return chosen or file.settings.baseline or os.path.abspath(default)


def _unknown(
    judged: Iterable[tuple[Read, FileResult]],
    baselines: Mapping[str, Baseline],
    terms: Callable[[Read], Terms],
    paths: Iterable[str],
    progress: Progress,
    quiet: bool,
) -> Iterator[tuple[Read, FileResult]]:
    """The results without what the baselines know; stale entries are told on stderr.

    All files must be judged first: an entry may belong to code that has moved to a later one.
    """
    from tapelint.baseline import Judged

    all_ = list(judged)
    groups: dict[str, list[int]] = {path: [] for path in baselines}
    for at, (file, _) in enumerate(all_):
        if file.settings.baseline is not None and file.settings.baseline in groups:
            groups[file.settings.baseline].append(at)
    progress.clear()
    for path, places in groups.items():
        group = [Judged(all_[at][1], terms(all_[at][0])) for at in places]
        new, stale = baselines[path].without_known(group, paths)
        hidden = 0
        for at, result in zip(places, new, strict=True):
            hidden += len(all_[at][1].diagnostics) - len(result.diagnostics)
            all_[at] = (all_[at][0], result)
        if hidden and not quiet:
            say(f"{hidden} known finding{'' if hidden == 1 else 's'} in {os.path.relpath(path)}")
        _tell_stale(os.path.relpath(path), stale)
    yield from all_


def _tell_stale(path: str, stale: Sequence[tuple[str, tuple[str, str, str]]]) -> None:
    for name, (code, function, text) in stale[:_SHOWN]:
        where = f" in {function}" if function else ""
        say(f"warning: {path}: no longer found: {name}: {code}{where}: {text}")
    if len(stale) > _SHOWN:
        say(f"warning: {path}: and {len(stale) - _SHOWN} more that are no longer found")
    if stale:
        say(f"warning: {path}: --write-baseline takes them out")


def _annotated(judged: Iterable[tuple[Read, FileResult]], parameters: Mapping[str, Any]) -> Iterator[FileResult]:
    from tapelint.annotation import Annotation

    annotation = Annotation(parameters["add_ignore"])

    def annotated() -> Iterator[FileResult]:
        for file, result in judged:
            left, refusals = annotation.annotate(result, file.data or b"")
            for refusal in refusals:
                say(f"warning: {result.path}:{refusal}")
            yield left
        if not parameters["quiet"]:
            sys.stdout.flush()
            say(str(annotation))

    return annotated()
