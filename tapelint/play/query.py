"""The question behind most rules: why does no gradient flow from this target to that source?

The walk goes back from the target over the links that one recording of one tape holds. Reaching a source that the tape
tracks ends it (connected); reaching something that the player can't tell ends it too (unknown). Only when every way
back ends at a cut, a constant or an untracked source is the gradient missing for certain.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapelint.play.ask import Fault, Met, Standing, Verdict
from tapelint.play.tape import Session, Watch
from tapelint.play.values import (
    Bound,
    Class,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Generator,
    Instance,
    Items,
    Kind,
    Link,
    Object,
    OneShot,
    Partial,
    Place,
    Sequence,
    Symbol,
    Tape,
    Unbound,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)
from tapelint.play.world import World
from tapelint.record import Record
from tapelint.tensorflow import api

INTEGER_DTYPES = frozenset({"int", "bool", "string"})

Maybe = bool | None


class CutOff(Record):
    """A cut on the way, and the value that it cuts off."""

    cut: Cut
    value: Value


class Parts:
    """What variables belong to an object: the question of identity behind `model.trainable_variables`."""

    def __init__(self, world: World, attributes: dict[int, set[str]]) -> None:
        self.world = world
        self.attributes = attributes
        self._cache: dict[int, tuple[frozenset[int], bool]] = {}

    def atoms(self, value: Value) -> tuple[frozenset[int], bool]:
        """The ids of all layers, models and variables that the value holds, and whether these are certainly all."""
        found = self._cache.get(value.id)
        if found is None:
            self._cache[value.id] = frozenset({value.id}), True  # a cycle adds nothing new
            found = self._cache[value.id] = self._atoms(value)
        return found

    def _atoms(self, value: Value) -> tuple[frozenset[int], bool]:
        own = frozenset({value.id})
        if isinstance(value, Unknown):
            return own, False
        if isinstance(value, VariableSet):
            return self.atoms(value.owner)
        if isinstance(value, Variable):
            return own, True
        if isinstance(value, Object):
            added = self.world.get((value.id, "parts"), Items())
            atoms, whole = self._union((*value.parts, *added))
            return own | atoms, whole and value.whole and not self.world.get((value.id, "touched"), False)
        if isinstance(value, Instance):
            held = [
                item
                for name in sorted(self.attributes.get(value.id, ()))
                if (item := self.world.get((value.id, "." + name))) is not None
            ]
            atoms, whole = self._union(held)
            return own | atoms, whole and value.whole
        if isinstance(value, Either):
            return self._union(value.options)
        if isinstance(value, Sequence):
            items = self.world.get((value.id, "#"))
            return self._union(items) if isinstance(items, Items) else (own, False)
        if isinstance(value, Dictionary):
            entries = self.world.get((value.id, "#"))
            if not isinstance(entries, Entries):
                return own, False
            return self._union([item for _, item in entries.entries] + ([entries.rest] if entries.rest else []))
        if isinstance(value, Data) and value.kind is Kind.SYMBOLIC:
            inner = self.world.get((value.id, "in lambda"))
            read = (link.value for link in value.links)
            return self._union(item for item in read if not (inner and isinstance(item, (Variable, VariableSet))))
        if isinstance(value, Bound):
            return self.atoms(value.receiver)
        return frozenset(), True

    def _union(self, values: Iterable[Value]) -> tuple[frozenset[int], bool]:
        atoms: frozenset[int] = frozenset()
        whole = True
        for value in values:
            more, complete = self.atoms(value)
            atoms |= more
            whole = whole and complete
        return atoms, whole

    def share(self, one: Value, other: Value) -> Maybe:
        """Whether two objects have variables in common."""
        if one is other:
            return True
        mine, all_mine = self.atoms(one)
        theirs, all_theirs = self.atoms(other)
        if mine & theirs:
            return True
        return False if all_mine and all_theirs else None


class Query:
    """Questions to one recording (`session`) of `tape`, as the world stands now."""

    def __init__(
        self,
        world: World,
        parts: Parts,
        tape: Tape,
        session: Session,
        escaped: bool,
        thorough: bool = False,
        kept: bool = False,
    ) -> None:
        self.world = world
        self.parts = parts
        self.tape = tape
        self.session = session
        self.escaped = escaped
        self.thorough = thorough
        self.kept = kept

    # -- identity -------------------------------------------------------------------------------------------------

    def is_source(self, value: Value, source: Value) -> Maybe:
        """Whether `value`, met on the way, is the source (or one of the variables that the source stands for)."""
        if value is source:
            return True
        if (
            isinstance(source, Data)
            and isinstance(value, Data)
            and (_perhaps(source, value) or _perhaps(value, source))
        ):
            return None
        if isinstance(source, VariableSet):
            if isinstance(value, VariableSet):
                return self.parts.share(value.owner, source.owner)
            if isinstance(value, Variable):
                if source.which == "trainable" and value.trainable is False:
                    return False
                return self.parts.share(value, source.owner)
            return False
        if isinstance(source, Variable) and isinstance(value, VariableSet):
            return self.parts.share(source, value.owner)
        return False

    # -- tracking -------------------------------------------------------------------------------------------------

    def watch_of(self, value: Value) -> Watch | None:
        found = self.world.get((self.session.id, "watch", value.id))
        return found if isinstance(found, Watch) else None

    def tracked(self, value: Value, time: int, depth: int = 60) -> Maybe:
        """Whether the tape tracked `value` when it was used at `time`."""
        watch = self.watch_of(value)
        if watch is not None and watch.time < time:
            return True if watch.certain else None
        if self.world.get((self.session.id, "watched-unknown")) is not None:
            return None
        if isinstance(value, Variable):
            if value.owner is not None and self._owner_watched(value.owner, time):
                return None
            if value.trainable is False or self.tape.watches_accessed is False:
                return False
            return True if value.trainable and self.tape.watches_accessed else None
        if isinstance(value, VariableSet):
            if self._owner_watched(value.owner, time):
                return None
            if self.tape.watches_accessed is False:
                return False
            if value.which == "non_trainable":
                return False
            return True if self.tape.watches_accessed else None
        if isinstance(value, Either):
            answers = {self.tracked(option, time, depth) for option in value.options if not isinstance(option, Const)}
            return answers.pop() if len(answers) == 1 else None
        if isinstance(value, Unknown):
            return None
        if isinstance(value, Data):
            if value.kind is not Kind.TENSOR or depth == 0:
                return None if depth == 0 else False
            if value.same is not None and self._same_tracked(value.same, time, depth):
                return None
            recorded = self.session.id in value.sessions
            if not recorded and self.session.id not in value.maybe:
                return False
            answer: Maybe = False
            for link in derivative_links(value):
                if link.cut is None or (link.cut.kind in _RECORDED and value.dtype not in INTEGER_DTYPES):
                    found = self.tracked(link.value, value.time, depth - 1)
                    if found and recorded and link.cut is None:
                        return True
                    if found is not False:
                        answer = None
            return answer
        if isinstance(value, (Sequence, Dictionary, Generator, Instance, Object, OneShot)):
            return None
        return False

    def _same_tracked(self, value: Value, time: int, depth: int) -> bool:
        """Whether the tensor that a conversion may have given back could be tracked.

        A variable is never given back as it is, so what is unknown and older than the recording had to be watched.
        """
        if isinstance(value, Unknown) and value.time < self.session.began:
            return False
        return self.tracked(value, time, depth - 1) is not False

    def watches_sets(self) -> bool:
        """Whether the tape was told to watch all variables of something, or what can't be told."""
        world = self.world
        return bool(world.get((self.session.id, "watched-sets"))) or (
            world.get((self.session.id, "watched-unknown")) is not None
        )

    def _owner_watched(self, owner: Value, time: int) -> bool:
        for watched in self.world.get((self.session.id, "watched-sets"), ()):
            if self.parts.share(watched.owner, owner) is not False:
                return True
        return False

    # -- the walk -------------------------------------------------------------------------------------------------

    def why_unconnected(self, target: Value, source: Value, node: ast.AST) -> Verdict:
        """How `target` stands to `source` in this recording. `node` is the program's expression for the source."""
        if self.escaped or isinstance(source, Unknown):
            return Verdict(Standing.UNKNOWN, source, node)
        if isinstance(source, Either):
            return self._either_source(target, source, node)
        if isinstance(source, Data) and source.op == "value" and isinstance(source.same, (Variable, VariableSet)):
            return self.why_unconnected(target, source.same, node)  # what a Keras variable holds: it is watched as such
        if isinstance(source, Data):
            if source.kind is Kind.SYMBOLIC:
                return Verdict(Standing.CUT, source, node, Fault.INVALID)
            if source.kind is not Kind.TENSOR:
                return Verdict(Standing.UNKNOWN, source, node)
        elif not isinstance(source, (Variable, VariableSet)):
            return Verdict(Standing.UNKNOWN, source, node)
        frozen = self._frozen(source)
        if frozen is not None:
            return Verdict(Standing.CUT, source, node, frozen)
        walk = _Walk(self, source)
        walk.run(target)
        raising = self._raising(walk, source)
        if raising is not None:
            return Verdict(Standing.CUT, source, node, None, (raising,), raising=raising)
        if isinstance(source, (Data, Variable)) and source.dtype in INTEGER_DTYPES and target is not source:
            return Verdict(Standing.CUT, source, node, Fault.INTEGER_SOURCE, tuple(walk.met))
        if walk.connected:
            return Verdict(Standing.CONNECTED, source, node)
        if walk.unknown:
            return Verdict(Standing.UNKNOWN, source, node)
        if walk.strangers:
            if self._unseen(walk, target, source):
                return Verdict(Standing.CUT, source, node, Fault.UNWATCHED)
            return Verdict(Standing.UNKNOWN, source, node)
        if walk.reached_untracked:
            return Verdict(Standing.CUT, source, node, self._untracked(source), tuple(walk.met), walk.late, walk.used)
        met = tuple(self._met(cut, value, source, True) for cut, value in walk.cuts if id(cut) not in walk.earlier)
        if not any(found.reaches for found in met):  # else what was numbers before is not where the path was lost
            met = tuple(self._met(cut, value, source) for cut, value in walk.cuts)
        for one in met:
            whole = one.value if one.reaches and one.cut.kind is CutKind.INTEGER else None
            if isinstance(whole, Variable) and whole.dtype in INTEGER_DTYPES:
                return Verdict(Standing.CUT, whole, node, Fault.INTEGER_SOURCE, met)
        flat = all(found.cut.kind is CutKind.ZERO for found in met if found.reaches)
        if flat and any(found.reaches for found in met) and self.tracked(source, 1 << 60) is False:
            return Verdict(Standing.CUT, source, node, self._untracked(source), tuple(walk.met), walk.late, walk.used)
        copied = (CutKind.NEW_VARIABLE, CutKind.ZERO)  # what perhaps leads to the source is no reason there
        if any(found.reaches or (found.reaches is None and found.cut.kind not in copied) for found in met):
            return Verdict(Standing.CUT, source, node, None, met)
        if any(found.reaches is None for found in met):
            return Verdict(Standing.UNKNOWN, source, node)  # why it is None: cut there, or not used at all
        if self._recreated(source, target, walk):
            return Verdict(Standing.CUT, source, node, Fault.RECREATED, met)
        if walk.tracked_any:
            return Verdict(Standing.CUT, source, node, Fault.NOT_USED, met)
        return Verdict(Standing.CUT, source, node, Fault.CONSTANT_TARGET, met)

    def _unseen(self, walk: _Walk, target: Value, source: Value) -> bool:
        """Whether a tensor that nothing watches goes, in the block, into unseen code that can't know of the tape.

        Whatever that code does, its gradient is None: unless the code gives back the tensor itself and that is the
        target, so there has to be an operation after it.
        """
        world, session = self.world, self.session
        if not isinstance(source, Data) or self.kept or world.get((session.id, "watches")) is not None:
            return False
        for option in target.options if isinstance(target, Either) else (target,):
            if not isinstance(option, Data) or option.kind is not Kind.TENSOR or session.id not in option.sessions:
                return False
            if option.same is not None or option.nested or option.op == "value":
                return False
        for stranger in walk.strangers:
            if stranger.role != "call" or stranger.callee is None or stranger.time < session.began:
                return False
            given = list(stranger.inputs)
            for value in given:
                if isinstance(value, (Function, Bound, Partial)) or len(given) > 40:
                    return False  # code of the program, which may know of the tape
                if isinstance(value, Unknown):
                    given.extend(value.inputs)
        if self.tracked(source, 1 << 60) is not False:
            return False
        return any(value is source for stranger in walk.strangers for value in stranger.inputs)

    def _frozen(self, source: Value) -> Fault | None:
        """Whether the list of variables is empty because the model is frozen."""
        if not isinstance(source, VariableSet) or source.which != "trainable" or source.part:
            return None
        trainable = self.world.get((source.owner.id, ".trainable"))
        if isinstance(trainable, Const) and trainable.value is False:
            return Fault.FROZEN
        return None

    def _raising(self, walk: _Walk, source: Value) -> Met | None:
        """A recorded operation without a gradient function that the way back to the source runs through."""
        for cut, value in walk.cuts:
            if cut.kind is CutKind.NO_GRADIENT:
                reaches, trail, _ = self.reaches(value, source)
                if reaches and self.tracked(source, 1 << 60):
                    return Met(cut, value, True, trail)
        return None

    def _met(self, cut: Cut, value: Value, source: Value, recorded: bool = False) -> Met:
        """A cut with what lies behind it, told at the place where the path was lost first."""
        reaches, trail, last = self.reaches(value, source, recorded=recorded)
        nearest = last or CutOff(cut, value)
        inside = isinstance(nearest.value, Data) and self.session.id in nearest.value.sessions
        if reaches and (inside or nearest.cut.kind in _FLAT):
            last = self._before(trail[:-1]) or last  # the last of them is the source itself
        return Met(last.cut if last else cut, last.value if last else value, reaches, trail)

    def _before(self, trail: tuple[Value, ...]) -> CutOff | None:
        """The step on the way to the source that was done before the recording: there the path was lost first."""
        for value in trail:
            if isinstance(value, Data) and value.kind is Kind.TENSOR and value.place is not None:
                if value.time >= self.session.began or self.session.id in value.sessions | value.maybe:
                    continue
                if value.same is None and any(link.cut is None for link in value.links):
                    return CutOff(Cut(CutKind.BEFORE_TAPE, value.place, value.op), value)
        return None

    def _either_source(self, target: Value, source: Either, node: ast.AST) -> Verdict:
        verdicts = [
            self.why_unconnected(target, option, node)
            for option in source.options
            if not isinstance(option, (Const, Unbound))
        ]
        if not verdicts:
            return Verdict(Standing.UNKNOWN, source, node)
        for verdict in verdicts:
            if verdict.standing is not Standing.CUT:
                return Verdict(Standing.UNKNOWN, source, node)
        alike = [verdict for verdict in verdicts if verdict.fault is verdicts[0].fault]
        return max(alike, key=lambda verdict: verdict.source.time)  # what was made last is what is asked for

    def _untracked(self, source: Value) -> Fault:
        watch = self.watch_of(source)
        if watch is not None:
            return Fault.WATCHED_LATE
        if isinstance(source, (Variable, VariableSet)):
            trainable = source.trainable if isinstance(source, Variable) else source.which != "non_trainable"
            if self.tape.watches_accessed is False and trainable is not False:
                return Fault.NOTHING_WATCHED
            return Fault.NOT_TRAINABLE
        return Fault.UNWATCHED

    def _recreated(self, source: Value, target: Value, walk: _Walk) -> bool:
        """Whether the source was made anew from what the target was computed from.

        Either it was made after the target was there, or the target was computed by the same step done once more.
        """
        if not isinstance(source, (Data, Variable)) or not source.links:
            return False
        if self.reaches(source, target)[0]:
            return False  # a step further on, not the same step again
        if source.time > target.time:
            return True
        made_of = [link.value.id for link in source.links]
        return isinstance(source, Data) and any(
            item.op == source.op
            and [link.value.id for link in item.links] == made_of
            and _numbers(item.place) == _numbers(source.place)
            for item in walk.passed
        )

    def reaches(
        self, value: Value, source: Value, limit: int = 3000, recorded: bool = False
    ) -> tuple[Maybe, tuple[Value, ...], CutOff | None]:
        """Whether `source` lies behind `value` when all cuts are ignored.

        Gives also the values on the shortest way there (nearest first) and the last cut on it: the one nearest to the
        source, where the path was lost first. `recorded` leaves out ways through what was numbers before the recording.
        """
        parents: dict[int, tuple[Value, Cut | None] | None] = {value.id: None}
        queue = [value]
        unknown = False
        for item in queue:
            answer = self.is_source(item, source)
            if isinstance(source, VariableSet) and item is source.owner:
                answer = True
            if answer:
                return True, *self._way(item, parents)
            if answer is None:
                unknown = True
            if isinstance(item, Unknown) and not (item.time < source.time and not item.inputs):
                unknown = True
            for behind, cut in edges_of(item, self.world):
                if cut is not None and cut.kind is CutKind.STATE_WRITE and behind.time < self.session.began:
                    continue
                if recorded and cut is not None and cut.kind in _LEAVING and item.time < self.session.began:
                    continue
                if behind.id not in parents:
                    parents[behind.id] = (item, cut)
                    queue.append(behind)
            limit -= 1
            if limit == 0:
                return None, (), None
        return (None if unknown else False), (), None

    def _way(
        self, item: Value, parents: dict[int, tuple[Value, Cut | None] | None]
    ) -> tuple[tuple[Value, ...], CutOff | None]:
        trail = [item]
        last: CutOff | None = None
        step = parents[item.id]
        while step is not None:
            parent, cut = step
            if cut is not None and last is None:
                last = CutOff(cut, trail[-1])
            trail.append(parent)
            step = parents[parent.id]
        return tuple(reversed(trail)), last

    def position(self, value: Data) -> CutKind:
        """Where an operation that this recording lacks stood: before it, after it or in a pause."""
        session = self.session
        if value.time < session.began:
            return CutKind.BEFORE_TAPE
        if any(begin <= value.time <= end for begin, end, _ in session.elsewhere):
            return CutKind.OTHER_THREAD
        if any(begin <= value.time <= end for begin, end in session.paused):
            return CutKind.PAUSED
        return CutKind.AFTER_TAPE


def derivative_links(value: Data) -> tuple[Link, ...]:
    """The links of a value; of a gradient of something linear only those to what it really was made from."""
    return value.ask.slopes.get(value.id, value.links) if value.ask is not None else value.links


def edges_of(value: Value, world: World) -> list[tuple[Value, Cut | None]]:
    """Everything that a value was made from, held or was written with, each with the cut on the way, if any."""
    if isinstance(value, Data):
        found: list[tuple[Value, Cut | None]] = [(link.value, link.cut) for link in value.links]
        return [*found, (value.same, None)] if value.same is not None else found
    if isinstance(value, Variable):
        return [(link.value, link.cut) for link in value.links]
    return [(item, None) for item in _held(value, world)]


def inputs_of(value: Value, world: World) -> tuple[Value, ...]:
    """Everything that a value was made from, held or was written with, cuts ignored."""
    return tuple(item for item, _ in edges_of(value, world))


def _held(value: Value, world: World) -> tuple[Value, ...]:
    if isinstance(value, Unknown):
        return (*value.inputs, value.callee) if value.callee is not None else value.inputs
    if isinstance(value, Either):
        return value.options
    if isinstance(value, Sequence):
        items = world.get((value.id, "#"))
        return tuple(items) if isinstance(items, Items) else ()
    if isinstance(value, Dictionary):
        entries = world.get((value.id, "#"))
        if isinstance(entries, Entries):
            return (*(item for _, item in entries.entries), *((entries.rest,) if entries.rest else ()))
    if isinstance(value, OneShot):
        return (*value.parts, *value.items)
    if isinstance(value, Bound):
        return (value.receiver,)
    if isinstance(value, Generator):
        return (value.function, *value.args, *value.kwargs.values())
    return ()


_LEAVING = frozenset({CutKind.NUMPY_METHOD, CutKind.NUMPY_FUNCTION, CutKind.PYTHON_NUMBER})
"""Cuts where a value leaves TensorFlow for a number."""

_FLAT = frozenset({CutKind.NOT_DIFFERENTIABLE, CutKind.INTEGER, CutKind.ZERO})
"""Cuts by operations that stay in TensorFlow and have no slope."""

_RECORDED = frozenset({CutKind.NOT_DIFFERENTIABLE, CutKind.ZERO, CutKind.NO_GRADIENT, CutKind.PY_FUNCTION})
"""Cuts by operations that a tape records all the same: it tracks what they give, unless that holds integers.

Source: run in TensorFlow 2.15 and 2.21. `tf.stop_gradient` and a cast from integers are not recorded.
"""

_ALONE = frozenset({"Conv1D", "GRU", "LSTM", "SimpleRNN", "Bidirectional"})
"""Layers with weights that first take a step on their input alone."""


def _perhaps(one: Data, other: Data) -> bool:
    """Whether one tensor may be the other one, given back as it was by a step that changes nothing."""
    given = one.same
    while given is not None:
        if given is other or (isinstance(given, (Unknown, Either)) and _may_be(given, other)):
            return True
        given = given.same if isinstance(given, Data) else None
    return False


def _may_be(unknown: Value, value: Value, limit: int = 40) -> bool:
    """Whether `value` was given to the code that made `unknown`, which may give it back."""
    stack = [unknown]
    while stack and limit:
        item = stack.pop()
        limit -= 1
        if item is value:
            return True
        stack.extend(item.options if isinstance(item, Either) else item.inputs if isinstance(item, Unknown) else ())
    return bool(stack)


def _steps_alone(operation: Data, source: Value, world: World) -> bool:
    """Whether a layer or model certainly begins with a step that its weights have no part in."""
    name = operation.op
    owner = next((link.value.owner for link in operation.links if isinstance(link.value, VariableSet)), None)
    if name == "model" and isinstance(owner, Object) and owner.symbol.endswith("Sequential") and owner.whole:
        parts = [*owner.parts, *world.get((owner.id, "parts"), Items())]
        first = next((part for part in parts if isinstance(part, (Object, Instance))), None)
        name = first.symbol.rsplit(".", 1)[-1] if isinstance(first, Object) and first.kind == "layer" else ""
        found = api.api_class(first.symbol) if isinstance(first, Object) else None
        if found is not None and found.trainable is False:
            return name not in ("Lambda", "Dropout", "InputLayer")
    if name == "Dense":
        shape = source.shape if isinstance(source, (Data, Variable)) else None
        return shape is not None and len(shape) > 2
    return name in _ALONE


def _numbers(place: Place | None) -> list[object]:
    """The constants in the expression at a place: `x[:, 0]` and `x[:, 1]` are not the same step."""
    if place is None:
        return []
    return [part.value for part in ast.walk(place.node) if isinstance(part, ast.Constant)]


class _Walk:
    """One walk back from a target to a source."""

    def __init__(self, query: Query, source: Value) -> None:
        self.query = query
        self.source = source
        self.connected = False
        self.unknown = False
        self.reached_untracked = False
        self.tracked_any = query.world.get((query.session.id, "watched-unknown")) is not None
        self.late: Place | None = None
        self.used: Place | None = None
        self.cuts: list[tuple[Cut, Value]] = []
        self.earlier: set[int] = set()
        """The cuts, by their ids, where a value left TensorFlow before this recording began."""
        self.seen: set[tuple[int, bool]] = set()
        self.passed: list[Data] = []
        self.operations: dict[int, Data] = {}
        """The operations on the way by the tick at which they were done."""
        self.strangers: list[Unknown] = []
        """What the player can't tell, and what may lead to the source."""

    @property
    def met(self) -> list[Met]:
        return [Met(cut, value, None) for cut, value in self.cuts]

    def run(self, target: Value) -> None:
        # (value, tick at which it was used, whether the way here is only possible)
        stack: list[tuple[Value, int, bool]] = [(target, 1 << 60, False)]
        steps = 20_000
        while stack and not (self.connected and not self.query.thorough):
            value, used, maybe = stack.pop()
            steps -= 1
            if steps == 0:
                self.unknown = True
                return
            if self._match(value, used, maybe):
                continue
            if (value.id, maybe) in self.seen:
                continue
            self.seen.add((value.id, maybe))
            self._step(value, used, maybe, stack)

    def _match(self, value: Value, used: int, maybe: bool) -> bool:
        """Whether the walk ends here because `value` is the source, or may be."""
        query = self.query
        answer = query.is_source(value, self.source)
        if answer is False:
            return False
        if answer is None or maybe:
            self.unknown = True
            return answer is True
        if used == 1 << 60:
            self.connected = True  # the target itself: its gradient is one
            return True
        tracked = query.tracked(self.source, used)
        if tracked:
            self.connected = True
        elif tracked is None:
            self.unknown = True
        else:
            watch = query.watch_of(self.source)
            if watch is not None and isinstance(value, Data) and self._recorded_beside(used):
                self.unknown = True
                return True
            self.reached_untracked = True
            if watch is not None:
                self.late = watch.place
        return True

    def _recorded_beside(self, used: int) -> bool:
        """Whether the operation that used the source is recorded all the same, because of another input.

        An operation is recorded with all its inputs as soon as one of them is tracked, so a watch that comes after it
        still counts. It does not where the first step on the source takes nothing else.
        """
        operation = self.operations.get(used)
        if operation is None:
            return True
        others = [link.value for link in operation.links if link.cut is None and link.value is not self.source]
        if all(self.query.tracked(other, used) is False for other in others):
            return False
        return not _steps_alone(operation, self.source, self.query.world)

    def _step(self, value: Value, used: int, maybe: bool, stack: list[tuple[Value, int, bool]]) -> None:
        query = self.query
        if isinstance(value, Data):
            self._data(value, used, maybe, stack)
        elif isinstance(value, Either):
            stack.extend((option, used, maybe) for option in options(value))
        elif isinstance(value, Variable):
            if query.tracked(value, used) is not False:
                self.tracked_any = True
            for link in value.links:
                if link.cut is not None:
                    self.cuts.append((link.cut, link.value))
        elif isinstance(value, VariableSet):
            self.tracked_any = True
        elif isinstance(value, Unknown):
            self._unknown(value)
        elif isinstance(value, Sequence):
            items = query.world.get((value.id, "#"))
            if isinstance(items, Items):
                stack.extend((item, used, maybe) for item in items)
            else:
                self.unknown = True
        elif isinstance(value, Dictionary):
            entries = query.world.get((value.id, "#"))
            if isinstance(entries, Entries):
                stack.extend((item, used, maybe) for _, item in entries.entries)
                if entries.rest is not None:
                    stack.append((entries.rest, used, maybe))
            else:
                self.unknown = True
        elif isinstance(value, (Const, Symbol, Function, Class, Partial)):
            pass
        else:
            self.unknown = True

    def _unknown(self, value: Unknown) -> None:
        source = self.source
        session = self.query.session
        if (
            value.role == "call"
            and isinstance(source, VariableSet)
            and value.callee is source.owner
            and value.time < session.began
            and value.place is not None
        ):
            # An object whose variables are the sources is a model; what it returned before is not on this tape.
            self.cuts.append((Cut(CutKind.BEFORE_TAPE, value.place, "model"), value))
            return
        if value.time < source.time and not value.inputs and isinstance(source, Data):
            self.tracked_any = True  # for all that is known
            return  # it was there before the source was made
        self.strangers.append(value)

    def _data(self, value: Data, used: int, maybe: bool, stack: list[tuple[Value, int, bool]]) -> None:
        self.passed.append(value)
        self.operations[value.time] = value
        query = self.query
        session = query.session
        if value.kind is Kind.SYMBOLIC:
            if value.place is not None:
                self.cuts.append((Cut(CutKind.SYMBOLIC, value.place, value.op), value))
            return
        if value.kind is Kind.TENSOR and session.id not in value.sessions:
            if value.same is not None:
                stack.append((value.same, used, True))
            if session.id in value.maybe:
                stack.extend((link.value, value.time, True) for link in value.links if link.cut is None)
                return
            if not value.links:
                if query.watch_of(value) is not None:
                    self.tracked_any = True
                return
            live = [link for link in value.links if link.cut is None]
            if live and value.place is not None:
                kind = query.position(value)
                self.cuts.append((Cut(kind, value.place, value.op), value))
            for link in value.links:
                if link.cut is not None:
                    self._cut(link.cut, link.value)
            return
        if query.watch_of(value) is not None:
            self.tracked_any = True
        for link in derivative_links(value):
            if link.cut is None:
                stack.append((link.value, value.time, maybe))
            else:
                if value.time < session.began and link.cut.kind in _LEAVING:
                    self.earlier.add(id(link.cut))
                self._cut(link.cut, link.value)

    def _cut(self, cut: Cut, value: Value) -> None:
        if cut.kind is CutKind.STATE_WRITE and value.time < self.query.session.began:
            return  # an update of an earlier step: this recording sees the variable's value only
        self.cuts.append((cut, value))
