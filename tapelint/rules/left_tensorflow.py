"""TAP304: NumPy or plain Python on the only path, or between the source and a factor of the target."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.fixes import statements
from tapelint.play.ask import Ask, Standing, Verdict
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.tape import Session
from tapelint.play.values import CUTS, Cut, CutKind, Data, Either, Kind, Value, Variable, VariableSet, options
from tapelint.rules import blocks, story
from tapelint.rules.edits import tensorflow_name
from tapelint.rules.gradients import fields_of

CODE = "TAP304"
_KINDS = (CutKind.NUMPY_METHOD, CutKind.NUMPY_FUNCTION, CutKind.PYTHON_NUMBER)
_FORMULAS = frozenset(
    {
        "exp", "expm1", "log", "log1p", "log10", "log2", "sqrt", "square", "power", "pow", "sin", "cos", "tan", "tanh",
        "sinh", "cosh", "arctan", "atan", "erf", "cbrt",
    }
)  # fmt: skip
"""Functions that stand in formulas; `np.mean` or `np.array` are also how a constant is made on purpose."""
_LINEAR = frozenset({"+", "-", "tf.add", "tf.subtract", "tf.add_n", "tf.reduce_sum", "tf.reduce_mean", "tf.reshape"})
"""Steps after which a term of a sum is still a term of a sum."""
_REDUCING = frozenset({"sum", "mean", "norm", "dot", "vdot", "item", "float", "det", "slogdet", "trace"})
_REDUCED = frozenset({"tf.reduce_sum", "tf.reduce_mean", "tf.image.total_variation", "tf.nn.l2_loss", "tf.norm"})
"""Functions of TensorFlow that give one number, for a penalty for instance."""
_DIFFERENCES = frozenset({"-", "tf.subtract", "np.subtract"})
_JOINING = frozenset({"+", "-", "*", "/", "tf.multiply", "tf.add", "tf.subtract", "tf.divide"})


_PLAIN = frozenset({".item", ".tolist", ".copy"})
"""What only hands the numbers on: nothing has to be put in its place."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, *_KINDS):
        assert case.met is not None
        cut = case.met.cut
        variant = _variant(cut.kind, cut.op)
        extra = {"beyond": _beyond(recording, cut.place.node)}
        if cut.op == "array item":
            variant, extra["op"] = "array-item", recording.text(cut.place)
        elif not variant and extra["beyond"]:
            variant = "plain" if extra["beyond"] in _PLAIN else "array-method"
        used = "used" if variant != "constant-of-variable" else ""
        finding = story.cut_finding(CODE, case, variant, extra, fix=_fix(recording, cut), used=used)
        if finding is not None:
            yield finding
    for ask, node, cut in story.array_targets(recording, *_KINDS):
        fields = _fields(recording, ask, cut)
        marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
        fields["target"] = recording.text(node)
        yield story.told(recording, CODE, cut.place, fields, marks, "target", ask.context, _fix(recording, cut))
    for ask in recording.asks:
        for verdict in ask.verdicts:
            if verdict.standing is Standing.CONNECTED and (found := _lost_factor(recording, ask, verdict)):
                fields = {**_fields(recording, ask, found), "source": recording.text(verdict.node)}
                marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
                fix = _fix(recording, found)
                yield story.told(recording, CODE, found.place, fields, marks, "partial", ask.context, fix)
                break
            if verdict.standing is Standing.CONNECTED and (lost := _lost_term(recording, ask, verdict.source)):
                fields = {**_fields(recording, ask, lost), "source": recording.text(verdict.node)}
                marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
                yield story.told(recording, CODE, lost.place, fields, marks, "term", ask.context, _fix(recording, lost))
                break

    yield from _constants(recording)


def _constants(recording: Recording) -> Iterator[Finding]:
    """`tf.constant` of a list of tensors, on the way to a target."""
    for use in recording.uses:
        if use.how != "tensors" or not use.certain or not recording.here(use.place) or use.item is None:
            continue
        if use.context.guarded("ValueError", "TypeError") or not isinstance(use.place.node, ast.Call):
            continue
        for ask in recording.asks:
            recorded = ask.session is not None and isinstance(use.item, Data) and ask.session.id in use.item.sessions
            if ask.certain and recorded and use.item in recording.behind(ask.target, cuts=CUTS):
                given = use.place.node.args[0] if use.place.node.args else use.place.node
                fields = {"op": recording.text(use.place.node.func), "name": recording.text(given)}
                fields |= {"tape": story.tape_name(ask.tape), "target": recording.text(ask.target_node)}
                marks = (story.opened(recording, ask.tape), story.asked(recording, ask))
                yield story.told(recording, CODE, use.place, fields, marks, "list-of-tensors", use.context)
                break


def _variant(kind: CutKind, op: str) -> str:
    if op in ("np.array", "np.asarray"):
        return "array"
    if kind is CutKind.NUMPY_FUNCTION:
        return "numpy-function"
    if op == "tf.constant":
        return "constant-of-variable"
    if op.startswith("math."):
        return "python-math"
    return "python-number" if kind is CutKind.PYTHON_NUMBER else ""


def _fields(recording: Recording, ask: Ask, cut: Cut) -> dict[str, str]:
    return {**fields_of(recording, ask), "op": cut.op, "name": story.operand(recording, cut.place)}


def _lost_factor(recording: Recording, ask: Ask, verdict: Verdict) -> Cut | None:
    """A function of NumPy or math, applied to the source in the block, whose result is joined with the source again."""
    if ask.session is None or isinstance(verdict.source, VariableSet):
        return None
    session = ask.session.id
    for factor, step in recording.reads(*recording.leaves(ask.target), session=session):
        made = factor.links if isinstance(factor, Data) and factor.kind is not Kind.TENSOR else ()
        cut = next((one.cut for one in made if one.cut is not None), None)
        if cut is None or step.op not in _JOINING or not _is_formula(cut) or not recording.here(cut.place):
            continue
        others = [link.value for link in step.links if link.cut is None and link.value is not factor]
        if (
            verdict.source in recording.behind(*(one.value for one in made), session=session)
            and verdict.source in recording.behind(*others, session=session)
        ):  # fmt: skip
            return cut
    return None


def _is_formula(cut: Cut) -> bool:
    """Whether a value went through a function of NumPy or math that stands in formulas."""
    module, _, function = cut.op.rpartition(".")
    left = cut.kind in (CutKind.NUMPY_FUNCTION, CutKind.PYTHON_NUMBER)
    return left and module.partition(".")[0] in ("np", "math") and function in _FORMULAS


def _lost_term(recording: Recording, ask: Ask, source: Value) -> Cut | None:
    """A term of the target that was computed from the source in the block and left TensorFlow on the way.

    The target is a sum of it and others; a factor may be a constant on purpose, a term would then be of no use.
    """
    if ask.session is None or ask.context.experiment:
        return None
    leaves = [option for leaf in recording.leaves(ask.target) for option in options(leaf)]
    for term, step in recording.reads(*leaves, session=ask.session.id, ends=lambda step: not _linear(step)):
        if not isinstance(term, Data) or term.kind not in (Kind.ARRAY, Kind.NUMBER):
            continue
        if step.op == "-" and any(one.cut is not None for one in term.links):
            continue  # `x - x.numpy()`: the value is taken away on purpose, another one is put in its place
        cut = _left_behind(recording, ask, term, source, ask.session)
        if cut is not None and recording.here(cut.place):
            return cut
    return None


def _linear(step: Data) -> bool:
    """Whether a term of a sum is still one after a step between tensors."""
    if step.kind in (Kind.ARRAY, Kind.NUMBER):
        return False
    return step.op in _LINEAR or (step.op in ("*", "tf.multiply") and len(step.links) == 1)


def _left_behind(recording: Recording, ask: Ask, term: Data, source: Value, session: Session) -> Cut | None:
    """Where an array or number of the block was taken out of something that the source leads to.

    It has to become one number on the way, as a penalty does, and a difference is none: `x + (rounded - x).numpy()`
    puts another value in the place of x and keeps its gradient.
    """
    reduced = False
    stack: list[Value] = [term]
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Either):  # the sum of a list that may be empty, for instance
            stack += item.options
            continue
        if item.id in seen or not isinstance(item, Data) or item.time < session.began:
            continue
        seen.add(item.id)
        if item.op in _DIFFERENCES:
            return None
        reduced = reduced or item.kind is Kind.NUMBER or item.op.strip("()").rsplit(".", 1)[-1] in _REDUCING
        for link in item.links:
            behind = link.value
            if link.cut is None:
                stack.append(behind)
                continue
            reduced = reduced or (isinstance(behind, Data) and behind.op in _REDUCED)
            if isinstance(behind, Data) and behind.op in _DIFFERENCES:
                return None
            if not reduced or link.cut.kind not in _KINDS:
                continue
            if any(item is source or _has(item, ask, source) for item in recording.behind(behind, session=session.id)):
                return link.cut
    return None


def _has(item: Value, ask: Ask, source: Value) -> bool:
    """Whether these are weights of a model, or of a layer of it, whose variables are the sources."""
    if isinstance(item, Variable):
        return item.trainable is not False and item.id in ask.owned
    if not isinstance(item, VariableSet) or item.which not in ("all", "trainable"):
        return False
    return item.owner.id in ask.owned or (isinstance(source, VariableSet) and item.owner is source.owner)


_TENSORFLOW = {
    "exp": "exp", "log": "math.log", "log1p": "math.log1p", "expm1": "math.expm1", "sqrt": "sqrt", "square": "square",
    "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh", "cosh": "cosh", "abs": "abs",
    "power": "pow", "pow": "pow", "mean": "reduce_mean", "sum": "reduce_sum", "max": "reduce_max", "min": "reduce_min",
    "maximum": "maximum", "minimum": "minimum", "multiply": "multiply", "add": "add", "subtract": "subtract",
    "reshape": "reshape", "transpose": "transpose", "stack": "stack",
}  # fmt: skip
"""Functions of NumPy and math, and what they are called in TensorFlow."""


def _fix(recording: Recording, cut: Cut) -> Fix | None:
    """`np.exp(x)` becomes `tf.exp(x)`; `x.numpy()` becomes `x`."""
    node = cut.place.node
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    if cut.op == ".numpy()" and isinstance(function, ast.Attribute) and not node.args:
        return _without_numpy(recording, node, function)
    name = _TENSORFLOW.get(cut.op.rsplit(".", 1)[-1])
    tf = tensorflow_name(recording)
    if name is None or not tf or not cut.op.startswith(("np.", "math.")) or cut.op.count(".") != 1:
        return None
    if any(keyword.arg not in ("axis", "keepdims") for keyword in node.keywords):
        return None
    edit = Edit(recording.span(function), f"{tf}.{name}")
    return Fix(f"use `{tf}.{name}`", Applicability.UNSAFE, (edit,))


def _without_numpy(recording: Recording, node: ast.Call, function: ast.Attribute) -> Fix | None:
    """`x.numpy()` becomes `x`, and `x = x.numpy()` goes, where a tensor can do what the array did."""
    dot = recording.span(function).end - len(".numpy")
    if recording.source.text[dot : recording.span(function).end] != ".numpy":
        return None
    if _beyond(recording, node) or an_array(recording, node):
        return None
    statement = recording.parents.get(id(node))
    if isinstance(statement, ast.Assign) and [*map(ast.unparse, statement.targets)] == [ast.unparse(function.value)]:
        spot = blocks.spots(recording, statement)[-1]
        edits = statements.removed(recording.source, statement) if len(spot.body) > 1 else None
        return Fix(f"drop `{recording.text(statement)}`", Applicability.UNSAFE, edits) if edits is not None else None
    edit = Edit(Span(dot, recording.span(node).end), "")
    return Fix("drop `.numpy()`", Applicability.UNSAFE, (edit,))


def _beyond(recording: Recording, node: ast.AST) -> str:
    """What NumPy does with the array in the same expression: `.argmax` of `x.numpy().argmax()`, or `np.mean`."""
    parent = recording.parents.get(id(node))
    if isinstance(parent, ast.Attribute) and parent.attr not in ("shape", "dtype"):
        return f".{parent.attr}"
    while isinstance(parent, (ast.expr, ast.keyword)):
        if isinstance(parent, ast.Call) and recording.text(parent.func).split(".")[0] in ("np", "numpy", "math"):
            return recording.text(parent.func)
        parent = recording.parents.get(id(parent))
    return ""


def an_array(recording: Recording, node: ast.AST, steps: int = 4) -> bool:
    """Whether something is done with the value of a node that a tensor would not stand, as far as can be seen."""
    parent = recording.parents.get(id(node))
    if isinstance(parent, ast.Attribute):
        return parent.attr not in ("shape", "dtype")
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return isinstance(parent.ctx, ast.Store) or an_array(recording, parent, steps)
    if isinstance(parent, (ast.Assign, ast.AnnAssign)) and steps:
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        scope = blocks.function_of(recording, parent) or recording.tree
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        return any(an_array(recording, read, steps - 1) for read in _reads(scope, names, parent))
    if isinstance(parent, ast.Call) and steps and isinstance(parent.func, ast.Name) and node in parent.args:
        for definition in recording.tree.body:
            if isinstance(definition, ast.FunctionDef) and definition.name == parent.func.id:
                taken = [*definition.args.posonlyargs, *definition.args.args]
                names = {one.arg for one in taken[parent.args.index(node) :][:1]}
                return any(an_array(recording, read, steps - 1) for read in _reads(definition, names))
    return False


def _reads(scope: ast.AST, names: set[str], after: ast.AST | None = None) -> Iterator[ast.Name]:
    """Where one of the names is read in a scope, behind a statement if one is given."""
    first = (getattr(after, "end_lineno", 0), getattr(after, "end_col_offset", 0))
    for node in walk(scope):
        if not isinstance(node, ast.Name) or node.id not in names or isinstance(node.ctx, ast.Store):
            continue
        if (node.lineno, node.col_offset) >= first:
            yield node
