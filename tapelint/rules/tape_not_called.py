"""TAP103: `with tf.GradientTape as tape`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.recording import Recording
from tapelint.rules import story

CODE = "TAP103"


def find(recording: Recording) -> Iterator[Finding]:
    for entered in recording.classes_entered:
        if entered.context.guarded("TypeError"):
            continue
        fields = {"name": recording.text(entered.place)}
        fix = None
        if isinstance(entered.place.node, (ast.Name, ast.Attribute)):
            end = recording.span(entered.place).end
            fix = Fix("add the parentheses", Applicability.SAFE, (Edit(Span(end, end), "()"),))
        yield story.told(recording, CODE, entered.place, fields, (), "", entered.context, fix)
