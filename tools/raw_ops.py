"""What `tf.raw_ops` do: the gradient registry says where there is no gradient, the rest is measured.

An op with a registered gradient is called only when it takes nothing but float tensors; the others are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import probe

Row = tuple[str, ...]


def rows(tf: Any, row_of: Callable[[str, probe.Observation], Row | None]) -> list[Row]:
    """One row for each raw op of which something certain can be said, in the columns of ops.tsv."""
    found = []
    for name in sorted(dir(tf.raw_ops)):
        if registration(name) == "gradient":
            row = measured(tf, name, row_of)
        else:
            row = read_off(tf, name)
        if row is not None:
            found.append(row)
    return found


def measured(tf: Any, name: str, row_of: Callable[[str, probe.Observation], Row | None]) -> Row | None:
    """The row of an op that takes only float tensors, by calling it."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(name)
    if definition is None or not definition.input_arg:
        return None
    attributes = {attribute.name: attribute for attribute in definition.attr}
    required = [a.name for a in definition.attr if not a.HasField("default_value") and not inferred(a.name, definition)]
    if required or not all(takes_float(tf, argument, attributes) for argument in definition.input_arg):
        return None
    inputs = [argument.name for argument in definition.input_arg]
    function = getattr(tf.raw_ops, name)
    for first, second in (("m", "m2"), ("s", "s"), ("z", "z")):
        recipe = ", ".join(f"{item}={first if index == 0 else second}" for index, item in enumerate(inputs))
        seen = probe.observe(tf, function, recipe)
        if seen is not None and seen.shape != "failed":
            seen.parameters = inputs
            return row_of(f"tensorflow.raw_ops.{name}", seen)
    return None


def read_off(tf: Any, name: str) -> Row | None:
    """The row of an op without a gradient; None where it has no tensor result or reads a state."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(name)
    if definition is None or not definition.output_arg or has_state(tf, definition):
        return None
    if definition.is_stateful and "Random" not in name and not definition.input_arg:
        return None
    attributes = {attribute.name: attribute for attribute in definition.attr}
    inputs = [argument.name for argument in definition.input_arg]
    floats = [argument.name for argument in definition.input_arg if takes_float(tf, argument, attributes)]
    results = [result_of(tf, argument, definition, attributes) for argument in definition.output_arg]
    if "" in results:
        return None
    through = "lookup_error" if registration(name) == "missing" else "none"
    effects = []
    for result in results:
        gives_float = result.partition(":")[0] in ("same", "float", "complex", "dtype")
        effects.append((through if floats else "constant" if not inputs else "none") if gives_float else "none")
    effect = min(effects, key=("lookup_error", "none", "constant").index)
    how = ":lookup_error" if effect == "lookup_error" else ""
    cuts = [f"{item}@{inputs.index(item)}{how}" for item in floats]
    params = [*inputs, *(name for name in attributes if not inferred(name, definition))]
    return (
        f"tensorflow.raw_ops.{name}",
        effect,
        results[0],
        "",
        ",".join(params),
        outputs_of(definition, effects, results),
        name if effect == "lookup_error" else "",
        ",".join(cuts),
        "",
    )


def has_state(tf: Any, definition: Any) -> bool:
    """Whether a resource, a variant or a reference goes in or out: a variable's gradient may pass through it."""
    closed = (tf.resource, tf.variant)
    return any(
        argument.is_ref or (argument.type and tf.as_dtype(argument.type) in closed) for argument in definition.input_arg
    )


def registration(name: str) -> str:
    """`gradient` when a gradient function is registered, `none` when the op is marked as not differentiable."""
    from tensorflow.python.framework import ops

    registry = getattr(ops, "gradient_registry", None) or ops._gradient_registry
    try:
        return "gradient" if registry.lookup(name) is not None else "none"
    except LookupError:
        return "missing"


def takes_float(tf: Any, argument: Any, attributes: dict[str, Any]) -> bool:
    if argument.type:
        return is_float(tf, argument.type)
    attribute = attributes.get(argument.type_attr or argument.type_list_attr)
    if attribute is None:
        return False
    allowed = attribute.allowed_values.list.type
    return not allowed or any(is_float(tf, item) for item in allowed)


def is_float(tf: Any, number: int) -> bool:
    dtype = tf.as_dtype(number)
    return bool(dtype.is_floating or dtype.is_complex)


def result_of(tf: Any, argument: Any, definition: Any, attributes: dict[str, Any]) -> str:
    """dtype class of one result; empty where it is a resource, a variant or open."""
    if argument.type:
        return dtype_class(tf.as_dtype(argument.type))
    if not argument.type_attr:
        return ""
    for index, given in enumerate(definition.input_arg):
        if given.type_attr == argument.type_attr:
            return "same" if index == 0 else f"same:{given.name}"
    attribute = attributes[argument.type_attr]
    allowed = {dtype_class(tf.as_dtype(item)) for item in attribute.allowed_values.list.type}
    if len(allowed) == 1:
        return allowed.pop()
    default = tf.as_dtype(attribute.default_value.type) if attribute.HasField("default_value") else tf.float32
    return f"dtype:{argument.type_attr}|{dtype_class(default) or 'float'}"


def dtype_class(dtype: Any) -> str:
    if dtype.is_floating:
        return "float"
    if dtype.is_complex:
        return "complex"
    if dtype.is_bool:
        return "bool"
    if dtype.is_integer or dtype.is_quantized:
        return "int"
    return "string" if dtype.name == "string" else ""


def inferred(attribute: str, definition: Any) -> bool:
    """Whether an attribute follows from the arguments and is no parameter."""
    return any(
        attribute in (argument.type_attr, argument.number_attr, argument.type_list_attr)
        for argument in definition.input_arg
    )


def outputs_of(definition: Any, effects: list[str], results: list[str]) -> str:
    arguments = definition.output_arg
    if len(arguments) == 1:
        return "list" if arguments[0].number_attr else "1"
    parts = []
    for argument, effect, result in zip(arguments, effects, results, strict=True):
        parts.append(f"{argument.name}={'*' if argument.number_attr else ''}{effect}/{result}")
    return f"{len(arguments)}:{','.join(parts)}"
