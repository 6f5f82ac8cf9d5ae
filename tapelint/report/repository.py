"""Names and identities that a code hosting service understands: paths from the repository's root, fingerprints."""

from __future__ import annotations

import os
from collections import Counter
from hashlib import sha256
from pathlib import Path

from tapelint.diagnostic import Diagnostic
from tapelint.result import FileResult


def root(*variables: str) -> Path:
    """The folder that reported paths start from.

    It is the first of the given environment variables that is set, else the git repository around the current folder,
    else the current folder. Symbolic links are resolved.
    """
    for variable in variables:
        if value := os.environ.get(variable):
            return Path(value).resolve()
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def relative(path: str, start: Path) -> str | None:
    """The path from `start` with forward slashes, or None if the file is not below it."""
    given = Path(path)
    # The folder is resolved, the file is not: a linked file is reported under the name that the repository has for it.
    full = given.parent.resolve() / given.name
    try:
        return full.relative_to(start).as_posix()
    except ValueError:
        return None


class Fingerprints:
    """Stable identities: a finding keeps its own when lines are added above it. Equal ones are told apart by count."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, result: FileResult, diagnostic: Diagnostic, path: str) -> str:
        """The identity of one finding, in hexadecimal digits. Call it once for each finding, in order."""
        source = result.source
        line = "" if source is None else " ".join(source.line(source.position(diagnostic.span.start).row).split())
        content = "\0".join((diagnostic.code, path, diagnostic.message, line))
        self._seen[content] += 1
        return sha256(f"{content}\0{self._seen[content]}".encode(errors="surrogateescape")).hexdigest()
