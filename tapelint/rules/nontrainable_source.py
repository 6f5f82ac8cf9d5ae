"""TAP209: the source is a variable that is not trainable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Span
from tapelint.play.ask import Fault
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Data, Variable, VariableSet
from tapelint.rules import blocks, story
from tapelint.rules.unwatched_source import out_of_reach, where

CODE = "TAP209"
_TRAINABLE = {
    "variables": "trainable_variables",
    "weights": "trainable_weights",
    "non_trainable_variables": "trainable_variables",
    "non_trainable_weights": "trainable_weights",
}

_VARIANTS = {Fault.STATE: "states", Fault.SEED: "seed"}


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, Fault.NOT_TRAINABLE, Fault.STATE, Fault.SEED):
        source = case.verdict.source
        if _by_value(recording, case):
            continue
        variant = "non_trainable" if isinstance(source, VariableSet) else ""
        made = source.place if isinstance(source, Variable) else None
        if case.verdict.fault in _VARIANTS:
            variant, made = _VARIANTS[case.verdict.fault], case.verdict.place
        elif not variant and case.ask.tape.watches_accessed is False:
            variant = "told"
        elif not variant and out_of_reach(recording, case):
            variant = "elsewhere"
        marks = (
            story.mark(recording, "made", made),
            story.opened(recording, case.ask.tape),
            story.asked(recording, case.ask),
        )
        fix = _watched(recording, case) if variant in ("", "told") else _trainable(recording, case)
        fields = {**case.fields, "where": where(case)}
        yield story.told(recording, CODE, case.verdict.node, fields, marks, variant, case.ask.context, fix)


def _by_value(recording: Recording, case: story.Missing) -> bool:
    """Whether the tape watches the value of a variable of Keras 3, which is as good as the variable."""
    return any(
        isinstance(leaf, Data) and any(link.value is case.verdict.source for link in leaf.links)
        for event in recording.events_of(case.ask.tape)
        if event.what is Happening.WATCH and event.value is not None
        for leaf in recording.leaves(event.value)
    )


def _trainable(recording: Recording, case: story.Missing) -> Fix | None:
    """The trainable ones in place of all variables, also where the gradients are then applied to them."""
    node = case.verdict.node
    if not isinstance(node, ast.Attribute) or node.attr not in _TRAINABLE:
        return None
    scope = blocks.function_of(recording, node) or recording.tree
    own, others = _steps(recording, case)
    applied = []
    for call in (*own, *(one for one in walk(scope) if one not in own and one not in others and _is_step(one))):
        same = ast.unparse(node)
        parts = [part for part in walk(call) if isinstance(part, ast.Attribute) and part.attr == node.attr]
        parts = [part for part in parts if part is not node and (call in own or ast.unparse(part) == same)]
        if call in own and (not parts or id(call) not in recording.parents):
            return None  # what stands beside the gradients has another name, or is put beside them elsewhere
        applied += parts
    if not applied and isinstance(recording.parents.get(id(case.ask.node)), ast.Return):
        return None
    spans = sorted(recording.span(part) for part in (node, *applied))
    if any(not recording.segment(each).endswith(node.attr) for each in spans):
        return None
    edits = tuple(Edit(Span(each.end - len(node.attr), each.end), _TRAINABLE[node.attr]) for each in spans)
    where = " here and where the gradients are applied" if applied else ""
    return Fix(f"use `{_TRAINABLE[node.attr]}`{where}", Applicability.UNSAFE, edits)


def _is_step(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "apply_gradients"


def _steps(recording: Recording, case: story.Missing) -> tuple[list[ast.AST], set[ast.AST]]:
    """The steps that certainly apply what the call gave, and those that apply what other calls gave."""
    own: list[ast.AST] = []
    others: set[ast.AST] = set()
    for apply in recording.applies:
        given = apply.pairs.gradients if apply.pairs is not None else ()
        nodes = {one.ask.node for one in given if isinstance(one, Data) and one.ask is not None}
        if case.ask.node in nodes and apply.node not in own:
            own.append(apply.node)
        elif nodes and case.ask.node not in nodes:
            others.add(apply.node)
    return own, others


def _watched(recording: Recording, case: story.Missing) -> Fix | None:
    return blocks.watch_first(recording, case, Applicability.UNSAFE)
