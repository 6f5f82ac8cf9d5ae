"""One pass over a syntax tree: all its nodes, and what every function names, rebinds and writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from weakref import WeakKeyDictionary

_PLAIN = frozenset(
    {
        "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "module", "name",
        "op", "ops", "rest", "simple", "tag", "type_comment", "type_ignores",
    }
)  # fmt: skip
"""Fields of syntax nodes that hold text, numbers, operators or contexts: no node that has a place of its own."""
_HOLDING: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Constant: (),
    ast.MatchSingleton: (),
    ast.Nonlocal: (),
    ast.Global: (),
}
"""The fields of each class that may hold nodes, as far as they were asked for."""

_LISTED = {ast.ClassDef: "classes", ast.Import: "imports", ast.ImportFrom: "imports", ast.Assign: "assigns"}

CHANGING = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem",
        "popleft", "remove", "setdefault", "update",
    }
)  # fmt: skip
"""Methods that change what a list, a set, a dictionary or a deque holds."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef


class Outline:
    """What one pass over a module saw.

    `names` holds the names and attributes used inside each function, by its id; `used` those of the whole module.

    `attributes` counts the assignments `x.name = …` in functions other than `__init__` and `build`; `globals` are the
    names that functions declare global.
    """

    def __init__(self) -> None:
        self.nodes: list[ast.AST] = []
        self.functions: list[Definition] = []
        self.classes: list[ast.ClassDef] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.assigns: list[ast.Assign] = []
        self.names: dict[int, set[str]] = {}
        self.attributes: dict[str, int] = {}
        self.globals: set[str] = set()
        self.used: set[str] = set()
        self.parents: dict[int, ast.AST] = {}
        """The node around every node, by its id."""

    @cached_property
    def named_at(self) -> dict[str, list[int]]:
        """The lines in which `x.name` stands, by the name."""
        found: dict[str, list[int]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Attribute):
                found.setdefault(node.attr, []).append(node.lineno)
        return found

    @cached_property
    def augmented(self) -> dict[str, int]:
        """How often `x.name += …` and its like stand in functions other than `__init__` and `build`, by the name."""
        found: dict[str, int] = {}
        for function in self.functions:
            if function.name not in ("__init__", "build"):
                for node in walk(function):
                    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                        found[node.target.attr] = found.get(node.target.attr, 0) + 1
        return found

    @cached_property
    def filled(self) -> frozenset[str]:
        """The names of attributes whose contents are changed: `x.name.append(…)`, `x.name[…] = …`.

        What `__init__` and `build` do is left out: that was seen when the object was made.
        """
        return frozenset(
            holder.attr
            for node, holder in self._changed()
            if isinstance(holder, ast.Attribute) and self.function_of(node) not in ("__init__", "build")
        )

    @cached_property
    def grown(self) -> frozenset[str]:
        """The names of variables and attributes whose contents are changed anywhere, also by `name += …`."""
        found = {ast.unparse(holder).rsplit(".", 1)[-1] for _, holder in self._changed()}
        targets = (node.target for node in self.nodes if isinstance(node, ast.AugAssign))
        return frozenset(found | {ast.unparse(target).rsplit(".", 1)[-1] for target in targets})

    def _changed(self) -> Iterator[tuple[ast.AST, ast.expr]]:
        """The expressions of what is changed in place, each with the node that does it."""
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and node.attr in CHANGING:
                holder = node.value
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                holder = node.value
            else:
                continue
            while isinstance(holder, ast.Subscript):
                holder = holder.value
            yield node, holder

    def function_of(self, node: ast.AST) -> str:
        """The name of the innermost function around a node, or "" at the top level."""
        around = self.parents.get(id(node))
        while around is not None and not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
            around = self.parents.get(id(around))
        return "" if around is None else around.name


_outlines: WeakKeyDictionary[ast.AST, Outline] = WeakKeyDictionary()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node that have a place of their own, in the order of its fields."""
    kind = node.__class__
    fields = _HOLDING.get(kind)
    if fields is None:
        named = kind.__name__ == "TypeAlias"  # a name is a node there (Python 3.12)
        fields = tuple(name for name in kind._fields if name not in _PLAIN or (named and name == "name"))
        _HOLDING[kind] = fields
    found: list[ast.AST] = []
    for name in fields:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += value if None not in value else [item for item in value if item is not None]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it that `children` gives, level by level: `ast.walk`, several times as fast."""
    found = [node]
    for item in found:
        yield item
        found += children(item)


def outline(tree: ast.AST) -> Outline:
    """The outline of a tree, made once for each."""
    found = _outlines.get(tree)
    if found is None:
        found = _outlines[tree] = _walked(tree)
    return found


def _walked(tree: ast.AST) -> Outline:
    """Walk the tree once, in the order of the text, without recursion."""
    found = Outline()
    nodes, parents = found.nodes, found.parents
    inside: list[Definition] = []
    todo: list[ast.AST | None] = [tree]
    while todo:
        node = todo.pop()
        if node is None:
            done = inside.pop()
            if inside:
                found.names[id(inside[-1])] |= found.names[id(done)]
            continue
        nodes.append(node)
        kind = node.__class__
        if kind is ast.Name:
            found.used.add(node.id)  # type: ignore[attr-defined]
            if inside:
                found.names[id(inside[-1])].add(node.id)  # type: ignore[attr-defined]
            continue
        if kind is ast.Constant:
            continue
        if kind is ast.Attribute:
            found.used.add(node.attr)  # type: ignore[attr-defined]
            if inside:
                found.names[id(inside[-1])].add(node.attr)  # type: ignore[attr-defined]
                if node.ctx.__class__ is ast.Store and inside[-1].name not in ("__init__", "build"):  # type: ignore[attr-defined]
                    found.attributes[node.attr] = found.attributes.get(node.attr, 0) + 1  # type: ignore[attr-defined]
            parents[id(node.value)] = node  # type: ignore[attr-defined]
            todo.append(node.value)  # type: ignore[attr-defined]
            continue
        if kind is ast.alias:
            found.used.add(node.name)  # type: ignore[attr-defined]
            continue
        if kind is ast.Global:
            found.globals.update(node.names)  # type: ignore[attr-defined]
            continue
        if kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
            found.functions.append(node)  # type: ignore[arg-type]
            found.names[id(node)] = set()
            inside.append(node)  # type: ignore[arg-type]
            todo.append(None)
        elif kind in _LISTED:
            getattr(found, _LISTED[kind]).append(node)
        below = children(node)
        for child in below:
            parents[id(child)] = node
        below.reverse()
        todo += below
    if isinstance(tree, ast.Module):
        _add_originals(found, tree)
    return found


def _add_originals(found: Outline, tree: ast.Module) -> None:
    """What functions use under another name: `Tape = tf.GradientTape`, `from … import GradientTape as Tape`."""
    originals: dict[str, str] = {}
    for item in tree.body:
        if isinstance(item, ast.ImportFrom):
            originals.update((alias.asname, alias.name) for alias in item.names if alias.asname)
        elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Attribute):
            originals.update((target.id, item.value.attr) for target in item.targets if isinstance(target, ast.Name))
    if originals:
        for names in found.names.values():
            names.update([originals[name] for name in names & originals.keys()])
