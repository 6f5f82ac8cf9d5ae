from __future__ import annotations

import ast

import libcst
import pytest

from tapelint.program import parse
from tapelint.source.text import Source
from tapelint.syntax.blocks import TapeBlock, TooDeepError, tape_blocks


def of(source: Source) -> list[TapeBlock]:
    return tape_blocks(source, parse(source))


def blocks(text: str) -> list[TapeBlock]:
    return of(Source("x.py", text))


def test_everything_about_one_block() -> None:
    text = """import tensorflow as tf
def step(x, é):
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(é); tape.watch(x)
        y = x * x
    a = tape.gradient(y,
                      [x, x])
    return a, tape.batch_jacobian(target=y, source=x)
"""
    source = Source("x.py", text)
    (block,) = of(source)
    assert (block.name, block.persistent, block.watch_accessed_variables) == ("tape", True, False)
    assert block.watched == ("é", "x")
    assert source.segment(block.span).startswith("with tf.GradientTape(")
    assert source.segment(block.span).rstrip().endswith("y = x * x")
    assert source.segment(block.item) == "tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape"
    gradient, jacobian = block.questions
    assert (gradient.method, gradient.target, gradient.sources) == ("gradient", "y", "[x, x]")
    assert (jacobian.method, jacobian.target, jacobian.sources) == ("batch_jacobian", "y", "x")
    assert source.segment(jacobian.span) == "tape.batch_jacobian(target=y, source=x)"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("with tf.GradientTape() as a, open('f') as f, tf.GradientTape() as b: pass", ["a", "b"]),
        ("with tf.GradientTape(): pass", [""]),
        ("from tensorflow import GradientTape as GT\nwith GT() as t: pass", ["t"]),
        ("Tape = tf.GradientTape\nwith Tape() as t: pass", ["t"]),
        ("with (t := tf.GradientTape()): pass", ["t"]),
        ("t = tf.GradientTape()\nwith t: pass", ["t"]),
        ("t = tf.GradientTape()\nwith t as u: pass", ["u"]),
        ("def f(self):\n  self.t = tf.GradientTape()\n  with self.t: pass", ["self.t"]),
        ("def f():\n  t = tf.GradientTape()\ndef g(t):\n  with t: pass", []),
        ("t = tf.GradientTape()\nt = open('x')\nwith t: pass", []),
        ("with open('x') as tape: pass", []),
        ("with tf.GradientTape as tape: pass", []),
    ],
)
def test_which_blocks_are_found(text: str, names: list[str]) -> None:
    assert [block.name for block in blocks(text + "\n")] == names


@pytest.mark.parametrize(
    ("arguments", "persistent", "accessed"),
    [
        ("", False, True),
        ("True", True, True),
        ("True, False", True, False),
        ("persistent=flag", None, True),
        ("**options", None, None),
        ("*options", None, None),
    ],
)
def test_arguments_that_are_no_literals_are_not_known(
    arguments: str, persistent: bool | None, accessed: bool | None
) -> None:
    (block,) = blocks(f"with tf.GradientTape({arguments}) as t: pass\n")
    assert (block.persistent, block.watch_accessed_variables) == (persistent, accessed)


def test_a_question_belongs_to_the_last_block_of_that_name() -> None:
    first, second = blocks(
        """with tf.GradientTape() as t: pass
a = t.gradient(1, 2)
with tf.GradientTape() as t: pass
b = t.gradient(3, 4)
def inner():
    return t.jacobian(5, 6)
"""
    )
    assert [question.target for question in first.questions] == ["1"]
    assert [question.target for question in second.questions] == ["3", "5"]


def test_functions_do_not_share_names() -> None:
    one, two = blocks(
        """def f():
    with tf.GradientTape() as t: pass
    return t.gradient(1, 2)
def g(other):
    with tf.GradientTape() as t: pass
    return other.gradient(3, 4)
"""
    )
    assert len(one.questions) == 1
    assert two.questions == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_offsets_count_every_newline(newline: str) -> None:
    text = newline.join(["x = 1", "", "with tf.GradientTape() as t:", "    pass", "t.gradient(1, 2)", ""])
    source = Source("x.py", text)
    (block,) = of(source)
    assert source.segment(block.questions[0].span) == "t.gradient(1, 2)"


def test_too_deep_text_is_refused() -> None:
    text = "with GradientTape() as t: pass\n" + "f(" * 2000 + ")" * 2000
    with pytest.raises(TooDeepError):
        tape_blocks(Source("x.py", text), ast.parse("GradientTape"))


def test_what_holds_nothing_about_tapes_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "import tensorflow as tf\n\n@decorated(\n  1)\ndef other():\n    return 1\n\x0c\n"
        "class Model:\n    def build(self):\n        'a string with\u2028 in it'\n        return 2\n"
        "    def step(self):\n        with tf.GradientTape() as t:\n            pass\n"
        "        self.ask(t.gradient(1, 2))\n"
        "class Only:\n    def one(self):\n        return 3\n"
    )
    parsed: list[str] = []
    real = libcst.parse_module

    def parse_module(text: str) -> libcst.Module:
        parsed.append(text)
        return real(text)

    monkeypatch.setattr(libcst, "parse_module", parse_module)
    source = Source("x.py", text)
    (block,) = of(source)
    assert source.segment(block.item) == "tf.GradientTape() as t"
    assert source.segment(block.questions[0].span) == "t.gradient(1, 2)"
    assert "return" not in parsed[0]
    assert "class Model" in parsed[0]
    assert blocks("# GradientTape\n'GradientTape'\n") == []
    assert len(parsed) == 1
    assert blocks("class Mine(tf.GradientTape):\n    def a(self): pass\n    def b(self): pass\n") == []
