"""What files of a project find in each other: which others must be played, and whose findings theirs are.

What is said of a file must not depend on which files were asked for: so whatever uses one of them is played too, and of
what that finds in other files, those findings count that have a place in a file that was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from tapelint.diagnostic import Finding, Span
from tapelint.project import Project, project_of, shown
from tapelint.result import FileResult
from tapelint.run import Read
from tapelint.surroundings import real_path

Outside = Callable[[str], Read | None]
"""A file that was not asked for, with its bytes; None if its settings exclude it or it cannot be read."""


class Relations:
    """The files that were asked for, among those of their projects."""

    def __init__(self, files: Iterable[Read], outside: Outside) -> None:
        self._files = {file.real or real_path(file.path): file for file in files if not file.error}
        self._outside = outside
        self._projects: dict[Project, list[str]] = {}
        homes: dict[str, Project | None] = {}
        for real, file in self._files.items():
            if not file.settings.follow_imports:
                continue
            home = os.path.dirname(real)
            if home not in homes:
                homes[home] = project_of(real)
            project = homes[home]
            if project is not None:
                self._projects.setdefault(project, []).append(real)

    def entries(self) -> list[Read]:
        """The files to play beside the ones with a mark that were asked for: users of those that were asked for.

        Files without a mark are among them if they call what holds one; their own findings are not asked for.
        """
        found: list[Read] = []
        for project, asked in self._projects.items():
            marked = {real for real in asked if self._files[real].data is not None}
            if not marked and not project.holds_mark(set(asked)):
                continue
            if len(project.files) < 2:
                continue
            for real in asked:
                if real not in marked and project.uses_mark(real):
                    found += self._read(self._files[real].path)
            near = self._files[asked[0]].path
            for real in project.entries(asked):
                found += self._read(shown(real, near))
        return found

    def project(self, file: Read) -> Project | None:
        """The project of a file that was asked for or is an entry; None if it is to be judged by itself."""
        project = project_of(file.path)
        return project if project in self._projects else None

    def _read(self, path: str) -> list[Read]:
        file = self._outside(path)
        return [] if file is None or file.data is None else [file]

    def handed_over(self, results: Iterable[FileResult]) -> dict[str, list[Finding]]:
        """What was found in other files than the played one, by the real path of the file that it was found in.

        Each fault is there once, however many ways lead to it.
        """
        found: dict[str, dict[tuple[str, Span, str], Finding]] = {}
        for result in results:
            for finding in result.elsewhere:
                own = finding.span.path
                real = real_path(own)
                told = _seen_from(finding, own, result.path)
                places = {real, *(real_path(mark.span.path) for mark in told.marks if mark.span.path)}
                if real not in self._files and not any(place in self._files for place in places):
                    continue
                group = found.setdefault(real, {})
                key = (told.code, told.span, told.variant)
                if key not in group or len(told.marks) < len(group[key].marks):
                    group[key] = told
        return {real: list(group.values()) for real, group in sorted(found.items())}

    def owner(self, real: str, findings: Sequence[Finding]) -> Read | None:
        """The file that findings belong to, with its bytes; None if nothing is to be said of it."""
        asked = self._files.get(real)
        if asked is None:
            near = next(iter(self._files.values())).path
            return self._outside(shown(real, near))
        if asked.data is not None and _bytes(real) != asked.data:
            return None  # what others were played with is not this text
        if asked.data is None:
            return Read(asked.path, asked.settings, _bytes(real))
        return asked

    def asked(self, real: str) -> bool:
        """Whether a file was asked for."""
        return real in self._files


def completed(
    judged: Sequence[tuple[Read, FileResult]],
    others: Iterable[FileResult],
    relations: Relations,
    again: Callable[[Read, Sequence[Finding]], FileResult],
) -> Iterator[tuple[Read, FileResult]]:
    """The results of all files with what was found in them from elsewhere, then those of files not asked for.

    `again` gives the result of a file of which all findings are known.
    """
    results = [result for _, result in judged]
    findings = relations.handed_over([*results, *others])
    for file, result in judged:
        real = file.real or real_path(file.path)
        mine = findings.pop(real, None) if not file.error else None
        owner = relations.owner(real, mine) if mine and result.mended is None else None
        yield file, result if owner is None or not mine else again(owner, _joined(result.found, mine))
    for real, left in findings.items():
        owner = None if relations.asked(real) else relations.owner(real, left)
        if owner is not None:
            told = again(owner, left)
            if told.diagnostics:
                yield owner, told


def _joined(own: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """What a file shows by itself, and what only others show of it."""
    known = {(finding.code, finding.span) for finding in own}
    return [*own, *(finding for finding in others if (finding.code, finding.span) not in known)]


def _seen_from(finding: Finding, own: str, played: str) -> Finding:
    """A finding of the file `own` as seen from there, which was made when the file `played` was played."""

    def placed(span: Span) -> Span:
        return span._replace(path="" if span.path == own else span.path or played)

    marks = tuple(mark._replace(span=placed(mark.span)) for mark in finding.marks)
    return finding._replace(span=placed(finding.span), marks=marks, fix=None)


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
