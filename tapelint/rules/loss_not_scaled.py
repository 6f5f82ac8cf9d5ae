"""TAP712: an optimizer that divides by the loss scale gets gradients of an unscaled loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Finding, Fix, Mark
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.values import Const, Data, Method, Object, Sequence, Unknown, Value, Variable, VariableSet
from tapelint.rules import blocks, optimizers, story, withblock

CODE = "TAP712"


def find(recording: Recording) -> Iterator[Finding]:
    if recording.keras != 3:
        return
    for apply in optimizers.applied(recording, "apply_gradients", "apply"):
        if not _scales(apply.optimizer) or apply.pairs is None:
            continue
        ask = _unscaled(recording, apply)
        if ask is not None:
            yield _told(recording, apply, ask)


def _scales(optimizer: Value) -> bool:
    if not isinstance(optimizer, Object):
        return False
    factor = optimizer.args.get("loss_scale_factor")
    given = isinstance(factor, Const) and isinstance(factor.value, (int, float)) and factor.value != 1
    return optimizer.kind == "loss_scale_optimizer" or given


def _unscaled(recording: Recording, apply: Apply) -> Ask | None:
    """The gradient call, when neither its target nor anything after it can have been multiplied by the scale."""
    assert apply.pairs is not None
    asks: list[Ask] = []
    stack: list[Value] = list(apply.pairs.gradients)
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if item.id in seen:
            continue
        seen.add(item.id)
        if len(seen) > 600:
            return None
        if isinstance(item, Data):
            if item.op in ("scale_loss", "get_scaled_loss"):
                return None
            if item.ask is not None:
                asks.append(item.ask)
                stack.append(item.ask.target)
                continue
            stack.extend(link.value for link in item.links)
        elif isinstance(item, (Variable, VariableSet, Const)):
            continue
        elif isinstance(item, Sequence):
            held = recording.contents.get(item.id)
            if held is None:
                return None
            stack.extend(held)
        elif isinstance(item, Unknown) and not item.inputs and item.role in ("parameter", "item"):
            continue  # data
        elif isinstance(item, (Unknown, Method, Object)) or not isinstance(item, Data):
            return None
    return asks[0] if asks else None


def _told(recording: Recording, apply: Apply, ask: Ask) -> Finding:
    optimizer = apply.optimizer
    assert isinstance(optimizer, Object)
    fields = {
        "optimizer": optimizers.receiver(recording, apply.node),
        "target": recording.text(ask.target_node),
    }
    variant = "compiled" if not optimizer.whole else "factor" if optimizer.kind == "optimizer" else ""
    made: list[tuple[Mark, ...]] = [story.mark(recording, "made", optimizer.place)]
    target = ask.target.place
    if target is not None and not isinstance(ask.target_node, ast.Call):
        made.append(story.mark(recording, "target", target))
    marks = [*made, story.asked(recording, ask)]
    later = _bound_later(recording, apply, ask)
    variant = "later" if later and not variant else variant
    fix = _fix(recording, apply, ask, fields) if not later else None
    return story.told(recording, CODE, apply.node, fields, marks, variant, apply.context, fix)


def _bound_later(recording: Recording, apply: Apply, ask: Ask) -> bool:
    """Whether the optimizer or the loss gets its name only after the block, as in a loop over several."""
    block = withblock.block_of(recording, ask.tape)
    if block is None or not isinstance(apply.node.func, ast.Attribute):
        return False
    scope = blocks.scope_of(recording, block)
    parts = (*walk(apply.node.func.value), *walk(ask.target_node))
    for name in {part.id for part in parts if isinstance(part, ast.Name)}:
        bound = [recording.span(node).start for node in blocks.writes(scope, name)]
        if bound and min(bound) >= recording.span(block).end:
            return True
    return False


def _fix(recording: Recording, apply: Apply, ask: Ask, fields: dict[str, str]) -> Fix | None:
    """Scale the loss in the last line of the block."""
    block = withblock.block_of(recording, ask.tape)
    if block is None or not isinstance(ask.target_node, ast.Name) or ask.context.calls != apply.context.calls:
        return None
    if blocks.function_of(recording, block) is not blocks.function_of(recording, ask.node):
        return None
    text = f"{fields['target']} = {fields['optimizer']}.scale_loss({fields['target']})"
    edit = withblock.at_end(recording, block, text)
    return Fix(f"scale the loss inside the block: {text}", Applicability.UNSAFE, (edit,)) if edit is not None else None
