"""TAP610: a Python operator, index or `.numpy()` on the sparse gradient of an embedding."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play.ask import Ask, Standing
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import CUTS, Const, Data, Kind, Object, Place, Unknown, Value, Variable, VariableSet
from tapelint.rules import story
from tapelint.rules.edits import tensorflow_name
from tapelint.rules.gradients import ask_of, fields_of, source_of, wrapped

CODE = "TAP610"


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.how not in ("operator", "index", "method") or not recording.here(work.place):
            continue
        ask = ask_of(work.value)
        if ask is None or ask.method != "gradient" or work.context.guarded("TypeError", "AttributeError"):
            continue
        if any(verdict.standing is not Standing.CONNECTED for verdict in ask.verdicts) or not ask.verdicts:
            continue
        if not _refused(recording, work):
            continue
        lookup = looked_up(recording, work.value, work)
        if lookup is not None:
            yield _told(recording, work, ask, lookup)


def _refused(recording: Recording, work: Work) -> bool:
    """Whether the operation certainly does not work on rows and indices."""
    if work.how == "index":
        return True
    if work.how == "method":
        return work.op == "numpy"
    if not work.others:
        return False  # `-gradient` works
    other = work.others[0]
    if isinstance(other, Const):
        return other.is_number
    if isinstance(other, Data) and other.kind is Kind.NUMBER:
        return True
    return ask_of(other) is not None and looked_up(recording, other, work) is not None


def looked_up(recording: Recording, gradient: Value, work: Work) -> Place | None:
    """Where the rows are looked up, if that is all that the target does with the source of this gradient."""
    ask, source = ask_of(gradient), source_of(gradient)
    if ask is None or not isinstance(source, (Variable, VariableSet)):
        return None
    found: Place | None = None
    for value, parent in recording.reads(ask.target, maybe=True):
        if isinstance(value, Unknown) and any(
            _is(item, source) for item in recording.behind(value, cuts=CUTS, maybe=True)
        ):
            return None  # what it does with the source can't be told
        if not _is(value, source):
            continue
        if not _rows(recording, parent, source, work):
            return None
        found = parent.place
    return found or _among_all(recording, ask, source, work)


def _among_all(recording: Recording, ask: Ask, source: Value, work: Work) -> Place | None:
    """Where an embedding is looked up whose gradient is among those of all weights, and a loop goes through all.

    A condition in the loop may be there to tell this gradient from the others.
    """
    if not ask.embedded or ask.sources is not source or not work.context.loops or _told_apart(recording, work):
        return None
    for layer in ask.embedded:
        reads = [
            (value, parent) for value, parent in recording.reads(ask.target, maybe=True)
            if isinstance(value, VariableSet) and value.owner is layer
        ]  # fmt: skip
        if reads and all(_rows(recording, parent, value, work) for value, parent in reads):
            return reads[-1][1].place
    return None


def _told_apart(recording: Recording, work: Work) -> bool:
    """Whether the loop around an operation holds any condition."""
    loop = work.context.loops[-1].place.node
    return any(isinstance(part, (ast.If, ast.IfExp, ast.Try, ast.Match)) for part in walk(loop)) or any(
        generator.ifs
        for part in walk(loop)
        if isinstance(part, (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp))
        for generator in part.generators
    )


def _is(value: Value, source: Value) -> bool:
    if value is source:
        return True
    return isinstance(value, VariableSet) and isinstance(source, VariableSet) and value.owner is source.owner


def _rows(recording: Recording, parent: Data, source: Value, work: Work) -> bool:
    """Whether a step reads single rows of the source, so that its gradient holds these only."""
    operation = recording.operations.get(parent.id)
    if operation is None:
        return False
    last = operation.function.rsplit(".", 1)[-1]
    if operation.function in ("tensorflow.gather", "tensorflow.nn.embedding_lookup"):
        return len(operation.args) == 2 and not operation.kwargs and _is(operation.args[0], source)
    callee = operation.callee
    if not isinstance(callee, Object) or not isinstance(source, VariableSet):
        return False
    if last == "Embedding":
        return source.owner is callee
    if last == "Sequential" and callee.whole and source.owner is callee and work.context.loops:
        layers = [part for part in callee.parts if isinstance(part, Object)]
        return bool(layers) and layers[0].symbol.endswith(".Embedding")  # a loop over all gradients meets this one
    return False


def _told(recording: Recording, work: Work, ask: Ask, lookup: Place) -> Finding:
    source = source_of(work.value)
    owner = source.owner if isinstance(source, VariableSet) else source
    fields = fields_of(recording, ask)
    name = recording.names.get(owner.id, "") if owner is not None else ""
    weights = isinstance(source, VariableSet) and name
    fields["source"] = f"{name}.trainable_variables" if weights else name or fields["source"]
    fields["op"] = {"index": "[...]", "method": ".numpy()"}.get(work.how, work.op)
    marks = (story.mark(recording, "cut", lookup), story.asked(recording, ask))
    return story.told(recording, CODE, work.place, fields, marks, "", work.context, _fix(recording, work))


def _fix(recording: Recording, work: Work) -> Fix | None:
    """Make the gradient dense where it is used."""
    node = work.place.node
    name = tensorflow_name(recording)
    operand: ast.expr | None = None
    if isinstance(node, ast.BinOp):
        operand = node.left if work.number == 0 else node.right
    elif isinstance(node, ast.Subscript):
        operand = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        operand = node.func.value
    if operand is None or not name:
        return None
    edits = wrapped(recording, operand, f"{name}.convert_to_tensor(", ")")
    return Fix("make the gradient dense with `tf.convert_to_tensor`", Applicability.UNSAFE, edits)
