"""TAP201: the source is a plain tensor that the tape does not watch."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding
from tapelint.play.ask import Fault
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Data, Value, Variable, VariableSet
from tapelint.rules import blocks, story

CODE = "TAP201"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.UNWATCHED):
        source = case.verdict.source
        if rebound_variable(recording, source) or watched_by_another(recording, case):
            continue
        if forgotten_watch(recording, case):
            continue
        if case.ask.method == "batch_jacobian":
            continue  # gives zeros, which a program may well want to see
        marks = (
            story.mark(recording, "made", source.place),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        several = _all_of_list(recording, case)
        words = recording.text(case.verdict.node) if several else case.fields["source"]
        fields = {**case.fields, "source": words, "watched": words, "where": where(case)}
        fix = blocks.watch_first(recording, case, Applicability.SAFE, words if several else "")
        variant = "several" if several else "elsewhere" if out_of_reach(recording, case) else ""
        if handed_over(source):
            variant = "traced"
        yield story.told(recording, CODE, case.verdict.node, fields, marks, variant, case.ask.context, fix)
    for case in story.missing(recording, Fault.NOTHING_WATCHED):
        if not isinstance(case.verdict.source, Variable) or not _watches_others(recording, case):
            continue
        marks = (
            story.mark(recording, "made", case.verdict.source.place),
            story.created(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        yield story.told(recording, CODE, case.verdict.node, case.fields, marks, "variable", case.ask.context)


def handed_over(source: Value) -> bool:
    """Whether it is what a traced function gets for a Keras variable."""
    given = [link.value for link in source.links] if isinstance(source, Data) and source.op == "tf.function" else []
    return any(isinstance(value, (Variable, VariableSet)) for value in given)


def where(case: story.Missing) -> str:
    """Where in the block the source is to be watched: first, or behind the line that makes it there."""
    session = case.ask.session
    inside = session is not None and case.verdict.source.time > session.began
    return "in the block, right after it is made" if inside else "first in the `with` block"


def out_of_reach(recording: Recording, case: story.Missing) -> bool:
    """Whether the watch belongs in another function than the call, where the source goes by another name."""
    around, node = blocks.block(recording, case.ask.tape), case.verdict.node
    opened = case.ask.tape.place
    if opened is not None and not recording.here(opened):
        return True
    if around is None or case.fields["source"].startswith("self."):
        return False
    function, made = blocks.function_of(recording, around), case.verdict.source.place
    if function is not blocks.function_of(recording, node):
        return True
    inside = case.ask.session is not None and case.verdict.source.time > case.ask.session.began
    if made is None or not inside:
        return False  # or a helper makes it, and uses it before the block has a name for it
    return not recording.here(made) or blocks.function_of(recording, made.node) is not function


def _all_of_list(recording: Recording, case: story.Missing) -> bool:
    """Whether the source is one of several that the call names together, and none of them is watched."""
    if not case.listed or out_of_reach(recording, case):
        return False
    beside = [verdict for verdict in case.ask.verdicts if verdict.node is case.verdict.node]
    named = isinstance(case.verdict.node, (ast.Name, ast.Attribute))
    return named and all(verdict.fault is Fault.UNWATCHED for verdict in beside)


def _watches_others(recording: Recording, case: story.Missing) -> bool:
    """Whether the tape is told to watch something, and every time what can be seen (TAP208 tells of nothing at all)."""
    told = [event for event in recording.events_of(case.ask.tape) if event.what is Happening.WATCH]
    return bool(told) and all(isinstance(event.value, (Data, Variable)) for event in told)


def rebound_variable(recording: Recording, source: object) -> bool:
    """Whether the source took the name of a variable that it was computed from (TAP306 tells that)."""
    rebinding = recording.rebindings.get(source.id) if isinstance(source, Data) else None
    return rebinding is not None and isinstance(rebinding.old, Variable)


def watched_by_another(recording: Recording, case: story.Missing) -> bool:
    """Whether a nested tape whose gradient this call differentiates watches the source (TAP503 tells that)."""
    tapes = {ask.tape.id for ask in story.asks_behind(recording, case.ask.target)} | _around(recording, case)
    others = tapes - {case.ask.tape.id}
    return any(
        event.tape.id in others and event.value is case.verdict.source for event in recording.happened(Happening.WATCH)
    )


def _around(recording: Recording, case: story.Missing) -> set[int]:
    """The tapes that recorded the target as well: those around the asked one."""
    return {
        recording.sessions[number].tape.id
        for leaf in recording.leaves(case.ask.target)
        if isinstance(leaf, Data)
        for number in leaf.sessions
        if number in recording.sessions
    }


def forgotten_watch(recording: Recording, case: story.Missing) -> bool:
    """Whether the program does watch the source, in a way that has no effect (TAP116, TAP203, TAP204 tell that)."""
    for event in recording.events_of(case.ask.tape):
        if event.what is Happening.UNKNOWN_METHOD and event.name.startswith("watch"):
            return True  # TAP113
        if event.what is Happening.WATCH and event.time < case.ask.time:
            call = event.place.node
            several = isinstance(call, ast.Call) and len(call.args) > 1
            if several or story.watches(recording, event, case.verdict.source):
                return True
    return False
