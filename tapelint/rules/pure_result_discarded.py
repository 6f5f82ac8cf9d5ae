"""TAP312: a call that only returns a new tensor, as a statement of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Operation, Rebinding
from tapelint.play.values import CUTS, CutKind, Data, Kind, Value, Variable, VariableSet, is_one_tensor
from tapelint.rules import story

CODE = "TAP312"
_PURE = frozenset(
    {
        "tensorflow.stop_gradient", "tensorflow.cast", "tensorflow.clip_by_value", "tensorflow.clip_by_norm",
        "tensorflow.reshape", "tensorflow.squeeze", "tensorflow.expand_dims", "tensorflow.transpose",
    }
)  # fmt: skip


def find(recording: Recording) -> Iterator[Finding]:
    if not recording.asks:
        return
    yield from _unwritten(recording)
    yield from _steps(recording)
    yield from _items(recording)
    statements = {id(call): call for call in _statements(recording)}
    if not statements:
        return
    for operation in list(recording.operations.values()):
        call = statements.get(id(operation.place.node))
        if call is None or operation.function not in _PURE or operation.context.guards or not operation.args:
            continue
        given = call.args[0] if call.args else None
        if not isinstance(given, (ast.Name, ast.Attribute)) or not recording.here(operation.place):
            continue
        if isinstance(operation.args[0], Data) and operation.args[0].ask is not None:
            continue  # a gradient: TAP706
        ask = _part_of(recording, operation.args[0])
        used = _used_after(recording, operation, call, given)
        if ask is None or used is None:
            continue
        name = recording.text(given)
        fields = {"op": recording.text(call.func), "name": name, "tape": story.tape_name(ask.tape)}
        marks = (
            story.mark(recording, "used", used),
            story.opened(recording, ask.tape),
            story.asked(recording, ask),
        )
        start = recording.span(call).start
        edit = Edit(Span(start, start), f"{name} = ")
        fix: Fix | None = None
        if not _lost_again(recording, call, given, used):
            fix = Fix(f"write `{name} = ` in front of the call", Applicability.UNSAFE, (edit,))
        yield story.told(recording, CODE, call, fields, marks, "", ask.context, fix)


def _unwritten(recording: Recording) -> Iterator[Finding]:
    """A write into a `tf.TensorArray` that is traced, and that changes only what it returns."""
    for case in story.missing(recording, CutKind.DROPPED):
        if case.met is None or case.met.reaches is not True:
            continue
        call = case.met.cut.place.node
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        name = recording.text(call.func.value)
        fields = {**case.fields, "op": recording.text(call.func), "name": name}
        marks = (story.opened(recording, case.ask.tape), story.asked(recording, case.ask))
        fix: Fix | None = None
        if recording.here(case.met.cut.place):
            start = recording.span(call).start
            edits = (Edit(Span(start, start), f"{name} = "),)
            fix = Fix(f"write `{name} = ` in front of the call", Applicability.UNSAFE, edits)
        yield story.told(recording, CODE, call, fields, marks, "tensor-array", case.ask.context, fix)


def _steps(recording: Recording) -> Iterator[Finding]:
    """`w - rate * g` or `w == w - rate * g` as a statement: a step that nobody takes."""
    shown = {id(statement) for statement in recording.tree.body}
    for dropped in recording.dropped:
        node, operation = dropped.place.node, recording.operations.get(dropped.value.id)
        if not isinstance(node, (ast.BinOp, ast.Compare)) or operation is None or dropped.context.guards:
            continue
        if not recording.here(dropped.place) or id(recording.parents.get(id(node))) in shown:
            continue
        if not isinstance(dropped.value, Data) or dropped.value.kind is not Kind.TENSOR or len(operation.args) != 2:
            continue
        ask = story.ask_behind(recording, dropped.value)
        value, name = operation.args[0], recording.text(node.left)
        stepped = isinstance(value, Variable) or (isinstance(value, VariableSet) and value.part)
        if ask is not None and stepped and isinstance(node.left, (ast.Name, ast.Attribute, ast.Subscript)):
            fields = {"op": recording.text(node), "name": name, "tape": story.tape_name(ask.tape)}
            marks = (story.asked(recording, ask),)
            yield story.told(recording, CODE, node, fields, marks, "step", dropped.context)


def _items(recording: Recording) -> Iterator[Finding]:
    """`item += gradient` in a loop over a list of tensors: the name gets a new tensor, the list keeps the old one."""
    told: set[int] = set()
    for rebinding in list(recording.rebindings.values()):
        node, old = rebinding.place.node, rebinding.old
        statement: ast.AST | None = node
        while statement is not None and not isinstance(statement, ast.stmt):
            statement = recording.parents.get(id(statement))
        if id(statement) in told or not rebinding.plain or not recording.here(rebinding.place):
            continue
        if not isinstance(statement, (ast.Assign, ast.AugAssign)) or not isinstance(old, Data):
            continue
        loop = _loop_of(recording, statement, rebinding.name)
        if loop is None or rebinding.context.guards or not is_one_tensor(old) or old.ask is not None:
            continue
        ask = story.ask_behind(recording, rebinding.new)
        if ask is None or _read_later(recording, rebinding, statement):
            continue
        told.add(id(statement))
        fields = {"op": recording.text(statement), "name": rebinding.name, "tape": story.tape_name(ask.tape)}
        marks = (story.asked(recording, ask), story.head(recording, "loop", loop))
        yield story.told(recording, CODE, statement, fields, marks, "item", rebinding.context)


def _loop_of(recording: Recording, statement: ast.stmt, name: str) -> ast.For | None:
    """The loop whose own item has the name, where the statement stands in its body."""
    around = recording.parents.get(id(statement))
    while isinstance(around, (ast.For, ast.While, ast.If, ast.With)):
        if isinstance(around, ast.For):
            own = any(isinstance(part, ast.Name) and part.id == name for part in walk(around.target))
            return around if own else None
        around = recording.parents.get(id(around))
    return None


def _read_later(recording: Recording, rebinding: Rebinding, statement: ast.stmt) -> bool:
    """Whether anything in the function reads the name after the statement; before it, it has the loop's next item."""
    name, scope = rebinding.name, story.scope_around(recording, rebinding.place)
    inside = {id(part) for part in walk(statement)}
    end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
    own = None if isinstance(scope, ast.Module) else {id(part) for part in walk(scope)}
    for node in recording.nodes:
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return True
        if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
            continue
        if id(node) not in inside and _position(node) >= end and (own is None or id(node) in own):
            return True
    return False


def _statements(recording: Recording) -> Iterator[ast.Call]:
    """Calls that stand alone as a statement, those of the top level aside: in a notebook they show something."""
    shown = {id(statement) for statement in recording.tree.body}
    for node in recording.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and id(node) not in shown:
            yield node.value


def _part_of(recording: Recording, value: Value) -> Ask | None:
    """The gradient call that the value takes part in: as a source, or on the way to the target."""
    if not isinstance(value, (Data, Variable)):
        return None
    for ask in recording.asks:
        if value in recording.leaves(ask.sources) or value in recording.behind(ask.target, cuts=CUTS):
            return ask
    return None


def _used_after(
    recording: Recording, operation: Operation, call: ast.Call, given: ast.Name | ast.Attribute
) -> ast.AST | None:
    """Where the tensor is read again after the statement, or in the next round of a loop around it."""
    words = ast.unparse(given)
    discarded = {id(inner) for other in _statements(recording) for inner in walk(other) if _is_pure(other)}
    scope = story.scope_around(recording, operation.place)
    loops = [
        node
        for node in walk(scope)
        if isinstance(node, (ast.For, ast.While)) and any(inner is call for inner in walk(node))
    ]
    around: set[int] = {id(inner) for loop in loops for inner in walk(loop)}
    parts = (node for node in walk(scope) if isinstance(node, (ast.Name, ast.Attribute)))
    names = [node for node in parts if ast.unparse(node) == words]
    end = (call.end_lineno or call.lineno, call.end_col_offset or 0)
    for node in sorted(names, key=_position):
        if _position(node) > end and id(node) not in discarded:
            if isinstance(node.ctx, ast.Load):
                return node
            break  # it gets another value first
    again = (node for node in names if id(node) in around and id(node) not in discarded)
    return next((node for node in again if isinstance(node.ctx, ast.Load) and _position(node) < end), None)


def _lost_again(recording: Recording, call: ast.Call, given: ast.Name | ast.Attribute, used: ast.AST) -> bool:
    """Whether the name is that of a loop's item, which what comes after the loop does not see through the list."""
    return any(
        isinstance(loop, (ast.For, ast.AsyncFor))
        and any(inner is call for inner in walk(loop))
        and not any(inner is used for inner in walk(loop))
        and any(isinstance(part, ast.Name) and part.id == ast.unparse(given) for part in walk(loop.target))
        for loop in recording.nodes
    )


def _position(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _is_pure(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return any(name == pure.rsplit(".", 1)[-1] for pure in _PURE)
