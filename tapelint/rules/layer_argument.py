"""TAP910: what a layer of Keras 3 takes by name only or not at all: in its call, for a first state, for a weight."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Use
from tapelint.play.values import Class, Const, Data, Function, Instance, Kind, Object, Symbol, Value
from tapelint.rules import optimizers, story

CODE = "TAP910"
_WITH_MODES = frozenset(
    {
        "AlphaDropout", "BatchNormalization", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D",
        "SpatialDropout2D", "SpatialDropout3D",
    }
)  # fmt: skip
"""Layers of the library whose second argument is `training`."""

_OF_WEIGHTS = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
"""The first arguments of `add_weight` in Keras 2."""

_CELLS = frozenset({"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"})
_RECURRENT = _CELLS | {"GRU", "LSTM", "SimpleRNN"}


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    yield from _states(recording)
    yield from _named_weights(recording)
    yield from _numbers_as_losses(recording)
    told: set[int] = set()
    for use in recording.uses:
        if use.how != "positional" or not use.certain or not recording.here(use.place):
            continue
        if not _stays_python(recording, use):
            continue
        call = recording.parents.get(id(use.place.node))
        if not isinstance(call, ast.Call) or id(call) in told or use.context.guarded("ValueError", "TypeError"):
            continue
        if any(isinstance(given, ast.Starred) for given in call.args) or optimizers.asked_first(recording, use.place):
            continue
        names = _parameters(use.value)
        if names is not None:
            told.add(id(call))
            yield _told(recording, use, call, names)


def _states(recording: Recording) -> Iterator[Finding]:
    """Calls of `get_initial_state` with more than the batch size."""
    for use in recording.uses:
        node = use.place.node
        if use.name != "get_initial_state" or use.how != "call" or not use.certain or not isinstance(node, ast.Call):
            continue
        package, _, cls = use.value.symbol.rpartition(".") if isinstance(use.value, Object) else ("", "", "")
        if package != "keras.layers" or cls not in _RECURRENT or not recording.here(use.place):
            continue
        if use.context.guarded("TypeError") or optimizers.asked_first(recording, use.place):
            continue
        if any(one.arg in ("dtype", "inputs") for one in node.keywords) or (cls in _CELLS and len(node.args) > 1):
            marks = (story.mark(recording, "made", use.value.place),)
            fields = {"name": recording.text(node.func)}
            yield story.told(recording, CODE, node, fields, marks, "state", use.context)


def _named_weights(recording: Recording) -> Iterator[Finding]:
    """Calls of `add_weight` with the name first, which Keras 3 takes for the shape."""
    for use in recording.uses:
        node = use.place.node
        if use.name != "add_weight" or use.how != "call" or not use.certain or not isinstance(node, ast.Call):
            continue
        first = node.args[0] if node.args else None
        text = isinstance(use.item, Const) and isinstance(use.item.value, str)
        if first is None or isinstance(first, ast.Starred) or not (text or isinstance(first, ast.JoinedStr)):
            continue
        if isinstance(use.value, Instance) and not _is_seen(use.value.cls):
            continue
        if not recording.here(use.place) or use.context.guarded("ValueError", "TypeError"):
            continue
        if not optimizers.asked_first(recording, use.place):
            argument, function = recording.text(first), recording.text(node.func)
            now = function.endswith("add_weight")  # `add_variable` wants an initializer as well
            named = f"name={argument}" if now else f"add_weight(name={argument}, ...)"
            fields = {"name": function, "argument": argument, "named": named}
            fix = _by_name(recording, node) if now else None
            yield story.told(recording, CODE, first, fields, (), "weight", use.context, fix)


def _numbers_as_losses(recording: Recording) -> Iterator[Finding]:
    """Calls of `add_loss` with a Python number, a NumPy array or a function, where Keras 3 wants a tensor."""
    for use in recording.uses:
        item, node = use.item, use.place.node
        if use.name != "add_loss" or use.how != "call" or not use.certain or not isinstance(node, ast.Call):
            continue
        left = isinstance(item, Data) and item.kind in (Kind.ARRAY, Kind.NUMBER) and not item.nested
        number = isinstance(item, Const) and type(item.value) in (int, float)
        what = "a function" if isinstance(item, Function) else "a number" if left or number else ""
        if not what or not node.args or not recording.here(use.place):
            continue
        if what == "a number" and use.context.trace is not None:
            continue  # a traced loop makes tensors of what it counts
        if isinstance(use.value, Instance) and not _is_seen(use.value.cls):
            continue
        if not use.context.guarded("ValueError") and not optimizers.asked_first(recording, use.place):
            fields = {"name": recording.text(node.func), "argument": recording.text(node.args[0]), "what": what}
            yield story.told(recording, CODE, node.args[0], fields, (), "loss", use.context)


def _by_name(recording: Recording, call: ast.Call) -> Fix | None:
    """The arguments get the names that they had by position in Keras 2."""
    if len(call.args) > len(_OF_WEIGHTS) or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    starts = [(name, recording.span(given).start) for name, given in zip(_OF_WEIGHTS, call.args, strict=False)]
    edits = tuple(Edit(Span(start, start), f"{name}=") for name, start in starts)
    return Fix("pass it by name", Applicability.SAFE, edits)


def _stays_python(recording: Recording, use: Use) -> bool:
    """Whether a value is certainly no tensor: in a traced function a loop makes tensors of what it counts.

    A flag that a function gets and hands on as it is stays what it was, but an input signature makes a tensor of it.
    """
    node, around = use.place.node, story.functions_around(recording, use.place.node)
    if isinstance(node, ast.Constant) or use.context.trace is None:
        return True
    if not isinstance(node, ast.Name) or not around or not isinstance(use.item, Const):
        return False
    if "input_signature" in recording.source.text:
        return False
    args = around[0].args
    given = any(node.id == one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs))
    names = [one for one in walk(around[0]) if isinstance(one, ast.Name) and one.id == node.id]
    return given and isinstance(use.item.value, bool) and all(isinstance(one.ctx, ast.Load) for one in names)


def _parameters(value: Value) -> list[str] | None:
    """The names under which a layer takes its arguments; None where it may take anything by position."""
    if isinstance(value, Object):
        package, _, name = value.symbol.rpartition(".")
        return ["inputs", "training"] if package == "keras.layers" and name in _WITH_MODES else None
    if not isinstance(value, Instance) or not _is_seen(value.cls):
        return None
    return next((names for cls in _above(value.cls) if (names := _of_call(cls)) is not None), None)


def _above(cls: Class) -> Iterator[Class]:
    yield cls
    for base in cls.bases:
        if isinstance(base, Class):
            yield from _above(base)


def _is_seen(cls: Class) -> bool:
    """Whether all classes above this one are seen or of Keras: another could have a `__call__` of its own."""
    return all(
        _is_seen(base) if isinstance(base, Class) else isinstance(base, Symbol) and base.name.startswith("keras.")
        for base in cls.bases
    )


def _of_call(cls: Class) -> list[str] | None:
    """The parameters of `call` behind `self`, where it is a plain method."""
    for part in cls.node.body:
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and part.name == "call":
            return [one.arg for one in (*part.args.posonlyargs, *part.args.args)][1:]
    return None


def _told(recording: Recording, use: Use, call: ast.Call, names: list[str]) -> Finding:
    node = use.place.node
    start = next(index for index, given in enumerate(call.args) if given is node)
    known = len(call.args) <= len(names)
    named = list(zip(names, call.args, strict=False))[start:] if known else [("name", node)]
    fields = {
        "name": recording.text(call.func),
        "argument": recording.text(node),
        "named": ", ".join(f"{name}={recording.text(given)}" for name, given in named),
    }
    fix = None
    if known:
        edits = []
        for index, (name, given) in enumerate(zip(names, call.args, strict=False)):
            # Keras 3 takes no None for a mask by position: it fills in one of its own by name, which is a second.
            if index >= start or (index and name in ("mask", "training")):
                at = recording.span(given).start
                edits.append(Edit(Span(at, at), f"{name}="))
        fix = Fix("pass it by name", Applicability.SAFE, tuple(edits))
    made = use.value.cls.place if isinstance(use.value, Instance) else use.value.place
    marks = (story.mark(recording, "made", made),)
    return story.told(recording, CODE, node, fields, marks, "", use.context, fix)
