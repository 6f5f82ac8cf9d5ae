"""Small text edits that several rules' fixes share."""

from __future__ import annotations

import ast

from tapelint.diagnostic import Edit, Span
from tapelint.play.recording import Recording


def without_argument(recording: Recording, call: ast.Call, keyword: ast.keyword) -> tuple[Edit, ...]:
    """Drop a keyword argument from a call, with the comma that parted it from its neighbour."""
    nodes: list[ast.AST] = sorted(
        [*call.args, *call.keywords], key=lambda node: (node.lineno, node.col_offset)  # type: ignore[attr-defined]
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
