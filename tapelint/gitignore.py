"""What git ignores: the `.gitignore` files of a repository, its `info/exclude` and the user's own list.

pathspec, which knows the rules of git, is imported when the first pattern is met.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Ignores:
    """The ignore files that hold in one folder of a repository. All paths are real paths.

    The nearest file that speaks of a path decides, as in git; a folder above an ignored one is not asked again.
    """

    __slots__ = ("_specs", "_warnings", "repository")

    def __init__(
        self,
        repository: str,
        warnings: list[str],
        specs: tuple[tuple[str, GitIgnoreSpec], ...] | None = None,
    ) -> None:
        self.repository = repository
        self._warnings = warnings
        if specs is None:
            files = (_user_file(), os.path.join(repository, ".git", "info", "exclude"))
            specs = tuple((repository, spec) for file in files if (spec := _read(file, warnings)) is not None)
            self._specs = specs
            specs = self.below(repository)._specs
        self._specs = specs

    @classmethod
    def around(cls, folder: str, warnings: list[str]) -> Ignores | None:
        """What holds above `folder`, without the ignore file in it; None outside a repository."""
        repository = folder
        while not os.path.exists(os.path.join(repository, ".git")):
            parent = os.path.dirname(repository)
            if parent == repository:
                return None
            repository = parent
        ignores = cls(repository, warnings)
        if folder != repository:
            steps = os.path.relpath(os.path.dirname(folder), repository).split(os.sep)
            at = repository
            for step in steps if steps != ["."] else []:
                at = os.path.join(at, step)
                ignores = ignores.below(at)
        return ignores

    def below(self, folder: str) -> Ignores:
        """What holds in `folder`, whose own ignore file is added."""
        spec = _read(os.path.join(folder, ".gitignore"), self._warnings)
        if spec is None:
            return self
        return Ignores(self.repository, self._warnings, (*self._specs, (folder, spec)))

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether git ignores this entry of the folder."""
        for base, spec in reversed(self._specs):
            relative = path[len(base) :].lstrip(os.sep).replace(os.sep, "/")
            answer = spec.check_file(relative + "/" if is_folder else relative).include
            if answer is not None:
                return answer
        return False

    def ignores_inside(self, path: str, is_folder: bool) -> bool:
        """Whether git ignores this path or a folder above it."""
        above = os.path.dirname(path)
        while above.startswith(os.path.join(self.repository, "")):
            if self.ignores(above, True):
                return True
            above = os.path.dirname(above)
        return self.ignores(path, is_folder)


def _read(path: str, warnings: list[str]) -> GitIgnoreSpec | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith("#")]
    except OSError:
        return None
    if not lines:
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        good = []
        for line in lines:
            try:
                GitIgnoreSpec.from_lines([line])
                good.append(line)
            except ValueError:
                text = f"{path}: not a pattern that git understands: {line}"
                if text not in warnings:
                    warnings.append(text)
        return GitIgnoreSpec.from_lines(good)


def _user_file() -> str:
    """The list named by `core.excludesFile`, or the place where git looks if it is not set."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    chosen = os.path.join(config, "git", "ignore")
    for path in (os.path.join(config, "git", "config"), os.path.expanduser("~/.gitconfig")):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        section = ""
        for line in lines:
            line = line.strip()
            if line.startswith("["):
                section = line.strip("[]").lower()
            key, equals, value = line.partition("=")
            if section == "core" and equals and key.strip().lower() == "excludesfile":
                chosen = os.path.expanduser(value.strip().strip('"'))
    return chosen
