from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.diagnostic import Edit, Span
from tapelint.fixes.changes import file_edits
from tapelint.fixes.edits import applied
from tapelint.result import FileResult
from tapelint.source.cells import Cells
from tapelint.source.markdown import is_document, read_document
from tapelint.source.text import Source


def read(text: str, path: str = "a.md") -> tuple[list[str], Cells, str]:
    python, cells = read_document(Source(path, text))
    return [python[cell.start : cell.end] for cell in cells.cells], cells, python


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("```python\nx = 1\n```\ntext\n~~~py\ny\n~~~\n", ["x = 1", "y"]),
        ("```\nx\n```\n```bash\ny\n```\n```text\n>>> z\n```\n", []),
        ("````python\n```\nx\n````\n```python\ny\n", ["```\nx", "y"]),
        ("```Python title='a.py'\nx\n```\n```python3\ny\n```\n```ipython\nz\n```", ["x", "y", "z"]),
        ("```{code-cell} ipython3\nx\n```\n```{.python .numberLines}\ny\n```\n```{r}\nz\n```", ["x", "y"]),
        ("```python{1,3}\nx\n```\n```python-console\ny\n```", ["x"]),
        ("- item\n\n  ```python\n  if x:\n      y\n\n  z\n  ```\n", ["if x:\n    y\n\nz"]),
        ("1. ```python\n   x\n   ```\ntext", ["x"]),
        ("\t```python\n\tx\n\t  y\n\t```\n", ["x\n  y"]),
        ("> ```python\n> if x:\n>     y\n> ```\n", ["if x:\n    y"]),
        ("```python\n>>> x = 1\n>>> if x:\n...     y\n...\n2\n>>> z\n```\n", ["x = 1\nif x:\n    y\n\nz"]),
        ("```\n>>> x\n1\n```\n", ["x\n"]),
        ("```pycon\n\n  >>> x\n  3\n```\n", ["x\n"]),
        ("```python\n\n\n```\n", []),
        ("```python\r\nx\r\ny\r\n```\r\n", ["x\r\ny"]),
        ("text `python` ```x``` y\n", []),
    ],
)
def test_blocks(text: str, blocks: list[str]) -> None:
    found, cells, _ = read(text)
    assert found == blocks
    assert [cell.number for cell in cells.cells] == list(range(1, len(blocks) + 1))


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        (".. code-block:: python\n   :linenos:\n\n   x = 1\n\n   y\n\ntext\n", ["x = 1\n\ny"]),
        ("  .. code:: python3\n\n    x\n  text\n", ["x"]),
        (".. code-block:: bash\n\n   x\n", []),
        (".. testcode::\n\n   x\n", ["x"]),
        ("Text::\n\n    >>> x = 1\n    >>> x\n    1\n\ntext\n", ["x = 1\nx\n"]),
        (".. code-block:: python\n", []),
    ],
)
def test_blocks_of_rst(text: str, blocks: list[str]) -> None:
    assert read(text, "a.rst")[0] == blocks
    assert read(text, "a.md")[0] == []


def test_names_of_documents() -> None:
    assert all(is_document(name) for name in ("a.md", "b/README.MD", "x.rst", "x.txt", "x.markdown"))
    assert not any(is_document(name) for name in ("a.py", "md", "a.ipynb"))


DOCUMENT = (
    "# Title\n\n- item\n\n  ```python\n  x = 1\n\n  if x:\n      y = 2\n  ```\n\n"
    "```python\n>>> z = 3\n>>> if z:\n...     w\n4\n```\n"
)


@pytest.mark.parametrize("words", ["x = 1", "y = 2", "if x", "z = 3", "w", "1\n\nif x"])
def test_positions_are_those_of_the_document(words: str) -> None:
    _, cells, python = read(DOCUMENT)
    at = python.index(words)
    span = cells.outer(Span(at, at + len(words)))
    shown = DOCUMENT[span.start : span.end]
    assert shown.replace("\n  ", "\n") == words
    assert shown[0] == words[0] and shown[-1] == words[-1]


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("x = 1\n", "x = 1\nxx = 2\n", "  x = 1\n", "  x = 1\n  xx = 2\n"),
        ("    y = 2", "    y = 2\n    yy", "      y = 2\n", "      y = 2\n      yy\n"),
        ("x = 1\n\n", "", "  x = 1\n\n  if", "  if"),
        ("if x:", "if not x:", "  if x:", "  if not x:"),
        ("z = 3\n", "z = 3\nzz\n", ">>> z = 3\n", ">>> z = 3\n>>> zz\n"),
        ("    w\n", "    w\n    ww\n", "...     w\n", "...     w\n...     ww\n"),
        ("z = 3\n", "", ">>> z = 3\n", ""),
    ],
)
def test_edits_keep_what_stands_before_the_code(old: str, new: str, before: str, after: str) -> None:
    assert edited(DOCUMENT, (old, new)) == DOCUMENT.replace(before, after)


def edited(document: str, *replaced: tuple[str, str]) -> str:
    """The document, with each `old` of its code replaced by `new`."""
    _, cells, python = read(document)
    edits = [Edit(Span(at, at + len(old)), new) for old, new in replaced for at in [python.index(old)]]
    result = FileResult("a.md", Source("a.md", python), cells=cells)
    return applied(document, file_edits(result, edits))


@pytest.mark.parametrize(
    ("before", "replaced", "after"),
    [
        ("> {}\n> a\n> b\n> c\n> ```", [("a\n", "A\n"), ("b\n", "")], "> {}\n> A\n> c\n> ```"),
        ("> {}\n> a\n> b\n>\n> ```", [("b\n", "")], "> {}\n> a\n>\n> ```"),
        ("> {}\n> a\n> b\n> ```", [("b", "b\n\nc")], "> {}\n> a\n> b\n>\n> c\n> ```"),
        ("  {}\n  a\n  b\n\n  c\n  ```", [("b\n", "")], "  {}\n  a\n\n  c\n  ```"),
        ("{}\n>>> a\n>>> b\n```", [("b", "    b")], "{}\n>>> a\n...     b\n```"),
        ("{}\n>>> if a:\n...     b\n```", [("    b", "    c\n    b")], "{}\n>>> if a:\n...     c\n...     b\n```"),
        ("{}\n>>> if a:\n...     b\n... else:\n...     c\n```", [("    c", "    d")], None),
        ("{}\n>>> if a:\n...     b\n... else:\n...     c\n```", [("else:", "elif d:")], None),
        ("{}\n>>> a\n1\n>>> b\n```", [("a\n", "a\nc\n")], "{}\n>>> a\n1\n>>> c\n>>> b\n```"),
        ("{}\n>>> a\n1\n2\n```", [("a", "a\nb")], "{}\n>>> a\n1\n2\n>>> b\n```"),
        ("{}\r\n  a\r\n  b\r\n```", [("b", "b\nc")], "{}\r\n  a\r\n  b\r\n  c\r\n```"),
        ("{}\n  a", [("a", "a\nc")], "{}\n  a\n  c"),
    ],
)
def test_rows_come_and_go_with_what_stands_before_them(
    before: str, replaced: list[tuple[str, str]], after: str | None
) -> None:
    if after is None:
        ((old, new),) = replaced
        after = before.replace(old, new)
    assert edited(before.format("```py"), *replaced) == after.format("```py")


@given(st.text(st.sampled_from("x= \n\t>`~.:-1\r"), max_size=60), st.sampled_from(["a.md", "a.rst"]))
def test_any_text_is_read_and_each_character_has_its_place(text: str, path: str) -> None:
    _, cells, python = read("```python\n" + text, path)
    file = cells.file.text
    for run in cells.runs:
        assert python[run.start : run.start + run.length] == file[run.outer : run.outer + run.width]
    assert sum(run.length for run in cells.runs) == sum(cell.end - cell.start for cell in cells.cells)


rows = st.lists(st.sampled_from(["a", "    b", "", "cc", "        d"]), min_size=1, max_size=5)


@given(rows, rows, st.sampled_from(["", "  ", "> ", "\t", ">>> "]), st.data())
def test_an_edited_block_is_read_as_its_edited_code(
    old: list[str], new: list[str], lead: str, data: st.DataObject
) -> None:
    prompts = lead == ">>> "
    old = ["a", *(row for row in old if row or not prompts), "z"]
    marked = [(("... " if row.startswith(" ") else lead) if prompts else lead) + row for row in old]
    document = "\n".join([f"{'' if prompts else lead}```py", *(row.rstrip() for row in marked), "```", ""])
    first = data.draw(st.integers(1, len(old) - 1))
    last = data.draw(st.integers(first, len(old) - 1))
    code = "\n".join(old)
    start = sum(len(row) + 1 for row in old[:first])
    end = start + sum(len(row) + 1 for row in old[first:last])
    _, cells, python = read(document)
    assert python == code + "\n\n"
    edit = Edit(Span(start, end), "".join(row + "\n" for row in new))
    after = applied(document, file_edits(FileResult("a.md", Source("a.md", python), cells=cells), [edit]))
    assert read(after)[2] == applied(python, [edit])
    assert [line for line in after.splitlines() if line.endswith(" ")] == []
