"""What TensorFlow's, Keras's and NumPy's public names are and what they do to a gradient.

The knowledge is data: `ops.tsv`, `classes.tsv` and `aliases.tsv` beside this module, measured with
`tools/measure_api.py` on an installed TensorFlow. A name that is missing there is unknown, and nothing may be
concluded from that. `docs/api-knowledge.md` explains every column.

Names are written in full: `tensorflow.reduce_mean`, `keras.losses.MeanSquaredError`, `numpy.mean`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from tapelint.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Spellings of one and the same package, the longest first.
_PREFIXES = (
    ("keras._tf_keras.keras.", "keras."),
    ("keras.api.", "keras."),
    ("tensorflow._api.v2.", "tensorflow."),
    ("tensorflow.compat.v1.keras.", "keras."),
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.keras.", "keras."),
    ("tensorflow.initializers.", "keras.initializers."),
    ("tensorflow.losses.", "keras.losses."),
    ("tensorflow.metrics.", "keras.metrics."),
    ("tensorflow.optimizers.", "keras.optimizers."),
    ("tf_keras.", "keras."),
)
#: A quick no for most names.
_PREFIX_STARTS = ("keras._", "keras.api.", "tf_keras.", *(old for old, _ in _PREFIXES if old.startswith("tensorflow.")))
#: What `keras` has and `tf.keras` has not in Keras 3.3 to 3.15 (six of its releases were read), with the name of the
#: same function that both have, and Keras 2 too (the fixtures of TAP909 ask TensorFlow for each of them).
LACKING = {
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "mean_absolute_percentage_error": "mape",
    "mean_squared_logarithmic_error": "msle",
    "kl_divergence": "kld",
    "log_cosh": "logcosh",
}
_LACKED_BY = tuple(
    f"{owner}.{module}."
    for owner in ("tensorflow.keras", "tensorflow.compat.v2.keras", "keras._tf_keras.keras", "tensorflow")
    for module in ("losses", "metrics")
)
#: What Keras 2 has and Keras 3 has not, by the module that it stands in (the fixtures of TAP909 ask both for each).
_GONE = {
    "": ("experimental",),
    "backend": (
        "function", "in_test_phase", "in_train_phase", "learning_phase", "learning_phase_scope", "local_conv1d",
        "local_conv2d", "manual_variable_initialization", "normalize_batch_in_training", "placeholder", "print_tensor",
        "random_binomial", "reset_uids", "set_learning_phase",
    ),
    "constraints": ("RadialConstraint", "radial_constraint"),
    "layers": ("AbstractRNNCell", "DenseFeatures", "LocallyConnected1D", "LocallyConnected2D", "experimental"),
    "metrics": ("MeanRelativeError", "MeanTensor"),
}  # fmt: skip
_OWNERS = ("tensorflow.", "tensorflow.compat.v2.", "tensorflow.compat.v1.", "")
_GONE_FROM = frozenset(f"{owner}keras" for owner in _OWNERS)
#: The last parts of all names that Keras 3 lacks.
LACKED = frozenset(LACKING).union(*_GONE.values())
#: Functions that give nothing but zeros.
ZEROS = frozenset(
    {
        "tensorflow.zeros", "tensorflow.zeros_like", "tensorflow.compat.v1.zeros_like", "numpy.zeros",
        "tensorflow.experimental.numpy.zeros", "tensorflow.experimental.numpy.zeros_like", "keras.ops.zeros",
        "keras.ops.zeros_like", "keras.backend.zeros", "keras.backend.zeros_like", "numpy.zeros_like",
    }
)  # fmt: skip
_RAW = "tensorflow.raw_ops."
_V1 = "tensorflow.compat.v1."


class Output(Record):
    """One of several results: its field name (empty for a plain tuple), what it does to a gradient, its dtype class."""

    name: str
    effect: str
    result: str
    is_list: bool = False
    """Whether it is itself a list of such tensors, as the first result of `tf.clip_by_global_norm`."""


class Case(Record):
    """Another behaviour under a condition on the arguments.

    `parameter` and `value` say when: the argument is that literal, or any dtype of that class (`int`, `bool`); an
    empty `value` means that the parameter is given, `absent` that it is not.
    """

    parameter: str
    value: str
    absent: bool
    effect: str
    result: str
    operation: str
    form: str
    """`1`, `list` or the number of results."""


class Op(Record):
    """What one function does to a gradient."""

    symbol: str
    effect: str
    """`differentiable`, `identity`, `constant`, `none`, `zero`, `lookup_error`, `stop` or `python`."""
    result: str
    """dtype class of the first result: `float`, `int`, `bool`, `string`, `complex`, or one that follows the arguments.

    `same` is that of the parameter `same_as`, `widest` that of the widest tensor argument (a float wins over an int).
    For `python` it is the type of the result, `nothing` for None.
    """
    same_as: str = ""
    dtype_parameter: str = ""
    """The parameter that decides the dtype when it is given; `result` holds otherwise."""
    carries: tuple[str, ...] = ()
    """Parameters that were seen to carry a gradient to a result; `("*",)` for all."""
    cuts: Mapping[str, str] = MappingProxyType({})
    """Parameters that were seen to lose it, with how: `none`, `zero` or `lookup_error`."""
    params: tuple[str, ...] = ()
    """Parameters in order, `*name` for a variadic one, `=name` for one that is keyword-only."""
    form: str = "1"
    """`1` for one result, `tuple`, `list` or `dict`."""
    size: int = 1
    """How many results a `tuple` has."""
    outputs: tuple[Output, ...] = ()
    """The results one by one where they differ; empty where they are alike."""
    operation: str = ""
    """The name in the LookupError where there is one."""
    cases: tuple[Case, ...] = ()
    keras: tuple[int, ...] = (2, 3)
    """Generations of Keras that have the symbol: (2, 3), (2,) or (3,); always (2, 3) for TensorFlow's own names."""

    def parameter(self, position: int) -> str:
        """Name of the parameter that takes the positional argument at `position`; empty if it is unknown."""
        for index, name in enumerate(self.params):
            if name.startswith("*"):
                return name[1:]
            if name.startswith("="):
                return ""
            if index == position:
                return name
        return ""

    def link(self, parameter: str) -> str:
        """What happens to a gradient through this parameter.

        `carries`, `none`, `zero`, `lookup_error`; `unknown` for a parameter that was not measured.
        """
        if parameter in self.cuts:
            return self.cuts[parameter]
        if self.carries == ("*",) or parameter in self.carries:
            return "carries"
        if self.effect in ("stop", "python"):
            return "none"
        return "unknown"


class ApiClass(Record):
    """What an instance of a public class (or the result of a model builder) is."""

    symbol: str
    kind: str
    input: str = ""
    """For a layer: what it does to the gradient of its input (`differentiable`, `none`, `zero`, `lookup_error`)."""
    trainable: bool | None = None
    """Whether it has trainable weights once it is built; None where that depends or was not measured."""
    state: bool | None = None
    """Whether it has non-trainable variables (moving statistics, the state of a seed), in Keras 3."""
    state_keras2: bool | None = None
    """The same in Keras 2, where a Dropout keeps no seed."""
    training: bool | None = None
    """Whether `training=True` gives another result than `training=False`."""
    params: tuple[str, ...] = ()
    """Parameters of the constructor."""
    keras: tuple[int, ...] = (2, 3)
    """Generations of Keras that have the symbol, as in `Op`."""


@lru_cache(maxsize=1)
def _ops() -> dict[str, str]:
    return _table("ops.tsv")


@lru_cache(maxsize=1)
def _raw_ops() -> dict[str, str]:
    return _table("raw_ops.tsv")


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    return _table("classes.tsv")


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    return _table("aliases.tsv")


def _table(name: str) -> dict[str, str]:
    """First column to the rest of the line; a line is taken apart only when it is asked for."""
    lines = _text(name).split("\n")
    return dict(line.split("\t", 1) for line in lines[1:] if line)


def _text(name: str) -> str:
    # What importlib.resources does for a package, without the 10 ms that importing it costs.
    loader: Any = __spec__.loader
    text: bytes = loader.get_data(os.path.join(os.path.dirname(__file__), name))
    return text.decode("utf-8")


def resolve(name: str) -> str:
    """The canonical spelling of a dotted name of TensorFlow or Keras; the name itself where nothing is known."""
    if name in _ops() or name in _classes():
        return name
    if name.startswith(_PREFIX_STARTS):
        for prefix, replacement in _PREFIXES:
            if name.startswith(prefix):
                return resolve(replacement + name[len(prefix) :])
    alias = _aliases().get(name)
    if alias is not None:
        return name if alias == "=" else alias
    if name.startswith(_V1):
        # Most names of compat.v1 are the very functions of TensorFlow 2; the others have a row of their own.
        found = resolve("tensorflow." + name[len(_V1) :])
        if found in _ops() or found in _classes() or found.startswith(_RAW):
            return found
    return name


def short_name(spelling: str) -> str:
    """The last part of the name that reaches the same function, where Keras 3 has none of this spelling; else empty."""
    owner, _, last = spelling.rpartition(".")
    return LACKING.get(last, "") if f"{owner}." in _LACKED_BY else ""


def is_gone(spelling: str) -> bool:
    """Whether Keras 2 has this name, and Keras 3 has nothing of the kind in the module that it is taken from."""
    owner, _, last = spelling.rpartition(".")
    if owner in _GONE_FROM:
        return last in _GONE[""]
    package, _, module = owner.rpartition(".")
    return package in _GONE_FROM and last in _GONE.get(module, ())


@lru_cache(maxsize=2048)
def op(name: str) -> Op | None:
    """What the function does to a gradient; None where it is unknown. Any spelling will do."""
    symbol = resolve(name)
    line = (_raw_ops() if symbol.startswith(_RAW) else _ops()).get(symbol)
    if line is None:
        return None
    effect, result, carries, params, outputs, operation, cuts, cases, keras = line.split("\t")
    dtype_parameter = ""
    if result.startswith("dtype:"):
        dtype_parameter, _, result = result[len("dtype:") :].partition("|")
    form, size, each = _outputs(outputs)
    names = tuple(params.split(",")) if params else ()
    result, _, same_as = result.partition(":")
    return Op(
        symbol,
        effect,
        result,
        same_as or (names[0].lstrip("*=") if result == "same" and names else ""),
        dtype_parameter,
        tuple(_bare(part) for part in carries.split(",")) if carries else (),
        _cuts(cuts),
        names,
        form,
        size,
        each,
        operation,
        tuple(_case(part) for part in cases.split(";")) if cases else (),
        _generations(keras),
    )


def _bare(part: str) -> str:
    """`name` of `name@position`; a variadic `*name` loses its star, a lone `*` stays."""
    name = part.partition("@")[0]
    return name if name == "*" else name.lstrip("*")


def _cuts(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(",") if text else ():
        name, _, how = part.partition(":")
        found[_bare(name)] = how or "none"
    return found


def _outputs(text: str) -> tuple[str, int, tuple[Output, ...]]:
    if text in ("1", "list", "dict"):
        return text, 1, ()
    number, _, rest = text.partition(":")
    each = []
    for part in rest.split(",") if rest else ():
        name, equals, what = part.rpartition("=")
        effect, _, result = what.partition("/")
        if result.startswith("dtype:"):
            result = result.partition("|")[2]
        result = result.partition(":")[0]
        each.append(Output(name if equals else "", effect.lstrip("*"), result, effect.startswith("*")))
    return "tuple", int(number), tuple(each)


def _case(text: str) -> Case:
    condition, _, behaviour = text.partition(":")
    absent = condition.startswith("-")
    parameter, _, value = condition.lstrip("-").partition("=")
    effect, result, operation, form = behaviour.split("/")
    return Case(parameter, value, absent, effect, result, operation, form)


@lru_cache(maxsize=1024)
def api_class(name: str) -> ApiClass | None:
    """What an instance of the class is; None where it is unknown. Any spelling will do."""
    symbol = resolve(name)
    line = _classes().get(symbol)
    if line is None:
        return None
    kind, given, trainable, state, training, params, keras = line.split("\t")
    return ApiClass(
        symbol,
        kind,
        given,
        _flag(trainable),
        True if state == "3" else _flag(state),
        False if state == "3" else _flag(state),
        _flag(training),
        tuple(params.split(",")) if params else (),
        _generations(keras),
    )


def _generations(text: str) -> tuple[int, ...]:
    return (int(text),) if text else (2, 3)


class NumpyOp(Record):
    """What a name of NumPy is, and what comes out when it is given tensors or variables."""

    symbol: str
    kind: str
    """`data`: a function on data, its result is an array or a number outside TensorFlow. `maker`: makes an array of its
    own. `form`: tells only shape or type. `effect`: returns None. `dtype`: a type (and a conversion when it is called).
    `constant`: a number, or None for `numpy.newaxis`.
    """
    result: str
    """dtype class of the result, or its form where that is no array or number (`tuple`, `str`, `other`)."""


@lru_cache(maxsize=1)
def _numpy() -> dict[str, str]:
    return _table("numpy.tsv")


@lru_cache(maxsize=512)
def numpy_op(name: str) -> NumpyOp | None:
    """What `numpy.NAME` is; None where it was not measured."""
    line = _numpy().get(name)
    return NumpyOp(name, *line.split("\t")) if line is not None else None


class Method(Record):
    """What a method, an attribute or an operator of a tensor or a variable does to a gradient."""

    owner: str
    """`tensor`, `variable` (`tf.Variable`), `keras_variable` (`keras.Variable`) or `builtin`."""
    name: str
    kind: str
    """`method` (also operators: `__add__`), `attribute` or `function`."""
    effect: str
    """As in `Op`; `state` where the variable is written and comes back."""
    result: str
    """As in `Op`."""


@lru_cache(maxsize=1)
def _methods() -> dict[tuple[str, str], str]:
    text = _text("methods.tsv")
    rows = (line.split("\t", 2) for line in text.split("\n")[1:] if line)
    return {(owner, name): rest for owner, name, rest in rows}


def tensor_method(name: str, owner: str = "tensor") -> Method | None:
    """What `x.NAME` or the operator `NAME` does for an owner of this kind; None where there is no such thing."""
    line = _methods().get((owner, name))
    return Method(owner, name, *line.split("\t")) if line is not None else None


def builtin(name: str) -> Method | None:
    """What a function of Python itself (`abs`, `float`, `math.sqrt`, `copy.copy`) does when it is given a tensor."""
    return tensor_method(name, "builtin")


def _flag(text: str) -> bool | None:
    return {"yes": True, "no": False}.get(text)
