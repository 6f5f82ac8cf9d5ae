"""TAP405: a derivative that is zero everywhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask, Standing
from tapelint.play.recording import Recording
from tapelint.play.values import Const, CutKind, Data, Object, Place, Symbol, Value
from tapelint.rules import story
from tapelint.rules.gradients import fields_of
from tapelint.tensorflow import api

CODE = "TAP405"

_SOFTMAX = frozenset(
    {"tensorflow.math.softmax", "keras.activations.softmax", "keras.backend.softmax", "keras.ops.softmax"}
)
_TOTALS = frozenset({"tensorflow.reduce_sum", "tensorflow.reduce_mean", "keras.ops.sum", "keras.ops.mean"})


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.ZERO):
        met = case.met
        bent = story.straight(recording, case.ask)
        if met is not None and bent is not None:
            fields = {"op": recording.text(_named(met.cut.place.node)), "first": recording.text(bent.node)}
            marks = (story.mark(recording, "bend", met.cut.place), story.opened(recording, case.ask.tape))
            if recording.here(case.ask.place):
                variant, context = "second", case.ask.context
                yield story.told(recording, CODE, case.ask.place, {**case.fields, **fields}, marks, variant, context)
            continue
        op = met.cut.op if met is not None else ""
        variant = "cancel" if op in ("+", "-") else "lone" if op == "softmax" else ""
        extra = {"name": recording.text(met.cut.place.node)} if met is not None else {}
        finding = story.cut_finding(CODE, case, variant, extra)
        if finding is not None:
            yield finding
    for ask in recording.asks:
        found = _softmax(recording, ask)
        if found is not None:
            probabilities, place = found
            seen = story.beside_tape(recording, ask, probabilities, place)
            own = story.value_name(recording, probabilities) if seen.node is place.node else ""
            words = own or story.assigned_name(recording, seen) or recording.text(seen)
            fields = {**fields_of(recording, ask), "probabilities": words}
            mark = story.mark(recording, "softmax", place)
            yield story.told(recording, CODE, ask.place, fields, (mark,), "softmax", ask.context)


def _named(node: ast.AST) -> ast.AST:
    """The words for an operation: its function, where it is a call."""
    return node.func if isinstance(node, ast.Call) else node


def _softmax(recording: Recording, ask: Ask) -> tuple[Value, Place] | None:
    """The softmax whose sum is differentiated, and where: the sum of all probabilities never changes."""
    if ask.method != "gradient" or ask.expected_none or ask.context.experiment or not recording.here(ask.place):
        return None
    if "output_gradients" in ask.arguments or not ask.verdicts:
        return None
    if any(verdict.standing is not Standing.CONNECTED for verdict in ask.verdicts):
        return None
    target = ask.target
    if any(leaf is target for leaf in recording.leaves(ask.sources)):
        return None
    for _ in range(3):
        name, operation = recording.made_by(target)
        if operation is None:
            return None
        if name in _TOTALS and operation.args:
            target = operation.args[0]
            continue
        if name in _SOFTMAX or (operation.callee is not None and _ends_in_softmax(recording, operation.callee)):
            if not isinstance(target, Data) or any(leaf is target for leaf in recording.leaves(ask.sources)):
                return None
            return target, operation.place
        return None
    return None


def _ends_in_softmax(recording: Recording, layer: Value, depth: int = 4) -> bool:
    """Whether what a layer or Sequential model gives certainly are probabilities that add up to one."""
    if not isinstance(layer, Object) or not depth:
        return False
    if layer.kind == "model":
        parts = recording.layers.get(layer.id, ())
        return bool(parts) and _ends_in_softmax(recording, parts[-1], depth - 1)
    name = layer.symbol.rsplit(".", 1)[-1]
    if layer.kind != "layer" or name not in ("Dense", "Activation", "Softmax"):
        return False
    if name == "Softmax":
        return True
    activation = layer.args.get("activation") or layer.args.get("1" if name == "Dense" else "0")
    if isinstance(activation, Const):
        return activation.value == "softmax"
    return isinstance(activation, Symbol) and api.resolve(activation.name) in _SOFTMAX
