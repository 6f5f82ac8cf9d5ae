"""TAP409: a loss for probabilities gets raw scores, or a loss for raw scores gets probabilities."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Const, Data, Object, Symbol, Value
from tapelint.rules import formulas, story
from tapelint.rules.gradients import fields_of

CODE = "TAP409"
_OBJECTS = {
    "keras.losses.BinaryCrossentropy": "sigmoid",
    "keras.losses.CategoricalCrossentropy": "softmax",
    "keras.losses.SparseCategoricalCrossentropy": "softmax",
}
_FUNCTIONS = {
    "keras.losses.binary_crossentropy": "sigmoid",
    "keras.losses.categorical_crossentropy": "softmax",
    "keras.losses.sparse_categorical_crossentropy": "softmax",
}
_RAW = {
    "tensorflow.nn.sigmoid_cross_entropy_with_logits": "sigmoid",
    "tensorflow.nn.softmax_cross_entropy_with_logits": "softmax",
    "tensorflow.nn.sparse_softmax_cross_entropy_with_logits": "softmax",
}
_ACTIVATIONS = {
    "tensorflow.math.softmax": "softmax",
    "tensorflow.sigmoid": "sigmoid",
    "keras.activations.softmax": "softmax",
    "keras.activations.sigmoid": "sigmoid",
}
_DENSE = {"keras.layers.Dense": 1, "keras.layers.Conv1D": -1, "keras.layers.Conv2D": -1, "keras.layers.Conv3D": -1}
"""Layers with an `activation=`, and its position."""
_PASSING = frozenset(
    {"tensorflow.reshape", "tensorflow.squeeze", "tensorflow.expand_dims", "tensorflow.identity", "tensorflow.cast"}
)
_PASSING_LAYERS = frozenset({"keras.layers.Flatten", "keras.layers.Reshape", "keras.layers.Dropout"})


def find(recording: Recording) -> Iterator[Finding]:
    for ask, _, operation in formulas.on_paths(recording):
        told = _mismatch(recording, operation)
        if told is None:
            continue
        variant, made, used, words = told
        fields = {**fields_of(recording, ask), **words}
        marks = (
            story.mark(recording, "made", made),
            story.mark(recording, "used", used),
            story.opened(recording, ask.tape, ask.time),
            story.asked(recording, ask),
        )
        fix = _fix(recording, operation, made) if variant != "twice" else None
        yield story.told(recording, CODE, operation.place, fields, marks, variant, ask.context, fix)


def _mismatch(
    recording: Recording, operation: Operation
) -> tuple[str, ast.AST | None, ast.AST | None, dict[str, str]] | None:
    """The variant, where the loss and the last layer are made, and the words of the message."""
    loss = operation.callee
    made: ast.AST | None = None
    if isinstance(loss, Object) and loss.symbol in _OBJECTS:
        wanted, flag = _OBJECTS[loss.symbol], loss.args.get("from_logits", loss.args.get("0"))
        made = loss.place.node if loss.place is not None and recording.here(loss.place) else None
        scores = operation.get(1, "y_pred")
    elif operation.function in _FUNCTIONS and loss is None:
        wanted, flag = _FUNCTIONS[operation.function], operation.get(2, "from_logits")
        scores = operation.get(1, "y_pred")
    elif operation.function in _RAW and loss is None:
        wanted, flag = _RAW[operation.function], Const(True)
        scores = operation.get(1, "logits")
    else:
        return None
    raw = isinstance(flag, Const) and flag.value is True
    if flag is not None and not (isinstance(flag, Const) and isinstance(flag.value, bool)):
        return None
    activation, layer, by_layer = last_activation(recording, scores)
    node = operation.place.node
    op = recording.text(getattr(node, "func", node))
    name = _given(recording, operation, scores) or _name(recording, operation, scores)
    words = {"op": op, "name": name, "function": activation}
    if not raw and activation == "none":
        return "written" if flag is not None and made is not None else "", made, layer, words
    if raw and activation == wanted and not (by_layer and operation.function not in _RAW):
        return "twice", made, layer, words
    return None


def last_activation(recording: Recording, value: Value | None) -> tuple[str, ast.AST | None, bool]:
    """What was applied last ("none", "softmax", "sigmoid", "" for unknown), where, and whether Keras did it."""
    for _ in range(6):
        operation = recording.operations.get(value.id) if isinstance(value, Data) else None
        if operation is None:
            return "", None, False
        layer = operation.callee
        if isinstance(layer, Object):
            if layer.symbol in _PASSING_LAYERS and operation.args:
                value = operation.args[0]
                continue
            return _of_layer(recording, layer)
        if operation.function in _ACTIVATIONS:
            at = operation.place.node if recording.here(operation.place) else None
            return _ACTIVATIONS[operation.function], at, operation.function.startswith("keras.")
        if operation.function not in _PASSING or not operation.args:
            return "", None, False
        value = operation.args[0]
    return "", None, False


def _of_layer(recording: Recording, layer: Object) -> tuple[str, ast.AST | None, bool]:
    place = layer.place.node if layer.place is not None and recording.here(layer.place) else None
    if layer.symbol in ("keras.Sequential", "keras.models.Sequential"):
        held = recording.layers.get(layer.id, ())
        parts = [part for part in held if not (isinstance(part, Object) and part.symbol in _PASSING_LAYERS)]
        last = parts[-1] if parts else None
        return _of_layer(recording, last) if isinstance(last, Object) else ("", None, False)
    if layer.symbol == "keras.layers.Softmax":
        return "softmax", place, True
    if layer.symbol == "keras.layers.Activation":
        return _named(layer.args.get("activation", layer.args.get("0"))), place, True
    if layer.symbol in _DENSE:
        given = layer.args.get("activation", layer.args.get(str(_DENSE[layer.symbol])))
        if given is None and _DENSE[layer.symbol] < 0 and any(key.isdigit() and int(key) > 1 for key in layer.args):
            return "", None, False
        return ("none" if given is None else _named(given)), place, True
    return "", None, False


def _named(value: Value | None) -> str:
    """The activation that an argument asks for."""
    if isinstance(value, Const):
        if value.value is None or value.value == "linear":
            return "none"
        return str(value.value) if value.value in ("softmax", "sigmoid") else ""
    if isinstance(value, Symbol):
        return "none" if value.name == "keras.activations.linear" else _ACTIVATIONS.get(value.name, "")
    return ""


def _given(recording: Recording, operation: Operation, value: Value | None) -> str:
    """The name that the loss is given, where another function made the value and has a name of its own for it."""
    written, made = _written(operation), value.place if value is not None else None
    if written is None or made is None:
        return ""
    here = recording.here(made)
    if here and story.function_around(recording, made) == story.function_around(recording, operation.place):
        return ""
    return recording.text(written) if isinstance(written, (ast.Name, ast.Attribute)) else ""


def _written(operation: Operation) -> ast.expr | None:
    """The expression that the loss is given as prediction."""
    call = operation.place.node
    if not isinstance(call, ast.Call):
        return None
    named = [keyword.value for keyword in call.keywords if keyword.arg in ("y_pred", "logits")]
    return next(iter(named or call.args[1:2]), None)


def _name(recording: Recording, operation: Operation, value: Value | None) -> str:
    """How the program calls the model, or the value; what an activation is applied to, where that has no name."""
    if value is None:
        return "the model"
    node = value.place.node if value.place is not None and recording.here(value.place) else None
    if isinstance(node, ast.Call) and value.id not in recording.names:
        made = recording.operations.get(value.id)
        function = made is not None and made.callee is None and made.function in _ACTIVATIONS
        given = _written(operation)
        if function and isinstance(given, (ast.Name, ast.Attribute, ast.Subscript)):
            return recording.text(given)
        return story.operand(recording, made.place) if made is not None and function else recording.text(node.func)
    return recording.names.get(value.id, "the model")


def _fix(recording: Recording, operation: Operation, made: ast.AST | None) -> Fix | None:
    call = made if isinstance(made, ast.Call) else operation.place.node
    if not isinstance(call, ast.Call) or (made is None and operation.callee is not None):
        return None
    if any(keyword.arg in ("from_logits", None) for keyword in call.keywords):
        return None
    if len(call.args) > (2 if made is None else 0):
        return None  # `from_logits` is given by its position
    end = recording.span(call).end - 1
    text = recording.source.text
    inner = text[recording.span(call.func).end + 1 : end].rstrip()
    if "\n" in inner or "#" in inner:
        return None
    comma = "" if not inner or inner.endswith(",") else ", "
    return Fix("write `from_logits=True`", Applicability.UNSAFE, (Edit(Span(end, end), f"{comma}from_logits=True"),))
