"""What the tests of fixes share: fixing a program with the default rules and the rule that it is about."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from functools import lru_cache
from pathlib import Path

from tapelint import catalogue
from tapelint.check import Terms, check, mend
from tapelint.diagnostic import Applicability, Severity
from tapelint.result import FileResult
from tests.oracle.programs import FIXTURES, files

INFO = frozenset(rule.code for rule in catalogue.rules() if rule.severity is Severity.INFO)
SAFE, UNSAFE = Applicability.SAFE, Applicability.UNSAFE


def faulty() -> list[Path]:
    """The fixtures that hold faults."""
    return [path for path in files([FIXTURES]) if path.suffix == ".py" and path.name.startswith("fails")]


def code_of(path: Path) -> str:
    """The rule that a fixture is about."""
    return path.relative_to(FIXTURES).parts[0]


def terms(code: str, most: Applicability | None = None) -> Terms:
    """The default rules and the rule `code`, for the Keras that it speaks of."""
    known = code in catalogue.codes()
    keras = 3 if not known or 3 in catalogue.rule(code).keras else 2
    return Terms(frozenset(catalogue.codes()), keras=keras, quiet=INFO - {code}, mend=most)


def fixed(data: bytes, most: Applicability, code: str = "", name: str = "program.py") -> bytes:
    """The bytes after fixing."""
    result = mended(data, most, code, name)
    return data if result.mended is None else result.mended.after


@lru_cache(maxsize=1024)
def mended(data: bytes, most: Applicability, code: str = "", name: str = "program.py") -> FileResult:
    """The result of fixing, which must not fail."""
    result = mend(name, data, terms(code, most))
    assert result.errors == ()
    return result


def judged(data: bytes, code: str = "", name: str = "program.py") -> FileResult:
    """What is found in the bytes."""
    result = check(name, data, terms(code))
    assert result.errors == ()
    return result


def comments(text: str) -> Counter[str]:
    """Every comment of a text, with how often it stands there."""
    return Counter(
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline)
        if token.type == tokenize.COMMENT
    )


def with_tabs(text: str) -> str:
    """The text indented with tabs in place of four spaces each."""
    return re.sub(r"^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)


def with_crlf(text: str) -> str:
    """The text with the line ends of Windows."""
    return text.replace("\n", "\r\n")


def with_comments_in_brackets(text: str) -> str:
    """The text with a comment and the end of a line after each opening bracket and each comma within brackets."""
    lines = text.splitlines(keepends=True)
    depth = strings = 0
    places: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        strings += name.endswith("STRING_START") - name.endswith("STRING_END")
        if token.type != tokenize.OP or strings:
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string in "([{" or (token.string == "," and depth):
            places.append(token.end)
    for row, column in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]}  # note {row}.{column}\n    {line[column:]}"
    return "".join(lines)
