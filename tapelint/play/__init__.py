"""Play a module symbolically and keep the recording that TensorFlow would have made."""

from __future__ import annotations

import ast

from tapelint.record import Record
from tapelint.source.text import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.modules import Modules
    from tapelint.play.recording import Recording


class PlaySettings(Record):
    """What the player has to know beside the program: the generation of Keras (2 or 3), the modules of the project.

    `replaced` are names that some file of the project gives another value in a module that is not its own.
    """

    keras: int = 3
    project: Modules | None = None
    replaced: frozenset[str] = frozenset()


def play(source: Source, tree: ast.Module, settings: PlaySettings | None = None) -> Recording:
    """Play the module `tree`, which is the parsed text of `source`. Nothing is imported or executed."""
    from tapelint.play.player import Player
    from tapelint.play.scope import Module

    settings = settings or PlaySettings()
    module = Module(source.path, source, tree)
    return Player(module, settings.keras, settings.project, settings.replaced).record()
