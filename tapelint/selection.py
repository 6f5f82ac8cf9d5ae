"""Which rules are on: codes, beginnings of codes, names and `ALL`; the more specific word wins over the wider one."""

from __future__ import annotations

import re

from tapelint import catalogue
from tapelint.check import Terms
from tapelint.diagnostic import Applicability, Severity
from tapelint.fixes.trust import Trust
from tapelint.pattern import Patterns
from tapelint.record import Record
from tapelint.settings import Settings, SettingsError

_EVERYTHING = "ALL"
_BEGINNING = r"(?i)TAP\d{0,2}\Z"
_EXACT = 6


class Selection(Record):
    """What settings ask of files: the terms, and the rules that are off where a pattern matches."""

    terms: Terms
    per_file: tuple[tuple[Patterns, frozenset[str]], ...] = ()
    reads_pins: bool = False
    """Whether the project around a file decides on TensorFlow and the Keras generation."""

    def terms_for(self, path: str, data: bytes | None = None) -> Terms:
        """The terms for one file that holds `data`."""
        terms = self.terms
        off = [codes for patterns, codes in self.per_file if patterns.match(path)]
        if off:
            terms = terms._replace(codes=terms.codes.difference(*off))
        if self.reads_pins:
            from tapelint.pins import pin_of

            pin = pin_of(path, data)
            if pin is not None:
                terms = terms._replace(keras=pin.keras, before=pin.before)
        return terms


def select(settings: Settings, warnings: list[str], suppressions: bool = True) -> Selection:
    """The selection that the settings mean; comments may suppress findings if `suppressions`.

    Without `select`, all rules are on whose severity is not info; `pedantic` adds those, and so does every word that
    selects them. An unknown word in `select`, `extend-select` or `severity` raises `SettingsError`; elsewhere it adds
    one line to `warnings`. syntax-error is on unless it is ignored.
    """
    on = dict.fromkeys(catalogue.codes(), 0) if settings.select is None else {"TAP001": 0}
    named: set[str] = set()
    for word in [*(settings.select or ()), *settings.extend_select]:
        codes, width = _meant(word, settings)
        named |= codes
        for code in codes:
            on[code] = max(on.get(code, 0), width)
    for word in settings.ignore:
        for code in _ignored(word, settings, warnings):
            if code in on and on[code] <= _width(word):
                del on[code]
    severities = {}
    for word, severity in settings.severity.items():
        codes, _ = _meant(word, settings)
        severities.update(dict.fromkeys(codes, Severity(severity)))
    per_file = tuple(
        (
            Patterns([pattern], settings.root),
            frozenset(code for word in words for code in _ignored(word, settings, warnings)),
        )
        for pattern, words in settings.per_file_ignores.items()
    )
    quiet = frozenset() if settings.pedantic else frozenset(on) - named
    terms = Terms(
        frozenset(on),
        settings.keras or 3,
        quiet,
        severities,
        before=settings.before,
        suppressions=suppressions,
        noqa=settings.respect_noqa,
        trust=_trust(settings, warnings),
        follow=settings.follow_imports,
        mend=None if not settings.fix else Applicability.UNSAFE if settings.unsafe_fixes else Applicability.SAFE,
    )
    return Selection(terms, per_file, reads_pins=settings.keras is None and not settings.isolated)


def _trust(settings: Settings, warnings: list[str]) -> Trust:
    """What the settings say about fixes. Where two words speak of one rule, the more specific one counts."""
    safe, unsafe = (
        {code: _width(word) for word in sorted(words, key=_width) for code in _ignored(word, settings, warnings)}
        for words in (settings.extend_safe_fixes, settings.extend_unsafe_fixes)
    )
    never = frozenset(code for word in settings.unfixable for code in _ignored(word, settings, warnings))
    return Trust(
        frozenset(code for code, width in safe.items() if width > unsafe.get(code, 0)),
        frozenset(code for code, width in unsafe.items() if width >= safe.get(code, 0)),
        never,
    )


def _meant(word: str, settings: Settings) -> tuple[set[str], int]:
    codes = _codes(word)
    if not codes:
        raise SettingsError(f"{settings.place(word)}: {_unknown(word)}")
    return codes, _width(word)


def _ignored(word: str, settings: Settings, warnings: list[str]) -> set[str]:
    codes = _codes(word)
    if not codes:
        warnings.append(f"{settings.place(word)}: {_unknown(word)}")
    return codes


def _codes(word: str) -> set[str]:
    if word.upper() == _EVERYTHING:
        return set(catalogue.codes())
    if re.match(_BEGINNING, word):
        return {code for code in catalogue.codes() if code.startswith(word.upper())}
    try:
        return {catalogue.code_of(word)}
    except catalogue.UnknownRuleError:
        return set()


def _width(word: str) -> int:
    """How specific a word is: the length of what it says about a code."""
    if word.upper() == _EVERYTHING:
        return 1
    return len(word) if re.match(_BEGINNING, word) else _EXACT


def _unknown(word: str) -> str:
    try:
        catalogue.code_of(word)
    except catalogue.UnknownRuleError as error:
        return str(error)
    return f"no rule begins with {word}"
