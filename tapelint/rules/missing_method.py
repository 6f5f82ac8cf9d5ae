"""TAP908: a tensor, variable or layer, or what stands in the place of an optimizer, is asked for what it has not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Use
from tapelint.play.values import Const, Data, Dictionary, Object, Sequence, Symbol, Variable
from tapelint.rules import optimizers, story
from tapelint.tensorflow import api

CODE = "TAP908"
_STEPS = frozenset({"step", "zero_grad"})
_GONE = {"experimental_run_v2": "strategy", "experimental_make_numpy_dataset": "dataset"}
_KERNELS = {
    **dict.fromkeys(("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D"), "kernel"),
    "Embedding": "embeddings",
}
"""The weights of Keras 3 that are properties, which cannot be set."""
_INSTEAD = {
    "experimental_ref": "use `id({name})` as the key",
    "get_shape": "read `{name}.shape`",
    "ref": "use `id({name})` as the key",
}
"""What to write for a method of `tf.Variable` where the variable is one of Keras 3."""
_OF_LAYERS = {
    "get_input_at": "read `{name}.input`",
    "get_output_at": "read `{name}.output`",
    "input_shape": "read `{name}.input.shape`",
    "output_shape": "read `{name}.output.shape`",
}
"""What layers of Keras 3 do not have any more, and what to write."""
_OF_MODELS = {
    "evaluate_generator": "call `{name}.evaluate(...)`, which takes generators",
    "fit_generator": "call `{name}.fit(...)`, which takes generators",
    "get_input_at": "read `{name}.input`",
    "get_output_at": "read `{name}.output`",
    "predict_classes": "write `tf.argmax({name}(x), axis=-1)`",
    "predict_generator": "call `{name}.predict(...)`, which takes generators",
    "predict_proba": "call `{name}(x)` or `{name}.predict(x)`",
    "total_loss": "compute the loss inside the block of a tape",
}
_TORCH = ("import torch", "from torch")


def find(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        if not use.certain or not recording.here(use.place):
            continue
        variant = "weight" if recording.keras == 3 and _is_kernel(use) else _variant(use)
        if variant is None and recording.keras == 3 and use.name in _left_behind(use):
            variant = "keras"
        if variant is None or use.context.guarded("AttributeError", "TypeError"):
            continue
        if variant in ("", "step") and any(words in recording.source.text for words in _TORCH):
            continue  # what is a tensor, and of which library, can't be told so well there
        known = variant == "weight" or use.name not in _given(recording)
        if known and not optimizers.asked_first(recording, use.place):
            yield _told(recording, use, variant)


def _given(recording: Recording) -> frozenset[str]:
    """The names of attributes that the program itself gives to objects: `weight.grad = gradient`."""
    stored = (node for node in recording.nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return frozenset(node.attr for node in stored)


def _left_behind(use: Use) -> dict[str, str]:
    """What the layers or models of Keras 2 have beside those of Keras 3, if one of them is read."""
    value = use.value
    if use.how != "read" or not isinstance(value, Object) or not value.symbol.startswith("keras."):
        return {}
    if value.kind == "layer":
        return _OF_LAYERS if value.symbol.startswith("keras.layers.") else {}
    return _OF_MODELS if value.kind == "model" and value.symbol.rsplit(".", 1)[-1] in ("Model", "Sequential") else {}


def _is_kernel(use: Use) -> bool:
    """Whether something is put in the place of a weight of a layer."""
    value = use.value
    if use.how != "write" or not isinstance(value, Object) or value.kind != "layer":
        return False
    return value.symbol.startswith("keras.") and _KERNELS.get(value.symbol.rsplit(".", 1)[-1]) == use.name


def _variant(use: Use) -> str | None:
    """What is wrong, or None."""
    value = use.value
    if use.how == "of a variable":
        if isinstance(use.value, Data):
            return "gradient"
        return "value" if use.name == "value" else "variable"
    if isinstance(value, (Data, Variable)):
        return "item" if use.name == "__setitem__" else "" if use.how == "read" else None
    if isinstance(value, Object) and value.kind in ("strategy", "mirrored"):
        return _GONE.get(use.name) if use.how == "call" else None
    if isinstance(value, Object):
        plain = value.kind in optimizers.KERAS and value.whole
        return "step" if plain and use.how == "call" and use.name in _STEPS else None
    if use.name != "apply_gradients" or use.how != "call":
        return None
    if isinstance(value, Symbol):
        found = api.api_class(value.name.removesuffix(".apply_gradients"))
        return "class" if found is not None and found.kind == "optimizer" else None
    if isinstance(value, Const) and isinstance(value.value, str):
        return "string"
    if isinstance(value, Sequence) and value.kind in ("tuple", "list"):
        return "several"
    return "several" if isinstance(value, Dictionary) else None


def _written(statement: ast.AST, name: str) -> ast.Attribute | None:
    """The attribute of that name which a statement writes."""
    written = (part for part in walk(statement) if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store))
    return next((part for part in written if part.attr == name), None)


def _told(recording: Recording, use: Use, variant: str) -> Finding:
    node = use.place.node
    function = node.func if isinstance(node, ast.Call) else _written(node, use.name) or node
    owner = function.value if isinstance(function, (ast.Attribute, ast.Subscript)) else node
    words = recording.text(owner)
    if not isinstance(owner, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        words = f"({words})"
    instead = _left_behind(use).get(use.name) or _INSTEAD.get(
        use.name, "compute with `{name}` itself, or with its tensor `{name}.value`"
    )
    fields = {"name": words, "method": use.name, "instead": instead.format(name=words)}
    place = use.value.place
    marks = (story.mark(recording, "made", place if place is not None and recording.here(place) else None),)
    at = node if isinstance(node, ast.expr) else function
    return story.told(recording, CODE, at, fields, marks, variant, use.context)
