"""TAP507: a Jacobian that asks several times, on a tape that answers once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from math import prod

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.values import Const
from tapelint.rules import story
from tapelint.rules.gradients import fields_of
from tapelint.rules.jacobian_arguments import shape_of

CODE = "TAP507"


def find(recording: Recording) -> Iterator[Finding]:
    traced = {id(ask.place.node) for ask in recording.asks if ask.context.in_graph}
    for ask in recording.asks:
        if ask.method == "gradient" or not ask.certain or ask.tape.persistent is not False:
            continue
        if ask.context.guarded("RuntimeError", "ValueError") or not recording.here(ask.place):
            continue
        if _limited(ask):
            yield _told(recording, ask, "parallel")
        elif _is(ask, "experimental_use_pfor", False) and id(ask.place.node) not in traced and _eager(ask):
            yield _told(recording, ask, "")


def _is(ask: Ask, name: str, wanted: object) -> bool:
    value = ask.arguments.get(name)
    return isinstance(value, Const) and value.value is wanted


def _eager(ask: Ask) -> bool:
    """Whether nothing outside the module decides if the call is traced: no caller hands arguments in."""
    root = ask.context.calls[0].node if ask.context.calls else None
    if not isinstance(root, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    args = root.args
    return not (args.posonlyargs or args.args or args.kwonlyargs or args.vararg or args.kwarg)


def _limited(ask: Ask) -> bool:
    """Whether `parallel_iterations` splits the outputs into several portions."""
    value = ask.arguments.get("parallel_iterations")
    if not isinstance(value, Const) or not isinstance(value.value, int) or isinstance(value.value, bool):
        return False
    if _is(ask, "experimental_use_pfor", False):
        return False
    shape = shape_of(ask.target)
    if shape is None:
        return False
    sizes = shape if ask.method == "jacobian" else shape[1:]
    outputs = prod(size for size in sizes if size is not None)
    return None not in sizes and 1 <= value.value <= outputs and outputs > 1


def _told(recording: Recording, ask: Ask, variant: str) -> Finding:
    marks = (story.created(recording, ask.tape),)
    fix = _fix(recording, ask)
    return story.told(recording, CODE, ask.place, fields_of(recording, ask), marks, variant, ask.context, fix)


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """`persistent=True` where the tape is opened, in the same function."""
    call = ask.tape.arguments
    if call is None or call.args or call.keywords or not recording.here(ask.tape.place):
        return None
    if recording.functions.get(ask.tape.id) is not None and len(ask.context.calls) > 1:
        return None
    end = recording.span(call).end - 1
    if recording.source.text[end] != ")":
        return None
    edit = Edit(Span(end, end), "persistent=True")
    return Fix("open the tape with `persistent=True`", Applicability.SAFE, (edit,))
