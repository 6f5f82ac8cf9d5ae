"""Write the table of rules into README.md, between its markers, from the rule pages.

    python tools/readme_table.py

tapelint must be installed in place: `pip install --editable .`
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tapelint import catalogue
from tapelint.diagnostic import Severity

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
FAMILIES = {
    "0": "Files and comments that tapelint can't use",
    "1": "Life of the tape",
    "2": "What is watched",
    "3": "The path from source to target is cut",
    "4": "Dtypes, operations, numbers",
    "5": "Higher order, Jacobians, custom gradients",
    "6": "Arguments and results of `gradient`",
    "7": "Optimizers and losses",
    "8": "`tf.function` and distribution",
    "9": "Moving on from TensorFlow 1 and Keras 2",
}
FIXES = {"none": "", "sometimes": "sometimes", "always": "yes"}


def table() -> str:
    """The rules by family, as Markdown."""
    parts = []
    for family, rules in groupby(catalogue.rules(), key=lambda rule: rule.code[3]):
        rows = [
            f"| [{rule.code}](rules/{rule.code}-{rule.name}.md) | {rule.name} | {rule.summary} | "
            f"{'info (off)' if rule.severity is Severity.INFO else rule.severity.value} | {FIXES[rule.fix]} |"
            for rule in rules
        ]
        head = "| code | name | what it reports | severity | fix |\n|---|---|---|---|---|"
        parts.append("\n".join([f"### {FAMILIES[family]}", "", head, *rows]))
    return "\n\n".join(parts)


def updated(text: str) -> str:
    """The README with a fresh table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(updated(readme.read_text(encoding="utf-8")), encoding="utf-8")
