"""TAP504: the gradient of a gradient is used as a Hessian matrix."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.values import Data, Value, Variable
from tapelint.rules import story
from tapelint.rules.gradients import fields_of, single, source_of

CODE = "TAP504"

_MATRIX = frozenset(
    {
        "inv", "pinv", "solve", "det", "slogdet", "logdet", "cholesky", "eigh", "eig", "eigvals", "eigvalsh", "trace",
        "diag_part",
    }
)  # fmt: skip
_OTHER = ("vector", "product", "hvp", "diag", "row", "trace", "times", "sum")


def find(recording: Recording) -> Iterator[Finding]:
    for ask in recording.asks:
        if ask.method != "gradient" or not ask.certain or "output_gradients" in ask.arguments or not single(ask):
            continue
        first = ask.target.ask if isinstance(ask.target, Data) else None
        if first is None or first.method != "gradient" or source_of(ask.target) is not ask.sources:
            continue
        if not isinstance(first.target, Data) or first.target.shape != () or not ask.results:
            continue
        if not isinstance(ask.sources, (Data, Variable)) or not ask.sources.shape or not recording.here(ask.place):
            continue
        used = _used(recording, ask.results[0])
        if used is not None or _called(recording, ask):
            yield _told(recording, ask, first, used)


def _used(recording: Recording, value: Value) -> ast.AST | None:
    """Where the result is used as a matrix."""
    for operation in recording.operations.values():
        if operation.function.rsplit(".", 1)[-1] in _MATRIX and value in operation.args[:1]:
            return operation.place.node if recording.here(operation.place) else None
    for work in recording.works:
        node = work.place.node
        if work.how == "index" and work.value is value and isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
            if len(parts) > 1 and all(isinstance(part, ast.Constant) and isinstance(part.value, int) for part in parts):
                return node
    return None


def _called(recording: Recording, ask: Ask) -> bool:
    """Whether the program calls the result, or the function that gives it, a Hessian."""
    names = [recording.names.get(value.id, "") for value in ask.results]
    if isinstance(recording.parents.get(id(ask.place.node)), ast.Return):
        names.append(story.function_around(recording, ask.place))
    return any("hess" in name.lower() and not any(other in name.lower() for other in _OTHER) for name in names)


def _told(recording: Recording, ask: Ask, first: Ask, used: ast.AST | None) -> Finding:
    fields = {
        **fields_of(recording, ask),
        "outer": story.tape_name(ask.tape),
        "inner": story.tape_name(first.tape),
        "name": recording.names.get(ask.results[0].id, ""),
    }
    marks = (story.mark(recording, "first", first.place), story.mark(recording, "used", used))
    return story.told(recording, CODE, ask.place, fields, marks, "", ask.context, _fix(recording, ask))


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    function = ask.node.func
    if not isinstance(function, ast.Attribute) or function.attr != "gradient":
        return None
    end = recording.span(function).end
    edit = Edit(Span(end - len("gradient"), end), "jacobian")
    return Fix("ask for the matrix with `jacobian`", Applicability.UNSAFE, (edit,))
