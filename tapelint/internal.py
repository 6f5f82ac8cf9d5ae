"""Files that reach TensorFlow and Keras through their private modules only: most of their own sources are of that kind.

The tables know public names. What comes from a private module is unknown, so in such a file there is nothing that
could be told, and it need not be played.
"""

from __future__ import annotations

import re

from tapelint.source.imports import imports
from tapelint.source.marks import COMMENT

PRIVATE = ("tensorflow.python", "tensorflow.core", "tensorflow.compiler", "keras.src", "tf_keras.src")
"""Modules that no public name of the tables goes through."""
_PREFIXES = tuple(f"{module}." for module in PRIVATE)
_SPELLED = tuple(module.encode() for module in PRIVATE)
_LIBRARIES = ("tensorflow", "keras", "tf_keras")
_PUBLIC = rb"\bimport[ \t]+(?:tensorflow|tf_keras|keras)\b(?!\.)"
"""An import of a whole library, wherever it stands: behind `try:` on the same line as well."""


def is_internal(path: str, data: bytes, follow: bool) -> bool:
    """Whether a Python file imports private modules of TensorFlow or Keras, and nothing that may lead to a public name.

    That may be a public module, or another one of the project if it is read (`follow`). A file with comments for
    tapelint is not of that kind: they may have to be answered.
    """
    if not path.endswith((".py", ".pyi")) or not any(module in data for module in _SPELLED) or COMMENT in data:
        return False
    if re.search(_PUBLIC, data) is not None:
        return False
    private = False
    others: list[str] = []
    for module, _, plain in imports(data):
        for part in (plain or module).decode("latin-1").split(","):
            name, _, bound = (word.strip() for word in part.partition(" as "))
            # `import tensorflow.python.ops` binds `tensorflow`, with all that is public in it.
            if f"{name}.".startswith(_PREFIXES) and (bound or not plain):
                private = True
            elif name.partition(".")[0] in _LIBRARIES:
                return False
            else:
                others.append(name)
    return private and not (follow and _of_project(path, others))


def _of_project(path: str, names: list[str]) -> bool:
    from tapelint.project import project_of

    project = project_of(path)
    return project is not None and any(project.find(name, path) is not None for name in names if name)
