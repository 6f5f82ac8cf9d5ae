"""TAP530: a forward accumulator is given a Keras 3 variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.values import VariableSet, options
from tapelint.rules import story
from tapelint.rules.watch_keras_variable import is_keras

CODE = "TAP530"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for accumulator in recording.accumulators:
        primals = accumulator.args["primals"]
        leaves = recording.leaves(primals)
        found = next((leaf for leaf in leaves if all(map(is_keras, options(leaf)))), None)
        place = accumulator.place
        if found is None or place is None or not recording.here(place):
            continue
        several = primals.id in recording.contents or (isinstance(primals, VariableSet) and not primals.part)
        call = place.node
        assert isinstance(call, ast.Call)
        node = next((keyword.value for keyword in call.keywords if keyword.arg == "primals"), None)
        node = node or (call.args[0] if call.args else call)
        fields = {"source": recording.text(node)}
        made = found.owner.place if isinstance(found, VariableSet) else found.place
        marks = (story.mark(recording, "made", made),)
        fix = _fix(recording, node, several)
        yield story.told(recording, CODE, node, fields, marks, "list" if several else "", None, fix)


def _fix(recording: Recording, node: ast.expr, several: bool) -> Fix | None:
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    span = recording.span(node)
    source = recording.segment(span)
    if several:
        text = f"[v.value for v in {source}]"
        return Fix(f"pass the tensors: `{text}`", Applicability.UNSAFE, (Edit(span, text),))
    return Fix(f"pass the tensor: `{source}.value`", Applicability.UNSAFE, (Edit(Span(span.end, span.end), ".value"),))
