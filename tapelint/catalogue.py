"""The rule pages as data, and the words of a finding: `Finding` in, `Diagnostic` out.

Codes and names are known from the file names alone; a page is opened when somebody asks for what it says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from tapelint.diagnostic import Diagnostic, Finding, Related, Severity, Span
from tapelint.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    FixAvailability = Literal["none", "sometimes", "always"]

DOCUMENTATION = "https://tapelint.readthedocs.io/en/latest/"
"""Where the guide and the rule reference can be read."""

FIELD_LENGTH = 60
"""A field value (source text, most often) longer than this is shortened in the middle."""

_FILE_NAME = r"(TAP\d{3})-([a-z0-9]+(?:-[a-z0-9]+)*)\.md\Z"
_PLACEHOLDER = r"\{\{|\}\}|\{(\w+)\}"
_REQUIRED = {"code", "name", "summary", "message", "severity", "fix", "since"}
_OPTIONAL = {"help", "former", "tensorflow", "true_from", "keras", "labels", "variants"}


class UnknownRuleError(LookupError):
    """No rule has this code, name or former name. The text names near misses."""


class PageError(ValueError):
    """A rule page does not have the form that docs/contributing.md gives."""


class MissingFieldError(ValueError):
    """A template asks for something that the finding does not bring."""


class Variant(Record):
    """Another way to tell the same rule. An empty text means: the page's own."""

    message: str = ""
    help: str = ""
    true_from: str = ""
    labels: Mapping[str, str] = MappingProxyType({})


class Rule(Record):
    """One rule page. `message`, `help` and `labels` are templates; `sections` holds Markdown by heading, in order.

    `true_from` is the first TensorFlow that does what the message says, if older ones do not.
    """

    code: str
    name: str
    summary: str
    message: str
    severity: Severity
    fix: FixAvailability
    since: str
    help: str = ""
    former: tuple[str, ...] = ()
    tensorflow: str = ""
    true_from: str = ""
    keras: tuple[int, ...] = (2, 3)
    labels: Mapping[str, str] = MappingProxyType({})
    variants: Mapping[str, Variant] = MappingProxyType({})
    sections: Mapping[str, str] = MappingProxyType({})

    @property
    def url(self) -> str:
        """The page of this rule in the published documentation."""
        return f"{DOCUMENTATION}rules/{self.code}/"


def codes() -> tuple[str, ...]:
    """All codes, sorted. Opens no page."""
    return tuple(_files())


def names() -> Mapping[str, str]:
    """The name of every code, sorted by code. Opens no page."""
    return {code: name for code, (name, _) in _files().items()}


def rule(key: str) -> Rule:
    """The rule of a code (in any case), a name or a former name. Raises `UnknownRuleError`."""
    return _page(code_of(key))


def code_of(key: str) -> str:
    """The code that a code, a name or a former name means; pages are opened only for a former name.

    Raises `UnknownRuleError` with one line of text.
    """
    files = _files()
    if key.upper() in files:
        return key.upper()
    for code, (name, _) in files.items():
        if name == key:
            return code
    for code in files:
        if key in _page(code).former:
            return code
    raise UnknownRuleError(_unknown(key))


def rules() -> tuple[Rule, ...]:
    """Every rule, sorted by code. Opens every page."""
    return tuple(_page(code) for code in _files())


def diagnose(finding: Finding, severities: Mapping[str, Severity] | None = None, *, strict: bool = False) -> Diagnostic:
    """The finding with its words.

    `severities` overrides the page's severity by code. A field that the finding does not have leaves the raw
    template; with `strict`, as the tests ask, it raises `MissingFieldError`.
    """
    page = rule(finding.code)
    told = page.variants.get(finding.variant)
    if told is None:
        if finding.variant and strict:
            raise MissingFieldError(f"{page.code} has no variant `{finding.variant}`")
        told = Variant()
    labels = {**page.labels, **told.labels}
    related = tuple(
        Related(
            fill(labels.get(mark.label, ""), {**finding.fields, **mark.fields}, strict=strict),
            Span(mark.span.start, mark.span.end),
            mark.span.path or None,
        )
        for mark in finding.marks
        if mark.label in labels  # a place that this telling has no words for is not part of its story
    )
    return Diagnostic(
        code=page.code,
        name=page.name,
        severity=(severities or {}).get(page.code, page.severity),
        message=fill(told.message or page.message, finding.fields, strict=strict),
        span=finding.span,
        label=fill(labels.get("primary", ""), finding.fields, strict=strict),
        related=related,
        help=fill(told.help or page.help, finding.fields, strict=strict),
        fix=finding.fix,
        url=page.url,
    )


def true_from(finding: Finding) -> str:
    """The first TensorFlow of which the finding is true; empty if it is of all."""
    page = rule(finding.code)
    told = page.variants.get(finding.variant)
    return (told.true_from if told is not None else "") or page.true_from


def fill(template: str, fields: Mapping[str, str], *, strict: bool = False) -> str:
    """The template with each `{field}` replaced; `{{` and `}}` stand for braces.

    Values become one line and are shortened to `FIELD_LENGTH` (a reason, which is a sentence, to twice that). A missing
    value leaves the whole template as it is written, or raises `MissingFieldError` when `strict`.
    """
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in fields:
            missing.append(name)
            return match[0]
        return _one_line(fields[name], FIELD_LENGTH if name != "reason" else 2 * FIELD_LENGTH)

    filled = re.sub(_PLACEHOLDER, value, template)
    if missing:
        if strict:
            raise MissingFieldError(f"no value for {', '.join(missing)} in: {template}")
        return template
    return filled


def fields_of(template: str) -> frozenset[str]:
    """The names of the fields that a template asks for."""
    return frozenset(match[1] for match in re.finditer(_PLACEHOLDER, template) if match[1])


def parse(path: str) -> Rule:
    """Read one page. Raises `PageError`, which names the file and what is wrong with it."""
    file = os.path.basename(path)
    named = re.match(_FILE_NAME, file)
    if named is None:
        raise PageError(f"{file}: a page is called CODE-name.md, for example TAP301-target-outside-tape.md")
    with open(path, encoding="utf-8") as page:
        parts = re.split(r"^\+\+\+[ \t]*$", page.read(), maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise PageError(f"{file}: the front matter is not between two +++ lines")
    head = _toml(parts[1], file)
    unknown = sorted(head.keys() - _REQUIRED - _OPTIONAL)
    missing = sorted(_REQUIRED - head.keys())
    if unknown or missing:
        raise PageError(f"{file}: unknown keys {unknown}, missing keys {missing}")
    if (head["code"], head["name"]) != named.groups():
        raise PageError(f"{file}: code and name are {head['code']} and {head['name']} in the front matter")
    if head["severity"] not in {severity.value for severity in Severity}:
        raise PageError(f"{file}: severity {head['severity']!r}")
    if head["fix"] not in {"none", "sometimes", "always"}:
        raise PageError(f"{file}: fix {head['fix']!r}")
    variants = head.get("variants", {})
    for variant, table in variants.items():
        if extra := sorted(table.keys() - {"message", "help", "true_from", "labels"}):
            raise PageError(f"{file}: unknown keys {extra} in variant {variant}")
    return Rule(
        code=head["code"],
        name=head["name"],
        summary=head["summary"],
        message=head["message"],
        severity=Severity(head["severity"]),
        fix=head["fix"],
        since=head["since"],
        help=head.get("help", ""),
        former=tuple(head.get("former", ())),
        tensorflow=head.get("tensorflow", ""),
        true_from=head.get("true_from", ""),
        keras=tuple(head.get("keras", (2, 3))),
        labels=head.get("labels", {}),
        variants={variant: Variant(**table) for variant, table in variants.items()},
        sections=_sections(parts[2]),
    )


def _one_line(value: str, length: int) -> str:
    line = " ".join(value.split())
    if len(line) <= length:
        return line
    half = (length - 3) // 2
    return f"{line[:half].rstrip()}...{line[-half:].lstrip()}"


def _unknown(key: str) -> str:
    from difflib import get_close_matches

    known = [*codes(), *names().values()]
    near = [code for code in codes() if key and code.startswith(key.upper())][:3]
    near = near or get_close_matches(key.upper(), known, 3, 0.75) or get_close_matches(key, known, 3, 0.6)
    return f"no rule is called `{key}`" + (
        f"; did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
    )


def _folder() -> str:
    """The pages of an installed tapelint lie in the package, those of a checkout beside it."""
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "_rules")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "rules")


@cache
def _files() -> Mapping[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    folder = _folder()
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if named := re.match(_FILE_NAME, file):
            found[named[1]] = (named[2], os.path.join(folder, file))
    return found


@cache
def _page(code: str) -> Rule:
    return parse(_files()[code][1])


def _toml(text: str, name: str) -> dict[str, Any]:
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"{name}: {error}") from None


def _sections(markdown: str) -> dict[str, str]:
    """Markdown by its `##` headings; a `##` inside a fenced block is code."""
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    fence = ""
    for line in markdown.splitlines():
        opened = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif opened:
            fence = opened[1]
        elif line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), [])
            continue
        if current is not None:
            current.append(line)
    return {heading: "\n".join(lines).strip("\n") for heading, lines in sections.items()}
