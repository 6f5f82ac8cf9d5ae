from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelint.source.magic import Masked, blank, masked

PYTHON = (
    "x = 1\n",
    "x = (1\n% 2)\n",
    'x = """\n%matplotlib inline\n!ls\n"""\n',
    "x = '''it's\\'''\n!no\n'''\n",
    "f(1,\n  # ( it's\n  2)\nx = 3 % y\n",
    "x = 1 + \\\n  2\n",
    "x != y\n",
    "d = {\n'a': 1\n}\n",
    "# what is this?\n",
    "s = 'why?'\n",
    "list = pip\n",
    "ls = cd\ncat += 1\nrm (x)\nls in cat\n",
)


@pytest.mark.parametrize("text", PYTHON)
def test_python_stays_as_it_is(text: str) -> None:
    assert masked(text) == Masked(text)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("%matplotlib inline\nx", "0                 \nx"),
        ("if x:\n    !ls\n", "if x:\n    0  \n"),
        ("!pip install a \\\n  b\nx", "0               \n   \nx"),
        ("!!ls\r\nx", "0   \r\nx"),
        ("?print\ntf.Variable??\n%timeit?\nx", "0     \n0            \n0       \nx"),
        ("pip install x\nx", "0            \nx"),
        ("ls -lh *.h5\ncd ..", "0          \n0    "),
        ("%time x = f()\n", "0;    x = f()\n"),
        ("  %time f(\n1)\ny", "  0;    f(\n1)\ny"),
        ("files = !ls -l\nx", "files = _     \nx"),
        ("a, b = %sql x\n", "a, b = _     \n"),
        ("%%time\nx = 1\n", "      \nx = 1\n"),
        ("\n# note\n%%capture out\n%%time\n!ls\nx", "\n      \n             \n      \n0  \nx"),
        ("%%bash\necho 'x\n", "      \n       \n"),
        ("%%writefile a.py\nimport x", "                \n        "),
    ],
)
def test_the_rest_is_taken_out_in_place(text: str, python: str) -> None:
    found = masked(text)
    assert found.text == python
    ast.parse(found.text.replace("  0;", "0;  ") if text.startswith(" ") else found.text)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("%run a.py", True),
        ("%pylab inline", True),
        ("%time for x in y: z", True),
        ("%%capture out\nx", True),
        ("%%cython\nx", True),
        ("%%unheard_of\nx", True),
        ("%matplotlib inline\n!ls\nx?", False),
        ("%load_ext x", False),
        ("%%bash\nx", False),
        ("%%time\nx", False),
        ("%%time\n%run a.py", True),
        ("%run?", False),
    ],
)
def test_which_may_bring_names(text: str, opens: bool) -> None:
    assert masked(text).opens is opens


def test_values_of_ipython_are_marked() -> None:
    text = "x = !ls\ny = 2\nz = %sql a\n"
    found = masked(text)
    assert [text[at] for at in found.unknown] == ["!", "%"]
    assert [found.text[at] for at in found.unknown] == ["_", "_"]
    assert masked("%%time\nx = !ls").unknown == (11,)


@given(st.text(st.sampled_from("x=!%?'\"\\\n\r ()#;,/[]é"), max_size=40))
def test_nothing_moves(text: str) -> None:
    found = masked(text)
    assert len(found.text) == len(text)
    assert [at for at, char in enumerate(text) if char in "\r\n"] == [
        at for at, char in enumerate(found.text) if char in "\r\n"
    ]
    assert blank(text).strip() == "" and len(blank(text)) == len(text)
