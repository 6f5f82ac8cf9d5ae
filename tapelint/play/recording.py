"""What rules read: the events of all tapes, the gradients that were asked, the updates that were applied."""

from __future__ import annotations

import ast
from bisect import bisect
from collections.abc import Callable, Container, Iterator
from functools import cached_property

from tapelint.diagnostic import Span
from tapelint.play.apply import Apply
from tapelint.play.ask import Ask
from tapelint.play.context import Trace
from tapelint.play.records import (
    ClassEntered,
    Clip,
    Creation,
    Custom,
    Disconnected,
    Dropped,
    Event,
    Fit,
    Fork,
    Forward,
    Happening,
    Joined,
    Lack,
    Making,
    Operation,
    Rebinding,
    Rereading,
    Run,
    Uncalled,
    Undefined,
    Use,
    Work,
    Wrapping,
    Zip,
)
from tapelint.play.scope import Module
from tapelint.play.tape import Session
from tapelint.play.values import (
    CutKind,
    Data,
    Either,
    Object,
    Place,
    Sequence,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
)
from tapelint.source.text import Source

_OPERATORS = {
    "tensorflow.add": "+",
    "tensorflow.subtract": "-",
    "tensorflow.multiply": "*",
    "tensorflow.divide": "/",
    "tensorflow.truediv": "/",
    "tensorflow.pow": "**",
    "tensorflow.negative": "unary -",
    "tensorflow.greater": ">",
    "tensorflow.greater_equal": ">=",
    "tensorflow.less": "<",
    "tensorflow.less_equal": "<=",
    "tensorflow.equal": "==",
    "tensorflow.not_equal": "!=",
}
"""Functions that do what an operator does."""


_MOST_BEHIND = 3_000
"""How many values one walk back looks at."""


def _is_weight(value: Value, owned: Container[int]) -> bool:
    """Whether a value is, or stands for, trainable variables of what is owned."""
    if isinstance(value, VariableSet):
        return value.which == "trainable" and value.owner.id in owned
    if isinstance(value, Variable) and value.trainable is True:
        return value.id in owned or (value.owner is not None and value.owner.id in owned)
    return False


class Recording:
    """Everything that the player put down while it played one module, as one of the modules that took part sees it.

    `module`, of the text `source`, is the module that is judged; `modules` are all that were read, the played first.
    """

    def __init__(self, module: Module, keras: int) -> None:
        self.source = module.source
        self.keras = keras
        self.module = module
        self.modules = [module]
        self.visited: set[Module] = set()
        """The modules of which a function ran."""
        self.tapes: list[Tape] = []
        self.events: list[Event] = []
        self.asks: list[Ask] = []
        self.answers: dict[int, Ask] = {}
        """The calls by the id of the value that each gave as a whole: one gradient, or the structure of them."""
        self.applies: list[Apply] = []
        self.uses: list[Use] = []
        self.lacking: list[Lack] = []
        self.clips: list[Clip] = []
        self.works: list[Work] = []
        self.forks: list[Fork] = []
        self.wrappings: list[Wrapping] = []
        self.trace_calls: list[Trace] = []
        """Every call of a traced function, in the order of play."""
        self.makings: list[Making] = []
        self.disconnected: list[Disconnected] = []
        self.rereadings: list[Rereading] = []
        self.accumulators: list[Object] = []
        """The forward accumulators, with the tape that stands for each and its primals in `args`."""
        self.jvps: list[Ask] = []
        """The calls of `jvp`; `backwards` says that the accumulator was never entered."""
        self.customs: list[Custom] = []
        self.zips: list[Zip] = []
        self.forwards: list[Forward] = []
        self.fits: list[Fit] = []
        self.uncalled: list[Uncalled] = []
        self.dropped: list[Dropped] = []
        self.joined: list[Joined] = []
        self.undefined: list[Undefined] = []
        self.creations: list[Creation] = []
        self.rebindings: dict[int, Rebinding] = {}
        self.classes_entered: list[ClassEntered] = []
        self.sessions: dict[int, Session] = {}
        self._by_tape: dict[int, list[Event]] = {}
        self._sorted = -1
        self.names: dict[int, str] = {}
        """The name that a value was first bound to, by the value's id."""
        self.stored: dict[int, Place] = {}
        """Where a tape was stored in an attribute or container, by the tape's id."""
        self.updated: set[int] = set()
        """The ids of variables, and of the owners of variables, that the program writes new values into."""
        self.argument_kinds: dict[int, str] = {}
        """What the first positional argument of a tape is when it is no switch ("thing"), by the tape's id."""
        self.escaped: set[int] = set()
        """The ids of tapes that went to code that can't be seen."""
        self.given: dict[int, list[int]] = {}
        """The ticks at which a variable or an object (also a layer or model) went to code that can't be seen."""
        self.lent: dict[int, int] = {}
        """When code that can't be seen first had a function in hand, by the id of its definition."""
        self.handed: set[int] = set()
        """The ids of gradients that went to code that can't be seen, or out of the function."""
        self.read: set[int] = set()
        """The ids of tapes whose watched variables or attributes were read."""
        self.unnamed: list[Tape] = []
        """Tapes that were entered by a `with` that gives them no name."""
        self.unbuilt: dict[int, Value] = {}
        """The layer or model whose weights did not exist yet, by the id of the empty list that it gave."""
        self.unbuilt_at: dict[int, Value] = {}
        """The same by the id of the expression that gave the list."""
        self.weightless: dict[int, Value] = {}
        """The layer that never has any weights, by the id of the empty list that it gave."""
        self.sifted: dict[int, Place] = {}
        """Where the program asks whether a variable of Keras 3 is a `tf.Variable`, by the id of the expression."""
        self.rehearsals: list[tuple[int, int]] = []
        """When layers ran on symbolic tensors, by the ticks of begin and end: a functional model does it all again."""
        self.zeros: set[int] = set()
        """The ids of tensors and arrays that were made as zeros."""
        self.lone: set[int] = set()
        """What came out of datasets whose batches hold one example."""
        self.cleared: set[int] = set()
        """The ids of variables that certainly hold nothing but zeros when they are made."""
        self.entries: list[int] = []
        """The ticks at which functions began to be played by themselves, after the module."""
        self.replayed: dict[int, Operation] = {}
        """How the graph of a functional model computed what it gives now, by the id of what it gives now."""
        self.lists_added: dict[int, tuple[Value, int]] = {}
        """The model whose `losses`, as a list, were added to a tensor, and how many they are, by the id of the sum."""
        self.inexact: set[int] = set()
        """The ids of sequences and dicts in `contents` whose number of items is not known."""
        self.ran: dict[int, Place] = {}
        """Where a layer or model was first called, by its id."""
        self.ran_at: dict[int, int] = {}
        """When a layer or model was first called, by its id."""
        self.ran_in: set[tuple[int, int]] = set()
        """The layers and models that ran while a function was traced: their ids, with the time of the trace."""
        self.refused: set[int] = set()
        """The times of traces that fail at their end: the function returns a Keras object."""
        self.sliced: set[int] = set()
        """The sets of variables that a slice was taken of. A slice is the same set: only the whole set is told of."""
        self.weighted: set[int] = set()
        """The ids of layers and models that have weights once they were called."""
        self.traced: dict[int, Place] = {}
        """Where `tf.function` was called on a function, by the id of the traced function."""
        self.decorators: dict[tuple[int, str], Place] = {}
        """Where a decorator stands, by the id of the definition and the full name of what decorates it."""
        self.loaded: set[int] = set()
        """The ids of layers and models whose weights were set from elsewhere."""
        self.kept: set[int] = set()
        """The ids of tapes that a function leaves behind on some way out without having deleted them."""
        self.functions: dict[int, object] = {}
        """The function (its node, None for the module) that a tape was made in, by the tape's id."""
        self.contents: dict[int, tuple[Value, ...]] = {}
        """What a sequence or dict held when it was handed to a gradient call, by its id."""
        self.operations: dict[int, Operation] = {}
        """How values were computed, by their ids."""
        self.layers: dict[int, tuple[Value, ...]] = {}
        """The layers of a Sequential model when it was called, by the model's id; none when others may be."""
        self.unseen: set[int] = set()
        """The traces that called code that can't be seen, by the ticks at which they began."""
        self.runs: list[Run] = []
        """The calls of visible functions, in the order in which they ended."""

    @property
    def size(self) -> int:
        """How much was put down so far of tapes, of steps of optimizers, and of gradients that the program defines."""
        return len(self.events) + len(self.applies) + len(self.customs)

    def calls_at(self, time: int) -> list[Place]:
        """The calls of visible functions that were running at a tick, outermost first."""
        running = [run for run in self.runs if run.began <= time <= run.ended]
        return [run.place for run in sorted(running, key=lambda run: run.began)]

    def played_in(self, trace: Trace) -> list[ast.AST]:
        """The functions that ran, or may have run, while a function was traced: that one, and those that it led to.

        Where it called code that can't be seen, that may be any function of the judged module.
        """
        if trace.time in self.unseen:
            return [trace.place.node, *self.module.outline.functions]
        return list(dict.fromkeys(run.function for run in self.runs if run.trace is trace))

    def one_run(self, first: int, second: int) -> bool:
        """Whether two ticks belong to one run: of the module, or of a function that is played by itself after it."""
        return bisect(self.entries, first) == bisect(self.entries, second)

    @property
    def tree(self) -> ast.Module:
        return self.module.tree

    @property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the module, in the order of the text."""
        return self.module.outline.nodes

    @cached_property
    def function_spans(self) -> list[tuple[Span, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """All functions with the offsets between which they stand."""
        return [(self.source.span(node), node) for node in self.module.outline.functions]

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """The node around every node of the module, by its id."""
        return self.module.outline.parents

    def leaves(self, value: Value) -> list[Value]:
        """The values in a structure that was handed to a gradient call."""
        return [leaf for leaf, _ in self.pieces(value, self.tree)]

    def pieces(self, value: Value, node: ast.AST, depth: int = 4) -> list[tuple[Value, ast.AST]]:
        """The values in a structure, each with the expression that names it as closely as possible."""
        held = self.contents.get(value.id)
        if held is None or depth == 0:
            return [(value, node)]
        nodes: list[ast.AST] = [node] * len(held)
        if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == len(held):
            nodes = list(node.elts)
        return [piece for item, at in zip(held, nodes, strict=True) for piece in self.pieces(item, at, depth - 1)]

    def behind(
        self,
        *values: Value,
        session: int = 0,
        cuts: Container[CutKind] = (),
        maybe: bool = False,
        ends: Callable[[Data], bool] | None = None,
    ) -> Iterator[Value]:
        """What values were computed from: they themselves, then what is nearest, each once.

        The walk goes back over the links that nothing cuts, and into the structures that were handed to gradient calls.
        Anything else (a variable, a constant, something unknown) is given and ends its way: whatever is given certainly
        lies behind. `session` is the recording that has to hold a value for the way to lead on from there. `cuts` are
        the kinds of cuts that the walk goes over (`CUTS`: all). With `maybe` it goes also to what may lie behind:
        all alternatives of an `Either`, what an unknown value was made from, what a conversion may have given back.
        Values for which `ends` holds are the ends of their ways.
        """
        queue = list(values)
        seen: set[int] = set()
        for item in queue:
            if item.id in seen:
                continue
            if len(seen) == _MOST_BEHIND:
                return
            seen.add(item.id)
            yield item
            if isinstance(item, Data):
                if (session and session not in item.sessions) or (ends is not None and ends(item)):
                    continue
                queue += [link.value for link in item.links if link.cut is None or link.cut.kind in cuts]
                if maybe and item.same is not None:
                    queue.append(item.same)
            elif isinstance(item, Sequence):
                queue += self.contents.get(item.id, ())
            elif maybe and isinstance(item, Unknown):
                queue += item.inputs
            elif maybe and isinstance(item, Either):
                queue += item.options

    def reads(
        self,
        *values: Value,
        session: int = 0,
        maybe: bool = False,
        ends: Callable[[Data], bool] | None = None,
    ) -> Iterator[tuple[Value, Data]]:
        """What the steps behind values read without a cut, each with the step that reads it; the rest as in `behind`.

        Only what leads on is such a step: it is held by the recording, and is no end.
        """
        for step in self.behind(*values, session=session, maybe=maybe, ends=ends):
            if isinstance(step, Data) and (not session or session in step.sessions) and not (ends and ends(step)):
                yield from ((link.value, step) for link in step.links if link.cut is None)

    def sourced(self, ask: Ask, value: Value, session: int = 0, maybe: bool = False) -> bool:
        """Whether a value was computed, without a cut, from a source of a gradient call; the rest as in `behind`.

        Where the call names the variables of models and layers as a whole, each one that is trainable is a source.
        """
        sources = {leaf.id for leaf in self.leaves(ask.sources)}
        behind = self.behind(value, session=session, maybe=maybe)
        return any(item.id in sources or _is_weight(item, ask.owned) for item in behind)

    def made_by(self, value: Value | None) -> tuple[str, Operation | None]:
        """The name of what computed a value, an operator for a function that does the same; "" when it is not known."""
        operation = self.operations.get(value.id) if value is not None else None
        if operation is None or operation.callee is not None:
            return "", operation
        return _OPERATORS.get(operation.function, operation.function), operation

    def handed_on(self, tape: Tape) -> bool:
        """Whether a tape left the function that made it."""
        return tape.id in self.escaped or tape.id in self.handed

    def events_of(self, tape: Tape) -> list[Event]:
        """All events of one tape, in the order of play."""
        if self._sorted != len(self.events):
            self._by_tape = {}
            for event in self.events:
                self._by_tape.setdefault(event.tape.id, []).append(event)
            self._sorted = len(self.events)
        return self._by_tape.get(tape.id, [])

    def happened(self, what: Happening) -> Iterator[Event]:
        for event in self.events:
            if event.what is what:
                yield event

    def span(self, place: Place | ast.AST) -> Span:
        """The span of a place or node; it names the file if that is not the one that is judged."""
        node = place.node if isinstance(place, Place) else place
        if len(self.modules) > 1 and id(node) not in self.parents:
            for other in self.modules:
                if id(node) in other.outline.parents:
                    if other is self.module:
                        break
                    found = other.source.span(node)
                    return Span(found.start, found.end, other.source.path)
        return self.source.span(node)

    def here(self, place: Place | None) -> bool:
        """Whether a place lies in the module that is judged (and not in another one of its project)."""
        return place is not None and place.module is self.module

    def source_of(self, span: Span) -> Source:
        """The text that a span lies in."""
        if span.path:
            return next(other.source for other in self.modules if other.source.path == span.path)
        return self.source

    def segment(self, span: Span) -> str:
        """The text of a span, whichever file it lies in."""
        return self.source_of(span).segment(span)

    def text(self, place: Place | ast.AST, limit: int = 40) -> str:
        """The program's own words at a place, on one line, shortened to `limit` characters."""
        words = " ".join(self.segment(self.span(place)).split())
        return words if len(words) <= limit else words[: limit - 1] + "…"

    def views(self) -> list[Recording]:
        """The same recording as each module that took part sees it: first that which was played, then the others."""
        others = [other for other in self.modules if other is not self.module and other in self.visited]
        return [self, *map(self._seen_from, others)]

    def _seen_from(self, module: Module) -> Recording:
        view = Recording(module, self.keras)
        shared = vars(view).keys() - {"source", "module"}
        vars(view).update((name, vars(self)[name]) for name in shared)
        return view
