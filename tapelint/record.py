"""Named tuples that cost little to define.

`class Edit(Record)` is what `typing.NamedTuple` would make of the class, also for the type checker, but nobody looks at
its annotations, and no source is written and compiled for it. A run defines eighty such classes before it reads a file:
with `typing` that was a twentieth of the work for a script of 500 lines.
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter
from types import CodeType, FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    try:
        from _collections import _tuplegetter as _getter  # what collections.namedtuple has, twice as fast
    except ImportError:

        def _getter(index, text):
            return property(itemgetter(index), doc=text)

    @cache
    def _making(size: int) -> CodeType:
        """The code that makes a tuple of so many arguments."""
        names = "".join(f", _{index}" for index in range(size))
        return eval(f"lambda _cls{names}: new(_cls, ({names[2:]},))").__code__

    class _Definition(type):
        """Makes a named tuple of a class body. The module must have `from __future__ import annotations`."""

        def __new__(cls, name, bases, body):
            if bases == (tuple,):
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.pop("__annotations__"))
            given = {field: body.pop(field) for field in fields if field in body}
            code = _making(len(fields)).replace(co_name="__new__", co_varnames=("_cls", *fields))
            body["__new__"] = FunctionType(code, {"new": tuple.__new__}, "__new__", tuple(given.values()))
            body.update((field, _getter(index, field)) for index, field in enumerate(fields))
            body.update(__slots__=(), __match_args__=fields, _fields=fields, _field_defaults=given)
            return super().__new__(cls, name, bases, body)

    class Record(tuple, metaclass=_Definition):
        """The base of all records."""

        __slots__ = ()

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{name}={item!r}' for name, item in self._asdict().items())})"

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changes):
            made = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"no such fields: {', '.join(changes)}")
            return made


__all__ = ["Record"]
