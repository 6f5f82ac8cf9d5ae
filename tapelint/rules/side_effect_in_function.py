"""TAP803: a traced function puts a tensor into a Python object, or prints it with `print`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Const, Dictionary, Instance, Sequence
from tapelint.rules import blocks, story
from tapelint.rules.edits import tensorflow_name

CODE = "TAP803"
_CHANGES = frozenset({"append", "clear", "extend", "insert"})
_RAISED = ("InaccessibleTensorError", "TypeError")


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.how not in ("keep", "print") or work.context.trace is None or not recording.here(work.place):
            continue
        if work.how == "keep" and _list_of_the_step(recording, work):
            continue
        handed = work.how == "keep" and isinstance(work.others[0], (Instance, Dictionary))
        if handed and not _in_the_step(recording, work):
            continue  # a helper may hand a tensor on to another one in the same step
        if handed and (work.others[0].id in recording.given or _read_in_the_step_only(recording, work)):
            continue
        yield _told(recording, work)
    for work in recording.works:
        if work.how == "leak" and recording.here(work.place) and not work.context.guarded(*_RAISED):
            yield _leaked(recording, work)


def _leaked(recording: Recording, work: Work) -> Finding:
    """A list that a loop of the graph fills, and that is computed with after the loop."""
    trace, node = work.context.trace, work.place.node
    name = recording.text(node.args[-1]) if isinstance(node, ast.Call) and node.args else "the tensor"
    fields = {"name": name, "function": trace.name if trace is not None else "", "target": _target(recording, work)}
    reason = story.mark(recording, "made", trace.reason) if trace is not None else ()
    marks = (reason, story.mark(recording, "used", work.others[0].place))
    return story.told(recording, CODE, work.place, fields, marks, "loop", work.context)


def _in_the_step(recording: Recording, work: Work) -> bool:
    """Whether the traced function itself writes the attribute, and not a function that it calls."""
    trace = work.context.trace
    at: ast.AST | None = work.place.node
    while at is not None and not isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        at = recording.parents.get(id(at))
    return trace is not None and at is trace.place.node


def _list_of_the_step(recording: Recording, work: Work) -> bool:
    """Whether a list in an attribute is filled by a function that the traced one calls, and read on the same way."""
    trace, node = work.context.trace, work.place.node
    if trace is None or _in_the_step(recording, work) or not isinstance(work.others[0], Sequence):
        return False
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    held = node.func.value
    if not isinstance(held, ast.Attribute):
        return False
    played = recording.played_in(trace)
    changed = {id(part.value) for function in played for part in _changes(function)}
    return any(
        isinstance(part, ast.Attribute) and part.attr == held.attr and id(part) not in changed
        for function in played
        for part in walk(function)
        if isinstance(getattr(part, "ctx", None), ast.Load)
    )


def _changes(function: ast.AST) -> Iterator[ast.Attribute]:
    """The methods by which a function fills or empties a list: `list.append` in `list.append(x)`."""
    for part in walk(function):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _CHANGES:
            yield part.func


def _read_in_the_step_only(recording: Recording, work: Work) -> bool:
    """Whether the traced function reads the attribute itself, and nothing else in the module does."""
    trace, node = work.context.trace, work.place.node
    target = node.targets[0] if isinstance(node, ast.Assign) else node
    targets = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    names = {one.attr for one in targets if isinstance(one, ast.Attribute)}
    if trace is None or len(names) != len(targets):
        return False
    reads = [
        item
        for item in walk(recording.tree)
        if isinstance(item, ast.Attribute) and item.attr in names and isinstance(item.ctx, ast.Load)
    ]
    played = recording.played_in(trace)
    return bool(reads) and all(any(blocks.contains(function, item) for function in played) for item in reads)


def _told(recording: Recording, work: Work) -> Finding:
    trace = work.context.trace
    assert trace is not None
    shown = _shown(recording, work) if work.how == "print" else _written(recording, work)
    name = shown or story.value_name(recording, work.value)
    if not name and work.value.place is not None and recording.here(work.value.place):
        name = recording.text(work.value.place)
    fields = {"name": name or "the tensor", "function": trace.name, "target": _target(recording, work)}
    calls = [place for place in work.context.calls if isinstance(place.node, ast.Call)]
    marks = (
        story.mark(recording, "made", trace.reason) or story.head(recording, "made", trace.place),
        story.mark(recording, "used", calls[-1]) if calls and calls[-1] != trace.call else (),
    )
    variant = "print" if work.how == "print" else "" if _in_the_step(recording, work) else "helper"
    if variant == "print" and _of_replicas(recording, work):
        variant = "replicas"
    fix = _fix(recording, work) if variant == "print" else None
    if variant == "" and isinstance(work.value, Sequence):
        variant = "list"
    return story.told(recording, CODE, work.place, fields, marks, variant, work.context, fix)


def _of_replicas(recording: Recording, work: Work) -> bool:
    """Whether a value was made in the replicas and is used outside: with several of them it holds one of each."""
    operation = recording.operations.get(work.value.id)
    return operation is not None and operation.context.replica is not None and work.context.replica is None


def _shown(recording: Recording, work: Work) -> str:
    """What a `print` shows, as it is written there: the tensor where it has a name, else all but the plain texts."""
    node = work.place.node
    if not isinstance(node, ast.Call):
        return ""
    at = work.others[0].value if work.others and isinstance(work.others[0], Const) else None
    plain = not any(isinstance(part, ast.Starred) for part in node.args)
    arguments = node.args[at : at + 1] if plain and isinstance(at, int) else node.args
    parts: list[ast.expr] = []
    for argument in arguments:
        values = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        parts += [value.value if isinstance(value, ast.FormattedValue) else value for value in values]
    written = [recording.text(part) for part in parts if not isinstance(part, ast.Constant)]
    name = story.value_name(recording, work.value)
    return name if name in written else ", ".join(dict.fromkeys(written))


def _written(recording: Recording, work: Work) -> str:
    """How the line itself writes the tensor, where that is short; what made it may call it otherwise."""
    node = work.place.node
    value: ast.expr | None = None
    if isinstance(node, ast.Call) and node.args:
        value = node.args[-1]
    elif isinstance(node, ast.Assign):
        value = node.value
    if isinstance(value, ast.Name):
        return value.id
    called = story.value_name(recording, work.value)
    if value is None or not called or story.bound_beside(recording, node, called):
        return ""
    return recording.text(value)


def _target(recording: Recording, work: Work) -> str:
    """What holds the tensor, in the program's words."""
    node = work.place.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return recording.text(node.func.value)
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        return recording.text(target.value if isinstance(target, ast.Subscript) else target)
    return recording.names.get(work.others[0].id, "a Python object") if work.others else ""


def _fix(recording: Recording, work: Work) -> Fix | None:
    """`print` becomes `tf.print`, which writes at every call."""
    node = work.place.node
    name = tensorflow_name(recording)
    if not name or not isinstance(node, ast.Call) or node.keywords or not isinstance(node.func, ast.Name):
        return None
    if any(isinstance(item, (ast.JoinedStr, ast.Starred)) for item in node.args):
        return None
    edit = Edit(recording.span(node.func), f"{name}.print")
    return Fix(f"print with `{name}.print`", Applicability.SAFE, (edit,))
