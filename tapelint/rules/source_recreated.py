"""TAP309: the source is a new tensor, not the one that the target was computed from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Fault, Recording
from tapelint.play.values import Data, Variable
from tapelint.rules import story
from tapelint.rules.unwatched_source import rebound_variable

CODE = "TAP309"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.RECREATED):
        source = case.verdict.source
        if rebound_variable(recording, source) or not isinstance(source, (Data, Variable)):
            continue
        fields = {**case.fields, "name": case.fields["source"]}
        node = case.verdict.node
        variant = ""
        if isinstance(node, ast.Subscript):
            variant, fields["name"] = "subscript", recording.text(node.value)
        elif isinstance(source, Data) and source.op == "model":
            variant = "second-forward"
        marks = (
            story.mark(recording, "made", source.place),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, node, fields, marks, variant, case.ask.context)
