"""TAP110: a persistent tape that answers one question only."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Const, Tape
from tapelint.rules import blocks, story
from tapelint.rules.edits import without_argument

CODE = "TAP110"
_OTHERS = frozenset({Happening.ESCAPE, Happening.DELETE, Happening.PAUSE, Happening.RESET, Happening.UNKNOWN_METHOD})


def find(recording: Recording) -> Iterator[Finding]:
    number = Counter(ask.tape.id for ask in recording.asks)
    # The tapes of a loop's rounds are made at one place: what one of them needs is needed there.
    asked_often = {tape.place for tape in recording.tapes if number[tape.id] > 1}
    for tape in recording.tapes:
        if not tape.persistent or tape.arguments is None or recording.stored.get(tape.id) or tape.place in asked_often:
            continue
        events = recording.events_of(tape)
        asks = [ask for ask in recording.asks if ask.tape is tape]
        if len(asks) != 1 or any(event.what in _OTHERS or not event.certain for event in events):
            continue
        if sum(event.what is Happening.ENTER for event in events) != 1 or _needs(recording, tape):
            continue
        keyword = next((item for item in tape.arguments.keywords if item.arg == "persistent"), None)
        if keyword is None:
            continue
        ask = asks[0]
        if ask.inside and not _last(recording, ask):
            continue  # what follows would not be recorded any more
        if isinstance(ask.target_node, ast.Subscript):
            continue  # asked for one element of a list: the others follow, perhaps elsewhere
        created = next(event for event in events if event.what is Happening.CREATE)
        if len(ask.context.loops) > len(created.context.loops) or recording.handed_on(tape):
            continue
        fields = {"tape": story.tape_name(tape), "method": ask.method}
        fix = Fix("drop `persistent=True`", Applicability.SAFE, without_argument(recording, tape.arguments, keyword))
        yield story.told(recording, CODE, _argument(keyword), fields, (story.asked(recording, ask),), "", None, fix)


def _last(recording: Recording, ask: Ask) -> bool:
    """Whether a call inside the block is the last thing there."""
    around = blocks.block(recording, ask.tape)
    return around is not None and blocks.contains(around.body[-1], ask.node)


def _argument(keyword: ast.keyword) -> ast.AST:
    return keyword


def _needs(recording: Recording, tape: Tape) -> bool:
    """`jacobian` without `pfor`, or with `parallel_iterations`, wants a persistent tape."""
    for ask in recording.asks:
        if ask.tape is tape:
            pfor = ask.arguments.get("experimental_use_pfor")
            if "parallel_iterations" in ask.arguments:
                return True
            if pfor is not None and not (isinstance(pfor, Const) and pfor.value is True):
                return True
            if ask.context.loops and ask.inside:
                return True
    return False
