"""The tape blocks of a file, as they are written: found in the concrete syntax tree, without playing anything."""

# ruff: noqa: N802 - libcst calls a visitor by these names

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tapelint.diagnostic import Span
from tapelint.record import Record
from tapelint.source.text import Source
from tapelint.syntax.nesting import too_deep

QUESTIONS = ("gradient", "jacobian", "batch_jacobian")


class TooDeepError(ValueError):
    """The text nests more deeply than libcst can bear."""


class Question(Record):
    """A call such as `tape.gradient(target, sources)`, in source text."""

    method: str
    target: str
    sources: str
    span: Span


class TapeBlock(Record):
    """One `with` item that makes a tape record. `span` is that of the whole `with` statement.

    `name` is empty where the tape has none. `persistent` and `watch_accessed_variables` are None where they are no
    literals. `watched` holds the arguments of `watch` in source text, `questions` the calls that ask this tape.
    """

    span: Span
    item: Span
    name: str
    persistent: bool | None
    watch_accessed_variables: bool | None
    watched: tuple[str, ...]
    questions: tuple[Question, ...]


def tape_blocks(source: Source, tree: ast.Module) -> list[TapeBlock]:
    """All tape blocks of the text, which was parsed to `tree`, in the order in which they begin.

    A question belongs to the last block of that name that begins before it in the same function, or else in the
    functions around it; names with a dot, such as `self.tape`, are looked for in the whole file. Raises
    `TooDeepError`, and `libcst.ParserSyntaxError` for what libcst cannot parse.
    """
    text = _what_matters(source.text, tree)
    if not text:
        return []
    if too_deep(text):
        raise TooDeepError("it is nested too deeply")
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    finder = _Finder(source, wrapper.module)
    wrapper.visit(finder)
    return finder.finish()


def _what_matters(text: str, tree: ast.Module) -> str:
    """The text with empty lines in place of the definitions that hold nothing about tapes; empty if none does.

    libcst takes a hundred times as long as `ast` for a text, so it gets as little as will do.
    """
    words = {"GradientTape"}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.name.split(".")[-1] == "GradientTape" and node.asname:
            words.add(node.asname)
        elif isinstance(node, ast.Assign) and _last_name(node.value) in words:
            words.update(filter(None, map(_last_name, node.targets)))
    if not _speaks_of(tree, words):
        return ""
    lines = text.splitlines(keepends=True) if _same_lines(text) else re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    words.update((*QUESTIONS, "watch"))

    def clear(body: Sequence[ast.stmt]) -> None:
        definitions = [node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
        speaking = [node for node in definitions if _speaks_of(node, words)]
        for node in speaking:
            if isinstance(node, ast.ClassDef):
                clear(node.body)
        if body is not tree.body and not speaking and len(definitions) == len(body):
            return  # a class must keep something to hold
        for node in definitions:
            if node not in speaking:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                for row in range(first, (node.end_lineno or first) + 1):
                    lines[row - 1] = lines[row - 1][len(lines[row - 1].rstrip("\r\n")) :]

    clear(tree.body)
    return "".join(lines)


def _same_lines(text: str) -> bool:
    """Whether `str.splitlines` parts the text where Python does."""
    return not re.search("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]", text)


def _speaks_of(node: ast.AST, words: set[str]) -> bool:
    return any(_last_name(part) in words for part in ast.walk(node))


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.name.split(".")[-1] if isinstance(node, ast.alias) else ""


@dataclass(slots=True)
class _Making:
    persistent: bool | None
    watch_accessed_variables: bool | None


@dataclass(slots=True)
class _Block:
    name: str
    making: _Making
    span: Span
    item: Span
    watched: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


@dataclass(slots=True)
class _Scope:
    outer: _Scope | None
    blocks: list[_Block] = field(default_factory=list)
    made: dict[str, _Making] = field(default_factory=dict)


@dataclass(slots=True)
class _Call:
    tape: str
    method: str
    arguments: list[str]
    span: Span
    scope: _Scope


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, source: Source, module: cst.Module) -> None:
        super().__init__()
        self._source = source
        self._module = module
        self._scope = self._top = _Scope(None)
        self._dotted_made: dict[str, _Making] = {}
        self._aliases: set[str] = set()
        self._blocks: list[_Block] = []
        self._calls: list[_Call] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._scope = _Scope(self._scope)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._scope = self._scope.outer or self._top

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        if _dotted(node.name).split(".")[-1] == "GradientTape" and node.asname is not None:
            self._aliases.add(_dotted(node.asname.name))

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._assign(_dotted(target.target), node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        if node.value is not None:
            self._assign(_dotted(node.target), node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._assign(_dotted(node.target), node.value)

    def _assign(self, name: str, value: cst.BaseExpression) -> None:
        if not name:
            return
        making = self._making(value)
        if making is not None:
            (self._dotted_made if "." in name else self._scope.made)[name] = making
        elif self._is_tape_class(value):
            self._aliases.add(name)
        else:
            self._scope.made.pop(name, None)

    def visit_With(self, node: cst.With) -> None:
        for item in node.items:
            bound = _dotted(item.asname.name) if item.asname is not None else ""
            making = self._making(item.item)
            if making is None:
                entered = _dotted(item.item)
                making = self._made(entered) if entered else None
                bound = bound or entered
            elif isinstance(item.item, cst.NamedExpr):
                bound = bound or _dotted(item.item.target)
            if making is not None:
                block = _Block(bound, making, self._span(node), self._span(item))
                self._blocks.append(block)
                self._scope.blocks.append(block)

    def visit_Call(self, node: cst.Call) -> None:
        if not isinstance(node.func, cst.Attribute):
            return
        method = node.func.attr.value
        tape = _dotted(node.func.value)
        if not tape or method not in (*QUESTIONS, "watch"):
            return
        names = ("tensor",) if method == "watch" else ("target", "source" if method == "batch_jacobian" else "sources")
        given = [self._argument(node.args, place, name) for place, name in enumerate(names)]
        self._calls.append(_Call(tape, method, given, self._span(node), self._scope))

    def finish(self) -> list[TapeBlock]:
        for call in self._calls:
            block = self._asked(call)
            if block is None:
                continue
            if call.method == "watch":
                block.watched.append(call.arguments[0])
            else:
                block.questions.append(Question(call.method, call.arguments[0], call.arguments[1], call.span))
        return [
            TapeBlock(
                block.span,
                block.item,
                block.name,
                block.making.persistent,
                block.making.watch_accessed_variables,
                tuple(block.watched),
                tuple(block.questions),
            )
            for block in sorted(self._blocks, key=lambda block: block.item)
        ]

    def _asked(self, call: _Call) -> _Block | None:
        if "." in call.tape:
            named = [block for block in self._blocks if block.name == call.tape]
            before = [block for block in named if block.item.start <= call.span.start]
            return before[-1] if before else named[0] if named else None
        scope: _Scope | None = call.scope
        while scope is not None:
            named = [block for block in scope.blocks if block.name == call.tape]
            before = [block for block in named if block.item.start <= call.span.start]
            if before:
                return before[-1]
            scope = scope.outer
        return None

    def _made(self, name: str) -> _Making | None:
        if "." in name:
            return self._dotted_made.get(name)
        scope: _Scope | None = self._scope
        while scope is not None:
            if name in scope.made:
                return scope.made[name]
            scope = scope.outer
        return None

    def _making(self, node: cst.BaseExpression) -> _Making | None:
        if isinstance(node, cst.NamedExpr):
            return self._making(node.value)
        if not isinstance(node, cst.Call) or not self._is_tape_class(node.func):
            return None
        return _Making(
            _literal(node.args, 0, "persistent", absent=False),
            _literal(node.args, 1, "watch_accessed_variables", absent=True),
        )

    def _is_tape_class(self, node: cst.BaseExpression) -> bool:
        name = _dotted(node)
        return name in self._aliases or name.split(".")[-1] == "GradientTape"

    def _argument(self, arguments: Sequence[cst.Arg], place: int, name: str) -> str:
        value = _given(arguments, place, name)
        return " ".join(self._module.code_for_node(value).split()) if value is not None else ""

    def _span(self, node: cst.CSTNode) -> Span:
        place = self.get_metadata(PositionProvider, node)
        assert isinstance(place, CodeRange)
        starts = self._source.line_starts
        return Span(
            starts[place.start.line - 1] + place.start.column,
            starts[place.end.line - 1] + place.end.column,
        )


def _dotted(node: cst.CSTNode) -> str:
    """`a.b.c` for names and attributes, else an empty text."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr.value}" if before else ""
    return ""


def _given(arguments: Sequence[cst.Arg], place: int, name: str) -> cst.BaseExpression | None:
    positional = True
    for at, argument in enumerate(arguments):
        positional = positional and not argument.star and argument.keyword is None
        if (argument.keyword is not None and argument.keyword.value == name) or (positional and at == place):
            return argument.value
    return None


def _literal(arguments: Sequence[cst.Arg], place: int, name: str, *, absent: bool) -> bool | None:
    value = _given(arguments, place, name)
    if value is None:
        return None if any(argument.star for argument in arguments) else absent
    if isinstance(value, cst.Name) and value.value in ("True", "False"):
        return value.value == "True"
    return None
