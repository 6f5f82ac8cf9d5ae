"""Fix a file: pass after pass, until nothing is left that may be fixed, and only with results that are no worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tapelint.diagnostic import Applicability, Diagnostic, Edit
from tapelint.fixes.changes import file_edits
from tapelint.fixes.edits import applied, clash, moved, ordered
from tapelint.fixes.trust import allowed
from tapelint.program import SYNTAX_ERROR, read
from tapelint.report.place import place
from tapelint.result import FileResult, Mended

MOST_PASSES = 10

Judge = Callable[[bytes], FileResult]


class NoEnd(Exception):
    """Fixes bring up new fixes without end."""


def mend(data: bytes, judge: Judge, most: Applicability) -> FileResult:
    """Judge the bytes of a file and apply the fixes that may be applied; what is left to find is in the result.

    The result's `mended` holds the new bytes, and is None where nothing changes. Fixes that touch each other wait for
    the next pass. A fix after which the text is no Python, or has a finding that it did not have, is left out, and a
    note says so. Raises `NoEnd`.
    """
    first = judge(data)
    if not any(allowed(one.fix, most) for one in first.diagnostics):
        return first
    if rewritten(first, ()) != data:
        return first._replace(notes=("not fixed: its encoding would not keep the rest of the text as it is",))
    run = _Run(judge, most, first)
    last = run.passes(data, patient=True)
    if _new(first, last):
        run = _Run(judge, most, first)
        last = run.passes(data, patient=False)
    if run.data == data:
        return first._replace(notes=tuple(run.refused.values()))
    return last._replace(mended=Mended(data, run.data, run.counts, first), notes=tuple(run.refused.values()))


@dataclass
class _Run:
    judge: Judge
    most: Applicability
    first: FileResult
    data: bytes = b""
    counts: dict[str, int] = field(default_factory=dict)
    refused: dict[tuple[str, int], str] = field(default_factory=dict)
    """What is left out, by code and place, and the words for it."""
    refusing: bytes = b""
    """The bytes of which a fix was last refused."""

    def passes(self, data: bytes, patient: bool) -> FileResult:
        """All passes. If `patient`, a new finding that will be fixed in the next pass is no reason to refuse."""
        self.data, result = data, self.first
        for _ in range(MOST_PASSES + 1):
            chosen = self._chosen(result)
            if not chosen and self.refused and self.data != self.refusing:
                self.refused.clear()  # other fixes may have made room for them
                chosen = self._chosen(result)
            if not chosen:
                return result
            result = self._together(result, chosen, patient)
        raise NoEnd(f"fixes did not come to an end within {MOST_PASSES} passes")

    def _chosen(self, result: FileResult) -> list[Diagnostic]:
        source = result.source
        chosen: list[Diagnostic] = []
        if source is None:
            return chosen  # nothing about tapes is left
        for one in result.diagnostics:
            fix = one.fix
            if fix is None or not allowed(fix, self.most) or (one.code, one.span.start) in self.refused:
                continue
            if any(other.fix is not None and clash(fix, other.fix, source.text) for other in chosen):
                continue
            chosen.append(one)
        return chosen

    def _together(self, result: FileResult, chosen: list[Diagnostic], patient: bool) -> FileResult:
        """The result of one pass; where all fixes together do harm, they are tried one after the other."""
        tried = self._try(result, chosen, patient)
        if isinstance(tried, str):
            good: list[Diagnostic] = []
            best: tuple[bytes, FileResult] | None = None
            for one in chosen:
                attempt = tried if len(chosen) == 1 else self._try(result, [*good, one], patient)
                if isinstance(attempt, str):
                    self._refuse(result, one, attempt)
                else:
                    good.append(one)
                    best = attempt
            if best is None:
                return result
            chosen, tried = good, best
        self.data, found = tried
        edits = ordered(edit for one in chosen if one.fix is not None for edit in one.fix.edits)
        self.refused = {(code, moved(at, edits)): note for (code, at), note in self.refused.items()}
        for one in chosen:
            self.counts[one.code] = self.counts.get(one.code, 0) + 1
        return found

    def _refuse(self, result: FileResult, one: Diagnostic, reason: str) -> None:
        self.refusing = self.data
        where = place(result, one.span)
        cell = f"cell {where.cell}, " if where.cell is not None else ""
        note = f"{cell}line {where.start.row}: the fix of {one.code} is left out: {reason}"
        self.refused[one.code, one.span.start] = note

    def _try(self, result: FileResult, chosen: Sequence[Diagnostic], patient: bool) -> tuple[bytes, FileResult] | str:
        """The new bytes and what is found in them, or why they are no good."""
        edits = [edit for one in chosen if one.fix is not None for edit in one.fix.edits]
        try:
            data = rewritten(result, edits)
        except UnicodeEncodeError:
            return "the file's encoding has no such character"
        except ValueError:
            return "it does not fit into the text"
        found = self.judge(data)
        if found.errors:
            return "the result could not be checked"
        # A finding that goes with its fix doesn't make room for another one of its code.
        new = _codes(found.diagnostics) - (_codes(result.diagnostics) - _codes(chosen))
        if SYNTAX_ERROR in new or (found.source is None and read(result.path, data).refused):
            return "the result would not be valid Python"
        if patient:
            new -= _codes(one for one in found.diagnostics if allowed(one.fix, self.most))
        return f"it would bring up {', '.join(sorted(new))}" if new else (data, found)


def rewritten(result: FileResult, edits: Iterable[Edit]) -> bytes:
    """The bytes of the file with edits of its text made, every other byte as it was.

    Raises `ClashingEdits`, and `ValueError` where the text cannot be written in the file's encoding, or an edit does
    not stay inside one cell.
    """
    source = result.source
    assert source is not None
    edits = file_edits(result, edits)
    if result.cells is not None:
        source = result.cells.file
    return (b"\xef\xbb\xbf" if source.bom else b"") + applied(source.text, edits).encode(source.encoding)


def _new(before: FileResult, after: FileResult) -> Counter[str]:
    """The findings that were not there, by code."""
    return _codes(after.diagnostics) - _codes(before.diagnostics)


def _codes(diagnostics: Iterable[Diagnostic]) -> Counter[str]:
    return Counter(one.code for one in diagnostics)
