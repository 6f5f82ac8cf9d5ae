from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.diagnostic import Edit, Span
from tapelint.source.cells import Cells
from tapelint.source.notebook import NotebookError, read_notebook
from tapelint.source.text import Source

PLAIN = "abz =()\n\t\"\\'#é\u2028\x07\U0001f600\r"


def notebook(*sources: Any, **more: Any) -> dict[str, Any]:
    """A notebook of code cells."""
    cells = [
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": source}
        for source in sources
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def read(document: Any, **form: Any) -> tuple[str, Cells]:
    text = document if isinstance(document, str) else json.dumps(document, **(form or {"indent": 1})) + "\n"
    return read_notebook(Source("n.ipynb", text))


def texts(text: str, cells: Cells) -> list[str]:
    return [text[cell.start : cell.end] for cell in cells.cells]


def test_code_cells_in_order_with_their_numbers() -> None:
    document = notebook("x = 1", ["y = 2\n", "z = 3"])
    document["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": ["# title"]})
    document["cells"].insert(2, {"cell_type": "raw", "metadata": {}, "source": "raw"})
    text, cells = read(document)
    assert texts(text, cells) == ["x = 1", "y = 2\nz = 3"]
    assert [cell.number for cell in cells.cells] == [2, 4]
    assert [text.split("\n")[cell.row - 1] for cell in cells.cells] == ["x = 1", "y = 2"]


def test_nbformat_3() -> None:
    cell = {"cell_type": "code", "collapsed": False, "input": ["x = 1\n", "y"], "language": "python", "outputs": []}
    other = {**cell, "language": "R", "input": "x <- 1"}
    document = {"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": [other, cell]}, {"cells": [cell]}]}
    text, cells = read(document)
    assert texts(text, cells) == ["x = 1\ny", "x = 1\ny"]
    assert [cell.number for cell in cells.cells] == [2, 3]


@pytest.mark.parametrize(
    "metadata",
    [{"language_info": {"name": "R"}}, {"kernelspec": {"language": "julia", "name": "julia-1.9"}}],
)
def test_other_languages_have_no_cells(metadata: dict[str, Any]) -> None:
    text, cells = read(notebook("x <- 1", metadata=metadata))
    assert (text, cells.cells) == ("", ())


def test_odd_metadata_is_taken_for_python() -> None:
    odd: list[Any] = [[], {"kernelspec": 3}, {"language_info": {"name": None}}, {"language_info": {"name": "IPython"}}]
    for metadata in odd:
        assert len(read(notebook("x", metadata=metadata))[1].cells) == 1


@pytest.mark.parametrize(
    ("text", "reason", "at"),
    [
        ("", "it is not valid JSON: expecting value", 0),
        ("[]", "it has no cells, so it is no notebook", 0),
        ('{"nbformat": 4}', "it has no cells, so it is no notebook", 0),
        ('{"cells": [}', "it is not valid JSON: expecting value", 11),
        ('{"cells": []', "it is not valid JSON: expecting ',' or '}'", 12),
        ('{"cells": []} x', "something stands after the end of its JSON", 14),
        ('{"cells": [],}', "it is not valid JSON: expecting another value after ','", 12),
        ("{'cells': []}", "it is not valid JSON: expecting a name in double quotes", 1),
        ('{"a" 1}', "it is not valid JSON: expecting ':'", 5),
    ],
)
def test_what_is_no_notebook(text: str, reason: str, at: int) -> None:
    with pytest.raises(NotebookError) as caught:
        read(text)
    assert (caught.value.reason, caught.value.at) == (reason, at)


def test_nested_too_deeply() -> None:
    with pytest.raises(NotebookError, match="nested too deeply"):
        read('{"x": ' + "[" * 200_000)


@pytest.mark.parametrize(
    "cells", ["3", '"x"', "[3, null, []]", '[{"cell_type": "code"}]', '[{"cell_type": "code", "source": 3}]']
)
def test_cells_of_another_form_hold_nothing(cells: str) -> None:
    text, _ = read(f'{{"cells": {cells}}}')
    assert text.strip() == ""


def test_the_indent_of_the_first_line_is_taken_off() -> None:
    text, cells = read(
        notebook("\n    x = 1\n    if x:\n        y\n  z", "# a\n    b", "  # a\n  b", "  # a\nif b:\n  c")
    )
    assert texts(text, cells) == ["\nx = 1\nif x:\n    y\n  z", "# a\n    b", "# a\nb", "  # a\nif b:\n  c"]
    at = text.index("y")
    assert cells.file.segment(cells.outer(Span(at, at + 1))) == "y"


def test_a_lone_surrogate_is_no_character() -> None:
    text, cells = read(r'{"cells": [{"cell_type": "code", "source": "x = \"\ud83d\" + y\ude00"}]}')
    assert texts(text, cells) == ['x = "\ufffd" + y\ufffd']
    at = text.index("y")
    assert cells.file.segment(cells.outer(Span(at, at + 2))) == r"y\ude00"


@pytest.mark.parametrize(
    ("spelled", "char"),
    [
        (r"\n", "\n"),
        (r"\t", "\t"),
        (r"\"", '"'),
        (r"\\", "\\"),
        (r"\/", "/"),
        (r"\u00e9", "é"),
        (r"\ud83d\ude00", "😀"),
    ],
)
def test_every_escape_has_its_place(spelled: str, char: str) -> None:
    text, cells = read(f'{{"cells": [{{"cell_type": "code", "source": "ab{spelled}cd"}}]}}')
    assert texts(text, cells) == [f"ab{char}cd"]
    assert cells.file.segment(cells.outer(Span(2, 3))) == spelled
    assert cells.file.segment(cells.outer(Span(1, 4))) == f"b{spelled}c"
    assert cells.file.segment(cells.outer(Span(3, 5))) == "cd"


def lines_of(text: str) -> list[str]:
    """The text as nbformat writes it: a string for each line."""
    return text.splitlines(keepends=True)


sources = st.text(st.sampled_from(PLAIN), max_size=30)
forms = st.sampled_from(
    [
        {"indent": 1},
        {"indent": 4, "ensure_ascii": False},
        {"separators": (",", ":")},
        {"indent": 1, "ensure_ascii": False, "sort_keys": True},
    ]
)


@given(st.lists(sources, max_size=4), st.booleans(), forms)
def test_each_character_stands_where_it_is_said(given_: list[str], listed: bool, form: dict[str, Any]) -> None:
    document = notebook(*(lines_of(source) if listed else source for source in given_))
    text, cells = read(document, **form)
    file = cells.file.text
    assert len(cells.cells) == len(given_)
    for cell, source in zip(cells.cells, given_, strict=True):
        own = text[cell.start : cell.end]
        if own != source:  # the indent of its first line is gone
            assert own == "".join(line.removeprefix(" " * 40) for line in [own])
            assert own.replace(" ", "").replace("\t", "") == source.replace(" ", "").replace("\t", "")
        for at in range(cell.start, cell.end):
            span = cells.outer(Span(at, at + 1))
            assert json.loads(f'"{file[span.start : span.end]}"') == text[at]
            assert cells.at(at) is cell


@given(
    st.lists(sources, min_size=1, max_size=3),
    st.booleans(),
    forms,
    st.sampled_from(["", "x", "x\n", "é = 1\ny", "\n"]),
    st.data(),
)
def test_an_edit_changes_its_cell_and_nothing_else(
    given_: list[str], listed: bool, form: dict[str, Any], content: str, data: st.DataObject
) -> None:
    document = notebook(*(lines_of("q" + source) if listed else "q" + source for source in given_))
    text, cells = read(document, **form)
    index = data.draw(st.integers(0, len(given_) - 1))
    cell = cells.cells[index]
    start = data.draw(st.integers(cell.start, cell.end))
    end = data.draw(st.integers(start, cell.end))
    edit = cells.outer_edit(Edit(Span(start, end), content))
    file = cells.file.text
    edited = file[: edit.span.start] + edit.content + file[edit.span.end :]
    wanted = [text[cell.start : cell.end] for cell in cells.cells]
    wanted[index] = text[cell.start : start] + content + text[end : cell.end]
    after = json.loads(edited)
    found = ["".join(cell["source"]) for cell in after["cells"]]
    assert found == wanted
    for cell_, old in zip(after["cells"], document["cells"], strict=True):
        assert {**cell_, "source": old["source"]} == old
    assert {**after, "cells": []} == {**document, "cells": []}
    first = min(at for at in (cells.runs[0].outer, edit.span.start))
    assert edited.startswith(file[:first]) and edited.endswith("}\n")


def edited(document: dict[str, Any], old: str, new: str, **form: Any) -> str:
    text, cells = read(document, **form)
    at = text.index(old)
    edit = cells.outer_edit(Edit(Span(at, at + len(old)), new))
    file = cells.file.text
    return file[: edit.span.start] + edit.content + file[edit.span.end :]


def same(document: dict[str, Any], sources: Sequence[Any], **form: Any) -> str:
    return json.dumps(notebook(*sources), **(form or {"indent": 1})) + "\n"


@pytest.mark.parametrize(
    ("old", "new", "source"),
    [
        ("b\n", "", ["a\n", "c"]),
        ("b\n", "B\n", ["a\n", "B\n", "c"]),
        ("b\n", "B\nBB\n", ["a\n", "B\n", "BB\n", "c"]),
        ("b\n", "B", ["a\n", "Bc"]),
        ("c", "", ["a\n", "b\n"]),
        ("c", "c\nd", ["a\n", "b\n", "c\n", "d"]),
        ("a\nb\n", "", ["c"]),
        ("b\nc", "x", ["a\n", "x"]),
        ("\nb", "", ["a\n", "c"]),
    ],
)
def test_lists_keep_one_string_a_line(old: str, new: str, source: list[str]) -> None:
    document = notebook(["a\n", "b\n", "c"], "other")
    assert edited(document, old, new) == same(document, [source, "other"])


def test_a_list_of_one_string_grows_as_the_file_is_laid_out() -> None:
    assert edited(notebook(["a"]), "a", "a\nb") == same(notebook(), [["a\n", "b"]])
    compact = {"separators": (", ", ": ")}
    assert edited(notebook(["a"]), "a", "a\nb", **compact) == same(notebook(), [["a\n", "b"]], **compact)


def test_a_row_put_after_the_last_goes_to_its_cell() -> None:
    for source, after in ((["a"], ["a\n", "b"]), (["a\n"], ["a\n", "b\n"])):
        text, cells = read(notebook(source, "z"))
        end = cells.cells[0].end
        at = end + 1 if source == ["a"] else end
        edit = cells.outer_edit(Edit(Span(at, at), "b\n"))
        file = cells.file.text
        assert file[: edit.span.start] + edit.content + file[edit.span.end :] == same(notebook(), [after, "z"])
        assert text[end] == "\n"


def test_an_edit_over_the_end_of_a_cell_is_refused() -> None:
    _, cells = read(notebook("a", "b", ""))
    for span in (Span(0, 4), Span(0, 3)):
        assert not cells.takes([Edit(span, "x")])
        with pytest.raises(ValueError, match="one cell"):
            cells.outer_edit(Edit(span, "x"))
    assert not cells.takes([Edit(Span(6, 6), "x")])
    assert cells.takes([Edit(Span(0, 1), "x"), Edit(Span(3, 4), "")])
