"""Modules of the project: what an import binds, and what is read when something of it is needed.

An imported module is played as it would have run at the first import: before anything else, on every path, while no
tape records. That is why its events have times before zero, and why what it binds is never rolled back.
"""

from __future__ import annotations

import ast

from tapelint.play.scope import Module
from tapelint.play.threads import Threads
from tapelint.play.values import UNBOUND, Data, Either, Imported, Member, Symbol, Value, Variable, either
from tapelint.play.world import known
from tapelint.tensorflow import api

MAX_MODULES = 40
"""How many modules are read for one that is played."""
_PARSED_IN_A_STEP = 25
"""How many characters are parsed in the time of one step."""


class Imports(Threads):
    """What `import` binds, and looking it up."""

    def module_named(self, name: str, node: ast.AST) -> Imported | None:
        """The module of the project that the running code calls `name` (`a.b`, `..a`); None for all others."""
        if self.project is None:
            return None
        path = self.project.find(name, self.frame.module.source.path)
        return Imported(path, self.place(node), self.clock) if path is not None else None

    def settled(self, value: Value) -> Value:
        """The value itself, with what was imported by name looked up."""
        if isinstance(value, Member):
            found = self.member(value.module, value.name, value)
            return Symbol(api.resolve(value.symbol), value.place) if found is None else found
        if isinstance(value, Either) and any(isinstance(option, Member) for option in value.options):
            return either(self.settled(option) for option in value.options)
        return value

    def member(self, imported: Imported, name: str, at: Value) -> Value | None:
        """`module.name`: what the module binds, or a module of the package; None where that can't be told."""
        module = self.load(imported.path)
        key = (imported.path, name)
        if module is not None and key not in self.sought:  # `from . import x` in a package asks for what it binds
            self.sought.add(key)
            try:
                found = self.exported(module, name)
            finally:
                self.sought.discard(key)
            if found is not None:
                if isinstance(found, (Data, Variable)):
                    self.recording.visited.add(module)  # what is wrong with it was done there
                return found
        inner = self.project.within(imported.path, name) if self.project is not None else None
        return Imported(inner, at.place, at.time) if inner is not None else None

    def exported(self, module: Module, name: str) -> Value | None:
        """What the top level of a module binds to `name`, itself or by `from other import *`."""
        if name in self.replaced:
            return self.unknown(module.tree, (), "global")
        held = self.world.get((module.frame.id, name))
        if isinstance(held, Value) and held is not UNBOUND:
            return self.settled(known(held))
        return self.from_stars(module, name)

    def from_stars(self, module: Module, name: str) -> Value | None:
        """What a name is by `from other import *`, the last of them first; None if no other module says."""
        if name.startswith("_") or module in self.searched:
            return None
        self.searched.append(module)
        try:
            for star in reversed(module.stars):
                other = self.load(star.path) if isinstance(star, Imported) else None
                if other is not None:
                    found = self.exported(other, name)
                    if found is not None:
                        return found
        finally:
            self.searched.pop()
        return None

    def load(self, path: str) -> Module | None:
        """Read and play the module of that path, once; None if there is nothing to read, or enough was read."""
        if path in self.loaded or self.project is None:
            return self.loaded.get(path)
        if len(self.recording.modules) > MAX_MODULES or not self.can_go_away():
            return None
        read = self.project.read(path, self.module.source.path)
        self.loaded[path] = None
        if read is None:
            return None
        module = self.loaded[path] = Module(path, *read)
        self.recording.modules.append(module)
        self.steps += len(module.source.text) // _PARSED_IN_A_STEP
        self.away += len(module.source.text) // _PARSED_IN_A_STEP
        self.play_module(module)
        return module

    def play_module(self, module: Module) -> None:
        """Play the body of an imported module."""
        raise NotImplementedError
