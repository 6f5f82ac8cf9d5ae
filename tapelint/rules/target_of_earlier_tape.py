"""TAP317: a target that adds up values of several tapes, of which one is asked."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.diagnostic import Finding
from tapelint.play.ask import Ask
from tapelint.play.recording import Recording
from tapelint.play.values import Data, Kind, Value, options
from tapelint.rules import story
from tapelint.rules.gradients import fields_of

CODE = "TAP317"
_SUMS = frozenset({"+", "sum", "tf.add", "tf.add_n", "tf.reduce_sum", "tf.reduce_mean", "tf.stack"})
_SCALES = frozenset({"*", "/", "tf.multiply", "tf.divide"})


def find(recording: Recording) -> Iterator[Finding]:
    asked = {ask.session.id for ask in recording.asks if ask.session is not None}
    if recording.sessions.keys() <= asked:
        return
    for ask in recording.asks:
        if ask.session is None or ask.context.experiment:
            continue
        found = _added(recording, ask, asked)
        if found is None:
            continue
        fields = fields_of(recording, ask)
        marks = (
            story.opened(recording, ask.tape),
            story.mark(recording, "used", found.place),
            story.asked(recording, ask),
        )
        yield story.told(recording, CODE, ask.target_node, fields, marks, "", ask.context)


def _added(recording: Recording, ask: Ask, asked: set[int]) -> Data | None:
    """The sum in which a value of a tape that is never asked stands beside one of this tape."""
    assert ask.session is not None
    sources = [option for leaf in recording.leaves(ask.sources) for option in options(leaf)]
    for target in (option for leaf in recording.leaves(ask.target) for option in options(leaf)):
        own = False
        found: Data | None = None
        stack: list[tuple[Value, Data | None]] = [(target, None)]
        seen: set[int] = set()
        while stack:
            value, sum_ = stack.pop()
            if value.id in seen or not isinstance(value, Data) or value.kind is not Kind.TENSOR:
                continue
            seen.add(value.id)
            if ask.session.id in value.sessions:
                parts = [link.value for link in value.links if link.cut is None]
                if value.op in _SUMS or (value.op in _SCALES and len(parts) == 1):
                    own = own or any(part is source for part in parts for source in sources)
                    stack += [(part, value if value.op in _SUMS else sum_) for part in parts]
                elif recording.sourced(ask, value, ask.session.id):
                    own = True
            elif ask.session.id not in value.maybe and value.sessions and not value.sessions & asked:
                others = [recording.sessions[number] for number in value.sessions]
                if any(session.tape is ask.tape or recording.handed_on(session.tape) for session in others):
                    continue  # the same tape before it was reset, or one that is asked where we can't see
                began = min(session.began for session in others)
                if (
                    sum_ is not None
                    and began < ask.session.began
                    and all(recording.sourced(ask, value, number) for number in value.sessions)
                ):
                    found = sum_
        if own and found is not None:
            return found
    return None
