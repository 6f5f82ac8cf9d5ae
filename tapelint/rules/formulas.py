"""How the values on the way to a target were computed: what the rules on numbers read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, Data, Kind, Unknown, Value, Variable, VariableSet, options

_found: WeakKeyDictionary[Recording, list[tuple[Ask, Data, Operation]]] = WeakKeyDictionary()


def on_paths(recording: Recording) -> list[tuple[Ask, Data, Operation]]:
    """Every computed value through which a gradient flows from a target to one of its sources, looked for once."""
    found = _found.get(recording)
    if found is None:
        found = _found[recording] = list(_on_paths(recording))
    return found


def _on_paths(recording: Recording) -> Iterator[tuple[Ask, Data, Operation]]:
    for ask in recording.asks:
        if ask.session is None or ask.expected_none or ask.context.experiment:
            continue
        for value in _carrying(recording, ask, ask.session.id):
            operation = recording.operations.get(value.id)
            if operation is not None and recording.here(operation.place):
                yield ask, value, operation


def _carrying(recording: Recording, ask: Ask, session: int) -> list[Data]:
    """The recorded values on the way from the targets, nearest first, that lead to something tracked."""
    sought = _sought(recording, ask)
    found = [
        value for value in recording.behind(*recording.leaves(ask.target), session=session, ends=_ends)
        if isinstance(value, Data) and not _ends(value) and session in value.sessions
    ]  # fmt: skip
    tracked: dict[int, bool] = {}
    for value in sorted(found, key=lambda item: item.time):
        live = [link.value for link in value.links if link.cut is None]
        tracked[value.id] = any(sought(item) or tracked.get(item.id, False) for item in live)
    return [value for value in found if tracked[value.id]]


def _sought(recording: Recording, ask: Ask) -> Callable[[Value], bool]:
    """Whether a value is a source: any variable may be one, except where the sources are single values in a list."""
    sources = [one for leaf in recording.leaves(ask.sources) for one in options(leaf)]
    known = {one.id for one in sources}
    known |= {one.same.id for one in sources if isinstance(one, Data) and one.same is not None}
    listed = ask.sources.id in recording.contents
    if all(isinstance(one, (Data, Variable)) or (listed and _is_one(one)) for one in sources):
        return lambda item: item.id in known
    return lambda item: item.id in known or isinstance(item, (Variable, VariableSet))


def _is_one(value: Value) -> bool:
    """Whether something unknown in a list stands for itself alone, and not for all items of another list."""
    return isinstance(value, Unknown) and value.role != "item"


def _ends(value: Data) -> bool:
    """Whether a value is no step between tensors: a number, or a gradient."""
    return value.kind is not Kind.TENSOR or value.ask is not None


def carries(ask: Ask, recording: Recording, value: Value | None) -> bool:
    """Whether a gradient flows from the target through `value` to a source."""
    if value is None or ask.session is None:
        return False
    if _sought(recording, ask)(value):
        return True
    return any(value is one for one in _carrying(recording, ask, ask.session.id))


def number(value: Value | None) -> float | None:
    """The number that a value certainly is."""
    if isinstance(value, Const) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        return float(value.value)
    return None


def prefix(recording: Recording, node: ast.AST) -> str | None:
    """How the program calls TensorFlow, from a call such as `tf.math.log(x)`; None for another form."""
    if not isinstance(node, ast.Call):
        return None
    words = recording.segment(recording.span(node.func))
    first, dot, _ = words.partition(".")
    return first if dot and first in ("tf", "tensorflow") else None
