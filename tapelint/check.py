"""One file, from its bytes to its diagnostics."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tapelint.diagnostic import Applicability, Diagnostic, Finding, Severity
from tapelint.fixes.trust import Trust, settled
from tapelint.generation import uses_keras_2
from tapelint.internal import is_internal
from tapelint.program import SYNTAX_ERROR, Program, no_collection, read
from tapelint.record import Record
from tapelint.releases import NEWEST, version
from tapelint.result import FileResult
from tapelint.source.marks import has_mark

_FRAMES = 6_000

_NEED_ALL_CODE = frozenset({"TAP105", "TAP118"})
"""Rules that conclude from what the code does not hold: they are silent where some of it is missing."""
_NEED_A_PROGRAM = frozenset({"TAP105", "TAP118", "TAP611"})
"""The same for documents, which show a part and leave the rest to the reader."""


_NO_CHANGES: Mapping[str, Severity] = {}


class Terms(Record):
    """What is asked of a file.

    `codes` are the rules to put to it, `severities` replace those of the pages. The code is for a TensorFlow older than
    `before`: what is true of newer ones only is no finding. A finding of a rule in `quiet` is
    dropped if its severity is info: such rules are on only when somebody asked for them. `suppressions`: comments may
    suppress findings; `noqa`: those of other tools may as well. `trust` is what the settings say about fixes, `mend`
    how unsafe a fix may be to be applied; None where none is. `follow`: other modules of the project are read where
    the file needs something of them. `together`: what other files of its project set holds for it, too (names that they
    give another value), with `any_keras` also the generation of Keras.
    """

    codes: frozenset[str]
    keras: int = 3
    quiet: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = _NO_CHANGES
    before: tuple[int, ...] = NEWEST
    suppressions: bool = True
    noqa: bool = True
    trust: Trust = Trust()
    mend: Applicability | None = None
    follow: bool = True
    together: bool = False
    any_keras: bool = False


def mend(path: str, data: bytes, terms: Terms) -> FileResult:
    """Like `check`, but with the fixes applied that the terms allow: the new bytes are in the result's `mended`."""
    if terms.mend is None or not has_mark(data):
        return check(path, data, terms)
    from tapelint.fixes.passes import NoEnd
    from tapelint.fixes.passes import mend as mended

    try:
        return mended(data, lambda text: check(path, text, terms), terms.mend)
    except NoEnd as error:
        return check(path, data, terms)._replace(errors=(f"internal error: {error}; nothing was changed",))
    except Exception as error:
        _shown(error)
        return check(path, data, terms)._replace(errors=(f"internal error: {_described(error)}; nothing was changed",))


def check(path: str, data: bytes, terms: Terms) -> FileResult:
    """Read and judge one file. Never raises but for a request to stop: trouble of our own is in the result's `errors`.

    Bytes that hold no mark are not looked at further, nor are files that know only private modules of TensorFlow.
    """
    if not has_mark(data) or is_internal(path, data, terms.follow):
        return FileResult(path)
    try:
        with no_collection():
            program = read(path, data)
            findings = list(_findings(program, _asked(program, terms), terms))
        own = tuple(finding for finding in findings if not finding.span.path)
        diagnostics = _diagnostics(program, own, terms)
    except Exception as error:
        _shown(error)
        return FileResult(path, errors=(f"internal error: {_described(error)}",))
    elsewhere = _elsewhere(program, findings)
    if not diagnostics:
        # Results of thousands of files are kept until the run ends.
        return FileResult(path, elsewhere=elsewhere, found=own)
    return FileResult(path, program.source, diagnostics, cells=program.cells, elsewhere=elsewhere, found=own)


def told(path: str, data: bytes, terms: Terms, findings: Sequence[Finding]) -> FileResult:
    """The result of a file of which all findings are known already: it is read, and not played."""
    try:
        with no_collection():
            program = read(path, data)
        diagnostics = _diagnostics(program, findings, terms)
    except Exception as error:
        _shown(error)
        return FileResult(path, errors=(f"internal error: {_described(error)}",))
    return FileResult(path, program.source, diagnostics, cells=program.cells)


def found_elsewhere(path: str, data: bytes, terms: Terms) -> FileResult:
    """What a file that nobody asked for shows of the others of its project: nothing else is in the result."""
    try:
        with no_collection():
            program = read(path, data)
            findings = _findings(program, frozenset(), terms)
    except Exception as error:
        _shown(error)
        return FileResult(path, errors=(f"internal error: {_described(error)}",))
    return FileResult(path, elsewhere=_elsewhere(program, findings))


def _elsewhere(program: Program, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in other files. Places in cells are not among theirs: offsets there are not those of the file."""
    found = (finding for finding in findings if finding.span.path)
    if program.cells is None:
        return tuple(found)
    return tuple(finding._replace(marks=tuple(mark for mark in finding.marks if mark.span.path)) for finding in found)


@contextmanager
def _deep() -> Iterator[None]:
    """Room for what Python itself parses: a chain of a thousand calls is several times as many frames of the player."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _asked(program: Program, terms: Terms) -> frozenset[str]:
    """The rules that can be put to the program."""
    if program.is_whole:
        return terms.codes
    return terms.codes - (_NEED_A_PROGRAM if _is_document(program) else _NEED_ALL_CODE)


def _is_document(program: Program) -> bool:
    return program.cells is not None and not program.cells.is_notebook


def _findings(program: Program, codes: frozenset[str], terms: Terms) -> Iterable[Finding]:
    found: list[Finding] = []
    if not _is_document(program) or SYNTAX_ERROR not in terms.quiet:
        found += program.refused
    if program.tree is None or (program.cells is not None and not has_mark(program.python.text.encode())):
        return found
    from tapelint.play import PlaySettings, play
    from tapelint.rules import find

    project = None
    if terms.together or (terms.follow and not _is_document(program)):
        from tapelint.project import project_of

        project = project_of(program.source.path)
    own = project if terms.together else None
    replaced = frozenset[str]() if own is None else own.replaced
    is_2 = uses_keras_2(program.python.text) or (
        terms.any_keras and own is not None and own.sets_keras_2(program.source.path)
    )
    followed = project if terms.follow and not _is_document(program) else None
    with _deep():
        recording = play(program.python, program.tree, PlaySettings(2 if is_2 else terms.keras, followed, replaced))
        return [*found, *find(recording, codes)]


def _diagnostics(program: Program, findings: Iterable[Finding], terms: Terms) -> tuple[Diagnostic, ...]:
    codes = _asked(program, terms)
    wanted: Sequence[Finding] = [
        finding for finding in findings if finding.code in codes and not _quotes(program, finding)
    ]
    if wanted and terms.before != NEWEST:
        from tapelint.catalogue import true_from

        wanted = [finding for finding in wanted if version(true_from(finding)) < terms.before]
    if terms.suppressions and (wanted or "tapelint" in program.python.text):
        from tapelint.suppression import suppress

        wanted = suppress(program.python, wanted, codes, respect_noqa=terms.noqa, is_whole=not program.refused)
    if not wanted:
        return ()
    from tapelint.catalogue import diagnose

    told = [_mendable(diagnose(finding, terms.severities), program) for finding in wanted]
    kept = [one for one in told if one.severity is not Severity.INFO or one.code not in terms.quiet]
    return tuple(sorted(settled(program.python, kept, terms.trust), key=lambda one: (one.span, one.code, one.message)))


def _quotes(program: Program, finding: Finding) -> bool:
    """Whether a block of a document shows a call of an earlier block once more, to talk about it."""
    cells = program.cells
    if cells is None or cells.is_notebook or finding.code != "TAP101":
        return False
    text = program.python.segment(finding.span)
    return any(
        program.python.segment(mark.span) == text and cells.at(mark.span.start) is not cells.at(finding.span.start)
        for mark in finding.marks
    )


def _mendable(diagnostic: Diagnostic, program: Program) -> Diagnostic:
    """Without its fix if that would reach over the end of a cell."""
    if diagnostic.fix is None or program.cells is None or program.cells.takes(diagnostic.fix.edits):
        return diagnostic
    return diagnostic._replace(fix=None)


def _shown(error: BaseException) -> None:
    """Print the traceback where somebody looks for a fault of ours."""
    if os.environ.get("TAPELINT_DEBUG"):
        import traceback

        traceback.print_exception(error)


def _described(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
