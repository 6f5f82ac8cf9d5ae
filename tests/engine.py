"""An engine for tests of what stands around it: it finds TAP301 at every `FAULT` and TAP119 at every `NOTE`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import tapelint.play
import tapelint.rules
from tapelint.diagnostic import Finding, Span
from tapelint.source.text import Source

MARK = "# GradientTape\n"


@dataclass(frozen=True)
class _Settings:
    keras: int = 3
    project: object = None
    replaced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Played:
    source: Source
    keras: int


def _play(source: Source, tree: ast.Module, settings: _Settings) -> _Played:
    if "CRASH" in source.text:
        raise KeyError("crash")
    return _Played(source, settings.keras)


def _find(played: _Played, codes: frozenset[str]) -> Iterator[Finding]:
    for match in reversed(list(re.finditer("FAULT|NOTE|KERAS2", played.source.text))):
        code = {"FAULT": "TAP301", "NOTE": "TAP119", "KERAS2": "TAP301"}[match[0]]
        if code in codes and not (match[0] == "KERAS2" and played.keras == 3):
            yield Finding(code, Span(*match.span()), {"target": "loss", "tape": "tape"})


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the engine in the place of the real one."""
    monkeypatch.setattr(tapelint.play, "PlaySettings", _Settings, raising=False)
    monkeypatch.setattr(tapelint.play, "play", _play, raising=False)
    monkeypatch.setattr(tapelint.rules, "find", _find, raising=False)
