"""Rule pages and the table of rules as the terminal shows them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tapelint import catalogue
from tapelint.catalogue import Rule, Variant
from tapelint.diagnostic import Severity
from tapelint.report import explain
from tapelint.report.visible import cells

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")

RULE = Rule(
    code="TAP901",
    name="lost-gradient",
    summary="A gradient of `x` is lost",
    message="`{x}` is lost",
    severity=Severity.WARNING,
    fix="sometimes",
    since="0.1.0",
    help="keep it",
    former=("gone-gradient",),
    tensorflow=">=2.15",
    keras=(3,),
    labels={"primary": "here"},
    variants={"twice": Variant("twice")},
    sections={
        "What it does": (
            "Reports a gradient that is *lost* for **certain**, as `tape.gradient(total, variables)` in a long line\n"
            "says it, and 2 * 3 * 4.\n"
            "\n"
            "- One thing, that is long enough to be wrapped into the next line, where it hangs under itself.\n"
            "- [Another](https://example.org/a_b)\n"
            "  thing.\n"
        ),
        "Example": (
            'Words before.\n\n```python tf="none"\nx = 1\n\nif x:\n'
            '    y = "[bold]*no*[/]"  # a line that is longer than the terminal is wide, and stays whole\n```'
        ),
    },
)

PLAIN = """\
TAP901 lost-gradient
A gradient of `x` is lost

warning, sometimes has a fix, since 0.1.0, TensorFlow >=2.15, Keras 3, formerly
gone-gradient
https://tapelint.readthedocs.io/en/latest/rules/TAP901/

What it does

  Reports a gradient that is lost for certain, as
  `tape.gradient(total, variables)` in a long line says it, and 2 * 3 * 4.

  - One thing, that is long enough to be wrapped into the next line, where it
    hangs under itself.
  - Another: https://example.org/a_b thing.

Example

  Words before.

      x = 1

      if x:
          y = "[bold]*no*[/]"  # a line that is longer than the terminal is wide, and stays whole
"""


def shown(rule: Rule, *, color: bool = False, width: int | None = None) -> str:
    stream = io.StringIO()
    explain.write(rule, stream, color=color, width=width)
    return stream.getvalue()


def test_plain() -> None:
    assert shown(RULE) == PLAIN


def test_terminal() -> None:
    text = shown(RULE, color=True, width=80)
    assert "\x1b[1;33mTAP901" in text
    assert "\x1b[1mWhat it does" in text
    assert "\x1b[35mif\x1b[0m x:" in text
    lines = ESCAPE.sub("", text).splitlines()
    assert all(line == line.rstrip() for line in lines)
    assert not any(before == after == "" for before, after in pairwise(lines))
    assert lines[-6:] == PLAIN.splitlines()[-6:]


def test_plain_needs_no_rich() -> None:
    program = (
        "import sys\nfrom tapelint import catalogue\nfrom tapelint.report import explain\n"
        "explain.write(catalogue.rule('TAP301'), sys.stderr)\n"
        "explain.write_table(catalogue.rules(), sys.stderr)\n"
        "assert not {'rich', 'pygments'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    )


def blank_pairs(text: str) -> int:
    return sum(before == after == "" for before, after in pairwise(text.splitlines()))


def test_a_table_becomes_a_list() -> None:
    table = "| call | Keras 3 | Keras 2 |\n|---|---|---|\n| `f()` | `TypeError` | runs |\n\nMore."
    assert explain.with_lists(table) == "- `f()`: Keras 3: `TypeError`; Keras 2: runs\n\nMore."
    assert explain.with_lists("One.\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |") == "One.\n\n- c: d\n- e: f"
    assert explain.with_lists("| no table") == "| no table"


@pytest.mark.parametrize("code", catalogue.codes())
def test_every_page_fits_into_a_terminal(code: str) -> None:
    rule = catalogue.rule(code)
    plain = shown(rule, width=80)
    assert "\x1b" not in plain
    assert "```" not in plain
    prose = [line for line in plain.splitlines() if not line.startswith("      ") and "://" not in line]
    assert all(cells(line) <= 80 for line in prose if "`" not in line)
    assert not any(line.strip().startswith("|") for line in prose)
    colored = ESCAPE.sub("", shown(rule, color=True, width=80))
    assert "…" not in colored
    assert blank_pairs(colored) == blank_pairs(plain)
    for heading in rule.sections:
        assert f"\n{heading}\n" in plain
        assert f"\n{heading}\n" in colored


def test_page_as_json() -> None:
    stream = io.StringIO()
    explain.write_json(RULE, stream)
    data = json.loads(stream.getvalue())
    assert data["code"] == "TAP901"
    assert data["message"] == "`{x}` is lost"
    assert data["variants"] == {"twice": {"message": "twice", "help": "", "labels": {}}}
    assert list(data["sections"]) == ["What it does", "Example"]


def test_table() -> None:
    other = Rule("TAP902", "kept", "All is well here for a good while", "", Severity.INFO, "none", "0.1.0")
    stream = io.StringIO()
    explain.write_table([RULE, other], stream)
    assert stream.getvalue() == (
        "TAP901  lost-gradient  warning  fix  A gradient of `x` is lost\n"
        "TAP902  kept           info          All is well here for a good while\n"
    )
    narrow = io.StringIO()
    explain.write_table([RULE, other], narrow, width=62)
    assert narrow.getvalue().splitlines()[1:] == [
        "TAP902  kept           info          All is well here for a",
        "                                     good while",
    ]
    colored = io.StringIO()
    explain.write_table([RULE, other], colored, color=True, width=80)
    assert ESCAPE.sub("", colored.getvalue()) == stream.getvalue()


def test_table_as_json() -> None:
    stream = io.StringIO()
    explain.write_table_json([RULE], stream)
    assert json.loads(stream.getvalue()) == [
        {
            "code": "TAP901",
            "name": "lost-gradient",
            "summary": "A gradient of `x` is lost",
            "severity": "warning",
            "enabled": True,
            "fix": "sometimes",
            "since": "0.1.0",
            "former": ["gone-gradient"],
            "tensorflow": ">=2.15",
            "keras": [3],
            "url": "https://tapelint.readthedocs.io/en/latest/rules/TAP901/",
        }
    ]
