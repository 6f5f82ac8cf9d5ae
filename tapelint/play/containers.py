"""Lists, tuples, dicts, iterators: what is in them and what their methods do."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapelint.play import dtype as dtypes
from tapelint.play.arguments import Arguments
from tapelint.play.machine import Reading
from tapelint.play.marks import Read, Written
from tapelint.play.pairs import is_gradient
from tapelint.play.records import Happening, Rereading
from tapelint.play.tapes import Tapes
from tapelint.play.values import (
    UNBOUND,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Generator,
    Instance,
    Items,
    Kind,
    Link,
    Method,
    Object,
    OneShot,
    Sequence,
    Several,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    bare,
    either,
    options,
)

_HASHABLE = (str, int, float, bool, bytes, type(None))


class Containers(Tapes):
    """Reading, writing and iterating over containers."""

    # -- flattening -----------------------------------------------------------------------------------------------

    def flat(self, value: Value, depth: int = 5) -> list[Value]:
        """All leaves of a structure as it is now. Contents that are not known appear as the container itself."""
        if depth:
            if isinstance(value, Sequence) and (items := self.items(value)) is not None:
                return [leaf for item in items for leaf in self.flat(item, depth - 1)]
            if isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
                held = [item for _, item in entries.entries] + ([entries.rest] if entries.rest else [])
                return [leaf for item in held for leaf in self.flat(item, depth - 1)]
            if isinstance(value, Generator) and isinstance(given := self.world.get((value.id, "generated")), Items):
                return [leaf for item in given for leaf in self.flat(item, depth - 1)]
            if isinstance(value, OneShot):
                return [leaf for item in value.items for leaf in self.flat(item, depth - 1)]
            if isinstance(value, Several):
                return self.flat(value.of, depth)
            structures = (Sequence, Dictionary)
            if isinstance(value, Either) and any(isinstance(option, structures) for option in value.options):
                return [leaf for option in options(value) for leaf in self.flat(option, depth - 1)]
        return [value]

    def flats(self, values: Iterable[Value]) -> list[Value]:
        return [leaf for value in values for leaf in self.flat(value)]

    # -- iterating ------------------------------------------------------------------------------------------------

    def elements(self, value: Value, node: ast.AST, reading: Reading = Reading.LATER) -> Items:
        """The elements that iterating over `value` gives, in order, `Several` where the number is not known.

        `reading` says when they are taken.
        """
        if isinstance(value, Generator):
            return self.generated(value, node, reading)
        if isinstance(value, Sequence):
            found = self.items(value)
            if found is None:
                return Items((Several(self.unknown(node, (value,), "item")),))
            return Items(tuple(self._each(item, node) for item in found.items))
        if isinstance(value, OneShot):
            self.read_to_end(value, node)
            return Items(value.items)
        if isinstance(value, Dictionary):
            entries = self.entries(value)
            if entries is not None and entries.rest is None:
                return Items(tuple(self.const(key, node) for key, _ in entries.entries))
            return Items((Several(self.unknown(node, (), "key")),))
        if isinstance(value, Const):
            if isinstance(value.value, str):
                return Items((Several(self.unknown(node, (), "item")),))
            return Items()
        if isinstance(value, VariableSet):
            return Items((Several(self.variables(value.owner, value.which, node, part=True)),))
        if isinstance(value, (Data, Variable)):
            return Items((Several(self.item_of_data(value, node)),))
        if isinstance(value, Either):
            found_items = [
                self.elements(option, node, reading) for option in options(value) if not isinstance(option, Const)
            ]
            if not found_items:
                return Items()
            length = len(found_items[0].items)
            if all(len(items.items) == length and items.exact for items in found_items):
                columns = zip(*(items.items for items in found_items), strict=True)
                return Items(tuple(either(column) for column in columns))
            rest = [item for items in found_items for item in items]
            return Items((Several(either(rest)),)) if rest else Items()
        if isinstance(value, Instance) and (members := self.tuple_members(value)) is not None:
            return Items(members)
        if isinstance(value, Instance) and (own := self.iterated(value, node, reading)) is not None:
            return own
        if isinstance(value, Object) and value.kind == "dataset":
            return Items((Several(self.taken_out(value, node)),))
        if isinstance(value, Object) and value.kind == "range":
            return Items(value.parts) if value.whole else Items((Several(value.parts[0]),))
        inputs = () if isinstance(value, Symbol) else (value,)
        return Items((Several(self.unknown(node, inputs, "item")),))

    def generated(self, value: Generator, node: ast.AST, reading: Reading) -> Items:
        raise NotImplementedError

    def iterated(self, value: Instance, node: ast.AST, reading: Reading) -> Items | None:
        raise NotImplementedError

    def item_of_instance(self, value: Instance, index: Value, node: ast.AST) -> Value | None:
        raise NotImplementedError

    def _each(self, item: Value, node: ast.AST) -> Value:
        """Several variables of a model in a list are met one at a time."""
        if isinstance(item, Several) and isinstance(item.of, VariableSet) and not item.of.part:
            return Several(self.variables(item.of.owner, item.of.which, node, part=True))
        return item

    def taken(self, value: Value, node: ast.AST) -> tuple[Value, ...]:
        """What a list holds that takes all elements of `value` at once: the variables of a model together."""
        if isinstance(value, VariableSet) and not value.part:
            return (Several(value),)
        return self.elements(value, node, Reading.AT_ONCE).items

    def read_to_end(self, value: OneShot, node: ast.AST) -> None:
        """An iterator gives its items away; what reads it after this gets none."""
        held = self.world.get((value.id, "read"))
        if not (isinstance(held, Read) and held.certain):
            self.world.put((value.id, "read"), Read(self.place(node)))
        elif held.place.node is not node and self._pairs_gradients(value):
            self.recording.rereadings.append(Rereading(value, held.place, self.place(node), self.context))

    def _pairs_gradients(self, value: OneShot) -> bool:
        columns = self.world.get((value.id, "columns"), ())
        return any(is_gradient(item) for column in columns for item in column)

    def fresh(self, node: ast.AST, op: str, dtype: str = "") -> Data:
        """A tensor, or a structure of tensors, that comes from nowhere we know: a batch of data."""
        return self.data(Kind.TENSOR, op, (), node, dtype, nested=True)

    def in_trace(self, value: Value, handed: bool = True) -> bool:
        raise NotImplementedError

    def taken_out(self, value: Object, node: ast.AST) -> Data:
        """What comes out of a dataset, iterator, queue or table: plain values, whatever went in."""
        links: dict[int, Link] = {}
        stack: list[Value] = [value]
        seen: set[int] = set()
        while stack and len(seen) < 60:
            holder = stack.pop()
            if holder.id in seen or not isinstance(holder, Object) or holder.place is None:
                continue
            seen.add(holder.id)
            for leaf in self.flats(holder.parts):
                if isinstance(leaf, Object):
                    stack.append(leaf)
                elif _computed_from_variables(leaf):
                    links[leaf.id] = Link(leaf, Cut(CutKind.PIPELINE, holder.place, library_name(holder.symbol)))
            for link in self.world.get((holder.id, "stored"), Written(())).links:
                links[link.value.id] = link
        return self.data(Kind.TENSOR, "dataset", links.values(), node, nested=True)

    def put_in(self, value: Object, arguments: Arguments, node: ast.expr) -> None:
        """Tensors go into a queue or table: only their values are kept."""
        words = ast.unparse(node.func) if isinstance(node, ast.Call) else value.symbol
        cut = Cut(CutKind.PIPELINE, self.place(node), words)
        leaves = [leaf for leaf in self.flats(arguments.all()) if _computed_from_variables(leaf)]
        before = self.world.get((value.id, "stored"), Written(()))
        self.world.put((value.id, "stored"), Written((*before.links[-6:], *(Link(leaf, cut) for leaf in leaves))))

    def tensor_array(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A method of a `tf.TensorArray`: gradients go in and out of it.

        In a graph `write` changes nothing but what it returns; a program that drops the result has written nothing.
        """
        at = (value.id, "stored")
        held: tuple[Link, ...] = self.world.get(at, Written(())).links
        if name in _WRITING:
            given = arguments.get(*_WRITING[name])
            dropped = self.context.trace is not None and node in self.alone
            cut = Cut(CutKind.DROPPED, self.place(node), "TensorArray." + name) if dropped else None
            leaves = [leaf for leaf in self.flat(given) if not isinstance(leaf, (Const, Symbol))] if given else []
            self.world.put(at, Written((*held[-6:], *(Link(leaf, cut) for leaf in leaves))))
            return value
        if name in ("stack", "concat", "gather", "read"):
            kind = dtypes.of_argument(value.args.get("dtype") or value.args.get("0"))
            # Unseen code may have written, too.
            seen = (Link(value),) if self.world.get((value.id, "handed", "maybe")) else ()
            return self.data(Kind.TENSOR, "TensorArray." + name, (*held, *seen), node, kind)
        if name in ("identity", "mark_used", "close"):
            return value
        return self.unknown(node, (value, *arguments.all()), "call")

    def _computed(self, index: Value) -> list[Data]:
        """The tensors in an index that certainly were computed from variables: no gradient comes back to these."""
        parts = list(self.items(index) or ()) if isinstance(index, Sequence) else [index]
        parts += [bound for part in parts if isinstance(part, Object) and part.kind == "slice" for bound in part.parts]
        return [part for part in parts if isinstance(part, Data) and part.kind is Kind.TENSOR and _of_variables(part)]

    def item_of_data(self, value: Data | Variable, node: ast.AST, index: Iterable[Link] = ()) -> Value:
        """An element or slice of a tensor or array: a new tensor, and recorded as such."""
        if isinstance(value, Variable):
            return self.data(Kind.TENSOR, "slice", (Link(value), *index), node, value.dtype)
        if value.kind in (Kind.TENSOR, Kind.SYMBOLIC) and value.nested:
            if not value.links:
                part = self.fresh(node, value.op, value.dtype)
                if value.id in self.recording.lone:
                    self.recording.lone.add(part.id)
                if self.in_trace(value):
                    self.world.put((part.id, "traced"), True)
                return part
            # Perhaps a member of a structure: the same tensor as before, not a new one.
            return self.data(value.kind, "slice", (Link(value),), node, value.dtype, same=value, nested=True)
        kind = Kind.ARRAY if value.kind is Kind.NUMBER else value.kind
        return self.data(kind, "slice", (Link(value), *index), node, value.dtype)

    def unpack(self, value: Value, count: int, star: int | None, node: ast.AST) -> list[Value]:
        """The values that `a, *b, c = value` binds (`count` names, the starred one at `star`)."""
        items = self.elements(value, node, Reading.AT_ONCE)
        if items.exact and star is None and len(items.items) == count:
            return list(items.items)
        if items.exact and star is not None and len(items.items) >= count - 1:
            after = count - star - 1
            middle = items.items[star : len(items.items) - after]
            tail = items.items[len(items.items) - after :] if after else ()
            return [*items.items[:star], self.sequence("list", middle, node), *tail]
        values = list(items)
        out: list[Value] = []
        sizes = self.world.get((value.id, "sizes"))
        for at in range(count):
            if isinstance(sizes, tuple) and len(sizes) == count and star is None and sizes[at] is not None:
                item: Value = self.const(sizes[at], node)  # rows, columns = tensor.shape
            elif items.items and isinstance(items.items[0], Several) and isinstance(value, (Data, Variable)):
                item = self.item_of_data(value, node)
            elif isinstance(value, VariableSet):
                item = self.variables(value.owner, value.which, node, part=True)
            elif isinstance(value, (Unknown, Instance, Object)):
                item = self._own_item(value, at, node)
            else:
                item = either(values) if values else self.unknown(node, (value,), "item")
            out.append(self.sequence("list", (Several(item),), node) if at == star else item)
        return out

    def _own_item(self, value: Value, key: object, node: ast.AST) -> Value:
        """`value[key]` of an unknown object: the same object each time it is read."""
        at = (value.id, "item", key)
        found = self.world.get(at)
        if found is None:
            if isinstance(value, Object) and value.kind in ("dataset", "iterator"):
                found = self.taken_out(value, node)
            else:
                found = self.unknown(node, (value,), "item")
            self.world.put(at, found)
        assert isinstance(found, Value)
        return found

    # -- subscripts -----------------------------------------------------------------------------------------------

    def subscript(self, value: Value, index: Value, node: ast.AST) -> Value:
        """`value[index]` as an expression."""
        if isinstance(value, Either):
            return either(self.subscript(option, index, node) for option in options(value))
        key = index.value if isinstance(index, Const) and isinstance(index.value, _HASHABLE) else None
        if isinstance(value, Sequence):
            return self._item(value, index, node)
        if isinstance(value, Dictionary):
            entries = self.entries(value)
            if entries is None:
                return self.unknown(node, (value,), "item")
            if isinstance(index, Const):
                found = entries.get(key)
                if found is not None and found is not UNBOUND:
                    return found
                if entries.rest is None:
                    return self._made_for(value, index, node)
            held = [item for _, item in entries.entries] + ([entries.rest] if entries.rest else [])
            return either(held) if held else self.unknown(node, (), "item")
        if isinstance(value, Method) and isinstance(value.receiver, Tape):
            self.event(Happening.UNKNOWN_METHOD, value.receiver, node, "__getitem__")
        if isinstance(value, VariableSet):
            if isinstance(index, Const):
                at = (value.id, "item", key)
                found = self.world.get(at)
                if found is None:
                    found = self.variables(value.owner, value.which, node, part=True)
                    self.world.put(at, found)
                assert isinstance(found, Value)
                return found
            if isinstance(index, Object):
                self.recording.sliced.add(value.id)
            return self.variables(value.owner, value.which, node, part=not isinstance(index, Object))
        if isinstance(value, (Data, Variable)):
            sizes = self.world.get((value.id, "sizes"))
            known = isinstance(key, int) and isinstance(sizes, tuple) and -len(sizes) <= key < len(sizes)
            if known and sizes[key] is not None:
                return self.const(sizes[key], node)  # tensor.shape[0]
            return self.item_of_data(value, node, map(Link, self._computed(index)))
        if isinstance(value, Symbol):
            return self.unknown(node, (), "item")
        members = self.tuple_members(value) if isinstance(value, Instance) and isinstance(key, int) else None
        if members is not None and isinstance(key, int) and -len(members) <= key < len(members):
            return members[key]
        own = self.item_of_instance(value, index, node) if isinstance(value, Instance) else None
        if own is not None:
            return own
        if isinstance(index, Const) and isinstance(index.value, _HASHABLE):
            return self._own_item(value, index.value, node)
        return self.unknown(node, (value,), "item")

    def _made_for(self, value: Dictionary, index: Value, node: ast.AST) -> Value:
        """What a `defaultdict` puts under a key that it has not; unknown of any other dictionary."""
        factory = self.world.get((value.id, "factory"))
        made: Value | None = None
        if isinstance(factory, Symbol) and factory.name == "builtins.list":
            made = self.sequence("list", (), node)
        elif isinstance(factory, Symbol) and factory.name == "builtins.dict":
            made = self.mapping(Entries(), node)
        elif isinstance(factory, Symbol) and factory.name in ("builtins.float", "builtins.int"):
            made = self.const(0, node)
        if made is None:
            return self.unknown(node, () if factory is None else (factory,), "item")
        self.store_item(value, index, made, node)
        return made

    def _item(self, value: Sequence, index: Value, node: ast.AST) -> Value:
        items = self.items(value)
        if items is None:
            return self.unknown(node, (value,), "item")
        if isinstance(index, Object) and index.kind == "slice":
            return self._slice(value, items, index, node)
        if isinstance(index, Const) and isinstance(index.value, int) and items.exact:
            if -len(items.items) <= index.value < len(items.items):
                return items.items[index.value]
            return self.unknown(node, (), "item")
        if isinstance(index, Const) and isinstance(index.value, int) and index.value >= 0:
            before = items.items[: index.value + 1]
            if len(before) == index.value + 1 and not any(isinstance(item, Several) for item in before):
                return before[-1]
        found = list(Items(tuple(self._each(item, node) for item in items.items)))
        return either(found) if found else self.unknown(node, (), "item")

    def _slice(self, value: Sequence, items: Items, index: Object, node: ast.AST) -> Value:
        bounds = [part.value for part in index.parts if isinstance(part, Const)]
        whole = [bound for bound in bounds if bound is None or isinstance(bound, int)]
        if items.exact and len(whole) == len(index.parts) == 3:
            return self.sequence(value.kind, items.items[slice(*whole)], node)
        found = list(items)
        return self.sequence(value.kind, (Several(either(found)),) if found else (), node)

    def store_item(self, value: Value, index: Value, item: Value, node: ast.AST) -> None:
        """`value[index] = item`."""
        for option in options(value):
            weak = option is not value
            if isinstance(option, Sequence):
                items = self.items(option) or Items()
                at = index.value if isinstance(index, Const) and items.exact and not weak else None
                if isinstance(at, int) and -len(items.items) <= at < len(items.items):
                    held = list(items.items)
                    held[at] = item
                    self.world.put((option.id, "#"), Items(tuple(held)))
                elif isinstance(index, Object) and index.kind == "slice":
                    self._store_slice(option, items, index, item, weak, node)
                else:
                    self.world.put((option.id, "#"), Items((Several(either((*items, item))),)))
            elif isinstance(option, Dictionary):
                entries = self.entries(option) or Entries()
                if isinstance(index, Const) and isinstance(index.value, _HASHABLE) and not weak:
                    self.world.put((option.id, "#"), entries.put(index.value, item))
                else:
                    rest = either((entries.rest, item)) if entries.rest else item
                    held_entries = tuple((key, either((old, item))) for key, old in entries.entries)
                    self.world.put((option.id, "#"), Entries(held_entries, rest))
            elif isinstance(option, (Unknown, Instance, Object)) and isinstance(index, Const):
                if isinstance(index.value, _HASHABLE):
                    self.world.put((option.id, "item", index.value), item)
                self.escape(item, node)
            else:
                self.escape(item, node)

    def _store_slice(
        self, value: Sequence, items: Items, index: Object, given: Value, weak: bool, node: ast.AST
    ) -> None:
        """`value[1:] = given`: what `given` holds stands in the place of some items."""
        new = self.elements(given, node, Reading.AT_ONCE)
        bounds = [
            part.value for part in index.parts if isinstance(part, Const) and type(part.value) in (int, type(None))
        ]
        if weak or not items.exact or not new.exact or len(bounds) < len(index.parts):
            held = (*items, *new)
            self.world.put((value.id, "#"), Items((Several(either(held)),) if held else ()))
            return
        found = list(items.items)
        try:
            found[slice(*bounds)] = new.items  # type: ignore[arg-type]
        except ValueError:
            return  # it raises
        self.world.put((value.id, "#"), Items(tuple(found)))

    # -- methods --------------------------------------------------------------------------------------------------

    def call_container(self, value: Value, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A method of a list, tuple, set, dict or string."""
        if name == "apply_gradients":
            self.used(value, name, "call", node)
        if isinstance(value, Sequence):
            return self._call_sequence(value, name, arguments, node)
        if isinstance(value, Dictionary):
            return self._call_mapping(value, name, arguments, node)
        for argument in arguments.all():
            self.escape(argument, node)
        return self.unknown(node, (value, *arguments.all()), "call")

    def _loses(self, value: Sequence) -> bool:
        """Whether a deque has a limit, past which it loses its other end."""
        return bool(self.world.get((value.id, "deque", "maybe")))

    def _call_sequence(self, value: Sequence, name: str, arguments: Arguments, node: ast.expr) -> Value:
        items = self.items(value) or Items((Several(self.unknown(node, (value,), "item")),))
        first = arguments.args[0] if arguments.args else None
        if name in ("_replace", "_asdict") and isinstance(record := self.world.get((value.id, "fields")), Object):
            return self._call_record(items, record, name, arguments, node)
        if name in ("append", "appendleft", "extend", "extendleft", "insert") and self._loses(value):
            # A deque that is full loses its other end: what it holds is known, and not where.
            more = self.elements(first, node, Reading.AT_ONCE) if first is not None and "extend" in name else Items()
            held = [*items, *more, *(arguments.args[-1:] if "extend" not in name else ())]
            self.world.put((value.id, "#"), Items((Several(either(held)),) if held else ()))
        elif name in ("append", "add") and first is not None:
            self.world.put((value.id, "#"), Items((*items.items, first)))
        elif name == "appendleft" and first is not None:
            self.world.put((value.id, "#"), Items((first, *items.items)))
        elif name == "extendleft" and first is not None:
            more = self.elements(first, node, Reading.AT_ONCE)
            self.world.put((value.id, "#"), Items((*reversed(more.items), *items.items)))
        elif name in ("extend", "update") and first is not None:
            more = Items(self.taken(first, node))
            self.world.put((value.id, "#"), Items((*items.items, *more.items)))
            self.stays_empty(value, first)
            self.joined(value, items, more, node)
        elif name == "insert" and len(arguments.args) == 2:
            at, item = arguments.args
            if isinstance(at, Const) and at.value == 0:
                self.world.put((value.id, "#"), Items((item, *items.items)))
            else:
                self.world.put((value.id, "#"), Items((Several(either((*items, item))),)))
        elif name == "clear":
            self.world.put((value.id, "#"), Items())
        elif name in ("pop", "popleft"):
            if items.exact and items.items and not arguments.args:
                first_one = name == "popleft"
                self.world.put((value.id, "#"), Items(items.items[1:] if first_one else items.items[:-1]))
                return items.items[0 if first_one else -1]
            found = [bare(self._each(item, node)) for item in items.items]
            if found:
                self.world.put((value.id, "#"), Items((Several(either(found)),)))
                return either(found)
            return self.unknown(node, (), "item")
        elif name in ("reverse", "sort", "remove", "discard"):
            found = [bare(self._each(item, node)) for item in items.items]
            self.world.put((value.id, "#"), Items((Several(either(found)),) if found else ()))
        elif name == "copy":
            return self.sequence(value.kind, items.items, node)
        elif name in ("index", "count"):
            return self.data(Kind.NUMBER, name, (), node, "int")
        else:
            return self.unknown(node, (value, *arguments.all()), "call")
        return self.const(None, node)

    def _call_record(self, items: Items, record: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`_replace` and `_asdict` of a named tuple."""
        fields = [str(field.value) for field in record.parts if isinstance(field, Const)]
        held = dict(zip(fields, items.items, strict=True))
        if name == "_asdict":
            return self.mapping(Entries(tuple(held.items())), node)
        if arguments.more or not arguments.kwargs.keys() <= held.keys():
            return self.unknown(node, (*held.values(), *arguments.all()), "call")
        return self.with_fields(self.sequence("tuple", {**held, **arguments.kwargs}.values(), node), record)

    def _call_mapping(self, value: Dictionary, name: str, arguments: Arguments, node: ast.expr) -> Value:
        entries = self.entries(value) or Entries((), self.unknown(node, (value,), "item"))
        more = (Several(entries.rest),) if entries.rest is not None else ()
        if name == "values":
            return self.sequence("list", (*(item for _, item in entries.entries), *more), node)
        if name == "keys":
            return self.sequence("list", [self.const(key, node) for key, _ in entries.entries] + list(more), node)
        if name == "items":
            pairs: list[Value] = [
                self.sequence("tuple", (self.const(key, node), item), node) for key, item in entries.entries
            ]
            if entries.rest is not None:
                pairs.append(Several(self.sequence("tuple", (self.unknown(node, (), "key"), entries.rest), node)))
            return self.sequence("list", pairs, node)
        if name in ("get", "pop", "setdefault") and arguments.args:
            found = self.subscript(value, arguments.args[0], node)
            default = arguments.args[1] if len(arguments.args) > 1 else self.const(None, node)
            key = arguments.args[0]
            if isinstance(key, Const) and entries.get(key.value) is not None:
                return found
            if name == "setdefault":
                default = default if isinstance(key, Const) and entries.rest is None else either((found, default))
                self.store_item(value, key, default, node)
                return default
            if isinstance(key, Const) and entries.rest is None:
                return default
            return either((found, default))
        if name == "update":
            for argument in arguments.args:
                other = self.entries(argument)
                if other is None:
                    held = [item for _, item in entries.entries] + list(arguments.all())
                    self.world.put((value.id, "#"), Entries(entries.entries, self.unknown(node, held, "item")))
                    return self.const(None, node)
                for name_, member in other.entries:
                    entries = entries.put(name_, member)
            for keyword, given in arguments.kwargs.items():
                entries = entries.put(keyword, given)
            self.world.put((value.id, "#"), entries)
            return self.const(None, node)
        if name == "clear":
            self.world.put((value.id, "#"), Entries())
            return self.const(None, node)
        if name == "copy":
            return self.mapping(entries, node)
        return self.unknown(node, (value, *arguments.all()), "call")


_WRITING = {
    "write": (1, "value"),
    "unstack": (0, "value"),
    "split": (0, "value"),
    "scatter": (1, "value"),
}
"""What writes into a `tf.TensorArray`, and where the value stands among the arguments."""


def _computed_from_variables(value: Value, limit: int = 200) -> bool:
    """Whether a value certainly is a tensor that a tape may have recorded: no plain data."""
    if isinstance(value, Data) and value.kind is Kind.TENSOR and value.sessions and value.links:
        return True
    stack: list[Value] = [value]
    seen: set[int] = set()
    while stack and len(seen) < limit:
        item = stack.pop()
        if isinstance(item, (Variable, VariableSet)):
            return True
        if item.id not in seen and isinstance(item, Data):
            seen.add(item.id)
            stack.extend(link.value for link in item.links if link.cut is None)
    return False


def library_name(name: str) -> str:
    """A library name as programs write it."""
    return "tf." + name.removeprefix("tensorflow.") if name.startswith("tensorflow.") else name


def _of_variables(value: Data, limit: int = 60) -> bool:
    """Whether a tensor was computed from variables, by steps that are all seen."""
    stack: list[Value] = [value]
    seen: set[int] = set()
    found = False
    while stack:
        item = stack.pop()
        if isinstance(item, (Variable, VariableSet)):
            found = True
        elif isinstance(item, Data) and item.id not in seen:
            seen.add(item.id)
            stack.extend(link.value for link in item.links)
        elif not isinstance(item, (Data, Const)) or len(seen) > limit:
            return False
    return found
