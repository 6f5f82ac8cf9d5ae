"""What checking one file came to: what `tapelint.check` returns and what a reporter gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapelint.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.diagnostic import Diagnostic, Finding
    from tapelint.source.cells import Cells
    from tapelint.source.text import Source


class Mended(Record):
    """What fixing one file came to: its bytes before and after, and how many fixes of each rule were applied.

    `judged` is what was found before anything was fixed.
    """

    before: bytes
    after: bytes
    counts: Mapping[str, int]
    judged: FileResult


class FileResult(Record):
    """One file, read and judged. Picklable.

    `path` is the name as it was given or found. `source` is None where the text was not needed or could not be read;
    it is never None when there are diagnostics. `diagnostics` are sorted by place. `errors` are one-line messages about
    tapelint's own trouble with this file (unreadable, an internal error); each of them makes the run exit with 2.
    `cells` maps the text of a notebook or a document, which is that of its code only, to the file; it is None for
    plain Python. `mended` is the file with its fixes applied, which nobody has written yet; all the rest then speaks of
    that text. `notes` are one-line messages about fixes that were left out. `elsewhere` are findings in other files of
    the project, which were made when this one was played. `found` are those in this file, before anything was left out.
    """

    path: str
    source: Source | None = None
    diagnostics: Sequence[Diagnostic] = ()
    errors: tuple[str, ...] = ()
    cells: Cells | None = None
    mended: Mended | None = None
    notes: tuple[str, ...] = ()
    elsewhere: tuple[Finding, ...] = ()
    found: tuple[Finding, ...] = ()
