"""What NumPy, Python's built-in functions and the methods of tensors and variables do to a gradient."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import probe

NUMPY_HEADER = ("symbol", "kind", "result")
METHODS_HEADER = ("owner", "name", "kind", "effect", "result")

#: NumPy functions that write, print, read files or change settings: not called.
NUMPY_NOT_CALLED = (
    "numpy.bmat",
    "numpy.fromfile",
    "numpy.fromregex",
    "numpy.genfromtxt",
    "numpy.info",
    "numpy.load",
    "numpy.memmap",
    "numpy.open_memmap",
    "numpy.save",
    "numpy.set",
    "numpy.show",
    "numpy.test",
    "numpy.who",
)

#: NumPy functions that only write or set something; their result is None or of no interest.
NUMPY_EFFECTS = (
    "numpy.save",
    "numpy.savetxt",
    "numpy.savez",
    "numpy.savez_compressed",
    "numpy.set_printoptions",
    "numpy.seterr",
    "numpy.seterrcall",
    "numpy.random.seed",
    "numpy.random.set_state",
    "numpy.testing.assert_allclose",
    "numpy.testing.assert_almost_equal",
    "numpy.testing.assert_array_almost_equal",
    "numpy.testing.assert_array_equal",
    "numpy.testing.assert_equal",
)

#: Functions of NumPy that tell only the form of an array: nothing of its values goes into the result.
NUMPY_FORM = {"numpy.shape", "numpy.ndim", "numpy.size", "numpy.iterable", "numpy.isscalar", "numpy.result_type"}

#: Arguments for the NumPy functions whose tensor does not come first or alone. `x` is (2, 3), `s` (3, 3), `v` (4,).
NUMPY_CALLS: dict[str, str] = {
    "numpy.apply_along_axis": "np.sum, 0, x",
    "numpy.apply_over_axes": "np.sum, x, [0]",
    "numpy.append": "x, y",
    "numpy.arange": "c",
    "numpy.array_split": "x, 3, 1",
    "numpy.array2string": "x",
    "numpy.asarray": "x",
    "numpy.average": "x",
    "numpy.bincount": "i",
    "numpy.block": "[[x, y]]",
    "numpy.broadcast_arrays": "x, y",
    "numpy.broadcast_to": "x, (4, 2, 3)",
    "numpy.clip": "x, -0.1, 0.1",
    "numpy.choose": "i, [v, v, v]",
    "numpy.column_stack": "[x, y]",
    "numpy.compress": "[True, False], x, 0",
    "numpy.concat": "[x, y]",
    "numpy.concatenate": "[x, y]",
    "numpy.convolve": "v, v",
    "numpy.corrcoef": "x",
    "numpy.correlate": "v, v",
    "numpy.cov": "x",
    "numpy.cross": "x, y",
    "numpy.delete": "x, 0, 0",
    "numpy.digitize": "x, [0.0, 0.5]",
    "numpy.dot": "x, s",
    "numpy.dsplit": "t, 3",
    "numpy.dstack": "[x, y]",
    "numpy.einsum": "'ij,kj->ik', x, y",
    "numpy.einsum_path": "'ij,kj->ik', x, y",
    "numpy.expand_dims": "x, 0",
    "numpy.extract": "x > 0, x",
    "numpy.eye": "3",
    "numpy.fill_diagonal": "np.zeros((3, 3)), c",
    "numpy.full": "(2, 2), c",
    "numpy.full_like": "x, c",
    "numpy.histogram": "x",
    "numpy.histogram2d": "v, v",
    "numpy.hsplit": "x, 3",
    "numpy.hstack": "[x, y]",
    "numpy.identity": "3",
    "numpy.in1d": "v, v",
    "numpy.inner": "x, y",
    "numpy.insert": "x, 0, 1.0, 0",
    "numpy.interp": "v, [0.0, 1.0], [0.0, 2.0]",
    "numpy.kron": "x, y",
    "numpy.ldexp": "x, 2",
    "numpy.lexsort": "(v, v)",
    "numpy.linspace": "c, 2.0, 4",
    "numpy.logspace": "c, 2.0, 4",
    "numpy.geomspace": "c, 2.0, 4",
    "numpy.matmul": "x, s",
    "numpy.meshgrid": "v, v",
    "numpy.moveaxis": "x, 0, 1",
    "numpy.nanpercentile": "x, 40",
    "numpy.nanquantile": "x, 0.4",
    "numpy.ones": "(2, 3)",
    "numpy.empty": "(2, 3)",
    "numpy.zeros": "(2, 3)",
    "numpy.outer": "v, v",
    "numpy.pad": "x, 1",
    "numpy.partition": "x, 1",
    "numpy.argpartition": "x, 1",
    "numpy.percentile": "x, 40",
    "numpy.piecewise": "x, [x < 0, x >= 0], [-1, 1]",
    "numpy.polyfit": "v, v, 1",
    "numpy.polyval": "v, x",
    "numpy.put_along_axis": "np.zeros((2, 3)), np.zeros((1, 3), int), c, 0",
    "numpy.quantile": "x, 0.4",
    "numpy.repeat": "x, 2",
    "numpy.reshape": "x, (3, 2)",
    "numpy.resize": "x, (3, 2)",
    "numpy.roll": "x, 1",
    "numpy.rollaxis": "x, 1",
    "numpy.row_stack": "[x, y]",
    "numpy.searchsorted": "v, v",
    "numpy.select": "[x > 0], [x]",
    "numpy.split": "x, 3, 1",
    "numpy.stack": "[x, y]",
    "numpy.swapaxes": "x, 0, 1",
    "numpy.take": "x, [0, 1], 0",
    "numpy.take_along_axis": "x, np.zeros((1, 3), int), 0",
    "numpy.tensordot": "x, y, [[1], [1]]",
    "numpy.tile": "x, (2, 1)",
    "numpy.trace": "s",
    "numpy.tri": "3",
    "numpy.unravel_index": "1, (2, 3)",
    "numpy.vdot": "v, v",
    "numpy.vsplit": "x, 2",
    "numpy.vstack": "[x, y]",
    "numpy.where": "x > 0, x, y",
    "numpy.fromiter": "v, float",
    "numpy.fromfunction": "lambda i, j: i + j, (2, 2)",
    "numpy.linalg.cholesky": "s",
    "numpy.linalg.cond": "s",
    "numpy.linalg.det": "s",
    "numpy.linalg.eig": "s",
    "numpy.linalg.eigh": "s",
    "numpy.linalg.eigvals": "s",
    "numpy.linalg.eigvalsh": "s",
    "numpy.linalg.inv": "s",
    "numpy.linalg.lstsq": "s, s",
    "numpy.linalg.matrix_power": "s, 2",
    "numpy.linalg.multi_dot": "[s, s]",
    "numpy.linalg.norm": "x",
    "numpy.linalg.pinv": "x",
    "numpy.linalg.qr": "s",
    "numpy.linalg.slogdet": "s",
    "numpy.linalg.solve": "s, s",
    "numpy.linalg.svd": "s",
    "numpy.random.choice": "v, 2",
    "numpy.random.multivariate_normal": "np.zeros(2), np.eye(2)",
    "numpy.random.normal": "c, 1.0, (2,)",
    "numpy.random.permutation": "v",
    "numpy.random.rand": "2, 3",
    "numpy.random.randn": "2, 3",
    "numpy.random.randint": "0, 4, (2,)",
    "numpy.random.uniform": "c, 2.0, (2,)",
    "numpy.random.shuffle": "np.zeros(3)",
    "numpy.random.random": "(2, 3)",
    "numpy.random.beta": "0.5, 0.5",
    "numpy.random.binomial": "3, 0.5",
    "numpy.random.exponential": "c",
    "numpy.random.gamma": "c",
    "numpy.random.poisson": "c",
    "numpy.random.default_rng": "1",
    "numpy.random.RandomState": "1",
}

#: What may stand for a tensor in a guess.
NUMPY_GUESSES = ("x", "x, y", "s", "v", "v, v", "i", "i, i", "t", "x > 0", "x > 0, x > 0", "[x, y]", "")


def numpy_names() -> Iterator[tuple[str, Any]]:
    """Public names of NumPy and of the submodules that people use on data."""
    import numpy as np

    for module in (np, np.linalg, np.random, np.fft):
        prefix = "numpy" if module is np else f"numpy.{module.__name__.rpartition('.')[2]}"
        for name in sorted(set(getattr(module, "__all__", dir(module))) | ({"pi", "e"} if module is np else set())):
            if name.startswith("_"):
                continue
            try:
                value = getattr(module, name)
            except AttributeError:
                continue
            if not isinstance(value, types.ModuleType):
                yield f"{prefix}.{name}", value


def numpy_rows(tf: Any) -> list[tuple[str, ...]]:
    """One row for each NumPy name that was measured."""
    found = [row for name, value in numpy_names() if (row := numpy_row(tf, name, value)) is not None]
    effects = [(name, "effect", "nothing") for name in NUMPY_EFFECTS]
    return sorted({row[0]: row for row in [*found, *effects]}.values())


def numpy_row(tf: Any, name: str, value: Any) -> tuple[str, ...] | None:
    import numpy as np

    if inspect.isclass(value):
        if issubclass(value, np.generic):
            abstract = bool(value.__subclasses__()) or value in (np.generic, np.number, np.flexible, np.character)
            return (name, "dtype", "other" if abstract and value is not np.float64 else plain_dtype(np.dtype(value)))
        return None
    if not callable(value):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return (name, "constant", type(value).__name__)
        return (name, "constant", "none") if value is None else None
    if name.startswith(NUMPY_NOT_CALLED):
        return None
    results = []
    for kind in ("tensor", "variable"):
        result = call_numpy(tf, name, value, kind)
        if result is None:
            return None
        results.append(result)
    form, dtype = results[0]
    if form != results[1][0] or form[0] == "tensor":
        return None
    given_data = form[1]
    if name in NUMPY_FORM:
        return (name, "form", form[0])
    if form[0] == "nothing":
        return (name, "effect", "nothing")
    return (name, "data" if given_data else "maker", dtype if form[0] in ("array", "number") else form[0])


def call_numpy(tf: Any, name: str, function: Any, kind: str) -> tuple[tuple[str, bool], str] | None:
    """Form of the result, whether the recipe gave it tensors, and the dtype class."""
    guesses = (NUMPY_CALLS[name],) if name in NUMPY_CALLS else NUMPY_GUESSES
    for guess in guesses:
        scope = NumpyScope(tf, kind)
        try:
            result = eval(f"_f({guess})", {"_f": function}, scope)
        except Exception:
            continue
        return (form_of(tf, result), scope.used), dtype_of(result)
    return None


class NumpyScope(dict[str, Any]):
    """The tensors, or variables, of a NumPy call."""

    def __init__(self, tf: Any, kind: str) -> None:
        super().__init__()
        self.tf, self.kind, self.used = tf, kind, False

    def __missing__(self, name: str) -> Any:
        import numpy as np

        values: dict[str, Any] = {
            "x": [[0.3, -0.2, 0.6], [0.1, 0.5, -0.4]],
            "y": [[0.2, 0.7, 0.1], [0.4, 0.3, 0.8]],
            "s": [[2.0, 0.1, 0.2], [0.1, 3.0, 0.3], [0.2, 0.3, 1.5]],
            "v": [0.1, 0.4, 0.2, 0.9],
            "t": np.ones((2, 4, 3)).tolist(),
            "c": 0.5,
        }
        if name == "np":
            return np
        if name == "i":
            self.used = True
            integers = self.tf.constant([0, 1, 2, 1])
            return integers if self.kind == "tensor" else self.tf.Variable(integers)
        if name not in values:
            raise KeyError(name)
        self.used = True
        return self.tf.constant(values[name]) if self.kind == "tensor" else self.tf.Variable(values[name])


def form_of(tf: Any, result: Any) -> str:
    import numpy as np

    if isinstance(result, (tf.Tensor, tf.Variable)):
        return "tensor"
    if isinstance(result, np.ndarray):
        return "array"
    if isinstance(result, (np.generic, int, float, complex)):
        return "number"
    if isinstance(result, (tuple, list)):
        return "tuple" if all(isinstance(item, (np.ndarray, np.generic, int, float)) for item in result) else "other"
    if isinstance(result, str):
        return "str"
    return "nothing" if result is None else "other"


def plain_dtype(dtype: Any) -> str:
    return {"f": "float", "i": "int", "u": "int", "b": "bool", "c": "complex", "U": "string", "S": "string"}.get(
        dtype.kind, "other"
    )


def dtype_of(result: Any) -> str:
    import numpy as np

    if isinstance(result, (np.ndarray, np.generic, int, float, complex)):
        return plain_dtype(np.asarray(result).dtype)
    return "other"


# ---- methods and built-in functions -------------------------------------------------------------------------------

#: What is done with a tensor `x`, an other one `y`, a variable: the expression by its name in the table.
TENSOR_EXPRESSIONS: dict[str, str] = {
    "__abs__": "abs(x)",
    "__add__": "x + y",
    "__and__": "(x > 0) & (y > 0)",
    "__array__": "x.__array__()",
    "__bool__": "bool(x[0, 0] > 0)",
    "__div__": "x.__div__(y)",
    "__eq__": "x == y",
    "__float__": "float(x[0, 0])",
    "__floordiv__": "x // y",
    "__ge__": "x >= y",
    "__getitem__": "x[0]",
    "__gt__": "x > y",
    "__index__": "list('abc')[tf.cast(x[0, 0], tf.int32)]",
    "__int__": "int(x[0, 0])",
    "__invert__": "~(x > 0)",
    "__iter__": "list(x)[0]",
    "__le__": "x <= y",
    "__len__": "len(x)",
    "__lt__": "x < y",
    "__matmul__": "x @ tf.transpose(y)",
    "__mod__": "x % y",
    "__mul__": "x * y",
    "__ne__": "x != y",
    "__neg__": "-x",
    "__or__": "(x > 0) | (y > 0)",
    "__pos__": "+x",
    "__pow__": "p ** y",
    "__radd__": "2.0 + x",
    "__rfloordiv__": "2.0 // x",
    "__rmod__": "2.0 % x",
    "__rmul__": "2.0 * x",
    "__round__": "round(x)",
    "__rpow__": "2.0 ** x",
    "__rsub__": "2.0 - x",
    "__rtruediv__": "2.0 / x",
    "__str__": "str(x)",
    "__sub__": "x - y",
    "__truediv__": "x / y",
    "__xor__": "(x > 0) ^ (y > 0)",
    "consumers": "x.consumers()",
    "cpu": "x.cpu()",
    "device": "x.device",
    "dtype": "x.dtype",
    "eval": "x.eval()",
    "experimental_ref": "x.experimental_ref()",
    "get_shape": "x.get_shape()",
    "gpu": "x.gpu()",
    "graph": "x.graph",
    "is_packed": "x.is_packed",
    "item": "x[0, 0].item()",
    "name": "x.name",
    "ndim": "x.ndim",
    "numpy": "x.numpy()",
    "op": "x.op",
    "ref": "x.ref()",
    "set_shape": "x.set_shape([2, 3])",
    "shape": "x.shape",
    "tolist": "x.tolist()",
}

VARIABLE_EXPRESSIONS: dict[str, str] = {
    **{name: text for name, text in TENSOR_EXPRESSIONS.items() if name not in ("cpu", "gpu", "is_packed", "consumers")},
    "assign": "x.assign(y)",
    "assign_add": "x.assign_add(y)",
    "assign_sub": "x.assign_sub(y)",
    "batch_scatter_update": "x.batch_scatter_update(tf.IndexedSlices(y[:1], [0]))",
    "constraint": "x.constraint",
    "count_up_to": "x.count_up_to(3)",
    "gather_nd": "x.gather_nd([[0, 1]])",
    "initialized_value": "x.initialized_value()",
    "initializer": "x.initializer",
    "is_initialized": "x.is_initialized()",
    "load": "x.load(1.0)",
    "path": "x.path",
    "read_value": "x.read_value()",
    "scatter_add": "x.scatter_add(tf.IndexedSlices(y[:1], [0]))",
    "scatter_nd_add": "x.scatter_nd_add([[0]], y[:1])",
    "scatter_nd_sub": "x.scatter_nd_sub([[0]], y[:1])",
    "scatter_nd_update": "x.scatter_nd_update([[0]], y[:1])",
    "scatter_sub": "x.scatter_sub(tf.IndexedSlices(y[:1], [0]))",
    "scatter_update": "x.scatter_update(tf.IndexedSlices(y[:1], [0]))",
    "sparse_read": "x.sparse_read([0])",
    "trainable": "x.trainable",
    "value": "x.value()",
}

KERAS_VARIABLE_EXPRESSIONS: dict[str, str] = {**VARIABLE_EXPRESSIONS, "value": "x.value"}

#: Built-in and standard functions that are given tensors in training code.
BUILTIN_EXPRESSIONS: dict[str, str] = {
    "abs": "abs(x)",
    "all": "all([x[0, 0] > 0])",
    "any": "any([x[0, 0] > 0])",
    "bool": "bool(x[0, 0])",
    "complex": "complex(x[0, 0])",
    "copy.copy": "copy.copy(x)",
    "copy.deepcopy": "copy.deepcopy(x)",
    "divmod": "divmod(x, y)",
    "float": "float(x[0, 0])",
    "format": "format(x[0, 0])",
    "id": "id(x)",
    "int": "int(x[0, 0])",
    "isinstance": "isinstance(x, tf.Tensor)",
    "len": "len(x)",
    "math.atan2": "math.atan2(x[0, 0], y[0, 0])",
    "math.ceil": "math.ceil(x[0, 0])",
    "math.copysign": "math.copysign(x[0, 0], y[0, 0])",
    "math.cos": "math.cos(x[0, 0])",
    "math.cosh": "math.cosh(x[0, 0])",
    "math.erf": "math.erf(x[0, 0])",
    "math.exp": "math.exp(x[0, 0])",
    "math.fabs": "math.fabs(x[0, 0])",
    "math.floor": "math.floor(x[0, 0])",
    "math.fsum": "math.fsum([x[0, 0], y[0, 0]])",
    "math.hypot": "math.hypot(x[0, 0], y[0, 0])",
    "math.isclose": "math.isclose(x[0, 0], y[0, 0])",
    "math.isfinite": "math.isfinite(x[0, 0])",
    "math.isinf": "math.isinf(x[0, 0])",
    "math.isnan": "math.isnan(x[0, 0])",
    "math.lgamma": "math.lgamma(p[0, 0])",
    "math.log": "math.log(p[0, 0])",
    "math.log10": "math.log10(p[0, 0])",
    "math.log1p": "math.log1p(p[0, 0])",
    "math.log2": "math.log2(p[0, 0])",
    "math.pow": "math.pow(p[0, 0], 2.0)",
    "math.prod": "math.prod([x[0, 0], y[0, 0]])",
    "math.sin": "math.sin(x[0, 0])",
    "math.sinh": "math.sinh(x[0, 0])",
    "math.sqrt": "math.sqrt(p[0, 0])",
    "math.tan": "math.tan(x[0, 0])",
    "math.tanh": "math.tanh(x[0, 0])",
    "math.trunc": "math.trunc(x[0, 0])",
    "max": "max(c, d)",
    "min": "min(c, d)",
    "operator.add": "operator.add(x, y)",
    "operator.matmul": "operator.matmul(x, tf.transpose(y))",
    "operator.mul": "operator.mul(x, y)",
    "operator.neg": "operator.neg(x)",
    "operator.sub": "operator.sub(x, y)",
    "operator.truediv": "operator.truediv(x, y)",
    "pow": "pow(p, y)",
    "print": "print(x, file=io.StringIO())",
    "repr": "repr(x)",
    "reversed": "list(reversed([x, y]))[0]",
    "round": "round(x[0, 0])",
    "sorted": "sorted([c, d])[0]",
    "statistics.fmean": "statistics.fmean([x[0, 0], y[0, 0]])",
    "statistics.mean": "statistics.mean([x[0, 0], y[0, 0]])",
    "str": "str(x)",
    "sum": "sum([x, y])",
    "type": "type(x)",
}


def expression_rows(tf: Any) -> list[tuple[str, ...]]:
    """Rows for tensors, TensorFlow variables, Keras variables and Python's own functions."""
    import keras

    made: dict[str, Callable[[Any], Any]] = {
        "tensor": tf.constant,
        "variable": tf.Variable,
        "keras_variable": lambda value: keras.Variable(value),
        "builtin": tf.constant,
    }
    tables = {
        "tensor": TENSOR_EXPRESSIONS,
        "variable": VARIABLE_EXPRESSIONS,
        "keras_variable": KERAS_VARIABLE_EXPRESSIONS,
        "builtin": BUILTIN_EXPRESSIONS,
    }
    rows = []
    for owner, expressions in tables.items():
        for name, text in expressions.items():
            row = expression_row(tf, made[owner], text)
            if row is not None:
                kind = "attribute" if text == f"x.{name}" else "method" if owner != "builtin" else "function"
                rows.append((owner, name, kind, *row))
    return sorted(rows)


def expression_row(tf: Any, make: Callable[[Any], Any], text: str) -> tuple[str, str] | None:
    """Effect and result of an expression; None where it raises."""
    import copy
    import io
    import math
    import operator
    import statistics

    scope: dict[str, Any] = {"tf": tf, "copy": copy, "io": io, "math": math, "operator": operator}
    scope["statistics"] = statistics
    worst: dict[str, str] = {}
    for step in (0.0, 0.31):
        x = make([[0.3 + step, -0.2, 0.6], [0.1, 0.5, -0.4 + step]])
        y = make([[0.2, 0.7, 0.1 + step], [0.4, 0.3, 0.8]])
        p = make([[0.2, 0.7, 0.1 + step], [0.4, 0.3, 0.8]])
        c, d = make(0.3 + step), make(0.4)
        given = (x, y, p, c, d)
        sources = [getattr(item, "value", item) if is_keras(item) else item for item in given]
        with tf.GradientTape(persistent=True) as tape:
            for source in sources:
                tape.watch(source)
            try:
                result = eval(text, scope, {"x": x, "y": y, "p": p, "c": c, "d": d})
            except Exception:
                return None
            tensors = [item for item in (result if isinstance(result, tuple) else (result,)) if is_tensor(tf, item)]
            losses = [probe.scalar(tf, tf.convert_to_tensor(item)) for item in tensors]
        if not tensors:
            kind = "nothing" if result is None else type(result).__name__
            return ("python", kind)
        if any(result is source for source in given):
            return ("identity", "same")
        if any(result is source for source in sources):
            return ("identity", "variable")
        for index, source in enumerate(sources):
            found = probe.outcome(tf, tape.gradient(losses[0], source))
            worst[str(index)] = probe.better(worst.get(str(index)), found)
        if is_variable(tf, result):
            return ("state", "variable")
    effect = probe.effect_of(worst, True)
    dtype = probe_dtype(tf, tensors[0])
    return (effect, "same" if dtype == "float" else dtype)


def probe_dtype(tf: Any, value: Any) -> str:
    return probe.dtype_class(tf.as_dtype(value.dtype))


def is_keras(value: Any) -> bool:
    return type(value).__module__.startswith("keras")


def is_variable(tf: Any, value: Any) -> bool:
    return isinstance(value, tf.Variable) or is_keras(value)


def is_tensor(tf: Any, value: Any) -> bool:
    return isinstance(value, (tf.Tensor, tf.Variable)) or is_keras(value)
