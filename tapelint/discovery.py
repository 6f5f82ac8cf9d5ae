"""Which files a command line means: folders walked in a stable order, every file once, files that were named always."""

from __future__ import annotations

import errno
import os

from tapelint.gitignore import Ignores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tapelint.settings import Configuration, Settings

SUFFIXES = (".py", ".pyi", ".pyw", ".ipynb")
"""Of the files that are found without being named; settings can add others."""
CACHE_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"


class Found:
    """One file to check: its name as given or found, the settings that hold for it, and its real path.

    The real path is empty where nobody looked it up.
    """

    __slots__ = ("path", "real", "settings")

    def __init__(self, path: str, settings: Settings, real: str = "") -> None:
        self.path = path
        self.settings = settings
        self.real = real


class Discovery:
    """Finds the files behind paths. What went wrong on the way is in `errors`, one line each, as `(path, text)`.

    A folder that is given is walked even if it is excluded, and a file that is given is found whatever its name,
    unless `force_exclude` is set. Links are followed, but every real file is found once, under its own name where it
    has one in what was asked for, and a link to a folder above it is not followed.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.errors: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._links: list[_Folder] = []

    def find(self, paths: Iterable[str]) -> list[Found]:
        """All files behind `paths`: in the order of the paths, and below a folder sorted by name."""
        return [found for path in paths for found in self._behind(path)]

    def _behind(self, path: str) -> list[Found]:
        if os.path.isdir(path):
            return self._under(path)
        if not os.path.exists(path):
            dangling = os.path.islink(path)
            self.errors.append((path, "a link that leads nowhere" if dangling else "no such file or folder"))
            return []
        settings = self.configuration.for_folder(os.path.dirname(os.path.abspath(path)))
        if settings.force_exclude and self._excluded(path, settings):
            return []
        found: list[Found] = []
        self._add(path, os.path.realpath(path), settings, found)
        return found

    def _under(self, path: str) -> list[Found]:
        settings = self.configuration.for_folder(os.path.abspath(path))
        if settings.force_exclude and self._excluded(path, settings):
            return []
        top = os.path.realpath(path)
        found: list[Found] = []
        prefix = "" if path in (".", "./") else os.path.join(path, "")
        ignores = Ignores.around(top, self.warnings)
        self._walk(_Folder(path, prefix, top, settings, ignores, asked=True), found)
        while self._links:
            links, self._links = self._links, []
            for link in links:
                if not os.path.isdir(link.real):
                    self._add(link.name, link.real, link.settings, found)
                elif not (top + os.sep).startswith(os.path.join(link.real, "")):
                    self._walk(link, found)
        found.sort(key=lambda item: item.path.split(os.sep))
        return found

    def _add(self, path: str, real: str, settings: Settings, found: list[Found]) -> None:
        if real not in self._files:
            self._files.add(real)
            found.append(Found(path, settings, real))

    def _walk(self, start: _Folder, found: list[Found]) -> None:
        pending = [start]
        while pending:
            folder = pending.pop()
            if folder.real in self._folders:
                continue
            self._folders.add(folder.real)
            try:
                with os.scandir(folder.name) as listing:
                    entries = list(listing)
            except OSError as error:
                self.errors.append((folder.name, reason(error)))
                continue
            names = {entry.name for entry in entries}
            if not folder.asked and _is_machine_made(folder.name, names):
                continue
            settings = self.configuration.for_entries(folder.name, names, folder.settings)
            ignores = folder.ignores
            if ".git" in names and (ignores is None or ignores.repository != folder.real):
                ignores = Ignores(folder.real, self.warnings)
            elif ignores is not None and ".gitignore" in names and ignores.repository != folder.real:
                ignores = ignores.below(folder.real)
            judge = ignores if settings.respect_gitignore else None
            excludes = settings.excludes
            includes = settings.includes
            base = os.path.join(folder.real, "")
            for entry in entries:
                name = entry.name
                is_wanted = name.endswith(SUFFIXES) or (
                    includes is not None and includes.match_entry(name, folder.prefix + name)
                )
                try:
                    is_link = entry.is_symlink()
                    is_folder = entry.is_dir()
                    if not is_folder and not (is_wanted and entry.is_file()):
                        continue
                except OSError:
                    continue  # a loop of links, or gone since it was listed
                path = folder.prefix + name
                if excludes.match_entry(name, path) or (judge is not None and judge.ignores(base + name, is_folder)):
                    continue
                if is_link:
                    self._links.append(_Folder(path, os.path.join(path, ""), os.path.realpath(path), settings, ignores))
                elif is_folder:
                    pending.append(_Folder(path, path + os.sep, base + name, settings, ignores))
                else:
                    self._add(path, base + name, settings, found)

    def _excluded(self, path: str, settings: Settings) -> bool:
        if settings.excludes.match(path):
            return True
        real = os.path.realpath(path)
        ignores = Ignores.around(os.path.dirname(real), self.warnings) if settings.respect_gitignore else None
        return ignores is not None and ignores.below(os.path.dirname(real)).ignores_inside(real, os.path.isdir(real))


class _Folder:
    """A folder to walk: its name, what its entries' names start with, its real path, and what holds around it."""

    __slots__ = ("asked", "ignores", "name", "prefix", "real", "settings")

    def __init__(
        self, name: str, prefix: str, real: str, settings: Settings, ignores: Ignores | None, asked: bool = False
    ) -> None:
        self.name = name
        self.prefix = prefix
        self.real = real
        self.settings = settings
        self.ignores = ignores
        self.asked = asked


def _is_machine_made(folder: str, names: set[str]) -> bool:
    """Whether a folder is a virtual environment, or says that it is a cache."""
    if "pyvenv.cfg" in names:
        return True
    if "CACHEDIR.TAG" not in names:
        return False
    try:
        with open(os.path.join(folder, "CACHEDIR.TAG"), "rb") as file:
            return file.read(len(CACHE_SIGNATURE)) == CACHE_SIGNATURE
    except OSError:
        return False


def reason(error: OSError) -> str:
    """Why the operating system refused, in a few words."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return "no permission to read it"
    text = error.strerror or type(error).__name__
    return text[:1].lower() + text[1:]
