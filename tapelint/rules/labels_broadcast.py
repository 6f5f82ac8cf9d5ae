"""TAP719: labels of shape (n,) against predictions of shape (n, 1)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.shape import REDUCING
from tapelint.play.values import CUTS, Data, Kind, Unknown, Value, Variable, VariableSet
from tapelint.rules import story
from tapelint.rules.jacobian_arguments import shape_of

CODE = "TAP719"
_DIFFERENCES = frozenset({"-", "tf.subtract", "tf.math.subtract", "tf.math.squared_difference"})


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        behind = list(recording.behind(ask.target, cuts=CUTS, maybe=True))
        for value in behind:
            if not isinstance(value, Data) or value.op not in _DIFFERENCES or value.place is None:
                continue
            pair = _pair(value)
            if pair is None or not recording.here(value.place) or not _averaged(behind, value):
                continue
            flat, column = pair
            if not _apart(recording, flat, column):
                continue
            yield _told(recording, ask, value, flat, column)


def _pair(value: Data) -> tuple[Value, Value] | None:
    """The operands of shapes (n,) and (n, 1), n above one."""
    links = [link.value for link in value.links if link.cut is None]
    if len(links) != 2:
        return None
    for flat, column in (links, links[::-1]):
        one, other = shape_of(flat), shape_of(column)
        if one is not None and len(one) == 1 and one[0] is not None and one[0] > 1 and other == (one[0], 1):
            return flat, column
    return None


def _apart(recording: Recording, one: Value, other: Value) -> bool:
    """Whether one side is trained and the other made from something else altogether."""
    mine, theirs = (set(recording.behind(side, cuts=CUTS, maybe=True)) for side in (one, other))
    if not _from_layer(other) and not all(_unpaired(value) for value in mine & theirs):
        return False
    mine, theirs = (set(recording.behind(side, maybe=True)) for side in (one, other))
    found = [any(isinstance(value, (Variable, VariableSet)) for value in side) for side in (mine, theirs)]
    unknown = any(isinstance(value, Unknown) and value.inputs for value in mine | theirs)
    return found.count(True) == 1 and not unknown


def _from_layer(value: Value) -> bool:
    """Whether a layer or model gave the column as it is: nobody made it one in order to get a table."""
    if not isinstance(value, Data) or value.op == "gradient":
        return False
    return any(isinstance(link.value, VariableSet) and not link.value.part for link in value.links)


def _unpaired(value: Value) -> bool:
    """Whether a value may stand behind both sides without every pair of its entries being wanted.

    NumPy makes labels from the features, and a model predicts its own targets.
    """
    return isinstance(value, (Variable, VariableSet)) or (isinstance(value, Data) and value.kind is Kind.ARRAY)


def _averaged(behind: list[Value], table: Data) -> bool:
    """Whether the whole table, as it is, is summed or averaged to one number."""
    whole = {table.id}
    for value in sorted(behind, key=lambda value: value.time):
        if not isinstance(value, Data) or value.time <= table.time:
            continue
        if any(link.value.id in whole for link in value.links):
            if value.shape == table.shape and table.shape is not None:
                whole.add(value.id)
            elif value.shape == () and value.op.rsplit(".", 1)[-1] in REDUCING:
                return True
    return False


def _told(recording: Recording, ask: Ask, value: Data, flat: Value, column: Value) -> Finding:
    assert value.place is not None
    node = value.place.node
    operands = _operands(node)
    links = [link.value for link in value.links if link.cut is None]
    names = dict(zip((link.id for link in links), operands, strict=False)) if len(operands) == 2 else {}
    fields = {
        "name": recording.text(names[flat.id]) if flat.id in names else "the labels",
        "target": recording.text(names[column.id]) if column.id in names else "the prediction",
        "source": str(shape_of(flat)),
        "variables": str(shape_of(column)),
        "op": "difference",
    }
    marks = (
        story.mark(recording, "source", flat.place),
        story.mark(recording, "target", column.place),
        story.asked(recording, ask),
    )
    return story.told(recording, CODE, node, fields, marks, "", ask.context)


def _operands(node: ast.AST) -> tuple[ast.expr, ...]:
    if isinstance(node, ast.BinOp):
        return (node.left, node.right)
    if isinstance(node, ast.Call) and len(node.args) == 2:
        return (node.args[0], node.args[1])
    return ()
