"""TAP401: the source holds whole numbers, truth values or strings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.play.ask import Fault
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Const, Data, Place, Variable, VariableSet
from tapelint.rules import story
from tapelint.tensorflow import api

CODE = "TAP401"
_ARITHMETIC = frozenset(
    {
        "+", "-", "*", "/", "**", "unary -", "tensorflow.square", "tensorflow.multiply", "tensorflow.add",
        "tensorflow.subtract", "tensorflow.reduce_sum", "tensorflow.reduce_mean", "tensorflow.pow",
    }
)  # fmt: skip
_NAMES = {"int": "integer", "bool": "bool", "string": "string"}


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.INTEGER_SOURCE):
        source = case.verdict.source
        if not isinstance(source, (Data, Variable)) or source.place is None or not recording.here(source.place):
            continue
        fields = {**case.fields, "dtype": _NAMES.get(source.dtype, source.dtype)}
        fields["source"] = recording.names.get(source.id) or fields["source"]
        member = isinstance(source, Variable) and any(
            isinstance(leaf, VariableSet) for leaf in recording.leaves(case.ask.sources)
        )
        if member:
            fields["source"] = story.weight_name(recording, source)
        watched = next(
            (
                event
                for event in recording.happened(Happening.WATCH)
                if event.tape is case.ask.tape and event.value is source
            ),
            None,
        )
        node = source.place.node
        told_dtype = isinstance(node, ast.Call) and any(keyword.arg == "dtype" for keyword in node.keywords)
        marks: tuple[tuple[Mark, ...], ...] = (
            story.mark(recording, "watch", watched.place if watched is not None else None),
            story.opened(recording, case.ask.tape, case.ask.time),
            story.asked(recording, case.ask),
        )
        variant = "dtype" if source.links or _whole(recording, source) else "told" if told_dtype else ""
        variant = "member" if member else variant
        fix = _fix(recording, case, source.place.node) if not variant else None
        place: Place | ast.AST = source.place
        if isinstance(source, Data) and source.op == "tf.function":
            variant, place = "traced", (watched.place if watched is not None else case.verdict.node)
            marks = (story.mark(recording, "call", source.place), *marks)
        yield story.told(recording, CODE, place, fields, marks, variant, case.ask.context, fix)


def _whole(recording: Recording, source: Data | Variable) -> bool:
    """Whether the values come from a function that gives whole numbers whatever it is given."""
    operation = recording.operations.get(source.id)
    op = api.op(operation.function) if operation is not None else None
    return op is not None and op.result == "int"


def _only_computed_with(recording: Recording, case: story.Missing) -> bool:
    """Whether the source meets nothing but numbers and other sources, in arithmetic."""
    sources = {leaf.id for leaf in recording.leaves(case.ask.sources)}
    for operation in recording.operations.values():
        if any(value is case.verdict.source for value in operation.args):
            others = [value for value in operation.args if value.id not in sources]
            if operation.function not in _ARITHMETIC or not all(isinstance(value, Const) for value in others):
                return False
    return True


def _fix(recording: Recording, case: story.Missing, node: ast.AST) -> Fix | None:
    """`tf.Variable(3)` becomes `tf.Variable(3.0)`: all numbers of a literal get a point."""
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    edits: list[Edit] = []
    for part in walk(node.args[0]):
        if isinstance(part, ast.Constant):
            words = recording.segment(recording.span(part))
            if type(part.value) is not int or not words.isdigit():
                return None
            end = recording.span(part).end
            edits.append(Edit(Span(end, end), ".0"))
        elif not isinstance(part, (ast.List, ast.Tuple, ast.UnaryOp, ast.USub, ast.Load)):
            return None
    edits.sort(key=lambda edit: edit.span)
    applicability = Applicability.SAFE if _only_computed_with(recording, case) else Applicability.UNSAFE
    return Fix("write floating-point numbers", applicability, tuple(edits)) if edits else None
