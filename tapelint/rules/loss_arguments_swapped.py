"""TAP716: the prediction stands where a loss wants the labels."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import CUTS, Const, Data, Kind, Sequence, Value, Variable, VariableSet
from tapelint.rules import story

CODE = "TAP716"
_PARAMETERS = (("y_true", "y_pred"), ("labels", "logits"))
_LOSSES = frozenset(
    {
        "BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
        "SparseCategoricalCrossentropy", "KLDivergence", "Poisson", "CategoricalHinge",
        "MeanAbsolutePercentageError", "binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy",
        "categorical_focal_crossentropy", "sparse_categorical_crossentropy", "kl_divergence", "poisson",
        "categorical_hinge", "mean_absolute_percentage_error",
    }
)  # fmt: skip
"""Losses that are others when their arguments change places."""


_RAW = frozenset(
    {
        "tensorflow.nn.sigmoid_cross_entropy_with_logits", "tensorflow.nn.softmax_cross_entropy_with_logits",
        "tensorflow.nn.weighted_cross_entropy_with_logits",
    }
)  # fmt: skip
"""Functions of TensorFlow with the labels first. Other scores may stand behind them on purpose, zeros and ones not."""
_LABELS = frozenset(
    {
        "tensorflow.one_hot", "tensorflow.ones", "tensorflow.ones_like", "tensorflow.zeros", "tensorflow.zeros_like",
    }
)  # fmt: skip


def find(recording: Recording) -> Iterator[Finding]:
    for number, operation in recording.operations.items():
        name, raw = operation.function.rsplit(".", 1)[-1], operation.function in _RAW
        if not raw and not (operation.function.startswith("keras.losses.") and name in _LOSSES):
            continue
        if not recording.here(operation.place) or operation.context.guarded("ValueError"):
            continue
        names = _PARAMETERS[raw]
        first, second = operation.get(0, names[0]), operation.get(1, names[1])
        if first is None or second is None or not _trained(recording, first):
            continue
        if not (recording.made_by(second)[0] in _LABELS if raw else _fixed(recording, second)):
            continue
        ask = _asked(recording, number, first)
        if ask is not None:
            yield _told(recording, operation, ask)
    for use in recording.uses:
        call = use.place.node
        if use.name != "compute_loss" or use.how != "call" or not isinstance(call, ast.Call) or not use.certain:
            continue
        if len(call.args) != 2 or call.keywords or any(isinstance(argument, ast.Starred) for argument in call.args):
            continue
        if recording.here(use.place) and not use.context.guarded("ValueError", "AttributeError"):
            words = [recording.text(argument) for argument in call.args]
            fields = {"op": recording.text(call.func), "name": words[0], "target": words[1]}
            yield story.told(recording, CODE, call, fields, (), "first_input", use.context)


def _trained(recording: Recording, value: Value) -> bool:
    """Whether a value certainly is computed from trainable variables, without a cut."""
    behind = recording.behind(value, ends=lambda item: item.kind is not Kind.TENSOR)
    weight = next((item for item in behind if isinstance(item, (Variable, VariableSet))), None)
    if isinstance(weight, VariableSet):
        return weight.which != "non_trainable"
    return isinstance(weight, Variable) and weight.trainable is True


def _fixed(recording: Recording, value: Value) -> bool:
    """Whether a value certainly depends on no variable at all."""
    return all(
        isinstance(item, (Data, Const)) or (isinstance(item, Sequence) and item.id in recording.contents)
        for item in recording.behind(value, cuts=CUTS, ends=_constant)
    )


def _constant(value: Data) -> bool:
    """Whether a tensor takes its shape from another, and nothing else."""
    return value.op.rsplit(".", 1)[-1] in ("ones_like", "zeros_like", "shape")


def _asked(recording: Recording, number: int, prediction: Value) -> Ask | None:
    """The gradient that is asked of this loss with respect to the variables behind the prediction."""
    for ask in recording.asks:
        if all(item.id != number for item in recording.behind(ask.target, cuts=CUTS, maybe=True)):
            continue
        if recording.sourced(ask, prediction, maybe=True):
            return ask
    return None


def _told(recording: Recording, operation: Operation, ask: Ask) -> Finding:
    node = operation.place.node
    names = _PARAMETERS[operation.function in _RAW]
    first, second = _arguments(node, names)
    op = recording.text(node.func) if isinstance(node, ast.Call) else operation.function
    fields = {
        "op": op,
        "name": recording.text(first) if first is not None else names[0],
        "target": recording.text(second) if second is not None else names[1],
    }
    fix = None
    if first is not None and second is not None:
        one, other = recording.span(first), recording.span(second)
        segment = recording.segment
        edits = tuple(sorted((Edit(one, segment(other)), Edit(other, segment(one))), key=lambda edit: edit.span.start))
        fix = Fix(f"swap them: {op}({fields['target']}, {fields['name']})", Applicability.UNSAFE, edits)
    made = operation.callee.place if operation.callee is not None else None
    marks = (story.mark(recording, "made", made), story.asked(recording, ask))
    return story.told(recording, CODE, first or node, fields, marks, "", operation.context, fix)


def _arguments(node: ast.AST, names: tuple[str, str]) -> tuple[ast.expr | None, ast.expr | None]:
    """The expressions of the labels and of the prediction, as the call has them."""
    if not isinstance(node, ast.Call) or any(isinstance(arg, ast.Starred) for arg in node.args):
        return None, None
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    first = node.args[0] if node.args else given.get(names[0])
    second = node.args[1] if len(node.args) > 1 else given.get(names[1])
    return first, second
