"""SARIF: what the standard demands, and what GitHub code scanning demands beyond it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tapelint import catalogue
from tapelint.diagnostic import Severity
from tapelint.result import FileResult
from tests.report.stories import CRITIC, critic, joined, on, printed, told


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the build runs."""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def log(*results: FileResult) -> dict[str, Any]:
    """The log of a run, checked."""
    document: dict[str, Any] = json.loads(printed("sarif", results))
    check(document)
    return document


def check(document: dict[str, Any]) -> None:
    """Everything that GitHub's upload refuses or shows wrongly, and the standard's rules for what we use."""
    assert set(document) == {"$schema", "version", "runs"}
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    base = run["originalUriBaseIds"]["%SRCROOT%"]["uri"]
    assert base.startswith("file:///")
    assert base.endswith("/")
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])
    assert driver["rules"]
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for rule in driver["rules"]:
        check_rule(rule)
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    identities = [result["partialFingerprints"]["tapelint/v1"] for result in run["results"]]
    assert len(set(identities)) == len(identities)
    for result in run["results"]:
        check_result(result, driver["rules"])


def check_rule(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z]{3}\d{3}", rule["id"])
    assert 0 < len(rule["name"]) <= 255
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    assert urlsplit(rule["helpUri"]).scheme == "https"
    assert rule["defaultConfiguration"]["level"] in {"note", "warning", "error"}
    assert rule["properties"]["precision"] in {"very-high", "high", "medium", "low"}
    assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
    assert len(rule["properties"]["tags"]) <= 10
    assert "security-severity" not in rule["properties"]


def check_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    assert result["level"] in {"note", "warning", "error"}
    if "ruleIndex" in result:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    (location,) = result["locations"]
    check_location(location)
    related = result.get("relatedLocations", [])
    assert [item["id"] for item in related] == list(range(1, len(related) + 1))
    for item in related:
        check_location(item)
    links = re.findall(r"(?<!\\)\[(?:[^\[\]\\]|\\.)*\]\((\d+)\)", result["message"]["text"])
    assert {int(number) for number in links} <= {item["id"] for item in related}
    for flow in result.get("codeFlows", []):
        for thread in flow["threadFlows"]:
            assert len(thread["locations"]) >= 2
            for step in thread["locations"]:
                check_location(step["location"])
    for fix in result.get("fixes", []):
        for change in fix["artifactChanges"]:
            for replacement in change["replacements"]:
                check_region(replacement["deletedRegion"])
                assert isinstance(replacement["insertedContent"]["text"], str)


def check_location(location: dict[str, Any]) -> None:
    artifact = location["physicalLocation"]["artifactLocation"]
    uri = urlsplit(artifact["uri"])
    if "uriBaseId" in artifact:
        assert artifact["uriBaseId"] == "%SRCROOT%"
        assert not uri.scheme
        assert not uri.path.startswith(("/", "./", "../"))
    else:
        assert uri.scheme == "file"
    assert artifact["uri"].isascii()
    assert not set(artifact["uri"]) & set(' "<>\\^`{|}')
    check_region(location["physicalLocation"]["region"])


def check_region(region: dict[str, Any]) -> None:
    keys = ("startLine", "startColumn", "endLine", "endColumn")
    assert set(keys) <= set(region) <= {*keys, "snippet"}
    assert all(region[key] >= 1 for key in keys)
    assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_one_finding() -> None:
    run = log(critic("src/critic.py"))["runs"][0]
    (result,) = run["results"]
    assert result["ruleId"] == "TAP301"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["name"] == "target-outside-tape"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/critic.py", "uriBaseId": "%SRCROOT%"},
                "region": {
                    "startLine": 7,
                    "startColumn": 13,
                    "endLine": 7,
                    "endColumn": 48,
                    "snippet": {"text": "d_loss + 10.0 * penalty(real, fake)"},
                },
            }
        }
    ]
    assert result["message"]["text"] == (
        "`total` is computed after `tape` stopped recording\n"
        "line 5: [`tape` records this block only](1)\n"
        "line 8: [so every gradient here is None](2)"
    )
    assert result["fixes"][0]["properties"] == {"applicability": "safe"}
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_the_story_is_a_code_flow_in_order() -> None:
    (result,) = log(critic())["runs"][0]["results"]
    ((flow,),) = (item["threadFlows"] for item in result["codeFlows"])
    assert [
        (step["location"]["physicalLocation"]["region"]["startLine"], step["location"]["message"]["text"])
        for step in flow["locations"]
    ] == [
        (5, "`tape` records this block only"),
        (7, "made here, after the block: not on the tape"),
        (8, "so every gradient here is None"),
    ]


def test_no_findings_is_an_empty_list_and_still_lists_the_rules() -> None:
    run = log(FileResult("a.py"))["runs"][0]
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(catalogue.codes())


def test_trouble_with_a_file_is_a_notification() -> None:
    (invocation,) = log(FileResult("a b.py", errors=("cannot be read",)))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"] == {"text": "cannot be read"}
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.py"


def test_equal_findings_have_different_identities() -> None:
    log(joined(critic(), critic(), critic()))


def test_brackets_are_no_links() -> None:
    result = told(CRITIC, (on(CRITIC, "total"), ""), (on(CRITIC, "grads"), "g[0](1)"), message="`v[0](1)` \\ x")
    (entry,) = log(result)["runs"][0]["results"]
    assert entry["message"]["text"] == "`v\\[0\\](1)` \\\\ x\nline 8: [g\\[0\\](1)](1)"


def test_paths_are_relative_and_encoded(workspace: Path) -> None:
    for path, uri in [
        ("a b/é%.py", "a%20b/%C3%A9%25.py"),
        (str(workspace / "in.py"), "in.py"),
        ("src/../in.py", "in.py"),
    ]:
        (result,) = log(critic(path))["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {
            "uri": uri,
            "uriBaseId": "%SRCROOT%",
        }


def test_path_outside_of_the_repository_is_absolute(tmp_path: Path) -> None:
    path = tmp_path.parent / "elsewhere" / "critic.py"
    (result,) = log(critic(str(path)))["runs"][0]["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert unquote(artifact["uri"]) == f"file://{path}"
    assert "uriBaseId" not in artifact


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
)
def test_levels(severity: Severity, level: str) -> None:
    (result,) = log(told(CRITIC, (on(CRITIC, "total"), ""), severity=severity))["runs"][0]["results"]
    assert result["level"] == level
    assert "codeFlows" not in result
