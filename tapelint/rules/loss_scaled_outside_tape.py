"""TAP713: the loss is scaled where nothing records it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import optimizers, story

CODE = "TAP713"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.AFTER_TAPE):
        assert case.met is not None
        call = case.met.cut.place.node
        if case.met.cut.op not in ("scale_loss", "get_scaled_loss") or not isinstance(call, ast.Call):
            continue
        place = story.beside_tape(recording, case.ask, case.met.value, case.met.cut.place)
        extra = {
            "target": recording.text(call.args[0]) if call.args else case.fields["target"],
            "optimizer": optimizers.receiver(recording, call),
        }
        variant = "keras2" if case.met.cut.op == "get_scaled_loss" else ""
        finding = story.cut_finding(CODE, case, variant, extra, place)
        if finding is not None:
            yield finding
