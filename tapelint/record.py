"""Named tuples that cost little to define.

`class Edit(Record)` is what `typing.NamedTuple` would make of the class, also for the type checker, but nobody looks at
its annotations. A run defines eighty such classes before it reads the first file: with `typing`, which compiles every
annotation and imports more than tapelint needs, that was a twentieth of the time for a script of 500 lines.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:

    class _Definition(type):
        """Makes a named tuple of a class body. The module must have `from __future__ import annotations`."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.pop("__annotations__")
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))
            for key, value in body.items():
                if key != "__qualname__":
                    setattr(made, key, value)
            return made

    class Record(metaclass=_Definition):
        """The base of all records."""


__all__ = ["Record"]
