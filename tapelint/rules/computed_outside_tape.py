"""TAP303: a tensor was derived from the source before the recording."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story
from tapelint.rules.forward_outside_tape import about_model

CODE = "TAP303"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.BEFORE_TAPE):
        assert case.met is not None
        if about_model(case) or case.met.reaches is not True:
            continue
        if story.asks_behind(case.met.value) or story.dropped_by_reset(case):
            continue
        function = story.function_around(recording, case.met.cut.place)
        variant = "in-init" if function in ("__init__", "build") else ""
        if not variant and case.ask.context.loops and not _in_loop(case):
            variant = "earlier-step"
        name = story.value_name(recording, case.met.value) or recording.text(case.met.cut.place)
        finding = story.cut_finding(CODE, case, variant, {"name": name, "function": function}, used=True)
        if finding is not None:
            yield finding


def _in_loop(case: story.Missing) -> bool:
    assert case.met is not None
    node = case.met.cut.place.node
    return any(inner is node for loop in case.ask.context.loops for inner in ast.walk(loop.place.node))
