"""Names: which scope binds them, and the modules and frames that hold them."""

from __future__ import annotations

import ast
import re
from functools import cached_property
from itertools import count
from weakref import WeakKeyDictionary

from tapelint.play.outline import Outline, children, outline, walk
from tapelint.record import Record
from tapelint.source.text import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.values import Value

_frames = count(-1, -1)
"""Below zero, for values are numbered from one: a local called `state` must not share the key of a tape's state."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Bindings(Record):
    """What one scope binds: how often each name, which names are declared global or nonlocal, whether it yields."""

    counts: dict[str, int]
    globals: frozenset[str]
    nonlocals: frozenset[str]
    generator: bool
    star: bool
    read_later: bool = False
    """Whether a function, class, lambda or generator inside may read the names after the scope has ended."""


class Module:
    """One module: its text, its tree and the names of its top level."""

    def __init__(self, name: str, source: Source, tree: ast.Module) -> None:
        self.name = name
        self.source = source
        self.tree = tree
        self.bindings = bindings_of(tree)
        self.frame = Frame(self, None, self.bindings)
        self.stars: list[Value] = []
        """The modules of the project whose names `from module import *` took over, in order."""
        self._matched: dict[str, bool] = {}

    @cached_property
    def outline(self) -> Outline:
        """What one pass over the tree saw."""
        return outline(self.tree)

    def matches(self, pattern: str) -> bool:
        """Whether the regular expression is found anywhere in the text, which is searched once."""
        found = self._matched.get(pattern)
        if found is None:
            found = self._matched[pattern] = re.search(pattern, self.source.text) is not None
        return found


class Frame:
    """One running scope: names live in the world under `(id, name)`. `function` is None for a module or class."""

    def __init__(self, module: Module, parent: Frame | None, bindings: Bindings, node: ast.AST | None = None) -> None:
        self.module = module
        self.parent = parent
        self.bindings = bindings
        self.node = node
        self.id: int = next(_frames)
        self.returns: list[tuple[object, object]] = []
        self.in_graph = False
        self.late = False
        """The frame has ended: a closure that reads a name bound more than once can't tell which binding it sees."""


_cache: WeakKeyDictionary[ast.AST, Bindings] = WeakKeyDictionary()


def bindings_of(node: ast.Module | FunctionNode | ast.ClassDef | ast.expr) -> Bindings:
    """The names that a module, function, lambda, class or comprehension binds in its own scope."""
    found = _cache.get(node)
    if found is None:
        found = _cache[node] = _Binder(node).result()
    return found


_read: WeakKeyDictionary[ast.AST, tuple[str, ...]] = WeakKeyDictionary()


def read_in(node: ast.AST) -> tuple[str, ...]:
    """The names that are read anywhere inside a node, each once. The tree is walked at the first call."""
    found = _read.get(node)
    if found is None:
        names = (inner.id for inner in walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load))
        found = _read[node] = tuple(dict.fromkeys(names))
    return found


class _Binder:
    def __init__(self, node: ast.AST) -> None:
        self.counts: dict[str, int] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.generator = False
        self.star = False
        self.read_later = False
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            args = node.args
            for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
                if arg is not None:
                    self.add(arg.arg)
        body = getattr(node, "body", None)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            for generator in node.generators:
                self.visit(generator.target)
        elif isinstance(body, list):
            for statement in body:
                self.visit(statement)
        elif body is not None:
            self.visit(body)

    def result(self) -> Bindings:
        for name in self.globals | self.nonlocals:
            self.counts.pop(name, None)
        return Bindings(
            self.counts,
            frozenset(self.globals),
            frozenset(self.nonlocals),
            self.generator,
            self.star,
            self.read_later,
        )

    def add(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def visit(self, node: ast.AST) -> None:
        stack: list[ast.AST] = [node]
        while stack:
            item = stack.pop()
            if item.__class__ not in _TELLING:
                stack += children(item)
            elif isinstance(item, ast.Name):
                if not isinstance(item.ctx, ast.Load):
                    self.add(item.id)
            elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.add(item.name)
                self.read_later = True
                stack.extend(item.decorator_list)
            elif isinstance(item, ast.Lambda):
                self.read_later = True
            elif isinstance(item, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
                # Only a walrus binds outside the comprehension's own scope.
                for inner in walk(item):
                    if isinstance(inner, ast.NamedExpr):
                        self.add(inner.target.id)
                    elif isinstance(inner, (ast.Lambda, ast.GeneratorExp)):
                        self.read_later = True
            elif isinstance(item, (ast.Import, ast.ImportFrom)):
                for alias in item.names:
                    if alias.name == "*":
                        self.star = True
                    else:
                        self.add((alias.asname or alias.name).split(".")[0])
            else:
                self._tell(item)
                stack += children(item)

    def _tell(self, item: ast.AST) -> None:
        """Statements and expressions that say something of the scope, and may hold others that do."""
        if isinstance(item, ast.Global):
            self.globals.update(item.names)
        elif isinstance(item, ast.Nonlocal):
            self.nonlocals.update(item.names)
        elif isinstance(item, (ast.Yield, ast.YieldFrom)):
            self.generator = True
        elif isinstance(item, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            if item.name:
                self.add(item.name)
        elif isinstance(item, ast.MatchMapping) and item.rest:
            self.add(item.rest)


_TELLING = frozenset(
    {
        ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp,
        ast.GeneratorExp, ast.DictComp, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom,
        ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping,
    }
)  # fmt: skip
"""The nodes that say something of the names of the scope they stand in; all others only hold such."""
