"""How far a fix is trusted: what its rule says, what the settings say, and what the comments in its way say."""

from __future__ import annotations

import re

from tapelint.diagnostic import Applicability, Diagnostic, Fix, Span
from tapelint.record import Record
from tapelint.source.text import Source


class Trust(Record):
    """What settings say about the fixes of rules, by code: they count as safe, as unsafe, or are never applied."""

    safe: frozenset[str] = frozenset()
    unsafe: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


_BARE = r"(?<!\r)\n"


def settled(source: Source, told: list[Diagnostic], trust: Trust) -> list[Diagnostic]:
    """The diagnostics with the fixes that may be offered, each as safe as it really is.

    A fix that would delete or move a comment is unsafe, whatever its rule says; only comments of our own, which a rule
    about comments deletes, may go unseen.
    """
    from tapelint.fixes.statements import newline
    from tapelint.source.layout import layout

    comments: list[Span] | None = None
    found: list[Diagnostic] = []
    for one in told:
        fix = one.fix
        if fix is None:
            found.append(one)
            continue
        if one.code in trust.never or not fix.edits:
            found.append(one._replace(fix=None))
            continue
        applicability = fix.applicability
        end = newline(source)
        if end != "\n" and any("\n" in edit.content for edit in fix.edits):
            # Rules may write a line feed and mean the end of a line.
            edits = tuple(edit._replace(content=re.sub(_BARE, end, edit.content)) for edit in fix.edits)
            fix = fix._replace(edits=edits)
            one = one._replace(fix=fix)
        if applicability is Applicability.SAFE and not one.code.startswith("TAP00") and _takes_away(source, fix):
            if comments is None:
                comments = [comment.span for comment in layout(source).comments]
            if any(
                comment.start < edit.span.end and edit.span.start < comment.end
                for edit in fix.edits
                for comment in comments
            ):
                applicability = Applicability.UNSAFE
        if one.code in trust.safe:
            applicability = Applicability.SAFE
        elif one.code in trust.unsafe:
            applicability = Applicability.UNSAFE
        if applicability is not fix.applicability:
            one = one._replace(fix=fix._replace(applicability=applicability))
        found.append(one)
    return found


def allowed(fix: Fix | None, most: Applicability) -> bool:
    """Whether a fix may be applied where fixes up to `most` are asked for."""
    return fix is not None and (fix.applicability is Applicability.SAFE or most is Applicability.UNSAFE)


def _takes_away(source: Source, fix: Fix) -> bool:
    """Whether a `#` is among what is replaced: only then the text must be read for comments."""
    return any("#" in source.segment(edit.span) for edit in fix.edits)
