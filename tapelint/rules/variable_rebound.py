"""TAP306: a name that held a variable holds a plain tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Recording
from tapelint.play.values import Data, Variable
from tapelint.rules import story

CODE = "TAP306"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.UNWATCHED, Fault.NOT_USED, Fault.RECREATED):
        source = case.verdict.source
        rebinding = recording.rebindings.get(source.id) if isinstance(source, Data) else None
        if rebinding is None or not isinstance(rebinding.old, Variable):
            continue
        fields = {**case.fields, "name": rebinding.name}
        node = rebinding.place.node
        variant = ""
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "assign" in source.op:
            variant, fields["op"] = "assign-result", recording.text(node.value.func)
        marks = (
            story.mark(recording, "made", rebinding.old.place),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, rebinding.place, fields, marks, variant, case.ask.context)
