"""What the player needs of the project around a module. `tapelint.project` has it."""

from __future__ import annotations

import ast
from typing import Protocol

from tapelint.source.text import Source


class Modules(Protocol):
    """How the player gets at other modules of the project. Paths are absolute, of files or of packages' folders."""

    @property
    def files(self) -> list[str]:
        """All files of the project; none if there are too many."""

    def find(self, name: str, importer: str) -> str | None:
        """The path of a module that the file `importer` imports by `name` (`a.b`, `..a`); None if it isn't ours."""

    def within(self, package: str, name: str) -> str | None:
        """The path of the module `name` in the package of that path; None if there is none."""

    def read(self, path: str, importer: str) -> tuple[Source, ast.Module] | None:
        """The text and the tree of a module; None if it has none that can be read."""

    def marked(self, path: str, name: str) -> frozenset[str]:
        """The functions, classes and methods worth playing behind `name` (empty: any name) of a module."""

    def is_eager(self, path: str) -> bool:
        """Whether a program that a file is part of has traced functions run as plain Python."""
