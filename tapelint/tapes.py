"""`tapelint tapes`: the tape blocks of files, for people and machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from libcst import ParserSyntaxError

from tapelint.catalogue import diagnose
from tapelint.cli import CLEAN, TROUBLE, complain
from tapelint.diagnostic import Span
from tapelint.discovery import Discovery, Found
from tapelint.program import read as read_program
from tapelint.report import never_fail_on_characters
from tapelint.report.place import place
from tapelint.result import FileResult
from tapelint.run import Read, read
from tapelint.settings import Configuration
from tapelint.syntax.blocks import TapeBlock, TooDeepError, tape_blocks


def list_tapes(paths: Sequence[str], form: str, configuration: Configuration) -> int:
    """Print every tape block behind the paths and return the exit code: 2 if a file could not be read or parsed."""
    discovery = Discovery(configuration)
    files: list[Read] = []
    if "-" in paths:
        files.append(Read("-", configuration.for_folder(os.getcwd()), sys.stdin.buffer.read()))
    found: list[Found] = discovery.find(path for path in paths if path != "-")
    files += read(found)
    trouble = list(discovery.errors)
    listed: list[tuple[FileResult, TapeBlock]] = []
    for file in files:
        if file.error:
            trouble.append((file.path, file.error))
        if file.data is None or b"GradientTape" not in file.data:
            continue
        try:
            program = read_program(file.path, file.data)
            if program.tree is None:
                trouble += [(file.path, diagnose(refused).message) for refused in program.refused]
                continue
            result = FileResult(file.path, program.source, cells=program.cells)
            listed += [(result, block) for block in tape_blocks(program.python, program.tree)]
        except (TooDeepError, ParserSyntaxError):
            trouble.append((file.path, "its tapes cannot be listed: it is nested too deeply or oddly indented"))
        except Exception as error:
            trouble.append((file.path, f"internal error: {type(error).__name__}"))
    never_fail_on_characters(sys.stdout)
    if form == "json":
        print(json.dumps([_as_json(result, block) for result, block in listed], indent=2))
    else:
        for result, block in listed:
            print("\n".join(_as_text(result, block)))
    for path, text in trouble:
        complain(f"{path}: {text}")
    return TROUBLE if trouble else CLEAN


def _as_text(result: FileResult, block: TapeBlock) -> Iterable[str]:
    item = place(result, block.item)
    row = item.seen[0].row
    last = place(result, block.span).seen[1].row
    kind = {True: "persistent", False: "not persistent", None: "perhaps persistent"}[block.persistent]
    yield f"{item}: {block.name or 'a tape without a name'}, lines {row} to {last}, {kind}"
    accessed = {True: ["trainable variables that are read"], False: [], None: ["perhaps trainable variables"]}
    yield f"    watches {', '.join([*accessed[block.watch_accessed_variables], *block.watched]) or 'nothing'}"
    for question in block.questions:
        asked = place(result, question.span)
        row, column = asked.seen[0]
        cell = f"cell {asked.cell}:" if asked.cell not in (None, item.cell) else ""
        yield f"    asked at {cell}{row}:{column} for the {question.method} of {question.target} by {question.sources}"
    if not block.questions:
        yield "    not asked in this file"


def _as_json(result: FileResult, block: TapeBlock) -> dict[str, Any]:
    return {
        "filename": result.path,
        **_place(result, block.span),
        "name": block.name or None,
        "persistent": block.persistent,
        "watch_accessed_variables": block.watch_accessed_variables,
        "watched": list(block.watched),
        "questions": [
            {
                "method": question.method,
                "target": question.target,
                "sources": question.sources,
                **_place(result, question.span),
            }
            for question in block.questions
        ],
    }


def _place(result: FileResult, span: Span) -> dict[str, Any]:
    where = place(result, span)
    start, end = where.seen
    return {"cell": where.cell, "location": start._asdict(), "end_location": end._asdict()}
