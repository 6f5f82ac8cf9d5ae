"""TAP319: a functional model with an output that was computed from an input which it does not have."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.recording import Recording
from tapelint.rules import story

CODE = "TAP319"


def find(recording: Recording) -> Iterator[Finding]:
    for one in recording.disconnected:
        if not recording.here(one.place) or one.context.guarded("ValueError"):
            continue
        fields = {"output": recording.text(one.node), "inputs": recording.text(one.given)}
        marks = (story.mark(recording, "root", one.root), story.mark(recording, "inputs", one.given))
        yield story.told(recording, CODE, one.node, fields, marks, context=one.context)
