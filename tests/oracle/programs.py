"""The programs of fixtures, projects and rule pages, with what TensorFlow is said to do with each of them.

Needs neither TensorFlow nor tapelint. The form of the comments is described in docs/contributing.md.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.outcome import Outcome, OutcomeError

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
PROJECTS = FIXTURES / "projects"
PAGES = ROOT / "rules"

_NOTE = re.compile(r"#\s*(tf|keras2|expect):\s*([^#]*)")
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[ \t]*(?P<info>[^\n]*)$")
_KERAS = re.compile(r"keras|tf\.(optimizers|losses|metrics|initializers)")
_ATTRIBUTE = re.compile(r"""(\w+)=(?:"([^"]*)"|'([^']*)')""")


class ProgramError(Exception):
    """A file that does not keep to the form of fixtures and pages: `path:line: what is wrong`."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{shown(path)}:{line}: {message}")


@dataclass(frozen=True)
class Program:
    """One thing to run. `function` is None for a script; `keras2` is None where Keras 2 can't run it."""

    path: Path
    line: int
    text: str
    function: str | None
    tf: Outcome
    keras2: Outcome | None
    section: str = ""
    """The heading that a page's program stands under; empty for a fixture."""
    speaks_of_keras: bool = True
    """Whether the generation of Keras can make a difference."""
    folder: Path | None = None
    """The project that the program is the entry of: where its modules lie, and where it runs."""

    @property
    def name(self) -> str:
        """How a report names it: the place, and the function or the page's section."""
        what = self.function or self.section
        return f"{shown(self.path)}:{self.line}" + (f" {what}" if what else "")

    @property
    def reached(self) -> str:
        """The code that the program may run, without its layout and comments."""
        body = _body(self.text)
        functions = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == self.function]
        return _reached(body, functions[0]) if functions else self.text

    def expected(self, generation: int) -> Outcome | None:
        """What must happen under this generation of Keras; None where there is nothing to run."""
        return self.keras2 if generation == 2 else self.tf


@dataclass(frozen=True)
class Block:
    """A fenced Python block of a page."""

    path: Path
    line: int
    section: str
    text: str
    attributes: dict[str, str]


def shown(path: Path) -> str:
    """The path as a report prints it: relative to the project where it lies inside."""
    try:
        return path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return str(path)


def programs(paths: Iterable[Path]) -> Iterator[Program]:
    """All programs of files and folders, in order. Raises `ProgramError`."""
    for path in files(paths):
        yield from page_programs(path) if path.suffix == ".md" else fixture_programs(path)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The Python files and pages among `paths` and under the folders among them; of a project only its entry."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in (".py", ".md") and _stands_alone(each))
        else:
            yield path


def _stands_alone(path: Path) -> bool:
    folder = project_folder(path)
    return path.is_file() and (folder is None or path.resolve() == folder / "main.py")


def project_folder(path: Path) -> Path | None:
    """The folder of the project fixture that a file belongs to."""
    try:
        inside = path.resolve().relative_to(PROJECTS)
    except ValueError:
        return None
    return PROJECTS / inside.parts[0] if len(inside.parts) > 1 else None


def project_folders() -> list[Path]:
    """All project fixtures."""
    return sorted(each for each in PROJECTS.iterdir() if each.is_dir())


def modules(folder: Path) -> list[Path]:
    """The Python files of a project fixture."""
    return sorted(folder.rglob("*.py"))


def notes(text: str) -> Iterator[tuple[int, str, str]]:
    """Every `# tf:`, `# keras2:` and `# expect:` of a program: row, kind, value. Strings are not comments."""
    for row, comment in _comments(text):
        for kind, value in _NOTE.findall(comment):
            yield row, kind, value.strip()


def expectations(text: str) -> set[tuple[int, str]]:
    """The (row, code) pairs that the `# expect:` comments of a fixture state."""
    return {(row, code.strip()) for row, kind, value in notes(text) if kind == "expect" for code in value.split(",")}


def fixture_programs(path: Path) -> Iterator[Program]:
    """The programs of one fixture: its marked functions, or the whole file where the first line is marked."""
    text = path.read_bytes().decode("utf-8-sig")
    marks: dict[int, dict[str, str]] = {}
    for row, kind, value in notes(text):
        if kind != "expect":
            marks.setdefault(row, {})[kind] = value
    body = _body(text)
    functions = {node.lineno: node for node in body if isinstance(node, ast.FunctionDef)}
    folder = project_folder(path)
    speaks = folder is not None and any(_KERAS.search(each.read_text(encoding="utf-8")) for each in modules(folder))
    for row, mark in sorted(marks.items()):
        if "tf" not in mark:
            raise ProgramError(path, row, "`# keras2:` without `# tf:` on the same line")
        function = functions.get(row)
        if row != 1 and function is None:
            raise ProgramError(path, row, "`# tf:` stands on no top-level `def` line and not on the first line")
        if function is not None and mark["tf"] == "none" and not _returns(function):
            raise ProgramError(path, row, f"{function.name} returns nothing, so `none` would always hold")
        reached = _reached(body, function) if function else text
        keras = speaks or "keras2" in mark or _KERAS.search(reached) is not None
        name = function.name if function else None
        yield Program(path, row, text, name, *_outcomes(path, row, mark), speaks_of_keras=keras, folder=folder)


def page_programs(path: Path) -> Iterator[Program]:
    """The programs of one page: its fenced Python blocks that state an outcome, `tf="..."`."""
    for block in blocks(path):
        if "tf" in block.attributes:
            outcomes = _outcomes(path, block.line, block.attributes)
            keras = "keras2" in block.attributes or _KERAS.search(block.text) is not None
            yield Program(path, block.line, block.text, None, *outcomes, section=block.section, speaks_of_keras=keras)
        elif block.section in ("Example", "Use instead"):
            raise ProgramError(path, block.line, 'this block does not state what TensorFlow does: ```python tf="..."')


def blocks(path: Path) -> Iterator[Block]:
    """The fenced Python blocks of a page, each with the second-level heading that it stands under."""
    section, fence, start, info, lines = "", "", 0, "", list[str]()
    python = False
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if fence:
            if line.strip() == fence:
                if python:
                    attributes = {name: double or single for name, double, single in _ATTRIBUTE.findall(info)}
                    yield Block(path, start, section, "\n".join(lines) + "\n", attributes)
                fence = ""
            else:
                lines.append(line)
        elif match := _FENCE.match(line):
            fence, start, info, lines = match["fence"], row + 1, match["info"], []
            python = match["language"] in ("python", "py")
        elif line.startswith("## "):
            section = line[3:].strip()


def _comments(text: str) -> Iterator[tuple[int, str]]:
    try:
        found = [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        ]
    except (tokenize.TokenError, SyntaxError):
        # A fixture that does not parse on purpose: its comments are found by eye.
        found = [(row, line[line.index("#") :]) for row, line in enumerate(text.splitlines(), 1) if "#" in line]
    yield from found


def _body(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _returns(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))


def _reached(statements: list[ast.stmt], function: ast.FunctionDef) -> str:
    """The source of a function and of every top-level statement that it may use, by name."""
    bound = [(statement, _bound(statement)) for statement in statements]
    reached: list[ast.stmt] = []
    ahead: list[ast.stmt] = [function]
    while ahead:
        reached.append(ahead.pop())
        names = _names(reached[-1])
        ahead += [each for each, bind in bound if names & bind and each not in reached and each not in ahead]
    return "\n".join(map(ast.unparse, reached))


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement may bind or change."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    return _names(statement)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _outcomes(path: Path, row: int, mark: dict[str, str]) -> tuple[Outcome, Outcome | None]:
    try:
        tf = Outcome.parse(mark["tf"])
        keras2 = mark.get("keras2", mark["tf"])
        return tf, None if keras2 == "skip" else Outcome.parse(keras2)
    except OutcomeError as error:
        raise ProgramError(path, row, str(error)) from None
