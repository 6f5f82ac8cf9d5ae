"""TAP207: a watched name is bound to another tensor before the gradient is asked for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Event, Happening, Rebinding
from tapelint.play.values import Data, Value, Variable
from tapelint.rules import blocks, story

CODE = "TAP207"
_REFUSED = frozenset({"+=", "-=", "*=", "/=", "**="})
"""What a `tf.Variable` answers with RuntimeError."""


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.session is None or not ask.certain or ask.expected_none or ask.zero or ask.context.experiment:
            continue
        for source, node in recording.pieces(ask.sources, ask.sources_node):
            rebinding = recording.rebindings.get(source.id) if isinstance(source, Data) else None
            if rebinding is None or not rebinding.certain or rebinding.name != recording.text(node):
                continue
            if _variable_lost(recording, ask, rebinding):
                marks = (story.mark(recording, "made", rebinding.old.place), story.asked(recording, ask))
                fields = {"source": rebinding.name, "tape": story.tape_name(ask.tape), "method": ask.method}
                yield story.told(recording, CODE, rebinding.place, fields, marks, "variable", ask.context)
                continue
            watch = _watch_of(recording, ask, rebinding)
            if watch is not None and isinstance(source, Data) and recording.here(rebinding.place):
                yield _told(recording, ask, rebinding, source, watch)


def _watch_of(recording: Recording, ask: Ask, rebinding: Rebinding) -> Event | None:
    """The call that watches the tensor that the name held first; None when the new one may be meant."""
    watches = [event for event in recording.events_of(ask.tape) if event.what is Happening.WATCH]
    if any(_watches(recording, event, rebinding.new) is not False for event in watches):
        return None
    if any(other.tape is ask.tape and _asks(recording, other, rebinding.old) for other in recording.asks):
        return None  # asked for both: the new tensor is meant
    return next(
        (
            event
            for event in watches
            if event.certain and event.time < rebinding.new.time and _watches(recording, event, rebinding.old)
        ),
        None,
    )


def _variable_lost(recording: Recording, ask: Ask, rebinding: Rebinding) -> bool:
    """Whether the name of a variable was given to a tensor of the block, and the program means the variable.

    It certainly does where nothing else keeps the variable: `w = w * 2` in the block, then the gradient for `w`.
    """
    old, new = rebinding.old, rebinding.new
    if not isinstance(old, Variable) or old.trainable is not True or not isinstance(new, Data) or ask.session is None:
        return False
    if ask.session.id not in new.sessions or not recording.here(rebinding.place) or not _plain_name(rebinding.name):
        return False
    if rebinding.operator in _REFUSED and old.keras is False:
        return False  # raises: TAP306
    watched = [event for event in recording.events_of(ask.tape) if event.what is Happening.WATCH]
    if watched or any(other.tape is ask.tape and _asks(recording, other, old) for other in recording.asks):
        return False
    if recording.names.get(old.id) != rebinding.name or old.place is None or not recording.here(old.place):
        return False
    return story.scope_around(recording, old.place) is story.scope_around(recording, rebinding.place)


def _plain_name(name: str) -> bool:
    return name.isidentifier()


def _watches(recording: Recording, event: Event, value: Value) -> bool | None:
    """Whether a call watches a value; None when that can't be told."""
    if event.value is None:
        return None
    leaves = recording.leaves(event.value)
    if any(leaf is value for leaf in leaves):
        return True
    return False if all(isinstance(leaf, Data) for leaf in leaves) else None


def _asks(recording: Recording, ask: Ask, value: Value) -> bool:
    return any(leaf is value for leaf in recording.leaves(ask.sources))


def _told(recording: Recording, ask: Ask, rebinding: Rebinding, source: Data, watch: Event) -> Finding:
    assert ask.session is not None
    fields = {"source": rebinding.name, "tape": story.tape_name(ask.tape), "method": ask.method}
    marks = (story.mark(recording, "watch", watch.place), story.asked(recording, ask))
    variant = "" if ask.session.id in source.sessions else "after"
    fix = _renamed(recording, ask, rebinding)
    return story.told(recording, CODE, rebinding.place, fields, marks, variant, ask.context, fix)


def _renamed(recording: Recording, ask: Ask, rebinding: Rebinding) -> Fix | None:
    """A name of its own for the new tensor, everywhere but in the sources."""
    node, name = rebinding.place.node, rebinding.name
    new = f"new_{name}"
    function = blocks.function_of(recording, node)
    scope = function or recording.tree
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return None
    if function is not blocks.function_of(recording, ask.node) or blocks.loops_around(recording, node):
        return None
    if any(isinstance(part, ast.Name) and part.id == new for part in recording.nodes):
        return None
    if any(part is not scope and isinstance(part, (*blocks.FUNCTIONS, ast.Lambda)) for part in walk(scope)):
        return None
    end = recording.span(node).end
    later = [part for part in blocks.reads(scope, name) if recording.span(part).start > end]
    if any(recording.span(part).start > end for part in blocks.writes(scope, name)):
        return None
    kept = {id(part) for part in walk(ask.sources_node)}
    spans = [recording.span(part) for part in later if id(part) not in kept]
    edits = tuple(Edit(span, new) for span in sorted([recording.span(node.targets[0]), *spans]))
    return Fix(f"call the new tensor `{new}`", Applicability.UNSAFE, edits)
