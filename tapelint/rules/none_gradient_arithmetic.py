"""TAP609: the program computes with a gradient that is None for certain, and that no other rule tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply
from tapelint.play.ask import Fault, Standing, Verdict
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import CutKind, Object, Value, Variable, VariableSet, bare
from tapelint.rules import optimizers, story
from tapelint.rules.gradients import ask_of, fields_of, source_of, tested

CODE = "TAP609"

_RAISED = ("TypeError", "ValueError", "AttributeError")
_WORKS = ("operator", "call", "method")


def find(recording: Recording) -> Iterator[Finding]:
    for done in recording.works:
        work = _written(done) if done.how == "write" else done
        if work is None or work.how not in _WORKS or work.context.guarded(*_RAISED) or not recording.here(work.place):
            continue
        verdict = _none(work)
        if verdict is not None and not tested(recording, work.place.node):
            yield _told(recording, work, verdict)
    for apply in optimizers.applied(recording, "apply_gradients"):
        gradients = apply.pairs.gradients.items if apply.pairs is not None else ()
        values = [bare(item) for item in gradients]
        found = [_idle(value) for value in values]
        if found and found[0] is not None and None not in found and not tested(recording, apply.node):
            yield _applied(recording, apply, values[0], found[0])


def _written(write: Work) -> Work | None:
    """`variable.assign_add(gradient)` as something that is done with the gradient."""
    given = write.others[0] if write.others else None
    if given is None or ask_of(given) is None:
        return None
    return write._replace(how="method", value=given, others=(write.value,))


def _meets_all(work: Work) -> bool:
    """Whether a loop goes through all gradients: not where it counts to a number of its own."""
    loop = work.context.loops[-1].place.node if work.context.loops else None
    counted = loop.iter if isinstance(loop, (ast.For, ast.AsyncFor)) else None
    if not isinstance(counted, ast.Call) or not isinstance(counted.func, ast.Name) or counted.func.id != "range":
        return loop is not None
    bound = counted.args[0] if len(counted.args) == 1 else None
    return isinstance(bound, ast.Call) and isinstance(bound.func, ast.Name) and bound.func.id == "len"


def _idle(value: Value) -> Verdict | None:
    """Why a gradient is None, where the None is legitimate for the tape: one source of several is not used."""
    ask = ask_of(value)
    if ask is None or ask.zero or ask.expected_none or ask.context.experiment or ask.method == "batch_jacobian":
        return None
    if all(verdict.standing is Standing.CUT for verdict in ask.verdicts):
        return None
    source = source_of(value)
    for verdict in ask.verdicts:
        if verdict.standing is Standing.CUT and verdict.source is source and _on_purpose(verdict):
            return verdict
    return None


def _on_purpose(verdict: Verdict) -> bool:
    """Whether the program may well mean that a source gets no gradient, as long as others do."""
    if verdict.fault is None:
        return verdict.cut is not None and verdict.cut.cut.kind is CutKind.STOP_GRADIENT
    return verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET)


def _none(work: Work) -> Verdict | None:
    """The same for a gradient that is computed with, also in a loop over all of them."""
    ask, source = ask_of(work.value), source_of(work.value)
    found = _idle(work.value)
    if found is not None or ask is None or not isinstance(source, VariableSet) or not _meets_all(work):
        return found
    if ask.zero or ask.expected_none or ask.context.experiment or ask.method == "batch_jacobian":
        return None
    if all(verdict.standing is Standing.CUT for verdict in ask.verdicts):
        return None
    # A loop over all gradients meets those of the layers that take no part.
    return next((idle for whole, idle in ask.idle if whole is source), None)


def _applied(recording: Recording, apply: Apply, value: Value, verdict: Verdict) -> Finding:
    """An optimizer that gets nothing but None."""
    ask = ask_of(value)
    assert ask is not None
    whose = verdict.source.owner if isinstance(verdict.source, VariableSet) else verdict.source
    fields = {**fields_of(recording, ask), "op": recording.text(apply.node.func)}
    fields["source"] = _source(recording, verdict, story.value_name(recording, whose))
    stopped = verdict.cut.cut.place if verdict.fault is None and verdict.cut is not None else None
    marks = (
        story.opened(recording, ask.tape, ask.time),
        story.mark(recording, "cut", stopped),
        story.asked(recording, ask),
    )
    return story.told(recording, CODE, apply.node.args[0], fields, marks, "applied", apply.context)


def _told(recording: Recording, work: Work, verdict: Verdict) -> Finding:
    ask = ask_of(work.value)
    assert ask is not None
    whose = verdict.source.owner if isinstance(verdict.source, VariableSet) else verdict.source
    name = story.owner_name(recording, whose) if whose is not verdict.source else story.value_name(recording, whose)
    if not name and isinstance(whose, (Variable, Object)) and recording.here(whose.place):
        name = story.weight_name(recording, whose)  # one of several, so better not the name of them all
    fields = {**fields_of(recording, ask), "op": _op(work)}
    fields["source"] = _source(recording, verdict, name)
    marks = (story.opened(recording, ask.tape, ask.time), story.asked(recording, ask))
    return story.told(recording, CODE, work.place, fields, marks, "", work.context, _fix(recording, work))


def _source(recording: Recording, verdict: Verdict, name: str) -> str:
    if isinstance(verdict.source, VariableSet) and name:
        return f"{name}.trainable_variables"
    own = name.isidentifier() or not isinstance(verdict.node, (ast.Name, ast.Attribute, ast.Subscript))
    return name if name and own else recording.text(verdict.node)


def _op(work: Work) -> str:
    if work.how == "method":
        return f".{work.op}()"
    return work.op.replace("tensorflow.", "tf.") if work.how == "call" else work.op


def _fix(recording: Recording, work: Work) -> Fix | None:
    """A test for None in the comprehension that works on every gradient."""
    loop = work.context.loops[-1].place.node if work.context.loops else None
    if not isinstance(loop, (ast.ListComp, ast.GeneratorExp)) or len(loop.generators) != 1:
        return None
    generator = loop.generators[0]
    if loop.elt is not work.place.node or not isinstance(generator.target, ast.Name) or generator.ifs:
        return None
    if any(part.place is not None and part.place.node is loop for one in recording.zips for part in one.parts):
        # It stands beside the variables later: each gradient has to keep its place.
        end = recording.span(loop.elt).end
        edit = Edit(Span(end, end), f" if {generator.target.id} is not None else None")
        return Fix("leave a gradient that is None as it is", Applicability.UNSAFE, (edit,))
    end = recording.span(generator.iter).end
    edit = Edit(Span(end, end), f" if {generator.target.id} is not None")
    return Fix("leave out the gradients that are None", Applicability.UNSAFE, (edit,))
