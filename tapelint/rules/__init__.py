"""The rules: each module puts one question to a recording.

A module is named for its rule (`target_outside_tape` for TAP301 target-outside-tape), holds its `CODE` and one
function `find(recording)` that yields findings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from importlib import import_module

from tapelint.diagnostic import Finding, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.recording import Recording

_HELPERS = frozenset({"__init__", "story", "edits", "precedence", "needs"})


@cache
def modules() -> dict[str, str]:
    """The module of every rule by its code, from file names alone."""
    from tapelint import catalogue

    by_module = {name.replace("-", "_"): code for code, name in catalogue.names().items()}
    found = {}
    for file in os.listdir(os.path.dirname(__file__)):
        module, extension = os.path.splitext(file)
        if extension == ".py" and module not in _HELPERS and module in by_module:
            found[by_module[module]] = module
    return dict(sorted(found.items()))


def codes() -> tuple[str, ...]:
    """The codes of all rules that are asked of a recording. Imports no rule."""
    return tuple(modules())


def find(recording: Recording, codes: Iterable[str]) -> list[Finding]:
    """What the rules `codes` find in a recording, each fault once, in the order of the text.

    Faults in the module that was played come first, then those in other modules of which it ran a function.
    """
    if len(recording.modules) < 2:
        return _seen(recording, codes)
    found: list[Finding] = []
    for view in recording.views():
        # Which rules hold for another file is for that file's own settings to say.
        asked = codes if view is recording else modules()
        placed = [_placed(finding, "", view.source.path) for finding in _seen(view, asked)]
        found += [finding for finding in placed if not _told(finding, found)]
    played = recording.source.path
    return [_placed(finding, played, "") for finding in found]


def _placed(finding: Finding, old: str, new: str) -> Finding:
    """The finding with another name for the file `old`."""

    def placed(span: Span) -> Span:
        return span._replace(path=new) if span.path == old else span

    span = placed(finding.span)
    marks = tuple(mark._replace(span=placed(mark.span)) for mark in finding.marks)
    fix = finding.fix
    if fix is not None:
        fix = fix._replace(edits=tuple(edit._replace(span=placed(edit.span)) for edit in fix.edits))
    return finding._replace(span=span, marks=marks, fix=fix)


def _told(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether another module tells the same fault: the same rule about the same call on a tape."""
    asked = {mark.span for mark in finding.marks if mark.label == "gradient"}
    return any(
        other.code == finding.code
        and other.span.path != finding.span.path
        and asked & {other.span, *(mark.span for mark in other.marks)}
        for other in others
    )


def _seen(recording: Recording, codes: Iterable[str]) -> list[Finding]:
    """What is found in the module of one view."""
    from tapelint.rules.needs import idle
    from tapelint.rules.precedence import settle

    found: list[Finding] = []
    table = modules()
    without = idle(recording)
    for code in sorted(set(codes) & table.keys()):
        name = table[code]
        if name in without:
            continue
        module = import_module(f"tapelint.rules.{name}")
        found.extend(_inside(finding) for finding in module.find(recording) if not finding.span.path)
    return settle(found, recording)


def _inside(finding: Finding) -> Finding:
    """Without its fix if that would change another file."""
    if finding.fix is not None and any(edit.span.path for edit in finding.fix.edits):
        return finding._replace(fix=None)
    return finding
