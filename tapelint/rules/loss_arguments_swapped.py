"""TAP716: the prediction stands where a Keras loss wants the labels."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Ask, Operation, Recording
from tapelint.play.values import Const, Data, Kind, Sequence, Value, Variable, VariableSet
from tapelint.rules import optimizers, story

CODE = "TAP716"
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


def find(recording: Recording) -> Iterator[Finding]:
    for number, operation in recording.operations.items():
        name = operation.function.rsplit(".", 1)[-1]
        if not operation.function.startswith("keras.losses.") or name not in _LOSSES:
            continue
        if not recording.here(operation.place) or operation.context.guarded("ValueError"):
            continue
        first, second = operation.get(0, "y_true"), operation.get(1, "y_pred")
        if first is None or second is None or not _trained(first) or not _fixed(recording, second):
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
            names = [recording.text(argument) for argument in call.args]
            fields = {"op": recording.text(call.func), "name": names[0], "target": names[1]}
            yield story.told(recording, CODE, call, fields, (), "first_input", use.context)


def _trained(value: Value) -> bool:
    """Whether a value certainly is computed from trainable variables, without a cut."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack and len(seen) < 400:
        item = stack.pop()
        if item.id in seen:
            continue
        seen.add(item.id)
        if isinstance(item, VariableSet):
            return item.which != "non_trainable"
        if isinstance(item, Variable):
            return item.trainable is True
        if isinstance(item, Data) and item.kind is Kind.TENSOR:
            stack.extend(link.value for link in item.links if link.cut is None)
    return False


def _fixed(recording: Recording, value: Value) -> bool:
    """Whether a value certainly depends on no variable at all."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if item.id in seen:
            continue
        seen.add(item.id)
        if isinstance(item, Data):
            if item.op.rsplit(".", 1)[-1] not in ("ones_like", "zeros_like", "shape"):
                stack.extend(link.value for link in item.links)
        elif isinstance(item, Sequence) and item.id in recording.contents:
            stack.extend(recording.contents[item.id])
        elif not isinstance(item, Const):
            return False
    return True


def _asked(recording: Recording, number: int, prediction: Value) -> Ask | None:
    """The gradient that is asked of this loss with respect to the variables behind the prediction."""
    variables = {
        item.owner.id if isinstance(item, VariableSet) else item.id
        for item in optimizers.behind(recording, prediction).values()
        if isinstance(item, (Variable, VariableSet))
    }
    for ask in recording.asks:
        if number not in optimizers.behind(recording, ask.target):
            continue
        for leaf in recording.leaves(ask.sources):
            if (leaf.owner.id if isinstance(leaf, VariableSet) else leaf.id) in variables:
                return ask
    return None


def _told(recording: Recording, operation: Operation, ask: Ask) -> Finding:
    node = operation.place.node
    first, second = _arguments(node)
    op = recording.text(node.func) if isinstance(node, ast.Call) else operation.function
    fields = {
        "op": op,
        "name": recording.text(first) if first is not None else "y_true",
        "target": recording.text(second) if second is not None else "y_pred",
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


def _arguments(node: ast.AST) -> tuple[ast.expr | None, ast.expr | None]:
    """The expressions of the labels and of the prediction, as the call has them."""
    if not isinstance(node, ast.Call) or any(isinstance(arg, ast.Starred) for arg in node.args):
        return None, None
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    first = node.args[0] if node.args else given.get("y_true")
    second = node.args[1] if len(node.args) > 1 else given.get("y_pred")
    return first, second
