"""TAP602: something as source that is no tensor and no variable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.fixes import statements
from tapelint.play.ask import ASKS, Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Data,
    Function,
    Instance,
    Kind,
    Method,
    Object,
    OneShot,
    Sequence,
    Tape,
    Value,
    options,
)
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP602"

_METHODS = frozenset({"call", "compile", "evaluate", "fit", "get_config", "get_weights", "predict", "summary"})
"""Methods that every model or layer has."""


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.context.guarded("AttributeError", "TypeError", "ValueError"):
            continue
        for value, node in recording.pieces(ask.sources, ask.sources_node):
            kinds = {kind_of(option) for option in options(value)}
            if len(kinds) != 1 or not (variant := kinds.pop()):
                continue
            if variant == "model" and value is not ask.sources:
                variant = "layers"
            if variant == "name" and _items(ask.sources_node):
                variant, node = "items", ask.sources_node
            if variant == "array" and isinstance(node, ast.Call) and recording.text(node.func).endswith("get_weights"):
                variant = "copies"
            yield _told(recording, ask, value, node, variant)
            break

    asked = {id(ask.place.node) for ask in recording.asks}  # perhaps with arguments that a `partial` brings along
    for event in recording.happened(Happening.ASK):
        if event.certain and not event.context.guarded("TypeError") and isinstance(event.place.node, ast.Call):
            finding = _arguments(recording, event, event.place.node, id(event.place.node) in asked)
            if finding is not None:
                yield finding

    for use in recording.uses:
        call = use.place.node
        if use.how != "call list" or use.context.guarded("TypeError") or not isinstance(call, ast.Call):
            continue
        if recording.here(use.place) and recording.asks:
            fields = {"source": recording.text(call.func), "tape": "", "method": "", "target": ""}
            edit = Edit(Span(recording.span(call.func).end, recording.span(call).end), "")
            fix = Fix("leave out the brackets", Applicability.SAFE, (edit,))
            yield story.told(recording, CODE, call, fields, (), "called", use.context, fix)


def _items(node: ast.AST) -> bool:
    """Whether an expression is `something.items()`: its first leaf is a key."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items"


def _arguments(recording: Recording, event: Event, call: ast.Call, asked: bool) -> Finding | None:
    """A call without sources, or with an argument that the method does not have."""
    names = ASKS[event.name]
    given = [keyword.arg for keyword in call.keywords]
    if None in given or any(isinstance(node, ast.Starred) for node in call.args):
        return None
    strange = next((keyword for keyword in call.keywords if keyword.arg not in names), None)
    target = recording.text(call.args[0]) if call.args else names[0]
    fields = {"tape": story.tape_name(event.tape), "method": event.name, "source": names[1], "target": target}
    opened = story.opened(recording, event.tape)
    if strange is not None and event.name != "gradient" and strange.arg in ASKS["gradient"]:
        return None  # `gradient` has it: TAP506
    if strange is not None:
        fields["source"] = str(strange.arg)
        return story.told(recording, CODE, strange, fields, (opened,), "argument", event.context)
    if len(call.args) < 2 and names[1] not in given and not asked:
        return story.told(recording, CODE, call, fields, (opened,), "missing", event.context)
    return None


def _told(recording: Recording, ask: Ask, value: Value, node: ast.AST, variant: str) -> Finding:
    fields = {
        **fields_of(recording, ask),
        "source": recording.text(node),
        "is": is_or_holds(value, node, ask.sources, ask.sources_node),
    }
    if variant == "copies" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        fields["model"] = recording.text(node.func.value)
    held = fields["is"] == "holds"
    if variant == "function" and held:
        variant = "functions"
    made = (
        (Mark("made", recording.span(value.place)),)
        if value.place is not None and recording.here(value.place) and variant != "nothing"
        else ()
    )
    fix = _fix(recording, node, variant) if not held else None
    return story.told(recording, CODE, node, fields, (made,), variant, ask.context, fix)


def is_or_holds(value: Value, node: ast.AST, whole: Value, written: ast.AST) -> str:
    """Whether an expression is what is at fault, or names a structure that holds it."""
    return "holds" if node is written and value is not whole else "is"


def _fix(recording: Recording, node: ast.AST, variant: str) -> Fix | None:
    """The variables of a model, the list of an iterator."""
    end = recording.span(node).end
    if variant == "model" and isinstance(node, (ast.Name, ast.Attribute)):
        edit = Edit(Span(end, end), ".trainable_variables")
        return Fix(f"ask for `{recording.text(node)}.trainable_variables`", Applicability.UNSAFE, (edit,))
    if variant != "iterator":
        return None
    if isinstance(node, ast.GeneratorExp) and recording.source.text[end - 1] == ")":
        start = recording.span(node).start
        brackets = (Edit(Span(start, start + 1), "["), Edit(Span(end - 1, end), "]"))
        return Fix("pass a list: `[... for ... in ...]`", Applicability.UNSAFE, brackets)
    wrapped = statements.wrapped(recording.source, node, "list(", ")")
    return Fix(f"pass a list: `list({recording.text(node)})`", Applicability.UNSAFE, wrapped)


def kind_of(value: Value) -> str:
    """Which invalid argument a value certainly is; "" when it may be valid."""
    if isinstance(value, Const):
        if value.value is None:
            return "nothing"
        if isinstance(value.value, str):
            return "name"
        return "number" if isinstance(value.value, (int, float, complex)) else ""
    if isinstance(value, Data):
        if value.kind is Kind.ARRAY:
            return "array"
        return ("name" if value.op in ("name", "path") else "number") if value.kind is Kind.NUMBER else ""
    if isinstance(value, OneShot):
        return "iterator"
    if isinstance(value, (Function, Bound, Class)):
        return "function"
    if isinstance(value, Method) and isinstance(value.receiver, Tape):
        return "function" if value.name == "watched_variables" else ""
    if isinstance(value, Method) and isinstance(value.receiver, Object) and value.receiver.kind in ("model", "layer"):
        return "function" if value.name in _METHODS else ""
    if isinstance(value, Object):
        return "model" if value.kind in ("model", "layer") else ""
    if isinstance(value, Instance):
        return "model" if value.kind in ("model", "layer") else ""
    if isinstance(value, Sequence) and value.kind == "set":
        return "set"
    return ""
