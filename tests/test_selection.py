from __future__ import annotations

from typing import Any

import pytest

from tapelint.catalogue import codes, rules
from tapelint.diagnostic import Severity
from tapelint.selection import Selection, select
from tapelint.settings import Settings, SettingsError

INFO = frozenset(rule.code for rule in rules() if rule.severity is Severity.INFO)


def selected(**values: Any) -> Selection:
    warnings: list[str] = []
    selection = select(Settings({name.replace("_", "-"): value for name, value in values.items()}, "/p"), warnings)
    assert warnings == []
    return selection


def on(**values: Any) -> frozenset[str]:
    """The codes that can be reported."""
    terms = selected(**values).terms
    return frozenset(code for code in terms.codes if not (code in terms.quiet and code in INFO))


def test_by_default_all_but_info() -> None:
    assert on() == frozenset(codes()) - INFO
    assert "TAP119" not in on()


def test_pedantic_is_all() -> None:
    assert on(pedantic=True) == frozenset(codes())
    assert on(select=["ALL"]) == frozenset(codes())


@pytest.mark.parametrize("word", ["TAP301", "tap301", "target-outside-tape"])
def test_one_rule(word: str) -> None:
    assert on(select=[word]) == {"TAP301", "TAP001"}


def test_the_beginning_of_codes() -> None:
    assert on(select=["TAP3"]) == {code for code in codes() if code.startswith("TAP3")} | {"TAP001"}


def test_naming_an_info_rule_turns_it_on() -> None:
    assert "TAP119" in on(select=["TAP119"])
    assert "TAP119" in on(extend_select=["persistent-tape-not-deleted"])
    assert on(extend_select=["TAP119"]) == on() | {"TAP119"}


def test_ignoring() -> None:
    assert on(ignore=["TAP301"]) == on() - {"TAP301"}
    assert not any(code.startswith("TAP3") for code in on(ignore=["TAP3"]))
    assert "TAP001" not in on(ignore=["TAP001"])


@pytest.mark.parametrize(
    ("select_words", "ignore_words", "expected"),
    [
        (["TAP3"], ["TAP301"], False),
        (["TAP301"], ["TAP3"], True),
        (["TAP301"], ["TAP301"], False),
        (["TAP30"], ["TAP3"], True),
        (["TAP3"], ["TAP30"], False),
        (["ALL"], ["TAP3"], False),
        (["TAP"], ["ALL"], True),
    ],
)
def test_the_more_specific_word_wins(select_words: list[str], ignore_words: list[str], expected: bool) -> None:
    assert ("TAP301" in on(select=select_words, ignore=ignore_words)) is expected


@pytest.mark.parametrize("key", ["select", "extend_select"])
def test_an_unknown_word_is_an_error_where_it_selects(key: str) -> None:
    with pytest.raises(SettingsError, match=r"target-outside-tap.*did you mean.*target-outside-tape"):
        selected(**{key: ["target-outside-tap"]})
    with pytest.raises(SettingsError, match="TAP999"):
        selected(**{key: ["TAP999"]})


def test_an_unknown_severity_key_is_an_error() -> None:
    with pytest.raises(SettingsError, match="TAP999"):
        selected(severity={"TAP999": "error"})


def test_an_unknown_word_is_a_warning_where_it_ignores() -> None:
    warnings: list[str] = []
    settings = Settings({"ignore": ["TAP999", "TAP301"], "per-file-ignores": {"*": ["nothing-like-it"]}}, "/p", "/p/c")
    selection = select(settings, warnings)
    assert "TAP301" not in selection.terms.codes
    assert [warning.startswith("/p/c: ") for warning in warnings] == [True, True]
    assert "TAP999" in warnings[0]
    assert "nothing-like-it" in warnings[1]


def test_severities_and_target() -> None:
    terms = selected(severity={"TAP301": "warning", "TAP11": "error"}, target_keras=2).terms
    assert terms.severities["TAP301"] is Severity.WARNING
    assert terms.severities["TAP119"] is Severity.ERROR
    assert terms.keras == 2


def test_per_file_ignores() -> None:
    selection = selected(per_file_ignores={"tests/*": ["TAP3"], "__init__.py": ["ALL"]})
    assert "TAP301" in selection.terms_for("/p/src/a.py").codes
    assert "TAP301" not in selection.terms_for("/p/tests/deep/a.py").codes
    assert "TAP101" in selection.terms_for("/p/tests/a.py").codes
    assert selection.terms_for("/p/src/__init__.py").codes == frozenset()
