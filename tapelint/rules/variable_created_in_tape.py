"""TAP212: a variable, layer, model or optimizer that is made anew at every recording."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tapelint.diagnostic import Applicability, Finding, Fix
from tapelint.fixes import statements
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Creation, Happening
from tapelint.play.values import (
    Class,
    Const,
    CutKind,
    Data,
    Instance,
    Object,
    Place,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)
from tapelint.rules import blocks, story
from tapelint.tensorflow import api

CODE = "TAP212"


def find(recording: Recording) -> Iterator[Finding]:
    inner = {part.id for made in recording.creations if isinstance(made.value, Object) for part in made.value.parts}
    wholes = {made.value.place for made in recording.creations if isinstance(made.value, Instance)}
    fresh = {made.value.id for made in recording.creations if made.inside}
    for made in recording.creations:
        if not made.inside or made.context.in_graph or made.value.id in inner or made.what == "metric":
            continue  # in a tf.function TAP801 tells it
        if isinstance(made.value, Variable) and (made.value.trainable is False or _constant(recording, made.value)):
            continue  # a counter or a buffer, or positions to pick at
        if _weightless(made.value):
            continue  # nothing is lost: a pooling layer is as good as new
        if _of_others(recording, made.value, fresh):
            continue  # another view of a model, as for a heat map: it has the weights of the layers it is made of
        if _perhaps_once(recording, made) or set(made.context.calls) & wholes:
            continue  # a part of an object that is told itself
        if made.what == "model" and not any(loop.round > 1 for loop in made.context.loops):
            continue  # a copy for one step of a learner, for instance
        if story.in_test(recording, made.place) or _watched(recording, made):
            continue
        if made.value.id in recording.loaded or made.value.id in recording.given:
            continue  # a copy, or others may keep it and know what for
        if _cuts(recording, made) or _differentiated_again(recording, made):
            continue
        if _is_buffer(recording, made) or _makes_no_step(recording, made) or _replaced(recording, made):
            continue
        yield _told(recording, made, made.inside[-1])


def _constant(recording: Recording, value: Variable) -> bool:
    """Whether a variable holds what no gradient changes, and nothing else changes: it is the same every time."""
    return value.dtype in ("int", "bool", "string") and value.id not in recording.updated


def _weightless(value: Value) -> bool:
    """Whether a layer, or a chain of layers, has no weights that could be trained."""
    if not isinstance(value, Object):
        return False
    if value.symbol.endswith("Sequential"):
        return value.whole and bool(value.parts) and all(_weightless(part) for part in value.parts)
    known = api.api_class(value.symbol) if value.kind == "layer" else None
    return known is not None and known.trainable is False


def _of_others(recording: Recording, value: Value, fresh: set[int]) -> bool:
    """Whether a model has no new weights: it joins layers that were there before, or its weights are loaded."""
    if isinstance(value, Instance):
        inside = any(value.place in made.context.calls for made in recording.creations)
        return not inside and not _makes(recording, value.cls)
    if not isinstance(value, Object) or value.kind != "model":
        return False
    if ".applications." in value.symbol:
        weights = value.args.get("weights") or value.args.get("1")
        return not (isinstance(weights, Const) and weights.value is None)
    return not any(_new(part, fresh) for part in value.parts)


def _makes(recording: Recording, cls: Value) -> bool:
    """Whether an object of the class makes something that is trained, as far as it was seen; or may, unseen."""
    if not isinstance(cls, Class):
        return isinstance(cls, Unknown)
    methods = {id(part) for part in walk(cls.node)}
    return any(id(made.function) in methods and made.what != "metric" for made in recording.creations) or any(
        _makes(recording, above) for above in cls.bases
    )


def _new(part: Value, fresh: set[int]) -> bool:
    return part.id in fresh or (isinstance(part, Object) and any(_new(inner, fresh) for inner in part.parts))


def _watched(recording: Recording, made: Creation) -> bool:
    """A variable that a tape is told to watch is there to be differentiated with respect to, not to be trained."""
    return any(
        option is made.value
        for event in recording.happened(Happening.WATCH)
        if event.value is not None
        for leaf in recording.leaves(event.value)
        for option in options(leaf)
    )


def _told(recording: Recording, made: Creation, tape: Tape) -> Finding:
    loop = next((loop for loop in reversed(made.context.loops)), None)
    fields = {
        "tape": story.tape_name(tape),
        "name": recording.names.get(made.value.id) or recording.text(made.place),
    }
    marks = (
        story.opened(recording, tape),
        story.head(recording, "loop", loop.place if loop is not None else None),
    )
    variant = {"variable": "", "optimizer": "optimizer"}.get(made.what, "layer")
    if not variant and _not_learned(recording, made):
        variant = "beside"
    if variant == "layer" and loop is not None and loop.time > tape.time:
        variant = "layers"
    if variant != "beside" and _runs_once(recording, made, tape):
        variant = "once"
    step = _step(recording, made, tape)
    fields["where"] = f"outside `{step}`" if step else "before the `with` block"
    fix = _hoisted(recording, made, tape) if not step else None
    return story.told(recording, CODE, made.place, fields, marks, variant, made.context, fix)


def _runs_once(recording: Recording, made: Creation, tape: Tape) -> bool:
    """Whether the block stands in no function and in no loop, so that a run of the program records it once."""
    around = blocks.block(recording, tape)
    if around is None or made.context.loops or made.context.calls:
        return False
    return blocks.function_of(recording, around) is None and not blocks.loops_around(recording, around)


def _step(recording: Recording, made: Creation, tape: Tape) -> str:
    """The function that makes one step with a variable, which would be new at every call before the block, too."""
    around = blocks.block(recording, tape)
    function = blocks.function_of(recording, around) if around is not None else None
    if around is None or not isinstance(function, blocks.FUNCTIONS) or blocks.loops_around(recording, around):
        return ""
    return function.name if made.value.id in recording.updated else ""


def _hoisted(recording: Recording, made: Creation, tape: Tape) -> Fix | None:
    """The statement before the block, or before the loops around it, when nothing it reads is bound in there."""
    around = blocks.block(recording, tape)
    inner = next(iter(reversed(blocks.spots(recording, made.place.node))), None)
    if around is None or inner is None or inner.body is not around.body or len(around.body) < 2:
        return None
    statement = inner.statement
    if not isinstance(statement, ast.Assign) or statement.value is not made.place.node or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    function = blocks.function_of(recording, around) or recording.tree
    if not isinstance(target, ast.Name) or len(blocks.writes(function, target.id)) != 1:
        return None
    loops = blocks.loops_around(recording, around)
    outer: ast.stmt = loops[0].statement if loops else around
    names = {part.id for part in walk(statement.value) if isinstance(part, ast.Name)}
    if any(blocks.writes(outer, name) for name in names) or any(
        isinstance(part, (ast.NamedExpr, ast.Lambda, ast.Await)) for part in walk(statement.value)
    ):
        return None
    edits = statements.moved_before(recording.source, statement, outer)
    if edits is None:
        return None
    place = "before the loop" if loops else "before the block"
    return Fix(f"make it once, {place}", Applicability.SAFE, edits)


def _perhaps_once(recording: Recording, made: Creation) -> bool:
    """Whether a condition stands around it, or around a call in the block that leads to it: `if self.w is None:`."""
    if not recording.here(made.place):
        return True
    outside = recording.calls_at(made.inside[-1].time)
    around = [blocks.block(recording, tape) for tape in made.inside]
    return any(_conditional(place, around) for place in (made.place, *made.context.calls) if place not in outside)


def _conditional(place: Place, recorded: Sequence[ast.AST | None]) -> bool:
    """Whether a condition in its function or recorded block may be there to reach a place once only."""
    parents = place.module.outline.parents
    around = parents.get(id(place.node))
    while around is not None:
        if isinstance(around, (ast.IfExp, ast.BoolOp)):
            return True  # `tf.Variable(1.0) if w is None else w`
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return around.name == "build"  # Keras calls it once
        if around in recorded:
            return False
        if isinstance(around, (ast.If, ast.Try)):
            return True
        around = parents.get(id(around))
    return False


def _cuts(recording: Recording, made: Creation) -> bool:
    """A variable made from a tensor: TAP307 tells it when that cuts a path.

    Ones, zeros or random numbers are no such tensor: they are where a weight begins. But a variable that starts there
    may be meant to be differentiated with respect to, like the points at which an equation is to hold.
    """
    if not isinstance(made.value, Variable):
        return False
    starts = [link.value for link in made.value.links if link.cut is not None and link.cut.kind is CutKind.NEW_VARIABLE]
    if not all(isinstance(start, Data) and all(link.cut is not None for link in start.links) for start in starts):
        return True
    return bool(starts) and any(
        option is made.value
        for ask in recording.asks
        for leaf in recording.leaves(ask.sources)
        for option in options(leaf)
    )


def _is_buffer(recording: Recording, made: Creation) -> bool:
    """A variable that is filled while the tape records, where it is made: room for numbers, and nothing is learned."""
    name = recording.names.get(made.value.id)
    around: list[ast.AST] = []
    block = blocks.block(recording, made.inside[-1])
    if block is not None:
        around.append(block)
    if all(spot.statement is not block for spot in blocks.spots(recording, made.place.node)):
        around.append(story.scope_around(recording, made.place))
    return isinstance(made.value, Variable) and any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr.startswith(("assign", "scatter_"))
        and _root(part.func.value) == name
        for scope in around
        for part in walk(scope)
    )


def _not_learned(recording: Recording, made: Creation) -> bool:
    """A variable that no gradient is asked for, on the tapes that record it: a number in the shape of a variable."""
    sources = [
        option
        for ask in recording.asks
        if any(ask.tape is tape for tape in made.inside)
        for leaf in recording.leaves(ask.sources)
        for option in options(leaf)
    ]
    value = made.value
    if not isinstance(value, Variable) or not sources:
        return False
    if value.dtype in ("int", "bool", "string"):
        return True
    return all(
        (isinstance(source, (Variable, Data)) and source is not value) or _knows_no(recording, source, value)
        for source in sources
    )


def _knows_no(recording: Recording, source: Value, value: Variable) -> bool:
    """Whether the variables of a model can't hold this one: Keras 3 tracks none of `tf.Variable`."""
    owner = source.owner if isinstance(source, VariableSet) else None
    if isinstance(owner, Object) and owner.whole:
        return True
    own = isinstance(owner, Instance) and owner.kind in ("model", "layer")
    return own and recording.keras == 3 and value.keras is False


def _makes_no_step(recording: Recording, made: Creation) -> bool:
    """An optimizer that only lies in an object, like that of a copied learner: it has nothing to forget."""
    inside = any(isinstance(place.node, ast.Call) for place in made.context.calls)
    return made.what == "optimizer" and inside and all(apply.optimizer is not made.value for apply in recording.applies)


def _replaced(recording: Recording, made: Creation) -> bool:
    """A variable that an object is made with, and that nothing computes with: a tensor takes its place."""
    if not isinstance(made.value, Variable) or not made.context.calls:
        return False
    used = any(
        option is made.value
        for operation in recording.operations.values()
        for given in (*operation.args, *operation.kwargs.values())
        for leaf in recording.leaves(given)
        for option in options(leaf)
    )
    asked = any(leaf is made.value for ask in recording.asks for leaf in recording.leaves(ask.sources))
    return not used and not asked and isinstance(recording.parents.get(id(made.place.node)), (ast.Assign, ast.Tuple))


def _root(node: ast.expr) -> str | None:
    """The name that stands at the start of `name[…][…]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _differentiated_again(recording: Recording, made: Creation) -> bool:
    """A variable that is there only to be differentiated with respect to, more than once."""
    return any(
        ask.again
        for ask in recording.asks
        for result in ask.results
        if isinstance(result, Data) and any(link.value is made.value for link in result.links)
    )
