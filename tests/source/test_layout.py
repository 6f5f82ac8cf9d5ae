from __future__ import annotations

import io
import sys
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.source.layout import Layout, layout, python
from tapelint.source.text import Source


def of(text: str) -> Layout:
    return layout(Source("x.py", text))


def test_comments_know_where_they_stand() -> None:
    text = "# a\nx = f(  # b\n    # c\n    '# no'\n)  # d\n"
    found = of(text)
    assert [(each.row, each.column, each.text, each.alone, each.inside) for each in found.comments] == [
        (1, 0, "# a", True, False),
        (2, 8, "# b", False, False),
        (3, 4, "# c", True, True),
        (5, 3, "# d", False, False),
    ]
    assert all(text[each.span.start : each.span.end] == each.text for each in found.comments)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_statements_are_logical_lines(newline: str) -> None:
    text = "x = 1; y\n\n@f(\n  2)\ndef g():\n  return '''\n'''\nz = \\\n  3".replace("\n", newline)
    found = of(text)
    assert [(each.first, each.last, each.column, each.decorates) for each in found.statements] == [
        (1, 1, 0, False),
        (3, 4, 0, True),
        (5, 5, 0, False),
        (6, 7, 2, False),
        (8, 9, 0, False),
    ]
    assert found.statements[0].words == ("x", "=", "1", ";", "y")
    assert found.joined == {6: (6, 7), 7: (6, 7), 8: (8, 9), 9: (8, 9)}


def test_statements_are_found_by_row() -> None:
    found = of("a\n\nb(\n)\n  # c\nif d:\n    e\nf\n")
    assert [found.statement_at(row) and found.statement_at(row).words[0] for row in range(1, 10)] == [  # type: ignore[union-attr]
        *("a", None, "b", "b", None, "if", "e", "f", None)
    ]
    below = found.statement_below(3)
    assert below is not None and below.words[0] == "if"
    assert found.statement_below(8) is None
    assert found.outside(7, 4) == 8
    assert found.outside(8, 4) == 9
    assert of("").outside(1, 4) == 2


def test_a_formatted_string_is_one_word_in_every_python() -> None:
    (statement,) = of("x = f'a{b!r:>{c}} {d}' + rf'''\r\n{e}''' 'g'").statements
    assert statement.words == ("x", "=", "f'a{b!r:>{c}} {d}'", "+", "rf'''\n{e}'''", "'g'")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="comments cannot stand in formatted strings yet")
def test_a_comment_in_a_formatted_string_is_a_comment() -> None:
    found = of("x = f'''{\n  a  # b\n}'''")
    assert [each.text for each in found.comments] == ["# b"]
    assert len(found.statements) == 1


@pytest.mark.parametrize("text", ["x = (\n# a", "x = '''", "  x\n y # a", "x = 'a\n", "\x00", "a $ ? b # c", "\\"])
def test_what_does_not_parse_ends_early(text: str) -> None:
    assert of("y\n" + text).statements[0].words == ("y",)


PARTS = ("x", "f(", ")", "'''", "# c", " ", "\t", "\n", "\r\n", "\r", "\\\n", "'", "é", "if a:")


@given(st.lists(st.sampled_from(PARTS)))
def test_every_comment_is_where_it_says(parts: list[str]) -> None:
    text = "".join(parts)
    for comment in of(text).comments:
        assert text[comment.span.start : comment.span.end] == comment.text
        assert comment.text.startswith("#")


def test_what_ipython_adds_is_blanked_at_the_same_offsets() -> None:
    from tapelint.source.notebook import read_file, read_notebook

    data = b'{"cells": [{"cell_type": "code", "source": ["%pip x\\n", "a = 1"]}], "nbformat": 4, "metadata": {}}'
    text, cells = read_notebook(read_file("a.ipynb", data))
    source = Source("a.ipynb", text)
    blanked = python(source, cells).text
    assert len(blanked) == len(text)
    assert "pip" not in blanked
    assert blanked[text.index("a =") :] == text[text.index("a =") :]
    assert python(source, None) is source


def test_the_tokenizer_is_the_one_of_python() -> None:
    text = "x = f(1,\n  2)  # c\n"
    words = [token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string.strip()]
    assert [*of(text).statements[0].words, of(text).comments[0].text] == words
