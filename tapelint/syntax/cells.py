"""The tree of a text that is made of cells: what IPython shows, and what code that nobody can read may have done."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence

ELSEWHERE = "<elsewhere>"
"""A name that no program can bind, for values that the text does not show."""

_NAME = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*")
_BOUND = re.compile(
    r"^[ \t]*(?:(?P<targets>[A-Za-z_][\w \t,.*()\[\]]*?)(?:[ \t]*:[^=\n]+)?[ \t]*(?:[-+*/@%&|^]|//|\*\*)?=(?!=)"
    r"|(?:async[ \t]+)?(?:def|class|for|global|del)[ \t]+(?P<names>\w[\w \t,]*))"
    r"|\b(?:as|import)[ \t]+(?P<imported>[A-Za-z_]\w*)",
    re.MULTILINE,
)


def elsewhere(tree: ast.Module, offsets: Iterable[tuple[int, int]]) -> None:
    """Make the names at these places (row from 1, byte column from 0) stand for values that nobody knows."""
    wanted = set(offsets)
    if wanted:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and (node.lineno, node.col_offset) in wanted:
                node.id = ELSEWHERE


def show(tree: ast.Module, blocks: Sequence[tuple[int, int]], prompts: Container[int]) -> None:
    """Make the value of the last expression of every cell used, as IPython uses it.

    `blocks` are the first and last rows of the cells; in a cell whose first row is in `prompts`, every expression is
    shown.
    """
    starts = [first for first, _ in blocks]
    body = tree.body
    for at, statement in enumerate(body):
        if not isinstance(statement, ast.Expr):
            continue
        block = bisect_right(starts, statement.lineno) - 1
        following = bisect_right(starts, body[at + 1].lineno) - 1 if at + 1 < len(body) else len(blocks)
        if following > block or starts[block] in prompts:
            _show(statement)


def _show(statement: ast.Expr) -> None:
    value = statement.value
    if isinstance(value, ast.Constant):
        return
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "stop_recording":
        return
    shown = ast.Call(func=_name("print", value), args=[value], keywords=[])
    statement.value = ast.copy_location(shown, value)


def unread(tree: ast.Module, text: str, row: int) -> None:
    """Put into the tree what a cell that could not be read, with its text and first row, may have done.

    All that it names went to code that nobody can see, and what it seems to bind has a value that nobody knows.
    """
    place = ast.Pass(lineno=row, col_offset=0, end_lineno=row, end_col_offset=0)
    named = dict.fromkeys(_NAME.findall(text))
    call = ast.copy_location(
        ast.Expr(ast.copy_location(ast.Call(_name(ELSEWHERE, place), [_name(name, place) for name in named], []), place)),
        place,
    )
    statements: list[ast.stmt] = [call]
    bound: dict[str, None] = {}
    for match in _BOUND.finditer(text):
        if match["targets"] and "(" in match["targets"].split("=")[0] and not match["targets"].lstrip().startswith("("):
            continue  # an argument of a call that goes over several rows
        words = match["targets"] or match["names"] or match["imported"]
        bound.update(dict.fromkeys(_NAME.findall(words)))
    for name in bound:
        target = ast.copy_location(ast.Name(name, ast.Store()), place)
        statements.append(ast.copy_location(ast.Assign([target], _name(ELSEWHERE, place)), place))
    at = next((at for at, statement in enumerate(tree.body) if statement.lineno > row), len(tree.body))
    tree.body[at:at] = statements


def elide(tree: ast.Module) -> None:
    """Take `...` for code that was left out.

    As a value it is one that nobody knows; a statement may have bound every name that is read afterwards.
    """
    _Elider().visit(tree)
    added: list[tuple[int, list[ast.stmt]]] = []
    for at, statement in enumerate(tree.body):
        row = next((node.lineno for node in ast.walk(statement) if _is_left_out(node)), None)
        if row is None or isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        names = _read_after(tree, row)
        added.append((at + 1, [_unknown(name, statement) for name in names]))
    for at, statements in reversed(added):
        tree.body[at:at] = statements


def _read_after(tree: ast.Module, row: int) -> list[str]:
    imported: set[str] = set()
    read: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imported.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and row < node.lineno:
            read[node.id] = None
    return [name for name in read if name not in imported and name != ELSEWHERE]


def _unknown(name: str, place: ast.stmt) -> ast.stmt:
    end = ast.Pass(
        lineno=place.end_lineno or place.lineno,
        col_offset=place.end_col_offset or 0,
        end_lineno=place.end_lineno,
        end_col_offset=place.end_col_offset,
    )
    target = ast.copy_location(ast.Name(name, ast.Store()), end)
    return ast.copy_location(ast.Assign([target], _name(ELSEWHERE, end)), end)


def _is_left_out(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id == ELSEWHERE


class _Elider(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:  # noqa: N802
        return _name(ELSEWHERE, node) if node.value is ... else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:  # noqa: N802
        node.value = self.visit(node.value)
        return node  # in an index it means all other dimensions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:  # noqa: N802
        self.generic_visit(node)
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:  # noqa: N802
        self.generic_visit(node)
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:  # noqa: N802
        self.generic_visit(node)
        if any(_is_left_out(statement) for statement in node.body):
            node.bases.append(_name(ELSEWHERE, node))
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        """What was left out may have bound every local name, and returned."""
        places = [inner for inner in ast.walk(node) if _is_left_out(inner)]
        if not places:
            return node
        last = max(place.lineno for place in places if isinstance(place, ast.stmt))
        stored = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
        stored |= {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)} - {"self", "cls"}
        names = sorted(stored)
        result: list[ast.stmt] = []
        for statement in node.body:
            result.append(statement)
            if any(_is_left_out(inner) for inner in ast.walk(statement)):
                result.extend(_unknown(name, statement) for name in names)
        if _is_left_out(node.body[-1]) and node.body[-1].lineno == last:
            place = node.body[-1]
            arguments = [_name(arg.arg, place) for arg in node.args.args]
            call = ast.copy_location(ast.Call(_name(ELSEWHERE, place), arguments, []), place)
            result.append(ast.copy_location(ast.Return(call), place))
        node.body = result
        return node


def _name(name: str, place: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), place)
