"""TAP520: the gradient function of a custom gradient does not use what comes from above."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Custom
from tapelint.rules import customs, story

CODE = "TAP520"


def find(recording: Recording) -> Iterator[Finding]:
    for custom in recording.customs:
        if len(custom.upstreams) != 1 or custom.gradient is None or False not in custom.answers:
            continue
        given = customs.returns(custom.gradient)
        if len(given) == 1 and given[0] is not None:
            yield _told(recording, custom, given[0])


def _told(recording: Recording, custom: Custom, given: ast.expr) -> Finding:
    at = given
    if isinstance(given, (ast.Tuple, ast.List)) and len(given.elts) == len(custom.answers):
        at = given.elts[custom.answers.index(False)]
    name = custom.upstreams[0]
    assert custom.gradient is not None
    parameter = next(arg for arg in custom.gradient.args.args if arg.arg == name)
    fields = {"function": custom.name, "name": name}
    fix = _fix(recording, at, name)
    return story.told(recording, CODE, at, fields, (story.mark(recording, "made", parameter),), "", None, fix)


def _fix(recording: Recording, node: ast.expr, name: str) -> Fix | None:
    """Write `upstream *` before the result."""
    span = recording.span(node)
    fix = "multiply the result by the upstream gradient"
    if isinstance(node, (ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Constant)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Pow))
    ):
        return Fix(fix, Applicability.UNSAFE, (Edit(Span(span.start, span.start), f"{name} * "),))
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        edits = (Edit(Span(span.start, span.start), f"{name} * ("), Edit(Span(span.end, span.end), ")"))
        return Fix(fix, Applicability.UNSAFE, edits)
    return None
