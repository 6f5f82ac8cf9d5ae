"""What a program is said to do, what it did, and whether the two agree.

Needs neither TensorFlow nor tapelint. The vocabulary is described in docs/contributing.md.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("none", "some-none", "zero", "nan", "finite", "=", "raises", "warns", "runs")
TOLERANCE = 1e-4


class OutcomeError(ValueError):
    """An outcome that is not in the vocabulary."""


@dataclass(frozen=True)
class Leaf:
    """One number array among what a program returned. `values` are its first numbers, `size` counts all of them."""

    values: tuple[float | complex, ...]
    size: int
    zero: bool
    finite: bool


@dataclass(frozen=True)
class Happened:
    """What running one program came to.

    `leaves` are the returned values, flattened: None, numbers, or a text that shows something else. `raised` holds the
    names of the exception's class and of its bases. `failed` says that there is nothing to judge: a hang, a crash.
    """

    leaves: tuple[Leaf | str | None, ...] = ()
    raised: tuple[str, ...] = ()
    message: str = ""
    log: str = ""
    failed: str = ""

    def __str__(self) -> str:
        if self.failed:
            return self.failed
        if self.raised:
            return f"raises {self.raised[0]}: {_short(self.message)}"
        return f"{self.kind} {_short(_show(self.leaves))}"

    @property
    def kind(self) -> str:
        """The word of the vocabulary that fits what was returned best."""
        leaves = self.leaves
        numbers = [leaf for leaf in leaves if isinstance(leaf, Leaf)]
        if not leaves:
            return "nothing"
        if all(leaf is None for leaf in leaves):
            return "none"
        if any(isinstance(leaf, str) for leaf in leaves):
            return "no numbers"
        if any(leaf is None for leaf in leaves):
            return "some-none"
        if any(not leaf.finite for leaf in numbers):
            return "nan"
        if all(leaf.zero for leaf in numbers):
            return "zero"
        return "finite"


@dataclass(frozen=True)
class Outcome:
    """One word of the vocabulary, with its text or literal."""

    kind: str
    text: str = ""
    literal: Any = None

    def __str__(self) -> str:
        return f"{self.kind} {self.text}".rstrip()

    @classmethod
    def parse(cls, written: str) -> Outcome:
        """Read an outcome as fixtures and pages write it. Raises `OutcomeError`."""
        kind, _, text = written.strip().partition(" ")
        text = text.strip()
        if kind not in KINDS:
            raise OutcomeError(f"unknown outcome {written!r}; known are {', '.join(KINDS)}")
        if kind in ("raises", "warns") and not text:
            raise OutcomeError(f"{kind} what?")
        if kind == "=":
            try:
                return cls(kind, text, ast.literal_eval(text))
            except (ValueError, SyntaxError):
                raise OutcomeError(f"not a Python literal: {text!r}") from None
        if text and kind not in ("raises", "warns"):
            raise OutcomeError(f"{kind} takes no text: {written!r}")
        return cls(kind, text)

    def holds(self, happened: Happened) -> bool:
        """Whether the program did what is said here."""
        if happened.failed:
            return False
        if self.kind == "raises":
            exception, _, part = self.text.partition(":")
            return exception.strip() in happened.raised and part.strip() in happened.message
        if happened.raised:
            return False
        if self.kind == "runs":
            return True
        if self.kind == "warns":
            return self.text in happened.log
        if self.kind == "=":
            return _equal(happened.leaves, self.literal)
        return happened.kind == self.kind


def flatten(value: Any) -> list[Any]:
    """The leaves of nested lists, tuples and dictionaries, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in flatten(each)]
    return [value]


def _equal(leaves: Sequence[Leaf | str | None], literal: Any) -> bool:
    found: list[float | complex | None] = []
    for leaf in leaves:
        if leaf is None:
            found.append(None)
        elif isinstance(leaf, str) or leaf.size != len(leaf.values):
            return False
        else:
            found.extend(leaf.values)
    wanted = flatten(literal)
    return len(found) == len(wanted) and all(map(_close, found, wanted))


def _close(found: float | complex | None, wanted: Any) -> bool:
    if found is None or wanted is None:
        return found is wanted
    if isinstance(found, complex) or isinstance(wanted, complex):
        return bool(abs(found - wanted) <= TOLERANCE * max(1.0, abs(wanted)))
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _show(leaves: Sequence[Leaf | str | None]) -> str:
    parts = []
    for leaf in leaves:
        if isinstance(leaf, Leaf):
            numbers = ", ".join(f"{value:.6g}" for value in leaf.values[:6])
            parts.append(f"[{numbers}{', ...' if leaf.size > 6 else ''}]")
        else:
            parts.append(str(leaf))
    return ", ".join(parts)


def _short(text: str, length: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3] + "..."
