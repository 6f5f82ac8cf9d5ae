"""TAP101: a second question to a tape that is not persistent."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening
from tapelint.play.tape import Phase
from tapelint.rules import blocks, story
from tapelint.rules.wrong_tape import asked_there

CODE = "TAP101"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.ASK):
        if not event.state.only(Phase.CONSUMED) or event.context.guarded("RuntimeError") or not event.certain:
            continue
        yield _told(recording, event)


def _told(recording: Recording, event: Event) -> Finding:
    fields = story.event_fields(recording, event)
    first = event.state.consumed_by[-1]
    before = next((ask for ask in recording.asks if ask.place == first and ask.tape is event.tape), None)
    fields["first_method"] = before.method if before is not None else "gradient"
    variant = ""
    loop: tuple[Mark, ...] = ()
    if first.node is event.place.node:
        repeated = [loop for loop in event.context.loops if loop.round > 1]
        variant = "loop" if repeated else ""
        loop = story.mark(recording, "loop", repeated[-1].place.node) if repeated else ()
        loop = _head(recording, loop)
    elif fields["first_method"] != event.name or event.name != "gradient":
        variant = "jacobian"
    elif before is not None and _same_target(recording, before, event, fields["target"]):
        variant = "same_target"
    marks = (story.created(recording, event.tape), loop, story.mark(recording, "first", first))
    fix = None
    if variant == "same_target" and before is not None:
        fix = _one_call(recording, before, event)
    fix = fix or _fix(recording, event)
    return story.told(recording, CODE, event.place, fields, marks, variant, event.context, fix)


def _same_target(recording: Recording, before: Ask, event: Event, words: str) -> bool:
    """Whether both calls have the same words for a target, and mean the same value by them."""
    ask = _asking(recording, event)
    return recording.text(before.target_node) == words and (ask is None or ask.target is before.target)


def _asking(recording: Recording, event: Event) -> Ask | None:
    return next((ask for ask in recording.asks if ask.place == event.place and ask.tape is event.tape), None)


def _fix(recording: Recording, event: Event) -> Fix | None:
    """The tape that recorded the target, where this one did not; else a persistent tape."""
    ask = _asking(recording, event)
    other = story.recorder(recording, ask) if ask is not None else None
    if ask is not None and other is not None:
        return asked_there(recording, ask, other)
    return _named(recording, event) or _persistent(recording, event)


def _named(recording: Recording, event: Event) -> Fix | None:
    """`as tape` where the last tape before the second call has no name: that one is meant, not the first."""
    assert event.tape.place is not None
    function = blocks.function_of(recording, event.place.node)
    first, second = recording.span(event.tape.place).end, recording.span(event.place).start
    for tape in recording.unnamed:
        if tape.place is None or tape.arguments is None or not event.tape.name.isidentifier():
            continue
        end = recording.span(tape.place).end
        if first < end < second and blocks.function_of(recording, tape.place.node) is function:
            edit = Edit(Span(end, end), f" as {event.tape.name}")
            return Fix(f"name the later tape: `as {event.tape.name}`", Applicability.UNSAFE, (edit,))
    return None


def _one_call(recording: Recording, before: Ask, event: Event) -> Fix | None:
    """Two assignments of gradients of one target become one call with both sources."""
    first, second = before.place.node, event.place.node
    one, other = _assignment(recording, first), _assignment(recording, second)
    if one is None or other is None or one.body is not other.body or not isinstance(first, ast.Call):
        return None
    assert isinstance(second, ast.Call)
    assert isinstance(one.statement, ast.Assign)
    assert isinstance(other.statement, ast.Assign)
    names = [recording.text(one.statement.targets[0], 200), recording.text(other.statement.targets[0], 200)]
    between = one.body[one.at : other.at]
    if names[0] == names[1] or one.at >= other.at or blocks.commented(recording, other.statement):
        return None
    if any(recording.text(call.func) != recording.text(first.func) for call in (first, second)):
        return None
    used = {part.id for item in second.args for part in walk(item) if isinstance(part, ast.Name)}
    if any(blocks.writes(statement, name) for statement in between for name in used):
        return None
    if blocks.reads(second.args[1], names[0]):
        return None
    if any(blocks.reads(statement, names[1]) or blocks.writes(statement, names[1]) for statement in between):
        return None
    text = recording.segment
    sources = f"[{text(recording.span(first.args[1]))}, {text(recording.span(second.args[1]))}]"
    gone = blocks.dropped(recording, other.statement)
    if gone is None or "\n" in sources:
        return None
    target = recording.span(one.statement.targets[0])
    edits = (
        Edit(target, ", ".join(names)),
        Edit(recording.span(first.args[1]), sources),
        gone,
    )
    return Fix("ask once, with both sources in a list", Applicability.SAFE, edits)


def _assignment(recording: Recording, call: ast.AST) -> blocks.Spot | None:
    """The statement `name = tape.gradient(target, source)` around a call of just this form."""
    spot = next(iter(reversed(blocks.spots(recording, call))), None)
    if spot is None or not isinstance(spot.statement, ast.Assign) or spot.statement.value is not call:
        return None
    simple = len(spot.statement.targets) == 1 and isinstance(spot.statement.targets[0], ast.Name)
    plain = isinstance(call, ast.Call) and len(call.args) == 2 and not call.keywords
    return spot if simple and plain else None


def _persistent(recording: Recording, event: Event) -> Fix | None:
    """`persistent=True`, and `del` after the last call."""
    tape = event.tape
    call = tape.arguments
    if call is None or call.args or not recording.here(tape.place) or not tape.name:
        return None
    given = next((keyword for keyword in call.keywords if keyword.arg == "persistent"), None)
    if given is not None:
        edits = [Edit(recording.span(given.value), "True")]
    elif any(keyword.arg is None for keyword in call.keywords):
        return None
    else:
        at = recording.span(call.keywords[0]).start if call.keywords else recording.span(call).end - 1
        edits = [Edit(Span(at, at), "persistent=True" + (", " if call.keywords else ""))]
    last = blocks.last_use(recording, tape)
    ending = None
    if last is not None and not _stored(recording, event) and _after(recording, last.statement, event):
        ending = blocks.deleting(recording, tape, last)
    advice = "open the tape with `persistent=True`"
    if ending is not None:
        edits += ending.edits
        advice += f", and write `del {tape.name}` after the last call"
    return Fix(advice, Applicability.UNSAFE, tuple(edits))


def _after(recording: Recording, last: ast.stmt, event: Event) -> bool:
    """Whether the second call is certainly done when the statement `last` is."""
    assert event.tape.place is not None
    same = blocks.function_of(recording, event.place.node) is blocks.function_of(recording, event.tape.place.node)
    return not same or recording.span(event.place).end <= recording.span(last).end


def _stored(recording: Recording, event: Event) -> bool:
    return event.tape.id in recording.stored or recording.handed_on(event.tape)


def _head(recording: Recording, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Only the first line of the loop."""
    return tuple(story.first_line(recording, mark) for mark in marks)
