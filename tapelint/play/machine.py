"""The ground that the player stands on: the world, the clock, the recording, the tapes that run."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from functools import cached_property

from tapelint.play.apply import Apply
from tapelint.play.arguments import Arguments
from tapelint.play.ask import Ask
from tapelint.play.context import Context
from tapelint.play.query import Parts, Query
from tapelint.play.recording import Recording
from tapelint.play.records import Creation, Event, Happening, Joined, Lack, Operation, Use
from tapelint.play.scope import Frame, Module
from tapelint.play.tape import Phase, Session, TapeState, Watch
from tapelint.play.values import (
    UNBOUND,
    Class,
    Const,
    Data,
    Dictionary,
    Either,
    Entries,
    Function,
    Items,
    Kind,
    Link,
    Object,
    Place,
    Sequence,
    Several,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    options,
)
from tapelint.play.world import Changes, World
from tapelint.record import Record
from tapelint.tensorflow import api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tapelint.play.modules import Modules

ACTIVE = ("tapes",)
_RUNNING = ("running",)
_SUSPENDED = ("suspended",)

MAX_STEPS = 30_000
"""What may be done for the module, and for each function that is played by itself."""
FIRST_STEPS = 12_000
"""What may be done before a tape, an optimizer or a gradient of the program's own is met."""
MAX_DEPTH = 9
AWAY = 1_000
AWAY_IN_SMALL_PROJECT = 6_000
AWAY_IN_ALL = 60_000
AWAY_UNDER_TAPE = 5_000
"""What may be done in other modules of the project without regard to the work in the played one.

The fewer files a project has, the more may be done for each of them: `AWAY_IN_ALL` is for all together.
"""


class Reading(Enum):
    """When what reads an iterable takes its pieces."""

    LATER = "later"
    """Not now, or now one and the next one who knows when: `zip`, `next`."""
    BY_PIECE = "by piece"
    """One after the other, and something is done with each: a loop."""
    AT_ONCE = "at once"
    """All of them before anything else happens: `list`."""


class Yields:
    """What a generator yields while its body is played; an endless one may be left for good after each of them."""

    def __init__(self, endless: bool) -> None:
        self.endless = endless
        self.values: list[Value] = []


Exit = Callable[[], None]
"""How a `with` or `try` block is left."""


class BudgetSpent(Exception):
    """One played function took more work than it is worth; what it did so far stands."""


class FirstRun:
    """Keras 3 runs the `call` of an unbuilt model or layer once without numbers, to learn which weights it needs.

    A `tf.function` that is traced in that run (`function`) has no weights to read, but what they are to begin with, as
    constants; and the call with numbers, which comes next, uses that trace. `layers` are those that are built in it, by
    their ids. Source: run on TensorFlow 2.21 with Keras 3.15; Keras 2 runs `call` with the weights.
    """

    def __init__(self) -> None:
        self.function: Function | None = None
        self.layers: set[int] = set()


class Jump:
    """The ways out of a loop: worlds that `break` or `continue`."""

    def __init__(self, mark: int, exits: int) -> None:
        self.mark = mark
        self.exits = exits
        self.breaks: list[Changes] = []
        self.continues: list[Changes] = []


class Round(Record):
    """One round of a loop.

    What begins it answers True (it happens), False (the loop ends here), None (either). `maybe`: it may not happen;
    `repeats`: it is another one like the last.
    """

    begin: Callable[[], bool | None]
    maybe: bool
    repeats: bool = False


class Machine:
    """State and small steps that every layer of the player uses."""

    def __init__(
        self, module: Module, keras: int, project: Modules | None = None, replaced: frozenset[str] = frozenset()
    ) -> None:
        self.world = World()
        self.project = project
        self.replaced = replaced
        self.recording = Recording(module, keras)
        self.keras = keras
        self.module = module
        self.clock = 0
        self.steps = 0
        self.away = 0
        """How much of the work was done in other modules of the project."""
        self.conditions: dict[int, frozenset[tuple[int, int]]] = {}
        """The open branches in which layers and models were made, by their ids; see `Context.conditions`."""
        self.allowed: int | None = None
        self.limit = MAX_STEPS
        self.reserve = 0
        """What is added to the limit when it is reached and something was put down since there was `noted`."""
        self.noted = 0
        self.context = Context()
        self.frame: Frame = module.frame
        self.stack: list[Function] = []
        self.attributes: dict[int, set[str]] = {}
        self.sets: dict[tuple[int, str], VariableSet] = {}
        self.without_gradient = False
        self.compared: dict[int, Value] = {}
        """What stood on the left of a comparison, by the comparison's node."""
        self.asked: dict[int, bool] = {}
        """Calls that ask of what class something is, by their ids: the answer with which it hardly is a tensor."""
        self.entry = 0
        self.exits: list[Exit] = []
        """How the blocks around the place of play are left, outermost first."""
        self.raising = False
        """Whether those blocks are being left by an exception."""
        self.repeating = False
        """Whether a loop around the place of play is in a round that shows nothing new: another one like the last."""
        self.repeated = (0, 0)
        """Where such a round began: the mark of the world, and the time."""
        self.left_behind: dict[tuple[int, int], Changes] = {}
        """What loops in loops of the same frame left behind when they were played, by the ids of frame and node."""
        self.jumps: list[Jump] = []
        self.attempts: list[Jump] = []
        self.yields: dict[int, Yields] = {}
        """The generators that are being read, by their frames' ids."""
        self.callees: set[int] = set()
        """The ids of expressions that are called."""
        self.alone: set[ast.AST] = set()
        """The expressions that are statements of their own, as far as they were met."""
        self.called: set[int] = set()
        """The ids of the function nodes that were played."""
        self.pending: list[Function] = []
        self.pending_classes: list[Class] = []
        self.classes: dict[int, Class] = {}
        self.orders: dict[int, list[Class]] = {}
        """The order in which each class looks up attributes, by the id of the class."""
        self.history: dict[tuple[int, str], list[Value]] = {}
        """What a name was bound to, in the order of play, by frame and name."""
        self.standalone = False
        self.called_by_others = False
        """Whether what is played is a nested function that no visible code called."""
        self.loaded: dict[str, Module | None] = {os.path.realpath(module.name): module} if project is not None else {}
        """The modules of the project that were read, by path; None where there is nothing to read."""
        self.sought: set[tuple[str, str]] = set()
        """The modules and names that are being looked up."""
        self.searched: list[Module] = []
        """The modules around the place of play whose `from … import *` are being followed."""
        self.graph_loops: set[int] = set()
        """The ids of the loop statements that become a loop of a graph: they go over a tensor, in a traced function."""
        self.first_run: FirstRun | None = None
        """The first run of an unbuilt model or layer that is going on."""
        self.leaks: dict[int, tuple[Place, ast.AST]] = {}
        """Lists to which such a loop appends its tensors: where, and the loop; by the list's id."""

    # -- to be given by the layers above --------------------------------------------------------------------------

    def call(self, function: Value, arguments: Arguments, node: ast.expr) -> Value:
        raise NotImplementedError

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        raise NotImplementedError

    def shaped(self, name: str, arguments: Arguments, result: Value, node: ast.AST) -> Value:
        raise NotImplementedError

    # -- time and places ------------------------------------------------------------------------------------------

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def step(self) -> None:
        self.steps += 1
        if self.frame.module is not self.module:
            self.away += 1
            self.limit += 1  # it has a budget of its own, and must not cost the played module what is its
        if self.steps + (self.world.cost >> 3) > self.limit:
            if self.recording.size == self.noted or not self.reserve:
                raise BudgetSpent
            self.limit += self.reserve
            self.reserve = 0

    def can_go_away(self) -> bool:
        """Whether more work may be done in other modules: half that in the played one and some, more under a tape."""
        if self.allowed is None:
            files = len(self.project.files) if self.project is not None else 0
            self.allowed = max(AWAY, min(AWAY_IN_SMALL_PROJECT, AWAY_IN_ALL // files)) if files else AWAY
        allowed = max(self.allowed, AWAY_UNDER_TAPE) if self.world.get(ACTIVE) else self.allowed
        return self.away < allowed + (self.steps - self.away) // 2

    def place(self, node: ast.AST) -> Place:
        return Place(node, self.frame.module)

    def mentions(self, *words: str) -> bool:
        """Whether one of the words stands in the text of a module that was read."""
        return any(word in module.source.text for module in self.recording.modules for word in words)

    @cached_property
    def eager(self) -> bool:
        """Whether the program has traced functions run as plain Python (`run_functions_eagerly`)."""
        if "run_functions_eagerly" in self.module.source.text:
            return True
        return self.project is not None and self.project.is_eager(self.module.name)

    def written(self, name: str, cls: Class) -> bool:
        """Whether a method, other than `__init__` and `build`, assigns an attribute of this name, of that class maybe.

        Asked are the played module and those in which the class and what it inherits from stand.
        """
        modules = {self.module, *(visible.module for visible in self.mro(cls))}
        return any(module.outline.attributes.get(name) for module in modules)

    def mro(self, cls: Class) -> list[Class]:
        raise NotImplementedError

    @contextmanager
    def within(self, **changes: object) -> Iterator[None]:
        """Play with another context for a while."""
        before = self.context
        self.context = before._replace(**changes)  # type: ignore[arg-type]
        try:
            yield
        finally:
            self.context = before

    # -- making values --------------------------------------------------------------------------------------------

    def unknown(
        self, node: ast.AST, inputs: Iterable[Value] = (), role: str = "", callee: Value | None = None
    ) -> Unknown:
        kept = [value for value in inputs if not isinstance(value, Const)]
        return Unknown(self.place(node), self.tick(), kept, role, callee)

    def const(self, value: object, node: ast.AST) -> Const:
        return Const(value, self.place(node), self.clock)

    def data(
        self,
        kind: Kind,
        op: str,
        links: Iterable[Link],
        node: ast.AST,
        dtype: str = "",
        *,
        same: Value | None = None,
        nested: bool = False,
        ask: Ask | None = None,
        shape: tuple[int | None, ...] | None = None,
    ) -> Data:
        """A computed value; it is on every recording that runs now. What is made of a symbolic tensor is symbolic."""
        certain, maybe = self.world.get(_RUNNING, (frozenset(), frozenset()))
        read = tuple(self.reads(links))
        if kind is Kind.TENSOR and any(_is_symbolic(link.value) for link in read):
            kind = Kind.SYMBOLIC
        return Data(
            kind,
            op,
            read,
            dtype,
            self.place(node),
            self.tick(),
            certain,
            maybe,
            same=same,
            nested=nested,
            ask=ask,
            shape=shape,
        )

    def certainly_unbuilt(self, value: Value) -> bool:
        """Whether a layer or model that was made in this play has not been built by anything we saw."""
        if self.standalone and value.time < self.entry:
            return False  # other code may have built it before
        return not self.world.get((value.id, "built"))

    def reads(self, links: Iterable[Link]) -> Iterator[Link]:
        """The links, and for a variable that was written also the link to what was written, which is cut."""
        for link in links:
            if isinstance(link.value, Const):
                continue
            yield link
            if isinstance(link.value, (Variable, VariableSet)):
                held = link.value if isinstance(link.value, Variable) else link.value.owner
                written = self.world.get((held.id, "written"))
                if written is not None and link.cut is None:
                    yield from written.links

    def tensor(self, op: str, inputs: Iterable[Value], node: ast.AST, dtype: str = "", **more: object) -> Data:
        """A tensor that is differentiable in all `inputs`."""
        links = [Link(value) for value in inputs if not isinstance(value, Const)]
        return self.data(Kind.TENSOR, op, links, node, dtype, **more)  # type: ignore[arg-type]

    def computed(
        self, result: Value, function: str, arguments: Arguments, node: ast.AST, callee: Value | None = None
    ) -> Value:
        """Note how `result` (or each tensor in it) was computed; gives it back."""
        parts = self.items(result) if isinstance(result, Sequence) else None
        for part in (result, *(parts or ())):
            if not isinstance(part, Data) or part.place is None or part.place.node is not node:
                continue
            if part.id not in self.recording.operations:
                self.recording.operations[part.id] = Operation(
                    function, arguments.args, dict(arguments.kwargs), part.place, self.context, callee
                )
        return result

    def sequence(self, kind: str, items: Iterable[Value], node: ast.AST) -> Sequence:
        value = Sequence(kind, self.place(node), self.tick())
        self.world.put((value.id, "#"), Items(tuple(items)))
        return value

    def with_fields(self, value: Sequence, record: Value | None) -> Sequence:
        """Give the names of what `collections.namedtuple` made (`record`) to the items of a tuple."""
        items = self.items(value)
        if isinstance(record, Object) and items is not None:
            self.world.put((value.id, "fields"), record)
            for field, item in zip(record.parts, items.items, strict=True):
                if isinstance(field, Const):
                    self.world.put((value.id, f".{field.value}"), item)
        return value

    def mapping(self, entries: Entries, node: ast.AST) -> Dictionary:
        value = Dictionary(self.place(node), self.tick())
        self.world.put((value.id, "#"), entries)
        return value

    def items(self, value: Value) -> Items | None:
        """The contents of a sequence, or None when they are not known."""
        if not isinstance(value, Sequence) or not isinstance(found := self.world.get((value.id, "#")), Items):
            return None
        if not found.items and value.kind != "tuple" and self._waits(value):
            return Items((Several(Unknown(value.place, value.time, (), "escaped")),))
        return found

    def entries(self, value: Value) -> Entries | None:
        if not isinstance(value, Dictionary) or not isinstance(found := self.world.get((value.id, "#")), Entries):
            return None
        if not found.entries and found.rest is None and self._waits(value):
            return Entries((), Unknown(value.place, value.time, (), "escaped"))
        return found

    def _waits(self, value: Value) -> bool:
        """Whether an empty container was there before the function that is played alone: others will have filled it."""
        entries = self.recording.entries
        if not self.standalone or not entries or value.time >= entries[-1]:
            return False
        return not self.read_too_early(value)

    def read_too_early(self, value: Value) -> bool:
        """Whether a list is empty because a model had no variables yet, and nothing in sight puts something into it."""
        if value.id not in self.recording.unbuilt or value.place is None:
            return False
        outline = value.place.module.outline
        around = outline.parents.get(id(value.place.node))
        targets = around.targets if isinstance(around, ast.Assign) else ()
        return bool(targets) and all(
            (isinstance(one, ast.Name) and one.id not in outline.grown)
            or (isinstance(one, ast.Attribute) and one.attr not in outline.grown)
            for one in targets
        )

    def variables(self, owner: Value, which: str, node: ast.AST, part: bool = False) -> VariableSet:
        """`owner.trainable_variables` and the like: the same set wherever it is read."""
        if part:
            return VariableSet(owner, which, True, self.place(node), self.tick())
        found = self.sets.get((owner.id, which))
        if found is None:
            found = self.sets[owner.id, which] = VariableSet(owner, which, False, self.place(node), self.tick())
        return found

    def set_attribute(self, value: Value, name: str, item: Value) -> None:
        self.attributes.setdefault(value.id, set()).add(name)
        self.world.put((value.id, "." + name), item)

    def parts(self) -> Parts:
        return Parts(self.world, self.attributes)

    # -- tapes ----------------------------------------------------------------------------------------------------

    def state(self, tape: Tape) -> TapeState:
        found = self.world.get((tape.id, "state"))
        if not isinstance(found, TapeState):
            # It was made in a play that is over and forgotten.
            return TapeState(frozenset({Phase.CREATED}), escaped=True)
        return found

    def event(
        self,
        what: Happening,
        tape: Tape,
        node: ast.AST,
        name: str = "",
        value: Value | None = None,
        certain: bool = True,
    ) -> Event:
        event = Event(what, tape, self.place(node), self.tick(), self.state(tape), self.context, name, value, certain)
        self.recording.events.append(event)
        return event

    def set_state(self, tape: Tape, state: TapeState) -> None:
        self.world.put((tape.id, "state"), state)
        self.refresh()

    def refresh(self) -> None:
        """Work out anew which recordings run."""
        certain: frozenset[int] = frozenset()
        maybe: frozenset[int] = frozenset()
        if not self.world.get(_SUSPENDED, 0):
            for tape in self.world.get(ACTIVE, ()):
                state = self.state(tape)
                if state.only(Phase.RECORDING) and len(state.sessions) == 1:
                    certain |= state.sessions
                elif state.may(Phase.RECORDING):
                    maybe |= state.sessions
        self.world.put(_RUNNING, (certain, maybe))

    def recording_tapes(self) -> tuple[Tape, ...]:
        """The tapes that certainly record now, outermost first."""
        if self.world.get(_SUSPENDED, 0):
            return ()
        return tuple(tape for tape in self.world.get(ACTIVE, ()) if self.state(tape).only(Phase.RECORDING))

    def new_session(self, tape: Tape, node: ast.AST) -> Session:
        session = Session(tape, self.tick(), self.place(node))
        self.recording.sessions[session.id] = session
        return session

    def enter(self, tape: Tape, node: ast.AST, certain: bool = True) -> bool:
        """`__enter__`. False when it certainly raises because the tape records already."""
        state = self.state(tape)
        self.event(Happening.ENTER, tape, node, certain=certain)
        if state.only(Phase.RECORDING):
            return False
        if state.escaped:
            return True
        if tape.persistent is not False and len(state.sessions) == 1 and not state.may(Phase.CONSUMED):
            session = self.recording.sessions[next(iter(state.sessions))]
        elif state.phases <= {Phase.CREATED, Phase.STOPPED} and len(state.sessions) == 1:
            session = self.recording.sessions[next(iter(state.sessions))]
        else:
            session = self.new_session(tape, node)
        session.intervals.append([self.tick(), None])
        active = tuple(other for other in self.world.get(ACTIVE, ()) if other is not tape)
        self.world.put(ACTIVE, (*active, tape))
        phases = frozenset({Phase.RECORDING}) if certain else state.phases | {Phase.RECORDING}
        self.set_state(tape, TapeState(phases, frozenset({session.id}), state.escaped))
        return True

    def exit(self, tape: Tape, node: ast.AST) -> None:
        """`__exit__`: recording stops; a tape that `gradient` has already taken stays consumed."""
        state = self.state(tape)
        self.event(Happening.EXIT, tape, node)
        self.world.put(ACTIVE, tuple(other for other in self.world.get(ACTIVE, ()) if other is not tape))
        for number in state.sessions:
            intervals = self.recording.sessions[number].intervals
            if intervals and intervals[-1][1] is None:
                intervals[-1][1] = self.tick()
        phases = frozenset(
            Phase.STOPPED if phase in (Phase.RECORDING, Phase.PAUSED) else phase for phase in state.phases
        )
        self.set_state(tape, state._replace(phases=phases))

    def pause(self, tape: Tape | None) -> int:
        """Recording pauses (on one tape, or on all with None); gives the tick to hand to `resume`."""
        if tape is None:
            self.world.put(_SUSPENDED, self.world.get(_SUSPENDED, 0) + 1)
            self.refresh()
        else:
            state = self.state(tape)
            phases = frozenset(Phase.PAUSED if phase is Phase.RECORDING else phase for phase in state.phases)
            self.set_state(tape, state._replace(phases=phases))
        return self.tick()

    def resume(self, tape: Tape | None, began: int) -> None:
        ended = self.tick()
        if tape is None:
            self.world.put(_SUSPENDED, max(0, self.world.get(_SUSPENDED, 0) - 1))
            for other in self.world.get(ACTIVE, ()):
                for number in self.state(other).sessions:
                    self.recording.sessions[number].paused.append((began, ended))
            self.refresh()
            return
        state = self.state(tape)
        for number in state.sessions:
            self.recording.sessions[number].paused.append((began, ended))
        if state.only(Phase.CONSUMED):
            # `stop_recording` ends by recording again: on an empty tape when the old one was given away meanwhile.
            session = self.new_session(tape, state.consumed_by[-1].node)
            session.restarted = state.consumed_by[-1]
            session.intervals.append([self.tick(), None])
            self.set_state(tape, TapeState(frozenset({Phase.RECORDING}), frozenset({session.id})))
            return
        phases = frozenset(Phase.RECORDING if phase is Phase.PAUSED else phase for phase in state.phases)
        self.set_state(tape, state._replace(phases=phases))

    # -- questions ------------------------------------------------------------------------------------------------

    def query(self, tape: Tape, session: Session) -> Query:
        kept = tape.id in self.recording.stored
        return Query(self.world, self.parts(), tape, session, self.state(tape).escaped, self.without_gradient, kept)

    def watch(self, tape: Tape, value: Value, node: ast.AST, certain: bool = True) -> None:
        """Put `value` and everything in it on the tape's list of what it watches."""
        if isinstance(value, Either):
            for option in options(value):
                self.watch(tape, option, node, certain=False)
        elif isinstance(value, Sequence) and (items := self.items(value)) is not None:
            for item in items.items:
                if isinstance(item, Several):
                    whole = isinstance(item.of, VariableSet) and not item.of.part
                    self.watch(tape, item.of, node, certain and whole)
                else:
                    self.watch(tape, item, node, certain)
        elif isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
            for _, item in entries.entries:
                self.watch(tape, item, node, certain)
            if entries.rest is not None:
                self.watch(tape, entries.rest, node, certain=False)
        elif isinstance(value, (Const, Class, Function)) or value is UNBOUND:
            return
        else:
            sessions = self.state(tape).sessions
            for session in sessions:
                self._watch_in(session, value, node, certain and len(sessions) == 1)

    def _watch_in(self, session: int, value: Value, node: ast.AST, certain: bool) -> None:
        self.world.put((session, "watches"), (node,))
        if not isinstance(value, (Data, Variable, VariableSet)):
            self.world.put((session, "watched-unknown"), value)
            return
        key = (session, "watch", value.id)
        if self.world.get(key) is None:
            self.world.put(key, Watch(self.tick(), self.place(node), certain))
        if isinstance(value, VariableSet):
            self.world.put((session, "watched-sets"), (*self.world.get((session, "watched-sets"), ()), value))

    def certainly_in(self, part: Value, whole: Value) -> bool:
        """Whether a layer that was found in a model is there on every way: it was not made in a branch of its own."""
        own = self.conditions.get(part.id)
        return own is None or own <= self.conditions.get(whole.id, frozenset())

    def created(self, value: Value, what: str, node: ast.AST) -> None:
        """Note that a variable, layer, model or optimizer came to be here."""
        self.recording.creations.append(
            Creation(value, what, self.place(node), self.clock, self.context, self.recording_tapes(), self.frame.node)
        )

    def joined(self, result: Value, before: Items, more: Items, node: ast.AST) -> None:
        """Note that one list was put behind another."""
        if before.items and more.items:
            self.recording.joined.append(Joined(result, before, more, self.place(node), self.context))

    def looping(self, node: ast.AST, number: int, repeats: bool) -> AbstractContextManager[None]:
        raise NotImplementedError

    def stays_empty(self, result: Value, more: Value) -> None:
        """A list grows by the variables of a layer that has none yet, or is made from them."""
        owner = self.recording.unbuilt.get(more.id)
        if owner is not None and (items := self.items(result)) is not None and not items.items:
            self.recording.unbuilt.setdefault(result.id, owner)

    def used(
        self, value: Value, name: str, how: str, node: ast.AST, item: Value | None = None, certain: bool = True
    ) -> None:
        """Note that a method, attribute or argument of a library object is used here."""
        self.recording.uses.append(Use(value, name, how, self.place(node), self.context, item, certain))

    def spelled(self, name: str, last: str, node: ast.AST) -> None:
        """Note it if the program reaches a library by a name (`last` is its last part) that Keras 3 lacks."""
        if last in api.LACKED and (api.short_name(name) or api.is_gone(name)):
            self.recording.lacking.append(Lack(name, self.place(node), self.context))

    def applied(self, method: str, optimizer: Value, arguments: Arguments, node: ast.AST) -> Apply:
        apply = Apply(
            method,
            optimizer,
            self.place(node),
            self.tick(),
            self.context,
            arguments.args,
            dict(arguments.kwargs),
        )
        self.recording.applies.append(apply)
        return apply


def _is_symbolic(value: Value) -> bool:
    return isinstance(value, Data) and value.kind is Kind.SYMBOLIC
