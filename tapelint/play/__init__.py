"""Play a module symbolically and keep the recording that TensorFlow would have made."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapelint.source.text import Source

if TYPE_CHECKING:
    from tapelint.play.recording import Recording


@dataclass(frozen=True)
class PlaySettings:
    """What the player has to know beside the program: the generation of Keras (2 or 3)."""

    keras: int = 3


def play(source: Source, tree: ast.Module, settings: PlaySettings | None = None) -> Recording:
    """Play the module `tree`, which is the parsed text of `source`. Nothing is imported or executed."""
    from tapelint.play.player import Player
    from tapelint.play.scope import Module

    settings = settings or PlaySettings()
    module = Module(source.path, source, tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            module.rebound_globals |= frozenset(
                name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names
            )
            if node.name not in ("__init__", "build"):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                        module.attributes[inner.attr] = module.attributes.get(inner.attr, 0) + 1
    return Player(module, settings.keras).record()
