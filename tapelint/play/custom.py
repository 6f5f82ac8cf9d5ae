"""`tf.custom_gradient`: what the decorated function returns and reads, and what its gradient function gives.

The body is played aside, with the running tapes suspended and everything forgotten afterwards: to the rest of the
program the result stays unknown, because its gradient is whatever the inner function says.
"""

from __future__ import annotations

import ast

from tapelint.play.arguments import Arguments
from tapelint.play.notes import Notes
from tapelint.play.records import Custom, Returned
from tapelint.play.values import (
    Bound,
    Const,
    Data,
    Either,
    Function,
    Kind,
    Object,
    Place,
    Sequence,
    Several,
    Symbol,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.scope import Frame

CUSTOM = "tensorflow.custom_gradient"


class Customs(Notes):
    """Calls of functions under `tf.custom_gradient`."""

    def frame_of(self, function: Function) -> Frame:
        raise NotImplementedError

    def bind(self, function: Function, frame: Frame, arguments: Arguments, node: ast.AST) -> None:
        raise NotImplementedError

    def run(self, function: Function, frame: Frame, node: ast.AST) -> Value:
        raise NotImplementedError

    def _custom_gradient(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.custom_gradient(f)`: `f` with its own gradient; without a function it is a decorator."""
        function = arguments.get(0, "f")
        if function is None:
            return Symbol(CUSTOM, self.place(node))
        if isinstance(function, Bound) and isinstance(function.function, Function):
            return Bound(self._decorated(function.function), function.receiver)
        if isinstance(function, Function):
            return self._decorated(function)
        return self.unknown(node, arguments.all(), "custom-gradient")

    def _decorated(self, function: Function) -> Function:
        if CUSTOM in function.decorators:
            return function
        return Function(
            function.node, function.module, function.closure, function.place, function.time, function.defaults,
            (*function.decorators, CUSTOM), function.owner,
        )  # fmt: skip

    def note_custom(self, function: Function, arguments: Arguments, node: ast.AST, result: Value | None) -> None:
        """Play the body of a decorated function aside and note what it gives; `result` is what the caller sees."""
        if _has_tape(function.node, inside=False):
            return  # its own tapes would not record while the others are suspended
        if any(other.node is function.node for other in self.stack):
            return
        mark = self.world.mark()
        context = self.context
        self.world.put(("suspended",), self.world.get(("suspended",), 0) + 1)
        self.refresh()
        try:
            custom = self._played(function, arguments, node, result)
        finally:
            self.world.rollback(mark)
            self.world.alive = True
            self.context = context
            self.refresh()
        self.recording.customs.append(custom)

    def _played(self, function: Function, arguments: Arguments, node: ast.AST, result: Value | None) -> Custom:
        began = self.tick()
        own = 1 if function.owner is not None and "builtins.staticmethod" not in function.decorators else 0
        given = [value if at < own else self._inside(value, node) for at, value in enumerate(arguments.args)]
        inputs = [leaf for value in arguments.args[own:] for leaf in self.flat(value)]
        exact = not arguments.more and all(_counted(leaf) for leaf in inputs) and not function.node.args.vararg
        frame = self.frame_of(function)
        self.bind(function, frame, Arguments(tuple(given), arguments.kwargs, more=arguments.more), node)
        returned = self.run(function, frame, node)
        custom = Custom(function.node, function.name, self.place(node), self.context, bool(own), result)
        custom.reason = self.recording.decorators.get((id(function.node), CUSTOM))
        custom.inputs = tuple(inputs) if exact else None
        custom.keywords = tuple(arguments.kwargs)
        custom.returned, pair = self._kind_of_return(returned)
        if pair is None:
            return custom
        value, gradient = pair
        leaves = self.flat(value)
        custom.outputs = len(leaves) if all(_counted(leaf) for leaf in leaves) else None
        named = set(self.flats(arguments.kwargs.values()))  # handed over by name: no inputs, and not read from outside
        custom.reads = [read for read in self._reads_since(leaves, began) if read[0] not in named]
        if isinstance(gradient, Function):
            custom.gradient = gradient.node
            self._ask_gradient(custom, gradient, len(leaves), node)
        return custom

    def _inside(self, value: Value, node: ast.AST, depth: int = 3) -> Value:
        """An argument as the body sees it: TensorFlow hands variables over as tensors."""
        if isinstance(value, Sequence) and depth and (items := self.items(value)) is not None and items.exact:
            return self.sequence(value.kind, [self._inside(item, node, depth - 1) for item in items], node)
        if isinstance(value, (Variable, Data, Const)) and (
            isinstance(value, Variable) or (isinstance(value, Data) and value.kind is Kind.TENSOR)
        ):
            made = self.data(Kind.TENSOR, "argument", (), node, value.dtype)
            made.shape = self.shape_of(value)
            made.nested = isinstance(value, Data) and value.nested
            return made
        return value

    def _kind_of_return(self, value: Value) -> tuple[Returned, tuple[Value, Value] | None]:
        """What the decorated function returned, and the pair if it is one."""
        if isinstance(value, Const):
            return (Returned.NOTHING if value.value is None else Returned.VALUE), None
        if isinstance(value, Data):
            return (Returned.UNKNOWN if value.nested else Returned.VALUE), None
        if isinstance(value, Sequence) and (items := self.items(value)) is not None and items.exact:
            held = items.items
            if len(held) == 2:
                first, second = held
                if isinstance(first, Function) and isinstance(second, (Data, Const)):
                    return Returned.SWAPPED, None
                if isinstance(second, (Data, Const)):
                    return Returned.CALLED, None
                return Returned.PAIR, (first, second)
            if len(held) > 2:
                return (Returned.MANY if isinstance(held[-1], Function) else Returned.UNKNOWN), None
        return Returned.UNKNOWN, None

    def _reads_since(self, leaves: list[Value], began: int) -> list[tuple[Value, Place | None]]:
        """The trainable variables that the values were computed from in the body, and where they were read."""
        found: list[tuple[Value, Place | None]] = []
        seen: set[int] = set()
        stack: list[tuple[Value, Place | None]] = [(leaf, leaf.place) for leaf in leaves]
        while stack:
            value, place = stack.pop()
            if value.id in seen:
                continue
            seen.add(value.id)
            if isinstance(value, Variable):
                if value.trainable is True:
                    found.append((value, place))
            elif isinstance(value, VariableSet):
                # Also of a frozen layer: the variables inside Keras's own stay trainable to TensorFlow.
                weighted = value.owner.id in self.recording.weighted and isinstance(value.owner, Object)
                if value.which == "trainable" and weighted:
                    found.append((value, place))
            elif isinstance(value, Data) and value.time > began:
                stack.extend((link.value, value.place) for link in value.links)
        return found

    def _ask_gradient(self, custom: Custom, gradient: Function, outputs: int, node: ast.AST) -> None:
        """Play the gradient function on upstream gradients and note which results depend on them."""
        args = gradient.node.args
        names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
        custom.upstreams = tuple(name for name in names if name != "variables")
        custom.takes_variables = (
            "variables" in names or args.kwarg is not None or any(arg.arg == "variables" for arg in args.kwonlyargs)
        )
        custom.open = args.vararg is not None or (bool(args.defaults) and not custom.takes_variables)
        if custom.open or len(custom.upstreams) != max(outputs, 1):
            return
        if custom.takes_variables and (not custom.reads or args.kwarg is not None):
            return
        given = [self.data(Kind.TENSOR, "upstream", (), node, "float") for _ in custom.upstreams]
        frame = self.frame_of(gradient)
        named: dict[str, Value] = {}
        if custom.takes_variables:
            read = [Several(value) if isinstance(value, VariableSet) else value for value, _ in custom.reads]
            named["variables"] = self.sequence("list", read, node)
        self.bind(gradient, frame, Arguments(tuple(given), named), node)
        if _has_tape(gradient.node):
            # It runs when the outer tapes are asked; what it records is its own.
            self.world.put(("tapes",), ())
            self.world.put(("suspended",), 0)
            self.refresh()
        answer = self.run(gradient, frame, node)
        leaves = self.flat(answer)
        if custom.takes_variables:
            custom.single = isinstance(answer, Data) and not answer.nested and answer.kind is Kind.TENSOR
            return
        if isinstance(answer, Sequence) and ((items := self.items(answer)) is None or not items.exact):
            return
        if isinstance(answer, Either):
            return
        if all(_counted(leaf) or (isinstance(leaf, Unknown) and leaf.role == "operator") for leaf in leaves):
            custom.gradients = len(leaves)
        custom.answers = tuple(self._depends(leaf, given) for leaf in leaves)

    def _depends(self, value: Value, upstreams: list[Data], limit: int = 200) -> bool | None:
        """Whether a result depends on an upstream gradient; None where it can't be told or is zero on purpose."""
        if isinstance(value, Const) or value.id in self.recording.zeros:
            return None
        if isinstance(value, Data) and (value.op == "tf.stop_gradient" or isinstance(value.same, Unknown)):
            return None
        if not isinstance(value, Data) and not (isinstance(value, Unknown) and value.role == "operator"):
            return None
        wanted = {upstream.id for upstream in upstreams}
        seen: set[int] = set()
        stack: list[Value] = [value]
        while stack and limit:
            item = stack.pop()
            limit -= 1
            if item.id in wanted:
                return True
            if item.id in seen:
                continue
            seen.add(item.id)
            if isinstance(item, Data):
                stack.extend(link.value for link in item.links)
            elif isinstance(item, Unknown):
                stack.extend(item.inputs)
            elif isinstance(item, (Either, Sequence)):
                stack.extend(options(item) if isinstance(item, Either) else self.items(item) or ())
            elif not isinstance(item, (Const, Variable, VariableSet, Symbol, Function, Object)):
                return None
        return False if limit else None


def _has_tape(node: ast.AST, inside: bool = True) -> bool:
    """Whether a function names a tape; without `inside` those in the functions within it do not count."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Attribute) and item.attr == "GradientTape":
            return True
        if inside or not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(item))
    return False


def _counted(value: Value) -> bool:
    """Whether a value certainly is one leaf of a structure."""
    return isinstance(value, (Const, Variable)) or (isinstance(value, Data) and not value.nested)
