"""TAP718: the trainable variables of a model that is frozen."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator

from tapelint.diagnostic import Finding, Mark
from tapelint.play.apply import Pairs
from tapelint.play.ask import Ask
from tapelint.play.marks import Frozen
from tapelint.play.recording import Recording
from tapelint.rules import blocks, story

CODE = "TAP718"


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.frozen is None or not recording.here(ask.place) or ask.context.guarded("ValueError"):
            continue
        by_itself = not _known_order(recording, ask, ask.frozen)
        if by_itself and (_freed_somewhere(recording) or _asked_before(recording, ask) or _lent(recording, ask)):
            continue
        yield _told(recording, ask, ask.frozen)


def _known_order(recording: Recording, ask: Ask, frozen: Frozen) -> bool:
    """Whether freezing and asking were played one after the other, as the program runs them."""
    return bisect_right(recording.entries, ask.time) == bisect_right(recording.entries, frozen.time)


def _asked_before(recording: Recording, ask: Ask) -> bool:
    """Whether the program itself comes to the same call while nothing is frozen.

    What a function does that is played on its own, with nobody knows what, says nothing of the program.
    """
    runs = (0, bisect_right(recording.entries, ask.time))
    return any(
        other.node is ask.node and other.frozen is None and bisect_right(recording.entries, other.time) in runs
        for other in recording.asks
    )


def _lent(recording: Recording, ask: Ask) -> bool:
    """Whether code that can't be seen had the function in hand before the module froze the model."""
    assert ask.frozen is not None
    function = blocks.function_of(recording, ask.node)
    lent = recording.lent.get(id(function))
    return lent is not None and lent < ask.frozen.time and bisect_right(recording.entries, ask.frozen.time) == 0


def _freed_somewhere(recording: Recording) -> bool:
    """Whether any part of the module sets `trainable` to something else than False."""
    for node in recording.nodes:
        if isinstance(node, ast.Assign):
            targets = [target for target in node.targets if isinstance(target, ast.Attribute)]
            free = not (isinstance(node.value, ast.Constant) and node.value.value is False)
            if free and any(target.attr == "trainable" for target in targets):
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            return True
    return False


def _told(recording: Recording, ask: Ask, frozen: Frozen) -> Finding:
    node = ask.sources_node
    source = recording.text(node)
    fields = {
        "model": source.rsplit(".", 1)[0] if isinstance(node, ast.Attribute) else _named(recording, frozen) or source,
        "source": source,
        "tape": story.tape_name(ask.tape),
    }
    marks: list[tuple[Mark, ...]] = [story.mark(recording, "made", frozen.place)]
    used = next((apply for apply in recording.applies if _uses(recording, apply.pairs, ask)), None)
    if used is not None:
        marks.append(story.mark(recording, "apply", used.place))
    variant = "keras2" if recording.keras == 2 else ""
    return story.told(recording, CODE, node, fields, marks, variant, ask.context)


def _named(recording: Recording, frozen: Frozen) -> str:
    """What the program calls the model where it freezes it."""
    node = frozen.place.node
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return recording.text(target.value) if isinstance(target, ast.Attribute) else ""


def _uses(recording: Recording, pairs: Pairs | None, ask: Ask) -> bool:
    """Whether the pairs hold what this call gave."""
    if pairs is None:
        return False
    values = list(pairs.gradients)
    return any(story.ask_behind(recording, value) is ask for value in values)
