"""The places and words that most findings tell: shared by the rules so that each says only what is its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tapelint.diagnostic import Finding, Fix, Mark, Span
from tapelint.play.ask import Ask, Fault, Met, Standing, Verdict
from tapelint.play.context import Context
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Session
from tapelint.play.values import (
    CUTS,
    Cut,
    CutKind,
    Data,
    Kind,
    Place,
    Sequence,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    is_tensor,
)
from tapelint.record import Record


class Missing(Record):
    """A source that certainly gets no gradient from one call, and why: `met` is the cut that explains it."""

    recording: Recording
    ask: Ask
    verdict: Verdict
    met: Met | None

    @property
    def fields(self) -> dict[str, str]:
        ask = self.ask
        text = self.recording.text
        found = {
            "tape": asked_tape(self.recording, ask),
            "method": ask.method,
            "target": text(ask.target_node),
            "source": text(self.verdict.node),
        }
        if self.verdict.part and isinstance(self.verdict.source, Variable):
            found["source"] = weight_name(self.recording, self.verdict.source)
        elif self.verdict.part and (layer := _layer_of(self.recording, ask, self.verdict.source)) is not None:
            found["source"] = weight_name(self.recording, layer)
        elif self.listed:
            found["source"] = _of_list(self.recording, self.ask, self.verdict.source) or found["source"]
        found["watched"] = found["source"] + (".value" if self.in_keras else "")
        if self.met is not None:
            found["op"] = self.met.cut.op
            found["name"] = _name_there(self.recording, self.met.value, self.met.cut.place)
        return found

    @property
    def in_keras(self) -> bool:
        """Whether the source is a variable of Keras 3, of which a tape watches the value only."""
        source = self.verdict.source
        return self.recording.keras == 3 and isinstance(source, Variable) and source.keras is True

    @property
    def listed(self) -> bool:
        """Whether the source is one of several, which the call names together and of which others fare better."""
        held = self.recording.contents.get(self.ask.sources.id, ())
        if len(held) < 2 or self.verdict.node is not self.ask.sources_node:
            return False
        return self.met is None or not all(_cut_at(other, self.met.cut.place) for other in self.ask.verdicts)


def _layer_of(recording: Recording, ask: Ask, source: Value) -> Value | None:
    """The layer whose weights get no gradient, where the call names those of all its model."""
    layer = source.owner if isinstance(source, VariableSet) else None
    whole = {leaf.owner.id for leaf in recording.leaves(ask.sources) if isinstance(leaf, VariableSet)}
    if layer is None or layer.place is None or layer.id in whole or not recording.here(layer.place):
        return None
    return layer


def _cut_at(verdict: Verdict, place: Place) -> bool:
    met = verdict.cut
    return verdict.standing is Standing.CUT and verdict.fault is None and met is not None and met.cut.place == place


def _of_list(recording: Recording, ask: Ask, source: Value) -> str:
    """What a call can call one of the sources that it names together: by its own name, or by its place in the list."""
    name = source_name(recording, source)
    if isinstance(source, VariableSet) or (name.isidentifier() and bound_beside(recording, ask.node, name)):
        return name
    if "(" not in name and not name.isidentifier():
        return name
    held = recording.contents.get(ask.sources.id, ())
    at = next((at for at, item in enumerate(held) if item is source), None)
    plain = isinstance(ask.sources, Sequence) and ask.sources.id not in recording.inexact
    named = isinstance(ask.sources_node, (ast.Name, ast.Attribute))
    return f"{recording.text(ask.sources_node)}[{at}]" if at is not None and plain and named else name


def bound_beside(recording: Recording, node: ast.AST, name: str) -> bool:
    """Whether a name is bound in the function around a node, and not only in a comprehension."""
    around = functions_around(recording, node)[:1]
    return any(
        isinstance(part, ast.Name)
        and part.id == name
        and isinstance(part.ctx, ast.Store)
        and functions_around(recording, part)[:1] == around
        and not _comprehended(recording, part)
        for part in recording.nodes
    )


def _comprehended(recording: Recording, name: ast.Name) -> bool:
    """Whether a comprehension binds the name, for itself alone."""
    inner: ast.AST = name
    around = recording.parents.get(id(inner))
    while isinstance(around, (ast.Tuple, ast.List, ast.Starred)):
        inner, around = around, recording.parents.get(id(around))
    return isinstance(around, ast.comprehension) and around.target is inner


def owner_name(recording: Recording, owner: Value) -> str:
    """The name of a layer or model, or "": the attribute that keeps it, not what a loop over several calls each."""
    name, place = value_name(recording, owner), owner.place
    kept = weight_name(recording, owner) if name and place is not None and recording.here(place) else ""
    return kept if kept.startswith("self.") else name


def source_name(recording: Recording, source: Value) -> str:
    """What the program calls one source of a list that has a name of its own: its name, or how it is made."""
    if isinstance(source, VariableSet):
        owner = owner_name(recording, source.owner)
        return f"{owner}.{source.which}_variables" if owner and source.which == "trainable" else ""
    return value_name(recording, source) or weight_name(recording, source)


def missing(recording: Recording, *wanted: CutKind | Fault) -> Iterator[Missing]:
    """Every gradient that is None for certain and whose first reason is one of `wanted`."""
    for ask in recording.asks:
        cut = [verdict for verdict in ask.verdicts if verdict.standing is Standing.CUT]
        if not cut or ask.expected_none or ask.zero or ask.context.experiment:
            continue
        some = len(cut) < len(ask.verdicts)
        for verdict in cut:
            if some and verdict.fault in (Fault.NOT_USED, Fault.CONSTANT_TARGET) and not verdict.part:
                continue  # one loss among several, differentiated with respect to all variables
            met = verdict.cut if verdict.fault is None else None
            reason = verdict.fault or (met.cut.kind if met is not None else None)
            if reason in _POSITIONS and ask_behind(recording, ask.target) is None:
                if ask.session is not None and ask.session.restarted is not None:
                    reason = Fault.RESTARTED
                elif recorder(recording, ask) is not None:
                    reason = CutKind.OTHER_TAPE
            if reason in wanted:
                yield Missing(recording, ask, verdict, met)


def lost_terms(recording: Recording, *wanted: CutKind) -> Iterator[Missing]:
    """Every term of a target that gives no gradient, beside others that do, and is cut off in one of these ways."""
    for ask in recording.asks:
        if ask.expected_none or ask.zero or ask.context.experiment or not ask.certain:
            continue
        for verdict in ask.terms:
            met = verdict.cut
            if met is not None and met.cut.kind in wanted:
                yield Missing(recording, ask, verdict, met)


_POSITIONS = (CutKind.BEFORE_TAPE, CutKind.AFTER_TAPE)


def recorder(recording: Recording, ask: Ask) -> Tape | None:
    """The other tape that recorded the target, when the asked one did not."""
    session = ask.session.id if ask.session is not None else 0
    found: Tape | None = None
    for leaf in recording.leaves(ask.target):
        if not isinstance(leaf, Data) or session in leaf.sessions or session in leaf.maybe or leaf.same is not None:
            return None
        others = [recording.sessions[number].tape for number in sorted(leaf.sessions)]
        found = next((tape for tape in others if tape is not ask.tape and tape in recording.tapes), None)
        if found is None:
            return None
    return found


def tape_name(tape: Tape) -> str:
    """How the program calls the tape."""
    return tape.name or "the tape"


def asked_tape(recording: Recording, ask: Ask) -> str:
    """The same of a tape that is asked: one that only stands in a list is called as the call does, `tapes[0]`."""
    receiver = ask.node.func
    if ask.tape.name or not isinstance(receiver, ast.Attribute):
        return tape_name(ask.tape)
    return recording.text(receiver.value)


def value_name(recording: Recording, value: Value) -> str:
    """The name that a value was bound to where it was made, or ""."""
    return recording.names.get(value.id, "")


def weight_name(recording: Recording, weight: Value) -> str:
    """How the program calls a weight: the attribute or the place in a list that keeps it, else how it is made."""
    node = weight.place.node if weight.place is not None else None
    if not isinstance(node, ast.expr):
        return recording.text(node) if node is not None else "it"
    whole, at, index = node, 0, ""
    held = recording.parents.get(id(node))
    if isinstance(held, (ast.List, ast.Tuple)):
        whole, at = held, held.elts.index(node)
        index = f"[{at}]"
    elif isinstance(held, ast.Dict) and node in held.values and (key := held.keys[held.values.index(node)]):
        whole, index = held, f"[{recording.text(key)}]"
    elif isinstance(held, ast.ListComp) and held.elt is node:
        whole = held
    around = recording.parents.get(id(whole))
    if isinstance(around, ast.Assign) and around.value is whole:
        target = around.targets[0]
        if not index or isinstance(target, (ast.Name, ast.Attribute)):
            return recording.text(target) + index
        if isinstance(target, ast.Tuple) and isinstance(held, (ast.List, ast.Tuple)) and at < len(target.elts):
            return recording.text(target.elts[at])
    return recording.text(node)


def _name_there(recording: Recording, value: Value, place: Place) -> str:
    """What a value is called where something is done to it: a helper has a name of its own for what it gets."""
    name, here = value_name(recording, value), operand(recording, place)
    own = not name.isidentifier() or bound_beside(recording, place.node, name)
    return name if name and (own or here == recording.text(place)) else here


def assigned_name(recording: Recording, place: Place) -> str:
    """The name that the statement around an expression gives to its value, or ""."""
    around = recording.parents.get(id(place.node))
    target = around.targets[0] if isinstance(around, ast.Assign) and around.value is place.node else None
    return recording.text(target) if isinstance(target, (ast.Name, ast.Attribute)) else ""


_GIVEN = frozenset({"initial_value", "value", "input", "inputs", "x", "a", "tensor", "tensors", "object"})
"""Names of the argument that a function works on."""


def operand(recording: Recording, place: Place) -> str:
    """What an operation is applied to, in the program's words: `x` in `x.numpy()`, `float(x)`, `-x`."""
    node = place.node
    if isinstance(node, ast.Call):
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in _GIVEN)]
        if given:
            return recording.text(given[0])
        if isinstance(node.func, ast.Attribute):
            return recording.text(node.func.value)
    if isinstance(node, ast.UnaryOp):
        return recording.text(node.operand)
    return recording.text(node)


def mark(recording: Recording, label: str, place: Place | ast.AST | None) -> tuple[Mark, ...]:
    """One place of the story, or none when there is no such place."""
    if place is None:
        return ()
    return (Mark(label, recording.span(place)),)


def called_from(recording: Recording, context: Context) -> tuple[Mark, ...]:
    """The calls that lead to a place inside a helper, nearest last."""
    calls = (place for place in context.calls[-2:] if isinstance(place.node, ast.Call))
    return tuple(one for place in calls for one in mark(recording, "call", place))


def told(
    recording: Recording,
    code: str,
    place: Place | ast.AST | Span,
    fields: dict[str, str],
    marks: Iterable[tuple[Mark, ...]] = (),
    variant: str = "",
    context: Context | None = None,
    fix: Fix | None = None,
) -> Finding:
    """A finding at `place`; marks on the same span as the primary place are dropped."""
    span = place if isinstance(place, Span) else recording.span(place)
    kept: list[Mark] = []
    groups = [*marks, called_from(recording, context) if context is not None else ()]
    for group in groups:
        for one in group:
            if one.span != span and all(one.span != other.span for other in kept):
                kept.append(one)
    return Finding(code, span, fields, tuple(kept), fix, variant)


def opened(recording: Recording, tape: Tape, before: int | None = None) -> tuple[Mark, ...]:
    """Where the tape begins to record, for the last time before a tick."""
    return mark(recording, "tape", entered(recording, tape, before))


def entered(recording: Recording, tape: Tape, before: int | None = None) -> Place | None:
    """What the `with` statement of the tape enters: the call that makes the tape, or what the program calls it."""
    events = [event for event in recording.events_of(tape) if event.what is Happening.ENTER]
    places = [event.place for event in events if before is None or event.time <= before]
    one = places and (before is not None or all(place.node is places[0].node for place in places))
    return places[-1] if one else tape.place


def created(recording: Recording, tape: Tape) -> tuple[Mark, ...]:
    """Where the tape was made, with its arguments."""
    return mark(recording, "tape", tape.place)


def recorded(recording: Recording, ask: Ask) -> tuple[Mark, ...]:
    """Where the recording that is asked began."""
    return opened(recording, ask.tape, ask.time)


def asked(recording: Recording, ask: Ask) -> tuple[Mark, ...]:
    """Where the gradient is asked."""
    return mark(recording, "gradient", ask.place)


def cut_finding(
    code: str,
    case: Missing,
    variant: str = "",
    extra: dict[str, str] | None = None,
    place: Place | None = None,
    fix: Fix | None = None,
    used: str = "",
    step: Place | None = None,
) -> Finding | None:
    """The usual finding for a path that is cut: primary at the cut, the tape and the call as related places.

    `used` is the label of the place where what was cut off comes back into the computation; `step` is the step itself,
    where `place` is the call of the helper that it stands in.
    """
    recording = case.recording
    at = place or (case.met.cut.place if case.met is not None else None)
    if at is None or not recording.here(at):
        return None
    fields = {**case.fields, **(extra or {})}
    back = comes_back(case) if used else None
    inside = mark(recording, "inside", step if step is not None and step.node is not at.node else None)
    returned = mark(recording, used, back.place if back is not None else None)
    marks = (recorded(recording, case.ask), inside, returned, asked(recording, case.ask))
    return told(recording, code, at, fields, marks, variant, case.ask.context, fix)


def back_label(case: Missing, name: str) -> str:
    """How to tell where something comes back: by its name only where the line holds that name."""
    back = comes_back(case)
    return "used" if back is not None and names_it(case.recording, back.place, name) else "back"


def kept_name(case: Missing, place: Place) -> str:
    """The attribute in which a call that stands alone left what comes back later, "" if there are more or none."""
    recording, back = case.recording, comes_back(case)
    if back is None or back.place is None or not isinstance(recording.parents.get(id(place.node)), ast.Expr):
        return ""
    parts = {recording.text(part) for part in walk(back.place.node) if isinstance(part, ast.Attribute)}
    own = [part for part in parts if part.startswith("self.")]
    return own[0] if len(own) == 1 else ""


def names_it(recording: Recording, place: Place | None, name: str) -> bool:
    """Whether the program's words at a place hold a name."""
    words = " ".join(recording.segment(recording.span(place)).split()) if place is not None else ""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", words) is not None


def comes_back(case: Missing) -> Data | None:
    """The tensor on the way to the target that is computed from what was cut off."""
    if case.met is None:
        return None
    lost = case.met.cut.place
    users: dict[int, Value] = {}
    queue = list(case.recording.leaves(case.ask.target))
    seen = {value.id for value in queue}
    for value in queue:
        if value.place == lost:
            while value.place == lost or not isinstance(value, Data) or value.kind is not Kind.TENSOR:
                if value.id not in users:
                    return None
                value = users[value.id]
            return value if case.recording.here(value.place) else None
        for behind in (link.value for link in value.links) if isinstance(value, Data) else ():
            if behind.id not in seen:
                seen.add(behind.id)
                users[behind.id] = value
                queue.append(behind)
    return None


def beside_tape(recording: Recording, ask: Ask, value: Value, place: Place) -> Place:
    """The place of a step as the function that holds the tape sees it: the call of a helper, not a line inside it."""
    call = way_in(recording, ask, value.time)
    return call if call is not None and recording.here(call) else place


def way_in(recording: Recording, ask: Ask, time: int) -> Place | None:
    """The call that leads from the function that holds the tape to what is played at `time`, if there is one."""
    began = ask.session.began if ask.session is not None else ask.time
    around = recording.calls_at(began)
    for at, call in enumerate(recording.calls_at(time)):
        if at >= len(around) or around[at].node is not call.node:
            return call if isinstance(call.node, ast.expr) else None
    return None


def read_links(value: Data) -> Iterator[Value]:
    """What a value was made from, without what was written into a variable in an earlier step."""
    for link in value.links:
        if link.cut is None or link.cut.kind is not CutKind.STATE_WRITE:
            yield link.value


def dropped_by_reset(case: Missing) -> bool:
    """Whether the cut-off value was recorded, and the program forgot it by `tape.reset()`."""
    assert case.met is not None
    events = case.recording.events_of(case.ask.tape)
    return any(event.what is Happening.RESET and event.time >= case.met.value.time for event in events)


LEAVING = frozenset({CutKind.NUMPY_METHOD, CutKind.NUMPY_FUNCTION, CutKind.PYTHON_NUMBER, CutKind.PREDICT})
"""The ways in which a value leaves TensorFlow and becomes an array or a number."""


def left_tensorflow(recording: Recording, value: Value) -> Cut | None:
    """Where an array or number was taken out of TensorFlow; None when it did not certainly come from a tensor."""
    if not isinstance(value, Data) or value.kind not in (Kind.ARRAY, Kind.NUMBER):
        return None
    for item in recording.behind(value):
        for behind, cut in item.links if isinstance(item, Data) else ():
            if cut is not None and cut.kind in LEAVING and (isinstance(behind, VariableSet) or is_tensor(behind)):
                return cut
    return None


def array_targets(recording: Recording, *kinds: CutKind) -> Iterator[tuple[Ask, ast.AST, Cut]]:
    """Targets that left TensorFlow in one of these ways: with the call, the expression and the place where."""
    for ask in recording.asks:
        if ask.context.guarded("AttributeError", "TypeError", "ValueError"):
            continue
        for value, node in recording.pieces(ask.target, ask.target_node):
            cut = left_tensorflow(recording, value)
            if cut is not None and cut.kind in kinds and recording.here(cut.place):
                yield ask, node, cut


def watches(recording: Recording, event: Event, source: Value) -> bool:
    """Whether a call of `watch` is given the source, alone or among others."""
    return event.value is not None and any(leaf is source for leaf in recording.leaves(event.value))


def asks_behind(recording: Recording, value: Value) -> Iterator[Ask]:
    """The gradient calls whose results a value was computed from, nearest first."""
    # What was written into a variable in an earlier step is another step's.
    for item in recording.behind(value, cuts=CUTS - {CutKind.STATE_WRITE}):
        if isinstance(item, Data) and item.ask is not None:
            yield item.ask


def ask_behind(recording: Recording, value: Value) -> Ask | None:
    """The gradient call that a value comes from, the nearest one."""
    return next(asks_behind(recording, value), None)


def straight(recording: Recording, ask: Ask) -> Ask | None:
    """The ask whose result is differentiated here although it is the slope of something linear."""
    behind = ask_behind(recording, ask.target)
    return behind if behind is not None and behind.slopes else None


def event_fields(recording: Recording, event: Event) -> dict[str, str]:
    """The fields of a finding about one event of a tape."""
    call = event.place.node
    fields = {"tape": tape_name(event.tape), "method": event.name, "name": event.name, "target": "", "source": ""}
    if isinstance(call, ast.Call):
        if call.args:
            fields["target"] = recording.text(call.args[0])
            fields["source"] = recording.text(call.args[-1] if len(call.args) < 3 else call.args[1])
        if isinstance(call.func, ast.Attribute):
            fields["tape"] = recording.text(call.func.value)
    return fields


def _while_recording(session: Session, time: int) -> bool:
    """Whether a recording ran at that time."""
    inside = any(begin is not None and begin < time and (end is None or time < end) for begin, end in session.intervals)
    return inside and not any(begin <= time <= end for begin, end in session.paused)


def unrecorded_asks(case: Missing) -> list[Ask]:
    """The gradient calls that the asked tape did not record, on the way from the target to the cut and just behind."""
    assert case.met is not None
    found: list[Ask] = []
    queue: list[Value] = [case.met.value]
    seen: set[int] = set()
    session = case.ask.session.id if case.ask.session is not None else 0
    answers = case.recording.answers
    while queue:
        item = queue.pop(0)
        if item is case.verdict.source:
            continue  # what the source was made from has no part in it
        if item.id in answers and not isinstance(item, Data) and item.id not in seen:
            if case.ask.session is not None and _while_recording(case.ask.session, answers[item.id].time):
                continue
            found.append(answers[item.id])  # a gradient for sources that are not known one by one
        elif isinstance(item, Unknown) and item.role == "operator" and item.id not in seen:
            seen.add(item.id)
            queue.extend(item.inputs)
            continue
        if item.id in seen or not isinstance(item, Data) or session in item.sessions:
            continue
        seen.add(item.id)
        if item.ask is not None:
            found.append(item.ask)
            continue
        queue.extend(read_links(item))
    return found


def in_test(recording: Recording, place: Place) -> bool:
    """Whether a place lies in a test: a function `test…`, a class `…Test…`, a file `test_….py`."""
    node: ast.AST | None = place.node
    while node is not None:
        if isinstance(node, ast.ClassDef) and "Test" in node.name:
            return True
        name = node.name if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else ""
        if name.startswith("test_") and name != "test_step":
            return True
        node = recording.parents.get(id(node))
    name = recording.source.path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.startswith("test_") or name.endswith("_test.py")


def first_line(recording: Recording, one: Mark) -> Mark:
    """The same mark, at most to the end of its first line."""
    source = recording.source_of(one.span)
    row = source.position(one.span.start).row
    end = source.line_starts[row - 1] + len(source.line(row))
    return Mark(one.label, one.span._replace(end=min(one.span.end, end)), one.fields)


def head(recording: Recording, label: str, place: Place | ast.AST | None) -> tuple[Mark, ...]:
    """The first line of a statement."""
    return tuple(first_line(recording, one) for one in mark(recording, label, place))


def function_around(recording: Recording, place: Place) -> str:
    """The name of the innermost function around a place, "" for none."""
    found = scope_around(recording, place)
    return "" if isinstance(found, ast.Module) else found.name


def scope_around(recording: Recording, place: Place) -> ast.Module | ast.FunctionDef | ast.AsyncFunctionDef:
    """The innermost function around a place, the module for none."""
    return next(iter(functions_around(recording, place.node)), recording.tree)


def functions_around(recording: Recording, node: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that hold a node of the module (a function holds itself), innermost first."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    inner, around = node, recording.parents.get(id(node))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        found.append(node)
    while around is not None:
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner not in around.decorator_list:
            found.append(around)
        inner, around = around, recording.parents.get(id(around))
    return found
