"""TAP709: variables that an optimizer did not meet in its first step."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Span
from tapelint.play.apply import Apply, Stranger
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Data, Object, Place, Unknown, Value, VariableSet, bare
from tapelint.rules import blocks, optimizers, story

CODE = "TAP709"


def find(recording: Recording) -> Iterator[Finding]:
    for apply in recording.applies:
        if apply.stranger is None or not apply.alone or not apply.node.args or not recording.here(apply.place):
            continue
        if apply.context.guarded("ValueError", "KeyError") or _built(recording, apply):
            continue
        if optimizers.is_gone(recording, apply.optimizer):
            continue
        yield _told(recording, apply, apply.stranger)


def _built(recording: Recording, apply: Apply) -> bool:
    """Whether the program calls `build` of an optimizer of that name anywhere."""
    name = optimizers.receiver(recording, apply.node).rsplit(".", 1)[-1]
    for node in recording.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "build":
            continue
        if node.args and recording.text(node.func.value).rsplit(".", 1)[-1] == name:
            return _alone(apply)
    return False


def _alone(apply: Apply) -> bool:
    """Whether the object may have a history that was not played: the program's own order is not seen."""
    entry = apply.context.calls[0].node if apply.context.calls else None
    parameters = entry.args.args if isinstance(entry, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return bool(parameters)


def _told(recording: Recording, apply: Apply, stranger: Stranger) -> Finding:
    gradients, variables = optimizers.columns(recording, apply)
    before = _first(recording, apply, stranger)
    text = _words(recording, variables)
    fields = {"optimizer": optimizers.receiver(recording, apply.node), "variables": text, "source": text}
    lines = {"source": "", "variables": ""}
    before_them = of_them = ""
    marks: list[tuple[Mark, ...]] = [optimizers.made(recording, apply.optimizer)]
    variant = "keras2" if recording.keras == 2 else ""
    loops = [loop for loop in apply.context.loops if loop.round > 1]
    fix = None
    if before is None:
        marks.append(story.mark(recording, "first", stranger.first))
    elif before.node is not apply.node:
        column, first = optimizers.columns(recording, before)
        name = _name_beside(recording, stranger.met[0], before.node) if len(stranger.met) == 1 else ""
        clear = _apart(column, first)
        fields["source"] = _words(recording, first) if clear or not name else name
        before_them = "" if clear or name else "the variables in "
        marks.append(story.mark(recording, "first", before.place))
        empty = any(_empty_then(recording, value, apply.optimizer) for value in (*stranger.met, stranger.variable))
        fix = None if empty else _fix(recording, apply, first, variables)
    elif before.context.calls != apply.context.calls:
        one, _ = _call_sites(before, apply)
        fields["source"] = _words_outside(recording, variables, before, apply) or text
        fields["variables"] = _words_outside(recording, variables, apply, before) or text
        if one is not None:
            marks.append(story.mark(recording, "first", one))
    elif loops:
        variant = "loop"
        marks.append(story.head(recording, "first", loops[-1].place.node))
    names = [_name(recording, value) for value in (stranger.met[0], stranger.variable)]
    if fields["source"] == fields["variables"] and variant != "loop" and all(names) and names[0] != names[1]:
        fields["source"], fields["variables"] = names
    elif fields["source"] == fields["variables"] and variant != "loop":
        earlier, later = (_line(recording, _origin(value)) for value in (stranger.met[0], stranger.variable))
        if earlier == later and before is not None:  # made in one place, that was come to on two ways
            earlier, later = (_line(recording, _place(call, apply)) for call in _call_sites(before, apply))
        told_apart = bool(earlier) and earlier != later
        before_them = "" if told_apart else "the earlier "
        lines = {"source": earlier, "variables": later} if told_apart else lines
    elif variant != "loop" and (_met_in_part(apply, stranger) or not _apart(gradients, variables)):
        name = _name_beside(recording, stranger.variable, apply.node)
        of_them = "" if name else "all of " if _met_in_part(apply, stranger) else "the variables in "
        fields["variables"] = name or fields["variables"]
    fields["source"] = f"{before_them}`{fields['source']}`{lines['source']}"
    fields["variables"] = f"{of_them}`{fields['variables']}`{lines['variables']}"
    return story.told(recording, CODE, apply.node, fields, marks, variant, apply.context, fix)


def _words_outside(recording: Recording, node: ast.AST, step: Apply, other: Apply) -> str:
    """How the program writes the variables of a step where the way to it parts from that to another step."""
    ways = zip(step.context.calls, other.context.calls, strict=False)
    common = next((at for at, (one, two) in enumerate(ways) if one != two), len(other.context.calls))
    calls = [place.node for place in step.context.calls[common:] if not isinstance(place.node, blocks.FUNCTIONS)]
    return blocks.words_of_caller(recording, node, *calls)


def _apart(gradients: ast.AST | None, variables: ast.AST) -> bool:
    """Whether the program writes the variables of a step apart from its gradients."""
    return gradients is not None or bool(optimizers.written_variables(variables))


def _met_in_part(apply: Apply, stranger: Stranger) -> bool:
    """Whether the optimizer knows others of the variables that it gets beside the stranger."""
    met = {_identity(value) for value in stranger.met}
    return apply.pairs is not None and any(_identity(item) in met for item in apply.pairs.variables.items)


def _identity(value: Value) -> tuple[int, str]:
    item = bare(value)
    return (item.owner.id, item.which) if isinstance(item, VariableSet) else (item.id, "")


def _words(recording: Recording, node: ast.AST) -> str:
    """How the program writes the variables of a step, without the gradients beside them."""
    written = [recording.text(part) for part in optimizers.written_variables(node)]
    return f"[{', '.join(written)}]" if written else recording.text(node)


def _origin(value: Value) -> Place | None:
    item = bare(value)
    return item.owner.place if isinstance(item, VariableSet) else item.place


def _name(recording: Recording, value: Value) -> str:
    """What the program calls the variables of a model, or a variable, wherever they are used under another name."""
    item = bare(value)
    if not isinstance(item, VariableSet):
        return recording.names.get(item.id, "")
    owner = recording.names.get(item.owner.id, "")
    return f"{owner}.trainable_variables" if owner else ""


def _name_beside(recording: Recording, value: Value, node: ast.AST) -> str:
    """The name of variables, where a step may call them so."""
    name = _name(recording, value)
    return name if name and story.bound_beside(recording, node, name.split(".")[0]) else ""


def _line(recording: Recording, place: Place | None) -> str:
    """Which of two things of one name is meant."""
    if place is None or not recording.here(place) or not recording.source.path.endswith(".py"):
        return ""
    return f" of line {recording.source.position(recording.span(place).start).row}"


def _place(call: ast.Call | None, apply: Apply) -> Place | None:
    return Place(call, apply.place.module) if call is not None else None


def _first(recording: Recording, apply: Apply, stranger: Stranger) -> Apply | None:
    """The first step of the optimizer."""
    for before in recording.applies:
        if before.optimizer is apply.optimizer and before.place == stranger.first and before.node.args:
            return before
    return None


def _call_sites(before: Apply, apply: Apply) -> tuple[ast.Call | None, ast.Call | None]:
    """Where the two ways to the same line part."""
    for one, other in zip(before.context.calls, apply.context.calls, strict=False):
        if one != other and isinstance(one.node, ast.Call) and isinstance(other.node, ast.Call):
            return one.node, other.node
    return None, None


def _empty_then(recording: Recording, value: Value, optimizer: Value) -> bool:
    """Whether these are the variables of a layer that may not have had any when the optimizer was made."""
    item = bare(value)
    owner = item.owner if isinstance(item, VariableSet) else None
    if owner is None or isinstance(owner, Unknown):
        return False
    if isinstance(owner, Object):
        given = {"input_shape", "input_dim", "batch_input_shape", "inputs", "weights"}
        firsts = [owner, *owner.parts[:1]]
        if ".applications." in owner.symbol or any(
            isinstance(part, Object) and (given & part.args.keys() or part.symbol.endswith((".Input", ".InputLayer")))
            for part in firsts
        ):
            return False
        if any(isinstance(part, Data) for part in owner.parts[:1]):
            return False  # `tf.keras.Input(...)` as the first part
    return not any(one.layer is owner and 0 < one.ended < optimizer.time for one in recording.forwards)


def _fix(recording: Recording, apply: Apply, first: ast.AST, second: ast.AST) -> Fix | None:
    """`optimizer.build` with both sets, where all its names are there when the optimizer is made."""
    place = apply.optimizer.place
    body = blocks.function_of(recording, apply.node) or recording.tree
    if place is None or not recording.here(place):
        return None
    made = next(
        (
            node
            for node in walk(body)
            if isinstance(node, ast.Assign) and node.value is place.node and isinstance(node.targets[0], ast.Name)
        ),
        None,
    )
    if made is None or len(made.targets) != 1 or not all(map(_plain, (first, second))):
        return None
    wanted = {node.id for part in (first, second) for node in walk(part) if isinstance(node, ast.Name)}
    line = recording.span(made)
    early = {
        node.id
        for node in walk(body)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and recording.span(node).start < line.start
    }
    if not wanted <= early:
        return None
    one, other = (_listed(recording, part) for part in (first, second))
    if one == other:
        return None  # one name for two things: the second of them isn't there yet
    start = recording.source.line_starts[recording.source.position(line.start).row - 1]
    indent = recording.source.text[start : line.start]
    if indent.strip():
        return None
    name = recording.text(made.targets[0])
    text = f"\n{indent}{name}.build({one} + {other})"
    message = f"let the optimizer know all variables first: {name}.build(...)"
    return Fix(message, Applicability.UNSAFE, (Edit(Span(line.end, line.end), text),))


def _plain(node: ast.AST) -> bool:
    return not optimizers.written_variables(node) and isinstance(node, (ast.Name, ast.Attribute, ast.List, ast.Tuple))


def _listed(recording: Recording, node: ast.AST) -> str:
    text = recording.segment(recording.span(node))
    if isinstance(node, ast.Tuple):
        return f"list({text})"
    return text if isinstance(node, ast.List) or text.endswith(("variables", "weights")) else f"[{text}]"
