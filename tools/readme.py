"""Write what is generated into README.md, between its markers: the finding at the top and the table of rules.

    python tools/readme.py

tapelint must be installed in place: `pip install --editable .`
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

from tapelint import catalogue
from tapelint.diagnostic import Severity

ROOT = Path(__file__).resolve().parents[1]
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


def finding() -> str:
    """What a terminal shows for the example, without its colours."""
    command = [sys.executable, "-m", "tapelint", "--isolated", "--no-cache", "examples/"]
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "TAPELINT_CONFIG")}
    environment.update(COLUMNS="120", NO_COLOR="1")
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 1:
        raise SystemExit(f"{' '.join(command)} found nothing in the example:\n{done.stdout}{done.stderr}")
    return f"```console\n$ tapelint examples/\n{done.stdout.rstrip()}\n```"


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
    """The README with its generated parts made anew."""
    for name, content in (("finding", finding()), ("rules", table())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{content}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    readme = ROOT / "README.md"
    readme.write_text(updated(readme.read_text(encoding="utf-8")), encoding="utf-8")
