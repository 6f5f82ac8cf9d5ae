"""One fault, one report: which findings stand when several speak of the same thing."""

from __future__ import annotations

from tapelint.diagnostic import Finding, Span
from tapelint.play.recording import Recording

ECONOMY = frozenset({"TAP105", "TAP109", "TAP110", "TAP111", "TAP119", "TAP210", "TAP212"})
"""Advice on memory and time, which waits while the same function holds an error."""


def settle(findings: list[Finding], recording: Recording) -> list[Finding]:
    """The findings that are told: no duplicates, no advice beside an error in the same function."""
    if not findings:
        return []
    functions = _functions(recording)
    best: dict[tuple[str, int, int], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.span.start, finding.span.end)
        held = best.get(key)
        if held is None or _calls(finding) < _calls(held):
            best[key] = finding
    kept = _without_consequences(list(best.values()), functions)
    faulty = {_around(functions, finding) for finding in kept if finding.code not in ECONOMY}
    told = [finding for finding in kept if finding.code not in ECONOMY or not faulty & _places(functions, finding)]
    return sorted(told, key=lambda finding: (finding.span.start, finding.code, finding.span.end))


def _without_consequences(findings: list[Finding], functions: list[tuple[int, int]]) -> list[Finding]:
    """Without the findings that only tell what another fault leads to."""
    shadowed = [finding for finding in findings if finding.code == "TAP107"]
    meant = {mark.span for finding in shadowed for mark in finding.marks if mark.label == "used"}
    ended = {_mark(finding, "gradient") for finding in findings if finding.code == "TAP112"} - {None}
    mapped = {finding.span for finding in findings if finding.code == "TAP612"}
    eager = {finding.span for finding in findings if finding.code == "TAP802"}
    traced = {finding.span for finding in findings if finding.code == "TAP801"}
    bare = {finding.span for finding in findings if finding.code == "TAP115"}
    unnamed = {mark.span for finding in findings if finding.code == "TAP104" for mark in finding.marks}
    early = {finding.span for finding in findings if finding.code == "TAP211"}
    refused = {_around(functions, finding) for finding in findings if finding.code == "TAP204"}
    kept = []
    for finding in findings:
        if finding.code in ("TAP602", "TAP603", "TAP609") and _around(functions, finding) in refused:
            continue  # the program stops at the watch
        if finding.code == "TAP205" and finding.span in early:
            continue  # what is watched is an empty list
        if finding.code == "TAP118" and finding.span in unnamed:
            continue  # the tape it means has no name
        if finding.span in meant and finding.code != "TAP107":
            continue  # the call was meant for the tape that lost its name
        if finding.code == "TAP101" and (_mark(finding, "first") in ended or finding.span in ended):
            continue  # the program stops before it comes to this call
        if finding.code == "TAP116" and finding.span in bare:
            continue
        if any(_replaces(other, finding) for other in findings):
            continue
        if finding.code in ("TAP212", "TAP708") and finding.span in traced:
            continue
        if finding.code in ("TAP701", "TAP703") and finding.span in mapped:
            continue
        if finding.code != "TAP802" and eager & {finding.span, _mark(finding, "made")}:
            continue  # tracing stops there
        kept.append(finding)
    return kept


_REPLACED = {
    "TAP206": frozenset({"TAP201", "TAP309", "TAP310", "TAP316"}),
    "TAP207": frozenset({"TAP201", "TAP309", "TAP310", "TAP316"}),
}
"""Findings that say in general what the first one knows better, about the same gradient call."""


def _replaces(one: Finding, other: Finding) -> bool:
    """Whether `one` tells what `other` says, and more."""
    if one.code in _REPLACED:
        call = _mark(one, "gradient")
        return other.code in _REPLACED[one.code] and call is not None and call in (other.span, _mark(other, "gradient"))
    if one.code == "TAP302":
        return other.code == "TAP303" and other.span == one.span
    if other.code == "TAP402" and other.variant == "already":
        # Another play of the same call sees what made the whole numbers.
        call = _mark(one, "gradient")
        return one.code in ("TAP402", "TAP403") and one.variant != "already" and call == _mark(other, "gradient")
    if one.code == "TAP107":
        return other.code == "TAP105" and other.span == _mark(one, "tape")
    if one.code == "TAP410":
        return other.code == "TAP407" and other.span == one.span
    if one.code == "TAP109":
        return other.code == "TAP119" and other.span == one.span
    if one.code == "TAP718":
        return other.code == "TAP709" and other.span == _mark(one, "apply")  # no variables, so none that is unknown
    if one.code == "TAP110":
        tape = other.span if other.code in ("TAP109", "TAP119") else _mark(other, "tape")
        return other.code in ("TAP109", "TAP111", "TAP119") and tape is not None and _within(one.span, tape)
    if one.code == "TAP117":
        return other.code == "TAP111" and _mark(other, "tape") == one.span
    return False


def _within(inner: Span, outer: Span) -> bool:
    return outer.path == inner.path and outer.start <= inner.start and inner.end <= outer.end


def _mark(finding: Finding, label: str) -> Span | None:
    return next((mark.span for mark in finding.marks if mark.label == label), None)


def _calls(finding: Finding) -> int:
    return sum(mark.label == "call" for mark in finding.marks)


def _functions(recording: Recording) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span, _ in recording.function_spans]


def _places(functions: list[tuple[int, int]], finding: Finding) -> set[tuple[int, int]]:
    """The functions that a finding speaks of: its own, and those that lead there."""
    spans = [finding.span, *(mark.span for mark in finding.marks if not mark.span.path)]
    return {max((span for span in functions if span[0] <= at.start < span[1]), default=(0, 0)) for at in spans}


def _around(functions: list[tuple[int, int]], finding: Finding) -> tuple[int, int]:
    """The innermost function around a finding; the whole module for one outside all of them."""
    inside = [span for span in functions if span[0] <= finding.span.start < span[1]]
    return max(inside, default=(0, 0))
