"""The arguments of a call."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType

from tapelint.play.values import Value
from tapelint.record import Record


class Arguments(Record):
    """The arguments of one call. `more` says that there may be others (`*args`, `**kwargs` of unknown content)."""

    args: tuple[Value, ...] = ()
    kwargs: Mapping[str, Value] = MappingProxyType({})
    nodes: tuple[ast.expr, ...] = ()
    keyword_nodes: Mapping[str, ast.expr] = MappingProxyType({})
    more: bool = False

    def get(self, position: int, name: str) -> Value | None:
        """The argument at `position` (from 0) or of that name."""
        if name in self.kwargs:
            return self.kwargs[name]
        if 0 <= position < len(self.args):
            return self.args[position]
        return None

    def node(self, position: int, name: str) -> ast.expr | None:
        if name in self.keyword_nodes:
            return self.keyword_nodes[name]
        if 0 <= position < len(self.nodes):
            return self.nodes[position]
        return None

    def all(self) -> tuple[Value, ...]:
        return (*self.args, *self.kwargs.values())
