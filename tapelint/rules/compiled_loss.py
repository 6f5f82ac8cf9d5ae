"""TAP907: self.compiled_loss, where compute_loss does the same and more."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Use
from tapelint.play.values import Instance
from tapelint.rules import story

CODE = "TAP907"


def find(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        if use.name != "compiled_loss" or not isinstance(use.value, Instance) or use.value.kind != "model":
            continue
        if not recording.here(use.place) or use.context.guarded("AttributeError") or not _called(recording, use):
            continue
        call = recording.parents.get(id(use.place.node))
        given = [recording.text(node) for node in call.args[:2]] if isinstance(call, ast.Call) else []
        label, output = given if len(given) == 2 else ("y", "y_pred")
        fields = {"name": recording.text(use.place), "label": label, "output": output}
        yield story.told(recording, CODE, use.place, fields, (), "", None, _fix(recording, use))


def _called(recording: Recording, use: Use) -> bool:
    call = recording.parents.get(id(use.place.node))
    return isinstance(call, ast.Call) and call.func is use.place.node


def _fix(recording: Recording, use: Use) -> Fix | None:
    """`compute_loss`, where the function has an `x` to hand over."""
    call = recording.parents.get(id(use.place.node))
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if len(call.args) != 2 or call.keywords:
        return None
    around = story.functions_around(recording, call)
    if not around:
        return None
    function = around[-1]
    bound = {arg.arg for arg in function.args.args}
    bound |= {node.id for node in walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    if "x" not in bound:
        return None
    owner, label, output = (
        recording.segment(recording.span(node)) for node in (call.func.value, call.args[0], call.args[1])
    )
    edit = Edit(recording.span(call), f"{owner}.compute_loss(x=x, y={label}, y_pred={output})")
    return Fix(f"use {owner}.compute_loss(x=x, y=..., y_pred=...)", Applicability.UNSAFE, (edit,))
