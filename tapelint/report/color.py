"""Colours, by rich. Imported only when somebody wants colours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

STYLES = {
    "plain": "",
    "source": "",
    "path": "bold",
    "position": "bright_black",
    "error": "bold red",
    "warning": "bold yellow",
    "info": "bold cyan",
    "name": "",
    "message": "bold",
    "quoted": "bold cyan",
    "gutter": "bright_black",
    "related": "bright_blue",
    "help": "bold green",
    "heading": "bold",
    "count": "bold",
    "dim": "bright_black",
    "gone": "red",
    "new": "green",
}
"""The sixteen colours of the terminal itself, so that its theme decides how they look."""


def console(stream: TextIO, width: int | None) -> Console:
    """A console that always colours and never guesses: who asked for colours has decided that."""
    return Console(
        file=stream,
        force_terminal=True,
        force_jupyter=False,
        color_system="standard",
        no_color=False,
        width=width or 80,
        markup=False,
        emoji=False,
        highlight=False,
    )


def painter(stream: TextIO, width: int | None) -> Callable[[Iterable[tuple[str, str]]], None]:
    """Prints rows of pieces. What is in a piece is never read as markup.

    A piece is rendered by its style alone, which is many times faster than printing through the console; only the
    console of old versions of Windows needs that.
    """
    styles = {name: Style.parse(style) for name, style in STYLES.items()}
    target = console(stream, width)
    if target.legacy_windows:
        return lambda row: target.print(Text.assemble(*((text, styles[name]) for name, text in row)), soft_wrap=True)

    def show(row: Iterable[tuple[str, str]]) -> None:
        painted = (styles[name].render(text, color_system=ColorSystem.STANDARD) for name, text in row)
        stream.write("".join(painted) + "\n")

    return show


def print_markdown(markdown: str, stream: TextIO, width: int) -> None:
    """Print a text of a page, indented by two cells, with its code as it is and an empty line around it."""
    from rich.markdown import Markdown
    from rich.padding import Padding
    from rich.syntax import ANSISyntaxTheme, Syntax
    from rich.theme import Theme

    theme = ANSISyntaxTheme(
        {
            ("Comment",): Style(color="bright_black"),
            ("Keyword",): Style(color="magenta"),
            ("Literal", "Number"): Style(color="cyan"),
            ("Literal", "String"): Style(color="green"),
            ("Operator", "Word"): Style(color="magenta"),
        }
    )
    target = console(stream, width)
    target.push_theme(Theme({"markdown.code": "bold cyan", "markdown.item.bullet": "bright_black"}))
    first = True
    for language, text in _blocks(markdown):
        if not text.strip():
            continue
        if not first:
            target.print()
        first = False
        if language:
            for line in Syntax("", language, theme=theme).highlight(text).split("\n"):
                line.rstrip()
                target.print(Text("      " if line else "").append_text(line), soft_wrap=True)
            continue
        page = Padding(Markdown(text, hyperlinks=False), (0, 0, 0, 2))
        lines = [_trimmed(line) for line in target.render_lines(page, pad=False)]
        while lines and not lines[0]:
            lines.pop(0)
        while lines and not lines[-1]:
            lines.pop()
        for segments in lines:
            target.print(Segments([*segments, Segment.line()]), end="")


def _blocks(markdown: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks, each with its language, and what stands between them, with none."""
    parts = re.split(r"^(`{3,}|~{3,}) *(\w*).*\n((?:.*\n)*?)\1 *$", markdown, flags=re.MULTILINE)
    for at in range(0, len(parts), 4):
        yield "", parts[at]
        if at + 3 < len(parts):
            yield parts[at + 2] or "text", parts[at + 3].rstrip("\n")


def _trimmed(line: list[Segment]) -> list[Segment]:
    """A line without the spaces that fill it up."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    if line and line[-1].text.endswith(" "):
        line = [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)]
    return line
