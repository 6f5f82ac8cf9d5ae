"""What checking one file came to: what `tapelint.check` returns and what a reporter gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapelint.diagnostic import Diagnostic
    from tapelint.source.cells import Cells
    from tapelint.source.text import Source


@dataclass(frozen=True)
class FileResult:
    """One file, read and judged. Picklable.

    `path` is the name as it was given or found. `source` is None where the text was not needed or could not be read;
    it is never None when there are diagnostics. `diagnostics` are sorted by place. `errors` are one-line messages about
    tapelint's own trouble with this file (unreadable, an internal error); each of them makes the run exit with 2.
    `cells` maps the text of a notebook or a document, which is that of its code only, to the file; it is None for
    plain Python.
    """

    path: str
    source: Source | None = None
    diagnostics: Sequence[Diagnostic] = ()
    errors: tuple[str, ...] = ()
    cells: Cells | None = None
