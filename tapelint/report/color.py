"""Colours, by rich. Imported only when somebody wants colours."""

from __future__ import annotations

from typing import TextIO, cast

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


def paint(row: list[tuple[str, str]]) -> Text:
    """A row of pieces as rich text. What is in a piece is never read as markup."""
    text = Text(no_wrap=True, end="")
    for style, content in row:
        text.append(content, Style.parse(STYLES[style]))
    text.end = "\n"
    return text


def print_markdown(markdown: str, stream: TextIO, width: int) -> None:
    """Print a text of a page, indented by two cells, without the empty lines that rich puts around lists and code."""
    from rich.markdown import Markdown
    from rich.padding import Padding
    from rich.syntax import ANSISyntaxTheme
    from rich.theme import Theme

    code = ANSISyntaxTheme(
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
    # rich hands the theme on to the code block, which takes an object as well as a name.
    page = Padding(Markdown(markdown, code_theme=cast(str, code), hyperlinks=False), (0, 0, 0, 2))
    lines = [_trimmed(line) for line in target.render_lines(page, pad=False)]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        target.print(Segments([*line, Segment.line()]), end="")


def _trimmed(line: list[Segment]) -> list[Segment]:
    """A line without the spaces that fill it up."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    if line and line[-1].text.endswith(" "):
        line = [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)]
    return line
