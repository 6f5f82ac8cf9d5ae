"""Functions, classes and objects of the program: calling them, making them, reading their attributes."""

from __future__ import annotations

import ast
from collections.abc import Hashable

from tapelint.play.arguments import Arguments
from tapelint.play.callbacks import is_callable
from tapelint.play.generators import MANAGER, TAPE_CLASSES, Generators
from tapelint.play.keras import LEAVING, OPTIMIZING, SETS
from tapelint.play.library import TAPE
from tapelint.play.machine import MAX_DEPTH
from tapelint.play.marks import Built
from tapelint.play.outline import CHANGING
from tapelint.play.records import Fit, Happening
from tapelint.play.scope import Frame, bindings_of
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Instance,
    Kind,
    Link,
    Method,
    Object,
    OneShot,
    Partial,
    Paused,
    Sequence,
    Several,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    either,
    options,
)
from tapelint.play.world import known

TRANSPARENT = frozenset(
    {
        "builtins.staticmethod", "builtins.classmethod", "builtins.property", "tensorflow.function",
        "tensorflow.autograph.experimental.do_not_convert", "tensorflow.Module.with_name_scope",
        "functools.lru_cache", "functools.cache", "functools.cached_property", "functools.wraps",
        "abc.abstractmethod", "typing.override", "typing_extensions.override", "typing.overload",
        "tensorflow.recompute_grad", "keras.saving.register_keras_serializable",
        "keras.utils.register_keras_serializable", "tensorflow.autograph.to_graph", MANAGER,
        "typing.no_type_check", "tensorflow.keras.utils.register_keras_serializable",
    }
)  # fmt: skip
"""Decorators that leave what a function does as it is."""


_KEEPING = frozenset({"functools.lru_cache", "functools.cache"})

_LOOPS = ("make_train_function", "train_function")
"""What a model may have of its own to run its `train_step`."""


class Objects(Generators):
    """Calls and attributes of everything visible."""

    # -- calls ----------------------------------------------------------------------------------------------------

    def call(self, function: Value, arguments: Arguments, node: ast.expr) -> Value:
        """Call any value."""
        self.step()
        function = known(function)
        if isinstance(function, Either):
            return self._call_either(function, arguments, node)
        if isinstance(function, Function):
            return self.call_function(function, arguments, node)
        if isinstance(function, Bound):
            return self._call_bound(function, arguments, node)
        if isinstance(function, Symbol):
            return self.call_symbol(function, arguments, node)
        if isinstance(function, Method):
            return self.call_method(function, arguments, node)
        if isinstance(function, Class):
            return self.instantiate(function, arguments, node)
        if isinstance(function, Instance):
            return self.call_instance(function, arguments, node)
        if isinstance(function, Object):
            return self.call_object(function, arguments, node)
        if isinstance(function, Partial):
            joined = Arguments(
                (*function.args, *arguments.args), {**function.kwargs, **arguments.kwargs}, more=arguments.more
            )
            return self.call(function.function, joined, node)
        if isinstance(function, Tape):
            self.event(Happening.UNKNOWN_METHOD, function, node, "__call__")
        if isinstance(function, VariableSet) and not function.part and not arguments.all() and not arguments.more:
            owner = function.owner
            if isinstance(owner, (Instance, Object)) and owner.kind in ("layer", "model", "module"):
                self.used(function, function.which, "call list", node)
            elif isinstance(owner, Object) and owner.kind == "optimizer":
                self.used(owner, "variables", "call", node)
        return self.call_unknown(function, arguments, node)

    def _call_either(self, function: Either, arguments: Arguments, node: ast.expr) -> Value:
        callables = [option for option in options(function) if not isinstance(option, Const)]
        if len(callables) == 1:
            return self.call(callables[0], arguments, node)
        if all(isinstance(option, Method) and isinstance(option.receiver, Tape) for option in callables):
            results = []
            for option in callables:
                assert isinstance(option, Method)
                assert isinstance(option.receiver, Tape)
                results.append(self.call_tape(option.receiver, option.name, arguments, node, certain=False))
            return either(results)
        applied, made = len(self.recording.applies), len(self.recording.creations)
        used = len(self.recording.uses)
        if len(callables) > 3:
            return self.call_unknown(function, arguments, node)
        results = []
        branches = []
        mark = self.world.mark()
        applies, creations = len(self.recording.applies), len(self.recording.creations)
        for option in callables:
            results.append(self.call(option, arguments, node))
            branches.append(self.world.changes(mark))
            self.world.rollback(mark)
        # Which of them is called can't be told: what only one of them does is no fact.
        del self.recording.applies[applies:]
        del self.recording.creations[creations:]
        self.world.merge(branches)
        self.refresh()
        if not all(isinstance(option, Method) and isinstance(option.receiver, Object) for option in callables):
            for apply in self.recording.applies[applied:]:
                apply.certain = False
        self._doubt_uses(used, [getattr(option, "receiver", option) for option in callables])
        for apply in self.recording.applies[applied:]:
            apply.alone = False
        for at in range(made, len(self.recording.creations)):
            self.recording.creations[at] = self.recording.creations[at]._replace(certain=False)
        return either(results)

    def _doubt_uses(self, first: int, choices: list[Value]) -> None:
        """What is used of one of several things that differ in kind is not certainly used."""
        if len(choices) > 1 and not all(isinstance(choice, Object) for choice in choices):
            for at in range(first, len(self.recording.uses)):
                self.recording.uses[at] = self.recording.uses[at]._replace(certain=False)

    def call_unknown(self, function: Value, arguments: Arguments, node: ast.expr) -> Value:
        """Anything may happen to what an unseen function is given."""
        if self.context.trace is not None:
            self.recording.unseen.add(self.context.trace.time)
        for value in arguments.all():
            self.escape(value, node)
        if isinstance(function, Tape):
            self.escape(function, node)
        if isinstance(function, Function) and all(other.node is not function.node for other in self.stack):
            self.escape(function, node)  # it is not played: what it does with the names around it can't be told
        if isinstance(function, Unknown) and function.role == "decorated":
            for part in function.inputs:
                self.escape(part, node)  # what the decorator made of it may run it
        inputs = [function, *self._held(arguments)]
        return self.unknown(node, inputs, "call", function)

    def assign(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        raise NotImplementedError

    def call_method(self, method: Method, arguments: Arguments, node: ast.expr) -> Value:
        """Call a method of something that is no object of a visible class."""
        value = method.receiver
        if isinstance(value, Tape):
            return self.call_tape(value, method.name, arguments, node)
        if isinstance(value, (Data, Variable, VariableSet)):
            if isinstance(value, VariableSet) and not value.part:
                own = self._own_list(value, method.name, node)
                if own is not None:
                    return self.call_container(own, method.name, arguments, node)
                self.note_growing(value.owner, method.name, arguments, node)
                return self.unknown(node, (value, *arguments.all()), "call")
            return self.call_data(value, method.name, arguments, node)
        if isinstance(value, (Sequence, Dictionary, OneShot, Const)):
            self.note_growing(self.recording.unbuilt.get(value.id), method.name, arguments, node)
            return self.call_container(value, method.name, arguments, node)
        if isinstance(value, Object):
            if value.kind == "super":
                instance = value.args.get("self")
                if method.name == "__init__" and instance is not None:
                    self.initialized(instance, arguments)
                return self.unknown(node, (), "call")
            if value.kind == "accumulator":
                return self.call_accumulator(value, method.name, arguments, node)
            if value.kind == "exit-stack":
                return self._exit_stack(value, method.name, arguments, node)
            return self.call_object_method(value, method.name, arguments, node)
        if isinstance(value, Instance):
            return self._call_inherited(value, method.name, arguments, node)
        if isinstance(value, Unknown):
            return self._call_unknown_method(value, method.name, arguments, node)
        return self.call_unknown(method, arguments, node)

    def _exit_stack(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name == "enter_context" and arguments.args:
            entered = self.enter_context(arguments.args[0], node)
            held = self.world.get((value.id, "entered"), ())
            self.world.put((value.id, "entered"), (*held, arguments.args[0]))
            return entered
        if name == "close":
            self.leave_stack(value, node)
        return self.unknown(node, (), "call")

    def enter_context(self, value: Value, node: ast.AST) -> Value:
        raise NotImplementedError

    def leave_stack(self, value: Object, node: ast.AST) -> None:
        for entered in reversed(self.world.get((value.id, "entered"), ())):
            for option in options(entered):
                if isinstance(option, Tape):
                    self.exit(option, node)
                elif isinstance(option, Paused):
                    self.resume(option.tape, option.time)
        self.world.put((value.id, "entered"), ())

    def _call_unknown_method(self, value: Unknown, name: str, arguments: Arguments, node: ast.expr) -> Value:
        # Kernels, layers and networks have an `apply` too, and `minimize` is a word of many.
        held = self._held(arguments)
        stepping = any(isinstance(leaf, Data) and leaf.ask is not None for leaf in held)
        if name == "apply_gradients":
            return self.optimize(value, name, arguments, node)
        if name == "minimize" or (name == "apply" and stepping):
            self.optimize(value, name, arguments, node)
            for item in arguments.all():
                if any(isinstance(option, Tape) for option in options(item)):
                    self.escape(item, node)
            return self.unknown(node, (value, *held), "method:" + name, value)
        if name in ("run", "experimental_run_v2") and arguments.args and is_callable(arguments.args[0]):
            self._run(arguments, node)
            return self.unknown(node, (value, *self._held(arguments)), "call")
        for item in arguments.all():
            self.escape(item, node)
        return self.unknown(node, (value, *self._held(arguments)), "method:" + name, value)

    def _own_list(self, value: VariableSet, name: str, node: ast.expr) -> Sequence | None:
        """`given.append(…)` where `given` holds the variables of a model: from here on it holds another list."""
        holder = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        holder = holder.target if isinstance(holder, ast.NamedExpr) else holder
        simple = isinstance(holder, (ast.Attribute, ast.Subscript)) and isinstance(holder.value, ast.Name)
        if name not in CHANGING or holder is None or not (simple or isinstance(holder, ast.Name)):
            return None
        if isinstance(holder, ast.Attribute) and holder.attr in SETS:
            return None
        own = self.sequence("list", (Several(value),), node)
        self.assign(holder, own, node)
        return own

    def note_growing(self, owner: Value | None, name: str, arguments: Arguments, node: ast.expr) -> None:
        """Note `model.trainable_variables.append(…)`: Keras makes that list anew each time it is read."""
        if name not in ("append", "extend", "insert") or not arguments.args:
            return
        holder = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
        if not isinstance(holder, ast.Attribute) or holder.attr not in SETS:
            return
        known_ = isinstance(owner, Object) or (isinstance(owner, Instance) and owner.whole)
        if known_ and isinstance(owner, (Instance, Object)) and owner.kind in ("layer", "model"):
            self.used(owner, name, "grow list", node, arguments.args[-1])

    def _call_inherited(self, value: Instance, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """A method that an object has from a library base class."""
        if value.kind in ("model", "layer", "module"):
            if name == "__call__":
                return self.call_instance(value, arguments, node)
            if name in ("add_weight", "add_variable") and value.kind != "module":
                return self.add_weight(value, arguments, node)
            if name == "get_weights" and value.kind in ("model", "layer"):
                return self.weights_as_arrays(value, node)
            if value.kind == "model" and name in LEAVING:
                return self.leave_by_predict(value, name, arguments, node)
            if value.kind in ("model", "layer") and name == "stateless_call" and value.whole:
                return self.stateless_call(value, arguments, node)
            if value.kind == "model" and name == "compute_loss":
                if value.whole:
                    self.used(value, name, "call", node)
                if loss := self.compute_loss(value, arguments, node):
                    return loss
            if name in (
                "compile", "fit", "build", "summary", "save", "save_weights", "load_weights", "set_weights", "add_loss",
                "add_metric", "compiled_metrics", "get_config",
            ):  # fmt: skip
                if name == "add_loss":
                    self.add_loss(value, arguments, node)
                if name == "compile":
                    self.world.put((value.id, "compiled"), arguments.get(1, "loss"))
                if name in ("set_weights", "load_weights"):
                    self.recording.loaded.add(value.id)
                if name == "fit" and value.kind == "model":
                    self._fit(value, node)
                if name in ("build", "fit", "set_weights", "load_weights"):
                    # Keras 3 does not run `call` once more to build it; whether its layers have weights now is open.
                    for part in (value, *self.kept_by(value)):
                        self.mark_built(part)
                if name == "fit" and value.kind == "model" and value.whole:
                    return self.fitted(value, arguments, node)
                return self.unknown(node, (), "call")
        if value.kind == "optimizer" and name in OPTIMIZING:
            return self.optimize(value, name, arguments, node)
        if name == "_replace" and not arguments.args and self.tuple_members(value) is not None:
            return self.copied_with(value, arguments.kwargs, node)
        for item in arguments.all():
            self.escape(item, node)
        self.escape(value, node)
        return self.unknown(node, (value, *self._held(arguments)), "call")

    def _fit(self, model: Instance, node: ast.expr) -> None:
        """`fit` calls the model's own `train_step` with a batch, as the model and the dtype policy are now."""
        step = self.class_attribute(model.cls, "train_step")
        if not isinstance(step, Function) or len(self.stack) >= MAX_DEPTH - 2:
            return
        if any(other.node is step.node for other in self.stack):
            return
        self.called.add(id(step.node))
        frame = self.frame_of(step)
        frame.in_graph = frame.in_graph or self.traced_by_fit(step)
        self.bind(step, frame, Arguments((model, self.fresh(step.node, "dataset"))), node)
        place, context = self.place(node), self.context
        logs = self.run(step, frame, node)
        if model.whole and not any(self.class_attribute(model.cls, name) for name in _LOOPS):
            given = {self._logs(option) for option in options(logs)} if self.world.alive else {""}
            if len(given) == 1:
                self.recording.fits.append(Fit(step, given.pop(), place, context))

    def _logs(self, value: Value) -> str:
        """What a `train_step` gave back, in the words of `Fit`; "" where it may be what Keras wants."""
        if isinstance(value, Const) and value.value is None:
            return "nothing"
        if isinstance(value, Data) and value.kind is Kind.TENSOR and not value.nested:
            return "tensor"
        if isinstance(value, Sequence) and value.kind in ("tuple", "list") and (items := self.items(value)):
            return value.kind if items.items and items.exact else ""
        return "empty" if isinstance(value, Dictionary) and self.entries(value) == Entries() else ""

    def _call_bound(self, bound: Bound, arguments: Arguments, node: ast.expr) -> Value:
        instance = bound.receiver
        builds = isinstance(bound.function, Function) and bound.function.name == "build"
        if builds and isinstance(instance, Instance) and instance.kind in ("layer", "model"):
            self.world.put((instance.id, "built"), Built())  # Keras won't call it once more
        joined = Arguments((bound.receiver, *arguments.args), arguments.kwargs, more=arguments.more)
        return self.call(bound.function, joined, node)

    # -- visible functions ----------------------------------------------------------------------------------------

    def call_function(self, function: Function, arguments: Arguments, node: ast.expr) -> Value:
        """Play a visible function with these arguments, in the world as it is."""
        self.called.add(id(function.node))
        names = set(function.decorators)
        if "?" in names or "tensorflow.custom_gradient" in names:
            for value in arguments.all():
                self.escape(value, node)
            result = self.unknown(node, (function, *self._held(arguments)), "call")
            if "?" not in names and len(self.stack) < MAX_DEPTH - 1:
                self.note_custom(function, arguments, node, result)
            return result
        running = sum(other.node is function.node for other in self.stack)
        if running or len(self.stack) >= MAX_DEPTH:
            return self.call_unknown(function, arguments, node)
        if function.module is not self.module and not self.can_go_away():
            return self.call_unknown(function, arguments, node)
        if bindings_of(function.node).generator:
            return self._call_generator(function, arguments, node)
        if "tensorflow.function" in names:
            arguments = self._handed_to_graph(arguments, node)
        arguments = self._lists_to_change(function, arguments, node)
        kept = self._kept_result(function, arguments)
        held = self.world.get(kept) if kept is not None else None
        if isinstance(held, Value):
            return held
        frame = self.frame_of(function)
        if frame.in_graph and self.keras == 3:
            arguments = self._as_traced(arguments, node)
        self.bind(function, frame, arguments, node)
        returned = self.run(function, frame, node)
        if kept is not None:
            self.world.put(kept, returned)
        # An empty body is still to be written, or overridden: what it will return can't be told.
        return self.unknown(node, (), "call") if _empty(function.node) else returned

    def _lists_to_change(self, function: Function, arguments: Arguments, node: ast.expr) -> Arguments:
        """The arguments of a function that changes the list it gets: a list of variables is then the caller's own."""
        if not isinstance(node, ast.Call) or not any(isinstance(value, VariableSet) for value in arguments.args):
            return arguments
        given = list(arguments.args)
        first = len(given) - len(node.args)  # an object stands before what the program gives its method
        parameters = [*function.node.args.posonlyargs, *function.node.args.args]
        for at, (value, parameter) in enumerate(zip(given, parameters, strict=False)):
            written = node.args[at - first] if at >= first >= 0 else None
            if not isinstance(written, ast.Name) or not isinstance(value, VariableSet) or value.part:
                continue
            if parameter.arg in function.module.outline.grown:
                given[at] = self.sequence("list", (Several(value),), node)
                self.assign(written, given[at], node)
        return arguments._replace(args=tuple(given))

    def _as_traced(self, arguments: Arguments, node: ast.expr) -> Arguments:
        """The arguments as a traced function gets them: in place of variables of Keras 3 it gets plain tensors."""

        def handed(value: Value) -> Value:
            if isinstance(value, Variable) and value.keras is True:
                return self.data(Kind.TENSOR, "tf.function", (Link(value),), node, value.dtype, shape=value.shape)
            if isinstance(value, VariableSet) and _is_of_keras(value):
                if not _certainly_of_keras(value):
                    return self.unknown(node, (), "traced")
                one = value if value.part else self.variables(value.owner, value.which, node, part=True)
                tensor = self.data(Kind.TENSOR, "tf.function", (Link(one),), node, "float")
                return tensor if value.part else self.sequence("list", (Several(tensor),), node)
            held = self.items(value) if isinstance(value, Sequence) else None
            if held is not None and isinstance(value, Sequence) and any(map(_is_of_keras, held)):
                whole = [self._each(item, node) for item in held.items]
                each = [Several(handed(item.of)) if isinstance(item, Several) else handed(item) for item in whole]
                return self.sequence(value.kind, each, node)
            plain = not isinstance(value, (Instance, Function)) and any(map(_is_of_keras, self.flat(value)))
            return self.unknown(node, (), "traced") if plain else value

        named = {name: handed(value) for name, value in arguments.kwargs.items()}
        return arguments._replace(args=tuple(map(handed, arguments.args)), kwargs=named)

    def _handed_to_graph(self, arguments: Arguments, node: ast.expr) -> Arguments:
        """What a traced function gets: TensorFlow makes tensors of the arrays among its arguments."""
        given = tuple(self._tensor_of_array(value, node) for value in arguments.args)
        kwargs = {name: self._tensor_of_array(value, node) for name, value in arguments.kwargs.items()}
        return arguments._replace(args=given, kwargs=kwargs)

    def _tensor_of_array(self, value: Value, node: ast.expr) -> Value:
        if not isinstance(value, Data) or value.kind is not Kind.ARRAY:
            return value
        made = self.world.get((value.id, "in graph"))
        if not isinstance(made, Data):
            made = self.data(Kind.TENSOR, "tf.function", (Link(value),), node, value.dtype, shape=value.shape)
            self.world.put((value.id, "in graph"), made)
        return made

    def _kept_result(self, function: Function, arguments: Arguments) -> tuple[Hashable, ...] | None:
        """Where the world keeps what a function under `functools.lru_cache` gave for constants or one object."""
        if _KEEPING.isdisjoint(function.decorators) or arguments.more or self.context.trace is not None:
            return None
        key: list[Hashable] = []
        for name, value in (*((None, item) for item in arguments.args), *sorted(arguments.kwargs.items())):
            if isinstance(value, Const):
                key.append((name, type(value.value), repr(value.value)))
            elif isinstance(value, Instance):
                key.append((name, value.id))
            else:
                return None
        return (id(function.node), function.closure.id if function.closure is not None else 0, "kept", *key)

    def frame_of(self, function: Function) -> Frame:
        frame = Frame(function.module, function.closure, bindings_of(function.node), function.node)
        frame.in_graph = "tensorflow.function" in function.decorators and not self.eager
        return frame

    def bind(self, function: Function, frame: Frame, arguments: Arguments, node: ast.AST) -> None:
        """Bind the parameters of `function` in `frame`."""
        args = function.node.args
        positional = [*args.posonlyargs, *args.args]
        rest: dict[str, Value] = dict(arguments.kwargs)
        for at, parameter in enumerate(positional):
            name = parameter.arg
            if at < len(arguments.args):
                value: Value | None = arguments.args[at]
            else:
                value = rest.pop(name, None)
            if value is None:
                value = self._default(function, parameter, node, arguments)
            self.world.put((frame.id, name), value)
        if args.vararg is not None:
            extra = arguments.args[len(positional) :]
            items = (*extra, Several(self.unknown(node))) if arguments.more else extra
            self.world.put((frame.id, args.vararg.arg), self.sequence("tuple", items, node))
        for parameter in args.kwonlyargs:
            value = rest.pop(parameter.arg, None)
            self.world.put(
                (frame.id, parameter.arg),
                value if value is not None else self._default(function, parameter, node, arguments),
            )
        if args.kwarg is not None:
            unknown = self.unknown(node) if arguments.more else None
            self.world.put((frame.id, args.kwarg.arg), self.mapping(Entries(tuple(rest.items()), unknown), node))

    def _default(self, function: Function, parameter: ast.arg, node: ast.AST, arguments: Arguments) -> Value:
        default = function.defaults.get(parameter.arg)
        if default is not None and not arguments.more:
            return default
        return Unknown(self.place(parameter), self.tick(), (), "parameter")

    def run(self, function: Function, frame: Frame, node: ast.AST) -> Value:
        """Play the body of `function` in `frame` and join all its ways out."""
        raise NotImplementedError

    # -- classes and objects --------------------------------------------------------------------------------------

    def instantiate(self, cls: Class, arguments: Arguments, node: ast.expr) -> Value:
        """Make an object of a visible class: play its `__init__`."""
        bases = self.class_bases(cls)
        if TAPE in bases or any(base.startswith(("enum.", "builtins.Exception")) for base in bases):
            for value in arguments.all():
                self.escape(value, node)
            return self.unknown(node, arguments.all(), "call")
        kind, whole = self.kind_of(cls)
        instance = Instance(cls, kind, whole, self.place(node), self.tick())
        if self.class_attribute(cls, "__new__") is not None or cls.node.keywords:
            instance.whole = False
        if self.context.conditions and kind in ("model", "layer"):
            self.conditions[instance.id] = self.context.conditions
        if kind in ("model", "layer", "optimizer", "metric"):
            self.created(instance, kind, node)
        self.initialize(instance, arguments, node)
        return instance

    def initialize(self, instance: Instance, arguments: Arguments, node: ast.expr) -> None:
        init = self.class_attribute(instance.cls, "__init__")
        if isinstance(init, Function):
            given = Arguments((instance, *arguments.args), arguments.kwargs, more=arguments.more)
            self.call_function(init, given, node)
            return
        if isinstance(init, Unknown):  # what a decorator made of it: it may keep anything in the object
            instance.whole = False
            self.call_unknown(init, Arguments((instance, *arguments.args), arguments.kwargs), node)
            return
        fields = self._fields(instance.cls)
        if fields:
            for at, (name, default) in enumerate(fields):
                value = arguments.get(at, name) or self._field_default(default, node)
                self.set_attribute(instance, name, value if value is not None else self.unknown(node, (), "attribute"))
            after = self.class_attribute(instance.cls, "__post_init__")
            if isinstance(after, Function):
                self.call_function(after, Arguments((instance,)), node)
            return
        if instance.kind:
            self.initialized(instance, arguments)
            return
        for value in arguments.all():
            self.escape(value, node)

    def call_instance(self, instance: Instance, arguments: Arguments, node: ast.expr) -> Value:
        """`instance(...)`: its `__call__`, or for Keras its `call`."""
        own = self.class_attribute(instance.cls, "__call__")
        if own is not None:
            return self.call(self._bind_method(own, instance), arguments, node)
        if instance.kind in ("model", "layer", "loss"):
            unbuilt = self.certainly_unbuilt(instance)
            self.build(instance, node)
            self.note_run(instance, node)
            self.mark_called(instance)
            forward = self.class_attribute(instance.cls, "call")
            if isinstance(forward, Function):
                given = arguments
                if "training" in arguments.kwargs and not self._accepts(forward, "training"):
                    kept = {name: value for name, value in arguments.kwargs.items() if name != "training"}
                    given = Arguments(arguments.args, kept, more=arguments.more)
                began = self.clock
                symbols = [
                    option
                    for leaf in self._held(given)
                    for option in options(leaf)
                    if isinstance(option, Data) and option.kind is Kind.SYMBOLIC
                ]
                within = bool(symbols) and instance.kind != "loss" and self._uses_tapes(instance.cls)
                if within:
                    given = self._with_tensors(given, node)
                with self.first_run_of(instance, arguments, unbuilt):
                    result = self.call_function(
                        forward, Arguments((instance, *given.args), given.kwargs, more=given.more), node
                    )
                if within:
                    result = self._symbolic_result(result, symbols, instance, node)
                if symbols:
                    self.rehearse(instance, result, began)
                if instance.kind != "loss":
                    self.ran_forward(instance, result, arguments, node, began, forward)
                return result
        for value in (instance, *arguments.all()):
            self.escape(value, node)
        return self.unknown(node, (instance, *self._held(arguments)), "call", instance)

    def _uses_tapes(self, cls: Class) -> bool:
        """Whether a method of the class makes a tape."""
        return any(
            not TAPE_CLASSES.isdisjoint(visible.module.outline.names.get(id(part), ()))
            for visible in self.mro(cls)
            for part in visible.node.body
        )

    def _with_tensors(self, given: Arguments, node: ast.expr) -> Arguments:
        """The arguments as Keras hands them to `call` where a layer gets symbolic tensors: tensors of a graph."""
        return Arguments(
            tuple(self._as_tensors(value, node) for value in given.args),
            {name: self._as_tensors(value, node) for name, value in given.kwargs.items()},
            more=given.more,
        )

    def _as_tensors(self, value: Value, node: ast.expr) -> Value:
        if isinstance(value, Data) and value.kind is Kind.SYMBOLIC:
            return self.data(Kind.TENSOR, "keras.call", (), node, value.dtype, shape=value.shape, nested=value.nested)
        if isinstance(value, Several):
            return Several(self._as_tensors(value.of, node))
        if isinstance(value, Either):
            return either(self._as_tensors(option, node) for option in value.options)
        items = self.items(value) if isinstance(value, Sequence) else None
        if items is not None and isinstance(value, Sequence):
            return self.sequence(value.kind, [self._as_tensors(item, node) for item in items.items], node)
        return value

    def _symbolic_result(self, result: Value, symbols: list[Data], instance: Instance, node: ast.expr) -> Value:
        """What a layer gives for symbolic tensors: symbolic ones, which depend on all of them as far as is known."""
        items = self.items(result) if isinstance(result, Sequence) else None
        if items is not None and isinstance(result, Sequence):
            parts = [self._symbolic_result(item, symbols, instance, node) for item in items.items]
            return self.sequence(result.kind, parts, node)
        # Not of `result` itself: Keras runs all of it again when the model is called on numbers.
        links = [Link(value) for value in (*symbols, self.variables(instance, "trainable", node))]
        if not isinstance(result, Data):
            return self.unknown(node, (*symbols, result), "call", instance)
        return self.data(
            Kind.SYMBOLIC, instance.cls.name, links, node, result.dtype, shape=result.shape, nested=result.nested
        )

    def build(self, instance: Instance, node: ast.expr) -> None:
        """Keras calls `build` once, before the first `call`."""
        if self.world.get((instance.id, "built")):
            return
        self.world.put((instance.id, "built"), Built())
        build = self.class_attribute(instance.cls, "build")
        if isinstance(build, Function):
            # Numbers, perhaps several shapes of them: nothing that a tape records.
            given = self.data(Kind.NUMBER, "shape", (), node, "int", nested=True)
            self.call_function(build, Arguments((instance, given)), node)


def _is_of_keras(value: Value) -> bool:
    """Whether a value may be a variable of Keras itself, or a set of those."""
    if isinstance(value, Either):
        return any(map(_is_of_keras, value.options))
    if isinstance(value, VariableSet):
        owner = value.owner
        return not (isinstance(owner, Object) and owner.symbol.startswith("tf_keras"))
    return isinstance(value, Variable) and value.keras is True


def _certainly_of_keras(value: VariableSet) -> bool:
    """Whether a set certainly holds variables of Keras: those of a layer or model, not of an unseen object."""
    return isinstance(value.owner, (Object, Instance)) and value.owner.kind in ("layer", "model")


def _empty(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether a body holds nothing but `pass`, `...` and words."""
    return not isinstance(function, ast.Lambda) and all(
        isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in function.body
    )
