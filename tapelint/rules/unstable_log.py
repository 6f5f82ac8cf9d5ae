"""TAP408: the logarithm of a softmax, a sigmoid or a sum of exponentials in two steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.recording import Recording
from tapelint.play.records import Operation
from tapelint.play.values import Value
from tapelint.rules import formulas, story
from tapelint.rules.gradients import fields_of
from tapelint.rules.logits_mismatch import last_activation

CODE = "TAP408"
_LOGS = frozenset({"tensorflow.math.log", "keras.backend.log", "keras.ops.log"})
_LOG1PS = frozenset({"tensorflow.math.log1p", "keras.ops.log1p"})
_SOFTMAXES = frozenset(
    {"tensorflow.math.softmax", "keras.activations.softmax", "keras.ops.softmax", "keras.backend.softmax"}
)
_SIGMOIDS = frozenset({"tensorflow.sigmoid", "keras.activations.sigmoid", "keras.ops.sigmoid", "keras.backend.sigmoid"})
_EXPS = frozenset({"tensorflow.exp", "keras.backend.exp", "keras.ops.exp"})
_SUMS = frozenset({"tensorflow.reduce_sum", "keras.backend.sum", "keras.ops.sum"})
_BOUNDED = frozenset(
    {
        "tensorflow.tanh", "tensorflow.clip_by_value", "tensorflow.minimum", "tensorflow.sigmoid",
        "tensorflow.clip_by_norm",
    }
)  # fmt: skip
_EDGES = {"tf.nn.softplus": "infinity", "tf.reduce_logsumexp": "0 or infinity"}
_POSITIVE = frozenset(
    {"tensorflow.abs", "tensorflow.square", "tensorflow.norm", "tensorflow.nn.softplus", "tensorflow.nn.relu"}
)


def find(recording: Recording) -> Iterator[Finding]:
    for ask, _, operation in formulas.on_paths(recording):
        told = _steps(recording, operation)
        if told is None:
            continue
        function, inner = told
        fields = {**fields_of(recording, ask), "op": recording.text(operation.place), "function": function}
        fields["edge"] = _EDGES.get(function, "0")
        marks = (
            story.mark(recording, "made", inner.place),
            story.opened(recording, ask.tape, ask.time),
            story.asked(recording, ask),
        )
        fix = _fix(recording, operation.place.node, inner.place.node, function)
        variant = "complement" if function == "tf.math.log_sigmoid" and inner.function == "-" else ""
        yield story.told(recording, CODE, operation.place, fields, marks, variant, operation.context, fix)


def _steps(recording: Recording, operation: Operation) -> tuple[str, Operation] | None:
    """The one function that does both steps, and the inner one of the two."""
    given = operation.args[0] if operation.args else None
    name, inner = recording.made_by(given)
    if inner is None or not recording.here(inner.place):
        return None
    if operation.function in _LOG1PS:
        return ("tf.nn.softplus", inner) if name in _EXPS and _grows(recording, inner) else None
    if operation.function not in _LOGS:
        return None
    if name in _SOFTMAXES and _grows(recording, inner):
        return "tf.nn.log_softmax", inner
    if name in _SIGMOIDS and _grows(recording, inner):
        return "tf.math.log_sigmoid", inner
    if name == "-" and formulas.number(inner.args[0]) == 1.0:
        below, sigmoid = recording.made_by(inner.args[1])
        if below in _SIGMOIDS and sigmoid is not None and _grows(recording, sigmoid):
            return "tf.math.log_sigmoid", inner
    if name == "+":
        for one, other in (inner.args, inner.args[::-1]):
            below, exp = recording.made_by(other)
            if formulas.number(one) == 1.0 and below in _EXPS and exp is not None and _grows(recording, exp):
                return "tf.nn.softplus", inner
    if name in _SUMS:
        below, exp = recording.made_by(inner.args[0] if inner.args else None)
        if below in _EXPS and exp is not None and _grows(recording, exp):
            return "tf.reduce_logsumexp", inner
    return None


def _grows(recording: Recording, operation: Operation) -> bool:
    """Whether the argument of an exponential may become large: nothing visible bounds it."""
    return bool(operation.args) and not _bounded(recording, operation.args[0])


def _bounded(recording: Recording, value: Value) -> bool:
    if last_activation(recording, value)[0] in ("softmax", "sigmoid"):
        return True
    name, operation = recording.made_by(value)
    if operation is None or not operation.args:
        return False
    if name in _BOUNDED:
        return True
    if name == "unary -":
        below, _ = recording.made_by(operation.args[0])
        return below in _POSITIVE
    if name == "-":
        below, _ = recording.made_by(operation.args[1])
        return below in ("tensorflow.reduce_max", "tensorflow.stop_gradient", *_POSITIVE)
    if name in ("*", "/"):
        return any(_bounded(recording, one) for one in operation.args)
    return False


def _fix(recording: Recording, outer: ast.AST, inner: ast.AST, function: str) -> Fix | None:
    """Both steps in one call, where the inner one stands inside the logarithm."""
    tf = formulas.prefix(recording, outer)
    if tf is None or not isinstance(outer, ast.Call) or len(outer.args) != 1 or outer.keywords:
        return None
    if outer.args[0] is not inner:
        return None
    name = tf + function.removeprefix("tf")
    words = recording.segment
    if isinstance(inner, ast.BinOp):
        call = inner.right if isinstance(inner.right, ast.Call) else inner.left
        if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
            return None
        argument = words(recording.span(call.args[0]))
        if function == "tf.math.log_sigmoid":
            simple = isinstance(call.args[0], (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
            argument = f"-{argument}" if simple else f"-({argument})"
    elif isinstance(inner, ast.Call) and inner.args:
        first = inner.args[0]
        end = recording.span(inner).end
        argument = words(type(recording.span(inner))(recording.span(first).start, end - 1))
        if function in ("tf.nn.softplus", "tf.reduce_logsumexp"):
            exp = first if function == "tf.reduce_logsumexp" else inner
            if not isinstance(exp, ast.Call) or len(exp.args) != 1 or exp.keywords:
                return None
            argument = words(recording.span(exp.args[0]))
            if function == "tf.reduce_logsumexp":
                argument += words(type(recording.span(inner))(recording.span(first).end, end - 1))
    else:
        return None
    return Fix(f"write `{name}(...)`", Applicability.SAFE, (Edit(recording.span(outer), f"{name}({argument})"),))
