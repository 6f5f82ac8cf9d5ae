"""TAP720: a `train_step` that `fit` runs gives back no dictionary."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play import records
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Place
from tapelint.rules import story

CODE = "TAP720"
_RAISED = ("ValueError", "AttributeError", "TypeError", "InvalidArgumentError")


def find(recording: Recording) -> Iterator[Finding]:
    for at, fit in enumerate(recording.fits):
        step = fit.step.node
        if not fit.given or fit.context.guarded(*_RAISED) or (fit.given == "empty" and recording.keras == 2):
            continue
        if not recording.here(Place(step, fit.step.module)) or isinstance(step, ast.Lambda):
            continue
        if any(other.step.node is step for other in recording.fits[:at]):
            continue  # told with the first `fit`
        yield _told(recording, fit, step)


def _told(recording: Recording, fit: records.Fit, step: ast.FunctionDef | ast.AsyncFunctionDef) -> Finding:
    returns = [part.value for part in walk(step) if isinstance(part, ast.Return) and part.value is not None]
    given = returns[0] if len(returns) == 1 and fit.given != "nothing" else None
    marks = (story.mark(recording, "fit", fit.place),)
    fields = {"step": fit.step.name, "given": fit.given}
    variant = fit.given if fit.given in ("nothing", "empty") else ""
    if given is None:
        first = story.first_line(recording, story.mark(recording, "primary", step)[0])
        return story.told(recording, CODE, first.span, fields, marks, variant)
    fix = None
    if fit.given == "tensor" and isinstance(given, ast.Name):
        text = f'{{"{given.id}": {given.id}}}'
        fix = Fix(f"return {text}", Applicability.UNSAFE, (Edit(recording.span(given), text),))
    return story.told(recording, CODE, given, fields, marks, variant, fix=fix)
