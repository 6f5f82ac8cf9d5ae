"""Records are what `typing.NamedTuple` makes of the same class."""

from __future__ import annotations

import pickle
from typing import NamedTuple

import pytest

from tapelint.record import Record


class Edge(Record):
    """From one number to another."""

    start: int
    end: int = 0
    name: str = ""
    """A text below a field is no field."""

    @property
    def length(self) -> int:
        return self.end - self.start

    def moved(self, by: int) -> Edge:
        return self._replace(start=self.start + by, end=self.end + by)


class Same(NamedTuple):
    start: int
    end: int = 0
    name: str = ""


def test_fields_and_defaults() -> None:
    assert Edge(1) == (1, 0, "") == Same(1)
    assert Edge(end=4, start=1) == Edge(1, 4)
    assert Edge._fields == Same._fields
    assert Edge._field_defaults == Same._field_defaults
    assert repr(Edge(1, 4)) == "Edge(start=1, end=4, name='')"


def test_what_has_no_default_must_be_given() -> None:
    with pytest.raises(TypeError, match="start"):
        Edge()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="width"):
        Edge(1, width=3)  # type: ignore[call-arg]


def test_methods_and_texts_stay() -> None:
    assert Edge(1, 4).length == 3
    assert Edge(1, 4).moved(2) == Edge(3, 6)
    assert Edge.__doc__ == "From one number to another."


def test_it_never_changes_and_travels_between_processes() -> None:
    edge = Edge(1, 4, "a")
    with pytest.raises(AttributeError):
        edge.start = 2  # type: ignore[misc]
    again = pickle.loads(pickle.dumps(edge))
    assert again == edge
    assert type(again) is Edge
