"""The rule pages as data, and the words of a finding."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapelint import catalogue
from tapelint.catalogue import MissingFieldError, PageError, UnknownRuleError, diagnose, fill, parse
from tapelint.diagnostic import Applicability, Edit, Finding, Fix, Mark, Severity, Span

PAGE = """\
+++
code = "TAP901"
name = "lost-gradient"
summary = "A gradient is lost"
message = "`{target}` is lost"
help = "keep `{target}`"
severity = "warning"
fix = "sometimes"
since = "0.1.0"
former = ["gone-gradient"]
tensorflow = ">=2.15"
keras = [3]

[labels]
primary = "lost here"
tape = "`{tape}` ends"

[variants.twice]
message = "`{target}` is lost twice"

[variants.twice.labels]
tape = "`{tape}` ends twice"
+++

# lost-gradient (TAP901)

## What it does

Something.

## Example

```python tf="none"
## not a heading
x = 1
```

## References
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder that takes the place of `rules/`."""
    monkeypatch.setattr(catalogue, "_folder", lambda: tmp_path)
    catalogue._files.cache_clear()
    catalogue._page.cache_clear()
    yield tmp_path
    catalogue._files.cache_clear()
    catalogue._page.cache_clear()


def add(folder: Path, text: str = PAGE, name: str = "TAP901-lost-gradient.md") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_page_is_read_whole(pages: Path) -> None:
    rule = parse(add(pages))
    assert (rule.code, rule.name, rule.severity, rule.fix) == ("TAP901", "lost-gradient", Severity.WARNING, "sometimes")
    assert (rule.former, rule.tensorflow, rule.keras) == (("gone-gradient",), ">=2.15", (3,))
    assert list(rule.sections) == ["What it does", "Example", "References"]
    assert rule.sections["What it does"] == "Something."
    assert rule.sections["Example"] == '```python tf="none"\n## not a heading\nx = 1\n```'
    assert rule.variants["twice"].labels == {"tape": "`{tape}` ends twice"}
    assert rule.url == catalogue.DOCUMENTATION + "rules/TAP901/"
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_rules_are_found_by_code_name_and_former_name(pages: Path) -> None:
    add(pages)
    for key in ("TAP901", "tap901", "lost-gradient", "gone-gradient"):
        assert catalogue.rule(key).code == "TAP901"
        assert catalogue.code_of(key) == "TAP901"
    assert [rule.code for rule in catalogue.rules()] == ["TAP901"]


def test_listing_opens_no_page(pages: Path) -> None:
    add(pages, "not a page at all")
    add(pages, "neither", "TAP101-tape-consumed.md")
    add(pages, "a note", "README.md")
    assert catalogue.codes() == ("TAP101", "TAP901")
    assert catalogue.names() == {"TAP101": "tape-consumed", "TAP901": "lost-gradient"}
    assert catalogue.code_of("lost-gradient") == "TAP901"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("TAP910", "no rule is called `TAP910`; did you mean `TAP901`?"),
        ("ta", "no rule is called `ta`; did you mean `TAP901`?"),
        ("", "no rule is called ``"),
        ("lost-gradients", "no rule is called `lost-gradients`; did you mean `lost-gradient`?"),
        ("whatever", "no rule is called `whatever`"),
    ],
)
def test_unknown_rule_names_near_misses(pages: Path, key: str, text: str) -> None:
    add(pages)
    with pytest.raises(UnknownRuleError) as caught:
        catalogue.rule(key)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('severity = "warning"', 'severity = "fatal"', "severity 'fatal'"),
        ('fix = "sometimes"', 'fix = "maybe"', "fix 'maybe'"),
        ('since = "0.1.0"\n', "", "missing keys ['since']"),
        ("keras = [3]", "kears = [3]", "unknown keys ['kears']"),
        ('code = "TAP901"', 'code = "TAP902"', "code and name are TAP902 and lost-gradient"),
        ("[variants.twice]", "[variants.twice]\nseverity = 1", "unknown keys ['severity'] in variant twice"),
        ("[labels]", "[labels", "TAP901-lost-gradient.md: "),
        ("+++\ncode", "++\ncode", "not between two +++ lines"),
    ],
)
def test_a_malformed_page_says_what_is_wrong(pages: Path, old: str, new: str, reason: str) -> None:
    assert old in PAGE
    with pytest.raises(PageError) as caught:
        parse(add(pages, PAGE.replace(old, new)))
    assert reason in str(caught.value)
    assert "TAP901-lost-gradient.md" in str(caught.value)


def test_a_page_must_be_named_for_its_rule(pages: Path) -> None:
    with pytest.raises(PageError, match="a page is called CODE-name"):
        parse(add(pages, name="lost.md"))


def finding(variant: str = "", **fields: str) -> Finding:
    marks = (Mark("tape", Span(0, 4), {"tape": "t"}), Mark("tape", Span(5, 9, "other.py"), {"tape": "u"}))
    fix = Fix("keep it", Applicability.SAFE, (Edit(Span(1, 2), "x"),))
    return Finding("TAP901", Span(10, 12), fields, marks, fix, variant)


def test_a_finding_gets_its_words(pages: Path) -> None:
    add(pages)
    told = diagnose(finding(target="loss"), strict=True)
    assert (told.code, told.name, told.severity) == ("TAP901", "lost-gradient", Severity.WARNING)
    assert (told.message, told.label, told.help) == ("`loss` is lost", "lost here", "keep `loss`")
    assert [(item.message, item.span, item.path) for item in told.related] == [
        ("`t` ends", Span(0, 4), None),
        ("`u` ends", Span(5, 9), "other.py"),
    ]
    assert told.fix == finding().fix
    assert told.url.endswith("/TAP901/")


def test_a_variant_replaces_what_it_says_and_no_more(pages: Path) -> None:
    add(pages)
    told = diagnose(finding("twice", target="loss"), strict=True)
    assert (told.message, told.label, told.help) == ("`loss` is lost twice", "lost here", "keep `loss`")
    assert told.related[0].message == "`t` ends twice"


def test_severity_can_be_overridden(pages: Path) -> None:
    add(pages)
    assert diagnose(finding(target="loss"), {"TAP901": Severity.INFO}).severity is Severity.INFO
    assert diagnose(finding(target="loss"), {"TAP902": Severity.INFO}).severity is Severity.WARNING


def test_what_is_missing_fails_a_test_and_never_a_run(pages: Path) -> None:
    add(pages)
    assert diagnose(finding()).message == "`{target}` is lost"
    with pytest.raises(MissingFieldError, match="no value for target in: "):
        diagnose(finding(), strict=True)
    assert diagnose(finding("thrice", target="loss")).message == "`loss` is lost"
    with pytest.raises(MissingFieldError, match="TAP901 has no variant `thrice`"):
        diagnose(finding("thrice", target="loss"), strict=True)


def test_a_place_without_words_is_not_told(pages: Path) -> None:
    add(pages)
    unknown = Finding("TAP901", Span(0, 1), {"target": "loss"}, (Mark("nowhere", Span(0, 1)),))
    assert diagnose(unknown, strict=True).related == ()


@pytest.mark.parametrize(
    ("template", "fields", "expected"),
    [
        ("{a} and {b}", {"a": "1", "b": "2"}, "1 and 2"),
        ("{{a}} {a}", {"a": "1"}, "{a} 1"),
        ("{} {a.b} {a}", {"a": "1"}, "{} {a.b} 1"),
        ("{a}", {"a": "{b}"}, "{b}"),
        ("{a}", {"a": "f(\n    x,\r\n\ty)"}, "f( x, y)"),
        ("{a}", {"a": "x" * 60}, "x" * 60),
        ("{a}", {"a": "x" * 40 + "y" * 40}, "x" * 28 + "..." + "y" * 28),
        ("{a} {b}", {"a": "1"}, "{a} {b}"),
    ],
)
def test_fill(template: str, fields: dict[str, str], expected: str) -> None:
    assert fill(template, fields) == expected


def test_fields_of() -> None:
    assert catalogue.fields_of("{a} {{b}} {c_d} {}") == {"a", "c_d"}


def test_pages_of_an_installed_package_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tapelint"
    package.mkdir()
    monkeypatch.setattr(catalogue, "__file__", str(package / "catalogue.py"))
    assert catalogue._folder() == str(tmp_path / "rules")
    (package / "_rules").mkdir()
    assert catalogue._folder() == str(package / "_rules")


def test_the_import_is_cheap() -> None:
    program = (
        "import sys, tapelint.catalogue as c; assert c.codes();"
        "assert not {'tomllib', 'tomli', 'difflib', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[1])


@pytest.mark.parametrize("code", catalogue.codes())
def test_every_page_has_the_form(code: str) -> None:
    rule = catalogue.rule(code)
    assert list(rule.sections) == [
        "What it does",
        "Why",
        "Example",
        "Use instead",
        "What TensorFlow does",
        "When it stays silent",
        "Fix safety",
        "References",
    ]
    assert not rule.summary.endswith(".")
    assert len(rule.summary) <= 1024
