"""The player: which code is played, in what order, with what arguments.

The module body comes first, with everything it calls. Then every function and method that holds a tape, or reaches one
through visible calls, is played on its own with unknown arguments; methods on an object whose `__init__` was played
the same way. A nested function that nobody called is played when the function around it ends.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress

from tapelint.play.arguments import Arguments
from tapelint.play.context import Context
from tapelint.play.custom import CUSTOM
from tapelint.play.definitions import STEPPING
from tapelint.play.machine import FIRST_STEPS, MAX_STEPS, BudgetSpent
from tapelint.play.marks import Built
from tapelint.play.outline import Outline, walk
from tapelint.play.recording import Recording
from tapelint.play.records import Run
from tapelint.play.scope import Frame, Module
from tapelint.play.statements import Statements
from tapelint.play.values import (
    Class,
    Const,
    Dictionary,
    Either,
    Function,
    Instance,
    Object,
    Sequence,
    Tape,
    Unknown,
    Value,
    Variable,
    either,
    options,
)
from tapelint.play.world import Changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.modules import Modules

MARKS = frozenset(
    {
        "GradientTape", "gradient", "jacobian", "batch_jacobian", "apply_gradients", "minimize", "custom_gradient",
        "ForwardAccumulator", "gradients", "hessians", "reset_states", "get_scaled_loss", "get_unscaled_gradients",
        "compute_gradients", "get_gradients",
    }
)  # fmt: skip
"""Names that make a function worth playing on its own."""

TAPES = frozenset({"GradientTape", "ForwardAccumulator", "custom_gradient"})
"""Names without which a module makes no tape of its own."""

_MODULE = "custom_gradient"
"""What TensorFlow's function is called, and a module of other libraries."""
FEW_STEPS = 5_000
"""What may be done for each function of a module that makes no tape of its own."""
_MOST_STEPS = 75_000
"""What may be done for one file, imported modules left out."""
_IMPORT_STEPS = 8_000
"""What may be done for one imported module."""
_BEFORE_ALL = -1_000_000_000
"""The time at which modules are imported: before everything that the played module does."""


class Player(Statements):
    """Plays one module."""

    def __init__(
        self, module: Module, keras: int, project: Modules | None = None, replaced: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(module, keras, project, replaced)
        self.import_clock = _BEFORE_ALL
        self.allowance = MAX_STEPS
        self.returns: list[tuple[Changes, Value]] = []
        self.exit_state: tuple[int, int] | None = None
        """The state of the world when a function was left last."""
        self.base = 0

    def record(self) -> Recording:
        """Play the whole module and give what was recorded."""
        used = self.module.outline.used
        elsewhere = self._marked_elsewhere()
        steps = any(function.name in STEPPING for function in self.module.outline.functions)
        if not used & MARKS and not used & elsewhere and not steps:
            return self.recording  # a mark in a comment or a string only
        if not used & TAPES and not used & elsewhere:
            self.allowance = FEW_STEPS  # only optimizers and old functions are of interest
        reach = _Reach(self.module.outline, elsewhere)
        self.budget(self.allowance)
        try:
            self.play(self.module.tree.body)
        except BudgetSpent:
            self._recover()
            self._leave_unfinished(None)
            # What the module body left open is not open while a function is played by itself.
            self.world.put(("tapes",), ())
            self.world.put(("suspended",), 0)
            self.refresh()
        self.world.alive = True
        self.standalone = True
        played: set[tuple[int, int]] = set()
        for function, cls in self._functions(reach):
            key = (id(function.node), cls.id if cls is not None else 0)
            if key in played:
                continue
            played.add(key)
            left = _MOST_STEPS - self.steps - (self.world.cost >> 3)
            if left < 0:
                break
            self.allowance = min(self.allowance, left)
            if not _has_parameters(function) and id(function.node) in self.called:
                continue
            self.play_alone(function, cls)
        return self.recording

    def _marked_elsewhere(self) -> frozenset[str]:
        """The names in this module of functions, classes and methods of other modules that are worth playing."""
        found: set[str] = set()
        if self.project is None:
            return frozenset()
        for node in self.module.outline.imports:
            if isinstance(node, ast.ImportFrom):
                path = self.project.find("." * node.level + (node.module or ""), self.module.source.path)
                if path is None:
                    continue
                for alias in node.names:
                    marked = self.project.marked(path, "" if alias.name == "*" else alias.name)
                    found |= marked
                    if alias.asname and alias.name in marked:
                        found.add(alias.asname)
            else:
                for alias in node.names:
                    path = self.project.find(alias.name, self.module.source.path)
                    if path is not None:
                        found |= self.project.marked(path, "")
        return frozenset(found)

    def play_module(self, module: Module) -> None:
        """Play the body of an imported module, and make what it did hold on every path."""
        kept = dict(vars(self))
        mark = self.world.mark()
        alive = self.world.alive
        self.frame, self.context, self.standalone = module.frame, Context(), False
        self.stack, self.exits, self.jumps, self.attempts, self.returns = [], [], [], [], []
        self.pending, self.pending_classes, self.callees = [], [], set()
        self.world.alive = True
        self.clock = self.import_clock
        spent = self.steps + (self.world.cost >> 3)
        self.limit, self.reserve = spent + _IMPORT_STEPS, 0
        for key in (("tapes",), ("running",), ("suspended",)):
            if self.world.get(key):
                self.world.put(key, 0 if key == ("suspended",) else ())
        self.refresh()
        with suppress(BudgetSpent):  # what it has bound so far stands; the rest is unknown
            self.play(module.tree.body)
        changes = self.world.changes(mark)
        self.world.rollback(mark)
        self.world.settle({key: value for key, value in changes.items() if not isinstance(key[0], str)})
        self.world.alive = alive
        self.import_clock = self.clock
        for name in _PLAYING:
            setattr(self, name, kept[name])
        self.limit += self.steps + (self.world.cost >> 3) - spent

    def budget(self, steps: int) -> None:
        self.limit = self.steps + (self.world.cost >> 3) + steps

    def _recover(self) -> None:
        self.frame = self.module.frame
        self.stack.clear()
        self.exits.clear()
        self.jumps.clear()
        self.attempts.clear()
        self.context = Context()

    def _functions(self, reach: _Reach) -> Iterator[tuple[Function, Class | None]]:
        """The functions of the module that are worth playing on their own, in the order of the text.

        A method comes with the class of the object to play it on: first all methods on objects of their own class, then
        inherited ones on objects of the classes that inherit them.
        """
        found: list[Function] = []
        for function in self.pending:
            if function.closure is self.module.frame and reach.worth(function.node):
                found.append(function)
        for cls in self.pending_classes:
            for name in cls.frame.bindings.counts:
                held = self.world.get((cls.frame.id, name))
                function_ = self._undecorated(held)
                if isinstance(function_, Function) and function_.owner is cls and reach.worth(function_.node):
                    found.append(function_)
        found.sort(key=lambda function: function.node.lineno)
        yield from ((function, function.owner) for function in found)
        for cls in self.pending_classes:
            yield from ((function, cls) for function in self._inherited(cls))

    def _undecorated(self, held: object) -> object:
        """The method itself, where a class holds what a decorator made of it."""
        if isinstance(held, Unknown) and held.inputs:
            return held.inputs[0]
        return self.world.get((held.id, "around"), held) if isinstance(held, Function) else held

    def _inherited(self, cls: Class) -> Iterator[Function]:
        """The methods that a class has from visible classes above it and that hold a mark."""
        seen = set(cls.frame.bindings.counts)
        for above in self.mro(cls)[1:]:
            for name in above.frame.bindings.counts:
                held = self.world.get((above.frame.id, name))
                function = self._undecorated(held)
                if name not in seen and isinstance(function, Function) and self._marked(function):
                    yield function
            seen |= above.frame.bindings.counts.keys()

    def play_alone(self, function: Function, cls: Class | None) -> None:
        """Play a function with arguments that nobody knows, and forget what it did to the world.

        A method is played on an object of the class `cls`.
        """
        mark = self.world.mark()
        self.entry = self.tick()
        self.recording.entries.append(self.entry)
        first = min(self.allowance, FIRST_STEPS)
        self.budget(first)
        self.reserve, self.noted = self.allowance - first, self.recording.size
        try:
            arguments = self._own_arguments(function, cls)
            self.recording.entries.append(self.tick())  # what `__init__` made for it may have been written since
            if CUSTOM in function.decorators:
                self.note_custom(function, arguments, function.node, None)
            bare = Function(
                function.node,
                function.module,
                function.closure,
                function.place,
                function.time,
                {},
                tuple(name for name in function.decorators if name == "tensorflow.function"),
                function.owner,
            )
            frame = self.frame_of(bare)
            frame.in_graph = frame.in_graph or self.traced_by_fit(function)
            self.bind(bare, frame, arguments, function.node)
            self._know_parameters(function, cls, frame)
            self.run(bare, frame, function.node)
        except BudgetSpent:
            self._recover()
        self.world.rollback(mark)
        self.world.alive = True
        self.refresh()

    def _own_arguments(self, function: Function, cls: Class | None) -> Arguments:
        if cls is None or "builtins.staticmethod" in function.decorators:
            return Arguments(more=True)
        if "builtins.classmethod" in function.decorators:
            return Arguments((cls,), more=True)
        return Arguments((self.template(cls, function),), more=True)

    def template(self, cls: Class, function: Function) -> Instance:
        """An object of the class as its `__init__` leaves it, whatever it was given: `function` is played on it."""
        node = function.node
        kind, whole = self.kind_of(cls)
        instance = Instance(cls, kind, whole, self.place(cls.node), self.tick())
        init = self.class_attribute(cls, "__init__")
        if isinstance(init, Function):
            bare = Function(init.node, init.module, init.closure, init.place, init.time, {}, (), init.owner)
            self.call_function(bare, Arguments((instance,), more=True), cls.node)  # type: ignore[arg-type]
            self.world.alive = True
        else:
            instance.whole = False
        if kind in ("model", "layer"):
            self.build(instance, cls.node)  # type: ignore[arg-type]
            self.world.alive = True
        self.escape_attributes(instance, node)
        if kind in ("model", "layer"):
            self.world.put((instance.id, "built"), Built())
        self._maybe_built(instance, cls, function)
        for name in list(self.attributes.get(instance.id, ())):
            held = self.world.get((instance.id, "." + name))
            for option in options(held) if isinstance(held, Value) else ():
                if isinstance(option, (Sequence, Dictionary)) and self.filled(option, name, cls):
                    self.escape(option, node)
            if self.written(name, cls) and not (self._refuses(held) and self._only_augmented(name, cls)):
                # Written elsewhere too: which value it has by now can't be told.
                old = self.world.get((instance.id, "." + name))
                stale = Unknown(self.place(node), instance.time, (), "attribute")
                self.set_attribute(instance, name, either((old, stale)) if isinstance(old, Value) else stale)
        return instance

    def _refuses(self, value: object) -> bool:
        """Whether `value -= x` raises: a variable stays what it is then."""
        return isinstance(value, Variable) and value.keras is False

    def _only_augmented(self, name: str, cls: Class) -> bool:
        """Whether all that writes an attribute is of the kind `x.name -= y`."""
        modules = {self.module, *(above.module for above in self.mro(cls))}
        outlines = [module.outline for module in modules]
        return all(found.attributes.get(name, 0) <= found.augmented.get(name, 0) for found in outlines)

    def _maybe_built(self, instance: Instance, cls: Class, function: Function) -> None:
        """What `__init__` made and other code than `function` names: that code may have built it by now."""
        init = self.class_attribute(cls, "__init__")
        own = [(function.node, function.module), *([(init.node, init.module)] if isinstance(init, Function) else [])]
        modules = {self.module, *(visible.module for visible in self.mro(cls))}

        def elsewhere(name: str) -> bool:
            return any(
                not any(module is home and top.lineno <= line <= (top.end_lineno or 0) for top, home in own)
                for module in modules
                for line in module.outline.named_at.get(name, ())
            )

        for name in self.attributes.get(instance.id, ()):
            held = self.world.get((instance.id, "." + name))
            parts = [option for leaf in self.flat(held) for option in options(leaf)] if isinstance(held, Value) else []
            made = [part for part in parts if getattr(part, "kind", "") in ("layer", "model")]
            if made and elsewhere(name):
                for part in made:
                    self.mark_built(part)

    def _know_parameters(self, function: Function, cls: Class | None, frame: Frame) -> None:
        """What is certain of parameters: Keras hands tensors to `train_step` and `test_step`."""
        if cls is None:
            return
        kind, _ = self.kind_of(cls)
        names = [arg.arg for arg in function.node.args.args]
        if kind == "model" and function.name in ("train_step", "test_step", "predict_step") and len(names) >= 2:
            self.world.put((frame.id, names[1]), self.fresh(function.node, "dataset"))

    # -- running a function ---------------------------------------------------------------------------------------

    def run(self, function: Function, frame: Frame, node: ast.AST) -> Value:
        """Play the body in `frame` and join all its ways out; the value is what it returns."""
        outer = (self.frame, self.exits, self.jumps, self.returns, self.base, self.attempts)
        call = self.place(node)
        before = len(self.pending)
        tapes = len(self.recording.tapes)
        self.frame, self.exits, self.jumps, self.returns, self.attempts = frame, [], [], [], []
        self.base = self.world.mark()
        base = self.base
        self.stack.append(function)
        self.recording.visited.add(function.module)
        frame.in_graph = frame.in_graph or outer[0].in_graph
        context = self.context
        began = self.tick()
        first = self.first_run if "tensorflow.function" in function.decorators else None
        if first is not None and first.function is None:
            first.function = function
        else:
            first = None
        trace = context.trace or (self.trace_of(function, call, frame) if frame.in_graph else None)
        try:
            if trace is not None and trace is not context.trace:
                self.recording.trace_calls.append(trace)
            with self.within(
                calls=(*context.calls, call), in_graph=frame.in_graph, near=len(context.guards), trace=trace
            ):
                if isinstance(function.node, ast.Lambda):
                    self.leave_function(self.evaluate(function.node.body))
                else:
                    self.play(function.node.body)
            ends: list[tuple[Changes, Value]] = list(self.returns)
            if self.world.alive:
                ends.append((self.world.changes(base), Const(None, call, self.clock)))
                self.exit_state = self.world.state()
            gone = len(self.stack) > 1 and not frame.bindings.read_later
            if len(ends) == 1 and self.exit_state == self.world.state():
                self.world.alive = True  # the world is as the only way out leaves it
            else:
                self.world.rollback(base)
                if gone:
                    ends = [({k: v for k, v in changes.items() if k[0] != frame.id}, value) for changes, value in ends]
                self.world.merge([changes for changes, _ in ends])
            if gone:
                self.world.drop(frame.id, frame.bindings.counts)
            if not ends:
                # It always raises, here at least: a subclass or another argument may not.
                self.world.alive = True
                result: Value = self.unknown(node, (), "call")
            else:
                result = either(value for _, value in ends)
            if trace is not None and trace is not context.trace and self._refused(result):
                self.recording.refused.add(trace.time)
            self.refresh()
            for tape in self.recording.tapes[tapes:]:
                held = self.world.get((tape.id, "held", "maybe"))
                if held and self.recording.functions.get(tape.id) is function.node:
                    self.recording.kept.add(tape.id)
            frame.late = True
            if (self.standalone or len(self.stack) == 1) and not self.world.get(("suspended",), 0):
                self._play_nested(before)
                self._play_methods()
        except BudgetSpent:
            self._leave_unfinished(function.node, tapes)
            raise
        finally:
            self.recording.runs.append(Run(began, self.clock, call, function.node, trace))
            self.stack.pop()
            if first is not None:
                first.function = None
            self.frame, self.exits, self.jumps, self.returns, self.base, self.attempts = outer
            self.context = context
        return result

    def _refused(self, result: Value) -> bool:
        """Whether TensorFlow certainly refuses what a traced function returns: it takes tensors, no Keras objects."""
        kinds = ("optimizer", "metric", "layer", "model")
        return any(isinstance(leaf, (Object, Instance)) and leaf.kind in kinds for leaf in self.flats((result,)))

    def _leave_unfinished(self, node: ast.AST | None, first: int = 0) -> None:
        """What a function would still have done with its tapes can't be told."""
        for tape in self.recording.tapes[first:]:
            if self.recording.functions.get(tape.id) is node:
                self.recording.handed.add(tape.id)

    def _play_nested(self, before: int) -> None:
        """Functions that the frame made and nobody called: somebody else will."""
        nested = [function for function in self.pending[before:] if id(function.node) not in self.called]
        for function in nested:
            if not self._marked(function) or id(function.node) in self.called:
                continue
            self.called.add(id(function.node))
            mark = self.world.mark()
            frame = self.frame_of(function)
            bare = Function(
                function.node, function.module, function.closure, function.place, function.time, {}, (), None
            )
            outer, self.called_by_others = self.called_by_others, True
            try:
                self.bind(bare, frame, Arguments(more=True), function.node)
                self.run(bare, frame, function.node)
            finally:
                self.called_by_others = outer
            self.world.rollback(mark)
            self.world.alive = True
            self.refresh()

    def _play_methods(self) -> None:
        """The methods of classes that the frame made: unseen code will call them on an object of the class."""
        for cls in self.pending_classes:
            if cls.frame.parent is not self.frame:
                continue
            for name in cls.frame.bindings.counts:
                function = self.world.get((cls.frame.id, name))
                if not isinstance(function, Function) or function.owner is not cls or not self._marked(function):
                    continue
                if id(function.node) in self.called:
                    continue
                self.called.add(id(function.node))
                mark = self.world.mark()
                kept = tuple(decorator for decorator in function.decorators if decorator == "tensorflow.function")
                bare = Function(
                    function.node, function.module, function.closure, function.place, function.time, {}, kept, cls
                )
                arguments = self._own_arguments(function, cls)
                frame = self.frame_of(bare)
                frame.in_graph = frame.in_graph or self.traced_by_fit(function)
                self.bind(bare, frame, arguments, function.node)
                self._know_parameters(function, cls, frame)
                self.run(bare, frame, function.node)
                self.world.rollback(mark)
                self.world.alive = True
                self.refresh()

    def _marked(self, function: Function) -> bool:
        used = function.module.outline.names.get(id(function.node))
        if used is None:  # a lambda
            used = {str(getattr(node, "attr", "") or getattr(node, "id", "")) for node in walk(function.node)}
        return bool(used & MARKS)

    def leave_function(self, value: Value) -> None:
        """`return value`: leave all `with` blocks of the function and keep the world as it is then."""
        self._leave(0)
        for leaf in self.flat(value):
            for option in leaf.options if isinstance(leaf, Either) else (leaf,):
                if isinstance(option, Tape):
                    self.recording.handed.add(option.id)
                if len(self.stack) <= 1 or option.id in self.recording.handed:
                    self._note_handed(option)
        if self.frame.node is not None:
            self.returns.append((self.world.changes(self.base), value))
            self.exit_state = self.world.state()
        self.world.alive = False

    def may_leave(self, value: Value) -> None:
        """A generator that waits here may never be read further."""
        if len(self.returns) < 4:
            self.returns.append((self.world.changes(self.base), value))
            self.exit_state = None


_PLAYING = (
    "frame", "context", "standalone", "stack", "exits", "jumps", "attempts", "returns", "pending", "pending_classes",
    "callees", "clock", "limit", "reserve",
)  # fmt: skip
"""What an import leaves as it was."""


class _Reach:
    """Which functions hold a mark, or call by name one that does; `elsewhere` are such names of other modules."""

    def __init__(self, found: Outline, elsewhere: frozenset[str] = frozenset()) -> None:
        self.marked: set[int] = set()
        names: set[str] = set(elsewhere)
        words = _words(found)
        for node in found.functions:
            if words[id(node)] & MARKS:
                self.marked.add(id(node))
                names.add(node.name)
        for cls in found.classes:
            inherited = {base.id for base in cls.bases if isinstance(base, ast.Name)}
            if inherited & names or any(id(part) in self.marked for part in cls.body):
                names.add(cls.name)
        for item in found.assigns:
            if isinstance(item.value, ast.Call):
                given = {part.id for part in item.value.args if isinstance(part, ast.Name)}
                if given & names:  # `step = tf.function(step)`
                    names |= {target.id for target in item.targets if isinstance(target, ast.Name)}
        for node in found.functions:
            if id(node) not in self.marked and words[id(node)] & names:
                self.marked.add(id(node))

    def worth(self, node: ast.AST) -> bool:
        return id(node) in self.marked


def _words(found: Outline) -> Mapping[int, set[str]]:
    """The names in each function, without those of a `custom_gradient` that is not TensorFlow's.

    TensorFlow Probability has one of its own, in a module of that name: nothing is known of what stands under it.
    """
    others = {
        alias.asname or alias.name
        for node in found.imports
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] != "tensorflow"
        for alias in node.names
        if alias.name == _MODULE
    }
    if not others:
        return found.names
    hidden = others | {_MODULE}
    return {
        id(node): words - hidden if words & others and _only_of(others, node) else words
        for node in found.functions
        for words in (found.names[id(node)],)
    }


def _only_of(modules: set[str], function: ast.AST) -> bool:
    """Whether each `custom_gradient` that a function names is that of one of the modules."""
    return all(
        isinstance(part.value, ast.Name) and part.value.id in modules
        for part in walk(function)
        if isinstance(part, ast.Attribute) and part.attr == _MODULE
    )


def _has_parameters(function: Function) -> bool:
    args = function.node.args
    given = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
    return function.owner is not None or any(parameter is not None for parameter in given)
