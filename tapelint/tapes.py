"""`tapelint tapes`: the tape blocks of files, for people and machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tapelint.check import Unparsable, parse
from tapelint.cli import CLEAN, TROUBLE, complain
from tapelint.diagnostic import Span
from tapelint.discovery import Discovery, Found
from tapelint.run import Read, read
from tapelint.settings import Configuration
from tapelint.source.text import Source, UndecodableError
from tapelint.syntax.blocks import TapeBlock, tape_blocks


def list_tapes(paths: Sequence[str], form: str, configuration: Configuration) -> int:
    """Print every tape block behind the paths and return the exit code: 2 if a file could not be read or parsed."""
    discovery = Discovery(configuration)
    files: list[Read] = []
    if "-" in paths:
        files.append(Read("-", configuration.for_folder(os.getcwd()), sys.stdin.buffer.read()))
    found: list[Found] = discovery.find(path for path in paths if path != "-")
    files += read(found)
    trouble = list(discovery.errors)
    listed: list[tuple[Source, TapeBlock]] = []
    for file in files:
        if file.error:
            trouble.append((file.path, file.error))
        if file.data is None or b"GradientTape" not in file.data:
            continue
        try:
            source = Source.from_bytes(file.path, file.data)
            listed += [(source, block) for block in tape_blocks(source, parse(source))]
        except (Unparsable, UndecodableError) as error:
            trouble.append((file.path, f"does not parse: {error}"))
        except Exception as error:
            trouble.append((file.path, f"internal error: {type(error).__name__}"))
    if form == "json":
        print(json.dumps([_as_json(source, block) for source, block in listed], indent=2))
    else:
        for source, block in listed:
            print("\n".join(_as_text(source, block)))
    for path, text in trouble:
        complain(f"{path}: {text}")
    return TROUBLE if trouble else CLEAN


def _as_text(source: Source, block: TapeBlock) -> Iterable[str]:
    row, column = source.position(block.item.start)
    last = source.position(block.span.end).row
    kind = {True: "persistent", False: "not persistent", None: "perhaps persistent"}[block.persistent]
    yield f"{source.path}:{row}:{column}: {block.name or 'a tape without a name'}, lines {row} to {last}, {kind}"
    accessed = {True: ["trainable variables that are read"], False: [], None: ["perhaps trainable variables"]}
    yield f"    watches {', '.join([*accessed[block.watch_accessed_variables], *block.watched]) or 'nothing'}"
    for question in block.questions:
        row, column = source.position(question.span.start)
        yield f"    asked at {row}:{column} for the {question.method} of {question.target} by {question.sources}"
    if not block.questions:
        yield "    not asked in this file"


def _as_json(source: Source, block: TapeBlock) -> dict[str, Any]:
    return {
        "filename": source.path,
        **_place(source, block.span),
        "name": block.name or None,
        "persistent": block.persistent,
        "watch_accessed_variables": block.watch_accessed_variables,
        "watched": list(block.watched),
        "questions": [
            {
                "method": question.method,
                "target": question.target,
                "sources": question.sources,
                **_place(source, question.span),
            }
            for question in block.questions
        ],
    }


def _place(source: Source, span: Span) -> dict[str, dict[str, int]]:
    return {
        key: source.position(offset)._asdict() for key, offset in (("location", span.start), ("end_location", span.end))
    }
