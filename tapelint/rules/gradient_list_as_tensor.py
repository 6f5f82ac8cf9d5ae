"""TAP614: a whole list of gradients is computed with as if it was one tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Work
from tapelint.play.values import Const, Data, Kind, Sequence, Variable
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP614"

_RAISED = ("TypeError", "ValueError", "InvalidArgumentError", "AttributeError")

_EACH = frozenset({"clip_by_value", "clip_by_norm"})
"""What is meant for each gradient by itself."""

_PACKING = _EACH | {
    "norm", "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_std", "multiply", "divide", "add",
    "subtract", "negative", "abs", "square", "sqrt", "sign", "pow", "maximum", "minimum", "divide_no_nan", "round",
    "l2_loss", "is_nan", "is_inf", "is_finite", "zeros_like", "ones_like", "convert_to_tensor", "cast", "stack",
    "reshape", "tanh", "l2_normalize",
}  # fmt: skip
"""Functions that make one tensor of the list that they are given first."""

_ARRAYS = frozenset(
    {
        "array", "asarray", "mean", "average", "median", "sum", "std", "var", "abs", "absolute", "max", "amax", "min",
        "amin", "square", "sqrt", "sign", "negative", "multiply", "divide", "add", "subtract", "isnan", "isfinite",
        "linalg.norm", "stack", "clip",
    }
)  # fmt: skip
"""The same of NumPy, which makes one array."""


def find(recording: Recording) -> Iterator[Finding]:
    for work in recording.works:
        if work.how not in ("list", "lists") or work.context.guarded(*_RAISED) or not recording.here(work.place):
            continue
        ask = recording.answers.get(work.value.id)
        if ask is not None and ask.certain and (variant := _variant(work, ask)) is not None:
            yield _told(recording, work, ask, variant)


def _variant(work: Work, ask: Ask) -> str | None:
    """Which kind of failure it is; None where nothing is certain."""
    if work.op.startswith("tensorflow."):
        packs = work.op.rsplit(".", 1)[-1] in _PACKING and work.op.count(".") <= 2
        return ("packed" if work.how == "list" else "lists") if packs and ask.ragged else None
    if work.op.startswith("numpy."):
        packs = work.op.removeprefix("numpy.") in _ARRAYS and work.context.trace is None
        return "array" if packs and ask.ragged else None
    if work.op.startswith("."):
        return "attribute"
    if not work.others:
        return ""  # -grads
    other = work.others[0]
    if isinstance(other, Const) and isinstance(other.value, (int, float)):
        repeats = work.op == "*" and isinstance(other.value, int)
        return None if repeats else ""
    if isinstance(other, Sequence):
        return "" if work.op in ("-", "/", "//", "**") else None  # `+` puts one list behind the other
    tensor = isinstance(other, Variable) or (isinstance(other, Data) and other.kind is Kind.TENSOR)
    if tensor and ask.ragged and work.op in ("-", "*", "/"):
        return "packed"
    return None


def _told(recording: Recording, work: Work, ask: Ask, variant: str) -> Finding:
    given = _given(work)
    fields = {
        **fields_of(recording, ask),
        "op": work.op.replace("tensorflow.", "tf.").replace("numpy.", "np."),
        "name": recording.text(given) if given is not None else "the list",
    }
    marks = (story.asked(recording, ask),)
    return story.told(recording, CODE, work.place, fields, marks, variant, work.context, _fix(recording, work, given))


def _given(work: Work) -> ast.expr | None:
    """The expression of the list."""
    node = work.place.node
    if isinstance(node, ast.Call) and node.args:
        return node.args[0]
    if isinstance(node, ast.UnaryOp):
        return node.operand
    if isinstance(node, ast.Attribute):
        return node.value
    if isinstance(node, ast.BinOp):
        return node.right if work.number else node.left
    if isinstance(node, ast.AugAssign):
        return node.value if work.number else node.target
    return None


def _fix(recording: Recording, work: Work, given: ast.expr | None) -> Fix | None:
    """`tf.clip_by_value(grads, -1.0, 1.0)` becomes `[tf.clip_by_value(g, -1.0, 1.0) for g in grads]`."""
    node = work.place.node
    each = work.op.rsplit(".", 1)[-1] in _EACH or isinstance(node, (ast.BinOp, ast.UnaryOp))
    if not each or not isinstance(given, ast.Name) or any(isinstance(other, Sequence) for other in work.others):
        return None
    if any(isinstance(part, ast.Name) and part.id == "g" for part in walk(node)) or _wants_a_tensor(recording, node):
        return None
    span, inner = recording.span(node), recording.span(given)
    if "#" in recording.segment(span):
        return None
    last = Edit(Span(span.end, span.end), f" for g in {given.id}]")
    before = [] if inner.start == span.start else [Edit(Span(span.start, span.start), "[")]
    each_one = Edit(inner, "g" if before else "[g")
    return Fix("do it to each gradient in the list", Applicability.UNSAFE, (*before, each_one, last))


def _wants_a_tensor(recording: Recording, node: ast.AST) -> bool:
    """Whether the result goes into a formula or a variable, where a list would be wrong, too."""
    around = recording.parents.get(id(node))
    if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute):
        return around.func.attr.startswith("assign")
    return isinstance(around, (ast.BinOp, ast.UnaryOp, ast.AugAssign, ast.Attribute))
