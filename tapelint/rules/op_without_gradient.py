"""TAP404: an operation that has no gradient function on a path to the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story
from tapelint.rules.formulas import prefix

CODE = "TAP404"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NO_GRADIENT):
        assert case.met is not None
        if case.verdict.raising is None or case.ask.context.guarded("LookupError"):
            continue
        op = case.met.cut.op
        variant = "contrast" if op.endswith("adjust_contrast") else "resize-area" if op == "tf.image.resize" else ""
        finding = story.cut_finding(CODE, case, variant, fix=_fix(recording, case.met.cut.place.node, variant))
        if finding is not None:
            yield finding


def _fix(recording: Recording, node: ast.AST, variant: str) -> Fix | None:
    """Another method of resizing, or the contrast by its formula."""
    if not isinstance(node, ast.Call):
        return None
    if variant == "resize-area":
        given = next((keyword for keyword in node.keywords if keyword.arg == "method"), None)
        if given is None or any(keyword.arg in ("antialias", None) for keyword in node.keywords):
            return None
        edit = Edit(recording.span(given), 'method="bilinear", antialias=True')
        return Fix("resize by the bilinear method", Applicability.UNSAFE, (edit,))
    tf = prefix(recording, node)
    if variant != "contrast" or tf is None or len(node.args) != 2 or node.keywords:
        return None
    first, second = node.args
    if not isinstance(first, (ast.Name, ast.Attribute)) or not isinstance(second, (ast.Name, ast.Constant)):
        return None
    image, factor = recording.text(first, 200), recording.text(second, 200)
    mean = f"{tf}.reduce_mean({image}, axis=[-3, -2], keepdims=True)"
    edit = Edit(recording.span(node), f"(({image} - {mean}) * {factor} + {mean})")
    return Fix("write out the formula", Applicability.UNSAFE, (edit,))
