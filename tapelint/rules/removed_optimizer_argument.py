"""TAP903: arguments and attributes that the optimizers of Keras 3 do not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply
from tapelint.play.recording import Recording
from tapelint.play.records import Creation, Use
from tapelint.play.values import Const, Object
from tapelint.rules import edits, optimizers, story
from tapelint.tensorflow import api

CODE = "TAP903"
_AGGREGATION = frozenset({"experimental_aggregate_gradients", "skip_gradients_aggregation"})
_CLIPS = frozenset({"clipnorm", "clipvalue", "global_clipnorm"})
_GONE = frozenset({("lr", False), ("_decayed_lr", True)})
"""Names of the learning rate that are gone, and whether they were called."""
_STATE = {
    ("variables", True): "",
    ("weights", False): "read `{optimizer}.variables`: a list of variables, each with `numpy()` and `assign(...)`",
    ("get_weights", True): "read `{optimizer}.variables`: a list of variables, each with `numpy()` and `assign(...)`",
    ("get_slot", True): "look for it in `{optimizer}.variables`",
    ("_create_all_weights", True): "call `{optimizer}.build(variables)`",
    ("_get_hyper", True): "read the attribute: `{optimizer}.learning_rate`",
    ("_set_hyper", True): "set the attribute: `{optimizer}.learning_rate = ...`",
}
"""The same for what an optimizer remembers, with what to write: `variables` is a list now, other names are gone."""


def find(recording: Recording) -> Iterator[Finding]:
    generation = recording.keras
    yield from _created(recording, generation)
    if generation == 3:
        yield from _applied(recording)
        yield from _attributes(recording)


def _created(recording: Recording, generation: int) -> Iterator[Finding]:
    for made in recording.creations:
        value, node = made.value, made.place.node
        if made.what != "optimizer" or not made.certain or not isinstance(value, Object) or value.kind != "optimizer":
            continue
        if not isinstance(node, ast.Call) or not recording.here(made.place) or not _known(value):
            continue
        if generation == 3 and not made.context.guarded("ValueError"):
            yield from _refused(recording, made, value, node)
        lr = next((keyword for keyword in node.keywords if keyword.arg == "lr"), None)
        rate = value.args.get("learning_rate") or value.args.get("0")
        if lr is None and not (isinstance(rate, Const) and type(rate.value) is int):
            continue
        if made.context.guarded("ValueError", "TypeError") or optimizers.asked_first(recording, made.place):
            continue
        fields = {"op": recording.text(node.func), "name": "lr"}
        if lr is not None and "lr" in value.args:
            variant = "lr" if generation == 3 else "lr_keras2"
            fix = None
            if "learning_rate" not in value.args and "0" not in value.args:
                start = recording.span(lr).start
                edit = Edit(Span(start, start + 2), "learning_rate")
                fix = Fix("write learning_rate= instead of lr=", Applicability.SAFE, (edit,))
            yield story.told(recording, CODE, lr, fields, (), variant, made.context, fix)
        elif generation == 3:
            yield from _integer(recording, made, value, node)


def _refused(recording: Recording, made: Creation, value: Object, node: ast.Call) -> Iterator[Finding]:
    """Arguments that Keras 3 knows and does not take: two ways of clipping, gradients summed over one step."""
    clips = [one for one in node.keywords if one.arg in _CLIPS and _number(value.args.get(one.arg))]
    given = value.args.get("gradient_accumulation_steps")
    steps = next((one for one in node.keywords if one.arg == "gradient_accumulation_steps"), None)
    if (len(clips) < 2 and steps is None) or optimizers.asked_first(recording, made.place):
        return
    if len(clips) > 1:
        fields = {"op": recording.text(node.func), "name": clips[1].arg or "", "other": clips[0].arg or ""}
        yield story.told(recording, CODE, clips[1], fields, (), "clips", made.context)
    if steps is not None and isinstance(given, Const) and type(given.value) is int and given.value < 2:
        fields = {"op": recording.text(node.func), "name": "gradient_accumulation_steps"}
        yield story.told(recording, CODE, steps, fields, (), "steps", made.context)


def _number(value: object) -> bool:
    return isinstance(value, Const) and type(value.value) in (int, float)


def _known(value: Object) -> bool:
    """Whether the class is one of those that Keras 3 has, with `learning_rate` first."""
    found = api.api_class(value.symbol)
    return found is not None and found.params[:1] == ("learning_rate",)


def _integer(recording: Recording, made: Creation, value: Object, node: ast.Call) -> Iterator[Finding]:
    rate = value.args.get("learning_rate") or value.args.get("0")
    if not isinstance(rate, Const) or type(rate.value) is not int:
        return
    at: ast.AST = next((keyword.value for keyword in node.keywords if keyword.arg == "learning_rate"), node)
    if at is node and node.args and not isinstance(node.args[0], ast.Starred):
        at = node.args[0]
    if at is node:
        return
    fields = {"op": recording.text(node.func), "name": str(rate.value)}
    fix = None
    if isinstance(at, ast.Constant) and recording.text(at).isdecimal():
        end = recording.span(at).end
        fix = Fix(f"write it as a float: {rate.value}.0", Applicability.SAFE, (Edit(Span(end, end), ".0"),))
    yield story.told(recording, CODE, at, fields, (), "integer", made.context, fix)


def _applied(recording: Recording) -> Iterator[Finding]:
    for apply in optimizers.applied(recording, "apply_gradients"):
        if not isinstance(apply.optimizer, Object):
            continue  # a class of one's own may take what it likes
        for keyword in apply.node.keywords:
            gone = keyword.arg == "name" or keyword.arg in _AGGREGATION
            gone = gone or (keyword.arg == "global_step" and apply.optimizer.kind == "optimizer")
            if gone and not optimizers.asked_first(recording, apply.place):
                yield _argument(recording, apply, keyword)


def _argument(recording: Recording, apply: Apply, keyword: ast.keyword) -> Finding:
    name = keyword.arg or ""
    optimizer = optimizers.receiver(recording, apply.node)
    fields = {"op": f"{optimizer}.apply_gradients", "optimizer": optimizer, "name": name}
    variant, fix = "step" if name == "global_step" else "aggregation", None
    if name == "name":
        variant = ""
        removed = edits.without_argument(recording, apply.node, keyword)
        fix = Fix("leave name= out", Applicability.SAFE, removed)
    marks = (optimizers.made(recording, apply.optimizer),)
    return story.told(recording, CODE, keyword, fields, marks, variant, apply.context, fix)


def _attributes(recording: Recording) -> Iterator[Finding]:
    for use in recording.uses:
        name = (use.name, use.how == "call")
        if (name not in _GONE and name not in _STATE) or not use.certain or not recording.here(use.place):
            continue
        if not isinstance(use.value, Object) or use.value.kind != "optimizer" or not _plain(use.value):
            continue
        if use.context.guarded("AttributeError", "TypeError") or optimizers.asked_first(recording, use.place):
            continue
        node = use.place.node
        if name in _STATE:
            if use.how != "write" and _known(use.value):
                yield _state(recording, use, _STATE[name])
            continue
        if use.how == "call" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield _decayed(recording, use, node.func)
        elif (target := _attribute(use)) is not None:
            yield _lr(recording, use, target)


def _plain(value: Object) -> bool:
    return not value.symbol.startswith(("keras.optimizers.legacy.", "keras.optimizers.experimental."))


def _attribute(use: Use) -> ast.Attribute | None:
    node = use.place.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        node = node.targets[0]
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        node = node.target
    return node if isinstance(node, ast.Attribute) and node.attr == "lr" else None


def _decayed(recording: Recording, use: Use, function: ast.Attribute) -> Finding:
    owner = recording.text(function.value)
    fields = {"optimizer": owner, "name": function.attr}
    edit = Edit(Span(recording.span(function.value).end, recording.span(use.place).end), ".learning_rate")
    fix = Fix(f"use {owner}.learning_rate", Applicability.SAFE, (edit,))
    marks = (optimizers.made(recording, use.value),)
    return story.told(recording, CODE, use.place, fields, marks, "attribute_read", use.context, fix)


def _state(recording: Recording, use: Use, instead: str) -> Finding:
    """What an optimizer remembers is asked for as in Keras 2: in Keras 3 `variables` is a list, and all there is."""
    node = use.place.node
    function = node.func if isinstance(node, ast.Call) else node
    owner = recording.text(function.value) if isinstance(function, ast.Attribute) else recording.text(function)
    fix = None
    if not instead:
        edit = Edit(Span(recording.span(function).end, recording.span(node).end), "")
        fix = Fix("leave out the brackets", Applicability.SAFE, (edit,))
    name = f"{use.name}()" if use.how == "call" else use.name
    fields = {"optimizer": owner, "name": name, "instead": instead.format(optimizer=owner)}
    marks = (optimizers.made(recording, use.value),)
    variant = "state" if instead else "called"
    return story.told(recording, CODE, use.place, fields, marks, variant, use.context, fix)


def _lr(recording: Recording, use: Use, target: ast.Attribute) -> Finding:
    fields = {"optimizer": recording.text(target.value), "name": "lr"}
    variant = "attribute" if use.how == "write" else "attribute_read"
    end = recording.span(target).end
    edit = Edit(Span(end - 2, end), "learning_rate")
    fix = Fix(f"use {recording.text(target.value)}.learning_rate", Applicability.SAFE, (edit,))
    marks = (optimizers.made(recording, use.value),)
    return story.told(recording, CODE, target, fields, marks, variant, use.context, fix)
