"""tapelint reports in every fixture and every page example what is written there, and nothing else.

What TensorFlow does with the same programs is asked in tests/oracle/; fixtures of several files are in
tests/test_projects.py.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tapelint import catalogue
from tapelint.check import Terms, check
from tapelint.diagnostic import Diagnostic, Severity
from tests.oracle.programs import FIXTURES, PAGES, blocks, expectations, files, project_folder, shown

INFO = frozenset(rule.code for rule in catalogue.rules() if rule.severity is Severity.INFO)
PYTHON = [path for path in files([FIXTURES]) if path.suffix == ".py" and project_folder(path) is None]


@pytest.fixture(autouse=True)
def _strict_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field, label or variant that a page and its rule don't agree on is an error here."""
    monkeypatch.setattr(catalogue, "diagnose", partial(catalogue.diagnose, strict=True))


def reported(path: Path, data: bytes, code: str) -> set[tuple[int, str]]:
    """The rows and codes of what is reported, with the default rules and the rule that the program is about."""
    rule = catalogue.rule(code) if code in catalogue.codes() else None
    keras = 3 if rule is None or 3 in rule.keras else 2
    # A page is looked at program by program here, so under the name of a program.
    terms = Terms(frozenset(catalogue.codes()), keras=keras, quiet=INFO - {code})
    result = check(str(path.with_suffix(".py")), data, terms)
    assert result.errors == ()
    for diagnostic in result.diagnostics:
        assert_told(diagnostic)
    return {(result.source.position(each.span.start).row, each.code) for each in result.diagnostics if result.source}


def assert_told(diagnostic: Diagnostic) -> None:
    texts = [diagnostic.message, diagnostic.label, diagnostic.help, *(each.message for each in diagnostic.related)]
    assert all(texts[:1])
    assert not any("\n" in text for text in texts), texts
    assert diagnostic.span.start <= diagnostic.span.end


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_a_fixture_is_reported_as_it_says(path: Path) -> None:
    data = path.read_bytes()
    code = path.relative_to(FIXTURES).parts[0]
    assert reported(path, data, code) == expectations(data.decode("utf-8-sig"))


@pytest.mark.parametrize("path", list(files([PAGES])), ids=shown)
def test_a_page_shows_its_fault_and_its_remedy(path: Path) -> None:
    code = path.name[:6]
    texts = {block.section: block.text for block in blocks(path) if block.section in ("Example", "Use instead")}
    assert {found for _, found in reported(path, texts["Example"].encode(), code)} == {code}
    assert reported(path, texts["Use instead"].encode(), code) == set()


def test_there_are_fixtures() -> None:
    """An empty list of cases would pass without a word."""
    assert PYTHON
