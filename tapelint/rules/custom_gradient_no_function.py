"""TAP523: a function under `tf.custom_gradient` does not return a value and a gradient function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Custom, Returned
from tapelint.rules import customs, story

CODE = "TAP523"

_VARIANTS = {
    Returned.VALUE: "",
    Returned.NOTHING: "nothing",
    Returned.SWAPPED: "swapped",
    Returned.CALLED: "",
    Returned.MANY: "many",
}


def find(recording: Recording) -> Iterator[Finding]:
    for custom in recording.customs:
        if custom.returned not in _VARIANTS or custom.context.guarded("TypeError", "ValueError"):
            continue
        given = customs.returns(custom.node)
        if custom.returned is Returned.NOTHING:
            if not given and not _raises(custom.node):
                yield _told(recording, custom, None, "")
        elif len(given) == 1 and given[0] is not None:
            yield from _faulty(recording, custom, given[0])


def _faulty(recording: Recording, custom: Custom, given: ast.expr) -> Iterator[Finding]:
    inner = _inner(custom.node)
    if custom.returned is Returned.CALLED:
        second = given.elts[1] if isinstance(given, (ast.Tuple, ast.List)) and len(given.elts) == 2 else None
        if isinstance(second, ast.Call) and isinstance(second.func, ast.Name) and second.func.id in inner:
            yield _told(recording, custom, given, second.func.id, "called")
        return
    used = {node.id for node in walk(custom.node) if isinstance(node, ast.Name)}
    forgotten = [name for name in inner if name not in used]
    if custom.returned is Returned.VALUE and forgotten:
        yield _told(recording, custom, given, forgotten[0], "forgotten")
    else:
        yield _told(recording, custom, given, "")


def _inner(node: customs.Definition) -> dict[str, ast.FunctionDef]:
    """The functions that are defined in the body, by name."""
    if isinstance(node, ast.Lambda):
        return {}
    return {inner.name: inner for inner in walk(node) if isinstance(inner, ast.FunctionDef) and inner is not node}


def _raises(node: customs.Definition) -> bool:
    return any(isinstance(inner, (ast.Raise, ast.Yield, ast.YieldFrom)) for inner in walk(node))


def _told(
    recording: Recording, custom: Custom, given: ast.expr | None, name: str, variant: str | None = None
) -> Finding:
    variant = _VARIANTS[custom.returned] if variant is None else variant
    fields = {"function": custom.name, "name": name}
    marks = (
        story.mark(recording, "tape", custom.reason),
        story.head(recording, "made", _inner(custom.node).get(name)),
        story.mark(recording, "call", custom.place if custom.result is not None else None),
    )
    at = recording.span(given) if given is not None else story.head(recording, "primary", custom.node)[0].span
    return story.told(recording, CODE, at, fields, marks, variant)
