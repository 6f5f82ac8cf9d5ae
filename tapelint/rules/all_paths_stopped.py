"""TAP311: `stop_gradient`, a paused tape or `init_scope` on every path."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Standing
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import CutKind
from tapelint.rules import story

CODE = "TAP311"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.STOP_GRADIENT, CutKind.PAUSED):
        assert case.met is not None
        if any(verdict.standing is not Standing.CUT for verdict in case.ask.verdicts):
            continue  # another source is reached: what is stopped here was stopped on purpose
        variant = "back-prop" if case.met.cut.op == "back_prop=False" else ""
        if case.met.cut.kind is CutKind.PAUSED:
            if story.ask_behind(recording, case.met.value):
                continue  # TAP501 tells it
            paused = any(event.what is Happening.PAUSE for event in recording.events_of(case.ask.tape))
            variant = "paused" if paused else "init-scope"
        finding = story.cut_finding(CODE, case, variant)
        if finding is not None:
            yield finding
