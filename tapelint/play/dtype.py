"""Kinds of numbers: float, int, bool, string, complex, or "" when it can't be told."""

from __future__ import annotations

from tapelint.play.values import Const, Data, Either, Symbol, Value, Variable, VariableSet

_PREFIXES = (
    ("bool", "bool"),
    ("uint", "int"),
    ("int", "int"),
    ("qint", "int"),
    ("quint", "int"),
    ("float", "float"),
    ("bfloat", "float"),
    ("half", "float"),
    ("double", "float"),
    ("single", "float"),
    ("complex", "complex"),
    ("string", "string"),
    ("str", "string"),
    ("byte", "int"),
    ("long", "int"),
)


_NUMBERS = frozenset({"math.pi", "numpy.pi", "math.e", "numpy.e", "math.inf", "numpy.inf"})


def named(name: str) -> str:
    """The class of a dtype by its name: "float32", "tensorflow.int64", "builtins.float"."""
    last = name.rsplit(".", 1)[-1].lower().rstrip("_")
    for prefix, dtype in _PREFIXES:
        if last.startswith(prefix):
            return dtype
    return ""


def of_argument(value: Value | None) -> str:
    """The class of number that a `dtype=` argument asks for."""
    if isinstance(value, Symbol):
        return named(value.name)
    if isinstance(value, Const) and isinstance(value.value, str):
        return named(value.value)
    return ""


def of_constant(value: object) -> str:
    """The class of number that TensorFlow makes of a Python constant."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, complex):
        return "complex"
    return "string" if isinstance(value, (str, bytes)) else ""


def of(value: Value) -> str:
    """The class of number that a value holds."""
    if isinstance(value, Const):
        return of_constant(value.value)
    if isinstance(value, (Data, Variable)):
        return value.dtype
    if isinstance(value, VariableSet):
        return "float"
    if isinstance(value, Either):
        found = {of(option) for option in value.options}
        return found.pop() if len(found) == 1 else ""
    if isinstance(value, Symbol) and value.name in _NUMBERS:
        return "float"
    return ""
