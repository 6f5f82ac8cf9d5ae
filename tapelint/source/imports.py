"""The import statements of a text, found without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_STATEMENT = (
    rb"[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|(?:[^\n#;\\]|\\\r?\n)*)"
    rb"|import[ \t]+([^\n#;]+))"
)


def imports(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The imports that begin a line or follow a semicolon: of `from` the module and the names, of `import` the modules.

    What does not apply is empty. Texts in the shape of an import, in a docstring say, are among them. Looking for the
    word first is many times as fast as a pattern that is tried on every line.
    """
    statement = re.compile(_STATEMENT)
    at = data.find(b"import")
    while at >= 0:
        start = max(data.rfind(b"\n", 0, at), data.rfind(b";", 0, at)) + 1
        found = statement.match(data, start)
        if found is not None:
            module, names, plain = found.groups(b"")
            yield module, names, plain
        at = data.find(b"import", at + 6 if found is None else max(at + 6, found.end()))
