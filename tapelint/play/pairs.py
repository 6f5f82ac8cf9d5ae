"""Gradients beside variables: what an optimizer is given, and whether each gradient stands beside its own variable."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tapelint.play.apply import Mismatch, Pairs
from tapelint.play.ask import Ask, Standing
from tapelint.play.query import Parts, Query, inputs_of
from tapelint.play.values import (
    Const,
    Data,
    Either,
    Instance,
    Items,
    Kind,
    Object,
    Several,
    Value,
    Variable,
    VariableSet,
    bare,
    options,
)
from tapelint.play.world import World
from tapelint.tensorflow import api

Key = tuple[object, ...]


def origin(value: Value) -> tuple[Value, Ask] | None:
    """The source, and the call, of the one gradient that a value is or was computed from."""
    found: dict[int, tuple[Value, Ask]] = {}
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if item.id in seen:
            continue
        seen.add(item.id)
        if len(seen) > 60:
            return None
        if isinstance(item, Either):
            stack.extend(item.options)
        elif isinstance(item, Data):
            if item.ask is not None and (source := source_of(item)) is not None:
                found[source.id] = (source, item.ask)
            elif item.kind is Kind.TENSOR:
                stack.extend(link.value for link in item.links)
    return next(iter(found.values())) if len(found) == 1 else None


def source_of(gradient: Data) -> Value | None:
    """What a gradient was asked with respect to: its last link, what was written into a variable left aside."""
    return next((link.value for link in reversed(gradient.links) if link.cut is None), None)


def is_gradient(value: Value) -> bool:
    """Whether a value certainly is a gradient, or a tensor that was computed from gradients.

    `g if g is not None else zeros` is one as well: what is put in place of None stands for it.
    """
    choices = [option for option in options(value) if not (isinstance(option, Const) and option.value is None)]
    tensors = [option for option in choices if isinstance(option, Data) and option.kind is Kind.TENSOR]
    return len(tensors) == len(choices) and any(map(_has_ask, tensors))


def _has_ask(value: Data, limit: int = 40) -> bool:
    if value.nested and value.ask is None:
        return False
    stack: list[Value] = [value]
    while stack and limit:
        item = stack.pop()
        limit -= 1
        if isinstance(item, Data):
            if item.ask is not None:
                return True
            stack.extend(link.value for link in item.links)
        elif isinstance(item, Either):
            stack.extend(item.options)
    return False


def is_variable(value: Value) -> bool:
    """Whether a value certainly is a variable."""
    choices = options(value)
    return bool(choices) and all(
        isinstance(option, Variable) or (isinstance(option, VariableSet) and option.part) for option in choices
    )


def variable_key(item: Value) -> Key | None:
    """What stands at one place of a list of variables: a set of them, or a single one."""
    several = isinstance(item, Several)
    value = bare(item)
    if isinstance(value, Either):
        keys = {variable_key(Several(option) if several else option) for option in options(value)}
        return keys.pop() if len(keys) == 1 else None
    if isinstance(value, VariableSet):
        return ("set", value.owner.id, value.which) if several else ("one", value.id)
    if isinstance(value, Variable):
        return None if several else ("one", value.id)
    return None


def gradient_key(item: Value) -> Key | None:
    """What the gradients at one place of a list were asked for."""
    value = bare(item)
    found = origin(value)
    if found is None:
        return None
    source = found[0]
    return variable_key(Several(source) if isinstance(item, Several) else source)


def columns_of(items: Items, contents: Callable[[Value], Items | None]) -> Pairs | None:
    """The columns of a list of pairs; None when an item may be something else than a pair."""
    firsts: list[Value] = []
    seconds: list[Value] = []
    for item in items.items:
        pair = bare(item)
        rows = [contents(option) for option in options(pair)]
        found = [row.items for row in rows if row is not None and row.exact and len(row.items) == 2]
        if not found or len(found) != len(rows):
            return None
        first, second = (_one(column) for column in zip(*found, strict=True))
        firsts.append(Several(first) if isinstance(item, Several) else first)
        seconds.append(Several(second) if isinstance(item, Several) else second)
    return Pairs(Items(tuple(firsts)), Items(tuple(seconds)), None)


def _one(values: Iterable[Value]) -> Value:
    kept: list[Value] = []
    for value in values:
        if not any(value is other for other in kept):
            kept.append(value)
    return kept[0] if len(kept) == 1 else Either(kept)


def mismatch(
    pairs: Pairs, world: World, parts: Parts, query: Callable[[Ask], Query | None], apart: bool
) -> Mismatch | None:
    """The first gradient that certainly stands beside a variable that it does not belong to.

    `apart` says that the program copies no weights from model to model, so that one is never the other's copy.
    """
    gradients, variables = pairs.gradients.items, pairs.variables.items
    wanted = [gradient_key(item) for item in gradients]
    given = [variable_key(item) for item in variables]
    if None in wanted or None in given:
        return None
    for at, (one, other) in enumerate(zip(wanted, given, strict=False)):
        if one == other:
            continue
        found = origin(bare(gradients[at]))
        assert found is not None
        source, ask = found
        variable = bare(variables[at])
        if isinstance(gradients[at], Several) != isinstance(variables[at], Several):
            return None
        permuted = sorted(map(str, wanted)) == sorted(map(str, given))
        return _judge(source, ask, variable, permuted, world, parts, query, apart)
    if wanted and len(wanted) < len(given):
        found = origin(bare(gradients[-1]))
        assert found is not None
        return Mismatch("length", found[0], bare(variables[len(wanted)]), found[1])
    return None


def _judge(
    source: Value,
    ask: Ask,
    variable: Value,
    permuted: bool,
    world: World,
    parts: Parts,
    query: Callable[[Ask], Query | None],
    apart: bool,
) -> Mismatch | None:
    if isinstance(variable, Either) or isinstance(source, Either):
        return None
    if isinstance(source, VariableSet) and isinstance(variable, VariableSet):
        if source.owner is variable.owner:
            if source.which == "trainable" and variable.which == "all":
                state = early_state(source.owner, world, parts)
                if state is not None:
                    return Mismatch("state", source, variable, ask, state.place)
            return None
        if parts.share(source.owner, variable.owner) is not False:
            return None
        if permuted:
            return Mismatch("order", source, variable, ask)
        asked = query(ask)
        whole = VariableSet(variable.owner, variable.which)
        if asked is not None and variable.which != "non_trainable":
            verdict = asked.why_unconnected(ask.target, whole, ask.sources_node)
            if verdict.standing is Standing.CONNECTED or apart:
                return Mismatch("other", source, variable, ask)
        return None
    if isinstance(source, Variable) and isinstance(variable, Variable):
        if permuted:
            return Mismatch("order", source, variable, ask)
        if not _ancestors(source, world) & _ancestors(variable, world):
            return Mismatch("other", source, variable, ask)
    return None


def _ancestors(value: Variable, world: World, limit: int = 300) -> set[int]:
    """Everything that a variable was made from, copied from or written with."""
    seen: set[int] = set()
    stack: list[Value] = [value]
    while stack and limit:
        item = stack.pop()
        limit -= 1
        if item.id in seen or isinstance(item, Const):
            continue
        seen.add(item.id)
        if isinstance(item, Data) and item.ask is not None:
            continue  # an update by a gradient makes no copy
        stack.extend(inputs_of(item, world))
        if isinstance(item, Variable):
            written = world.get((item.id, "written"))
            if written is not None:
                stack.extend(link.value for link in written.links)
    return seen


def layers_in(owner: Value, world: World, depth: int = 5) -> list[Object] | None:
    """The layers of a model in the order in which it holds them; None when they are not all known."""
    if isinstance(owner, Object):
        found = api.api_class(owner.symbol)
        if owner.kind == "layer" and not owner.parts:
            return [owner] if found is not None else None
        if not owner.whole or depth == 0 or world.get((owner.id, "touched")):
            return None
        if owner.kind != "model" or not owner.symbol.endswith("Sequential"):
            return None
        added = world.get((owner.id, "parts"), Items())
        if not added.exact:
            return None
        held = [*owner.parts, *added]
        layers: list[Object] = []
        for part in held:
            if isinstance(part, Data) and part.kind is Kind.SYMBOLIC and not part.links:
                continue
            inner = layers_in(part, world, depth - 1)
            if inner is None:
                return None
            layers.extend(inner)
        return layers
    return None


def early_state(owner: Value, world: World, parts: Parts) -> Object | None:
    """A layer with moving averages that stands before trained weights in the model's list of variables."""
    layers = layers_in(owner, world) if isinstance(owner, Object) else None
    if isinstance(owner, Instance):
        layers = _attributes_in_order(owner, world, parts)
    stateful: Object | None = None
    for layer in layers or ():
        found = api.api_class(layer.symbol)
        if found is None:
            return None
        if stateful is not None and found.trainable and layer.symbol.endswith(("Dense", "Conv2D", "Conv1D")):
            return stateful
        if layer.symbol.endswith(".BatchNormalization"):
            stateful = layer
    return None


def _attributes_in_order(owner: Instance, world: World, parts: Parts) -> list[Object] | None:
    names = parts.attributes.get(owner.id, ())
    held = [value for name in names if isinstance(value := world.get((owner.id, "." + name)), Value)]
    found: list[Object] = []
    for value in sorted(held, key=lambda value: value.time):
        if isinstance(value, Object) and value.kind == "layer":
            found.append(value)
        elif isinstance(value, (Object, Instance)) and value.kind in ("layer", "model"):
            return None
    return found
