"""How a project is recognised by what its top folder holds. No import beyond `os`: every run may have to ask."""

from __future__ import annotations

import os

REPOSITORY = (".git", ".hg")
PROJECT_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "environment.yml", "tapelint.toml",
    ".tapelint.toml",
)  # fmt: skip


def is_repository(folder: str) -> bool:
    """Whether a folder is the top of a repository."""
    return any(os.path.exists(os.path.join(folder, name)) for name in REPOSITORY)


def is_project(folder: str) -> bool:
    """Whether a folder is the top of a repository or holds a project file."""
    return is_repository(folder) or any(os.path.exists(os.path.join(folder, name)) for name in PROJECT_FILES)
