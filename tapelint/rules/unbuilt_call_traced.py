"""TAP808: the `call` of a model that has no weights yet is a tf.function (Keras 3)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind, Place
from tapelint.rules import story

CODE = "TAP808"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.FIRST_RUN):
        assert case.met is not None
        place = case.met.cut.place
        fields = {"function": case.met.cut.op}
        finding = story.cut_finding(CODE, case, "", fields, fix=_fix(recording, place, fields["function"]))
        if finding is not None:
            yield finding


def _fix(recording: Recording, place: Place, name: str) -> Fix | None:
    """Drop the line of the decorator."""
    function = recording.parents.get(id(place.node))
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or not isinstance(place.node, ast.expr):
        return None
    starts = recording.source.line_starts
    first, last = place.node.lineno, place.node.end_lineno or place.node.lineno
    following = [item.lineno for item in function.decorator_list if item.lineno > last]
    if min(following, default=function.lineno) <= last:
        return None
    edit = Edit(Span(starts[first - 1], starts[last]), "")
    return Fix(f"take tf.function off `{name}`", Applicability.UNSAFE, (edit,))
