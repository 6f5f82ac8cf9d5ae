"""Calls one function under a tape and writes down what happened to the gradient of each argument."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from recipes import Vocabulary, fallback_recipes

#: What happened to a gradient, from the best to the worst that can be said for "it is carried".
GRAD, ZERO, NONE, LOOKUP, OTHER = "grad", "zero", "none", "lookup_error", "other"

#: Parameters that may name the dtype of the result.
DTYPE_PARAMETERS = ("dtype", "output_type", "out_type", "output_dtype")

SEEDS = (1, 2, 3)


@dataclass
class Output:
    """One tensor of the result."""

    name: str
    dtype: str
    is_list: bool = False
    """Whether it stands for a list of tensors inside a tuple, such as the gradients of `clip_by_global_norm`."""
    per_parameter: dict[str, str] = field(default_factory=dict)


@dataclass
class Observation:
    """What one symbol was seen to do."""

    parameters: list[str]
    outputs: list[Output] = field(default_factory=list)
    shape: str = "1"
    """`1` for one tensor, a number for a tuple, `list`, `python` for NumPy and Python objects, `nothing` for None."""
    python_type: str = ""
    same_object: bool = False
    followed: str = ""
    """The parameter that the result's dtype follows."""
    kinds: dict[str, str] = field(default_factory=dict)
    """dtype class of the first result for float, int and complex arguments, and for an int one before float ones."""
    operation: str = ""
    given_floats: bool = False
    given_tensors: bool = False
    """Whether any argument was a tensor at all, of whatever dtype."""
    recipe: str = ""


def dtype_class(dtype: Any) -> str:
    """Group TensorFlow's dtypes into the classes of the table."""
    if dtype.is_floating:
        return "float"
    if dtype.is_complex:
        return "complex"
    if dtype.is_bool:
        return "bool"
    if dtype.is_integer or dtype.is_quantized:
        return "int"
    return "string" if dtype.name == "string" else dtype.name


def parameters_of(function: Any) -> list[str]:
    """Parameter names in order; `*name` for a variadic one, `=name` for one that is keyword-only."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    result = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            result.append(f"*{parameter.name}")
        elif parameter.kind is parameter.KEYWORD_ONLY:
            result.append(f"={parameter.name}")
        elif parameter.kind is not parameter.VAR_KEYWORD:
            result.append(parameter.name)
    return result


def required_of(function: Any) -> tuple[list[str], bool] | None:
    """Names of the parameters that must be given, and whether there is a variadic one; None without a signature."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    required, variadic = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            variadic = True
        elif parameter.kind is not parameter.VAR_KEYWORD and parameter.default is parameter.empty:
            required.append(parameter.name)
    return required, variadic


def positional_count(recipe: str) -> int:
    """How many positional arguments a recipe has."""
    node = ast.parse(f"f({recipe})", mode="eval").body
    assert isinstance(node, ast.Call)
    return len(node.args)


class Call:
    """A recipe, evaluated: positional and keyword arguments, and which parameter each watched tensor went to."""

    def __init__(self, tf: Any, function: Any, recipe: str, vocabulary: Vocabulary, extra: dict[str, Any]) -> None:
        self.tf = tf
        node = ast.parse(f"f({recipe})", mode="eval").body
        assert isinstance(node, ast.Call)
        names = parameters_of(function)
        positional = [name for name in names if not name.startswith(("*", "="))]
        variadic = next((name for name in names if name.startswith("*")), "")
        self.positional: list[Any] = []
        self.keywords: dict[str, Any] = {}
        self.sources: list[tuple[str, Any]] = []
        self.given_tensors = False
        for argument in node.args:
            index = len(self.positional)
            if isinstance(argument, ast.Starred):
                values = list(self.evaluate(argument.value, vocabulary))
            else:
                values = [self.evaluate(argument, vocabulary)]
            for offset, value in enumerate(values):
                place = index + offset
                self.positional.append(value)
                self.note(positional[place] if place < len(positional) else variadic, value)
        for keyword in node.keywords:
            assert keyword.arg is not None
            value = self.evaluate(keyword.value, vocabulary)
            self.keywords[keyword.arg] = value
            self.note(keyword.arg, value)
        for name, value in extra.items():
            self.keywords[name] = value
            self.note(name, value)

    @staticmethod
    def evaluate(node: ast.expr, vocabulary: Vocabulary) -> Any:
        scope: dict[str, Any] = {"__file__": __file__}
        return eval(compile(ast.Expression(node), "<recipe>", "eval"), scope, vocabulary)

    def note(self, parameter: str, value: Any) -> None:
        for leaf in self.tensors(value):
            self.given_tensors = True
            if leaf.dtype.is_floating or leaf.dtype.is_complex:
                self.sources.append((parameter, leaf))

    def tensors(self, value: Any) -> Iterator[Any]:
        """The tensors inside an argument or a result, composite ones as their values."""
        tf = self.tf
        if isinstance(value, tf.Tensor):
            yield value
        elif isinstance(value, (tf.SparseTensor, tf.IndexedSlices)):
            yield value.values
        elif isinstance(value, tf.RaggedTensor):
            yield value.flat_values
        elif isinstance(value, dict):
            for item in value.values():
                yield from self.tensors(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self.tensors(item)


def scalar(tf: Any, tensor: Any) -> Any:
    """A float loss that depends on every element of the tensor differently."""
    weights = tf.reshape(tf.linspace(0.7, 1.9, tf.size(tensor)), tf.shape(tensor))
    if tensor.dtype.is_complex:
        parts = tf.cast(tf.math.real(tensor), tf.float32) * weights
        return tf.reduce_sum(parts + 0.37 * tf.cast(tf.math.imag(tensor), tf.float32) * tf.sqrt(weights))
    return tf.reduce_sum(tf.cast(tensor, tf.float32) * weights)


def outcome(tf: Any, gradient: Any) -> str:
    """Name what a gradient is."""
    if gradient is None:
        return NONE
    value = tf.convert_to_tensor(gradient)
    if value.dtype.is_complex:
        value = tf.abs(value)
    return ZERO if bool(tf.reduce_all(tf.equal(value, 0))) else GRAD


def missing_operation(error: Exception) -> str:
    return str(error).rpartition(":")[2].strip()


def better(old: str | None, new: str) -> str:
    """Merge what several seeds and recipes showed: a gradient seen once is a gradient."""
    order = (GRAD, LOOKUP, ZERO, NONE, OTHER)
    return new if old is None or order.index(new) < order.index(old) else old


def effect_of(per_parameter: dict[str, str], given_tensors: bool) -> str:
    """What one output does to the gradients of all arguments together."""
    found = set(per_parameter.values())
    if GRAD in found:
        return "differentiable"
    if LOOKUP in found:
        return "lookup_error"
    if ZERO in found:
        return "zero"
    return "none" if given_tensors else "constant"


def flatten(call: Call, result: Any) -> tuple[str, list[tuple[str, bool, Any]]]:
    """The form of a result and its tensors: field name, whether it stands for a list, the (first) tensor."""
    tf = call.tf
    if result is None:
        return "nothing", []
    if isinstance(result, (tf.Tensor, tf.SparseTensor, tf.IndexedSlices, tf.RaggedTensor)):
        return "1", [("", False, tensor) for tensor in call.tensors(result)]
    if isinstance(result, dict):
        return "dict", [(str(key), False, tensor) for key, item in result.items() for tensor in call.tensors(item)]
    if isinstance(result, (list, tuple)):
        items = [list(call.tensors(item)) for item in result]
        if not any(items):
            return "python", []
        if isinstance(result, list):
            return "list", [("", False, tensor) for item in items for tensor in item]
        if not all(items):
            return "failed", []
        names = getattr(result, "_fields", [""] * len(result))
        kinds = [isinstance(item, (list, tuple)) for item in result]
        return str(len(result)), [(*row[:2], row[2][0]) for row in zip(names, kinds, items, strict=True)]
    return "python", []


def observe_once(
    tf: Any, function: Any, recipe: str, seed: int, seen: Observation, extra: dict[str, Any] | None = None
) -> None:
    """Run one recipe once and merge what it shows into `seen`. Raises what the function raises."""
    with tf.GradientTape(persistent=True) as tape:
        call = Call(tf, function, recipe, Vocabulary(tf, seed), extra or {})
        for _, tensor in call.sources:
            tape.watch(tensor)
        result = function(*call.positional, **call.keywords)
        form, tensors = flatten(call, result)
        losses = [None if t.dtype in (tf.string, tf.variant, tf.resource) else scalar(tf, t) for *_, t in tensors]
    if not seen.outputs:
        seen.shape = form
        seen.python_type = type(result).__name__
        seen.outputs = [Output(name, dtype_class(tensor.dtype), several) for name, several, tensor in tensors]
    seen.given_tensors = seen.given_tensors or call.given_tensors
    seen.given_floats = seen.given_floats or bool(call.sources)
    seen.same_object = seen.same_object or any(result is source for _, source in call.sources)
    for place, (loss, output) in enumerate(zip(losses, seen.outputs, strict=False)):
        for index, (parameter, source) in enumerate(call.sources):
            if loss is None:
                found = NONE
            else:
                try:
                    found = outcome(tf, tape.gradient(loss, source))
                except LookupError as error:
                    found, seen.operation = LOOKUP, seen.operation or missing_operation(error)
                except tf.errors.InternalError:
                    # A LookupError leaves a persistent tape unusable: ask a fresh one.
                    found = ask_again(tf, function, recipe, seed, seen, place, index, extra or {})
            output.per_parameter[parameter] = better(output.per_parameter.get(parameter), found)


def ask_again(
    tf: Any, function: Any, recipe: str, seed: int, seen: Observation, place: int, index: int, extra: dict[str, Any]
) -> str:
    with tf.GradientTape() as tape:
        call = Call(tf, function, recipe, Vocabulary(tf, seed), extra)
        for _, tensor in call.sources:
            tape.watch(tensor)
        loss = scalar(tf, flatten(call, function(*call.positional, **call.keywords))[1][place][2])
    try:
        return outcome(tf, tape.gradient(loss, call.sources[index][1]))
    except LookupError as error:
        seen.operation = seen.operation or missing_operation(error)
        return LOOKUP


def call_for_dtype(tf: Any, function: Any, recipe: str, kind: str, extra: dict[str, Any]) -> str:
    """dtype class of the first result when the float arguments are of another kind, or `error`."""
    try:
        call = Call(tf, function, recipe, Vocabulary(tf, SEEDS[0], kind), {})
        _, tensors = flatten(call, function(*call.positional, **{**call.keywords, **extra}))
    except Exception:
        return "error"
    return dtype_class(tensors[0][2].dtype) if tensors else "error"


def follow_dtype(tf: Any, function: Any, recipe: str, seen: Observation) -> str:
    """The parameter that decides the dtype of the result, if there is one that can ask for a float and for an int."""
    given = ast.parse(f"f({recipe})", mode="eval").body
    assert isinstance(given, ast.Call)
    for name in DTYPE_PARAMETERS:
        names = [parameter.lstrip("=") for parameter in seen.parameters]
        if name not in names:
            continue
        results = []
        for dtype in ("float64", "float16", "int32", "complex64"):
            arguments = [ast.unparse(argument) for argument in given.args[: names.index(name)]]
            keywords = [f"{k.arg}={ast.unparse(k.value)}" for k in given.keywords if k.arg != name]
            asked = ", ".join([*arguments, *keywords, f"{name}=tf.as_dtype('{dtype}')"])
            results.append(call_for_dtype(tf, function, asked, "float", {}))
        if results[0] == "float" and "int" in results:
            return name
        if results[0] == "float" and results[3] == "complex":
            return name
    return ""


def float_defaults(function: Any) -> Iterator[tuple[str, float]]:
    """Optional parameters that hold a plain float: a tensor may be passed for them."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    for parameter in signature.parameters.values():
        if type(parameter.default) is float and parameter.kind is not parameter.VAR_KEYWORD:
            yield parameter.name, parameter.default


def observe(tf: Any, function: Any, recipe: str | None) -> Observation | None:
    """Measure one function. None when no arguments were found that it takes."""
    if recipe is not None:
        recipes = [part.strip() for part in recipe.split(" | ")]
    else:
        wanted = required_of(function)
        if wanted is None:
            return None
        recipes = []
        for guess in fallback_recipes(*wanted):
            try:
                observe_once(tf, function, guess, SEEDS[0], Observation([]))
            except Exception:
                continue
            recipes = [guess]
            break
        if not recipes:
            return None
    seen = Observation(parameters_of(function), recipe=" | ".join(recipes))
    worked = False
    for part in recipes:
        for seed in SEEDS:
            try:
                observe_once(tf, function, part, seed, seen)
                worked = True
            except Exception as error:
                seen.python_type = seen.python_type or f"{type(error).__name__}: {error}"
    if not worked:
        seen.shape = "failed"
        return seen
    for kind in ("float", "int", "complex", "mixed"):
        seen.kinds[kind] = call_for_dtype(tf, function, recipes[0], kind, {})
    seen.followed = follow_dtype(tf, function, recipes[0], seen)
    mentioned = {name for output in seen.outputs for name in output.per_parameter}
    for name, default in float_defaults(function):
        if name in mentioned or not seen.outputs:
            continue
        for seed in SEEDS[:2]:
            try:
                # A little off the default, which is often 0 or 1, where a gradient can vanish.
                value = tf.constant(default * 0.93 + 0.013)
                observe_once(tf, function, recipes[0], seed, seen, {name: value})
            except Exception:
                break
    return seen
