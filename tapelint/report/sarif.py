"""SARIF 2.1.0, with what GitHub code scanning asks for: rules with help, fingerprints, the story as a code flow."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from tapelint import __version__, catalogue
from tapelint.diagnostic import Applicability, Diagnostic, Fix, Severity
from tapelint.report.place import Place, edit_places, place, related_place, story
from tapelint.report.repository import Fingerprints, relative, root
from tapelint.result import FileResult

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
LONGEST_DESCRIPTION = 1024
LONGEST_SNIPPET = 2000


def write(results: Iterable[FileResult], stream: TextIO, *, color: bool, width: int | None) -> None:
    """Print one log with one run. All rules are listed, so that two logs differ in their results only."""
    start = root("GITHUB_WORKSPACE")
    rules = catalogue.rules()
    index = {rule.code: number for number, rule in enumerate(rules)}
    fingerprints = Fingerprints()
    found: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    for result in results:
        artifact = _artifact(result.path, start)
        found.extend(
            _result(result, diagnostic, index, fingerprints.of(result, diagnostic, artifact["uri"]), start)
            for diagnostic in result.diagnostics
        )
        notifications.extend(
            {
                "level": "error",
                "message": {"text": error},
                "locations": [{"physicalLocation": {"artifactLocation": artifact}}],
            }
            for error in result.errors
        )
    driver = {
        "name": "tapelint",
        "semanticVersion": __version__,
        "informationUri": catalogue.DOCUMENTATION,
        "rules": [_rule(rule) for rule in rules],
    }
    invocation: dict[str, Any] = {"executionSuccessful": not notifications}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"%SRCROOT%": {"uri": start.as_uri().rstrip("/") + "/"}},
                "invocations": [invocation],
                "results": found,
            }
        ],
    }
    stream.write(json.dumps(log) + "\n")


def _rule(rule: catalogue.Rule) -> dict[str, Any]:
    markdown = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in rule.sections.items() if text)
    described = rule.sections.get("What it does") or rule.summary
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary[:LONGEST_DESCRIPTION]},
        "fullDescription": {"text": " ".join(described.split())[:LONGEST_DESCRIPTION]},
        "help": {"text": markdown or rule.summary, "markdown": markdown or rule.summary},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": LEVELS[rule.severity], "enabled": rule.severity is not Severity.INFO},
        "properties": {
            "precision": "very-high",
            "problem.severity": PROBLEMS[rule.severity],
            "tags": ["correctness", "gradient", "tensorflow"],
        },
    }


def _result(
    result: FileResult, diagnostic: Diagnostic, index: dict[str, int], fingerprint: str, start: Path
) -> dict[str, Any]:
    related = [
        (label, where)
        for label, where in ((item.message, related_place(result, item)) for item in diagnostic.related)
        if where is not None
    ]
    links = [
        f"{where.line}: [{_escaped(label)}]({number})" for number, (label, where) in enumerate(related, 1) if label
    ]
    at = place(result, diagnostic.span)
    entry: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": LEVELS[diagnostic.severity],
        "message": {"text": "\n".join([_escaped(diagnostic.message + at.note), *links])},
        "locations": [_primary(result, diagnostic, start)],
        "partialFingerprints": {"tapelint/v1": fingerprint},
    }
    if diagnostic.code in index:
        entry["ruleIndex"] = index[diagnostic.code]
    if related:
        entry["relatedLocations"] = [
            {"id": number, **_location(where, start, label)} for number, (label, where) in enumerate(related, 1)
        ]
        steps = [{"location": _location(where, start, label)} for label, where in story(result, diagnostic)]
        entry["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if diagnostic.fix is not None:
        entry["fixes"] = [_fix(result, diagnostic.fix, start)]
    return entry


def _primary(result: FileResult, diagnostic: Diagnostic, start: Path) -> dict[str, Any]:
    location = _location(place(result, diagnostic.span), start)
    if result.source is not None:
        snippet = result.source.segment(diagnostic.span)[:LONGEST_SNIPPET]
        location["physicalLocation"]["region"]["snippet"] = {"text": snippet}
    return location


def _location(where: Place, start: Path, label: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(where.path, start), "region": _region(where)}
    }
    if label:
        location["message"] = {"text": _escaped(label)}
    return location


def _region(where: Place) -> dict[str, Any]:
    return {
        "startLine": where.start.row,
        "startColumn": where.start.column,
        "endLine": where.end.row,
        "endColumn": where.end.column,
    }


def _artifact(path: str, start: Path) -> dict[str, str]:
    below = relative(path, start)
    if below is None:
        return {"uri": Path(path).absolute().as_uri()}
    return {"uri": quote(os.fsencode(below)), "uriBaseId": "%SRCROOT%"}


def _fix(result: FileResult, fix: Fix, start: Path) -> dict[str, Any]:
    return {
        "description": {"text": _escaped(fix.message)},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(result.path, start),
                "replacements": [
                    {"deletedRegion": _region(where), "insertedContent": {"text": content}}
                    for where, content in edit_places(result, fix)
                ],
            }
        ],
        "properties": {"applicability": "safe" if fix.applicability is Applicability.SAFE else "unsafe"},
    }


def _escaped(text: str) -> str:
    """A text in which no bracket can be taken for a link."""
    return re.sub(r"([\\\[\]])", r"\\\1", text)
