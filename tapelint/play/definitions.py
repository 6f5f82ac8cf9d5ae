"""Statements that define functions and classes or import them."""

from __future__ import annotations

import ast
from collections.abc import Sequence as Seq

from tapelint.play.arguments import Arguments
from tapelint.play.assignment import Assignments
from tapelint.play.library import TAPE
from tapelint.play.objects import TRANSPARENT
from tapelint.play.outline import walk
from tapelint.play.records import Happening, Uncalled
from tapelint.play.scope import Frame, bindings_of
from tapelint.play.values import (
    Class,
    Function,
    Member,
    Partial,
    Symbol,
    Tape,
    Unknown,
    Value,
)
from tapelint.play.world import known
from tapelint.tensorflow import api

TENSORFLOW = frozenset({"tf", "tensorflow"})
"""Names under which projects hand TensorFlow on from a module of their own."""
STEPPING = ("_resource_apply_dense", "_resource_apply_sparse")
"""What an optimizer was asked to do for each variable before TensorFlow 2.11, where `update_step` came in its place
(source: run in 2.10.1, 2.11.1, 2.15 and 2.21, there with Keras 2 and 3)."""
LEGACY = "keras.optimizers.legacy."
"""The optimizers that are as they were; Keras 3 has none of them."""


def _module(name: str) -> str:
    if name == "tf_keras" or name.startswith("tf_keras."):
        return "keras" + name.removeprefix("tf_keras")
    return name


class Definitions(Assignments):
    """`def`, `class`, `import`."""

    # -- what stands above --------------------------------------------------------------------------------------------

    def play(self, statements: Seq[ast.stmt]) -> None:
        raise NotImplementedError

    def function_def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names: list[str] = []
        unknown: list[Value] = []
        for decorator in reversed(node.decorator_list):
            value = known(self.evaluate(decorator))
            if isinstance(value, Partial):
                value = value.function
            if isinstance(value, Tape):
                self.event(Happening.UNKNOWN_METHOD, value, decorator, "__call__")
            name = self._decorator(value, decorator)
            names.append(name)
            self.recording.decorators[id(node), name] = self.place(decorator)
            if name == "?":
                unknown.append(value)
        owner = self.frame.node if isinstance(self.frame.node, ast.ClassDef) else None
        function = Function(
            node,
            self.frame.module,
            self._closure(),
            self.place(node),
            self.tick(),
            self._defaults(node.args),
            names,
            self.classes.get(id(owner)) if owner is not None else None,
        )
        if owner is None:
            self.pending.append(function)
        value_: Value = function
        if "tensorflow.function" in names:
            self.note_wrapping(function, function, node)
        followed = "?" in names and (owner is None or set(names) == {"?"})
        if followed and owner is not None:
            function.decorators = ()
        through = self._called_through(unknown, function) if followed else None
        if through is not None:
            function.decorators = tuple(name for name in names if name != "?")
            value_ = through
            if owner is not None and through is not function:
                self.world.put((through.id, "around"), function)
        elif "?" in names:
            function.decorators = tuple(names)
            value_ = Unknown(self.place(node), self.tick(), (function, *unknown), "decorated")
            if owner is None:
                function.decorators = tuple(name for name in names if name != "?")
        self.bind_name(node.name, value_, node)

    def _called_through(self, decorators: list[Value], function: Function) -> Value | None:
        """What visible decorators make of a function; None where one of them can't be followed to a function."""
        found: Value = function
        for decorator in decorators:
            if not isinstance(decorator, Function) or decorator.decorators:
                return None
            found = self.call_function(decorator, Arguments((found,)), function.node)  # type: ignore[arg-type]
            if not isinstance(found, Function):
                return None
        return found

    def _closure(self) -> Frame:
        frame = self.frame
        if isinstance(frame.node, ast.ClassDef) and frame.parent is not None:
            return frame.parent
        return frame

    def _decorator(self, value: Value, node: ast.expr) -> str:
        """The dotted name of a decorator that we know, "?" for one that may change the function."""
        if isinstance(value, Symbol):
            if value.name in TRANSPARENT or value.name == "tensorflow.custom_gradient":
                return value.name
            if value.name.endswith((".setter", ".getter", ".deleter")):
                return value.name
        text = ast.unparse(node.func if isinstance(node, ast.Call) else node)
        for known_name in ("functools.wraps", "functools.lru_cache", "tensorflow.function"):
            if text == known_name or text.endswith("." + known_name.rsplit(".", 1)[-1]):
                return known_name
        if isinstance(node, ast.Call):
            function = known(self.evaluate(node.func))
            if isinstance(function, Symbol) and function.name in TRANSPARENT:
                return function.name
        if isinstance(node, ast.Attribute) and node.attr in ("setter", "getter", "deleter"):
            return "?." + node.attr
        return "?"

    def class_def(self, node: ast.ClassDef) -> None:
        bases = [known(self.evaluate(base)) for base in node.bases]
        frame = Frame(self.frame.module, self._closure(), bindings_of(node), node)
        cls = Class(node, self.frame.module, bases, frame, self.place(node), self.tick())
        self.classes[id(node)] = cls
        outer = self.frame
        self.frame = frame
        try:
            self.play(node.body)
        finally:
            self.frame = outer
        decorators = [ast.unparse(item) for item in node.decorator_list]
        plain = all(
            "dataclass" in item or "register_keras_serializable" in item or item.startswith(("attr", "keras_export"))
            or "export" in item or "final" in item
            for item in decorators
        )  # fmt: skip
        self.pending_classes.append(cls)
        if plain:
            self._note_uncalled(cls)
        self.bind_name(node.name, cls if plain else Unknown(cls.place, cls.time, (cls,), "decorated"), node)

    def _note_uncalled(self, cls: Class) -> None:
        """The way to step that an optimizer had before TensorFlow 2.11, in a class that has no `update_step`.

        Or an `update_step` without the learning rate, which Keras 3 gives it as well.
        """
        held = (self.world.get((cls.frame.id, name)) for name in STEPPING)
        method = next((one for one in held if isinstance(one, Function)), None)
        stepping = method is not None or self.world.get((cls.frame.id, "update_step")) is not None
        if not stepping or self.kind_of(cls) != ("optimizer", True):
            return
        step = self.class_attribute(cls, "update_step")
        if step is not None:
            own = self.world.get((cls.frame.id, "update_step")) is step
            method = step if own and isinstance(step, Function) and self.keras == 3 and _takes_two(step) else None
        if method is None:
            return
        bases = self.class_bases(cls)
        taken_over = any(_stands_alone(self.class_attribute(cls, name)) for name in ("apply_gradients", "apply"))
        if len(bases) == 1 and not bases[0].startswith(LEGACY) and not taken_over:
            self.recording.uncalled.append(Uncalled(cls, method, bases[0], self.context))

    def import_(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                bound, name = alias.asname, alias.name
            else:
                bound = name = alias.name.split(".")[0]
            library = _module(name)
            self._module_spelled(library, alias)
            found = self.module_named(name, node) or Symbol(api.resolve(library), self.place(node), library)
            self.bind_name(bound, found, node)

    def import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        ours = self.module_named(module, node)
        self._module_spelled(_module(module), node)
        for alias in node.names:
            bound = alias.asname or alias.name
            if alias.name == "*":
                if ours is not None and self.frame is self.frame.module.frame:
                    self.frame.module.stars.append(ours)
                continue
            name = f"{_module(module)}.{alias.name}"
            if alias.name in TENSORFLOW and not module.startswith("tensorflow"):
                name = "tensorflow"
            elif alias.name == "GradientTape" and (module.startswith("tensorflow") or node.level):
                name = TAPE
            elif ours is not None:
                self.bind_name(bound, Member(ours, alias.name, name, self.place(node), self.clock), node)
                continue
            self.spelled(name, alias.name, alias)
            self.bind_name(bound, Symbol(api.resolve(name), self.place(node), name), node)

    def _module_spelled(self, name: str, node: ast.AST) -> None:
        """An import reaches every package above what it names: the first that is not there ends it."""
        end = name.find(".experimental")
        if end >= 0 and (end := end + len(".experimental")) in (len(name), name.find(".", end)):
            self.spelled(name[:end], "experimental", node)


def _takes_two(step: Function) -> bool:
    """Whether a method certainly takes two arguments behind `self` and no third."""
    args = step.node.args
    return len(args.posonlyargs) + len(args.args) == 3 and not (args.vararg or args.kwarg or step.decorators)


def _stands_alone(method: Value | None) -> bool:
    """Whether a method does without what the class above it does."""
    if not isinstance(method, Function):
        return False
    calls = (node.func for node in walk(method.node) if isinstance(node, ast.Call))
    return not any(isinstance(function, ast.Name) and function.id == "super" for function in calls)
