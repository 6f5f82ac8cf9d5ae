"""`--add-ignore`: comments that suppress what is found, written to the ends of its statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tapelint.diagnostic import Diagnostic, Edit, Span
from tapelint.fixes import replacement
from tapelint.fixes.edits import applied
from tapelint.fixes.passes import rewritten
from tapelint.result import FileResult
from tapelint.settings import SettingsError
from tapelint.source.layout import Layout, Statement, layout, python
from tapelint.source.text import Source
from tapelint.suppression import Pragma, covered, read

_OWN = "TAP0"
"""Rules about whole files and about comments: a comment is no answer to these."""


@dataclass
class Annotation:
    """Writes comments into the files of a run, and remembers how many, and what went wrong."""

    reason: str
    comments: int = 0
    files: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self.reason = self.reason.strip()
        if not self.reason.isprintable():
            raise SettingsError("--add-ignore: the reason must be one line of printable characters")

    def __str__(self) -> str:
        """What was written, in one line."""
        if not self.comments:
            return "No comment was written" if self.left else "No comment was needed"
        comments = "1 comment" if self.comments == 1 else f"{self.comments} comments"
        return f"Wrote {comments} in {self.files} file{'' if self.files == 1 else 's'}"

    def annotate(self, result: FileResult, data: bytes) -> tuple[FileResult, list[str]]:
        """Suppress the findings of one file, whose bytes are `data`, with comments.

        The result holds what could not be suppressed; the texts say why. The file is written whole or not at all.
        """
        left, refusals = self._annotate(result, data)
        self.left += len(left.diagnostics)
        return left, refusals

    def _annotate(self, result: FileResult, data: bytes) -> tuple[FileResult, list[str]]:
        if result.source is None or not result.diagnostics:
            return result, []
        source = python(result.source, result.cells)
        found = layout(source)
        noted = {comment.row for comment in found.comments}
        wanted: dict[Statement, list[Diagnostic]] = {}
        left: list[Diagnostic] = []
        refusals: list[str] = []
        for diagnostic in result.diagnostics:
            row = source.position(diagnostic.span.start).row
            statement = found.statement_at(row)
            if diagnostic.code.startswith(_OWN):
                left.append(diagnostic)
            elif statement is None:
                left.append(diagnostic)
                refusals.append(f"{row}: no comment for {diagnostic.code}: its line cannot be read")
            elif source.line(statement.last).rstrip().endswith("\\") and statement.last not in noted:
                left.append(diagnostic)
                refusals.append(f"{row}: no comment for {diagnostic.code}: its line ends in a backslash")
            else:
                wanted.setdefault(statement, []).append(diagnostic)
        if not wanted:
            return result._replace(diagnostics=tuple(left)), refusals
        edits = list(self._edits(source, found, wanted))
        try:
            if not _suppresses(source, edits, (each for many in wanted.values() for each in many)):
                raise _Refused("its comments would not work")
            _write(result, data, edits)
        except _Refused as refusal:
            return result, [*refusals, f" not changed: {refusal}"]
        self.comments += len(edits)
        self.files += 1
        return result._replace(diagnostics=tuple(left)), refusals

    def _edits(self, source: Source, found: Layout, wanted: dict[Statement, list[Diagnostic]]) -> Iterator[Edit]:
        pragmas = {pragma.comment.row: pragma for pragma in read(found).pragmas if _grows(pragma)}
        for statement, diagnostics in wanted.items():
            codes = list(dict.fromkeys(diagnostic.code for diagnostic in diagnostics))
            pragma = pragmas.get(statement.last)
            if pragma is not None:
                yield Edit(pragma.inner, ", ".join([*(item.text for item in pragma.items), *codes]))
                continue
            start = source.line_starts[statement.last - 1]
            end = start + len(source.line(statement.last).rstrip())
            comment = f"  # tapelint: ignore[{', '.join(codes)}]"
            yield Edit(Span(end, end), f"{comment} {self.reason}" if self.reason else comment)


class _Refused(Exception):
    """Why a file is left as it is."""


def _grows(pragma: Pragma) -> bool:
    """Whether more rules can be put into the list of a comment: one at the end of a statement."""
    return pragma.verb == "ignore" and not pragma.comment.alone


def _suppresses(source: Source, edits: Iterable[Edit], diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether the edited text is the same code as before, with a comment that covers each of the findings."""
    edited = Source(source.path, applied(source.text, edits))
    before, after = layout(source), layout(edited)
    if [statement.words for statement in before.statements] != [statement.words for statement in after.statements]:
        return False
    covers = read(after).covers
    return all(covered(covers, each.code, source.position(each.span.start).row) for each in diagnostics)


def _write(result: FileResult, data: bytes, edits: Sequence[Edit]) -> None:
    try:
        if rewritten(result, ()) != data:
            raise _Refused("its encoding would not keep the rest of the text as it is")
        new = rewritten(result, edits)
    except UnicodeEncodeError:
        raise _Refused("its encoding has no room for the reason") from None
    except ValueError as error:
        raise _Refused(str(error)) from None
    try:
        replacement.replace(result.path, data, new)
    except replacement.NotReplaced as error:
        raise _Refused(str(error).removeprefix("not fixed: ")) from None
