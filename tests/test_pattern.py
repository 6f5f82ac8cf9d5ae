from __future__ import annotations

import pytest

from tapelint.pattern import Patterns


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("build", "/p/build/a.py", True),
        ("build/", "/p/x/build/a.py", True),
        ("build", "/p/builder/a.py", False),
        ("*.egg", "/p/x.egg/a.py", True),
        ("*.egg", "/p/xegg/a.py", False),
        ("test_*.py", "/p/deep/test_a.py", True),
        ("test_*.py", "/p/deep/a_test_a.py", False),
        ("te[sx]t.py", "/p/text.py", True),
        ("te[!sx]t.py", "/p/text.py", False),
        ("?.py", "/p/a.py", True),
        ("?.py", "/p/ab.py", False),
        ("src/gen", "/p/src/gen/deep/a.py", True),
        ("./src/gen/", "/p/src/gen/a.py", True),
        ("src/gen", "/p/x/src/gen/a.py", False),
        ("src/*.py", "/p/src/a.py", True),
        ("src/*.py", "/p/src/deep/a.py", False),
        ("src/**/*.py", "/p/src/deep/er/a.py", True),
        ("src/**/*.py", "/p/src/a.py", True),
        ("**/vendored/*", "/p/a/b/vendored/c.py", True),
        ("../other/*", "/other/a.py", True),
        ("/abs/*.py", "/abs/a.py", True),
        ("a+b/c.py", "/p/a+b/c.py", True),
        ("p", "/p/a.py", False),
    ],
)
def test_match(pattern: str, path: str, expected: bool) -> None:
    assert Patterns([pattern], "/p").match(path) is expected


def test_a_root_with_odd_characters() -> None:
    assert Patterns(["src/a.py"], "/p[1]*").match("/p[1]*/src/a.py")
    assert not Patterns(["src/a.py"], "/p[1]*").match("/p1x/src/a.py")
