"""TAP309: the source is a new tensor, not the one that the target was computed from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.values import Data, Variable
from tapelint.rules import story
from tapelint.rules.arguments_swapped import swapped
from tapelint.rules.source_not_used import model_call
from tapelint.rules.unwatched_source import rebound_variable

CODE = "TAP309"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.RECREATED):
        source = case.verdict.source
        if rebound_variable(recording, source) or not isinstance(source, (Data, Variable)):
            continue
        if swapped(recording, case.ask):
            continue  # the target was meant: TAP601
        fields = {**case.fields, "name": case.fields["source"]}
        node = case.verdict.node
        variant = ""
        if isinstance(node, ast.Subscript):
            variant, fields["name"] = "subscript", recording.text(node.value)
        elif isinstance(source, Data) and source.op == "model":
            variant = "second-forward"
        marks = (
            story.mark(recording, "made", source.place),
            model_call(recording, case.ask) if variant == "second-forward" else (),
            story.recorded(recording, case.ask),
            story.asked(recording, case.ask),
        )
        fix = _fix(recording, case) if variant == "subscript" else None
        yield story.told(recording, CODE, node, fields, marks, variant, case.ask.context, fix)


def _fix(recording: Recording, case: story.Missing) -> Fix | None:
    """`tape.gradient(y, v[0])` becomes `tape.gradient(y, v)[0]`."""
    node, call, source = case.verdict.node, case.ask.node, case.verdict.source
    if not isinstance(node, ast.Subscript) or case.ask.sources_node is not node or case.ask.method != "gradient":
        return None
    if not isinstance(source, Data) or not all(isinstance(link.value, Variable) for link in source.links):
        return None
    value, whole, end = recording.span(node.value), recording.span(node), recording.span(call).end
    index = recording.source.text[value.end : whole.end]
    name = recording.text(node.value)
    edits = (Edit(Span(value.end, whole.end), ""), Edit(Span(end, end), index))
    return Fix(f"ask the gradient of `{name}` and index the result", Applicability.SAFE, edits)
