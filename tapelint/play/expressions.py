"""Playing expressions: from a syntax node to the value that it has here and now."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable

from tapelint.play.arguments import Arguments
from tapelint.play.arrays import OPERATORS
from tapelint.play.ask import ASKS
from tapelint.play.machine import Reading
from tapelint.play.objects import Objects
from tapelint.play.outline import walk
from tapelint.play.scope import Frame, bindings_of
from tapelint.play.values import (
    UNBOUND,
    Const,
    Cut,
    CutKind,
    Data,
    Entries,
    Function,
    Instance,
    Kind,
    Link,
    Object,
    OneShot,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    bare,
    either,
    is_tensor,
    options,
)
from tapelint.play.world import known

_BUILTINS = frozenset(dir(builtins))
MAX_UNROLL = 8


class Expressions(Objects):
    """`evaluate` and its cases."""

    gone_through: Value
    """What the last comprehension went through, or the last generator of one that stands in it."""

    def evaluate(self, node: ast.expr) -> Value:
        """The value of an expression, played in the current frame."""
        self.step()
        method = _CASES.get(type(node))
        if method is None:
            return self._generic(node)
        return method(self, node)

    def _generic(self, node: ast.expr) -> Value:
        inputs = [self.evaluate(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return self.unknown(node, inputs)

    def constant(self, node: ast.Constant) -> Value:
        return Const(node.value, self.place(node), self.clock)

    # -- names ----------------------------------------------------------------------------------------------------

    def name(self, node: ast.Name) -> Value:
        found = self.lookup(node.id)
        if found is None:
            return self._from_outside(node)
        return self.settled(found)

    def _from_outside(self, node: ast.Name) -> Value:
        """A name that no visible scope binds: from a star import, or Python's own."""
        module = self.frame.module
        if module.stars:
            found = self.from_stars(module, node.id)
            if found is not None:
                return found
        if node.id == "__name__" and module is not self.module:
            return self.const(module.name, node)  # whatever it is, not "__main__"
        return Symbol("builtins." + node.id) if node.id in _BUILTINS else self._unresolved(node)

    def _unresolved(self, node: ast.Name) -> Value:
        return self.unknown(node, (), "undefined")

    def lookup(self, name: str) -> Value | None:
        """What `name` is bound to, UNBOUND where nothing is on this path, None where no scope binds it."""
        frame: Frame | None = self.frame
        first = True
        while frame is not None:
            bindings = frame.bindings
            if name in bindings.globals:
                frame = self._top(frame)
                bindings = frame.bindings
            class_ = isinstance(frame.node, ast.ClassDef)
            here = name in bindings.counts or self.world.get((frame.id, name)) is not None
            if here and (first or not class_) and name not in bindings.nonlocals:
                return self._bound(frame, name, first)
            frame, first = frame.parent, False
        module = self.frame.module.frame
        held = self.world.get((module.id, name))
        return held if isinstance(held, Value) else None

    def _top(self, frame: Frame) -> Frame:
        return frame.module.frame

    def _bound(self, frame: Frame, name: str, own: bool) -> Value:
        value = self.world.get((frame.id, name), UNBOUND)
        if value is UNBOUND and frame.node is None and frame.module is not self.module:
            return Unknown(None, 0, (), "global")  # a module that was played in part: it imports itself, or is long
        if not own and frame.node is None and name in self.replaced:
            return either((value, self._rebound(frame, name)))
        if not own and ((frame.late and self.called_by_others) or (frame.node is None and self.standalone)):
            # Unseen code calls this, now or earlier, or the frame goes on: which of several bindings is seen can't be
            # told. What visible code calls after the frame has ended sees the last one.
            history = self.history.get((frame.id, name))
            if history is not None and len(history) > 1:
                return either(history)
            if frame.node is None and name in frame.module.outline.globals:
                return either((value, self._rebound(frame, name)))
        assert isinstance(value, Value)
        return value

    def _rebound(self, frame: Frame, name: str) -> Value:
        key = (frame.id, "rebound", name)
        held = self.world.get(key)
        if held is None:
            held = Unknown(None, 0, (), "global")
            self.world.put(key, held)
        assert isinstance(held, Value)
        return held

    # -- operators ------------------------------------------------------------------------------------------------

    def bin_op(self, node: ast.BinOp) -> Value:
        left = known(self.evaluate(node.left))
        right = known(self.evaluate(node.right))
        if isinstance(node.op, ast.Mod) and isinstance(left, Const) and isinstance(left.value, str):
            return self.data(Kind.NUMBER, "%", (), node, "string")
        result = self.binary(type(node.op), left, right, node)
        if isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(result, Data) and result.kind is Kind.TENSOR:
            return self._cancelled(result, (left, right), node)
        return result

    def _cancelled(self, result: Data, operands: tuple[Value, Value], node: ast.BinOp) -> Data:
        """A sum in which a name comes once with each sign: `x + stop_gradient(h) - x` does not depend on `x`."""
        signs: dict[str, list[int]] = {}
        inner: set[int] = set()
        _terms(node, 1, signs, inner)
        for name, met in signs.items():
            if len(met) < 2 or sum(met) != 0 or (value := self.lookup(name)) is None:
                continue
            links = _summands(result, inner)
            if sum(link.value is value for link in links) != len(met) or not isinstance(value, (Data, Variable)):
                continue
            sign = OPERATORS[type(node.op)][0]
            cut = Cut(CutKind.ZERO, self.place(node), sign)
            kept = [Link(link.value, cut) if link.value is value else link for link in links]
            made = self.data(Kind.TENSOR, result.op, kept, node, result.dtype, shape=result.shape)
            self.computed(made, sign, Arguments(operands), node)
            return made
        return result

    def unary_op(self, node: ast.UnaryOp) -> Value:
        return self.unary(type(node.op), known(self.evaluate(node.operand)), node)

    def overloaded(self, sign: str, values: object, node: ast.AST) -> Value:
        """An operator on objects: their `__add__` and the like when it is visible."""
        names = {
            "+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "@": "__matmul__", "**": "__pow__",
        }  # fmt: skip
        given = list(values)  # type: ignore[call-overload]
        if len(given) == 2 and isinstance(given[0], Instance) and sign in names:
            method = self.class_attribute(given[0].cls, names[sign])
            if isinstance(method, Function):
                return self.call_function(method, Arguments(tuple(given)), node)  # type: ignore[arg-type]
        return self.unknown(node, given, "operator")

    def bool_op(self, node: ast.BoolOp) -> Value:
        """`and`, `or`: what is not reached is not played; the result is one of the operands."""
        results: list[Value] = []
        for at, part in enumerate(node.values):
            if at:
                mark = self.world.mark()
                value = known(self.evaluate(part))
                branch = self.world.changes(mark)
                self.world.rollback(mark)
                self.world.merge([branch, {}])
                self.refresh_if(branch)
            else:
                value = known(self.evaluate(part))
            truth = self.truth(value)
            stops = truth is False if isinstance(node.op, ast.And) else truth is True
            if stops:
                results.append(value)
                break
            if truth is None or at == len(node.values) - 1:
                results.append(value)
        return either(results)

    def refresh_if(self, changes: dict[tuple[object, ...], object]) -> None:
        """After a join, work out the running recordings anew when a tape's state was part of it."""
        if any((len(key) == 2 and key[1] == "state") or key == ("tapes",) for key in changes):
            self.refresh()

    def compare_op(self, node: ast.Compare) -> Value:
        left = known(self.evaluate(node.left))
        self.compared[id(node)] = left
        result: Value | None = None
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = known(self.evaluate(comparator))
            result = self.compare(type(op), left, right, node)
            left = right
        assert result is not None
        return result

    def if_exp(self, node: ast.IfExp) -> Value:
        truth = self.condition(node.test)
        if truth is not None:
            return self.evaluate(node.body if truth else node.orelse)
        self._note_replacement(node)
        mark = self.world.mark()
        conditions = self.context.conditions
        with self.within(conditions=conditions | {(id(node), 0)}):
            one = self._behind_test(node.test, True, node.body)
        first = self.world.changes(mark)
        self.world.rollback(mark)
        with self.within(conditions=conditions | {(id(node), 1)}):
            other = self._behind_test(node.test, False, node.orelse)
        second = self.world.changes(mark)
        self.world.rollback(mark)
        self.world.merge([first, second])
        self.refresh_if(first | second)
        return either((one, other))

    def _behind_test(self, test: ast.expr, holds: bool, node: ast.expr) -> Value:
        doubted = self.doubt(test, holds)
        value = self.evaluate(node)
        for name, (held, unsure) in doubted.items():
            if self.world.get((self.frame.id, name)) is unsure:
                self.world.put((self.frame.id, name), held)
        return value

    def doubt(self, test: ast.expr, holds: bool) -> dict[str, tuple[Value, Value]]:
        """Bind the names that hardly hold a tensor behind a condition to something unknown: what they held, and it."""
        found: dict[str, tuple[Value, Value]] = {}
        for name in sorted(self._doubted(test, holds)):
            held = self.world.get((self.frame.id, name))
            if isinstance(held, Value) and all(is_tensor(option) for option in options(held)):
                found[name] = (held, Unknown(self.place(test), self.tick(), (held,), "asked"))
                self.world.put((self.frame.id, name), found[name][1])
        return found

    def _doubted(self, test: ast.expr, holds: bool) -> set[str]:
        """Names that hardly hold a tensor where a condition holds, or fails: it asks of what class they are."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._doubted(test.operand, not holds)
        if isinstance(test, ast.BoolOp):
            parts = [self._doubted(part, holds) for part in test.values]
            every = isinstance(test.op, ast.And) == holds  # all the parts hold, or all fail
            return set.union(*parts) if every else set.intersection(*parts)
        if isinstance(test, ast.Call) and test.args and isinstance(test.args[0], ast.Name):
            return {test.args[0].id} if self.asked.get(id(test)) is holds else set()
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Call):
            call, same = test.left, isinstance(test.ops[0], (ast.Is, ast.Eq, ast.In))
            asks = isinstance(call.func, ast.Name) and call.func.id == "type" and len(call.args) == 1
            return {part.id for part in call.args if isinstance(part, ast.Name)} if asks and same is holds else set()
        return set()

    def condition(self, node: ast.expr) -> bool | None:
        """Play a condition: True or False where it is certain."""
        return self.truth(known(self.evaluate(node)))

    def _note_replacement(self, node: ast.IfExp) -> None:
        """`zeros if g is None else g`: the program expects that a gradient may be None."""
        test = node.test
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Is, ast.IsNot))):
            return
        missing = node.body if isinstance(test.ops[0], ast.Is) else node.orelse
        if isinstance(missing, ast.Constant) and (missing.value is None or isinstance(missing.value, (str, bool))):
            return  # only shown
        if _sentinel(missing):
            return  # a mark for "there is none": where a missing gradient is meant, zeros stand for it
        tested = {inner.id for inner in walk(test.left) if isinstance(inner, ast.Name)}
        if any(isinstance(inner, ast.Name) and inner.id in tested for inner in walk(missing)):
            return
        if isinstance(test.comparators[0], ast.Constant):
            self.expect_none(self.compared.get(id(test), UNBOUND))

    def expect_none(self, value: Value) -> None:
        """The program says itself that this gradient is, or may be, None."""
        for leaf in self.flat(value):
            for option in options(leaf):
                if isinstance(option, Data) and option.ask is not None:
                    option.ask.expected_none = True

    # -- structures -----------------------------------------------------------------------------------------------

    def _elements_of(self, nodes: list[ast.expr]) -> list[Value]:
        found: list[Value] = []
        for item in nodes:
            if isinstance(item, ast.Starred):
                found.extend(self.taken(known(self.evaluate(item.value)), item))
            else:
                found.append(known(self.evaluate(item)))
        return found

    def list_(self, node: ast.List) -> Value:
        return self.sequence("list", self._elements_of(node.elts), node)

    def tuple_(self, node: ast.Tuple) -> Value:
        return self.sequence("tuple", self._elements_of(node.elts), node)

    def set_(self, node: ast.Set) -> Value:
        return self.sequence("set", self._elements_of(node.elts), node)

    def dict_(self, node: ast.Dict) -> Value:
        entries = Entries()
        for key, item in zip(node.keys, node.values, strict=True):
            value = known(self.evaluate(item))
            if key is None:
                other = self.entries(value)
                if other is None:
                    entries = Entries(entries.entries, self.unknown(node, (value,), "item"))
                else:
                    for name, held in other.entries:
                        entries = entries.put(name, held)
                    entries = Entries(entries.entries, other.rest or entries.rest)
                continue
            at = known(self.evaluate(key))
            if isinstance(at, Const):
                entries = entries.put(at.value, value)
            else:
                entries = Entries(entries.entries, either((entries.rest, value)) if entries.rest else value)
        return self.mapping(entries, node)

    def joined_str(self, node: ast.JoinedStr) -> Value:
        words: list[str] | None = []
        for part in node.values:
            shown = known(self.evaluate(part.value if isinstance(part, ast.FormattedValue) else part))
            if isinstance(part, ast.FormattedValue) and part.format_spec is not None and self.in_trace(shown):
                self.work("leave", "format", shown, part.value)
            plain = not isinstance(part, ast.FormattedValue) or (part.format_spec is None and part.conversion == -1)
            if words is not None and plain and isinstance(shown, Const) and isinstance(shown.value, (str, int)):
                words.append(str(shown.value))
            else:
                words = None
        if words is not None:
            return self.const("".join(words), node)  # the name of an entry: params[f"w{i}"]
        return self.data(Kind.NUMBER, "f-string", (), node, "string")

    def starred(self, node: ast.Starred) -> Value:
        return self.evaluate(node.value)

    def slice_(self, node: ast.Slice) -> Value:
        parts = [
            known(self.evaluate(part)) if part is not None else self.const(None, node)
            for part in (node.lower, node.upper, node.step)
        ]
        return Object("slice", "slice", self.place(node), self.tick(), parts)

    def subscript_(self, node: ast.Subscript) -> Value:
        value = known(self.evaluate(node.value))
        index = known(self.evaluate(node.slice))
        return self.subscript(value, index, node)

    # -- attributes and calls -------------------------------------------------------------------------------------

    def attribute_(self, node: ast.Attribute) -> Value:
        value = self.evaluate(node.value)
        if value is UNBOUND and isinstance(node.value, ast.Name):
            if node.attr in ASKS or node.attr in ("watch", "reset", "stop_recording"):
                self.undefined_tape(node.value.id, node.attr, node)
            return self.unknown(node)
        if (
            isinstance(value, Unknown)
            and value.role == "undefined"
            and isinstance(node.value, ast.Name)
            and node.attr in ASKS
            and not self.open_names()
        ):
            self.undefined_tape(node.value.id, node.attr, node)
        return self.attribute(value, node.attr, node)

    def open_names(self) -> bool:
        """Whether names may come from where we can't see: a star import, `globals()`, `exec`."""
        return self.frame.module.bindings.star

    def call_(self, node: ast.Call) -> Value:
        self.callees.add(id(node.func))
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            found = self.lookup("super")
            if found is None:
                return self._super(node)
        function = self.evaluate(node.func)
        arguments = self.arguments(node)
        self._note_test(node, arguments)
        if function is UNBOUND:
            return self.unknown(node, arguments.all(), "call")
        return self.call(function, arguments, node)

    def _super(self, node: ast.Call) -> Value:
        for item in node.args:
            self.evaluate(item)
        args: dict[str, Value] = {}
        if self.stack and self.stack[-1].owner is not None:
            function = self.stack[-1]
            names = [*function.node.args.posonlyargs, *function.node.args.args]
            if names and function.owner is not None:
                held = self.world.get((self.frame.id, names[0].arg))
                if isinstance(held, Value):
                    args = {"self": held, "class": function.owner}
        return Object("super", "super", self.place(node), self.tick(), (), True, args)

    def _argument(self, node: ast.expr) -> Value:
        """One argument of a call; a name that nothing binds on this path raises before the call."""
        value = known(self.evaluate(node))
        return self.unknown(node) if value is UNBOUND else value

    def arguments(self, node: ast.Call) -> Arguments:
        """Play the arguments of a call."""
        args: list[Value] = []
        nodes: list[ast.expr] = []
        more = False
        for item in node.args:
            if isinstance(item, ast.Starred):
                value = known(self.evaluate(item.value))
                items = self.elements(value, item, Reading.AT_ONCE)
                if items.exact:
                    args.extend(items.items)
                    nodes.extend([item] * len(items.items))
                else:
                    more = True
                    args.extend(items)
                    nodes.extend([item] * len(items.items))
            else:
                args.append(self._argument(item))
                nodes.append(item)
        kwargs: dict[str, Value] = {}
        keyword_nodes: dict[str, ast.expr] = {}
        for keyword in node.keywords:
            value = self._argument(keyword.value)
            if keyword.arg is None:
                entries = self.entries(value)
                if entries is None or entries.rest is not None:
                    more = True
                if entries is not None:
                    for key, held in entries.entries:
                        kwargs[str(key)] = held
                        keyword_nodes[str(key)] = keyword.value
            else:
                kwargs[keyword.arg] = value
                keyword_nodes[keyword.arg] = keyword.value
        return Arguments(tuple(args), kwargs, tuple(nodes), keyword_nodes, more)

    def _note_test(self, node: ast.Call, arguments: Arguments) -> None:
        """`self.assertIsNone(g)`: a gradient that the program expects to be None."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name == "assertIsNone" and arguments.args:
            self.expect_none(arguments.args[0])
        elif name in ("assertIs", "assertEqual", "assertAllEqual", "assertListEqual") and len(arguments.args) >= 2:
            leaves = self.flats(arguments.args[:2])
            if any(isinstance(leaf, Const) and leaf.value is None for leaf in leaves):
                for value in arguments.args[:2]:
                    self.expect_none(value)

    # -- functions ------------------------------------------------------------------------------------------------

    def lambda_(self, node: ast.Lambda) -> Value:
        defaults = self._defaults(node.args)
        function = Function(node, self.frame.module, self.frame, self.place(node), self.tick(), defaults)
        self.pending.append(function)
        return function

    def _defaults(self, args: ast.arguments) -> dict[str, Value]:
        found: dict[str, Value] = {}
        positional = [*args.posonlyargs, *args.args]
        for parameter, default in zip(reversed(positional), reversed(args.defaults), strict=False):
            found[parameter.arg] = known(self.evaluate(default))
        for parameter, kw_default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            if kw_default is not None:
                found[parameter.arg] = known(self.evaluate(kw_default))
        return found

    def named_expr(self, node: ast.NamedExpr) -> Value:
        value = known(self.evaluate(node.value))
        self.assign(node.target, value, node)
        return value

    def await_(self, node: ast.Await) -> Value:
        return self.evaluate(node.value)

    def yield_(self, node: ast.Yield | ast.YieldFrom) -> Value:
        value = known(self.evaluate(node.value)) if node.value is not None else self.const(None, node)
        pieces = self.yields.get(self.frame.id)
        if pieces is None:
            self.escape(value, node)
            return self.unknown(node, (), "yield")
        further = isinstance(node, ast.YieldFrom)
        pieces.values.extend(self.elements(value, node, Reading.BY_PIECE) if further else (value,))
        if pieces.endless:
            self.may_leave(value)
        return self.unknown(node, (), "yield")

    def may_leave(self, value: Value) -> None:
        raise NotImplementedError

    # -- comprehensions -------------------------------------------------------------------------------------------

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        """A loop in an expression: its own scope, played item by item or twice."""
        frame = Frame(self.frame.module, self.frame, bindings_of(node), node)
        frame.in_graph = self.frame.in_graph
        outer = self.frame
        found: list[Value] = []
        entries: list[tuple[Value, Value]] = []
        self.frame = frame
        try:
            exact = self._generators(node, 0, found, entries)
        finally:
            self.frame = outer
        if not frame.bindings.read_later:
            self.world.drop(frame.id, frame.bindings.counts)
        if isinstance(node, ast.DictComp):
            return self._dict_comprehension(entries, node, exact)
        if not exact and found:
            found = [Several(either(bare(item) for item in found))]
        items = tuple(found)
        if isinstance(node, ast.GeneratorExp):
            return OneShot("generator", (), items, self.place(node), self.tick())
        result = self.sequence("set" if isinstance(node, ast.SetComp) else "list", items, node)
        if exact and not items:
            self.stays_empty(result, self.gone_through)
        return result

    def _dict_comprehension(self, pairs: list[tuple[Value, Value]], node: ast.AST, exact: bool) -> Value:
        entries = Entries()
        for key, item in pairs:
            if isinstance(key, Const) and exact:
                entries = entries.put(key.value, item)
            else:
                entries = Entries(entries.entries, either((entries.rest, item)) if entries.rest else item)
        return self.mapping(entries, node)

    def _generators(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
        at: int,
        found: list[Value],
        pairs: list[tuple[Value, Value]],
    ) -> bool:
        """Play the generators from `at` on; False when the number of results is not known."""
        if at == len(node.generators):
            if isinstance(node, ast.DictComp):
                key = known(self.evaluate(node.key))
                pairs.append((key, known(self.evaluate(node.value))))
            else:
                found.append(known(self.evaluate(node.elt)))
            return True
        generator = node.generators[at]
        if at == 0:
            inner = self.frame
            assert inner.parent is not None
            self.frame = inner.parent
            iterated = known(self.evaluate(generator.iter))
            self.frame = inner
            self.gone_through = iterated
        else:
            iterated = known(self.evaluate(generator.iter))
        if isinstance(iterated, VariableSet) and not iterated.part and _copies(node, at):
            found.append(Several(iterated))  # all of them, as they are
            return True
        items = self.elements(iterated, generator.iter, Reading.BY_PIECE).items
        rounds: list[tuple[Value, bool]] = []
        exact = len(items) <= MAX_UNROLL
        for item in items[:MAX_UNROLL]:
            if isinstance(item, Several):
                rounds += [(item.of, False), (item.of, True)][: 1 if self.repeating else None]
                exact = False
            else:
                rounds.append((item, False))
        for number, (item, repeats) in enumerate(rounds, 1):
            with self.looping(node, number, repeats):
                self.assign(generator.target, item, generator.target)
                skip = False
                for test in generator.ifs:
                    truth = self.condition(test)
                    self._note_filter(test)
                    if truth is False:
                        skip = True
                        break
                    if truth is None:
                        exact = False
                if not skip:
                    exact = self._generators(node, at + 1, found, pairs) and exact
        return exact

    def _note_filter(self, test: ast.expr) -> None:
        """`[g for g in grads if g is not None]`: the program expects None among the gradients."""
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.IsNot):
            comparator = test.comparators[0]
            if isinstance(comparator, ast.Constant) and comparator.value is None:
                self.expect_none(self.compared.get(id(test), UNBOUND))


def _copies(node: ast.AST, at: int) -> bool:
    """Whether a list comprehension keeps everything that its generator number `at`, the last, gives."""
    if not isinstance(node, ast.ListComp) or at != len(node.generators) - 1:
        return False
    generator = node.generators[at]
    target = generator.target
    same = isinstance(target, ast.Name) and isinstance(node.elt, ast.Name) and node.elt.id == target.id
    return same and not generator.ifs and not generator.is_async


_CASES: dict[type[ast.AST], Callable[..., Value]] = {
    ast.Constant: Expressions.constant,
    ast.Name: Expressions.name,
    ast.BinOp: Expressions.bin_op,
    ast.UnaryOp: Expressions.unary_op,
    ast.BoolOp: Expressions.bool_op,
    ast.Compare: Expressions.compare_op,
    ast.IfExp: Expressions.if_exp,
    ast.List: Expressions.list_,
    ast.Tuple: Expressions.tuple_,
    ast.Set: Expressions.set_,
    ast.Dict: Expressions.dict_,
    ast.JoinedStr: Expressions.joined_str,
    ast.Starred: Expressions.starred,
    ast.Slice: Expressions.slice_,
    ast.Subscript: Expressions.subscript_,
    ast.Attribute: Expressions.attribute_,
    ast.Call: Expressions.call_,
    ast.Lambda: Expressions.lambda_,
    ast.NamedExpr: Expressions.named_expr,
    ast.Await: Expressions.await_,
    ast.Yield: Expressions.yield_,
    ast.YieldFrom: Expressions.yield_,
    ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension,
    ast.GeneratorExp: Expressions.comprehension,
    ast.DictComp: Expressions.comprehension,
}


def _terms(node: ast.expr, sign: int, signs: dict[str, list[int]], inner: set[int]) -> None:
    """The names that a sum adds and subtracts, each with its signs; `inner` gets the ids of the sums in it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        inner.add(id(node))
        _terms(node.left, sign, signs, inner)
        _terms(node.right, -sign if isinstance(node.op, ast.Sub) else sign, signs, inner)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner.add(id(node))
        _terms(node.operand, -sign, signs, inner)
    elif isinstance(node, ast.Name):
        signs.setdefault(node.id, []).append(sign)


def _summands(value: Data, inner: set[int]) -> list[Link]:
    """What a sum was made from, through the sums in it."""
    found: list[Link] = []
    for link in value.links:
        part = link.value
        if link.cut is None and isinstance(part, Data) and part.place is not None and id(part.place.node) in inner:
            found += _summands(part, inner)
        else:
            found.append(link)
    return found


def _sentinel(node: ast.expr) -> bool:
    """Whether an expression is a number other than zero, as such or as a tensor: `-1.0`, `tf.constant(-1.0)`, `nan`."""
    if isinstance(node, ast.Call) and len(node.args) == 1:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "float" and isinstance(node.args[0], ast.Constant):
            return node.args[0].value in ("nan", "inf", "-inf")
        return name in ("constant", "convert_to_tensor") and _sentinel(node.args[0])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _sentinel(node.operand)
    if isinstance(node, ast.Attribute):
        return node.attr in ("nan", "inf")
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value != 0
