"""TAP315: a symbolic Keras tensor as source, target or watched value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Data, Kind, Value, options
from tapelint.rules import story

CODE = "TAP315"


def find(recording: Recording) -> Iterator[Finding]:
    for event in recording.happened(Happening.WATCH):
        if event.value is None or event.context.guarded("ValueError"):
            continue
        symbolic = _symbolic(recording, event.value)
        if symbolic is not None:
            fields = story.event_fields(recording, event)
            node = event.place.node
            at: ast.AST = node.args[0] if isinstance(node, ast.Call) and node.args else node
            marks = (story.mark(recording, "made", symbolic.place), story.opened(recording, event.tape))
            yield story.told(recording, CODE, at, fields, marks, "watch", event.context)
    for ask in recording.asks:
        if ask.context.guarded("AttributeError", "ValueError"):
            continue
        for value, node, variant in ((ask.sources, ask.sources_node, ""), (ask.target, ask.target_node, "target")):
            symbolic = _symbolic(recording, value)
            if symbolic is None:
                continue
            pieces = recording.pieces(value, node)
            node = next((at for piece, at in pieces if _symbolic(recording, piece) is symbolic), node)
            fields = {
                "tape": story.tape_name(ask.tape),
                "source": recording.text(node),
                "target": recording.text(node),
                "method": ask.method,
            }
            places = (
                story.mark(recording, "made", symbolic.place),
                story.opened(recording, ask.tape),
                story.asked(recording, ask),
            )
            yield story.told(recording, CODE, node, fields, places, variant, ask.context)
            break


def _symbolic(recording: Recording, value: Value) -> Data | None:
    """A symbolic tensor that the value certainly is or holds."""
    for leaf in recording.leaves(value):
        choices = options(leaf)
        if choices and all(isinstance(option, Data) and option.kind is Kind.SYMBOLIC for option in choices):
            found = choices[0]
            assert isinstance(found, Data)
            return found
    return None
