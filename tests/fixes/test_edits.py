from __future__ import annotations

import pytest

from tapelint.diagnostic import Applicability, Edit, Fix, Span
from tapelint.fixes.edits import ClashingEdits, applied, clash, moved


def edit(start: int, end: int, content: str) -> Edit:
    return Edit(Span(start, end), content)


def fix(*edits: Edit) -> Fix:
    return Fix("", Applicability.SAFE, edits)


TEXT = "ab\ncd\nef\n"


def test_edits_are_made_in_the_order_of_the_text() -> None:
    assert applied(TEXT, [edit(6, 8, "E"), edit(0, 1, "A"), edit(3, 3, "-"), edit(3, 3, "+")]) == "Ab\n-+cd\nE\n"


@pytest.mark.parametrize("edits", [[edit(0, 3, ""), edit(2, 4, "")], [edit(8, 10, "")], [edit(3, 2, "")]])
def test_edits_that_do_not_fit_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(ClashingEdits):
        applied(TEXT, edits)


def test_an_offset_moves_with_the_text_before_it() -> None:
    edits = [edit(0, 1, "AAA"), edit(4, 6, "")]
    assert [moved(at, edits) for at in (0, 1, 3, 5, 6, 7)] == [0, 3, 5, 6, 6, 7]


@pytest.mark.parametrize(
    ("one", "other", "clashing"),
    [
        (fix(edit(0, 1, "x")), fix(edit(3, 4, "y")), False),
        (fix(edit(0, 2, "x")), fix(edit(1, 2, "y")), True),
        (fix(edit(0, 1, "x")), fix(edit(1, 2, "y")), True),
        (fix(edit(3, 3, "x\n")), fix(edit(3, 3, "y\n")), False),
        (fix(edit(3, 3, "x\n")), fix(edit(3, 3, "x\n")), True),
        (fix(edit(3, 3, "x")), fix(edit(3, 3, "y\n")), True),
        (fix(edit(0, 0, "    "), edit(6, 6, "    ")), fix(edit(4, 5, "y")), True),
        (fix(edit(0, 1, "x"), edit(7, 8, "x")), fix(edit(4, 5, "y")), False),
    ],
)
def test_fixes_that_touch_wait(one: Fix, other: Fix, clashing: bool) -> None:
    assert clash(one, other, TEXT) is clashing
    assert clash(other, one, TEXT) is clashing
