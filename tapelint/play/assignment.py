"""Statements that bind names, fill attributes and items, and delete them."""

from __future__ import annotations

import ast

from tapelint.play.arrays import OPERATORS
from tapelint.play.expressions import Expressions
from tapelint.play.records import Happening, Rebinding
from tapelint.play.values import (
    UNBOUND,
    Const,
    CutKind,
    Data,
    Dictionary,
    Either,
    Items,
    Kind,
    Sequence,
    Several,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
    is_one_tensor,
    is_tensor,
    options,
)
from tapelint.play.world import known


class Assignments(Expressions):
    """`a = b`, `a += b`, `a: T = b`, `del a`."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def _called(self, target: ast.expr) -> str:
        raise NotImplementedError

    def bind_name(self, name: str, value: Value, node: ast.AST, operator: str = "=") -> None:
        """Bind a name in the frame where the program binds it."""
        frame = self.frame
        while isinstance(frame.node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            if name in frame.bindings.counts or frame.parent is None:
                break
            frame = frame.parent
        if name in frame.bindings.globals:
            frame = frame.module.frame
        elif name in frame.bindings.nonlocals:
            outer = frame.parent
            while outer is not None and name not in outer.bindings.counts:
                outer = outer.parent
            frame = outer or frame
        old = self.world.get((frame.id, name))
        if isinstance(old, Value):
            self._note_rebinding(name, old, value, node, operator)
        if isinstance(value, Tape) and not value.name:
            value.name = name
        if isinstance(old, Tape) and isinstance(value, (Const, Unknown)):
            self.forget(old, node, name)
        self.recording.names.setdefault(value.id, name)
        history = self.history.setdefault((frame.id, name), [])
        if len(history) < 5 and not any(value is other for other in history):
            history.append(value)
        self.world.put((frame.id, name), value)

    def _note_replaced(self, target: ast.expr, old: object, value: Value, node: ast.AST) -> None:
        """The same for an attribute or an item: `self.w = self.w - lr * g`."""
        if isinstance(old, Value):
            sign = OPERATORS[type(node.op)][0] + "=" if isinstance(node, ast.AugAssign) else "="
            self._note_rebinding(ast.unparse(target), known(old), value, node, sign)

    def _note_rebinding(self, name: str, old: Value, value: Value, node: ast.AST, operator: str) -> None:
        """`w = w - lr * g`: the name now holds a tensor that was computed from what it held."""
        if isinstance(value, Tape):
            for option in options(old):
                self.event_rebind(option, value, node, name)
        if not isinstance(value, Data) or value.kind is not Kind.TENSOR:
            return
        for option in options(old):
            if option is value or not isinstance(option, (Variable, VariableSet, Data)):
                continue
            if isinstance(option, Data) and option.kind is not Kind.TENSOR:
                continue
            if self._derived(value, option):
                certain, plain = len(options(old)) == 1, all(map(is_one_tensor, options(old)))
                before = self.recording.rebindings.get(value.id)
                if before is not None and before.operator != "=":
                    return  # `w -= g` in a helper, whose caller binds the result: that line did it
                earlier = self.recording.rebindings.get(option.id)
                if earlier is not None and isinstance(earlier.old, Variable) and earlier.name == name:
                    option = earlier.old  # the name lost its variable in an earlier round already
                self.recording.rebindings[value.id] = Rebinding(
                    name, option, value, self.place(node), operator, self.context, certain, plain
                )
                return

    def _derived(self, value: Data, old: Value, limit: int = 60) -> bool:
        """Whether `old` is among what `value` was computed from in a few steps."""
        stack: list[Value] = [value]
        seen: set[int] = set()
        while stack and limit:
            item = stack.pop()
            limit -= 1
            if item.id in seen:
                continue
            seen.add(item.id)
            if item is old:
                return True
            if isinstance(item, Data) and (item is value or item.ask is None):
                stack.extend(link.value for link in item.links)
            elif isinstance(item, Either):
                stack.extend(item.options)
        return False

    def assign(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind `value` to a target: a name, attribute, subscript or a tuple of them."""
        value = known(value)
        if isinstance(target, ast.Name):
            self.bind_name(target.id, self._own_lists(target.id, value, node), node)
        elif isinstance(target, ast.Attribute):
            holder = known(self.evaluate(target.value))
            value = self._own_lists(target.attr, value, node)
            self._note_replaced(target, self.world.get((holder.id, "." + target.attr)), value, node)
            if isinstance(value, Tape):
                value.name = value.name or self._called(target)
            self.assign_attribute(holder, target.attr, value, node)
        elif isinstance(target, ast.Subscript):
            holder = known(self.evaluate(target.value))
            index = known(self.evaluate(target.slice))
            if isinstance(holder, (Sequence, Dictionary)) and isinstance(index, Const):
                self._note_replaced(target, self.subscript(holder, index, target), value, node)
            self.store_item(holder, index, value, node)
            if isinstance(holder, Variable) or (is_tensor(holder) and isinstance(holder, Data) and not holder.nested):
                self.used(holder, "__setitem__", "write", target)
            if isinstance(holder, Data) and holder.kind is Kind.ARRAY:
                self._store_array(target.value, holder, value, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            star = next((at for at, item in enumerate(target.elts) if isinstance(item, ast.Starred)), None)
            values = self.unpack(value, len(target.elts), star, node)
            for item, part in zip(target.elts, values, strict=True):
                self.assign(item.value if isinstance(item, ast.Starred) else item, part, node)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, node)

    def _own_lists(self, name: str, value: Value, node: ast.AST) -> Value:
        """The variables of a model as a list of its own where a list of that name is changed: Keras makes it anew."""
        if value.__class__ is not VariableSet and value.__class__ is not Either:
            return value
        whole = [option for option in options(value) if isinstance(option, VariableSet) and not option.part]
        if not whole or name not in self.frame.module.outline.grown:
            return value
        lists = [
            self.sequence("list", (Several(option),), node) if option in whole else option for option in options(value)
        ]
        return either(lists)

    def _store_array(self, holder: ast.expr, array: Data, value: Value, node: ast.AST) -> None:
        """`array[i] = tensor`: the array now holds the tensor's value, cut off."""
        if isinstance(holder, ast.Name):
            joined = self.left(CutKind.NUMPY_FUNCTION, Kind.ARRAY, "array item", (array, value), node, array.dtype)
            self.bind_name(holder.id, joined, node)

    def assign_(self, node: ast.Assign) -> None:
        value = known(self.evaluate(node.value))
        if value is UNBOUND:
            value = self.unknown(node)
        for target in node.targets:
            self.assign(target, value, node)

    def ann_assign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, known(self.evaluate(node.value)), node)

    def aug_assign(self, node: ast.AugAssign) -> None:
        """`x += y`: lists grow in place; a tensor makes a new object; a variable is refused by TensorFlow."""
        target = node.target
        old = known(self.evaluate(self._load(target)))
        value = known(self.evaluate(node.value))
        items = self.items(old)
        if items is not None and isinstance(node.op, ast.Add) and isinstance(old, Sequence) and old.kind == "list":
            more = Items(self.taken(value, node))
            self.world.put((old.id, "#"), Items((*items.items, *more.items)))
            self.stays_empty(old, value)
            self.joined(old, items, more, node)
            return
        sign = OPERATORS[type(node.op)][0] + "="
        result = self.binary(type(node.op), old, value, node)
        if isinstance(target, ast.Name):
            self.bind_name(target.id, result, node, sign)
        else:
            self.assign(target, result, node)

    def _load(self, target: ast.expr) -> ast.expr:
        return target

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else (target,):
                self._delete(part, node)

    def forget(self, tape: Tape, node: ast.AST, name: str, certain: bool = True) -> None:
        """The program lets go of a tape."""
        self.event(Happening.DELETE, tape, node, name, certain=certain)
        self.world.put((tape.id, "held", "maybe"), False)

    def _delete(self, target: ast.expr, node: ast.AST) -> None:
        if isinstance(target, ast.Name):
            value = self.lookup(target.id)
            for option in options(value) if value is not None else ():
                if isinstance(option, Tape):
                    self.forget(option, node, target.id, certain=option is value)
            self.world.put((self.frame.id, "deleted", target.id), self.place(node))
            frame = self.frame.module.frame if target.id in self.frame.bindings.globals else self.frame
            self.world.put((frame.id, target.id), UNBOUND)
        elif isinstance(target, ast.Attribute):
            holder = known(self.evaluate(target.value))
            value = self.world.get((holder.id, "." + target.attr))
            for option in options(value) if isinstance(value, Value) else ():
                if isinstance(option, Tape):
                    self.forget(option, node, target.attr, certain=option is value)
            self.world.put((holder.id, "." + target.attr), UNBOUND)
        elif isinstance(target, ast.Subscript):
            holder = known(self.evaluate(target.value))
            self.escape(holder, node)
