"""The life of a tape: its states, its recordings and what it watches."""

from __future__ import annotations

from enum import Enum
from itertools import count

from tapelint.play.values import Place, Tape
from tapelint.record import Record

_sessions = count(1)


class Phase(Enum):
    """What a tape is doing at a point of the program."""

    CREATED = "created"
    RECORDING = "recording"
    PAUSED = "paused"
    STOPPED = "stopped"
    CONSUMED = "consumed"


class Session:
    """One recording of a tape: what a `with` block records until the recording is dropped.

    A persistent tape that is entered again goes on with the same session; a consumed or reset one begins a new one.
    `intervals` are the ticks at which recording began and ended (None while it runs), over all paths played.
    """

    def __init__(self, tape: Tape, began: int, place: Place) -> None:
        self.tape = tape
        self.began = began
        self.place = place
        self.id: int = next(_sessions)
        self.intervals: list[list[int | None]] = []
        self.paused: list[tuple[int, int]] = []
        self.elsewhere: list[tuple[int, int, Place]] = []
        """When other threads worked for the block, and the place that handed them the work."""
        self.restarted: Place | None = None
        """The gradient call, made while recording was paused, after which this recording began empty."""


class Watch(Record):
    """A value that a tape was told to watch. `certain` is False when only some paths did."""

    time: int
    place: Place
    certain: bool = True

    def join(self, values: list[Watch], missing: bool) -> Watch:
        certain = not missing and all(value.certain for value in values)
        return Watch(min(value.time for value in values), values[0].place, certain)


class TapeState(Record):
    """All that can be true of a tape at one point: the phases it may be in, and the recordings it may hold."""

    phases: frozenset[Phase]
    sessions: frozenset[int] = frozenset()
    escaped: bool = False
    consumed_by: tuple[Place, ...] = ()
    inside: tuple[Place, ...] = ()
    """Where a gradient call inside the block ended the recording (non-persistent tapes)."""

    def only(self, phase: Phase) -> bool:
        """Whether the tape certainly is in that phase."""
        return self.phases == {phase} and not self.escaped

    def may(self, phase: Phase) -> bool:
        return phase in self.phases or self.escaped

    def to(self, phase: Phase) -> TapeState:
        return self._replace(phases=frozenset({phase}))

    def join(self, values: list[TapeState], missing: bool) -> TapeState:
        return TapeState(
            frozenset[Phase]().union(*(value.phases for value in values)),
            frozenset[int]().union(*(value.sessions for value in values)),
            any(value.escaped for value in values) or missing,
            tuple(dict.fromkeys(place for value in values for place in value.consumed_by)),
            tuple(dict.fromkeys(place for value in values for place in value.inside)),
        )
