"""Statements moved in and out of blocks, with everything that people write between them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from textwrap import dedent

import pytest

from tapelint.diagnostic import Edit
from tapelint.fixes import statements
from tapelint.fixes.edits import applied
from tapelint.source.text import Source
from tests.fixes.fixing import with_crlf, with_tabs


class Text:
    """A function body: its statements, and the first `with` block among them."""

    def __init__(self, text: str) -> None:
        self.source = Source("file.py", text)
        tree = ast.parse(text)
        function = tree.body[0]
        self.body = function.body if isinstance(function, ast.FunctionDef) else tree.body
        self.at = next(at for at, node in enumerate(self.body) if isinstance(node, ast.With))
        block = self.body[self.at]
        assert isinstance(block, ast.With)
        self.block = block

    def after(self, edits: Sequence[Edit] | None) -> str | None:
        return None if edits is None else applied(self.source.text, edits)


def same(before: str, expected: str, change: str) -> None:
    """The change holds with spaces, with tabs and with the line ends of Windows."""
    for spelled in (lambda text: text, with_tabs, with_crlf, lambda text: with_crlf(with_tabs(text))):
        text = Text(spelled(dedent(before)))
        assert text.after(_change(text, change)) == spelled(dedent(expected))


def _change(text: Text, change: str) -> Sequence[Edit] | None:
    following = text.body[text.at + 1 :]
    if change == "into":
        return statements.into_block(text.source, text.block, following[:-1])
    if change == "opened":
        return statements.opened_before(text.source, text.block, text.body[: text.at])
    if change == "out":
        return statements.out_of_block(text.source, text.block, text.block.body[-1:])
    if change == "first":
        return statements.first_in_block(text.source, text.block, "tape.watch(x)")
    if change == "moved":
        return statements.moved_before(text.source, following[0], text.block.body[0])
    if change == "hoisted":
        return statements.hoisted(text.source, text.block.body[-1], text.block)
    if change == "late":
        return statements.moved_after(text.source, text.body[0], text.block.body[-1])
    assert change == "deleted"
    return statements.after(text.source, text.body[-1], "del tape")


def test_statements_behind_a_block_go_into_it() -> None:
    same(
        """\
        def f():
            with tape:  # a tape
                y = x * x
                # the last words in the block

            # about the loss

            loss = (
                y
              + 1.0  # more
            )  # done
            text = '''
            as it is
            '''; z = \\
        loss
            return loss
        """,
        """\
        def f():
            with tape:  # a tape
                y = x * x
                # the last words in the block

                # about the loss

                loss = (
                    y
                  + 1.0  # more
                )  # done
                text = '''
            as it is
            '''; z = \\
            loss
            return loss
        """,
        "into",
    )


def test_comments_keep_to_what_they_stand_at() -> None:
    same(
        """\
        def f():
            with tape:
                y = x * x

                # about the loss, in the block already
            if flag:
                loss = y
            else:
                loss = 2.0 * y

                # in the branch
            # not in it
            return loss
        """,
        """\
        def f():
            with tape:
                y = x * x

                # about the loss, in the block already
                if flag:
                    loss = y
                else:
                    loss = 2.0 * y

                    # in the branch
            # not in it
            return loss
        """,
        "into",
    )
    same(
        """\
        def f():
            with tape:
                y = x
                # about y

                # about g
                g = ask(y)
                # the last words

            # not in it
            return g
        """,
        """\
        def f():
            with tape:
                y = x
                # about y

            # about g
            g = ask(y)
            # the last words

            # not in it
            return g
        """,
        "out",
    )
    same(
        """\
        def f():
            with tape:
                # about y

                # more about y
                y = x
            return y
        """,
        """\
        def f():
            with tape:
                tape.watch(x)
                # about y

                # more about y
                y = x
            return y
        """,
        "first",
    )
    same(
        """\
        def f():
            with tape:
                y = x
                # about z
                # more about z
                z = y
            return z
        """,
        """\
        def f():
            # about z
            # more about z
            z = y
            with tape:
                y = x
            return z
        """,
        "hoisted",
    )


@pytest.mark.parametrize("mark", ["# fmt: on", "#yapf: disable", "# tapelint: enable[TAP301]", "# pylint: disable=all"])
def test_a_region_of_another_tool_is_not_moved(mark: str) -> None:
    text = Text(f"with tape:\n    y = x\n{mark}\nloss = y\nend = 1\n")
    assert _change(text, "into") is None
    text = Text(f"{mark}\nwith tape:\n    y = x\nloss = y\nend = 1\n")
    assert _change(text, "into") is not None
    text = Text(f"with tape:\n    y = x\n    {mark}\n    z = x\n")
    assert _change(text, "out") is None
    assert _change(text, "hoisted") is None
    text = Text(f"y = x\n{mark}\nwith tape:\n    z = y\n")
    assert _change(text, "opened") is None


def test_a_block_opens_earlier() -> None:
    same(
        """\
        def f():
            # about y
            y = net(
                x,
            )

            z = y  # about z
            with tf.GradientTape(
                persistent=True,
            ) as tape:
                # about the loss
                loss = z
            return loss
        """,
        """\
        def f():
            # about y
            with tf.GradientTape(
                persistent=True,
            ) as tape:
                y = net(
                    x,
                )

                z = y  # about z
                # about the loss
                loss = z
            return loss
        """,
        "opened",
    )


def test_a_statement_leaves_a_block() -> None:
    same(
        """\
        def f():
            with tape:
                y = x

                # the answer
                g = ask(
                    y,
                )  # here
            return g
        """,
        """\
        def f():
            with tape:
                y = x

            # the answer
            g = ask(
                y,
            )  # here
            return g
        """,
        "out",
    )


def test_a_line_stands_first_in_a_block() -> None:
    same(
        """\
        def f():
            with tape:
                # about y
                y = x
        """,
        """\
        def f():
            with tape:
                tape.watch(x)
                # about y
                y = x
        """,
        "first",
    )


def test_statements_move_with_their_comments() -> None:
    before = """\
        def f():
            early = 1  # early
            with tape:
                y = x
                w = (1,
                     2)  # w
            tape.watch(x)  # late
            return y
        """
    same(
        before,
        """\
        def f():
            early = 1  # early
            with tape:
                tape.watch(x)  # late
                y = x
                w = (1,
                     2)  # w
            return y
        """,
        "moved",
    )
    same(
        before,
        """\
        def f():
            early = 1  # early
            w = (1,
                 2)  # w
            with tape:
                y = x
            tape.watch(x)  # late
            return y
        """,
        "hoisted",
    )
    same(
        before,
        """\
        def f():
            with tape:
                y = x
                w = (1,
                     2)  # w
                early = 1  # early
            tape.watch(x)  # late
            return y
        """,
        "late",
    )


def test_a_line_behind_the_last_one_that_has_no_end() -> None:
    text = Text("with tape:\n    y = x\ng = 1  # no end")
    assert text.after(_change(text, "deleted")) == "with tape:\n    y = x\ng = 1  # no end\ndel tape"
    text = Text("with tape:\r\n\ty = x\r\ng = 1")
    assert text.after(_change(text, "deleted")) == "with tape:\r\n\ty = x\r\ng = 1\r\ndel tape"


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("with tape: y = x\nz = y\nr = z\n", "into"),
        ("with tape:\n    y = x\nif a: b = 1\nr = z; s = 1\nlast = 2\n", "moved"),
        ("z = 1; w = 2\nwith tape: y = x\n", "opened"),
        ("with tape:\n    y = x\n", "out"),
        ("with tape:\n    y = x; z = y\n", "out"),
        ("with tape:\n    y = x; z = y\n", "hoisted"),
        ("with tape: y = x\n", "first"),
    ],
)
def test_what_the_text_does_not_allow_is_left(text: str, change: str) -> None:
    whole = Text(text)
    if change == "moved":
        assert statements.moved_before(whole.source, whole.body[2], whole.block.body[0]) is None
    else:
        assert _change(whole, change) is None


def test_names() -> None:
    text = "def f(x):\n    target = x\n    target_2 = [target for _ in x]\n    return target_2\n"
    source, tree = Source("file.py", text), ast.parse(text)
    assert statements.fresh(tree, "target") == "target_3"
    assert statements.fresh(tree, "loss") == "loss"
    edits = statements.renamed(source, tree, "target", "loss")
    assert edits is not None
    assert applied(text, edits) == text.replace("target ", "loss ").replace("[target", "[loss")
    assert statements.renamed(source, tree, "target", "target_2") is None
    assert statements.renamed(source, tree, "x", "y") is None
    assert statements.renamed(source, tree, "f", "g") is None
