"""What classes of the program are made of."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tapelint.play.arguments import Arguments
from tapelint.play.imports import Imports
from tapelint.play.values import (
    UNBOUND,
    Class,
    Function,
    Instance,
    Object,
    Symbol,
    Unknown,
    Value,
)
from tapelint.play.world import known
from tapelint.tensorflow import api

_BASES = frozenset({"model", "layer", "module", "loss", "metric", "optimizer", "callback"})
"""The kinds of library classes that programs inherit from."""
PLAIN_BASES = frozenset(
    {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "builtins.type", "typing.NamedTuple"}
)


class Classes(Imports):
    """What classes inherit, what stands in them, what their objects keep."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def instantiate(self, cls: Class, arguments: Arguments, node: ast.expr) -> Value:
        raise NotImplementedError

    def mro(self, cls: Class) -> list[Class]:
        """The visible classes that `cls` gets its methods from, in Python's order (C3); its own order where none is."""
        found = self.orders.get(cls.id)
        if found is None:
            found = self.orders[cls.id] = self._order(cls)
        return found

    def _order(self, cls: Class) -> list[Class]:
        bases = [base for base in cls.bases if isinstance(base, Class) and base is not cls]
        if len(bases) < 2:
            return [cls, *self.mro(bases[0])] if bases else [cls]
        orders = [*(self.mro(base) for base in bases), bases]
        found = [cls]
        while any(orders):
            heads = [order[0] for order in orders if order]
            head = next((one for one in heads if not any(one in order[1:] for order in orders)), heads[0])
            found.append(head)
            orders = [[one for one in order if one is not head] for order in orders]
        return found

    def kind_of(self, cls: Class) -> tuple[str, bool]:
        """What library bases make of a class, and whether all its bases are known."""
        kind, whole = "", True
        for base in cls.bases:
            if isinstance(base, Class):
                inner, complete = self.kind_of(base)
                kind, whole = kind or inner, whole and complete
            elif isinstance(base, Symbol):
                if base.name in PLAIN_BASES:
                    continue
                found = api.api_class(base.name)
                if found is not None and found.kind in _BASES:
                    kind = kind or found.kind
                else:
                    whole = False
            else:
                whole = False
        return kind, whole

    def _field_default(self, default: Value | None, node: ast.expr) -> Value | None:
        """What a field is when it is not given: `field(default_factory=...)` makes a new value for every object."""
        if not isinstance(default, Object) or default.kind != "field":
            return default
        factory = default.args.get("default_factory")
        return self.call(factory, Arguments(), node) if factory is not None else default.args.get("default")

    def tuple_members(self, value: Instance) -> tuple[Value, ...] | None:
        """What iterating over a named tuple gives; None for any other object."""
        if "typing.NamedTuple" not in self.class_bases(value.cls):
            return None
        return tuple(
            item if isinstance(item, Value) else Unknown(value.place, value.time, (value,), "attribute")
            for item in (self.world.get((value.id, "." + name)) for name, _ in self._fields(value.cls))
        )

    def copied_with(self, value: Value, changes: Mapping[str, Value], node: ast.expr) -> Value:
        """`named_tuple._replace(...)` and `dataclasses.replace(...)`: another object with some fields changed."""
        fields = self._fields(value.cls) if isinstance(value, Instance) else []
        if not isinstance(value, Instance) or not fields:
            return self.unknown(node, (value, *changes.values()), "call")
        found = {name: self.world.get((value.id, "." + name)) for name, _ in fields}
        held = {name: item for name, item in found.items() if isinstance(item, Value)}
        if len(held) < len(found):
            return self.unknown(node, (value, *changes.values()), "call")
        return self.instantiate(value.cls, Arguments((), {**held, **changes}), node)

    def _fields(self, cls: Class) -> list[tuple[str, Value | None]]:
        """The fields of a dataclass or named tuple, in order."""
        names = [self._decorator_text(decorator) for decorator in cls.node.decorator_list]
        tuple_ = any(isinstance(base, Symbol) and base.name == "typing.NamedTuple" for base in cls.bases)
        if not tuple_ and not any("dataclass" in name or name.startswith("attr") for name in names):
            return []
        found: list[tuple[str, Value | None]] = []
        for visible in reversed(self.mro(cls)):
            for statement in visible.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    default = self.world.get((visible.frame.id, statement.target.id))
                    found.append((statement.target.id, default))
        return found

    def _decorator_text(self, node: ast.expr) -> str:
        return ast.unparse(node.func if isinstance(node, ast.Call) else node)

    def class_attribute(self, cls: Class, name: str) -> Value | None:
        """What a class, or the visible classes above it, bind to `name`."""
        for visible in self.mro(cls):
            found = self.world.get((visible.frame.id, name))
            if found is not None and found is not UNBOUND:
                assert isinstance(found, Value)
                return self.settled(known(found))
        return None

    def _accepts(self, function: Function, name: str) -> bool:
        args = function.node.args
        return args.kwarg is not None or any(arg.arg == name for arg in (*args.args, *args.kwonlyargs))
