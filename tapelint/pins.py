"""The TensorFlow that a project's own files ask for: its requirements, or `TF_USE_LEGACY_KERAS` for Keras 2."""

from __future__ import annotations

import os
import re
from functools import cache

from tapelint.generation import sets_keras_2
from tapelint.record import Record
from tapelint.releases import NEWEST, STEPS, version

_NAMES = r"((?:intel[-_])?tensorflow(?:[-_](?:cpu|gpu|macos|intel|rocm|directml|aarch64))?|keras)"
_REQUIREMENT = rf"(?i)^\s*(?:-\s*)?[\"']?{_NAMES}(?:\[[^\]]*\])?\s*([<>=!~^].*?)?\s*[\"']?\s*(?:[;#].*)?$"
"""A line of requirements.txt, of a list of dependencies in TOML, or of a conda environment."""
_INLINE = rf"(?i)[\"']{_NAMES}(?:\[[^\]]*\])?\s*([<>=!~][^\"';]*)"
_TABLE = rf"(?i)^\s*[\"']?{_NAMES}[\"']?\s*=\s*(?:\{{.*?version\s*=\s*)?[\"']([^\"']*)[\"']"
"""`tensorflow = "~2.10"` as Poetry and Pipfile have it."""
_LOCKED = rf"(?im)^name = \"{_NAMES}\"\r?\nversion = \"([^\"]*)\""
_LOCKED_JSON = rf"(?i)\"{_NAMES}\":\s*\{{[^{{}}]*?\"version\":\s*\"([^\"]*)\""
_CLAUSE = r"\s*(===|==|~=|!=|<=|>=|<|>|=|~|\^)?\s*([0-9][^\s,|]*)"
_IMAGE = r"(?im)^FROM\s+(tensorflow)/tensorflow:v?([0-9][0-9.]*)"
"""What an image of TensorFlow's own holds."""
_SHELL = r"(?m)(?:^|\"|\\n)[ \t]*[!%][ \t]*(?:python3?[ \t]+-m[ \t]+)?pip3?[ \t]+install[ \t]((?:(?!\\n)[^\n])*)"
"""A cell of a notebook that installs something, as the JSON of the notebook has it."""
_INSTALLED = rf"(?i)(?<![\w-]){_NAMES}(?:\[[^\]]*\])?([<>=!~][^\s\"'\\;]*)"
_COLAB_1 = r"(?m)(?:^|\"|\\n)[ \t]*%tensorflow_version[ \t]+1\b"

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_TABLES = ("pyproject.toml", "Pipfile")
_LIST = r"(?i)(?:(?:[\w.-]*[-_.])?req\w*\b.*\.(?:txt|in)|(?:env|conda)\w*\b.*\.ya?ml|setup\.cfg)\Z"
"""The names that lists of requirements go by: `requirements-gpu.txt`, `req.txt`, `environment_gpu.yml`."""
_SCRIPTS = ("setup.py", "Dockerfile", ".env")
"""What holds requirements among other things, or sets the environment."""
_KERAS = {(2, 11): (2, 11), (2, 15): (2, 15), (2, 16): (3,)}
"""The Keras that came with each of the steps: they have the same numbers since TensorFlow 2.6."""
_MOST = 2_000_000
"""Longer files are not read: a lock file of this size says nothing that the requirements do not."""


class Pin(Record):
    """What requirements ask: `before` is a TensorFlow that is newer than all that they allow, `path` says so."""

    before: tuple[int, ...]
    path: str

    @property
    def keras(self) -> int:
        """The generation of Keras: 2 if only a TensorFlow before 2.16 is allowed, or a Keras before 3."""
        return 2 if self.before <= (2, 16) else 3


def pin_of(path: str, data: bytes | None) -> Pin | None:
    """What a file asks for by itself, which is a notebook that installs TensorFlow, else what its project asks."""
    wanted: list[tuple[str, str]] = []
    if data is not None and path.endswith(".ipynb"):
        if re.search(rb"pip3?[ \t]+install[^\n]{0,300}(?:tensorflow|keras)", data):
            lines = re.findall(_SHELL, data.decode("latin-1"))
            wanted = [pair for line in lines for pair in re.findall(_INSTALLED, line)]
        if b"%tensorflow_version" in data and re.search(_COLAB_1, data.decode("latin-1")):
            wanted.append(("tensorflow", "<2"))
    if wanted:
        return Pin(min(_before(*pair) for pair in wanted), path)
    return pin_for(os.path.dirname(os.path.abspath(path)))


@cache
def pin_for(folder: str) -> Pin | None:
    """What the closest requirements at or above `folder` ask; None if none speaks of TensorFlow or Keras.

    A file that starts the program and sets `TF_USE_LEGACY_KERAS` asks for Keras 2. The search ends at the top of the
    repository.
    """
    found = [Pin(_before(name, wanted), path) for path in _files(folder) for name, wanted in _wanted(path)]
    if found:
        return min(found)
    parent = os.path.dirname(folder)
    if parent == folder or os.path.exists(os.path.join(folder, ".git")):
        return None
    return pin_for(parent)


def _files(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [
        os.path.join(folder, name)
        for name in names
        if name in (*_LOCKS, *_TABLES, *_SCRIPTS, "Pipfile.lock") or re.match(_LIST, name)
    ]


def _wanted(path: str) -> list[tuple[str, str]]:
    """Each package of ours that the file names, with what it asks of its version."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _MOST:
            return []
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    if "tensorflow" not in text.lower() and "keras" not in text.lower():
        return []
    name = os.path.basename(path)
    if sets_keras_2(text):
        return [("keras", "<3")]
    if name == "Dockerfile":
        return re.findall(_INSTALLED, text) or [(image, "==" + tag) for image, tag in re.findall(_IMAGE, text)]
    if name in _SCRIPTS:
        return re.findall(_INLINE, text)
    if name in _LOCKS:
        return re.findall(_LOCKED, text)
    if name == "Pipfile.lock":
        return re.findall(_LOCKED_JSON, text)
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if name in _TABLES:
            found += re.findall(_INLINE, line)
            found += re.findall(_TABLE, line)
        elif match := re.match(_REQUIREMENT, line):
            found.append((match[1], match[2] or ""))
    return found


def _before(name: str, wanted: str) -> tuple[int, ...]:
    """The first step in the history of TensorFlow that comes after every version that is allowed."""
    steps = _KERAS if name.lower() == "keras" else {step: step for step in STEPS}
    return next((step for step, first in steps.items() if _ends_before(first, wanted)), NEWEST)


def _ends_before(first: tuple[int, ...], wanted: str) -> bool:
    """Whether every version that is allowed is older than `first`."""
    for sign, text in re.findall(_CLAUSE, wanted):
        number = version(text)
        below = number < first
        if sign == "<":
            below = number <= first
        elif sign == "~=":
            below = number[:-1] < first[: len(number) - 1] if len(number) > 1 else False
        elif sign == "~":
            below = number < first if len(number) > 1 else False
        elif sign == "^":
            below = number[:1] < first[:1]
        elif sign in (">", ">=", "!="):
            below = False
        if below:
            return True
    return False
