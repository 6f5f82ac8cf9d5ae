"""Findings for the tests of the reporters, told by the words that they stand on."""

from __future__ import annotations

import io
from collections.abc import Sequence

from tapelint import report
from tapelint.diagnostic import Applicability, Diagnostic, Edit, Fix, Related, Severity, Span
from tapelint.result import FileResult
from tapelint.source.text import Source

CRITIC = """\
import tensorflow as tf


def step(real, fake):
    with tf.GradientTape() as tape:
        d_loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
    total = d_loss + 10.0 * penalty(real, fake)
    grads = tape.gradient(total, critic.trainable_variables)
    opt.apply_gradients(zip(grads, critic.trainable_variables))
    return grads
"""


def on(text: str, words: str, occurrence: int = 1) -> Span:
    """The span of some words, counted by occurrence."""
    at = -1
    for _ in range(occurrence):
        at = text.index(words, at + 1)
    return Span(at, at + len(words))


def told(
    text: str,
    primary: tuple[Span, str],
    *related: tuple[Span, str] | tuple[Span, str, str],
    path: str = "critic.py",
    severity: Severity = Severity.ERROR,
    message: str = "`total` is computed after `tape` stopped recording",
    help: str = "",
    fix: Fix | None = None,
) -> FileResult:
    """One file with one finding. A related place in another file ends in its path."""
    diagnostic = Diagnostic(
        code="TAP301",
        name="target-outside-tape",
        severity=severity,
        message=message,
        span=primary[0],
        label=primary[1],
        related=tuple(Related(item[1], item[0], item[2] if len(item) == 3 else None) for item in related),
        help=help,
        fix=fix,
        url="https://example.org/TAP301",
    )
    return FileResult(path, Source(path, text), (diagnostic,))


def critic(path: str = "critic.py") -> FileResult:
    """A target computed after the block, with a safe fix."""
    return told(
        CRITIC,
        (on(CRITIC, "d_loss + 10.0 * penalty(real, fake)"), "made here, after the block: not on the tape"),
        (on(CRITIC, "tape"), "`tape` records this block only"),
        (on(CRITIC, "tape.gradient(total, critic.trainable_variables)"), "so every gradient here is None"),
        path=path,
        help="compute `total` inside the `with` block",
        fix=Fix(
            "indent line 7 into the `with` block",
            Applicability.SAFE,
            (Edit(Span(on(CRITIC, "total").start, on(CRITIC, "total").start), "    "),),
        ),
    )


def joined(*results: FileResult) -> FileResult:
    """The findings of several results of one file as one result."""
    return FileResult(results[0].path, results[0].source, tuple(d for result in results for d in result.diagnostics))


def printed(
    format: str, results: FileResult | Sequence[FileResult], *, color: bool = False, width: int | None = None
) -> str:
    """What the reporter writes."""
    stream = io.StringIO()
    report.write(format, [results] if isinstance(results, FileResult) else results, stream, color=color, width=width)
    return stream.getvalue()
