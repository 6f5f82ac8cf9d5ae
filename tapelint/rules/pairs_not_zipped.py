"""TAP701: gradients that reach apply_gradients without their variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.apply import Apply, Pairs
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.pairs import gradient_key, is_gradient, is_variable, variable_key
from tapelint.play.recording import Recording
from tapelint.play.values import (
    Class,
    Const,
    Data,
    Dictionary,
    Either,
    Instance,
    Kind,
    Object,
    OneShot,
    Sequence,
    Several,
    Unknown,
    Value,
    Variable,
    VariableSet,
)
from tapelint.rules import blocks, optimizers, story
from tapelint.rules.unwatched_source import handed_over

CODE = "TAP701"
_HELD = frozenset({"value", "iterations", "learning_rate", "lr"})
"""What stands for the value of a variable of Keras, or is one."""
_PLAIN = frozenset({Kind.TENSOR, Kind.ARRAY})


def find(recording: Recording) -> Iterator[Finding]:
    for apply in optimizers.applied(recording, "apply_gradients"):
        if not apply.args or not apply.node.args or isinstance(apply.node.args[0], ast.Starred):
            continue
        variant = _fault(recording, apply)
        if variant is not None:
            yield _told(recording, apply, variant)
        elif isinstance(apply.args[0], Dictionary):
            yield _mapping(recording, apply)
    for apply in optimizers.applied(recording, "apply_gradients", "apply"):
        strange = _tensor_beside(recording, apply)
        if strange is not None:
            yield _tensor(recording, apply, strange)
        elif _alone(recording, apply):
            fields = {"optimizer": optimizers.receiver(recording, apply.node), "name": "", "variables": "variables"}
            fields["name"] = recording.text(apply.node.args[0])
            marks = (optimizers.made(recording, apply.optimizer),)
            yield story.told(recording, CODE, apply.node.args[0], fields, marks, "alone", apply.context)


def _mapping(recording: Recording, apply: Apply) -> Finding:
    """A dictionary: going through it gives its keys."""
    node = apply.node.args[0]
    fields = {"optimizer": optimizers.receiver(recording, apply.node), "name": recording.text(node), "variables": ""}
    marks = (story.mark(recording, "gradient", apply.args[0].place),)
    return story.told(recording, CODE, node, fields, marks, "mapping", apply.context)


def _tensor_beside(recording: Recording, apply: Apply) -> Data | None:
    """A plain tensor that certainly stands where a variable belongs, beside a gradient."""
    if apply.pairs is None or not apply.node.args:
        return None
    found: Data | None = None
    columns = apply.pairs.variables.items
    if not apply.pairs.exact:  # all weights of a model, as arrays or as a traced function gets them
        several = [item.of for item in columns if isinstance(item, Several)]
        weights = [
            item for item in several if isinstance(item, Data) and (item.kind is Kind.ARRAY or item.op == "tf.function")
        ]
        columns = (*weights, *_met_by_zip(apply.pairs))
    for item in columns:
        if not isinstance(item, Data) or item.kind not in _PLAIN or item.nested or item.op in _HELD:
            continue
        if item.same is None and not is_gradient(item):
            found = found or item
    if found is None or any(isinstance(item, Const) for item in apply.pairs.gradients.items):
        return None
    return found


def _met_by_zip(pairs: Pairs) -> Iterator[Value]:
    """The single items that have a gradient beside them for certain: before them, each set meets its own gradients."""
    for gradient, variable in zip(pairs.gradients.items, pairs.variables.items, strict=False):
        if not isinstance(gradient, Several) and not isinstance(variable, Several):
            yield variable
        elif gradient_key(gradient) is None or gradient_key(gradient) != variable_key(variable):
            return


def _tensor(recording: Recording, apply: Apply, value: Data) -> Finding:
    rebinding = recording.rebindings.get(value.id)
    _, node = optimizers.columns(recording, apply)
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == 1:
        node = node.elts[0]
    name = story.value_name(recording, value) or recording.text(node)
    fields = {"optimizer": optimizers.receiver(recording, apply.node), "name": name, "variables": name}
    marks = [story.mark(recording, "gradient", value.place)]
    if rebinding is not None and isinstance(rebinding.old, Variable):
        fields["name"] = rebinding.name
        marks = [story.mark(recording, "gradient", rebinding.place), story.mark(recording, "made", rebinding.old.place)]
    variant = "array" if value.kind is Kind.ARRAY else "traced" if handed_over(value) else "tensor"
    return story.told(recording, CODE, node, fields, marks, variant, apply.context)


def _alone(recording: Recording, apply: Apply) -> bool:
    """`optimizer.apply(gradients)` of a Keras 3 optimizer that was made just before and knows no variables yet."""
    optimizer = apply.optimizer
    if apply.method != "apply" or len(apply.args) != 1 or apply.kwargs or apply.node.keywords:
        return False
    if recording.keras != 3 or not isinstance(optimizer, Object) or not optimizer.whole or optimizer.place is None:
        return False
    if isinstance(apply.node.args[0], ast.Starred) or not recording.here(optimizer.place) or not apply.alone:
        return False
    if story.scope_around(recording, optimizer.place) is not story.scope_around(recording, apply.place):
        methods = _only_asked(recording, optimizer)
        by_itself = bool(recording.entries) and apply.time > recording.entries[0]
        if by_itself and not recording.one_run(optimizer.time, apply.time):
            return False
        if not methods or (by_itself and methods - {"apply", "learning_rate"}):
            return False
    if any(other.optimizer is optimizer and other.time < apply.time for other in recording.applies):
        return False
    return not any(use.value is optimizer and use.how == "call" and use.name != "apply" for use in recording.uses)


def _only_asked(recording: Recording, optimizer: Object) -> set[str]:
    """The methods of an optimizer that is only reached to call them: nobody else can have shown it variables.

    Empty where it may have gone elsewhere.
    """
    made = optimizer.place.node if optimizer.place is not None else None
    parent = recording.parents.get(id(made))
    target = parent.targets[0] if isinstance(parent, ast.Assign) and len(parent.targets) == 1 else None
    if isinstance(target, ast.Attribute):
        others = (module.source.text for module in recording.modules if module.source is not recording.source)
        if any(f".{target.attr}" in text for text in others):
            return set()
        uses: list[ast.Attribute | ast.Name] = [
            node for node in recording.nodes if isinstance(node, ast.Attribute) and node.attr == target.attr
        ]
    elif isinstance(target, ast.Name):
        uses = [node for node in recording.nodes if isinstance(node, ast.Name) and node.id == target.id]
    else:
        return set()
    around = [recording.parents.get(id(node)) for node in uses if isinstance(node.ctx, ast.Load)]
    methods = {one.attr for one in around if isinstance(one, ast.Attribute)}
    return methods if all(isinstance(one, ast.Attribute) for one in around) else set()


def _fault(recording: Recording, apply: Apply) -> str | None:
    first = apply.args[0]
    if len(apply.args) > 1:
        plain = len(apply.node.args) == 2 and not isinstance(apply.node.args[1], ast.Starred)
        beside = apply.args[1]
        return "two_lists" if plain and (is_variable(beside) or _holds(recording, beside, is_variable)) else None
    if is_gradient(first):
        return ""
    if _holds(recording, first, is_gradient) and isinstance(first, Sequence):
        return ""
    if isinstance(first, (Sequence, VariableSet)) and _holds(recording, first, is_variable):
        return "variables"
    if apply.pairs is not None and any(_whole_list(item) for item in apply.pairs.variables.items):
        return "nested"
    if apply.pairs is not None and _layers_beside(recording, apply):
        return "layers"
    held = recording.contents.get(first.id, ())
    if len(held) == 2 and _holds(recording, held[0], is_gradient) and _holds(recording, held[1], is_variable):
        return "pair_of_lists"
    return None


def _layers_beside(recording: Recording, apply: Apply) -> bool:
    """Whether layers stand where variables belong: a list of them, or the `layers` of a model."""
    assert apply.pairs is not None
    for item in apply.pairs.variables:
        if isinstance(item, (Object, Instance)) and item.kind in ("layer", "model"):
            return True
        _, node = optimizers.columns(recording, apply)
        if isinstance(node, ast.Attribute) and node.attr == "layers" and isinstance(item, Unknown):
            held = item.inputs[0] if item.inputs else None
            owner = held.inputs[0] if isinstance(held, Unknown) and held.inputs else None
            return isinstance(owner, Instance) and owner.kind == "model" and not _defines(owner.cls, "layers")
    return False


def _defines(cls: Value, name: str) -> bool:
    """Whether a class, or one above it, may bind a name of its own."""
    if not isinstance(cls, Class):
        return isinstance(cls, Unknown)
    return name in cls.frame.bindings.counts or any(_defines(above, name) for above in cls.bases)


def _whole_list(item: Value) -> bool:
    """Whether one place of a list of variables certainly holds a list of them."""
    return (isinstance(item, Sequence) and item.kind == "list") or (isinstance(item, VariableSet) and not item.part)


def _holds(recording: Recording, value: Value, what: object) -> bool:
    """Whether a value certainly is a list of gradients, or of variables."""
    assert callable(what)
    if isinstance(value, VariableSet):
        return what is is_variable and not value.part
    if isinstance(value, (Either, OneShot, Data)):
        return False
    held = recording.contents.get(value.id, ())
    return bool(held) and all(what(item) or (isinstance(item, VariableSet) and what is is_variable) for item in held)


def _told(recording: Recording, apply: Apply, variant: str) -> Finding:
    nodes = apply.node.args
    given, beside = nodes[0], None
    if variant == "two_lists":
        beside = nodes[1]
    elif variant == "pair_of_lists" and isinstance(given, (ast.Tuple, ast.List)) and len(given.elts) == 2:
        given, beside = given.elts
    value = apply.args[0]
    held = recording.contents.get(value.id, ())
    leaves = recording.leaves(value)
    ask = next((found for leaf in leaves if (found := story.ask_behind(recording, leaf)) is not None), None)
    text = recording.text(beside) if beside is not None else ""
    if not text and ask is not None:
        inside = recording.calls_at(ask.time)[len(recording.calls_at(apply.time)) :]
        text = blocks.words_beside(recording, ask.sources_node, apply.node, inside)
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "name": recording.text(given),
        "variables": text or "variables",
    }
    fields["sources"] = recording.text(ask.sources_node) if ask is not None else ""
    marks = (story.mark(recording, "gradient", ask.place) if ask is not None else (),)
    if variant in ("nested", "layers"):
        one, other = optimizers.columns(recording, apply)
        fields["name"] = recording.text(one) if one is not None else fields["name"]
        fields["variables"] = recording.text(other)
        layers = isinstance(other, ast.Attribute) and other.attr == "layers"
        fields["model"] = recording.text(other.value) if isinstance(other, ast.Attribute) and layers else "model"
    plain = variant not in ("layers", "nested", "variables")
    fix = _fix(recording, apply, variant, beside, ask, single=not held) if plain else None
    variant = "single" if not variant and not held else variant
    return story.told(recording, CODE, nodes[0], fields, marks, variant, apply.context, fix)


def _fix(
    recording: Recording, apply: Apply, variant: str, beside: ast.expr | None, ask: Ask | None, single: bool
) -> Fix | None:
    """`zip(grads, variables)`, where it is plain which variables are meant."""
    nodes = apply.node.args
    first = recording.span(nodes[0])
    if variant == "two_lists" and len(nodes) == 2:
        end = recording.span(nodes[1]).end
        if is_variable(apply.args[1]):
            edits = (Edit(Span(first.start, first.start), "[("), Edit(Span(end, end), ")]"))
            return Fix("pair the gradient with its variable: [(gradient, variable)]", Applicability.SAFE, edits)
        edits = (Edit(Span(first.start, first.start), "zip("), Edit(Span(end, end), ")"))
        return Fix("pair the gradients with the variables: zip(grads, variables)", Applicability.SAFE, edits)
    if variant == "pair_of_lists":
        if beside is None:
            return None
        inner = recording.segment(first)[1:-1].strip().rstrip(",")
        edit = Edit(first, f"zip({inner})")
        return Fix("pair the gradients with the variables: zip(grads, variables)", Applicability.SAFE, (edit,))
    if ask is None or ask.context.calls != apply.context.calls or _rebound(recording, ask, apply):
        return None
    variables = recording.segment(recording.span(ask.sources_node))
    if single:
        given = recording.segment(first)
        edit = Edit(first, f"[({given}, {variables})]")
        return Fix("pair the gradient with its variable: [(gradient, variable)]", Applicability.SAFE, (edit,))
    edits = (Edit(Span(first.start, first.start), "zip("), Edit(Span(first.end, first.end), f", {variables})"))
    return Fix("pair the gradients with the variables: zip(grads, variables)", Applicability.SAFE, edits)


def _rebound(recording: Recording, ask: Ask, apply: Apply) -> bool:
    """Whether a name in the sources is set again between the gradient call and the update."""
    names = {node.id for node in walk(ask.sources_node) if isinstance(node, ast.Name)}
    start, end = recording.span(ask.place).end, recording.span(apply.place).start
    return (start > end and not _inside(recording, ask, apply)) or any(
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and node.id in names
        and start <= recording.span(node).start < end
        for node in recording.nodes
    )


def _inside(recording: Recording, ask: Ask, apply: Apply) -> bool:
    outer, inner = recording.span(apply.place), recording.span(ask.place)
    return outer.start <= inner.start and inner.end <= outer.end
