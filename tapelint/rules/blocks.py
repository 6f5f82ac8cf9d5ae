"""Statements around a place: what follows it, what holds it, and the edits that insert, drop or move a line."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tapelint.diagnostic import Applicability, Edit, Fix, Span
from tapelint.fixes import statements
from tapelint.play.outline import walk
from tapelint.play.recording import Recording
from tapelint.play.records import Happening
from tapelint.play.values import Place, Tape
from tapelint.record import Record
from tapelint.rules.story import Missing

Body = list[ast.stmt]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Spot(Record):
    """A statement at a place, counted from 0, in the list that holds it."""

    body: Body
    at: int
    parent: ast.AST

    @property
    def statement(self) -> ast.stmt:
        return self.body[self.at]

    @property
    def after(self) -> Body:
        return self.body[self.at + 1 :]


def spots(recording: Recording, node: ast.AST) -> list[Spot]:
    """The statements around a node, outermost first; they end with the innermost one, which may be the node itself."""
    found: list[Spot] = []
    part: ast.AST | None = node
    while part is not None:
        parent = recording.parents.get(id(part))
        if isinstance(part, ast.stmt) and parent is not None:
            bodies = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
            body = next(body for body in bodies if isinstance(body, list) and part in body)
            found.append(Spot(body, body.index(part), parent))
        part = parent
    return found[::-1]


def function_of(recording: Recording, node: ast.AST) -> ast.AST | None:
    """The function around a node, None at module level."""
    for spot in reversed(spots(recording, node)):
        if isinstance(spot.statement, FUNCTIONS) and spot.statement is not node:
            return spot.statement
    return None


def scope_of(recording: Recording, node: ast.AST) -> ast.AST:
    """The function around a node, or the module."""
    return function_of(recording, node) or recording.tree


def words_of_caller(recording: Recording, node: ast.AST, *calls: ast.AST | None) -> str:
    """How the caller of the function around `node` writes the same thing: `self.net.losses` for `model.losses`.

    `calls` lead from the caller that is meant to the function, outermost first. "" unless `node` is a parameter, or an
    attribute of one, that every one of them gives a value to.
    """
    suffix = ""
    for call in reversed(calls):
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        given = _given(recording, root, call)
        if given is None:
            return ""
        suffix = recording.text(node)[len(recording.text(root)) :] + suffix
        node = given
    return recording.text(node) + suffix if calls else ""


def words_beside(recording: Recording, node: ast.AST, place: ast.AST, calls: Sequence[Place]) -> str:
    """How the function around `place` writes what stands at `node`, in itself or behind the calls that it makes.

    "" where it has no words for it.
    """
    if function_of(recording, node) is function_of(recording, place):
        return recording.text(node)
    return words_of_caller(recording, node, *(call.node for call in calls if not isinstance(call.node, FUNCTIONS)))


def _elsewhere(recording: Recording, node: ast.AST) -> ast.AST | None:
    """The function of another file around a node."""
    for module in recording.modules:
        around = module.outline.parents.get(id(node))
        while around is not None:
            if isinstance(around, FUNCTIONS):
                return around
            around = module.outline.parents.get(id(around))
    return None


def _given(recording: Recording, name: ast.AST, call: ast.AST | None) -> ast.expr | None:
    """The argument of `call` that the function around `name` has under that name."""
    function = function_of(recording, name) or _elsewhere(recording, name)
    if not isinstance(call, ast.Call) or not isinstance(name, ast.Name) or not isinstance(function, FUNCTIONS):
        return None
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called != function.name:
        return None  # a class, an object, or something that calls the function in its turn
    for keyword in call.keywords:
        if keyword.arg == name.id:
            return keyword.value
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    if name.id not in names:
        return None
    method = names[0] in ("self", "cls") and isinstance(call.func, ast.Attribute)
    at = names.index(name.id) - method
    if at < 0 and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, (ast.Name, ast.Attribute)):
        return call.func.value  # what the caller calls `self`
    before = call.args[: at + 1]
    if 0 <= at < len(call.args) and not any(isinstance(one, ast.Starred) for one in before):
        return call.args[at]
    return None


def block(recording: Recording, tape: Tape) -> ast.With | ast.AsyncWith | None:
    """The one `with` statement that enters the tape; None when there is none, or more than one."""
    places = {event.place.node for event in recording.events_of(tape) if event.what is Happening.ENTER}
    if len(places) != 1:
        return None
    item = recording.parents.get(id(places.pop()))
    around = recording.parents.get(id(item)) if isinstance(item, ast.withitem) else None
    return around if isinstance(around, (ast.With, ast.AsyncWith)) else None


def loops_around(recording: Recording, node: ast.AST) -> list[Spot]:
    """The loops around a node in its own function, outermost first."""
    found: list[Spot] = []
    for spot in spots(recording, node):
        if isinstance(spot.statement, (*FUNCTIONS, ast.ClassDef)):
            found = []
        elif isinstance(spot.statement, (ast.For, ast.AsyncFor, ast.While)) and spot.statement is not node:
            found.append(spot)
    return found


def contains(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in walk(outer))


def reads(node: ast.AST, name: str) -> list[ast.AST]:
    """Where `name` (`x`, `self.x`) is read or deleted inside a node."""
    return [part for part in _named(node, name) if not isinstance(part.ctx, ast.Store)]  # type: ignore[attr-defined]


def writes(node: ast.AST, name: str) -> list[ast.AST]:
    """Where `name` is bound inside a node."""
    return [part for part in _named(node, name) if isinstance(part.ctx, ast.Store)]  # type: ignore[attr-defined]


def _named(node: ast.AST, name: str) -> list[ast.AST]:
    return [
        part
        for part in walk(node)
        if (isinstance(part, ast.Name) and part.id == name)
        or (isinstance(part, ast.Attribute) and "." in name and ast.unparse(part) == name)
    ]


# -- edits ------------------------------------------------------------------------------------------------------------


def own_lines(recording: Recording, statement: ast.stmt) -> Span | None:
    """The whole lines of a statement with their ends; None when it shares a line with something else."""
    source = recording.source
    first = source.line_starts[statement.lineno - 1]
    for decorator in getattr(statement, "decorator_list", ()):
        first = min(first, source.line_starts[decorator.lineno - 1])
    last = statement.end_lineno or statement.lineno
    end = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
    span = recording.span(statement)
    before = source.text[source.line_starts[statement.lineno - 1] : span.start]
    after = source.text[span.end : end].strip()
    if before.strip() or (after and not after.startswith("#")):
        return None
    return Span(first, end)


def indent(recording: Recording, statement: ast.stmt) -> str:
    """The white space before a statement that has its line to itself."""
    start = recording.source.line_starts[statement.lineno - 1]
    return recording.source.text[start : recording.span(statement).start]


def line_end(recording: Recording) -> str:
    """How lines end in this file."""
    text = recording.source.text
    at = text.find("\n")
    if at < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[at - 1 : at] == "\r" else "\n"


def insert_before(recording: Recording, statement: ast.stmt, text: str) -> Edit | None:
    """A line of its own before a statement."""
    lines = own_lines(recording, statement)
    if lines is None:
        return None
    content = indent(recording, statement) + text + line_end(recording)
    return Edit(Span(lines.start, lines.start), content)


def insert_after(recording: Recording, statement: ast.stmt, text: str) -> Edit | None:
    """A line of its own after a statement."""
    lines = own_lines(recording, statement)
    if lines is None:
        return None
    content = indent(recording, statement) + text
    at = Span(lines.end, lines.end)
    if lines.end == len(recording.source.text) and not recording.source.text.endswith(("\n", "\r")):
        return Edit(at, line_end(recording) + content)
    return Edit(at, content + line_end(recording))


def first_in_block(recording: Recording, tape: Tape, text: str) -> Edit | None:
    """A line of its own, first in the block of a tape."""
    around = block(recording, tape)
    edits = statements.first_in_block(recording.source, around, text) if around is not None else None
    return edits[0] if edits is not None else None


def dropped(recording: Recording, statement: ast.stmt) -> Edit | None:
    """The statement gone with its lines."""
    lines = own_lines(recording, statement)
    return Edit(lines, "") if lines is not None else None


def watch_first(recording: Recording, case: Missing, applicability: Applicability, together: str = "") -> Fix | None:
    """Watch the source first in the block, where its name is bound before the block and not in it.

    A source that the block makes is watched where it is made. `together` is the name of the list that
    holds it, where all that it holds are to be watched.
    """
    node, tape = case.verdict.node, case.ask.tape
    around = block(recording, tape)
    if not isinstance(node, (ast.Name, ast.Attribute)) or around is None or not tape.name:
        return None
    source = case.verdict.source
    name = recording.names.get(source.id, "") if case.listed and not together else ast.unparse(node)
    root = name.split(".", 1)[0]
    if (
        case.listed
        and not together
        and (name != case.fields["source"] or len(writes(scope_of(recording, around), root)) != 1)
    ):
        return None
    function = function_of(recording, around)
    if function is not function_of(recording, case.ask.node) or function_of(recording, node) is not function:
        return None
    receiver = case.ask.node.func
    if not isinstance(receiver, ast.Attribute) or not isinstance(receiver.value, ast.Name):
        return None
    call = f"{receiver.value.id}.watch({name}{'.value' if case.in_keras else ''})"
    if case.ask.session is not None and source.time > case.ask.session.began and not case.listed:
        return _watch_made(recording, case, around, call, applicability)
    if source.time > tape.time or writes(around, name) or writes(around, root):
        return None
    scope = function or recording.tree
    start = recording.span(around).start
    bound = writes(scope, root) + ([] if name == root else writes(scope, name))
    if any(recording.span(write).start > start for write in bound) or len(bound) > 1:
        return None
    edit = first_in_block(recording, tape, call)
    if edit is None:
        return None
    return Fix(f"write `{call}` first in the `with` block", applicability, (edit,))


def _watch_made(
    recording: Recording, case: Missing, around: ast.AST, call: str, applicability: Applicability
) -> Fix | None:
    """Watch a source behind the line of the block that makes it, where that is the only one to bind its name."""
    node, place = case.verdict.node, case.verdict.source.place
    made = recording.parents.get(id(place.node)) if place is not None and recording.here(place) else None
    if not isinstance(node, ast.Name) or not isinstance(made, ast.Assign) or place is None:
        return None
    alone = made.value is place.node and [ast.unparse(target) for target in made.targets] == [node.id]
    if not alone or len(writes(around, node.id)) != 1 or not contains(around, made):
        return None
    if function_of(recording, made) is not function_of(recording, around):
        return None
    edit = insert_after(recording, made, call)
    return Fix(f"write `{call}` right after it is made", applicability, (edit,)) if edit is not None else None


def deleting(recording: Recording, tape: Tape, last: Spot) -> Fix | None:
    """`del tape` after the statement with its last use, where no nested function may ask later."""
    assert tape.place is not None
    if any(isinstance(part, (ast.Return, ast.Raise)) and reads(part, tape.name) for part in walk(last.statement)):
        return None
    if lent(recording, tape):
        return None
    function = function_of(recording, tape.place.node) or recording.tree
    if any(isinstance(read.ctx, ast.Del) for read in reads(function, tape.name)):  # type: ignore[attr-defined]
        return None
    edit = insert_after(recording, last.statement, f"del {tape.name}")
    if edit is None:
        return None
    return Fix(f"write `del {tape.name}` after the last call", Applicability.SAFE, (edit,))


def lent(recording: Recording, tape: Tape) -> bool:
    """Whether a nested function or a lambda uses the tape's name."""
    assert tape.place is not None
    function = function_of(recording, tape.place.node) or recording.tree
    return any(
        node is not function and isinstance(node, (*FUNCTIONS, ast.Lambda)) and bool(reads(node, tape.name))
        for node in walk(function)
    )


def last_use(recording: Recording, tape: Tape) -> Spot | None:
    """The last statement that names the tape, in the list of statements that opens it."""
    assert tape.place is not None
    around = spots(recording, tape.place.node)
    if not around or not tape.name:
        return None
    body = around[-1].body
    used = [index for index, statement in enumerate(body) if reads(statement, tape.name)]
    return Spot(body, used[-1], around[-1].parent) if used else None


def multiline_text(node: ast.AST) -> bool:
    """Whether a string in the node spans lines."""
    return any(
        isinstance(part, (ast.Constant, ast.JoinedStr)) and (part.end_lineno or part.lineno) > part.lineno
        for part in walk(node)
    )


def commented(recording: Recording, statement: ast.stmt) -> bool:
    """Whether a comment may stand in the lines of a statement."""
    lines = own_lines(recording, statement)
    return lines is None or "#" in recording.source.text[lines.start : lines.end]


def watch_moved(recording: Recording, tape: Tape, call: ast.AST) -> Fix | None:
    """Move a `watch` statement to the top of the tape's block, when what it watches is bound before the block."""
    around = block(recording, tape)
    spot = next(iter(reversed(spots(recording, call))), None)
    if around is None or spot is None or not isinstance(spot.statement, ast.Expr) or spot.statement.value is not call:
        return None
    assert isinstance(call, ast.Call)
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name) or not call.args:
        return None
    if len(spot.body) < 2:
        return None
    beside = next((other.body for other in spots(recording, around) if other.statement is around), None)
    if spot.body is not around.body and spot.body is not beside:
        return None
    names = {part.id for item in call.args for part in walk(item) if isinstance(part, ast.Name)}
    if any(writes(around, name) for name in names):
        return None
    if any(isinstance(part, (ast.Call, ast.NamedExpr)) for item in call.args for part in walk(item)):
        return None
    if spot.body is beside and any(
        writes(statement, name)
        for name in names
        for statement in beside[min(spot.at, beside.index(around)) :]
        if statement.lineno < max(spot.statement.lineno, around.lineno)
    ):
        return None
    edits = statements.moved_first(recording.source, spot.statement, around)
    if edits is None or spot.statement is around.body[0]:
        return None
    return Fix(f"move `{recording.text(call)}` to the top of the `with` block", Applicability.SAFE, edits)
