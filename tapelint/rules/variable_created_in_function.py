"""TAP801: a variable, layer, optimizer or metric that a traced function makes at every call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.context import Trace
from tapelint.play.recording import Recording
from tapelint.play.records import Creation
from tapelint.play.values import Object
from tapelint.rules import story

CODE = "TAP801"

_CONDITIONAL = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.Match, ast.Lambda)


def find(recording: Recording) -> Iterator[Finding]:
    parts = {part.id for made in recording.creations if isinstance(made.value, Object) for part in made.value.parts}
    expected = {id(made.place.node) for made in recording.creations if made.context.guarded("ValueError")}
    for made in recording.creations:
        trace = made.context.trace
        if trace is None or trace.reason is None or not recording.here(made.place):
            continue
        if id(made.place.node) in expected or made.value.id in parts:
            continue
        if trace.time in recording.refused or not _has_variables(recording, made, trace):
            continue
        if _perhaps_once(recording.parents, made):
            continue
        yield _told(recording, made)


def _has_variables(recording: Recording, made: Creation, trace: Trace) -> bool:
    """Whether the object certainly makes variables there: a layer or model does when it is called."""
    if made.what in ("variable", "optimizer", "metric"):
        return made.what == "variable" or isinstance(made.value, Object)
    return (made.value.id, trace.time) in recording.ran_in and made.value.id in recording.weighted


def _perhaps_once(parents: dict[int, ast.AST], made: Creation) -> bool:
    """Whether a condition, a `try` or `build` may keep the place from being reached on every call."""
    trace = made.context.trace
    assert trace is not None
    calls = list(made.context.calls)
    if trace.call in calls:
        calls = calls[calls.index(trace.call) + 1 :]  # what stands around the traced call says nothing of the next one
    for place in [made.place.node, *(call.node for call in calls)]:
        node: ast.AST | None = place
        while node is not None and node is not trace.place.node:
            outer = parents.get(id(node))
            if isinstance(outer, _CONDITIONAL) and not (isinstance(outer, ast.If) and outer.test is node):
                return True
            if isinstance(outer, ast.With) and any("init_scope" in ast.unparse(item) for item in outer.items):
                return True
            inner = isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)) and outer is not trace.place.node
            if inner and _runs_once(outer):
                return True
            node = outer
    return False


def _runs_once(function: ast.AST | None) -> bool:
    """Whether Keras or a cache runs a function once for each object."""
    assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
    cached = any("cache" in ast.unparse(decorator) for decorator in function.decorator_list)
    return cached or function.name in ("build", "__init__")


def _told(recording: Recording, made: Creation) -> Finding:
    trace = made.context.trace
    assert trace is not None
    name = recording.names.get(made.value.id, "")
    fields = {"name": name, "function": trace.name, "op": made.what}
    called = trace.call if trace.call is not None and isinstance(trace.call.node, ast.Call) else None
    marks = (story.mark(recording, "made", trace.reason), story.mark(recording, "used", called))
    return story.told(recording, CODE, made.place, fields, marks, "" if name else "unnamed", made.context)
