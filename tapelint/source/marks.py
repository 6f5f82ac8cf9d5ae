"""The byte marks without which a file holds nothing for any rule: such a file is read, searched and put away.

This module imports nothing, for it is all that a tree without tapes pays for.
"""

from __future__ import annotations

_SPELLED = (
    b"GradientTape",
    b".gradient(",
    b"apply_gradients",
    b"custom_gradient",
    b"tf.gradients",
    b"K.gradients",
    b"backend.gradients",
    b"v1.gradients",
    b".compute_gradients(",
    b".get_gradients(",
    b".gradientTape(",
)
_COMMON = b"radient"
"""Part of every mark in `_SPELLED`: one search sends most files away."""
_OTHERS = (b".minimize(", b"ForwardAccumulator", b".reset_states(", b"_resource_apply_")
COMMENT = b"tapelint:"
"""How a comment for tapelint begins."""
_LIBRARY = (b"tensorflow", b"keras", b"GradientTape", b" tf")
"""One of these stands in every file that uses TensorFlow (`from project.backend import tf`)."""


def has_mark(data: bytes) -> bool:
    """Whether the bytes hold anything that a rule, or a suppression comment, can be about.

    All marks are ASCII, so this is right for every encoding that Python source may have.
    """
    if _COMMON in data:
        for mark in _SPELLED:
            if mark in data:
                return COMMENT in data or _library(data)
    for mark in _OTHERS:
        if mark in data:
            return COMMENT in data or _library(data)
    return COMMENT in data


def _library(data: bytes) -> bool:
    for word in _LIBRARY:
        if word in data:
            return True
    return False
