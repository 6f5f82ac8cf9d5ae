"""Small text edits that several rules' fixes share."""

from __future__ import annotations

import ast

from tapelint.diagnostic import Edit, Span
from tapelint.play.recording import Recording


def without_argument(recording: Recording, call: ast.Call, keyword: ast.keyword) -> tuple[Edit, ...]:
    """Drop a keyword argument from a call, with the comma that parted it from its neighbour."""
    nodes: list[ast.AST] = sorted(
        [*call.args, *call.keywords],
        key=lambda node: (node.lineno, node.col_offset),  # type: ignore[attr-defined]
    )
    at = nodes.index(keyword)
    span = recording.span(keyword)
    if len(nodes) == 1:
        text = recording.source.text
        end = span.end
        while text[end : end + 1] in (" ", ","):
            end += 1
        return (Edit(Span(span.start, end), ""),)
    if at + 1 < len(nodes):
        return (Edit(Span(span.start, recording.span(nodes[at + 1]).start), ""),)
    return (Edit(Span(recording.span(nodes[at - 1]).end, span.end), ""),)


def without_statement(recording: Recording, node: ast.AST) -> Edit | None:
    """Drop the whole line of an expression statement; None when it shares its line or is alone in its block."""
    statement = recording.parents.get(id(node))
    parent = recording.parents.get(id(statement))
    for name in ("body", "orelse", "finalbody"):
        body = getattr(parent, name, None)
        if isinstance(statement, ast.Expr) and isinstance(body, list) and statement in body:
            return _whole_lines(recording, statement) if len(body) > 1 else None
    return None


def _whole_lines(recording: Recording, statement: ast.stmt) -> Edit | None:
    source = recording.source
    first = source.line_starts[statement.lineno - 1]
    last = statement.end_lineno or statement.lineno
    end = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
    span = recording.span(statement)
    around = source.text[first : span.start] + source.text[span.end : end]
    return Edit(Span(first, end), "") if not around.strip() else None


def tensorflow_name(recording: Recording) -> str:
    """What the module calls TensorFlow, "" if it does not import it as a whole."""
    for statement in recording.tree.body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name == "tensorflow":
                    return alias.asname or alias.name
    return ""
