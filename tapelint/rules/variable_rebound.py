"""TAP306: a name that held a variable holds a plain tensor."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Fault
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Rebinding
from tapelint.play.values import Data, Variable, VariableSet
from tapelint.rules import story

CODE = "TAP306"
_REFUSED = frozenset({"+=", "-=", "*=", "/=", "**="})
"""What a `tf.Variable` answers with RuntimeError; `//=`, `%=` and `@=` quietly make a tensor."""


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.UNWATCHED, Fault.NOT_USED, Fault.RECREATED):
        source = case.verdict.source
        rebinding = recording.rebindings.get(source.id) if isinstance(source, Data) else None
        if rebinding is None or not isinstance(rebinding.old, Variable) or _refused(rebinding):
            continue
        assert isinstance(source, Data)
        fields = {**case.fields, "name": _words(recording, rebinding)}
        node = rebinding.place.node
        variant = ""
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "assign" in source.op:
            variant, fields["op"] = "assign-result", recording.text(node.value.func)
        marks = (
            story.mark(recording, "made", rebinding.old.place),
            story.opened(recording, case.ask.tape),
            () if case.ask.context.in_graph else story.asked(recording, case.ask),  # traced once, with the variable
        )
        fix = _fix(recording, rebinding)
        yield story.told(recording, CODE, rebinding.place, fields, marks, variant, case.ask.context, fix)
    for rebinding in recording.rebindings.values():
        if recording.here(rebinding.place) and rebinding.certain:
            yield from _alone(recording, rebinding)


def _alone(recording: Recording, rebinding: Rebinding) -> Iterator[Finding]:
    """What is wrong whatever comes after it."""
    fields = {"name": _words(recording, rebinding), "op": rebinding.operator}
    context = rebinding.context
    if _refused(rebinding):
        if not context.guarded("RuntimeError"):
            marks = (story.mark(recording, "made", rebinding.old.place),)
            fix = _fix(recording, rebinding)
            yield story.told(recording, CODE, rebinding.place, fields, marks, "augmented", context, fix)
    elif isinstance(rebinding.old, (Variable, VariableSet)) and (loop := _forgotten(recording, rebinding)):
        marks = (story.head(recording, "source", loop.target),)
        fix = _fix(recording, rebinding)
        yield story.told(recording, CODE, rebinding.place, fields, marks, "loop-variable", context, fix)


def _words(recording: Recording, rebinding: Rebinding) -> str:
    """The name as the program writes it: `params["w"]`."""
    node = rebinding.place.node
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return next((recording.text(one) for one in targets if ast.unparse(one) == rebinding.name), rebinding.name)


def _refused(rebinding: Rebinding) -> bool:
    old = rebinding.old
    return rebinding.operator in _REFUSED and isinstance(old, Variable) and old.keras is False


def _forgotten(recording: Recording, rebinding: Rebinding) -> ast.For | None:
    """The loop over variables whose own name is rebound, when nothing reads the name after that."""
    loop = rebinding.context.loops[-1].place.node if rebinding.context.loops else None
    node = rebinding.place.node
    if not isinstance(loop, ast.For) or not isinstance(node, (ast.Assign, ast.AugAssign)):
        return None
    bound = {inner.id for inner in walk(loop.target) if isinstance(inner, ast.Name)}
    if rebinding.name not in bound or not any(inner is node for inner in walk(loop)):
        return None
    line = (node.lineno, node.col_offset)
    around = story.scope_around(recording, rebinding.place)
    own = {id(inner) for inner in walk(node)}
    for other in walk(around):
        if other is not loop and _binds(other, rebinding.name):
            own |= {id(inner) for inner in walk(other)}  # there the name is another one
    names = (inner for inner in walk(around) if isinstance(inner, ast.Name) and inner.id == rebinding.name)
    read = [inner for inner in names if isinstance(inner.ctx, ast.Load) and id(inner) not in own]
    return loop if all((inner.lineno, inner.col_offset) <= line for inner in read) else None


def _binds(node: ast.AST, name: str) -> bool:
    """Whether a loop or comprehension has a name of its own by that name."""
    targets: list[ast.expr] = []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        targets = [node.target]
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        targets = [generator.target for generator in node.generators]
    return any(isinstance(inner, ast.Name) and inner.id == name for target in targets for inner in walk(target))


def _fix(recording: Recording, rebinding: Rebinding) -> Fix | None:
    """`v = v - e` and `v -= e` become `v.assign_sub(e)`; `v = v.assign_sub(e)` loses its left side."""
    node = rebinding.place.node
    text = recording.source.text
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        name, change = recording.span(node.target), recording.span(node.value)
        method = "assign_add" if isinstance(node.op, ast.Add) else "assign_sub"
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        name = recording.span(target)
        words = text[name.start : name.end]
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr.startswith("assign") and _text(recording, value.func.value) == words:
                if text[name.end : recording.span(value).start].strip() != "=":
                    return None
                cut = Edit(Span(name.start, recording.span(value).start), "")
                return Fix(f"drop `{words} =`", Applicability.SAFE, (cut,))
            return None
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, (ast.Add, ast.Sub)):
            return None
        if _text(recording, value.left) != words:
            return None
        change = recording.span(value.right)
        method = "assign_add" if isinstance(value.op, ast.Add) else "assign_sub"
    else:
        return None
    whole = recording.span(node)
    words = text[name.start : name.end]
    if "\n" in text[whole.start : whole.end] or "#" in text[whole.start : whole.end]:
        return None
    inner = text[change.start : change.end]
    if text[change.end : whole.end].strip("() "):
        return None
    return Fix(f"write `{words}.{method}(...)`", Applicability.SAFE, (Edit(whole, f"{words}.{method}({inner})"),))


def _text(recording: Recording, node: ast.AST) -> str:
    return recording.segment(recording.span(node))
