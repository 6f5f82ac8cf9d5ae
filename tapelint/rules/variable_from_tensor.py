"""TAP307: `tf.Variable(tensor)` on the path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.diagnostic import Applicability, Edit, Finding, Fix
from tapelint.fixes import statements
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import CutKind, Place
from tapelint.rules import blocks, story

CODE = "TAP307"


def find(recording: Recording) -> Iterator[Finding]:
    for case in story.missing(recording, CutKind.NEW_VARIABLE):
        assert case.met is not None
        place = case.met.cut.place
        name = story.operand(recording, place)
        copied = case.met.cut.op == "copy.deepcopy"
        fix = None if copied else _fix(recording, place)
        finding = story.cut_finding(CODE, case, "copy" if copied else "", {"name": name}, fix=fix)
        if finding is not None:
            yield finding


def _fix(recording: Recording, place: Place) -> Fix | None:
    """`tf.Variable(t)` becomes `t`, where nothing is assigned to the variable and nothing watches it."""
    node = place.node
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
        return None
    variables = {creation.value.id for creation in recording.creations if creation.place == place}
    if variables & recording.updated:
        return None
    for event in recording.happened(Happening.WATCH):
        if event.value is not None and event.value.id in variables:
            return None
    if any(leaf.id in variables for ask in recording.asks for leaf in recording.leaves(ask.sources)):
        return None
    statement = recording.parents.get(id(node))
    if isinstance(statement, ast.Assign) and [*map(ast.unparse, statement.targets)] == [ast.unparse(node.args[0])]:
        spot = blocks.spots(recording, statement)[-1]
        edits = statements.removed(recording.source, statement) if len(spot.body) > 1 else None
        return Fix(f"drop `{recording.text(statement)}`", Applicability.UNSAFE, edits) if edits is not None else None
    words = recording.segment(recording.span(node.args[0]))
    if not isinstance(node.args[0], (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        words = f"({words})"
    edit = Edit(recording.span(node), words)
    return Fix("use the tensor itself", Applicability.UNSAFE, (edit,))
