"""What a program does with a tape: create it, enter it, watch, ask.

The behaviour is that of `tensorflow/python/eager/backprop.py`, which is the same in TensorFlow 2.15 to 2.21: an asked
non-persistent tape drops its recording, also when it is asked inside its own block; a tape that was entered again
after that records anew; `watch` needs an entered tape; `reset` forgets what was watched.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tapelint.play.arguments import Arguments
from tapelint.play.ask import ASKS, Ask, Fault, Hidden, Standing, Verdict
from tapelint.play.escape import Escape
from tapelint.play.marks import Built, Frozen
from tapelint.play.query import INTEGER_DTYPES, Query
from tapelint.play.records import Happening, Undefined
from tapelint.play.slope import slope_inputs
from tapelint.play.tape import Phase, Session, TapeState
from tapelint.play.values import (
    CUTS,
    Const,
    Cut,
    CutKind,
    Data,
    Dictionary,
    Either,
    Entries,
    Instance,
    Items,
    Kind,
    Link,
    Method,
    Object,
    Paused,
    Sequence,
    Several,
    Symbol,
    Tape,
    Unknown,
    Value,
    Variable,
    VariableSet,
    bare,
    either,
    options,
)
from tapelint.tensorflow import api

METHODS = frozenset({*ASKS, "watch", "watched_variables", "stop_recording", "reset", "__enter__", "__exit__"})

_TARGETS = (Data, Sequence, Variable, VariableSet, Dictionary)
"""What can be judged as a target."""

_LOSING = frozenset({CutKind.NOT_DIFFERENTIABLE, CutKind.INTEGER, CutKind.PY_FUNCTION, CutKind.NEW_VARIABLE})
"""Cuts that nobody makes on purpose inside a model that is trained as a whole."""

_NOISE = frozenset(
    {
        "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
        "GaussianNoise",
    }
)  # fmt: skip

_MOST_QUESTIONS = 80
"""How many questions are put about the terms of one sum."""

_SUMS = frozenset({"+", "-", "+=", "-=", "unary -", "tf.add", "tf.subtract", "tf.add_n", "tf.negative", "sum"})
"""Steps that a sum is made of."""

_FORMS = frozenset({"ones_like", "rank", "shape", "shape_n", "size", "zeros_like"})
"""What only asks for the form of a tensor: a number made of the answer is a constant on purpose."""

_PRIVATE = frozenset({"_persistent", "_recording", "_tape", "_push_tape", "_pop_tape", "_watch_accessed_variables"})


class Tapes(Escape):
    """The methods of `tf.GradientTape`."""

    def make_tape(self, arguments: Arguments, node: ast.expr) -> Tape:
        """`tf.GradientTape(persistent=False, watch_accessed_variables=True)`."""
        persistent = self._flag(arguments, 0, "persistent", False)
        accessed = self._flag(arguments, 1, "watch_accessed_variables", True)
        call = node if isinstance(node, ast.Call) else None
        tape = Tape(self.place(node), self.tick(), persistent, accessed, call)
        self.world.put((tape.id, "state"), TapeState(frozenset({Phase.CREATED})))
        self.world.put((tape.id, "held", "maybe"), True)
        self.recording.tapes.append(tape)
        self.recording.functions[tape.id] = self.frame.node
        first = arguments.args[0] if arguments.args else None
        if isinstance(first, (Data, Variable, VariableSet, Sequence, Instance, Object)) or (
            isinstance(first, Const) and isinstance(first.value, str)
        ):
            self.recording.argument_kinds[tape.id] = "thing"
        self.event(Happening.CREATE, tape, node)
        return tape

    def _flag(self, arguments: Arguments, position: int, name: str, default: bool) -> bool | None:
        value = arguments.get(position, name)
        if value is None:
            return None if arguments.more else default
        return value.value if isinstance(value, Const) and isinstance(value.value, bool) else None

    def tape_attribute(self, tape: Tape, name: str, node: ast.AST) -> Value:
        if name in METHODS:
            return Method(tape, name, self.place(node), self.tick())
        if name in _PRIVATE or name.startswith("__"):
            return self.unknown(node, (tape,), "attribute")
        self.event(Happening.UNKNOWN_METHOD, tape, node, name)
        return self.unknown(node, (), "attribute")

    def call_tape(self, tape: Tape, name: str, arguments: Arguments, node: ast.expr, certain: bool = True) -> Value:
        """Call a method of a tape. `certain` is False when the receiver may be another object."""
        if name in ASKS:
            return self.ask(tape, name, arguments, node, certain)
        if name == "watch":
            self._watch(tape, arguments, node, certain)
        elif name == "stop_recording":
            self.event(Happening.PAUSE, tape, node, name, certain=certain)
            return Paused(tape, self.place(node), self.tick())
        elif name == "reset":
            self._reset(tape, node, certain)
        elif name == "__enter__":
            self.enter(tape, node, certain)
            return tape
        elif name == "__exit__":
            self.exit(tape, node)
        elif name == "watched_variables":
            self.recording.read.add(tape.id)
            return self.unknown(node, (tape,), "call")
        return self.const(None, node)

    def _watch(self, tape: Tape, arguments: Arguments, node: ast.expr, certain: bool) -> None:
        value = arguments.get(0, "tensor")
        if value is None:
            value = self.unknown(node)
        self._note_contents(value)
        self.event(Happening.WATCH, tape, node, "watch", value, certain and not self._maybe_empty(value))
        certain_now, maybe_now = self.world.get(("running",), (frozenset(), frozenset()))
        if not certain_now and not maybe_now and not self.state(tape).escaped:
            return  # TensorFlow ignores a watch while no tape records
        if not self.state(tape).only(Phase.CREATED):
            self.watch(tape, value, node, certain)

    def _maybe_empty(self, value: Value) -> bool:
        """Whether the variables are of a layer that perhaps has none yet: an empty list is watched without a word."""
        if not isinstance(value, VariableSet):
            return False
        built = self.world.get((value.owner.id, "built"))
        if isinstance(value.owner, Object) and self.certainly_unbuilt(value.owner):
            chain = value.owner.symbol.endswith("Sequential") and not value.owner.whole
            return chain or value.owner.kind == "layer"
        return isinstance(built, Built) and not built.certain

    def _reset(self, tape: Tape, node: ast.expr, certain: bool) -> None:
        self.event(Happening.RESET, tape, node, "reset", certain=certain)
        state = self.state(tape)
        if not state.only(Phase.RECORDING):
            return
        session = self.new_session(tape, node)
        session.intervals.append([self.tick(), None])
        self.set_state(tape, state._replace(sessions=frozenset({session.id})))

    # -- gradient, jacobian, batch_jacobian -----------------------------------------------------------------------

    def ask(self, tape: Tape, method: str, arguments: Arguments, node: ast.expr, certain: bool) -> Value:
        names = ASKS[method]
        bound = {name: value for at, name in enumerate(names) if (value := arguments.get(at, name)) is not None}
        target = bound.get("target")
        sources = bound.get(names[1])
        state = self.state(tape)
        self.event(Happening.ASK, tape, node, method, certain=certain)
        if target is None or sources is None:
            self._consume(tape, state, node, certain)
            return self.unknown(node, (tape, *arguments.all()), "call")
        ask = Ask(
            tape,
            method,
            self.place(node),
            self.tick(),
            state,
            self.context,
            self._session(state),
            target,
            sources,
            arguments.node(0, "target") or node,
            arguments.node(1, names[1]) or node,
            bound,
            certain,
            inside=state.only(Phase.RECORDING),
        )
        ask.zero = self._zero(bound)
        self.recording.asks.append(ask)
        self._note_contents(target)
        self._note_contents(sources)
        ask.frozen = self.frozen_sources(ask)
        ask.hidden = self.hidden_from(ask)
        if certain and not state.only(Phase.CREATED) and not state.only(Phase.CONSUMED):
            self._judge(ask)
        self._mark_again(target)
        result = ask.answer = self._result(ask, sources, node)
        self.recording.answers[result.id] = ask
        ask.ragged = isinstance(result, Sequence) and self._ragged(ask)
        self._consume(tape, state, node, certain)
        return result

    def hidden_from(self, ask: Ask) -> tuple[Hidden, ...]:
        """What the models of the sources keep where Keras does not look for variables."""
        raise NotImplementedError

    def frozen_sources(self, ask: Ask) -> Frozen | None:
        """Why the sources are an empty list of trainable variables, if they certainly are."""
        raise NotImplementedError

    def _note_contents(self, value: Value, depth: int = 4) -> None:
        """Keep what a structure holds now: rules read it when the player is done."""
        if not depth:
            return
        held: tuple[Value, ...] | None = None
        if isinstance(value, Sequence) and value.kind != "set" and (items := self.items(value)) is not None:
            held = tuple(items)
            if not items.exact:
                self.recording.inexact.add(value.id)
        elif isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
            held = (*(item for _, item in entries.entries), *((entries.rest,) if entries.rest else ()))
            if entries.rest is not None:
                self.recording.inexact.add(value.id)
        if held is not None:
            self.recording.contents[value.id] = held
            for item in held:
                self._note_contents(item, depth - 1)

    def _session(self, state: TapeState) -> Session | None:
        if state.escaped or len(state.sessions) != 1 or state.may(Phase.CREATED):
            return None
        return self.recording.sessions[next(iter(state.sessions))]

    def _zero(self, bound: dict[str, Value]) -> bool:
        value = bound.get("unconnected_gradients")
        if value is None:
            return False
        if isinstance(value, Symbol):
            return not value.name.endswith("UnconnectedGradients.NONE")
        return not (isinstance(value, Const) and value.value == "none")

    def _consume(self, tape: Tape, state: TapeState, node: ast.expr, certain: bool) -> None:
        """A non-persistent tape gives its recording away, also when the answer is None."""
        if tape.persistent or state.escaped:
            return
        place = self.place(node)
        inside = (*state.inside, place) if state.may(Phase.RECORDING) else state.inside
        gone = frozenset({Phase.CONSUMED})
        phases = gone if tape.persistent is False and certain else state.phases | gone
        if state.only(Phase.CREATED):
            phases = state.phases
        for number in state.sessions:
            intervals = self.recording.sessions[number].intervals
            if tape.persistent is False and intervals and intervals[-1][1] is None:
                intervals[-1][1] = self.tick()
        consumed = (*state.consumed_by, place)
        self.set_state(tape, state._replace(phases=phases, inside=inside, consumed_by=consumed))

    def _mark_again(self, target: Value) -> None:
        """Note on the asks behind `target` that their results are differentiated once more."""
        seen: set[int] = set()
        stack = [target]
        while stack and len(seen) < 400:
            value = stack.pop()
            if value.id in seen:
                continue
            seen.add(value.id)
            if isinstance(value, Data):
                if value.ask is not None:
                    value.ask.again = True
                stack.extend(link.value for link in value.links)
            elif isinstance(value, Either):
                stack.extend(value.options)
            elif isinstance(value, Unknown):
                stack.extend(value.inputs)
            elif isinstance(value, Sequence):
                stack.extend(self.items(value) or ())

    def _judge(self, ask: Ask) -> None:
        """Put the question for every source that can be told apart."""
        session = ask.session
        if session is None:
            return
        if self._is_missing(ask.target):
            return  # the consequence of a gradient that is None already
        targets = [option for option in options(ask.target) if not isinstance(option, Const)]
        if not targets or not all(isinstance(value, _TARGETS) for value in targets):
            return
        if any(isinstance(value, Data) and value.kind is Kind.SYMBOLIC for value in targets):
            return
        # To ask for the gradient of a number or an array raises: that way ends here.
        targets = [value for value in targets if not (isinstance(value, Data) and value.kind is not Kind.TENSOR)]
        if not targets:
            return
        query = self.query(ask.tape, session)
        target = either(targets)
        for source, node in self._sources(ask.sources, ask.sources_node):
            verdict = query.why_unconnected(target, source, node)
            ask.verdicts.append(verdict)
            if isinstance(source, VariableSet) and not source.part:
                ask.owned |= query.parts.atoms(source.owner)[0]
            if isinstance(source, VariableSet) and source.id in self.recording.sliced:
                continue  # perhaps only some of the variables are meant
            if verdict.standing is not Standing.CUT and isinstance(source, VariableSet) and not source.part:
                ask.verdicts.extend(self._whole_numbers(source, node))
            if verdict.standing is Standing.CONNECTED and isinstance(source, VariableSet) and not source.part:
                ask.verdicts.extend(self._lost_weights(query, target, source, node))
                ask.verdicts.extend(self._lost_layers(query, target, source, node))
                ask.verdicts.extend(self._lost_members(query, target, source, node))
                ask.idle.extend(self._idle_layers(query, target, source, node))
                layers = self._library_layers(source.owner)
                ask.embedded += [layer for layer in layers if layer.symbol.endswith(".Embedding")]
            if isinstance(source, VariableSet) and source.which == "all" and not source.part:
                if verdict.standing is not Standing.CONNECTED or query.watches_sets():
                    continue
                layers = self._layers_with_state(source.owner, set())
                averages = [layer for layer in layers if _state(layer, 2)]
                if layers:
                    fault = Fault.STATE if averages else Fault.SEED
                    place = (averages or layers)[0].place
                    ask.verdicts.append(Verdict(Standing.CUT, source, node, fault, place=place, part=True))
        ask.backwards = self._backwards(ask, query)
        if any(verdict.standing is Standing.CONNECTED for verdict in ask.verdicts):
            for option in options(target):
                ask.terms += self._lost_terms(ask, query, option)

    def _lost_terms(self, ask: Ask, query: Query, target: Value) -> list[Verdict]:
        """The terms of a loss that are computed from the sources and give none of them a gradient.

        The loss has to be a sum of numbers: one of its terms, with a gradient, is what a reduction or a loss gave. A
        `tf.stop_gradient` among the terms says that the author puts values in the place of others.
        """
        terms = list(_terms(target, query.session.id))
        sources = list(self._sources(ask.sources, ask.sources_node))
        if len(terms) < 2 or len(terms) * len(sources) > _MOST_QUESTIONS:
            return []
        whole, lost = False, []
        for term in terms:
            verdicts = [query.why_unconnected(term, source, node) for source, node in sources]
            if any(verdict.standing is Standing.CONNECTED for verdict in verdicts):
                whole = whole or (
                    isinstance(term, Data) and (term.op.startswith("tf.reduce_") or term.op[:1].isupper())
                )
            if any(verdict.standing is not Standing.CUT for verdict in verdicts):
                continue
            behind = self.recording.behind(term, session=query.session.id, maybe=True)
            if any(isinstance(item, (Variable, VariableSet)) for item in behind):
                continue  # it may be there for variables that another call asks for
            for verdict in verdicts:
                met = verdict.cut if verdict.fault is None else None
                if met is not None and met.cut.kind is CutKind.STOP_GRADIENT:
                    return []
                if (
                    met is not None
                    and met.reaches is True
                    and met.cut.op.rpartition(".")[2] not in _FORMS
                    and (met.cut.kind is CutKind.BEFORE_TAPE or self._cut_since(term, met.cut, query.session.began))
                ):
                    lost.append(verdict)
                    break
        return lost if whole else []

    def _cut_since(self, term: Value, cut: Cut, began: int) -> bool:
        """Whether a value was cut off after that time: a number of an earlier step is a constant on purpose."""
        return any(
            item.time >= began and any(link.cut is cut for link in item.links)
            for item in self.recording.behind(term, cuts=CUTS, maybe=True)
            if isinstance(item, Data)
        )

    def _backwards(self, ask: Ask, query: Query) -> bool:
        """Whether the tape recorded every source as computed from one of the targets."""
        if not ask.verdicts or any(verdict.standing is not Standing.CUT for verdict in ask.verdicts):
            return False
        targets = [target for target, _ in self._sources(ask.target, ask.target_node)]
        sources = [source for source, _ in self._sources(ask.sources, ask.sources_node)]
        return bool(sources) and all(
            isinstance(source, Data)
            and bool(source.links)
            and query.session.id in source.sessions
            and any(target is not source and query.reaches(source, target)[0] for target in targets)
            for source in sources
        )

    def _idle_layers(
        self, query: Query, target: Value, source: VariableSet, node: ast.AST
    ) -> list[tuple[VariableSet, Verdict]]:
        """The layers of a model that ran forward, and whose weights the target does not depend on.

        Such a layer gave an output that is no part of this target, or that goes into it through `tf.stop_gradient`.
        """
        found: list[tuple[VariableSet, Verdict]] = []
        for layer in self._library_layers(source.owner)[:20]:
            if not self.world.get((layer.id, "forward")):
                continue  # on another way through the program only
            verdict = query.why_unconnected(target, self.variables(layer, "trainable", node), node)
            met = verdict.cut
            stopped = verdict.fault is None and met is not None and met.cut.kind is CutKind.STOP_GRADIENT
            if verdict.standing is Standing.CUT and (verdict.fault is Fault.NOT_USED or stopped):
                found.append((source, verdict))
        return found

    def _lost_weights(self, query: Query, target: Value, source: VariableSet, node: ast.AST) -> list[Verdict]:
        """Weights of a visible layer that was called for the target, and that get no gradient all the same."""
        found: list[Verdict] = []
        for layer in self._visible_layers(source.owner):
            if query.session.id not in self.world.get((layer.id, "called"), ()):
                continue
            # A functional model runs all of its graph, also for outputs that this target takes no part of.
            takes_part = not self.world.get((layer.id, "replayed")) or self._takes_part(query, target, layer, node)
            for name in sorted(self.attributes.get(layer.id, ())):
                weight = self.world.get((layer.id, "." + name))
                if not name.startswith("weight ") or not isinstance(weight, Variable) or weight.trainable is not True:
                    continue
                verdict = query.why_unconnected(target, weight, node)
                met = verdict.cut
                if verdict.standing is Standing.CUT and (
                    (verdict.fault is Fault.NOT_USED and takes_part)
                    or (verdict.fault is None and met is not None and met.reaches is True)
                ):
                    found.append(verdict._replace(part=True))
        return found

    def _takes_part(self, query: Query, target: Value, layer: Instance, node: ast.AST) -> bool:
        """Whether some weight of a visible layer certainly goes into the target."""
        weights = (self.world.get((layer.id, "." + name)) for name in sorted(self.attributes.get(layer.id, ())))
        return any(
            isinstance(weight, Variable) and query.why_unconnected(target, weight, node).standing is Standing.CONNECTED
            for weight in weights
        )

    def _lost_layers(self, query: Query, target: Value, source: VariableSet, node: ast.AST) -> list[Verdict]:
        """Layers of the library in a model that is trained, behind a step that lets no gradient through."""
        found: list[Verdict] = []
        for layer in self._library_layers(source.owner)[:20]:
            verdict = query.why_unconnected(target, self.variables(layer, "trainable", node), node)
            met = verdict.cut
            if verdict.standing is not Standing.CUT or verdict.fault is not None or met is None:
                continue
            if met.reaches is True and met.cut.kind in _LOSING:
                found.append(verdict._replace(part=True))
        return found

    def _lost_members(self, query: Query, target: Value, source: VariableSet, node: ast.AST) -> list[Verdict]:
        """Variables of a visible object from which its `__init__` computed a tensor that the target uses instead."""
        found: list[Verdict] = []
        for owner in self._visible_modules(source.owner)[:20]:
            held = {name: self.world.get((owner.id, "." + name)) for name in sorted(self.attributes.get(owner.id, ()))}
            derived = [
                item
                for item in held.values()
                if isinstance(item, Data) and item.links and item.time < query.session.began
            ]
            for name, variable in held.items() if derived else ():
                if not isinstance(variable, Variable) or variable.trainable is not True or name.startswith("weight "):
                    continue
                if owner.kind != "module" and self.keras == 3 and not variable.keras:
                    continue  # Keras 3 does not count it among the variables
                if not any(query.reaches(item, variable)[0] for item in derived):
                    continue
                verdict = query.why_unconnected(target, variable, node)
                met = verdict.cut
                if verdict.standing is Standing.CUT and verdict.fault is None and met is not None and met.reaches:
                    found.append(verdict._replace(part=True))
        return found

    def _whole_numbers(self, source: VariableSet, node: ast.AST) -> list[Verdict]:
        """Variables of whole numbers among those that a visible object trains: they never get a gradient."""
        found: list[Verdict] = []
        for owner in self._visible_modules(source.owner)[:20] if source.which == "trainable" else ():
            for name in sorted(self.attributes.get(owner.id, ())):
                held = self.world.get((owner.id, "." + name))
                if not isinstance(held, Variable) or held.trainable is not True or held.dtype not in INTEGER_DTYPES:
                    continue
                counts = held.keras is True or self.keras == 2 or owner.kind == "module"
                if counts and name.startswith("weight ") == (held.keras is True):
                    found.append(Verdict(Standing.CUT, held, node, Fault.INTEGER_SOURCE, part=True))
        return found

    def _visible_modules(self, owner: Value, depth: int = 4) -> list[Instance]:
        """The objects of visible classes that keep variables, among those an object is made of."""
        found: list[Instance] = []
        if not isinstance(owner, Instance) or owner.kind not in ("layer", "model", "module"):
            return found
        found.append(owner)
        for name in sorted(self.attributes.get(owner.id, ())) if depth else ():
            item = self.world.get((owner.id, "." + name))
            for part in self.items(item) or () if isinstance(item, Sequence) else [item]:
                if isinstance(part, Instance):
                    found.extend(one for one in self._visible_modules(part, depth - 1) if one not in found)
        return found

    def _library_layers(self, owner: Value, depth: int = 5) -> list[Object]:
        """The layers of the library with weights that certainly ran forward, among those an object is made of."""
        held: list[Value] = []
        if isinstance(owner, (Object, Instance)) and self._may_be_frozen(owner):
            return []
        if isinstance(owner, Object):
            if owner.kind == "layer" and not owner.parts:
                return [owner] if owner.id in self.recording.weighted else []
            if owner.id in self.recording.weighted and self._trained_chain(owner):
                return [owner]  # it ran as a whole, so its layers share one fate
            held += [*owner.parts, *self.world.get((owner.id, "parts"), Items())]
        elif isinstance(owner, Instance) and owner.kind in ("layer", "model"):
            for name in sorted(self.attributes.get(owner.id, ())):
                item = self.world.get((owner.id, "." + name))
                held += self.items(item) or () if isinstance(item, Sequence) else [item]
        found: list[Object] = []
        for item in held if depth else ():
            if isinstance(item, (Object, Instance)) and self.certainly_in(item, owner):
                found.extend(layer for layer in self._library_layers(item, depth - 1) if layer not in found)
        return found

    def _may_be_frozen(self, layer: Object | Instance) -> bool:
        """Whether the program says anything about a layer being trained or not."""
        told = layer.args.get("trainable") if isinstance(layer, Object) else None
        return told is not None or self.world.get((layer.id, "frozen")) is not None

    def _trained_chain(self, model: Object) -> bool:
        """Whether a model certainly is a chain of layers of the library, at least one of them with weights to train."""
        added = self.world.get((model.id, "parts"), Items())
        parts = [*model.parts, *added]
        if not model.symbol.endswith("Sequential") or not model.whole or not added.exact:
            return False
        if self.world.get((model.id, "touched")):
            return False
        layers = [part for part in parts if not (isinstance(part, Data) and part.kind is Kind.SYMBOLIC)]
        known = [api.api_class(part.symbol) for part in layers if isinstance(part, Object) and part.kind == "layer"]
        if len(known) < len(layers) or any(isinstance(part, Object) and self._may_be_frozen(part) for part in layers):
            return False
        return any(found is not None and found.trainable is True for found in known)

    def _ragged(self, ask: Ask) -> bool:
        """Whether the sources certainly differ in shape: kernels and biases, or variables of known shapes."""
        shapes: set[tuple[int | None, ...]] = set()
        for source, _ in self._sources(ask.sources, ask.sources_node):
            if isinstance(source, VariableSet):
                if source.part or source.which == "non_trainable" or source.id in self.recording.sliced:
                    continue
                chains = self._library_layers(source.owner)
                for chain in chains:
                    added = self.world.get((chain.id, "parts"), Items())
                    parts = [*chain.parts, *added] if chain.kind == "model" else [chain]
                    if self.world.get((chain.id, "forward")) and any(_has_bias(part) for part in parts):
                        return True
            elif isinstance(source, (Data, Variable)) and source.shape is not None and None not in source.shape:
                shapes.add(source.shape)
        return len(shapes) > 1

    def _layers_with_state(self, owner: Value, seen: set[int], depth: int = 6) -> list[Object]:
        """The layers with variables that are not trainable (moving averages, a seed) that an object is made of."""
        held: list[Value | None] = []
        if owner.id in seen:
            return []
        seen.add(owner.id)
        if isinstance(owner, Instance):
            held = [self.world.get((owner.id, "." + name)) for name in sorted(self.attributes.get(owner.id, ()))]
        elif isinstance(owner, Object):
            if owner.kind == "layer" and _state(owner, self.keras) and not _idle_noise(owner):
                return [owner]
            held = [*owner.parts, *self.world.get((owner.id, "parts"), Items())]
        elif isinstance(owner, Sequence):
            held = list(self.items(owner) or ())
        parts = [item for item in held if isinstance(item, (Instance, Object, Sequence))] if depth else []
        sure = [part for part in parts if self.certainly_in(part, owner)]
        return [layer for part in sure for layer in self._layers_with_state(part, seen, depth - 1)]

    def _visible_layers(self, owner: Value, depth: int = 4) -> list[Instance]:
        """The layers of visible classes that an object is made of."""
        held: list[Value] = []
        found: list[Instance] = []
        if isinstance(owner, Instance):
            if owner.kind in ("layer", "model"):
                found.append(owner)
            for name in sorted(self.attributes.get(owner.id, ())):
                item = self.world.get((owner.id, "." + name))
                held += self.items(item) or () if isinstance(item, Sequence) else [item]
        elif isinstance(owner, Object):
            held += [*owner.parts, *self.world.get((owner.id, "parts"), Items())]
        for item in held if depth else ():
            if isinstance(item, (Instance, Object)):
                found.extend(layer for layer in self._visible_layers(item, depth - 1) if layer not in found)
        return found

    def _is_missing(self, value: Value, depth: int = 6) -> bool:
        """Whether the value is a gradient that is None for certain, or was computed from one (which raises)."""
        if isinstance(value, Data) and depth:
            if value.ask is not None:
                return any(verdict.standing is Standing.CUT for verdict in value.ask.verdicts)
            return any(self._is_missing(link.value, depth - 1) for link in value.links)
        if isinstance(value, Sequence) and depth:
            return any(self._is_missing(item, depth - 1) for item in self.items(value) or ())
        return False

    def tuple_members(self, value: Instance) -> tuple[Value, ...] | None:
        raise NotImplementedError

    def _sources(self, value: Value, node: ast.AST, depth: int = 4) -> list[tuple[Value, ast.AST]]:
        """The single sources, each with the expression that names it as closely as possible."""
        if depth and isinstance(value, Sequence) and (items := self.items(value)) is not None:
            nodes: list[ast.AST] = [node] * len(items.items)
            if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == len(items.items):
                nodes = list(node.elts)
            found: list[tuple[Value, ast.AST]] = []
            for item, at in zip(items.items, nodes, strict=True):
                found.extend(self._sources(bare(item), at, depth - 1))
            return found[:40]
        if depth and isinstance(value, Dictionary) and (entries := self.entries(value)) is not None:
            held = [item for _, item in entries.entries] + ([entries.rest] if entries.rest else [])
            places: list[ast.AST] = [node] * len(held)
            if isinstance(node, ast.Dict) and None not in node.keys and len(node.values) == len(held):
                places = list(node.values)
            return [pair for item, at in zip(held, places, strict=True) for pair in self._sources(item, at, depth - 1)]
        if depth and isinstance(value, Instance) and (members := self.tuple_members(value)) is not None:
            return [pair for item in members for pair in self._sources(item, node, depth - 1)]
        return [(value, node)]

    def _result(self, ask: Ask, sources: Value, node: ast.expr) -> Value:
        """Gradients in the structure of the sources."""
        if isinstance(sources, Sequence) and (items := self.items(sources)) is not None:
            found: list[Value] = []
            for item in items.items:
                if isinstance(item, Several) and isinstance(item.of, VariableSet):
                    found.append(Several(self._gradient(ask, item.of, node)))
                    continue
                inner = self._result(ask, bare(item), node)
                found.append(Several(inner) if isinstance(item, Several) else inner)
            kind = "tuple" if sources.kind == "tuple" else "list"
            return self.with_fields(self.sequence(kind, found, node), self.world.get((sources.id, "fields")))
        if isinstance(sources, VariableSet) and not sources.part:
            return self.sequence("list", [Several(self._gradient(ask, sources, node))], node)
        if isinstance(sources, Dictionary) and (entries := self.entries(sources)) is not None:
            held = tuple((key, self._result(ask, item, node)) for key, item in entries.entries)
            rest = self._result(ask, entries.rest, node) if entries.rest else None
            return self.mapping(Entries(held, rest), node)
        if isinstance(sources, (Data, Variable, VariableSet)):
            return self._gradient(ask, sources, node)
        if isinstance(sources, Instance) and (members := self.tuple_members(sources)) is not None:
            return self.call(sources.cls, Arguments(tuple(self._result(ask, item, node) for item in members)), node)
        inputs = [value for value in (ask.target, sources) if not isinstance(value, Const)]
        return Unknown(self.place(node), self.tick(), inputs, "gradient")

    def _gradient(self, ask: Ask, source: Value, node: ast.expr) -> Data:
        """A gradient depends on everything between target and source, so on both: unless that is all linear."""
        targets = [value for value in options(ask.target) if not isinstance(value, Const)]
        given = ask.arguments.get("output_gradients")
        upstream = (given,) if given is not None else ()
        links = [Link(value) for value in (*targets, source, *upstream)]
        dtype = source.dtype if isinstance(source, (Data, Variable)) else ""
        result = self.data(Kind.TENSOR, "gradient", links, node, dtype if dtype == "complex" else "float", ask=ask)
        ask.results.append(result)
        slope: list[Link] | None = None
        if len(targets) == 1:
            slope = slope_inputs(targets[0], source, self.recording.operations, self.recording.layers)
        if slope is not None:
            ask.slopes[result.id] = (*slope, *(Link(value) for value in upstream))
        return result

    # -- names that hold no tape ----------------------------------------------------------------------------------

    def undefined_tape(self, name: str, method: str, node: ast.AST) -> None:
        deleted = self.world.get((self.frame.id, "deleted", name))
        undefined = Undefined(name, method, self.place(node), self.context, deleted, self.frame.node)
        self.recording.undefined.append(undefined)


def _terms(value: Value, session: int, depth: int = 12) -> Iterator[Value]:
    """The terms of a sum that was recorded, also of one that is scaled by a number."""
    summed = scaled = False
    if isinstance(value, Data) and session in value.sessions and depth:
        summed = value.op in _SUMS
        scaled = value.op in ("*", "tf.multiply") and len(value.links) == 1
    if not isinstance(value, Data) or not (summed or scaled):
        yield value
        return
    for link in value.links:
        if link.cut is None:
            yield from _terms(link.value, session, depth - 1)


def _has_bias(layer: Value) -> bool:
    """Whether a layer certainly has a kernel and a bias: two variables of different shapes."""
    if not isinstance(layer, Object) or layer.kind != "layer":
        return False
    name = layer.symbol.rsplit(".", 1)[-1]
    told = layer.args.get("use_bias") or (layer.args.get("2") if name == "Dense" else None)
    return name in ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose") and told is None


def _state(layer: Object, keras: int) -> bool:
    """Whether a layer of a Keras generation certainly has variables that are not trainable."""
    found = api.api_class(layer.symbol)
    return found is not None and (found.state if keras == 3 else found.state_keras2) is True


def _idle_noise(layer: Object) -> bool:
    """Whether a layer of noise may be one that does nothing: with the rate 0 it keeps no seed."""
    if layer.symbol.rsplit(".", 1)[-1] not in _NOISE:
        return False
    rate = layer.args.get("rate") or layer.args.get("stddev") or layer.args.get("0")
    return not (isinstance(rate, Const) and isinstance(rate.value, (int, float)) and rate.value > 0)
