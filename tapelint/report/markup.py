"""XML without a library: escaping, and the characters that no XML document may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def content(text: str) -> str:
    """A text between tags."""
    kept = _FORBIDDEN.sub("\ufffd", text)
    kept = kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return _ascii(kept)


def attributes(values: Mapping[str, str | int]) -> str:
    """All attributes of a tag, each with a space before it."""
    return "".join(
        f' {name}="{content(str(value)).replace(chr(34), "&quot;").replace(chr(10), "&#10;").replace(chr(9), "&#9;")}"'
        for name, value in values.items()
    )


def _ascii(text: str) -> str:
    """Character references in place of characters that a stream might not be able to encode."""
    return text if text.isascii() else text.encode("ascii", "xmlcharrefreplace").decode()
