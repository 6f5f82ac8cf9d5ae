"""Notebooks and documents through the real engine, from bytes to what is printed."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapelint import report
from tapelint.catalogue import codes
from tapelint.check import Terms, check
from tapelint.diagnostic import Severity
from tapelint.program import read
from tapelint.report.place import place
from tapelint.result import FileResult

ALL = frozenset(codes())
TERMS = Terms(ALL, quiet=ALL)

TWICE = (
    "import tensorflow as tf\nx = tf.Variable(3.0)",
    "with tf.GradientTape() as tape:\n    y = x * x",
    "tape.gradient(y, x)",
    "tape.gradient(y, x)",
)


def notebook(*sources: str, **more: Any) -> bytes:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}]
    cells += [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": source.splitlines(keepends=True)}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}, indent=1).encode()


def judged(*sources: str, terms: Terms = TERMS) -> FileResult:
    result = check("n.ipynb", notebook(*sources), terms)
    assert result.errors == ()
    return result


def found(result: FileResult) -> list[tuple[str, int | None, int]]:
    """Code, cell and row in the cell of every finding."""
    places = [place(result, diagnostic.span) for diagnostic in result.diagnostics]
    return [
        (diagnostic.code, where.cell, where.seen[0].row)
        for diagnostic, where in zip(result.diagnostics, places, strict=True)
    ]


def document(*blocks: str, path: str = "a.md", terms: Terms = TERMS) -> FileResult:
    result = check(path, "".join(f"Text.\n\n```python\n{block}\n```\n\n" for block in blocks).encode(), terms)
    assert result.errors == ()
    return result


def test_a_fix_in_several_cells_says_which() -> None:
    model = "model = tf.keras.Sequential([tf.keras.layers.Dense(1){more}])\noptimizer = tf.keras.optimizers.SGD(0.1)"
    forward = "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(model(tf.ones((4, 2)), training=True))"
    ask = "grads = tape.gradient(loss, model.variables)"
    step = "optimizer.apply_gradients(zip(grads, model.variables))"
    cells = (forward, ask, step)
    first = ("import tensorflow as tf\n" + model.format(more=""), *cells)
    result = judged(
        *first, model.format(more=", tf.keras.layers.Dropout(0.5)"), *cells, terms=Terms(frozenset({"TAP209"}))
    )
    (told,) = result.diagnostics
    assert told.fix is not None and len(told.fix.edits) == 2  # the step of the first model stays as it is
    _, _, changed = printed(result, "full").partition("help: ")
    assert changed.splitlines()[3:] == [
        f"  1 - {ask}",
        "    + grads = tape.gradient(loss, model.trainable_variables)",
        "  cell 9:1",
        f"  1 - {step}",
        "    + optimizer.apply_gradients(zip(grads, model.trainable_variables))",
    ]


def test_the_cells_are_one_module() -> None:
    assert found(judged(*TWICE)) == [("TAP101", 5, 1)]
    fresh = ("with tf.GradientTape() as tape:\n    y = x * x", "tape.gradient(y, x)")
    assert found(judged(*TWICE[:3], *fresh)) == []
    assert found(judged(*TWICE[:3], "del tape", *fresh)) == []
    assert found(judged(*TWICE[:3], "del tape", "tape.gradient(y, x)")) == [("TAP118", 6, 1)]


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\n!pip install x\ny?",
        "%%bash\ntape = ( it's",
        "%%time\nz = 1",
        "files = !ls\nfiles.gradient(x, x)",
        "z = %sql select 1",
        "get_ipython().system('ls')",
        "%time z = y + 1",
        "  indented = 1",
        "",
        "# only a note",
        "await later()",
    ],
)
def test_what_ipython_adds_is_no_trouble(cell: str) -> None:
    assert found(judged(*TWICE[:3], cell)) == []
    assert found(judged(*TWICE[:3], cell, "tape.gradient(y, x)")) == [("TAP101", 6, 1)]


def test_a_timed_statement_is_played() -> None:
    for timed in ("%time g = tape.gradient(y, x)", "%%time\ng = tape.gradient(y, x)"):
        row = timed.count("\n") + 1
        assert found(judged(*TWICE[:3], timed)) == [("TAP101", 5, row)]


def test_a_cell_that_does_not_parse_is_told_and_the_others_go_on() -> None:
    assert found(judged(*TWICE[:2], "x = = 1", *TWICE[2:])) == [("TAP001", 4, 1), ("TAP101", 6, 1)]
    (first, _) = judged(*TWICE[:2], "x = = 1", *TWICE[2:]).diagnostics
    assert first.message == "this notebook cell does not parse: invalid syntax"


@pytest.mark.parametrize("cell", ["fit <- lm(y ~ x, data = data)", "library('glmnet')\nx = as.matrix(y$z)"])
def test_cells_for_r_are_not_told(cell: str) -> None:
    assert found(judged(*TWICE, cell, "write.csv(as.matrix(fit))")) == [("TAP101", 5, 1)]
    assert found(judged("x = = 1", *TWICE[:3], cell)) == [("TAP001", 2, 1)]


def test_what_an_unread_cell_may_have_done_is_not_known() -> None:
    assert found(judged(*TWICE[:3], "tape = = 1", "tape.gradient(y, x)")) == [("TAP001", 5, 1)]
    assert found(judged(*TWICE[:3], "print tape", "tape.gradient(y, x)")) == [("TAP001", 5, 1)]
    assert found(judged(*TWICE[:1], "with f( as t:", "other.gradient(x, x)")) == [("TAP001", 3, 1)]


@pytest.mark.parametrize("cell", ["%run helpers.py", "%%capture out\nz = 1", "%%unheard_of\nz"])
def test_names_may_come_from_a_magic(cell: str) -> None:
    unknown = "import tensorflow as tf\ny = tf.constant(1.0)\ntape.gradient(y, y)"
    assert found(judged(unknown)) == [("TAP118", 2, 3)]
    assert found(judged(cell, unknown)) == []


def test_the_last_expression_of_a_cell_is_shown() -> None:
    clip = "with tf.GradientTape() as t:\n    y = x * x\ng = t.gradient(y, x)\ntf.clip_by_norm(g, 1.0)"
    apply = "x.assign_sub(g)\nopt = tf.keras.optimizers.SGD()\nopt.apply_gradients([(g, x)])"
    assert [code for code, _, _ in found(judged(TWICE[0], f"{clip}\n{apply}"))] == ["TAP706"]
    assert found(judged(TWICE[0], clip, apply)) == []


def test_a_mark_in_the_output_or_the_text_is_not_enough() -> None:
    data = notebook("x = = 1", metadata={"note": "tensorflow GradientTape"})
    assert [d.code for d in check("n.ipynb", data, TERMS).diagnostics] == ["TAP001"]
    data = notebook("x = 1", metadata={"note": "tensorflow GradientTape"})
    assert check("n.ipynb", data, TERMS).diagnostics == ()


def test_what_is_no_notebook_is_one_finding() -> None:
    result = check("n.ipynb", b'{"cells": [GradientTape]}', TERMS)
    (diagnostic,) = result.diagnostics
    assert diagnostic.message == "this file does not parse: it is not valid JSON: expecting value"
    assert str(place(result, diagnostic.span)) == "n.ipynb:1:12"
    result = check("n.ipynb", b'{"cells": "\xff tensorflow GradientTape"}', TERMS)
    assert [d.code for d in result.diagnostics] == ["TAP001"]


def test_a_byte_order_mark_is_no_part_of_the_json() -> None:
    result = check("n.ipynb", b"\xef\xbb\xbf" + notebook(*TWICE), TERMS)
    assert found(result) == [("TAP101", 5, 1)]


def test_a_coding_comment_in_a_cell_means_nothing() -> None:
    result = check(
        "n.ipynb", json.dumps(json.loads(notebook("# -*- coding: latin-1 -*-\n'é'", *TWICE))).encode(), TERMS
    )
    assert found(result) == [("TAP101", 6, 1)]


# -- documents --------------------------------------------------------------------------------------------------------


def test_the_blocks_of_a_document_are_one_module() -> None:
    result = document(*TWICE[:3], "tape.gradient(y, [x])")
    (diagnostic,) = result.diagnostics
    where = place(result, diagnostic.span)
    assert (diagnostic.code, where.cell, str(where)) == ("TAP101", None, "a.md:24:1")
    assert found(document(*TWICE[:3], *TWICE[:3])) == []


def test_a_block_may_show_a_call_once_more() -> None:
    assert found(document(*TWICE)) == []
    assert found(document(*TWICE[:3], f"{TWICE[3]}\n{TWICE[3]}")) == [("TAP101", None, 25)]


def test_documents_may_leave_things_out() -> None:
    assert found(document("tape.gradient(y, x)", "import tensorflow")) == []
    assert (
        found(document("import tensorflow as tf\ndef f(x):\n    with tf.GradientTape() as tape:\n        y = x")) == []
    )
    assert found(document(TWICE[0], "x = = GradientTape")) == []


def test_a_block_that_does_not_parse_is_told_when_asked_for() -> None:
    loud = TERMS._replace(quiet=ALL - {"TAP001"})
    assert found(document(TWICE[0], "x = = GradientTape", terms=loud)) == [("TAP001", None, 11)]


@pytest.mark.parametrize(
    "gap",
    [
        "...",
        "# ... the same loop as before ...",
        "with tf.GradientTape() as tape:\n    ...",
        "with tf.GradientTape() as tape:\n    # \u2026\n    y = x * x",
        "tape = ...",
    ],
)
def test_what_was_left_out_may_have_done_anything(gap: str) -> None:
    assert found(document(*TWICE[:3], gap + "\ntape.gradient(y, x)")) == []


def test_a_function_that_was_left_out_may_return_something() -> None:
    for body in ("...", '"""Text."""\n    ...', "# ..."):
        block = f"def loss_of(x):\n    {body}\n" + "    pass\n" * (body == "# ...")
        ask = "with tf.GradientTape() as tape:\n    loss = loss_of(x)\ntape.gradient(loss, x)"
        assert found(document(TWICE[0], block, ask)) == []
    assert found(document(TWICE[0], "def loss_of(x):\n    y = x * x", ask)) == [("TAP603", None, 20)]


def test_an_ellipsis_in_an_index_is_an_index() -> None:
    block = "with tf.GradientTape() as tape:\n    y = x[..., 0]\ntape.gradient(y, x)\ntape.gradient(y, x)"
    assert found(document(TWICE[0], block)) == [("TAP101", None, 14)]


def test_prompts_show_what_they_compute() -> None:
    block = (
        "\n".join(f">>> {line}" for line in TWICE[0].split("\n"))
        + "\n>>> tf.stop_gradient(x)\n1\n>>> y = 1\n>>> tape.gradient"
    )
    assert found(document(block)) == []


# -- reports ----------------------------------------------------------------------------------------------------------

EXPECTED = {
    "concise": ["n.ipynb:cell 5:1:1: TAP101 "],
    "grouped": ["  cell 5:1:1  TAP101 "],
    "markdown": ["`n.ipynb:cell 5:1:1`"],
    "pylint": ["n.ipynb:41: [TAP101] ", "(cell 5, line 1)"],
    "azure": ["linenumber=41;columnnumber=6;", "(cell 5, line 1)"],
    "github": ["line=41,endLine=41,col=6,", "(cell 5, line 1)", "cell 4, line 1: "],
    "gitlab": ['"line": 41', "(cell 5, line 1)"],
    "checkstyle": ['line="41" column="6"', "(cell 5, line 1)"],
    "rdjson": ['"start": {"line": 41, "column": 6}', "(cell 5, line 1)"],
    "sarif": ['"startLine": 41, "startColumn": 6', "(cell 5, line 1)", "cell 4, line 1: ["],
    "junit": ['line="41" column="6"', "n.ipynb:cell 5:1:1: TAP101"],
    "full": ["n.ipynb:cell 5:1:1: error TAP101", "\n  cell 3:1:6\n  1 | with tf.GradientTape() as tape:\n"],
}


def printed(result: FileResult, form: str) -> str:
    stream = io.StringIO()
    report.write(form, [result], stream)
    return stream.getvalue()


@pytest.mark.parametrize("form", EXPECTED)
def test_each_format_names_the_cell_and_the_line_of_the_json(
    form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    result = judged(*TWICE)
    row = notebook(*TWICE).decode().split("\n").index('    "tape.gradient(y, x)"', 40) + 1
    assert row == 41
    for text in EXPECTED[form]:
        assert text in printed(result, form)


def test_json_has_the_place_in_the_cell_and_in_the_file() -> None:
    (entry,) = json.loads(printed(judged(*TWICE), "json"))
    assert (entry["cell"], entry["location"], entry["end_location"]) == (
        5,
        {"row": 1, "column": 1},
        {"row": 1, "column": 20},
    )
    assert (entry["file_location"], entry["file_end_location"]) == ({"row": 41, "column": 6}, {"row": 41, "column": 25})
    assert {related["cell"] for related in entry["related"]} == {3, 4}
    (entry,) = json.loads(printed(document(*TWICE[:3], "tape.gradient(y, [x])"), "json"))
    assert (entry["cell"], entry["location"], entry["file_location"]) == (None, {"row": 24, "column": 1}, None)


def test_suggestions_are_edits_of_the_json() -> None:
    ask = "c = tf.constant(1.0)\nwith tf.GradientTape() as tape:\n    y = c * c\ntape.gradient(y, c)"
    result = judged(TWICE[0], ask)
    assert found(result) == [("TAP201", 3, 4)]
    (suggestion,) = json.loads(printed(result, "rdjson"))["diagnostics"][0]["suggestions"]
    assert "\\n" in suggestion["text"]
    lines = notebook(TWICE[0], ask).decode().split("\n")
    start, end = suggestion["range"]["start"], suggestion["range"]["end"]
    assert start == end
    line = lines[start["line"] - 1]
    lines[start["line"] - 1] = line[: start["column"] - 1] + suggestion["text"] + line[start["column"] - 1 :]
    cell = json.loads("\n".join(lines))["cells"][2]
    assert "    tape.watch(c)\n" in cell["source"]


def test_all_of_it_can_be_sent_to_another_process() -> None:
    import pickle

    result = judged(*TWICE)
    assert found(pickle.loads(pickle.dumps(result))) == found(result)


def test_programs_say_whether_they_are_whole() -> None:
    assert read("n.ipynb", notebook(*TWICE)).is_whole
    assert not read("n.ipynb", notebook(*TWICE, "x = =")).is_whole
    assert not read("a.md", b"```python\nx\n```").is_whole
    assert read("a.py", b"x").is_whole and read("a.py", b"x").cells is None
    severities = {diagnostic.severity for diagnostic in judged(*TWICE).diagnostics}
    assert severities == {Severity.ERROR}


PARTS = st.sampled_from(
    [
        *TWICE,
        "...",
        "# ... more",
        "def f(y):\n    ...",
        "class A:\n    ...",
        "async def g():\n    with tape:\n        ...",
        "x = = tape",
        "x = !ls \u00e9",
        "%time y = x",
        "%%time\nfor x in y:\n    !ls",
        "%run a",
        "for tape in y:\n    ...\nelse:\n    y = x",
        "y[..., 0]",
        ">>> y\n3",
        "del tape",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=7), st.sampled_from(["n.ipynb", "a.md", "a.rst"]))
def test_any_cells_are_judged_without_trouble(parts: list[str], path: str) -> None:
    parts = [TWICE[0], *parts]
    text = "".join(f"```python\n{part}\n```\n" for part in parts)
    result = check(path, notebook(*parts) if path == "n.ipynb" else text.encode(), TERMS)
    assert result.errors == ()
    for diagnostic in result.diagnostics:
        for span in (diagnostic.span, *(related.span for related in diagnostic.related)):
            where = place(result, span)
            assert where.start <= where.end and (where.cell is None) == (path != "n.ipynb")
            assert where.seen[0].row <= 4 or path != "n.ipynb"
    for form in ("full", "json", "sarif"):
        assert bool(printed(result, form)) or not result.diagnostics
