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
    for code in sorted(set(codes) & table.keys()):
        module = import_module(f"tapelint.rules.{table[code]}")
        found.extend(module.find(recording))
    return settle(found, recording)
