"""The patch between two versions of a file, byte for byte as `git apply` and `patch -p1` read it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import SequenceMatcher

AROUND = 3
"""So many unchanged lines stand around each change."""
_NO_NEWLINE = b"\\ No newline at end of file\n"


def patch(path: str, old: bytes, new: bytes) -> bytes:
    """The patch that makes `new` of `old`; empty where they are equal. Lines end at line feeds only, as in git."""
    lines = list(_lines(old, new))
    if not lines:
        return b""
    name = _relative(path)
    return b"--- " + _header("a/" + name) + b"+++ " + _header("b/" + name) + b"".join(lines)


def _lines(old: bytes, new: bytes) -> Iterator[bytes]:
    before, after = _split(old), _split(new)
    for group in _groups(before, after):
        first, last = group[0], group[-1]
        yield b"@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, low, high, from_, to in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in before[low:high])
                continue
            yield from (_line(b"-", line) for line in before[low:high])
            yield from (_line(b"+", line) for line in after[from_:to])


Part = tuple[str, int, int, int, int]


def _groups(before: list[bytes], after: list[bytes]) -> Iterator[list[Part]]:
    """What differs, in groups with the lines around."""
    group: list[Part] = []
    parts = _parts(before, after)
    for at, (tag, low, high, from_, to) in enumerate(parts):
        first, last = at == 0, at == len(parts) - 1
        if tag != "equal":
            group.append((tag, low, high, from_, to))
            continue
        if not first and not last and high - low <= 2 * AROUND:
            group.append((tag, low, high, from_, to))
            continue
        if not first:
            size = min(AROUND, high - low)
            yield [*group, (tag, low, low + size, from_, from_ + size)]
        size = min(AROUND, high - low)
        group = [(tag, high - size, high, to - size, to)]
    if any(tag != "equal" for tag, *_ in group):
        yield group


def _parts(before: list[bytes], after: list[bytes]) -> list[Part]:
    """What is equal and what is not, in turns. What is equal at both ends is not compared line with line."""
    size = min(len(before), len(after))
    head = next((at for at in range(size) if before[at] != after[at]), size)
    tail = next((at for at in range(size - head) if before[-1 - at] != after[-1 - at]), size - head)
    ends = len(before) - tail, len(after) - tail
    matcher = SequenceMatcher(None, before[head : ends[0]], after[head : ends[1]], autojunk=False)
    found: list[Part] = [("equal", 0, head, 0, head)] if head else []
    found += [
        (tag, low + head, high + head, from_ + head, to + head) for tag, low, high, from_, to in matcher.get_opcodes()
    ]
    if tail:
        found.append(("equal", ends[0], len(before), ends[1], len(after)))
    merged: list[Part] = []
    for part in found:
        if merged and merged[-1][0] == part[0] == "equal":
            merged[-1] = ("equal", merged[-1][1], part[2], merged[-1][3], part[4])
        else:
            merged.append(part)
    return merged


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _range(start: int, stop: int) -> bytes:
    length = stop - start
    if length == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + 1 if length else start, length)


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line if line.endswith(b"\n") else sign + line + b"\n" + _NO_NEWLINE


def _relative(path: str) -> str:
    """The path as seen from the current folder, where `git apply` will be called; with slashes."""
    try:
        inside = os.path.relpath(path)
    except ValueError:  # another drive
        inside = os.pardir
    if not inside.startswith(os.pardir):
        path = inside
    elif os.path.isabs(path):
        path = os.path.splitdrive(path)[1].lstrip(os.sep)
    return os.path.normpath(path).replace(os.sep, "/")


def _header(name: str) -> bytes:
    """A file name as git writes it: in quotes where it holds what would end it, with a tab where it holds a space."""
    data = name.encode("utf-8", "surrogateescape")
    if any(byte < 0x20 or byte in b'"\\\x7f' for byte in data):
        return b'"' + b"".join(map(_quoted, data)) + b'"\n'
    return data + (b"\t\n" if b" " in data else b"\n")


def _quoted(byte: int) -> bytes:
    if byte < 0x20 or byte == 0x7F:
        return b"\\%03o" % byte
    return b"\\" * (byte in b'"\\') + bytes([byte])
