"""The rules: each module puts one question to a recording.

A module is named for its rule (`target_outside_tape` for TAP301 target-outside-tape), holds its `CODE` and one
function `find(recording)` that yields findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tapelint.diagnostic import Finding

if TYPE_CHECKING:
    from tapelint.play.recording import Recording

_HELPERS = frozenset({"__init__", "story", "edits", "precedence"})


OF_MISSING = frozenset(
    {
        "all_paths_stopped", "assign_cuts_path", "computed_outside_tape", "constant_target",
        "first_gradient_outside_outer_tape", "forward_outside_tape", "gradient_per_output", "integer_on_path",
        "integer_source", "loss_scaled_outside_tape", "metric_as_loss", "nested_watch_missing", "nondifferentiable_op",
        "nontrainable_source", "nothing_watched", "op_without_gradient", "python_function_on_path",
        "second_order_on_one_tape", "source_not_used", "source_recreated", "target_outside_tape",
        "through_data_pipeline", "unwatched_source", "variable_from_tensor", "watched_copy", "watched_too_late",
        "wrong_tape", "zero_gradient_op",
    }
)  # fmt: skip
"""Modules that ask for nothing but gradients that are missing: not even imported where none is."""


@cache
def modules() -> dict[str, str]:
    """The module of every rule by its code, from file names alone."""
    from tapelint import catalogue

    by_module = {name.replace("-", "_"): code for code, name in catalogue.names().items()}
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _HELPERS and path.stem in by_module:
            found[by_module[path.stem]] = path.stem
    return dict(sorted(found.items()))


def codes() -> tuple[str, ...]:
    """The codes of all rules that are asked of a recording. Imports no rule."""
    return tuple(modules())


def find(recording: Recording, codes: Iterable[str]) -> list[Finding]:
    """What the rules `codes` find in a recording, each fault once, in the order of the text."""
    from tapelint.rules.precedence import settle

    found: list[Finding] = []
    table = modules()
    complete = not any(verdict.standing.value == "cut" for ask in recording.asks for verdict in ask.verdicts)
    for code in sorted(set(codes) & table.keys()):
        if complete and table[code] in OF_MISSING:
            continue
        module = import_module(f"tapelint.rules.{table[code]}")
        found.extend(module.find(recording))
    return settle(found, recording)
