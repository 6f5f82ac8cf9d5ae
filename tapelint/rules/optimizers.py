"""What several rules ask about optimizers: what they certainly are, how the program calls them, what it asked first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from tapelint.diagnostic import Mark
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.context import Context
from tapelint.play.definitions import LEGACY
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import (
    Class,
    Instance,
    Object,
    Place,
    Symbol,
    Value,
    VariableSet,
)
from tapelint.rules import story

KERAS = frozenset({"optimizer", "loss_scale_optimizer"})
_OLD = (LEGACY, "keras.optimizers.experimental.")
"""The packages of the optimizers that Keras 3 does not have."""

_SCALED = frozenset({"Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adadelta", "Adafactor", "Lion", "AdamOptimizer"})
"""Optimizers whose step does not grow with the gradients."""

_GRAPH_CODE = (
    r"disable_eager_execution|disable_v2_behavior|\bSession\(|\bplaceholder\(|global_variables_initializer"
    r"|\bas_default\(|\bEstimatorSpec\b|\btf\.estimator\b|import\s+tensorflow\.compat\.v1\b|from\s+tensorflow\.compat\s+import\s+v1\b"
)
_QUESTION = r"(?i)version|executing_eagerly|keras_?[23]|legacy|tf_?[12]\b|is_v2|_v1\b"
_ASKING = frozenset({"callable", "getattr", "hasattr", "isinstance", "executing_eagerly", "inside_function"})


def applied(recording: Recording, *methods: str) -> Iterator[Apply]:
    """The calls on what certainly is a Keras optimizer, in this module."""
    for apply in recording.applies:
        if apply.method not in methods or not apply.certain or not is_optimizer(apply.optimizer):
            continue
        if recording.here(apply.place) and not apply.context.guarded("ValueError", "TypeError", "AttributeError"):
            yield apply


def is_optimizer(value: Value) -> bool:
    """Whether a value certainly is an optimizer of Keras, with the methods that Keras gives it."""
    if isinstance(value, Object):
        return value.kind in KERAS
    return isinstance(value, Instance) and value.kind == "optimizer" and value.whole


def is_gone(recording: Recording, value: Value) -> bool:
    """Whether the program is for Keras 3, which has no such optimizer: to make it raises."""
    if recording.keras != 3:
        return False
    if isinstance(value, Instance):
        return _is_legacy(value.cls)
    if not isinstance(value, Object):
        return False
    inner = value.args.get("inner_optimizer", value.args.get("0"))
    if value.kind == "loss_scale_optimizer" and inner is not None:
        return is_gone(recording, inner)
    return value.symbol.startswith(_OLD) or (value.place is not None and is_experimental(value.place))


def _is_legacy(cls: Class) -> bool:
    """Whether a class of the program is made from one of the optimizers that are gone."""
    return any(
        _is_legacy(base) if isinstance(base, Class) else isinstance(base, Symbol) and base.name.startswith(_OLD)
        for base in cls.bases
    )


def is_experimental(made: Place) -> bool:
    """Whether the class is spelled with its older package: it is the same class as without it."""
    node = made.node
    owner = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    return (
        isinstance(owner, ast.Attribute)
        and owner.attr == "experimental"
        and isinstance(owner.value, ast.Attribute)
        and owner.value.attr == "optimizers"
    )


def evens_out(optimizer: Value) -> str:
    """The name of an optimizer whose step does not grow with the gradients; empty for others."""
    if not isinstance(optimizer, Object):
        return ""
    inner = optimizer.args.get("inner_optimizer", optimizer.args.get("0"))
    if optimizer.kind == "loss_scale_optimizer" and inner is not None:
        return evens_out(inner)
    name = optimizer.symbol.rpartition(".")[2]
    return name if name in _SCALED else ""


def receiver(recording: Recording, node: ast.AST) -> str:
    """How the program calls the object of a method call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return recording.text(node.func.value)
    return "optimizer"


def made(recording: Recording, value: Value) -> tuple[Mark, ...]:
    """Where an optimizer was made."""
    if isinstance(value, Object) and not value.whole:
        return ()
    return story.mark(recording, "made", value.place)


def eager(context: Context) -> bool:
    """Whether the way to a place begins where the program runs eagerly: the module, a function that needs nothing."""
    if context.in_graph:
        return False
    if not context.calls:
        return True
    entry = context.calls[0].node
    if isinstance(entry, (ast.FunctionDef, ast.AsyncFunctionDef)):
        args = entry.args
        return not (args.args or args.posonlyargs or args.vararg or args.kwarg or args.kwonlyargs)
    return not isinstance(entry, (ast.ClassDef, ast.Lambda))


@lru_cache(maxsize=2)
def runs_in_graph_code(recording: Recording) -> bool:
    """Whether the module is written for graphs of TensorFlow 1."""
    return bool(re.search(_GRAPH_CODE, recording.source.text))


def asked_first(recording: Recording, place: Place) -> bool:
    """Whether the function around a place asks which version, method or mode it has to do with."""
    scope = _scope(recording, place)
    for node in walk(scope):
        tests: list[ast.AST] = []
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            tests = [node.test]
        elif isinstance(node, ast.BoolOp):
            tests = list(node.values)
        for test in tests:
            for inner in walk(test):
                if isinstance(inner, ast.Call):
                    name = inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
                    if name in _ASKING:
                        return True
                word = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
                if isinstance(word, str) and re.search(_QUESTION, word):
                    return True
    return False


def _scope(recording: Recording, place: Place) -> ast.AST:
    """The outermost function around a place, or the module's own statements."""
    around = story.functions_around(recording, place.node)
    if around:
        return around[-1]
    return ast.Module([node for node in recording.tree.body if not isinstance(node, _DEFINITIONS)], [])


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def columns(recording: Recording, apply: Apply) -> tuple[ast.AST | None, ast.AST]:
    """The expressions of the gradients and of the variables, as far as they are in sight."""
    args = apply.node.args
    if apply.method == "apply" and len(args) == 2:
        return args[0], args[1]
    place = apply.pairs.place if apply.pairs is not None else None
    node = place.node if place is not None and recording.here(place) else args[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        inner = node.args[0] if node.args else None
        if node.func.id in ("list", "tuple") and isinstance(inner, ast.Call):
            node = inner
        if isinstance(node, ast.Call) and len(node.args) == 2:
            return node.args[0], node.args[1]
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1:
        pair = node.elts[0]
        if isinstance(pair, (ast.List, ast.Tuple)) and len(pair.elts) == 2:
            return pair.elts[0], pair.elts[1]
    return None, args[0]


def written_variables(node: ast.AST) -> list[ast.expr]:
    """The variables of pairs that are written out: `[(dw, w), (db, b)]`."""
    pairs = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
    found = [pair.elts[1] for pair in pairs if isinstance(pair, (ast.List, ast.Tuple)) and len(pair.elts) == 2]
    return found if len(found) == len(pairs) else []


def trained(recording: Recording) -> Iterator[tuple[Ask, Apply]]:
    """The gradients that an optimizer applies to the variables of a model."""
    for apply in recording.applies:
        if apply.pairs is None or apply.method == "minimize":
            continue
        seen: set[int] = set()
        for gradient in apply.pairs.gradients:
            ask = story.ask_behind(recording, gradient)
            if ask is not None and id(ask) not in seen:
                seen.add(id(ask))
                yield ask, apply


def owners(recording: Recording, ask: Ask) -> dict[int, Value]:
    """The models and layers whose trainable variables are the sources, by their ids."""
    found: dict[int, Value] = {}
    for leaf in recording.leaves(ask.sources):
        if isinstance(leaf, VariableSet) and not leaf.part:
            found[leaf.owner.id] = leaf.owner
    return found
