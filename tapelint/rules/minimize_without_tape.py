"""TAP710: minimize where there is none, or where it can't know how the loss was computed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark
from tapelint.play.apply import Apply
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.values import Bound, Data, Function, Object, Partial, Tape, Value, is_one_tensor
from tapelint.rules import optimizers, story

CODE = "TAP710"
_GRAPH_METHODS = frozenset({"compute_gradients", "get_gradients"})


def find(recording: Recording) -> Iterator[Finding]:
    generation = recording.keras
    for apply in recording.applies:
        if apply.method != "minimize" or not apply.certain or not recording.here(apply.place):
            continue
        if apply.context.guarded("AttributeError", "ValueError", "RuntimeError", "TypeError"):
            continue
        variant = _fault(recording, apply, generation)
        if variant is not None and not optimizers.asked_first(recording, apply.place):
            yield _told(recording, apply, variant)
    if generation == 3:
        yield from _of_graphs(recording)


def _of_graphs(recording: Recording) -> Iterator[Finding]:
    """Methods of the optimizers of TensorFlow 1 and Keras 1, on an optimizer of Keras 3."""
    for use in recording.uses:
        node = use.place.node
        if use.how != "call" or use.name not in _GRAPH_METHODS or not use.certain or not isinstance(node, ast.Call):
            continue
        if not isinstance(use.value, Object) or not optimizers.is_optimizer(use.value) or not recording.here(use.place):
            continue
        if optimizers.is_gone(recording, use.value):
            continue
        if use.context.guarded("AttributeError") or optimizers.asked_first(recording, use.place):
            continue
        fields = {"optimizer": optimizers.receiver(recording, node), "method": use.name}
        marks = (optimizers.made(recording, use.value),)
        yield story.told(recording, CODE, node, fields, marks, "graph_method", use.context)


def _fault(recording: Recording, apply: Apply, generation: int) -> str | None:
    optimizer = apply.optimizer
    loss = apply.kwargs.get("loss") or (apply.args[0] if apply.args else None)
    recorded = _recorder(recording, apply) is not None
    if isinstance(optimizer, Object) and optimizer.kind == "v1_optimizer":
        eager = optimizers.eager(apply.context) and not optimizers.runs_in_graph_code(recording)
        return ("v1_recorded" if recorded else "v1") if eager and _computed(loss) else None
    if not optimizers.is_optimizer(optimizer):
        return None
    if optimizers.is_gone(recording, optimizer):
        return None  # it can't even be made: TAP904 tells that, and that what takes its place has no `minimize`
    if generation == 3:
        if isinstance(loss, (Function, Bound, Partial)):
            return "computed" if isinstance(_written(apply, "loss", 0), ast.Lambda) else "function"
        if recorded:
            return ""
        if _asked(recording, apply) is not None:
            return "asked"
        return "computed" if _computed(loss) else "unknown"
    if any(keyword.arg is None for keyword in apply.node.keywords) or not _computed(loss):
        return None
    if len(apply.args) < 2 and "var_list" not in apply.kwargs:
        return "keras2_no_variables_recorded" if recorded else "keras2_no_variables"
    if "tape" in apply.kwargs or len(apply.args) > 4:
        return None
    return "keras2_recorded" if recorded else "keras2"


def _recorder(recording: Recording, apply: Apply) -> Tape | None:
    """The tape that can be asked about the loss: the one handed over, or the last that certainly recorded it."""
    tape = _last_recorder(recording, apply)
    return tape if tape is not None and _asked(recording, apply) is None else None


def _last_recorder(recording: Recording, apply: Apply) -> Tape | None:
    tape = apply.kwargs.get("tape")
    loss = apply.kwargs.get("loss") or (apply.args[0] if apply.args else None)
    sessions = loss.sessions if isinstance(loss, Data) else frozenset()
    if isinstance(tape, Tape):
        by_it = any(recording.sessions[number].tape is tape for number in sessions)
        return tape if by_it or not _computed(loss) else None
    return recording.sessions[max(sessions)].tape if sessions else None


def _asked(recording: Recording, apply: Apply) -> Event | None:
    """The question that the tape has answered already, if it answers one only."""
    tape = _last_recorder(recording, apply)
    if tape is None or tape.persistent is not False:
        return None
    events = (event for event in recording.events_of(tape) if event.what is Happening.ASK)
    return next((event for event in events if event.time < apply.time), None)


def _written(apply: Apply, name: str, position: int) -> ast.expr | None:
    """The expression of an argument."""
    node = apply.node
    named = next((keyword.value for keyword in node.keywords if keyword.arg == name), None)
    return named or (node.args[position] if len(node.args) > position else None)


def _computed(loss: Value | None) -> bool:
    return loss is not None and is_one_tensor(loss)


def _told(recording: Recording, apply: Apply, variant: str) -> Finding:
    node = apply.node
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    target, variables = _written(apply, "loss", 0), _written(apply, "var_list", 1)
    fields = {
        "optimizer": optimizers.receiver(recording, node),
        "target": recording.text(target.body if isinstance(target, ast.Lambda) else target) if target else "loss",
        "variables": recording.text(variables) if variables is not None else "variables",
    }
    loss = apply.kwargs.get("loss") or (apply.args[0] if apply.args else None)
    marks: list[tuple[Mark, ...]] = [optimizers.made(recording, apply.optimizer)]
    tape = _last_recorder(recording, apply)
    if tape is not None:
        fields["tape"] = story.tape_name(tape)
        marks.append(story.opened(recording, tape, apply.time))
    if variant == "asked" and (answered := _asked(recording, apply)) is not None:
        marks.append(story.mark(recording, "gradient", answered.place))
    if isinstance(loss, Data) and target is not None and loss.place is not None and loss.place.node is not target:
        marks.append(story.mark(recording, "target", loss.place))
    fix = _fix(recording, apply, keywords, target, variables) if variant == "" else None
    return story.told(recording, CODE, node, fields, marks, variant, apply.context, fix)


def _fix(
    recording: Recording,
    apply: Apply,
    keywords: dict[str | None, ast.expr],
    target: ast.expr | None,
    variables: ast.expr | None,
) -> Fix | None:
    """`tape.gradient` and `apply_gradients`, where the tape that recorded the loss is handed over."""
    tape = keywords.get("tape")
    loss = apply.args[0] if apply.args else apply.kwargs.get("loss")
    if tape is None or target is None or not isinstance(variables, (ast.Name, ast.Attribute, ast.List)):
        return None
    if set(keywords) - {"tape", "loss", "var_list"} or not _computed(loss) or not isinstance(target, ast.Name):
        return None
    if isinstance(variables, ast.Name) and not variables.id:
        return None
    segment = recording.segment
    given, chosen = segment(recording.span(tape)), segment(recording.span(variables))
    name = optimizers.receiver(recording, apply.node)
    gradients = f"{given}.gradient({segment(recording.span(target))}, {chosen})"
    text = f"{name}.apply_gradients(zip({gradients}, {chosen}))"
    edit = Edit(recording.span(apply.node), text)
    message = f"ask the tape, then apply: zip({given}.gradient(...), {recording.text(variables)})"
    return Fix(message, Applicability.SAFE, (edit,))
