"""TAP404: an operation that has no gradient function on a path to the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Ask, Standing
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, CutKind, Data, Object, Symbol, Value, Variable, VariableSet
from tapelint.rules import story
from tapelint.rules.formulas import prefix
from tapelint.rules.gradients import fields_of
from tapelint.tensorflow import api

CODE = "TAP404"
_ONLY_ONCE = frozenset(
    {
        "tensorflow.math.softsign", "tensorflow.nn.softsign", "keras.activations.softsign", "tensorflow.nn.lrn",
        "tensorflow.nn.local_response_normalization", "tensorflow.nn.dilation2d",
    }
)  # fmt: skip
"""Operations whose gradient is an operation that has none."""
_SMOOTH = frozenset({"bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"})
"""The methods of resizing of which the same holds."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NO_GRADIENT):
        assert case.met is not None
        if case.verdict.raising is None or case.ask.context.guarded("LookupError"):
            continue
        op = case.met.cut.op
        variant = "contrast" if op.endswith("adjust_contrast") else "resize-area" if op == "tf.image.resize" else ""
        finding = story.cut_finding(CODE, case, variant, fix=_fix(recording, case.met.cut.place.node, variant))
        if finding is not None:
            yield finding

    for ask in recording.asks:
        if ask.certain and recording.here(ask.place) and not ask.context.guarded("LookupError"):
            found = _second(recording, ask)
            if found is not None:
                yield found


def _second(recording: Recording, ask: Ask) -> Finding | None:
    """A second derivative through an operation whose gradient has no gradient itself."""
    if ask.session is None or all(verdict.standing is not Standing.CONNECTED for verdict in ask.verdicts):
        return None
    for inner in story.asks_behind(recording, ask.target):
        recorded = any(isinstance(one, Data) and ask.session.id in one.sessions for one in inner.results)
        if inner is ask or inner.method != "gradient" or not recorded:
            continue
        outer = recording.leaves(ask.sources)
        sources = recording.leaves(inner.sources)
        passed = list(recording.behind(inner.target, ends=_is_gradient))
        learned = any(isinstance(value, (Variable, VariableSet)) for value in passed)
        if not learned and not any(one is other for one in outer for other in sources):
            continue  # the outer tape has nothing of it to record
        for value in passed:
            operation = recording.replayed.get(value.id) or recording.operations.get(value.id)
            words = _once(recording, operation) if operation is not None else ""
            if operation is None or not words or not isinstance(value, Data) or ask.session.id not in value.sessions:
                continue
            if not recording.sourced(inner, value):
                continue
            fields = {**fields_of(recording, ask), "op": words, "first": recording.text(inner.node)}
            marks = (
                story.mark(recording, "used", operation.place),
                story.mark(recording, "first", inner.place),
                story.opened(recording, ask.tape),
            )
            return story.told(recording, CODE, ask.place, fields, marks, "second", ask.context)
    return None


def _is_gradient(value: Data) -> bool:
    return value.ask is not None


def _once(recording: Recording, operation: Operation) -> str:
    """The words for an operation, or a layer in what was called, that can be differentiated only once; else empty."""
    name = api.resolve(operation.function)
    if name in _ONLY_ONCE:
        return operation.function.replace("tensorflow.", "tf.", 1)
    if name == "tensorflow.image.resize":
        method, antialias = operation.get(2, "method"), operation.get(4, "antialias")
        smooth = isinstance(antialias, Const) and antialias.value is True and _word(method) in ("", "bilinear")
        return "tf.image.resize" if smooth or _word(method) in _SMOOTH else ""
    return _layer_once(recording, operation.callee)


def _layer_once(recording: Recording, layer: Value | None, depth: int = 4) -> str:
    if not isinstance(layer, Object) or not depth:
        return ""
    if layer.kind == "model":
        each = (_layer_once(recording, part, depth - 1) for part in recording.layers.get(layer.id, layer.parts))
        return next((words for words in each if words), "")
    last = layer.symbol.rsplit(".", 1)[-1]
    if layer.kind != "layer" or not layer.symbol.startswith("keras.layers."):
        return ""
    if last == "UpSampling2D" and _word(layer.args.get("interpolation")) in _SMOOTH:
        return "UpSampling2D"
    given = layer.args.get("activation") or (layer.args.get("0") if last == "Activation" else None)
    named = isinstance(given, Symbol) and api.resolve(given.name) in _ONLY_ONCE
    return "softsign" if _word(given) == "softsign" or named else ""


def _word(value: Value | None) -> str:
    return value.value if isinstance(value, Const) and isinstance(value.value, str) else ""


def _fix(recording: Recording, node: ast.AST, variant: str) -> Fix | None:
    """Another method of resizing, or the contrast by its formula."""
    if not isinstance(node, ast.Call):
        return None
    if variant == "resize-area":
        given = next((keyword for keyword in node.keywords if keyword.arg == "method"), None)
        if given is None or any(keyword.arg in ("antialias", None) for keyword in node.keywords):
            return None
        edit = Edit(recording.span(given), 'method="bilinear", antialias=True')
        return Fix("resize by the bilinear method", Applicability.UNSAFE, (edit,))
    tf = prefix(recording, node)
    if variant != "contrast" or tf is None or len(node.args) != 2 or node.keywords:
        return None
    first, second = node.args
    if not isinstance(first, (ast.Name, ast.Attribute)) or not isinstance(second, (ast.Name, ast.Constant)):
        return None
    image, factor = recording.text(first, 200), recording.text(second, 200)
    mean = f"{tf}.reduce_mean({image}, axis=[-3, -2], keepdims=True)"
    edit = Edit(recording.span(node), f"(({image} - {mean}) * {factor} + {mean})")
    return Fix("write out the formula", Applicability.UNSAFE, (edit,))
