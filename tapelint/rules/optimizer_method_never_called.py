"""TAP721: an optimizer of one's own steps in a method that Keras does not call, or not with these arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.play.records import Uncalled
from tapelint.rules import optimizers, story

CODE = "TAP721"
_ABSTRACT = "keras.Optimizer"
_OLD = "_resource_apply_"
_NOW = "update_step"


def find(recording: Recording) -> Iterator[Finding]:
    for one in recording.uncalled:
        place = one.cls.place
        if place is None or not recording.here(place) or one.context.conditions or one.context.guards:
            continue
        stale = one.method.name != _NOW and _called(recording, one.method.name)
        if not stale and not optimizers.asked_first(recording, place):
            yield _told(recording, one)


def _called(recording: Recording, name: str) -> bool:
    """Whether the program calls the method itself, elsewhere than in such methods, or gives its classes a new one."""
    if any(_NOW in module.source.text for module in recording.modules):
        return True
    reads = (
        (module, node)
        for module in recording.modules
        for node in module.outline.nodes
        if isinstance(node, ast.Attribute) and node.attr == name
    )
    return any(not module.outline.function_of(node).startswith(_OLD) for module, node in reads)


def _told(recording: Recording, one: Uncalled) -> Finding:
    fields = {"method": one.method.name, "class": one.cls.name, "base": one.base.rpartition(".")[2]}
    first = story.head(recording, "primary", one.method.place)[0]
    marks = story.head(recording, "class", one.cls.place)
    variant = "arguments" if one.method.name == _NOW else "abstract" if one.base == _ABSTRACT else ""
    return story.told(recording, CODE, first.span, fields, (marks,), variant)
