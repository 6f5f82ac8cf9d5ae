"""TAP608: the gradient with respect to one source is treated as a list of gradients."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play import shape as shapes
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.pairs import is_gradient, origin
from tapelint.play.recording import Recording
from tapelint.play.records import Work, Zip
from tapelint.play.values import CUTS, Const, Data, Object, Place, Sequence, Value, Variable
from tapelint.rules import story
from tapelint.rules.gradients import ask_of, fields_of, single, source_of, target_count, untouched, work_node, wrapped
from tapelint.rules.summed_targets_unpacked import taken_apart

CODE = "TAP608"

_RAISED = ("TypeError", "ValueError", "InvalidArgumentError")


def find(recording: Recording) -> Iterator[Finding]:
    zipped = {id(one.place.node) for one in recording.zips}
    for work in recording.works:
        if work.context.guarded(*_RAISED) or not recording.here(work.place) or id(work.place.node) in zipped:
            continue
        if work.how == "write":
            first = _first_row(recording, work)
            if first is not None:
                yield _told(recording, first.place.node, first, "row", work)
            continue
        ask = ask_of(work.value)
        scalar = isinstance(work.value, Data) and work.value.shape == ()
        if ask is not None and scalar and taken_apart(work, ask) and target_count(recording, ask) == 1:
            yield _told(recording, work_node(work), work, "", work)
    for one in recording.zips:
        if not one.context.guarded(*_RAISED) and recording.here(one.place):
            yield from _zipped(recording, one)


def _first_row(recording: Recording, write: Work) -> Work | None:
    """The `gradient[0]` that is written into the whole of the variable that the gradient belongs to."""
    given = write.others[0] if write.others else None
    variable = write.value
    if not isinstance(given, Data) or not isinstance(variable, Variable):
        return None
    if shapes.fits(given.shape, variable.shape) is not False:
        return None
    for work in recording.works:
        ask = ask_of(work.value)
        if work.how != "index" or ask is None or source_of(work.value) is not variable or not single(ask):
            continue
        index = work.others[0]
        if isinstance(index, Const) and index.value == 0:
            behind = recording.behind(given, cuts=CUTS, ends=lambda item: item.ask is not None)
            if any(value.place is not None and value.place.node is work.place.node for value in behind):
                return work
    return None


def _zipped(recording: Recording, one: Zip) -> Iterator[Finding]:
    if len(one.parts) != 2:
        return
    gradient, beside = one.parts
    if isinstance(beside, Variable) and (paired := _both_alone(recording, one, gradient, beside)) is not None:
        yield paired
        return
    ask = ask_of(gradient)
    if ask is None or ask.method != "gradient" or not isinstance(gradient, Data):
        return
    if not single(ask) or not untouched(ask):
        return
    items = one.columns[1].items if isinstance(beside, Sequence) else ()
    alone = len(items) == 1 and isinstance(items[0], Variable) and items[0] is source_of(gradient)
    rows = bool(gradient.shape) and gradient.shape is not None and gradient.shape[0] not in (None, 1)
    if gradient.shape != () and not (alone and rows):
        return
    variant = "zip_rows" if rows and (recording.keras == 2 or not _plain_descent(recording, one)) else "zip"
    fields = fields_of(recording, ask)
    marks = (story.asked(recording, ask),)
    fix = _fix(recording, ask)
    yield story.told(recording, CODE, one.place, fields, marks, variant, one.context, fix)


def _both_alone(recording: Recording, one: Zip, gradient: Value, variable: Variable) -> Finding | None:
    """A gradient and its variable, both by themselves: an optimizer is given their rows, and rows are no variables."""
    found = origin(gradient) if isinstance(gradient, Data) and is_gradient(gradient) else None
    if found is None or found[0] is not variable or found[1].method != "gradient":
        return None
    given = [apply for apply in recording.applies if apply.args and _within(one.place, apply.args[0].place)]
    if not given or not all(isinstance(apply.optimizer, Object) for apply in given):
        return None
    marks = (story.asked(recording, found[1]),)
    call = one.place.node
    fix = None
    if isinstance(call, ast.Call) and len(call.args) == 2:
        edits = [edit for node in call.args for edit in wrapped(recording, node, "[", "]")]
        fix = Fix("pair the whole gradient with the whole variable", Applicability.UNSAFE, tuple(edits))
    fields = fields_of(recording, found[1])
    return story.told(recording, CODE, call, fields, marks, "both", one.context, fix)


def _within(place: Place, whole: Place | None) -> bool:
    """Whether an expression is the other, or a part of it: `zip(...)` in `list(zip(...))`."""
    return whole is not None and any(node is place.node for node in walk(whole.node))


def _plain_descent(recording: Recording, one: Zip) -> bool:
    """Whether the pairs go to an optimizer that refuses a row; others spread it over the whole variable."""
    for apply in recording.applies:
        if apply.args and apply.args[0].place == one.place and isinstance(apply.optimizer, Object):
            last = apply.optimizer.symbol.rsplit(".", 1)[-1]
            return last == "Adagrad" or (last == "SGD" and "momentum" not in apply.optimizer.args)
    return False


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """`[w]` in the place of `w` in the gradient call."""
    if not isinstance(ask.sources_node, (ast.Name, ast.Attribute)) or not recording.here(ask.place):
        return None
    edits = wrapped(recording, ask.sources_node, "[", "]")
    source = recording.text(ask.sources_node)
    return Fix(f"ask for a list of one gradient: `[{source}]`", Applicability.UNSAFE, edits)


def _told(recording: Recording, node: ast.AST, work: Work, variant: str, at: Work) -> Finding:
    ask = ask_of(work.value)
    assert ask is not None
    marks = (story.asked(recording, ask),)
    return story.told(recording, CODE, node, fields_of(recording, ask), marks, variant, at.context)
