"""Where the project around a file lies, and which files it has. No import beyond `os`: every run may have to ask.

A project is the repository, else the closest folder with a project file, else the package or the folder with scripts
around a file; installed packages are projects of their own.
"""

from __future__ import annotations

import os

from tapelint.source.marks import has_mark

REPOSITORY = (".git", ".hg")
PROJECT_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "environment.yml", "tapelint.toml",
    ".tapelint.toml",
)  # fmt: skip
LIBRARIES = frozenset({"tensorflow", "keras", "tf_keras", "numpy", "scipy", "jax", "torch"})
"""Packages whose sources are never read: what is known of them stands in tables, or nothing is."""
MAX_FILES = 3_000
"""In a project with more files nobody looks for the callers of a function."""
MAX_ENTRIES = 50_000
"""The same for a project with more files of any kind: looking through it takes too long."""
MAX_SIZE = 1_000_000
"""Longer modules are not read, or not to their end, for what another one needs."""
MAX_KEPT = 64_000_000
"""How many bytes of files are kept in memory, in the hope that they are asked for again."""
_INSTALLED = ("site-packages", "dist-packages")
_PASSED_OVER = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages"})
_MOST_SCRIPTS = 100


def is_repository(folder: str) -> bool:
    """Whether a folder is the top of a repository."""
    return any(os.path.exists(os.path.join(folder, name)) for name in REPOSITORY)


def is_project(folder: str) -> bool:
    """Whether a folder is the top of a repository or holds a project file."""
    return is_repository(folder) or any(os.path.exists(os.path.join(folder, name)) for name in PROJECT_FILES)


def real_path(path: str) -> str:
    """The real path of a file. That of its folder is looked up once: each link on the way costs a system call."""
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    if folder not in _folders:
        _folders[folder] = os.path.realpath(folder)
    return os.path.join(_folders[folder], name)


def surroundings(path: str) -> tuple[str, str | None] | None:
    """The folder of the project around a file, and the package that is all of it if that is an installed one.

    None for the sources of the libraries that are never read. The folder is a real path.
    """
    home = os.path.dirname(real_path(path))
    if home not in _around:
        _around[home] = _search(home)
    return _around[home]


def files(folder: str) -> list[str]:
    """The Python files and notebooks of a project, sorted; none if there are too many, or too many other files."""
    found: list[str] = []
    seen = 0
    for parent, folders, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER and not name.startswith("."))
        found += [os.path.join(parent, name) for name in names if name.endswith((".py", ".ipynb"))]
        seen += len(names)
        if len(found) > MAX_FILES or seen > MAX_ENTRIES:
            return []
    return sorted(found)


class Contents:
    """What files hold: the bytes that were read last are kept, up to a limit."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._size = 0
        self._kept: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        """The bytes of a file, of a long one the first `MAX_SIZE`; none if it cannot be read."""
        data = self._kept.get(path)
        if data is None:
            data = self._kept[path] = _bytes(path)
            self._size += len(data)
            while self._size > self._most:
                self._size -= len(self._kept.pop(next(iter(self._kept))))
        return data

    def forget(self) -> None:
        """Drop what was read: files may have changed."""
        self._size = 0
        self._kept.clear()


def _bytes(path: str) -> bytes:
    if not os.path.isfile(path):
        return b""  # a pipe or a device with such a name would never end
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(MAX_SIZE)
    except OSError:
        return b""


_contents = Contents()
content = _contents.read
_folders: dict[str, str] = {}
_around: dict[str, tuple[str, str | None] | None] = {}
_marked: dict[str, bool] = {}


def hold_mark(path: str) -> bool:
    """Whether a file of the project around a file, itself or another one, holds a mark."""
    around = surroundings(path)
    if around is None:
        return False
    folder, _ = around
    if folder not in _marked:
        _marked[folder] = any(has_mark(content(file)) for file in files(folder))
    return _marked[folder]


def forget() -> None:
    """Drop what was read: files may have changed."""
    _contents.forget()
    _folders.clear()
    _around.clear()
    _marked.clear()


def top(home: str) -> str:
    """The folder around the topmost package that a folder belongs to; the folder itself if it is no package."""
    while os.path.isfile(os.path.join(home, "__init__.py")) and os.path.dirname(home) != home:
        home = os.path.dirname(home)
    return home


def _search(home: str) -> tuple[str, str | None] | None:
    highest = top(home)
    package = os.path.relpath(home, highest).split(os.sep)[0] if home != highest else None
    if package in LIBRARIES:
        return None
    if any(part in _INSTALLED for part in home.split(os.sep)):
        return (os.path.join(highest, package), package) if package is not None else None
    return _repository(home) or _closest(home) or _with_scripts(highest), None


def _repository(home: str) -> str | None:
    return next((folder for folder in _upwards(home) if is_repository(folder)), None)


def _closest(home: str) -> str | None:
    return next((folder for folder in _upwards(top(home)) if is_project(folder)), None)


def _upwards(folder: str) -> list[str]:
    """A folder and those above it, without the top of the file system and the user's home."""
    found = []
    home = os.path.expanduser("~")
    while os.path.dirname(folder) != folder and folder != home:
        found.append(folder)
        folder = os.path.dirname(folder)
    return found


def _with_scripts(package: str) -> str:
    """The folder itself, or one above it with scripts that import it by its name."""
    import re

    word = os.path.basename(package).encode()
    above = os.path.dirname(package)
    imports = rb"(?m)(?:^|;)[ \t]*(?:from|import)[ \t]+%s\b" % re.escape(word)
    try:
        scripts = [entry.path for entry in os.scandir(above) if entry.name.endswith(".py") and entry.is_file()]
    except OSError:
        return package
    texts = (content(script) for script in scripts[:_MOST_SCRIPTS])
    if any(word in text and re.search(imports, text) for text in texts):
        return _with_scripts(above)
    return package
