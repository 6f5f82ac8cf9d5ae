"""Everything that a change must pass: ruff, mypy, tapelint on itself, and the tests, TensorFlow's part included.

    python3 tests/run.py [ARGUMENTS FOR PYTEST]

With arguments, only the tests that they select. Needs only Python and pip. What the checks need goes into
`.venv-test`, which is made again when pyproject.toml changes. With the environment variable CI set, a TensorFlow that
can't be installed is a failure; otherwise its part is skipped.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-test"
STAMP = ENVIRONMENT / "made-for"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

ORACLE = [
    ["pytest", "-p", "no:cacheprovider", "-m", "oracle", "--ignore=tests/oracle/test_fixes.py"],
    ["pytest", "-p", "no:cacheprovider", "tests/oracle/test_fixes.py"],
]
"""The tests that wait for TensorFlow most of the time, in two parts. They run beside everything else."""
CHECKS = [["ruff", "check", "."], ["mypy"], ["tapelint", "."], ["pytest", "-m", "not oracle"]]


def main(arguments: Sequence[str]) -> int:
    """Run every step, also after a failed one. Returns the exit code."""
    if sys.version_info < (3, 10):  # noqa: UP036 (this file must say so itself: nothing has checked it yet)
        print("tapelint needs Python 3.10 or newer", file=sys.stderr)
        return 2
    if not prepare():
        return 2
    if arguments:
        return 0 if passes(["pytest", *arguments]) else 1
    return 0 if passes_all() else 1


def passes_all() -> bool:
    """Run every check, and beside them the oracle's tests, whose output is shown after that of the others."""
    outputs = [tempfile.TemporaryFile() for _ in ORACLE]  # noqa: SIM115 (they live as long as this process)
    processes = [
        subprocess.Popen([PYTHON, "-m", *part], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        for part, output in zip(ORACLE, outputs, strict=True)
    ]
    try:
        failed = [shlex.join(check) for check in CHECKS if not passes(check)]
        for part, process, output in zip(ORACLE, processes, outputs, strict=True):
            print(f"== {shlex.join(part)}", flush=True)
            if process.wait():
                failed.append(shlex.join(part))
            output.seek(0)
            shutil.copyfileobj(output, sys.stdout.buffer)
            sys.stdout.flush()
    finally:
        for process in processes:
            process.kill()
    for check in failed:
        print(f"== failed: {check}", flush=True)
    return not failed


def passes(command: Sequence[str]) -> bool:
    """Run a module of the environment and show what it says."""
    print(f"== {shlex.join(command)}", flush=True)
    return subprocess.run([PYTHON, "-m", *command], cwd=ROOT).returncode == 0


def prepare() -> bool:
    """Make the environment, unless it is there and was made for this pyproject.toml and this Python."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return True
    print(f"== making {ENVIRONMENT.name}: this takes a few minutes, once", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    try:
        venv.create(ENVIRONMENT, with_pip=True)
    except subprocess.CalledProcessError:
        # Not every system's Python can put pip into an environment, but its own pip can.
        venv.create(ENVIRONMENT, with_pip=False, clear=True)
        subprocess.run([sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"], check=True)
    if install(".[test,oracle]"):
        STAMP.write_text(wanted)
        return True
    if os.environ.get("CI"):
        print("the test environment could not be made", file=sys.stderr)
        return False
    print("== TensorFlow could not be installed here; its part of the tests will be skipped", flush=True)
    return install(".[test]")


def install(what: str) -> bool:
    """Install the project, so that its files are used in place, with the extras that `what` names."""
    return passes(["pip", "install", "--quiet", "--disable-pip-version-check", "--editable", what])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
