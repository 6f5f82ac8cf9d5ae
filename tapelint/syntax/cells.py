"""The tree of a text that is made of cells: what IPython shows, and what code that nobody can read may have done."""

from __future__ import annotations

import ast
import builtins
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
        _Placer(wanted).visit(tree)


class _Placer(ast.NodeTransformer):
    def __init__(self, wanted: set[tuple[int, int]]) -> None:
        self.wanted = wanted

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _value(node) if (node.lineno, node.col_offset) in self.wanted else node


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
    call = ast.Call(_name(ELSEWHERE, place), [_name(name, place) for name in named], [])
    statements: list[ast.stmt] = [ast.copy_location(ast.Expr(ast.copy_location(call, place)), place)]
    bound: dict[str, None] = {}
    for match in _BOUND.finditer(text):
        if match["targets"] and "(" in match["targets"].split("=")[0] and not match["targets"].lstrip().startswith("("):
            continue  # an argument of a call that goes over several rows
        words = match["targets"] or match["names"] or match["imported"]
        bound.update(dict.fromkeys(_NAME.findall(words)))
    for name in bound:
        target = ast.copy_location(ast.Name(name, ast.Store()), place)
        statements.append(ast.copy_location(ast.Assign([target], _value(place)), place))
    at = next((at for at, statement in enumerate(tree.body) if statement.lineno > row), len(tree.body))
    tree.body[at:at] = statements


def elide(tree: ast.Module) -> None:
    """Take `...` for code that was left out.

    As a value it is one that nobody knows. A statement may have bound every name that is read afterwards, or every
    local name of the function that it stands in; at the end of a function it may have returned something.
    """
    _Elider(tree).visit(tree)


class _Elider(ast.NodeTransformer):
    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.names: list[list[str] | None] = [None]
        """The local names of the scopes around; None for the module, whose names are those that it reads later."""
        self.functions: list[list[str]] = []

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _value(node) if node.value is ... else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        node.value = self.visit(node.value)
        return node  # in an index it means all other dimensions

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        is_gap = _is_gap(node)
        self.generic_visit(node)
        if not is_gap:
            return node
        names = self.names[-1]
        if names is None:
            return [node, *(_unknown(name, node) for name in _read_after(self.tree, node))]
        after: list[ast.stmt] = [_unknown(name, node) for name in names]
        if self.functions and self.functions[-1] is names:
            end = ast.copy_location(ast.Return(_value(node)), node)
            after.append(ast.copy_location(ast.If(_value(node), [end], []), node))
        return [node, *after]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        if any(_is_gap(statement) for statement in node.body):
            node.bases.append(_name(ELSEWHERE, node))
        self.names.append([])
        self.generic_visit(node)
        self.names.pop()
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        inside = list(ast.walk(node))
        local = {inner.id for inner in inside if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
        local |= {inner.arg for inner in inside if isinstance(inner, ast.arg)} - {"self", "cls"}
        last = node.body[-1]
        ends = _is_gap(last)
        names = sorted(local)
        self.names.append(names)
        self.functions.append(names)
        self.generic_visit(node)
        self.functions.pop()
        self.names.pop()
        if ends:
            node.body.append(ast.copy_location(ast.Return(_value(last)), last))
        return node


def _is_gap(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _read_after(tree: ast.Module, place: ast.stmt) -> list[str]:
    """The names that are read below a place, but for those of modules."""
    imported: set[str] = set()
    read: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imported.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.lineno > place.lineno:
            read[node.id] = None
    return [name for name in read if name not in imported and name != ELSEWHERE and not hasattr(builtins, name)]


def _unknown(name: str, place: ast.stmt) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), place)
    return ast.copy_location(ast.Assign([target], _value(place)), place)


def _value(place: ast.AST) -> ast.expr:
    """A value that nobody knows: what an unknown function gives back."""
    return ast.copy_location(ast.Call(_name(ELSEWHERE, place), [], []), place)


def _name(name: str, place: ast.AST) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Load()), place)
