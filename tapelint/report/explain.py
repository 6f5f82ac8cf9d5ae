"""The rule pages in the terminal: one page in full, or the table of all rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from tapelint.catalogue import Rule
from tapelint.report import never_fail_on_characters
from tapelint.report.frame import Row
from tapelint.report.full import PROSE, WIDEST_PROSE, painter, plain, prose
from tapelint.report.visible import visible, wrap

FIXES = {"none": "no fix", "sometimes": "sometimes has a fix", "always": "has a fix"}


def write(rule: Rule, stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Print the page of one rule: rendered on a terminal, as clean text in a pipe."""
    never_fail_on_characters(stream)
    room = min(width or PROSE, WIDEST_PROSE)
    show = painter(stream, room) if color else plain(stream)
    for row in _head(rule, room):
        show(row)
    for heading, text in rule.sections.items():
        show([])
        show([("heading", heading)])
        show([])
        text = with_lists(text)
        if color:
            from tapelint.report.color import print_markdown

            print_markdown(text, stream, room)
        else:
            for line in plain_text(text, room - 2):
                show([("plain", f"  {line}" if line else "")])


def write_json(rule: Rule, stream: TextIO) -> None:
    """Print everything that the page says as one JSON object."""
    data = {
        **_data(rule),
        "message": rule.message,
        "help": rule.help,
        "labels": dict(rule.labels),
        "variants": {
            name: {"message": variant.message, "help": variant.help, "labels": dict(variant.labels)}
            for name, variant in rule.variants.items()
        },
        "sections": dict(rule.sections),
    }
    stream.write(json.dumps(data, indent=2) + "\n")


def write_table(rules: Iterable[Rule], stream: TextIO, *, color: bool = False, width: int | None = None) -> None:
    """Print a line for each rule: code, name, severity, fix, summary. Summaries wrap under themselves."""
    never_fail_on_characters(stream)
    show = painter(stream, width) if color else plain(stream)
    listed = list(rules)
    name_width = max((len(rule.name) for rule in listed), default=0)
    for rule in listed:
        fix = "fix" if rule.fix != "none" else ""
        lead = f"{rule.code}  {rule.name:<{name_width}}  {rule.severity.value:<7}  {fix:<3}  "
        first, *rest = [rule.summary] if width is None else wrap(rule.summary, max(24, width - len(lead)))
        show(
            [
                (rule.severity.value, rule.code),
                ("name", f"  {rule.name:<{name_width}}  "),
                (rule.severity.value, f"{rule.severity.value:<7}"),
                ("help", f"  {fix:<3}  "),
                *prose(first, "plain"),
            ]
        )
        for line in rest:
            show([("plain", " " * len(lead)), *prose(line, "plain")])


def write_table_json(rules: Iterable[Rule], stream: TextIO) -> None:
    """Print the table as a JSON array."""
    stream.write(json.dumps([_data(rule) for rule in rules], indent=2) + "\n")


def with_lists(markdown: str) -> str:
    """The Markdown with its tables as lists: in a terminal, columns side by side lose their ends."""
    return re.sub(r"(?m)^\|.*\n\|[-|: ]+\|\n(?:\|.*(?:\n|\Z))+", _list, markdown)


def _list(table: re.Match[str]) -> str:
    headings, _, *body = ([cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines())
    items = []
    for first, *rest in body:
        named = [f"{heading}: {cell}" for heading, cell in zip(headings[1:], rest, strict=True)]
        items.append(f"- {first}: {'; '.join(named if len(rest) > 1 else rest)}")
    return "\n".join(items) + ("\n" if table[0].endswith("\n") else "")


def plain_text(markdown: str, width: int) -> Iterator[str]:
    """Markdown as lines of clean text: paragraphs and lists wrapped, code indented and otherwise as it is."""
    lines = markdown.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if fence := re.match(r"(`{3,}|~{3,})", line):
            while at < len(lines) and not lines[at].startswith(fence[1]):
                yield f"    {lines[at]}".rstrip()
                at += 1
            at += 1
        elif not line.strip():
            yield ""
        else:
            paragraph = [line]
            while at < len(lines) and _continues(lines[at]):
                paragraph.append(lines[at])
                at += 1
            yield from _paragraph(" ".join(part.strip() for part in paragraph), line, width)


def _continues(line: str) -> bool:
    return bool(line.strip()) and not re.match(r"\s*([-*+] |\d+[.)] |`{3,}|~{3,}|#)", line)


def _paragraph(text: str, first: str, width: int) -> Iterator[str]:
    indent = " " * (len(first) - len(first.lstrip()))
    bullet = re.match(r"[-*+] |\d+[.)] ", text)
    lead = bullet[0] if bullet else ""
    hang = " " * len(lead)
    body = _inline(re.sub(r"\A#+ ", "", text[len(lead) :]))
    for index, line in enumerate(wrap(body, width - len(indent) - len(lead))):
        yield f"{indent}{hang if index else lead}{line}"


def _inline(text: str) -> str:
    """Links and emphasis as plain words; what stands between backticks stays."""
    parts = re.split(r"(`+[^`]*`+)", text)
    for index in range(0, len(parts), 2):
        part = re.sub(r"\*\*(\S(?:[^*]*\S)?)\*\*", r"\1", parts[index])
        parts[index] = re.sub(r"(?<![\w*])\*(\S(?:[^*]*\S)?)\*(?![\w*])", r"\1", part)
    return re.sub(r"\[([^\]]+)\]\((\S+?)\)", _link, "".join(parts))


def _link(match: re.Match[str]) -> str:
    return match[2] if match[1] == match[2] else f"{match[1]}: {match[2]}"


def _head(rule: Rule, width: int) -> Iterator[Row]:
    yield [(rule.severity.value, rule.code), ("heading", f" {rule.name}")]
    for line in wrap(visible(rule.summary), width):
        yield list(prose(line, "plain"))
    facts = [rule.severity.value, FIXES[rule.fix], f"since {rule.since}"]
    if rule.tensorflow:
        facts.append(f"TensorFlow {rule.tensorflow}")
    if rule.keras:
        facts.append(f"Keras {' and '.join(str(generation) for generation in rule.keras)}")
    if rule.former:
        facts.append(f"formerly {', '.join(rule.former)}")
    yield []
    for line in wrap(", ".join(facts), width):
        yield [("dim", line)]
    yield [("dim", rule.url)]


def _data(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "enabled": rule.severity.value != "info",
        "fix": rule.fix,
        "since": rule.since,
        "former": list(rule.former),
        "tensorflow": rule.tensorflow,
        "keras": list(rule.keras),
        "url": rule.url,
    }
