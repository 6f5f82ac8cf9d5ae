"""What a rule finds and what a reporter prints: plain, frozen, picklable data.

A rule yields `Finding`s: offsets and field values, no text. `tapelint.catalogue` turns a finding into a `Diagnostic`
by filling the message and label templates of the rule's page. Reporters see only diagnostics.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from tapelint.record import Record


class Severity(Enum):
    """How bad it is. `INFO` rules are off unless selected."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Applicability(Enum):
    """Whether a fix may be applied unasked (`SAFE`), on request (`UNSAFE`)."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class Span(Record):
    """A half-open range of code-point offsets, 0-based, into the decoded text of one source.

    `path` is empty for the text that is spoken of, and names another file of the project where the range lies there.
    """

    start: int
    end: int
    path: str = ""


class Edit(Record):
    """Replace the text of `span` by `content`; an empty span inserts."""

    span: Span
    content: str


class Fix(Record):
    """Edits that belong together: all are applied or none. Sorted by start and never overlapping."""

    message: str
    applicability: Applicability
    edits: tuple[Edit, ...]


_NO_FIELDS: Mapping[str, str] = {}


class Mark(Record):
    """A place that belongs to the story of a finding. `label` names a template in the page's `[labels]`."""

    label: str
    span: Span
    fields: Mapping[str, str] = _NO_FIELDS


class Finding(Record):
    """One fault, as a rule states it: the code, the fields of its message, the places of its story, in order.

    `span` names a file if the fault lies in another one than that which was played.
    """

    code: str
    span: Span
    fields: Mapping[str, str] = _NO_FIELDS
    marks: tuple[Mark, ...] = ()
    fix: Fix | None = None
    variant: str = ""
    """Which of the page's `[variants]` tells this finding; empty for the page's own message."""


class Related(Record):
    """A labelled place beside the primary one, ready to print. `path` is None for the diagnostic's own file."""

    message: str
    span: Span
    path: str | None = None


class Diagnostic(Record):
    """One finding with its words, ready to print. `label` stands under the primary span, `help` closes the frame."""

    code: str
    name: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    related: tuple[Related, ...] = ()
    help: str = ""
    fix: Fix | None = None
    url: str = ""
