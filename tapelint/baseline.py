"""The baseline: findings that are known and not reported, kept in a file that people can read and review.

An entry says nothing about rows: it holds the rule, the statement without its comments and spacing, and the name of
the function around it. So code that moves keeps its entry, and so does a file that gets another name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tapelint import catalogue
from tapelint.check import Terms
from tapelint.diagnostic import Diagnostic, Severity
from tapelint.fixes import replacement
from tapelint.program import SYNTAX_ERROR
from tapelint.record import Record
from tapelint.result import FileResult
from tapelint.settings import SettingsError
from tapelint.source.layout import Layout, Statement, layout, python
from tapelint.source.text import Source

DEFAULT = "tapelint-baseline.json"

_VERSION = 1
_LENGTH = 160
_OPENING, _CLOSING = frozenset("([{."), frozenset(")]},:.")
_OWN = "TAP0"
"""Rules about comments: it is their own text that tells them apart, not the statement beside them."""


class Key(Record):
    """What a finding is known by, wherever it stands. Findings with the same key are counted."""

    code: str
    function: str
    text: str


class Judged(Record):
    """What one file came to, and what was asked of it."""

    result: FileResult
    terms: Terms

    def asked(self, code: str) -> bool:
        """Whether a finding of this rule would be in the result."""
        if self.result.errors:
            return False
        if code != SYNTAX_ERROR and any(each.code == SYNTAX_ERROR for each in self.result.diagnostics):
            return False
        if code not in self.terms.codes:
            return code not in catalogue.codes()
        severity = self.terms.severities.get(code) or catalogue.rule(code).severity
        return severity is not Severity.INFO or code not in self.terms.quiet


@dataclass
class Baseline:
    """The entries of one baseline file: how many findings of each key every file has.

    Files are named as seen from the folder of the baseline, with slashes.
    """

    path: str
    files: dict[str, Counter[Key]] = field(default_factory=dict)

    def name(self, path: str) -> str:
        """What a file is called in this baseline."""
        try:
            relative = os.path.relpath(path, os.path.dirname(os.path.abspath(self.path)))
        except ValueError:  # another drive of Windows
            relative = os.path.abspath(path)
        return relative.replace(os.sep, "/")

    def without_known(
        self, judged: Sequence[Judged], paths: Iterable[str]
    ) -> tuple[list[FileResult], list[tuple[str, Key]]]:
        """The results without what is known, and the entries that are stale: they should have matched, and did not.

        Findings take the entries of their own file first, then those that are left of files that were judged too, or
        are gone. `paths` are what the run was asked to check.
        """
        left = {name: Counter(keys) for name, keys in self.files.items()}
        new: list[list[tuple[Diagnostic, Key]]] = []
        for each in judged:
            mine = left.get(self.name(each.result.path), Counter())
            new.append([pair for pair in keyed(each.result) if not _take(mine, pair[1])])
        spare = self._settled(left, judged, paths)
        results = []
        for each, pairs in zip(judged, new, strict=True):
            fresh = [diagnostic for diagnostic, key in pairs if not _take_any(spare, key)]
            kept = tuple(fresh) if len(fresh) < len(each.result.diagnostics) else each.result.diagnostics
            results.append(each.result._replace(diagnostics=kept) if each.result.diagnostics else each.result)
        stale = [(name, key) for name, keys in sorted(spare.items()) for key in sorted(keys.elements())]
        return results, stale

    def updated(self, judged: Sequence[Judged], paths: Iterable[str]) -> Baseline:
        """A baseline of what was found now, and of the entries about which this run says nothing."""
        files: dict[str, Counter[Key]] = {}
        settled = self._settled(self.files, judged, paths)
        for name, keys in self.files.items():
            if untouched := keys - settled.get(name, Counter()):
                files[name] = untouched
        for each in judged:
            if each.result.diagnostics:
                files.setdefault(self.name(each.result.path), Counter()).update(key for _, key in keyed(each.result))
        return Baseline(self.path, files)

    def write(self) -> None:
        """Write the file; the same entries are always the same bytes. Raises `SettingsError`."""
        findings = {
            name: [{**key._asdict(), "count": count} for key, count in sorted(keys.items())]
            for name, keys in sorted(self.files.items())
            if keys
        }
        text = json.dumps({"version": _VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n"
        data = text.encode("utf-8", "surrogatepass")
        try:
            if not os.path.lexists(self.path):
                with open(self.path, "xb") as file:
                    file.write(data)
                return
            with open(self.path, "rb") as file:
                old = file.read()
            replacement.replace(self.path, old, data)
        except OSError as error:
            raise SettingsError(f"{self.path}: cannot be written: {error.strerror}") from None
        except replacement.NotReplaced as error:
            raise SettingsError(f"{self.path}: cannot be written: {str(error).removeprefix('not fixed: ')}") from None

    def count(self) -> int:
        """How many findings it holds."""
        return sum(keys.total() for keys in self.files.values())

    def _settled(
        self, entries: Mapping[str, Counter[Key]], judged: Sequence[Judged], paths: Iterable[str]
    ) -> dict[str, Counter[Key]]:
        """Those of the entries about which the run has the last word."""
        by_name = {self.name(each.result.path): each for each in judged}
        folder = os.path.dirname(os.path.abspath(self.path))
        roots = [os.path.abspath(path) for path in paths]
        settled: dict[str, Counter[Key]] = {}
        for name, keys in entries.items():
            each = by_name.get(name)
            if each is not None:
                settled[name] = Counter({key: count for key, count in keys.items() if each.asked(key.code)})
                continue
            path = os.path.normpath(os.path.join(folder, name))
            if not os.path.lexists(path) and any(
                path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots
            ):
                settled[name] = Counter(keys)
        return settled


def load(path: str) -> Baseline:
    """Read a baseline. Raises `SettingsError`, also for a file that is none."""
    try:
        with open(path, "rb") as file:
            table = json.loads(file.read().decode("utf-8", "surrogatepass"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such baseline; --write-baseline writes it") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SettingsError(f"{path}: not a baseline of tapelint: not valid JSON") from None
    if not isinstance(table, dict) or not isinstance(table.get("findings"), dict):
        raise SettingsError(f"{path}: not a baseline of tapelint: it has no findings")
    if table.get("version") != _VERSION:
        raise SettingsError(f"{path}: a baseline of version {table.get('version')}; this tapelint reads {_VERSION}")
    files: dict[str, Counter[Key]] = {}
    for name, entries in table["findings"].items():
        keys = files.setdefault(name, Counter())
        for entry in entries if isinstance(entries, list) else [entries]:
            if not _is_entry(entry):
                raise SettingsError(f"{path}: not a baseline of tapelint: an entry of {name} is not understood")
            keys[Key(entry["code"], entry["function"], entry["text"])] += entry["count"]
    return Baseline(path, files)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in Key._fields):
        return False
    count = entry.get("count")
    return type(count) is int and count > 0


def keyed(result: FileResult) -> list[tuple[Diagnostic, Key]]:
    """The findings of one file with their keys."""
    if result.source is None or not result.diagnostics:
        return []
    source = python(result.source, result.cells)
    found = layout(source)
    return [(diagnostic, _key(diagnostic, source, found)) for diagnostic in result.diagnostics]


def _key(diagnostic: Diagnostic, source: Source, found: Layout) -> Key:
    row = source.position(diagnostic.span.start).row
    statement = found.statement_at(row)
    if diagnostic.code != SYNTAX_ERROR and diagnostic.code.startswith(_OWN):
        text = " ".join(source.segment(diagnostic.span).split())
    elif diagnostic.code == SYNTAX_ERROR or statement is None:
        text = " ".join(source.line(row).split())
    else:
        text = _normal(statement)
    if len(text) > _LENGTH:
        text = f"{text[:_LENGTH]}... {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return Key(diagnostic.code, _function(row, found), text)


def _normal(statement: Statement) -> str:
    """The statement as one line, however it is broken and spaced, with or without a comma at the end of a list."""
    words: list[str] = []
    for word in statement.words:
        if word in (")", "]", "}") and words and words[-1] == ",":
            words.pop()
        words.append(word)
    text = ""
    for before, word in zip(["(", *words], words, strict=False):
        opens = word in ("(", "[") and (before[-1].isalnum() or before[-1] in "_)]")
        text += word if opens or before in _OPENING or word in _CLOSING else f" {word}"
    return text


def _function(row: int, found: Layout) -> str:
    """The name of the innermost function around a row; empty outside functions."""
    around = [statement for statement in found.statements if statement.first <= row]
    limit = 1 << 30
    for statement in reversed(around):
        if statement.column >= limit:
            continue
        limit = statement.column
        if "def" in statement.words[:2]:
            return statement.words[statement.words.index("def") + 1]
    return ""


def _take(keys: Counter[Key], key: Key) -> bool:
    if keys[key] < 1:
        return False
    keys[key] -= 1
    return True


def _take_any(files: Mapping[str, Counter[Key]], key: Key) -> bool:
    return any(_take(keys, key) for keys in files.values())
