"""What a program says by itself of how it runs: with Keras 2, whatever is installed; without traced functions."""

from __future__ import annotations

import re

_SETTING = r"(?i)TF_USE_LEGACY_KERAS[\"']?\]?[ \t]*[=,: ][ \t]*[\"']?(?:1|true)\b"
_EAGER = rb"(?m)^[^#\n]*run_functions_eagerly\([ \t]*(?:run_eagerly[ \t]*=[ \t]*)?(?!False\b)"
_IMPORT = r"(?m)^[ \t]*(?:import|from)\b[^\n]*\btf_keras\b"
_ADDONS = r"(?m)^(?:import|from)[ \t]+tensorflow_addons\b"
"""A package that ended before Keras 3: its import needs `keras.src.engine`, which Keras 3 does not have."""


def sets_keras_2(text: str) -> bool:
    """Whether a text sets `TF_USE_LEGACY_KERAS`, which holds for the whole program."""
    return "TF_USE_LEGACY_KERAS" in text and re.search(_SETTING, text) is not None


def uses_keras_2(text: str) -> bool:
    """Whether a text sets `TF_USE_LEGACY_KERAS`, imports `tf_keras`, which is Keras 2 under a name of its own, or a
    package that can't be imported beside Keras 3.
    """
    return (
        sets_keras_2(text)
        or ("tf_keras" in text and re.search(_IMPORT, text) is not None)
        or ("tensorflow_addons" in text and re.search(_ADDONS, text) is not None)
    )


def runs_eagerly(data: bytes) -> bool:
    """Whether a file has TensorFlow run traced functions as plain Python, which holds for the whole program."""
    return b"run_functions_eagerly" in data and re.search(_EAGER, data) is not None
