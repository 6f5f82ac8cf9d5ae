"""What is built holds everything that an installed tapelint needs, and the sdist everything that a developer needs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import tapelint
from tests.oracle.programs import PAGES, ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path)
    package = ROOT / "tapelint"
    sources = {path for path in package.rglob("*") if path.suffix in (".py", ".tsv", ".typed")}
    assert {path.relative_to(ROOT).as_posix() for path in sources} <= names
    assert {f"tapelint/_rules/{path.name}" for path in PAGES.glob("*.md")} <= names
    info = f"tapelint-{tapelint.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"tapelint", info}
    assert any(name.startswith(info) and name.endswith("/LICENSE") for name in names)
    # The pages are found where the wheel puts them.
    say = "import tapelint, tapelint.catalogue as c; print(tapelint.__file__, len(c.rules()), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", say], cwd=tmp_path, capture_output=True, text=True, check=True)
    file, count = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path.resolve())
    assert int(count) == len(list(PAGES.glob("*.md")))


def test_the_sdist(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tops = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", ".ci/run", "tests/run.py")
    assert set(tops) <= names
    for folder in ("rules", "fixtures", "docs", "examples"):
        wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {path for path in wanted if "__pycache__" not in path} <= names
