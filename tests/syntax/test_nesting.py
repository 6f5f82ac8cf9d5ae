from __future__ import annotations

from tapelint.syntax.nesting import DEEPEST, too_deep


def test_what_python_reads_is_not_too_deep() -> None:
    assert not too_deep("(" * DEEPEST + ")" * DEEPEST)
    assert not too_deep("f(x)\n" * 1000)
    assert not too_deep(")" * 500 + "(")


def test_one_more_is() -> None:
    assert too_deep("([{" * DEEPEST)
