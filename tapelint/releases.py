"""The releases of TensorFlow that differ in something that is told, and the numbers of versions."""

from __future__ import annotations

STEPS = ((2, 0), (2, 11), (2, 15), (2, 16))
"""The versions of TensorFlow before which something that a finding may speak of was not so.

Source: run in TensorFlow 1.15.5, 2.10.1, 2.11.1, 2.15 and 2.21.
"""
NEWEST = (9,)
"""Newer than all of TensorFlow."""


def version(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: `2.16.1` is (2, 16, 1)."""
    numbers: list[int] = []
    for part in text.strip().split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)
