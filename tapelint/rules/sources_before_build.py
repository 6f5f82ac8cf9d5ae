"""TAP605: the list of variables is empty: it was read before the model had any, or there never are any."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Object, OneShot, Place, Symbol, Value
from tapelint.rules import optimizers, story
from tapelint.rules.gradients import fields_of

CODE = "TAP605"


def find(recording: Recording) -> Iterator[Finding]:
    told: set[int] = set()
    for ask in recording.asks:
        layer = recording.weightless.get(ask.sources.id)
        empty = layer is not None and not recording.contents.get(ask.sources.id)
        if layer is not None and empty and _counts(recording, ask):
            yield _without(recording, ask, layer)
            continue
        test = _sifted(recording, ask) if _counts(recording, ask) else None
        if test is not None:
            fields = {**fields_of(recording, ask), "model": recording.text(test)}
            mark = story.mark(recording, "source", ask.sources.place)
            yield story.told(recording, CODE, test, fields, (mark, story.asked(recording, ask)), "sifted", ask.context)
            continue
        model = recording.unbuilt.get(ask.sources.id)
        if model is None or not ask.certain or ask.context.experiment or not recording.here(ask.place):
            continue
        if recording.contents.get(ask.sources.id):
            continue
        told.add(model.id)
        yield _told(recording, ask, model)
    for apply in optimizers.applied(recording, "apply_gradients"):
        pairs = apply.args[0] if apply.args else None
        for part in pairs.parts if isinstance(pairs, OneShot) and pairs.kind == "zip" else ():
            model = recording.unbuilt.get(part.id)
            if model is not None and model.id not in told and not recording.contents.get(part.id):
                yield _paired(recording, apply, part, model)
                break


def _counts(recording: Recording, ask: Ask) -> bool:
    return ask.certain and not ask.context.experiment and recording.here(ask.place)


def _sifted(recording: Recording, ask: Ask) -> Place | None:
    """The question whether a variable is a `tf.Variable`, to which Keras 3 says no, where it left a list empty."""
    made = ask.sources.place
    if not recording.sifted or made is None or recording.contents.get(ask.sources.id) != () or not recording.here(made):
        return None
    scope = story.scope_around(recording, made)
    tests = (place for place in recording.sifted.values() if recording.here(place))
    return next((place for place in tests if story.scope_around(recording, place) is scope), None)


def _without(recording: Recording, ask: Ask, layer: Value) -> Finding:
    """The layer has nothing to train: an activation, a pooling, a dropout."""
    kind = layer.symbol.rsplit(".", 1)[-1] if isinstance(layer, Object) else "layer"
    fields = {**fields_of(recording, ask), "model": kind}
    marks = (story.mark(recording, "made", layer.place), story.mark(recording, "source", ask.sources.place))
    return story.told(recording, CODE, ask.place, fields, marks, "weightless", ask.context)


def _told(recording: Recording, ask: Ask, model: Value) -> Finding:
    read = ask.sources.place
    name = story.value_name(recording, model)
    if not name and read is not None and isinstance(read.node, ast.Attribute) and recording.here(read):
        name = recording.text(read.node.value)
    fields = {**fields_of(recording, ask), "model": name or _asked(recording, model, read)}
    first = _first_call(recording, ask, model)
    marks = (
        story.mark(recording, "made", model.place),
        story.mark(recording, "source", read),
        story.mark(recording, "used", first),
    )
    if isinstance(model, Symbol):
        return story.told(recording, CODE, ask.place, fields, marks[1:2], "collection", ask.context)
    named = bool(fields["model"])
    again = _read_again(recording, ask.sources, model)
    if not named:
        variant = "first_unnamed" if again else "unnamed"
    elif first is None or recording.ran_at[model.id] > ask.time:
        variant = "first_uncalled" if again else "uncalled"  # not read too early: the target does without the model
    else:
        variant = "first" if again else ""
    return story.told(recording, CODE, ask.place, fields, marks, variant, ask.context, _fix(recording, ask))


def _first_call(recording: Recording, ask: Ask, model: Value) -> Place | None:
    """Where the model gets its variables, if that is on the way on which the list was read."""
    called = recording.ran_at.get(model.id)
    return recording.ran.get(model.id) if called is not None and recording.one_run(called, ask.time) else None


def _paired(recording: Recording, apply: Apply, empty: Value, model: Value) -> Finding:
    """A list that is as long as the variables were many, and is zipped with them: the gradients that are summed up."""
    call = apply.node.args[0]
    columns = call.args if isinstance(call, ast.Call) else []
    pairs = apply.args[0]
    at = pairs.parts.index(empty) if isinstance(pairs, OneShot) else 0
    read = empty.place
    fields = {
        "source": recording.text(columns[at]) if at < len(columns) else recording.text(call),
        "model": story.value_name(recording, model) or _asked(recording, model, read),
    }
    marks = (
        story.mark(recording, "source", read),
        story.mark(recording, "used", recording.ran.get(model.id)),
    )
    variant = "pairs" if fields["model"] else "pairs_unnamed"
    return story.told(recording, CODE, call, fields, marks, variant, apply.context)


def _read_again(recording: Recording, read: Value, model: Value) -> bool:
    """Whether a function reads the list anew at every call, of a model that stays: later calls find its variables."""
    if read.place is None or not recording.here(read.place) or not story.function_around(recording, read.place):
        return False
    running = recording.calls_at(read.time)
    return recording.calls_at(model.time)[: len(running)] != running


def _asked(recording: Recording, model: Value, read: Place | None) -> str:
    """What the program calls the model where it reads its empty list, or the first one of several that it reads."""
    if read is not None and recording.here(read):
        for node in walk(read.node):
            if isinstance(node, ast.Attribute) and id(node) in recording.unbuilt_at:
                return recording.text(node.value)
    for node in recording.nodes:
        if isinstance(node, ast.Attribute) and recording.unbuilt_at.get(id(node)) is model:
            return recording.text(node.value)
    return ""


def _fix(recording: Recording, ask: Ask) -> Fix | None:
    """Write the reading expression into the call, where both stand in the same function."""
    read = ask.sources.place
    if read is None or not isinstance(read.node, ast.Attribute) or not isinstance(ask.sources_node, ast.Name):
        return None
    holder = read.node.value
    if not recording.here(read) or not isinstance(holder, ast.Name):
        return None
    if story.function_around(recording, read) != story.function_around(recording, ask.place):
        return None
    text = recording.segment(recording.span(read))
    scope = story.scope_around(recording, ask.place)
    name = ask.sources_node.id
    uses = [node for node in walk(scope) if isinstance(node, ast.Name) and node.id == name]
    later = [ask.sources_node]
    if sum(isinstance(node.ctx, ast.Store) for node in uses) == 1:
        # Where the gradients are applied, the list is as empty.
        start = recording.span(ask.sources_node).start
        later = [node for node in uses if isinstance(node.ctx, ast.Load) and recording.span(node).start >= start]
    edits = tuple(sorted((Edit(recording.span(node), text) for node in later), key=lambda edit: edit.span))
    return Fix(f"read `{text}` in the call itself", Applicability.UNSAFE, edits)
