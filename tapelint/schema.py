"""The JSON schema of the settings, made from `tapelint.settings.KEYS`. validate-pyproject finds it as a plugin."""

from __future__ import annotations

from typing import Any

from tapelint.settings import KEYS, SEVERITIES

_STRINGS = {"type": "array", "items": {"type": "string"}}
_FORMS: dict[str, dict[str, Any]] = {
    "strings": _STRINGS,
    "lists": {"type": "object", "additionalProperties": _STRINGS},
    "boolean": {"type": "boolean"},
    "severities": {"type": "object", "additionalProperties": {"enum": list(SEVERITIES)}},
    "version": {"type": "string", "pattern": r"^\s*[0-9]+\.[0-9]+"},
    "keras": {"type": "integer", "enum": [2, 3]},
    "string": {"type": "string"},
}
"""What a value of each form looks like."""


def schema() -> dict[str, Any]:
    """The schema of `[tool.tapelint]`, which is that of a whole `tapelint.toml` too."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of tapelint",
        "description": "The table [tool.tapelint] of pyproject.toml, or all of tapelint.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": key.help, **_FORMS[key.form]} for name, key in KEYS.items()},
    }


def tool_schema(tool: str) -> dict[str, Any]:
    """What validate-pyproject asks a plugin for."""
    return {**schema(), "$id": f"https://json.schemastore.org/{tool}.json"}
