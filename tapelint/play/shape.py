"""Shapes of tensors, as far as they can be told: a tuple with None for a dimension that can be anything, or None."""

from __future__ import annotations

from collections.abc import Sequence

Shape = tuple[int | None, ...]
Element = Shape | list["Element"] | None
"""The shapes in an element of a dataset: a list stands for a tuple of tensors."""

PASSING = frozenset({"shuffle", "repeat", "prefetch", "cache", "take", "skip", "shard", "filter", "with_options"})
"""Methods of a dataset that leave its elements as they are."""

ELEMENTWISE = frozenset(
    {
        "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cast", "ceil", "clip_by_norm", "clip_by_value",
        "cos", "cosh", "digamma", "elu", "erf", "exp", "expm1", "floor", "gelu", "identity", "leaky_relu", "lgamma",
        "log", "log1p", "log_sigmoid", "log_softmax", "logical_not", "negative", "ones_like", "reciprocal", "relu",
        "relu6", "rint", "round", "rsqrt", "selu", "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus",
        "softsign", "sqrt", "square", "stop_gradient", "swish", "tan", "tanh", "zeros_like", "cumsum",
        "convert_to_tensor", "dropout",
    }
)  # fmt: skip
"""Functions whose result has the shape of their first argument."""

BROADCASTING = frozenset(
    {
        "add", "atan2", "divide", "equal", "floordiv", "greater", "greater_equal", "less", "less_equal", "maximum",
        "minimum", "mod", "multiply", "not_equal", "pow", "squared_difference", "subtract", "truediv",
        "multiply_no_nan", "divide_no_nan", "xdivy", "xlogy", "sigmoid_cross_entropy_with_logits",
    }
)  # fmt: skip
"""Functions of two tensors that broadcast."""

REDUCING = frozenset(
    {
        "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean",
        "reduce_min", "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "norm",
    }
)  # fmt: skip
"""Functions with `axis` and `keepdims`."""

FILLING = frozenset({"ones", "zeros", "empty", "full", "normal", "uniform", "truncated_normal", "fill"})
"""Functions whose first argument is a shape."""

SAMPLING = frozenset({"numpy.random.random", "numpy.random.random_sample", "numpy.random.ranf", "numpy.random.sample"})
"""Functions of NumPy whose one argument is a shape; the other random ones take it last, after their parameters."""

SUMMARIES = frozenset({"sum", "mean", "min", "max", "amin", "amax", "prod", "std", "var"})
"""What NumPy and Keras call reductions, as functions and as methods of an array."""


def broadcast(one: Shape | None, other: Shape | None) -> Shape | None:
    """The shape of an elementwise result of two tensors; None where one is not known or they do not fit."""
    if one is None or other is None:
        return None
    if len(one) < len(other):
        one, other = other, one
    padded: Shape = (1,) * (len(one) - len(other)) + other
    found: list[int | None] = []
    for left, right in zip(one, padded, strict=True):
        if left == 1:
            found.append(right)
        elif right == 1 or left == right:
            found.append(left)
        elif left is None or right is None:
            found.append(left if right is None else right)
        else:
            return None
    return tuple(found)


def reduced(shape: Shape | None, axes: Sequence[int] | None, keep: bool) -> Shape | None:
    """The shape after a reduction over `axes` (None for all)."""
    if axes is None:
        return () if not keep else (None if shape is None else (1,) * len(shape))
    if shape is None:
        return None
    gone = {axis % len(shape) for axis in axes if shape and -len(shape) <= axis < len(shape)}
    if len(gone) != len(axes):
        return None
    if keep:
        return tuple(1 if at in gone else size for at, size in enumerate(shape))
    return tuple(size for at, size in enumerate(shape) if at not in gone)


def product(one: Shape | None, other: Shape | None) -> Shape | None:
    """The shape of `one @ other` for matrices, or for a batch of them and one matrix or vector."""
    if one is None or other is None or len(one) < 2 or len(other) not in (1, 2):
        return None
    return (*one[:-1], *other[1:])


def squeezed(shape: Shape | None, axes: Sequence[int] | None) -> Shape | None:
    """The shape without the dimensions `axes`; without all that are 1 where none are named."""
    if shape is None:
        return None
    if axes is None:
        return tuple(size for size in shape if size != 1) if known(shape) else None
    gone = {axis % len(shape) for axis in axes if -len(shape) <= axis < len(shape)}
    if len(gone) != len(axes) or any(shape[at] not in (1, None) for at in gone):
        return None
    return tuple(size for at, size in enumerate(shape) if at not in gone)


def reshaped(shape: Shape | None, sizes: Sequence[int | None]) -> Shape:
    """The shape `sizes`, with the size that -1 stands for where it can be told."""
    open_ = [at for at, size in enumerate(sizes) if size == -1]
    found = [None if size == -1 else size for size in sizes]
    if len(open_) == 1 and shape is not None and None not in shape and found.count(None) == 1:
        rest, whole = 1, 1
        for size in found:
            rest *= size if size is not None else 1
        for size in shape:
            whole *= size or 0
        if rest > 0 and whole % rest == 0:
            found[open_[0]] = whole // rest
    return tuple(found)


def joined(parts: Sequence[Shape | None], axis: int) -> Shape | None:
    """The shape of tensors put one behind the other along `axis`."""
    if not parts or any(part is None or len(part) != len(parts[0] or ()) for part in parts):
        return None
    given = [part for part in parts if part is not None]
    rank = len(given[0])
    if not -rank <= axis < rank:
        return None
    sizes: list[int | None] = []
    for at, column in enumerate(zip(*given, strict=True)):
        known_ = [size for size in column if size is not None]
        if at == axis % rank:
            sizes.append(sum(known_) if len(known_) == len(column) else None)
        else:
            sizes.append(known_[0] if known_ else None)
    return tuple(sizes)


def stacked(shapes: Sequence[Shape | None]) -> Shape | None:
    """The shape of a list of tensors or numbers that becomes one tensor."""
    if not shapes or shapes[0] is None or any(shape != shapes[0] for shape in shapes):
        return None
    return (len(shapes), *shapes[0])


def sliced(element: Element) -> Element:
    """The element of a dataset of the slices of tensors."""
    if isinstance(element, list):
        return [sliced(part) for part in element]
    return element[1:] if element else None


def batched(element: Element, size: int | None) -> Element:
    """The element of a dataset of batches of elements."""
    if isinstance(element, list):
        return [batched(part, size) for part in element]
    return (size, *element) if element is not None else None


def known(shape: Shape | None) -> bool:
    """Whether every dimension is known."""
    return shape is not None and None not in shape


def fits(one: Shape | None, other: Shape | None) -> bool | None:
    """Whether two shapes are equal: None where it can't be told."""
    if one is None or other is None:
        return None
    if len(one) != len(other):
        return False
    if any(a is not None and b is not None and a != b for a, b in zip(one, other, strict=True)):
        return False
    return True if known(one) and known(other) else None


def text(shape: Shape) -> str:
    """The shape as TensorFlow prints it."""
    inner = ", ".join(str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
