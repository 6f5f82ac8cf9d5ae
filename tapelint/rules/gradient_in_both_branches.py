"""TAP805: both branches of an `if` on a tensor ask the same tape, and TensorFlow traces both."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Fork
from tapelint.play.tape import Phase
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP805"


def find(recording: Recording) -> Iterator[Finding]:
    for fork in recording.forks:
        sides = [_asks(recording, branch) for branch in fork.branches]
        for first in sides[0] if len(sides) == 2 else ():
            second = next((ask for ask in sides[1] if _again(first, ask)), None)
            if second is not None:
                yield _told(recording, fork, first, second)
                break


def _asks(recording: Recording, branch: tuple[ast.AST, ...]) -> list[Ask]:
    """The questions to tapes that are not persistent, in the text of one branch."""
    inside = {id(node) for statement in branch for node in walk(statement)}
    return [
        ask
        for ask in recording.asks
        if id(ask.place.node) in inside
        and ask.certain
        and ask.tape.persistent is False
        and ask.context.in_graph
        and not ask.context.guarded("RuntimeError")
        and not ask.state.may(Phase.CONSUMED)
    ]


def _again(first: Ask, second: Ask) -> bool:
    return second.tape is first.tape and second.state.sessions == first.state.sessions


def _told(recording: Recording, fork: Fork, first: Ask, second: Ask) -> Finding:
    marks = (
        story.created(recording, first.tape),
        story.mark(recording, "made", fork.condition),
        story.mark(recording, "first", first.place),
    )
    return story.told(recording, CODE, second.place, fields_of(recording, second), marks, "", second.context)
