"""TAP715: regularizers, or losses that a layer adds, that are no part of the loss."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import AddedLoss, Forward, Use
from tapelint.play.values import (
    CUTS,
    Data,
    Either,
    Instance,
    Object,
    Place,
    Sequence,
    Unknown,
    Value,
    Variable,
    VariableSet,
)
from tapelint.rules import blocks, optimizers, story, withblock

CODE = "TAP715"
_ADDING = frozenset({"+", "-", "*", "/", "unary -", "add", "subtract", "reduce_sum", "multiply", "divide"})


def find(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        sums = use.how == "sum" and use.name == "losses" and recording.here(use.place)
        if sums and not use.context.guarded("ValueError", "IndexError"):
            yield _empty(recording, use)
    for ask, _ in optimizers.trained(recording) if recording.lists_added else ():
        total = _with_list(recording, ask.target)
        if total is not None:
            yield _list(recording, ask, total)
    adding = [forward for forward in recording.forwards if forward.penalized or forward.added]
    for ask, _ in optimizers.trained(recording) if adding else ():
        owners = optimizers.owners(recording, ask)
        behind = dict.fromkeys(recording.behind(ask.target, cuts=CUTS, maybe=True))
        forwards = [
            one for one in adding
            if one.layer.id in owners and one.penalized and (one.result in behind or isinstance(one.layer, Instance))
        ]  # fmt: skip
        added = [
            one for forward in adding if forward.layer.id in ask.owned for one in forward.added
            if _left_out(recording, forward, one, ask, behind)
        ]  # fmt: skip
        early = _early(recording, ask, behind) if forwards else None
        if early is not None:
            yield _told_early(recording, ask, early, forwards[0])
        elif (forwards or added) and not _penalized(recording, behind):
            yield _told(recording, ask, forwards[0] if forwards else added[0], [one.place for one in forwards])


def _with_list(recording: Recording, value: Value, depth: int = 6) -> Data | None:
    """The sum of a loss and a list of penalties that is the target, or a part of it that nothing averages."""
    if isinstance(value, Data) and value.id in recording.lists_added:
        return value if value.place is not None and recording.here(value.place) else None
    operation = recording.operations.get(value.id)
    if operation is None or not depth or operation.function.rsplit(".", 1)[-1] not in _ADDING:
        return None
    found = (_with_list(recording, item, depth - 1) for item in operation.args)
    return next((one for one in found if one is not None), None)


def _list(recording: Recording, ask: Ask, total: Data) -> Finding:
    assert total.place is not None
    owner, count = recording.lists_added[total.id]
    node = total.place.node
    sides: tuple[ast.expr, ...] = (node.value,) if isinstance(node, ast.AugAssign) else ()
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
    given = next((side for side in sides if isinstance(side, ast.Attribute) and side.attr == "losses"), None)
    fields = {"model": recording.text(given.value) if given is not None else "model", "target": "", "count": str(count)}
    fields["target"] = recording.text(ask.target_node)
    marks = (story.mark(recording, "made", owner.place), story.asked(recording, ask))
    fix = None
    if given is not None:
        span = recording.span(given)
        edits = (Edit(Span(span.start, span.start), "sum("), Edit(Span(span.end, span.end), ")"))
        fix = Fix("add their sum", Applicability.UNSAFE, edits)
    variant = "list" if count else "list_empty"
    return story.told(recording, CODE, node, fields, marks, variant, ask.context, fix)


def _early(recording: Recording, ask: Ask, behind: Iterable[Value]) -> Data | None:
    """The penalties that are part of the target, where all of them were computed before the tape recorded."""
    if ask.session is None:
        return None
    found = [value for value in behind if isinstance(value, Data) and value.op == "losses"]
    for value in found:
        recorded = ask.session.id in value.sessions or ask.session.id in value.maybe
        if recorded or value.time > ask.session.began or value.place is None or not recording.here(value.place):
            return None
    return found[0] if found else None


def _told_early(recording: Recording, ask: Ask, early: Data, penalty: Forward) -> Finding:
    assert early.place is not None
    fields = {"target": recording.text(ask.target_node), "tape": story.tape_name(ask.tape)}
    fields["model"] = recording.text(early.place).rsplit(".", 1)[0]
    marks = (
        story.mark(recording, "made", penalty.penalized[0].place),
        story.opened(recording, ask.tape),
        story.asked(recording, ask),
    )
    return story.told(recording, CODE, early.place, fields, marks, "early", ask.context)


def _left_out(recording: Recording, forward: Forward, added: AddedLoss, ask: Ask, behind: Container[Value]) -> bool:
    """Whether what a layer adds by `add_loss` depends on what is trained, and is certainly no part of the target.

    The target may hold the same penalty, computed once more from what the layer was given. So nothing of that may lead
    to the target but through the layer, or through the model that called it.
    """
    for outer in recording.forwards:
        if outer.layer.id in ask.owned and outer.began < forward.began and outer.ended > forward.ended:
            forward = outer
    results = set(recording.leaves(forward.result))
    if added.loss in behind or not any(result in behind for result in results):
        return False
    made_of = list(recording.behind(added.loss, cuts=CUTS, maybe=True))
    if any(isinstance(item, (Unknown, Either)) for item in made_of):
        return False
    given = {
        item for item in made_of
        if isinstance(item, Data) and item.time <= forward.began and recording.sourced(ask, item)
    }  # fmt: skip
    if given & results:
        return False  # what the layer gives back may be what it was given
    around = recording.behind(ask.target, cuts=CUTS, ends=lambda item: item in results)
    if any(item in given or isinstance(item, (Unknown, Either)) for item in around):
        return False
    return recording.sourced(ask, added.loss)


def _penalized(recording: Recording, behind: Iterable[Value]) -> bool:
    """Whether the penalties, the weights themselves or something that can't be seen is part of the target."""
    results = {one.result.id for one in recording.forwards}
    for value in behind:
        if isinstance(value, Data):
            if value.op in ("losses", "regularizer"):
                return True
            if value.id in results:
                continue
            weighted = any(isinstance(link.value, (Variable, VariableSet)) for link in value.links)
            if weighted and value.op not in _LAYERS and not _is_layer(recording, value):
                return True
        elif isinstance(value, Unknown) and (value.inputs or value.role not in ("parameter", "item")):
            return True
        elif isinstance(value, Sequence) and value.id not in recording.contents:
            return True
    return False


_LAYERS = frozenset({"model"})


def _is_layer(recording: Recording, value: Data) -> bool:
    """Whether a value was made by a layer of the library."""
    operation = recording.operations.get(value.id)
    if operation is not None:
        return isinstance(operation.callee, Object)
    # Where a functional model ran its graph once more, the layers bear their names.
    owners = [link.value.owner for link in value.links if isinstance(link.value, VariableSet)]
    return any(isinstance(owner, Object) and owner.symbol.rsplit(".", 1)[-1] == value.op for owner in owners)


def _told(recording: Recording, ask: Ask, penalty: Forward | AddedLoss, calls: list[Place]) -> Finding:
    place = ask.target.place
    at: ast.AST = ask.target_node
    if place is not None:
        beside = story.beside_tape(recording, ask, ask.target, place)
        at = beside.node if recording.here(beside) else at
    target = _words(recording, ask, ask.target_node)
    sources = _words(recording, ask, ask.sources_node) if isinstance(ask.sources_node, ast.Attribute) else ""
    model = sources.rsplit(".", 1)[0] if sources else _model(recording, ask, calls)
    fields = {"target": target or recording.text(ask.target_node), "model": model}
    fix = _fix(recording, ask, fields) if target.isidentifier() and sources else None
    made = penalty.place if isinstance(penalty, AddedLoss) else penalty.penalized[0].place
    marks: tuple[tuple[Mark, ...], ...] = (story.mark(recording, "made", made), story.asked(recording, ask))
    variant = "added" if isinstance(penalty, AddedLoss) else ""
    if not model:
        variant = "added_unnamed" if variant else "unnamed"
    return story.told(recording, CODE, at, fields, marks, variant, ask.context, fix)


def _fix(recording: Recording, ask: Ask, fields: dict[str, str]) -> Fix | None:
    """Add the penalties in the last line of the block."""
    block = withblock.block_of(recording, ask.tape)
    if block is None:
        return None
    text = f"{fields['target']} += sum({fields['model']}.losses)"
    edit = withblock.at_end(recording, block, text)
    return Fix(f"add them inside the block: {text}", Applicability.UNSAFE, (edit,)) if edit is not None else None


def _words(recording: Recording, ask: Ask, node: ast.AST) -> str:
    """What the function that makes the tape calls it, where the gradient is asked for in a helper; "" if unknown."""
    if ask.tape.place is None or not recording.here(ask.tape.place):
        return ""
    function = blocks.function_of(recording, ask.tape.place.node)
    if function is blocks.function_of(recording, ask.node):
        return recording.text(node)
    call = ask.context.calls[-1] if ask.context.calls else None
    if call is None or not recording.here(call) or blocks.function_of(recording, call.node) is not function:
        return ""
    return blocks.words_of_caller(recording, node, call.node)


def _model(recording: Recording, ask: Ask, calls: list[Place]) -> str:
    """What has the `losses`: as the gradient call names it, or as the function that makes the tape calls it.

    Empty where no name means it there: the layers of a list that a loop runs, or that another function calls.
    """
    if isinstance(ask.sources_node, ast.Attribute):
        return recording.text(ask.sources_node).rsplit(".", 1)[0]
    function = blocks.function_of(recording, ask.tape.place.node) if ask.tape.place is not None else None
    called = [
        recording.text(place.node.func)
        for place in calls
        if isinstance(place.node, ast.Call)
        and recording.here(place)
        and isinstance(place.node.func, (ast.Name, ast.Attribute, ast.Subscript))
        and blocks.function_of(recording, place.node) is function
        and not _one_of_many(recording, place.node)
    ]
    if not called:
        return ""
    if function is not None and len(set(called)) > 1 and all(name.startswith("self.") for name in called):
        around = recording.parents.get(id(function))
        bases = around.bases if isinstance(around, ast.ClassDef) else []
        if any(recording.text(base).rsplit(".", 1)[-1] == "Model" for base in bases):
            return "self"  # a model has the losses of those that it holds
    return called[0]


def _one_of_many(recording: Recording, call: ast.Call) -> bool:
    """Whether what is called is another one in every round of a loop: `for layer in layers: x = layer(x)`."""
    names = {node.id for node in walk(call.func) if isinstance(node, ast.Name)}
    node: ast.AST | None = call
    while node is not None and not isinstance(node, blocks.FUNCTIONS):
        node = recording.parents.get(id(node))
        if isinstance(node, (ast.For, ast.AsyncFor)) and names & {
            target.id for target in walk(node.target) if isinstance(target, ast.Name)
        }:
            return True
    return False


def _empty(recording: Recording, use: Use) -> Finding:
    node = use.place.node
    given = node.args[0] if isinstance(node, ast.Call) and node.args else None
    model = recording.text(given.value) if isinstance(given, ast.Attribute) else "model"
    fix = None
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        edit = Edit(recording.span(node.func), "sum")
        fix = Fix(f"use sum({model}.losses), which gives 0 for an empty list", Applicability.UNSAFE, (edit,))
    marks = (story.mark(recording, "made", use.value.place),)
    return story.told(recording, CODE, node, {"model": model, "target": ""}, marks, "empty", use.context, fix)
