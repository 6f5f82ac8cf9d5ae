"""How deeply brackets nest: libcst's parser ends the whole process on text that nests too deeply for it."""

from __future__ import annotations

DEEPEST = 200
"""Python's own tokenizer refuses more open brackets than this."""


def too_deep(text: str) -> bool:
    """Whether the text may nest deeper than a parser can bear. Brackets in strings and comments are counted too."""
    depth = 0
    for char in text:
        if char in "([{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif char in ")]}" and depth:
            depth -= 1
    return False
