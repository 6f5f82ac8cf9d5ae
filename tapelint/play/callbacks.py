"""Functions of TensorFlow that call what they are given: loops, maps, scans and branches.

What comes out was computed by the function that was handed over, so it is played: a loop twice, so that what the first
round leaves behind meets the second, a map on one piece. Where the function can't be seen, so can't the result.
"""

from __future__ import annotations

import ast

from tapelint.play import dtype as dtypes
from tapelint.play.accumulator import Accumulators
from tapelint.play.arguments import Arguments
from tapelint.play.records import Fork
from tapelint.play.values import (
    Bound,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Kind,
    Link,
    Partial,
    Place,
    Sequence,
    Several,
    Symbol,
    Value,
    Variable,
    VariableSet,
    either,
    is_tensor,
    options,
)

_MAPS = frozenset({"tensorflow.map_fn", "tensorflow.vectorized_map"})
_FOLDS = frozenset({"tensorflow.scan", "tensorflow.foldl", "tensorflow.foldr"})


class Callbacks(Accumulators):
    """Calls that call back."""

    def calls_back(self, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A function that calls what it is given: play it on pieces of the other arguments."""
        if name == "tensorflow.cond":
            return self._cond(arguments, node)
        found: Value | None = None
        if name == "tensorflow.while_loop":
            found = self._while_loop(arguments, node)
        elif name in _MAPS:
            found = self._map(name, arguments, node)
        elif name in _FOLDS:
            found = self._fold_up(name, arguments, node)
        elif name == "tensorflow.nest.map_structure" and arguments.args and not arguments.more:
            function, *structures = arguments.args
            if (is_callable(function) or isinstance(function, Symbol)) and structures and self._mappable(structures):
                found = self._map_structure(function, structures, node)
        if found is None:
            return self._unseen(arguments, node)
        back = arguments.kwargs.get("back_prop")
        if isinstance(back, Const) and back.value is False and self.frame.in_graph and self.context.trace is not None:
            said = next((one for one in getattr(node, "keywords", ()) if one.arg == "back_prop"), node)
            return self._without_back_prop(found, node, self.place(said))
        return found

    def _without_back_prop(self, value: Value, node: ast.expr, said: Place) -> Value:
        """What a loop of the graph gives with `back_prop=False`: no gradient comes back through it."""
        if isinstance(value, Sequence) and (items := self.items(value)) is not None and items.exact:
            return self.sequence(value.kind, [self._without_back_prop(item, node, said) for item in items.items], node)
        if isinstance(value, Either):
            return either([self._without_back_prop(option, node, said) for option in options(value)])
        if not isinstance(value, (Data, Variable)):
            return value
        cut = Cut(CutKind.STOP_GRADIENT, said, "back_prop=False")
        dtype, shape = dtypes.of(value), value.shape
        return self.data(Kind.TENSOR, "back_prop=False", (Link(value, cut),), node, dtype, shape=shape)

    def _mappable(self, structures: list[Value], depth: int = 5) -> bool:
        """Whether structures are known, and alike, down to their leaves."""
        first = structures[0]
        kinds = (Sequence, Dictionary)
        if isinstance(first, VariableSet) and not first.part:
            return len(structures) == 1
        if not isinstance(first, kinds):
            leaves = (Const, Data, Variable, VariableSet)
            return all(isinstance(one, leaves) and not (isinstance(one, Data) and one.nested) for one in structures)
        if not depth:
            return False
        each = [self._each_of(one) for one in structures]
        if None not in each:
            return self._mappable([one for one in each if one is not None], depth - 1)
        columns: list[list[Value]] = []
        for one in structures:
            if isinstance(one, Sequence) and (items := self.items(one)) is not None and items.exact:
                columns.append(list(items.items))
            elif isinstance(one, Dictionary) and (entries := self.entries(one)) is not None and entries.rest is None:
                columns.append([item for _, item in sorted(entries.entries, key=lambda entry: str(entry[0]))])
            else:
                return False
        same = all(len(column) == len(columns[0]) for column in columns)
        return same and all(self._mappable(list(row), depth - 1) for row in zip(*columns, strict=True))

    def _each_of(self, value: Value) -> Value | None:
        """What every item of a list is, of which it is not known how many there are."""
        items = self.items(value) if isinstance(value, Sequence) else None
        alone = items.items[0] if items is not None and len(items.items) == 1 else None
        return alone.of if isinstance(alone, Several) else None

    def _map_structure(self, function: Value, structures: list[Value], node: ast.expr) -> Value:
        """`tf.nest.map_structure(f, structure)`: the same structure, with `f` of every leaf."""
        first = structures[0]
        if isinstance(first, VariableSet) and not first.part:
            part = self.variables(first.owner, first.which, node, part=True)
            with self.looping(node, 1, False):
                return self.sequence("list", (Several(self.call(function, Arguments((part,)), node)),), node)
        if isinstance(first, Sequence):
            each = [one for one in map(self._each_of, structures) if one is not None]
            if len(each) == len(structures):
                with self.looping(node, 1, False):
                    return self.sequence(first.kind, (Several(self._map_structure(function, each, node)),), node)
            columns = [list(self.items(one) or ()) for one in structures]
            rows = zip(*columns, strict=True)
            return self.sequence(first.kind, [self._map_structure(function, list(row), node) for row in rows], node)
        if isinstance(first, Dictionary):
            made = Entries()
            for key, _ in (self.entries(first) or Entries()).entries:
                row = [(self.entries(one) or Entries()).get(key) or self.unknown(node) for one in structures]
                made = made.put(key, self._map_structure(function, row, node))
            return self.mapping(made, node)
        return self.call(function, Arguments(tuple(structures)), node)

    def _unseen(self, arguments: Arguments, node: ast.expr) -> Value:
        """The functions are played for what they do; what comes out can't be told."""
        inputs: list[Value] = []
        for value in arguments.all():
            self.may_run(value)
            if not is_callable(value):
                inputs.extend(self.flat(value))
        results: list[Value] = []
        for value in arguments.all():
            if isinstance(value, Function):
                count = len(value.node.args.args) + len(value.node.args.posonlyargs)
                given = tuple(self.unknown(node, inputs, "item") for _ in range(count))
                self._escape_closure(value, node, 3)
                results.append(self.call(value, Arguments(given), node))
            elif is_callable(value):
                self.escape(value, node)
                results.append(self.unknown(node, (value, *inputs), "call"))
        return self.unknown(node, (*results, *inputs), "call")

    def map_flat_values(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.ragged.map_flat_values(op, ragged)`: `op` of the values, in the rows in which they stood."""
        if not arguments.args:
            return self.unknown(node, arguments.all(), "call")
        result = self.call(arguments.args[0], arguments._replace(args=arguments.args[1:], nodes=()), node)
        if not isinstance(result, Data):
            return result
        return self.data(Kind.TENSOR, "tf.ragged.map_flat_values", (Link(result),), node, result.dtype)

    def _while_loop(self, arguments: Arguments, node: ast.expr) -> Value | None:
        """`tf.while_loop(cond, body, loop_vars)`: what the loop variables are after no, one or two rounds."""
        test, body, given = (arguments.get(at, name) for at, name in enumerate(("cond", "body", "loop_vars")))
        items = self.items(given) if given is not None else None
        if not is_callable(test) or not is_callable(body) or not isinstance(given, Sequence) or items is None:
            return None
        if test is None or body is None or not items.exact or not items.items:
            return None
        rounds = [[self._converted("tf.while_loop", item, node) for item in items.items]]
        mark = self.world.mark()
        ends = [self.world.changes(mark)]
        for _ in range(2):
            self.call(test, Arguments(tuple(rounds[-1])), node)
            results = self._results(self.call(body, Arguments(tuple(rounds[-1])), node), len(rounds[0]))
            ends.append(self.world.changes(mark))
            if results is None:
                break
            rounds.append([self._converted("tf.while_loop", item, node) for item in results])
        self.world.rollback(mark)
        self.world.alive = True
        self.world.merge(ends)
        self.refresh()
        if len(rounds) < 3:
            return self.unknown(node, (value for values in rounds for value in values), "call")
        return self.sequence(given.kind, [either(values) for values in zip(*rounds, strict=True)], node)

    def _results(self, value: Value, count: int) -> tuple[Value, ...] | None:
        """What the body of a loop returns, one value for each loop variable."""
        items = self.items(value) if isinstance(value, Sequence) else None
        if items is not None and items.exact and len(items.items) == count:
            return items.items
        return (value,) if count == 1 and isinstance(value, (Data, Variable)) else None

    def _map(self, name: str, arguments: Arguments, node: ast.expr) -> Value | None:
        """`tf.map_fn(fn, elems)`: what `fn` gives for one piece, stacked."""
        function, elems = arguments.get(0, "fn"), arguments.get(1, "elems")
        if function is None or elems is None or not is_callable(function):
            return None
        piece = self._one_piece(elems, node)
        if piece is None:
            return None
        self._let_go(function, node)
        result = self.call(function, Arguments((piece,)), node)
        return self._stacked(name.replace("tensorflow.", "tf."), (result,), node)

    def _fold_up(self, name: str, arguments: Arguments, node: ast.expr) -> Value | None:
        """`tf.scan(fn, elems, initializer)` and the folds: two steps, the second on what the first gave."""
        function, elems = arguments.get(0, "fn"), arguments.get(1, "elems")
        first = arguments.get(2, "initializer")
        if function is None or elems is None or not is_callable(function):
            return None
        piece = self._one_piece(elems, node)
        if piece is None:
            return None
        if first is None or (isinstance(first, Const) and first.value is None):
            first = piece
        self._let_go(function, node)
        one = self.call(function, Arguments((first, piece)), node)
        other = self.call(function, Arguments((one, piece)), node)
        steps = (one, other) if name == "tensorflow.scan" else (other,)
        return self._stacked(name.replace("tensorflow.", "tf."), steps, node)

    def _let_go(self, function: Value, node: ast.AST) -> None:
        """It is called any number of times: a tape that it closes over is not followed any further."""
        while isinstance(function, (Bound, Partial)):
            function = function.function
        if isinstance(function, Function):
            self._escape_closure(function, node, 3)

    def _one_piece(self, elems: Value, node: ast.AST) -> Value | None:
        """One row of a tensor, or of every tensor in a structure."""
        if isinstance(elems, (Data, Variable)):
            if isinstance(elems, Data) and elems.kind is not Kind.TENSOR:
                return None
            return self.item_of_data(elems, node)
        items = self.items(elems) if isinstance(elems, Sequence) else None
        if not isinstance(elems, Sequence) or elems.kind != "tuple" or items is None or not items.exact:
            return None
        pieces = [self._one_piece(item, node) for item in items.items]
        kept = [piece for piece in pieces if piece is not None]
        return self.sequence("tuple", kept, node) if len(kept) == len(pieces) else None

    def _stacked(self, op: str, results: tuple[Value, ...], node: ast.AST) -> Value | None:
        """The results of all steps as one tensor, or as a structure of tensors."""
        first = results[0]
        if isinstance(first, Sequence):
            held = [self.items(result) for result in results]
            rows = [items.items for items in held if items is not None and items.exact]
            if len(rows) < len(results) or len({len(row) for row in rows}) != 1:
                return None
            members = [self._stacked(op, column, node) for column in zip(*rows, strict=True)]
            kept = [member for member in members if member is not None]
            return self.sequence(first.kind, kept, node) if len(kept) == len(members) else None
        if not all(isinstance(result, (Data, Variable, Const)) for result in results):
            return None
        links = [Link(result) for result in results if not isinstance(result, Const)]
        return self.data(Kind.TENSOR, op, links, node, dtypes.of(results[-1]))

    def _converted(self, op: str, value: Value, node: ast.AST) -> Value:
        """A loop variable is a tensor, whatever it was before."""
        if isinstance(value, Const) and value.is_number:
            return self.data(Kind.TENSOR, op, (), node, dtypes.of(value))
        if isinstance(value, Variable) or (isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.NUMBER)):
            return self.data(Kind.TENSOR, op, (Link(value),), node, dtypes.of(value))
        return value

    def _cond(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.cond(pred, true_fn, false_fn)`: one of the two is called; both are traced in a graph."""
        pred = arguments.get(0, "pred")
        functions = [value for at, name in ((1, "true_fn"), (2, "false_fn")) if (value := arguments.get(at, name))]
        if pred is not None and is_tensor(pred) and self.context.trace is not None:
            nodes = tuple((value.node,) for value in functions if isinstance(value, Function))
            self.recording.forks.append(Fork(self.place(node), node, nodes))
        results: list[Value] = []
        ends = []
        mark = self.world.mark()
        for value in functions:
            results.append(self.call(value, Arguments(), node))
            ends.append(self.world.changes(mark))
            self.world.rollback(mark)
            self.world.alive = True
        self.world.merge(ends)
        self.refresh()
        if len(results) == 2 and all(isinstance(result, Data) and is_tensor(result) for result in results):
            return either(results)
        return self.unknown(node, (*results, *((pred,) if pred is not None else ())), "call")


def is_callable(value: Value | None) -> bool:
    """Whether a value is a function that can be played."""
    return isinstance(value, (Function, Bound, Partial))
