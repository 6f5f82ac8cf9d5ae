"""TAP717: a variable that the output depends on and the model does not count as its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark
from tapelint.play.ask import Ask, Hidden
from tapelint.play.recording import Recording
from tapelint.play.values import Data, Instance, Place, Value, Variable, VariableSet, options
from tapelint.rules import edits, story

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

CODE = "TAP717"


def find(recording: Recording) -> Iterator[Finding]:
    generation = recording.keras
    asked = _asked_by_name(recording)
    for ask in recording.asks:
        connected = _connected(recording, ask.target) if ask.hidden else {}
        for hidden in ask.hidden:
            if hidden.how == "attribute" and generation != 3:
                continue
            if hidden.value.id in asked or hidden.value.id not in connected:
                continue
            if hidden.how == "closure" and any(hidden.value.id in other.owned for other in recording.asks):
                continue  # another model has it
            if hidden.value.place is not None and recording.here(hidden.value.place):
                yield _told(recording, ask, hidden, connected)
    for use in recording.uses:
        call = use.place.node
        if use.how != "grow list" or not use.certain or not recording.here(use.place) or use.context.experiment:
            continue
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            fields = {"name": recording.text(call.args[-1]), "source": recording.text(call.func.value)}
            yield story.told(recording, CODE, call, {**fields, "model": "", "target": ""}, (), "list", use.context)


def _asked_by_name(recording: Recording) -> set[int]:
    """What some gradient call of the module has among its sources by itself."""
    found: set[int] = set()
    for ask in recording.asks:
        for leaf in recording.leaves(ask.sources):
            found.add(leaf.owner.id if isinstance(leaf, VariableSet) else leaf.id)
    return found


def _connected(recording: Recording, target: Value) -> dict[int, tuple[Value, Data]]:
    """The variables that the target depends on without a cut, each with the step that reads it.

    One that is read on some way only counts too: in a loop of unknown length, for instance.
    """
    found: dict[int, tuple[Value, Data]] = {}
    ways = [option for leaf in recording.leaves(target) for option in options(leaf)]
    for read, step in recording.reads(*ways):
        for value in options(read):
            if isinstance(value, (Variable, VariableSet)):
                found.setdefault(value.owner.id if isinstance(value, VariableSet) else value.id, (value, step))
    return found


def _told(recording: Recording, ask: Ask, hidden: Hidden, connected: dict[int, tuple[Value, Data]]) -> Finding:
    assert hidden.value.place is not None
    place = hidden.value.place
    plain = hidden.how == "plain"
    holder = hidden.holder
    fields = {
        "name": _target(recording, hidden.value.place) or story.weight_name(recording, hidden.value),
        "source": recording.text(ask.sources_node),
        "target": recording.text(ask.target_node),
        "model": holder.cls.name if isinstance(holder, Instance) else "the object",
    }
    marks: list[tuple[Mark, ...]] = []
    if plain and isinstance(holder, Instance):
        marks.append(story.head(recording, "made", holder.cls.node))
    _, reader = connected[hidden.value.id]
    marks += [story.mark(recording, "used", hidden.used or reader.place), story.asked(recording, ask)]
    fix = _fix(recording, place.node) if hidden.how == "attribute" else None
    variant = {"plain": "plain_class", "closure": "closure"}.get(hidden.how, "")
    return story.told(recording, CODE, place, fields, marks, variant, None, fix)


def _fix(recording: Recording, call: ast.AST) -> Fix | None:
    """`self.add_weight(...)` with the same first value, where that is a number."""
    assigned = any(
        isinstance(node, ast.Assign) and _made_in(node.value, call) and isinstance(node.targets[0], ast.Attribute)
        and isinstance(node.targets[0].value, ast.Name) and node.targets[0].value.id == "self"
        for node in recording.nodes
    )  # fmt: skip
    if not assigned or not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
        return None
    first = call.args[0]
    if not isinstance(first, ast.Constant) or not isinstance(first.value, float):
        return None
    package = edits.tensorflow_name(recording)
    if not package:
        return None
    text = f"self.add_weight(shape=(), initializer={package}.keras.initializers.Constant({recording.text(first)}))"
    return Fix("make it with self.add_weight(...)", Applicability.UNSAFE, (Edit(recording.span(call), text),))


def _made_in(value: ast.expr, call: ast.AST) -> bool:
    """Whether an assigned value is what the call makes, or a list that holds it."""
    return value is call or (isinstance(value, (ast.List, ast.Tuple)) and any(item is call for item in value.elts))


def _appends(function: ast.expr) -> TypeGuard[ast.Attribute]:
    return isinstance(function, ast.Attribute) and function.attr == "append"


def _target(recording: Recording, place: Place) -> str:
    """What the variable is assigned to: `self.w`."""
    for node in recording.nodes:
        if isinstance(node, ast.Assign) and node.value is place.node:
            return recording.text(node.targets[0])
        if isinstance(node, ast.Call) and node.args and node.args[0] is place.node and _appends(node.func):
            return recording.text(node.func.value)
    return ""
