"""TAP403: an operation without a derivative on the only path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.values import CutKind
from tapelint.rules import story
from tapelint.rules.formulas import prefix

CODE = "TAP403"
_ROUNDING = frozenset({"round", "floor", "ceil", "rint"})
_INDEX = frozenset({"argmax", "argmin", "argsort", "categorical", "top_k", "where", "searchsorted"})

_TERMS = (ast.BinOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)
"""Expressions that stand in brackets where they are a term of a sum."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NOT_DIFFERENTIABLE):
        assert case.met is not None
        if case.met.cut.op == "//":
            continue
        variant = _variant(case.met.cut.op)
        fix = _fix(recording, case.met.cut.place.node) if variant == "rounding" else None
        finding = story.cut_finding(CODE, case, variant, _words(case, variant), fix=fix)
        if finding is not None:
            yield finding
    for case in story.lost_terms(recording, CutKind.NOT_DIFFERENTIABLE):
        finding = story.cut_finding(CODE, case, "term")
        if finding is not None:
            yield finding


def _words(case: story.Missing, variant: str) -> dict[str, str]:
    """The rounded value as a term of a sum, and the half of `top_k` that is meant."""
    assert case.met is not None
    cut = case.met.cut
    if variant == "rounding":
        name, node = case.fields["name"], cut.place.node
        given = node.args[0] if isinstance(node, ast.Call) and node.args else None
        return {"term": f"({name})" if isinstance(given, _TERMS) and name == case.recording.text(given) else name}
    return {"op": f"{cut.op}(...).indices"} if cut.op.endswith(".top_k") else {}


def _fix(recording: Recording, node: ast.AST) -> Fix | None:
    """`tf.round(x)` becomes `(x + tf.stop_gradient(tf.round(x) - x))`."""
    tf = prefix(recording, node)
    if tf is None or not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return None
    if not isinstance(node.args[0], (ast.Name, ast.Attribute)) or "#" in recording.segment(recording.span(node)):
        return None
    name, words = recording.text(node.args[0], 200), recording.text(node, 200)
    edit = Edit(recording.span(node), f"({name} + {tf}.stop_gradient({words} - {name}))")
    return Fix("let the gradient pass around the rounding", Applicability.UNSAFE, (edit,))


def _variant(op: str) -> str:
    last = op.rsplit(".", 1)[-1]
    if last in _ROUNDING:
        return "rounding"
    if op == "tf.where":
        return "condition"
    if op == "Embedding":
        return "lookup"
    if last in _INDEX:
        return "index"
    if op in ("==", "!=", "<", "<=", ">", ">=") or last in ("equal", "greater", "less", "greater_equal", "less_equal"):
        return "comparison"
    return ""
