"""Path patterns as settings write them: `build`, `*.egg`, `src/gen/*.py`, `**/vendored`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable


class Patterns:
    """A set of patterns of one settings file.

    A pattern without a slash is compared with the name of the file and of every folder above it, up to `root`; one with
    a slash with the path relative to `root`. `*` and `?` stay inside one name, `**` spans folders, `[ab]` is a
    choice. A pattern that matches a folder matches all that lies in it.
    """

    def __init__(self, patterns: Iterable[str], root: str) -> None:
        self.root = root
        self._names: set[str] = set()
        self._suffixes: tuple[str, ...] = ()
        globs: list[str] = []
        paths: list[str] = []
        for pattern in patterns:
            pattern = pattern.replace(os.sep, "/") if os.sep != "/" else pattern
            if "/" in pattern.rstrip("/"):
                paths.append(pattern)
                continue
            pattern = pattern.rstrip("/")
            if not any(char in pattern for char in "*?["):
                self._names.add(pattern)
            elif pattern.startswith("*.") and not any(char in pattern[1:] for char in "*?["):
                self._suffixes += (pattern[1:],)
            elif pattern:
                globs.append(pattern)
        self._glob = _compile(globs)
        self._path = _compile([_anchored(path, root) for path in paths], below=True)

    def match_name(self, name: str) -> bool:
        """Whether a single name, of a file or a folder, is matched by a pattern without a slash."""
        return (
            name in self._names
            or (bool(self._suffixes) and name.endswith(self._suffixes))
            or (self._glob is not None and self._glob.match(name) is not None)
        )

    def match_entry(self, name: str, path: str) -> bool:
        """Whether `path`, whose last name is `name` and whose folders were asked before, is matched."""
        return self.match_name(name) or (self._path is not None and self._match_path(path))

    def match(self, path: str) -> bool:
        """Whether `path` or any folder between it and the root is matched."""
        full = os.path.abspath(path)
        relative = _relative(full, self.root)
        names = [name for name in relative.split("/") if name not in ("", ".", "..")]
        return any(self.match_name(name) for name in names) or (self._path is not None and self._match_path(full))

    def _match_path(self, path: str) -> bool:
        full = os.path.abspath(path).replace(os.sep, "/")
        return self._path is not None and self._path.match(full) is not None


def _relative(path: str, root: str) -> str:
    """`path` below `root` with slashes; the whole path if it lies elsewhere."""
    if path.startswith(root.rstrip(os.sep) + os.sep):
        path = path[len(root.rstrip(os.sep)) + 1 :]
    return path.replace(os.sep, "/")


def _anchored(pattern: str, root: str) -> str:
    if pattern.startswith("**/") or os.path.isabs(pattern):
        return pattern
    while pattern.startswith("./"):
        pattern = pattern[2:]
    while pattern.startswith("../"):
        pattern, root = pattern[3:], os.path.dirname(root)
    escaped = "".join(f"[{char}]" if char in "*?[" else char for char in root.replace(os.sep, "/").rstrip("/"))
    return f"{escaped}/{pattern}"


def _compile(patterns: list[str], below: bool = False) -> re.Pattern[str] | None:
    if not patterns:
        return None
    import re

    tail = "(?:/.*)?" if below else ""
    return re.compile("|".join(f"(?:{_regex(pattern.rstrip('/'))}){tail}\\Z" for pattern in patterns), re.DOTALL)


def _regex(pattern: str) -> str:
    import re

    out = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out += "(?:.*/)?"
            at += 3
            continue
        if pattern.startswith("**", at):
            out += ".*"
            at += 2
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            body = pattern[at + 1 : end].replace("\\", "\\\\")
            if body[0] == "!":
                body = "^" + body[1:]
            elif body[0] in "^[":
                body = "\\" + body
            out += f"[{body}]"
            at = end
        else:
            out += re.escape(char)
        at += 1
    return out
