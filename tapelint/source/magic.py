"""What IPython understands and Python does not: magics, shell lines, help. It is taken out without moving anything."""

from __future__ import annotations

import re

from tapelint.record import Record

_SHELL = (
    r"(?:(?:pip3?|conda|mamba|apt|apt-get)[ \t]+(?:install|uninstall|list|show|freeze|update)\b"
    r"|(?:ls|cd|cat|cp|mv|mkdir|rmdir|rm|man)[ \t]+(?!(?:in|is|and|or|if|not|for|else|as)\b)[-~/.$*\w])"
)
"""Commands that IPython runs without a sign before them."""
_SUSPECT = re.compile(rf"^[ \t]*(?:[%!?,;/]|{_SHELL})|\?[ \t]*(?:#.*)?\r?$|=[ \t]*[!%]", re.MULTILINE)
_TOKEN = re.compile(r"#[^\r\n]*|\"\"\"|'''|\"|'|[\[\](){}]|\\\r?\n|\r?\n|\r")
_LINE = re.compile(r"[^\r\n\\]*(?:\\(?:\r?\n)?[^\r\n\\]*)*")
_OWN = re.compile(rf"[ \t]*(?:[%!?,;/]|{_SHELL})")
_TIMED = re.compile(r"(?P<magic>[ \t]*%(?:time|prun)[ \t]+)(?!(?:with|for|if|while|try|def|class|async)\b)[\w(\[]")
_HELP = re.compile(r"[ \t]*[%\w.*\[\]]+\?{1,2}[ \t]*(?:#.*)?$")
_ASSIGNED = re.compile(r"(?P<target>[ \t]*[A-Za-z_][\w.,* \t\[\]'\"]*=[ \t]*)(?:![^=]|!\Z|%[ \t]*[A-Za-z])")
_CELL = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r?\n|\r))*[ \t]*%%(?P<name>!|[\w.]*)(?P<rest>[^\r\n]*)")

_RUNS_PYTHON = frozenset("time timeit capture prun memit mprun lprun snakeviz heat scalene".split())
"""Cell magics whose body is Python that runs among the names of the notebook."""
_BINDS_NOTHING = frozenset(
    "! bash sh html HTML javascript js latex markdown svg SVG writefile file script cmd perl ruby system sx pybind11 "
    "mermaid css cd pwd ls matplotlib time timeit prun memit mprun lprun config pip conda env set_env autoreload "
    "aimport tensorflow_version tensorboard load_ext reload_ext unload_ext who whos reset_selective precision "
    "cat mkdir rm cp mv man pinfo pdoc psource pdb debug xmode colors history notebook alias autosave "
    "watermark bookmark dirs pushd popd magic lsmagic quickref rehashx logstart logstop snakeviz heat scalene".split()
)
"""Magics after which the notebook has the same names as before."""


class Masked(Record):
    """Text of the same length and the same rows as a cell, with only Python in it.

    `unknown` are the offsets of names that stand for values that only IPython knows. `opens` says that names may have
    come to be that the text does not show.
    """

    text: str
    unknown: tuple[int, ...] = ()
    opens: bool = False


def masked(text: str) -> Masked:
    """The cell without what only IPython understands."""
    if "%%" in text:
        cell = _CELL.match(text)
        if cell:
            return _cell(text, cell)
    if _SUSPECT.search(text) is None:
        return Masked(text)
    return _lines(text)


def blank(text: str) -> str:
    """Nothing but white space, with the same rows and the same length."""
    return re.sub(r"[^\r\n]", " ", text)


def _cell(text: str, cell: re.Match[str]) -> Masked:
    name = cell["name"]
    start = cell.end()
    head = blank(text[:start])
    if name not in _RUNS_PYTHON:
        return Masked(blank(text), (), opens=name not in _BINDS_NOTHING)
    body = masked(text[start:])
    opens = body.opens or name == "capture"
    return Masked(head + body.text, tuple(at + start for at in body.unknown), opens)


def _lines(text: str) -> Masked:
    parts: list[str] = []
    unknown: list[int] = []
    opens = False
    at = 0
    while at < len(text):
        line = _LINE.match(text, at)
        assert line is not None
        first = line[0].split("\n")[0]
        assigned = _ASSIGNED.match(first)
        if assigned:
            size = len(assigned["target"])
            shown = "_" + blank(line[0][size + 1 :])
            unknown.append(at + size)
            parts.append(line[0][:size] + shown)
            at = line.end()
        elif timed := _TIMED.match(first):
            # What is timed is a statement like any other.
            size = len(timed["magic"])
            indent = size - len(timed["magic"].lstrip(" \t"))
            parts.append(text[at : at + indent] + "0;" + blank(text[at + indent + 2 : at + size]))
            end = _statement(text, at + size)
            parts.append(text[at + size : end])
            at = end
            continue
        elif _OWN.match(first) or _HELP.match(first):
            indent = len(first) - len(first.lstrip(" \t"))
            parts.append(line[0][:indent] + "0" + blank(line[0][indent + 1 :]))
            opens = opens or _may_bind(first.strip())
            at = line.end()
        else:
            end = _statement(text, at)
            parts.append(text[at:end])
            at = end
            continue
        rest = re.compile(r"\r?\n|\r").match(text, at)
        if rest:
            parts.append(rest[0])
            at = rest.end()
    return Masked("".join(parts), tuple(unknown), opens)


def _may_bind(line: str) -> bool:
    if not line.startswith("%") or line.endswith("?"):
        return False
    name = re.match(r"%+[ \t]*([\w.]*)", line)
    return name is not None and (name[1] not in _BINDS_NOTHING or name[1] in ("time", "prun"))


def _statement(text: str, at: int) -> int:
    """Where the logical line that starts at `at` ends, its newline included."""
    depth = 0
    while True:
        token = _TOKEN.search(text, at)
        if token is None:
            return len(text)
        at = token.end()
        mark = token[0]
        if mark in ("\n", "\r\n", "\r"):
            if depth <= 0:
                return at
        elif mark in ('"""', "'''"):
            at = _closed(text, at, mark)
        elif mark in ('"', "'"):
            at = _closed_in_row(text, at, mark)
        elif mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1


def _closed(text: str, at: int, mark: str) -> int:
    while True:
        end = text.find(mark, at)
        if end < 0:
            return len(text)
        slashes = end - len(text[at:end].rstrip("\\")) - at
        if slashes % 2 == 0:
            return end + len(mark)
        at = end + 1


def _closed_in_row(text: str, at: int, mark: str) -> int:
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char in "\r\n":
            return at
        at += 1
        if char == mark:
            return at
    return len(text)
