"""Which public names TensorFlow and Keras have, and which of them are the same object.

A symbol has one canonical spelling (see `canonical_name`); every other spelling of the same object is an alias.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

#: Subtrees that hold no tensor functions, or only names of another subtree.
SKIPPED = {
    "tensorflow.compat",
    "tensorflow.dtensor",
    "tensorflow.estimator",
    "tensorflow.experimental.dtensor",
    "tensorflow.experimental.numpy.random",
    "tensorflow.io.gfile",
    "tensorflow.keras",
    "tensorflow.lite",
    "tensorflow.mlir",
    "tensorflow.profiler",
    "tensorflow.security",
    "tensorflow.test",
    "tensorflow.tools",
    "tensorflow.tpu",
    "tensorflow.version",
    "tensorflow.xla",
    "keras.api",
    "keras.src",
    "keras.datasets",
    "keras.distribution",
    "keras.tree",
    "keras.version",
}


PRIVATE = ("tensorflow.python", "tensorflow.core", "tensorflow.compiler", "keras.src", "tf_keras.src")


@dataclass
class Names:
    """All public names of one installation, grouped by object."""

    objects: dict[str, Any] = field(default_factory=dict)
    """Canonical name to object."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Any other spelling to the canonical name."""


def walk(name: str, module: Any, seen: set[str] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield every public (dotted name, object) below a module, not leaving the library."""
    seen = set() if seen is None else seen
    if name in SKIPPED or name in seen or name.count(".") > 5:
        return
    seen.add(name)
    for attribute in sorted(set(dir(module))):
        if attribute.startswith("_"):
            continue
        try:
            value = getattr(module, attribute)
        except (AttributeError, ImportError):
            continue
        dotted = f"{name}.{attribute}"
        if isinstance(value, types.ModuleType):
            home = str(vars(value).get("__name__", ""))
            if home.startswith(("tensorflow", "keras", "tf_keras")) and not home.startswith(PRIVATE):
                yield from walk(dotted, value, seen)
        else:
            yield dotted, value


def canonical_name(names: list[str], value: Any) -> str:
    """The spelling that stands in the tables: Keras before TensorFlow, experimental last, few dots, its own name."""
    own = getattr(value, "__name__", "")
    return min(
        names,
        key=lambda name: (
            not name.startswith("keras."),
            "experimental" in name,
            name.count("."),
            name.rpartition(".")[2] != own,
            name,
        ),
    )


def group(found: Iterator[tuple[str, Any]], keep: Callable[[Any], bool]) -> Names:
    """Choose a canonical name for every object and list the other spellings."""
    by_object: dict[int, list[str]] = {}
    objects: dict[int, Any] = {}
    for name, value in found:
        if keep(value):
            objects[id(value)] = value
            spellings = by_object.setdefault(id(value), [])
            if name not in spellings:
                spellings.append(name)
    result = Names()
    for key, spellings in by_object.items():
        chosen = canonical_name(spellings, objects[key])
        result.objects[chosen] = objects[key]
        result.aliases.update({name: chosen for name in spellings if name != chosen})
    return result


def collect() -> tuple[Names, dict[str, str | None]]:
    """All public names of the installed TensorFlow, and those of `tensorflow.compat.v1`.

    The second result maps a name below `tensorflow.compat.v1` to the canonical symbol that is the same object, or
    to None when TensorFlow 2 has no such object.
    """
    import keras
    import tensorflow as tf

    # Names that exist only as attributes of a lazily loaded module are found by importing it first.
    for lazy in ("losses", "metrics", "optimizers", "initializers", "keras"):
        dir(getattr(tf, lazy))

    def everything() -> Iterator[tuple[str, Any]]:
        yield from walk("keras", keras)
        yield from walk("keras", tf.keras)
        yield from walk("tensorflow", tf)

    def keep(value: Any) -> bool:
        # Keras 3 keeps the names of the legacy optimizers, for a class that only raises ImportError.
        stub = getattr(value, "__name__", "") == "LegacyOptimizerWarning"
        return callable(value) and not isinstance(value, types.ModuleType) and not stub

    names = group(everything(), keep)
    by_object = {id(value): name for name, value in names.objects.items()}
    # compat.v1 hands out some functions in a wrapper that only logs a deprecation.
    by_target = {id(inspect.unwrap(value)): name for name, value in names.objects.items()}
    v1: dict[str, str | None] = {}
    SKIPPED.discard("tensorflow.compat")
    for name, value in walk("tensorflow.compat.v1", tf.compat.v1):
        if keep(value) and not name.startswith(("tensorflow.compat.v1.keras", "tensorflow.compat.v1.compat")):
            v1[name] = by_object.get(id(value)) or by_target.get(id(inspect.unwrap(value)))
    SKIPPED.add("tensorflow.compat")
    return names, v1


def lookup(name: str) -> Any:
    """The object behind a dotted public name. Raises AttributeError where there is none."""
    import keras
    import tensorflow as tf

    head, _, rest = name.partition(".")
    value: Any = keras if head == "keras" else tf
    for part in rest.split("."):
        value = getattr(value, part)
    return value


def find(name: str) -> Any:
    """As `lookup`, but None where there is no such name; Keras's names are also sought in `tf.keras`."""
    for spelling in (name, f"tensorflow.{name}"):
        try:
            return lookup(spelling)
        except AttributeError:
            continue
    return None
