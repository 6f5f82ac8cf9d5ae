"""`tf.autodiff.ForwardAccumulator`: forward-mode derivatives, told with the means of a tape.

An accumulator is active where a tape would record, and it follows what it was given as primals: so a persistent tape
that watches the primals, and nothing else, answers whether `jvp` gives None.
"""

from __future__ import annotations

import ast

from tapelint.play.arguments import Arguments
from tapelint.play.ask import Ask
from tapelint.play.custom import Customs
from tapelint.play.tape import Phase, TapeState
from tapelint.play.values import Const, Data, Kind, Link, Object, Tape, Value, options

ACCUMULATOR = "tensorflow.autodiff.ForwardAccumulator"


class Accumulators(Customs):
    """Making, entering and asking a forward accumulator."""

    def make_accumulator(self, arguments: Arguments, node: ast.expr) -> Value:
        """`tf.autodiff.ForwardAccumulator(primals, tangents)`."""
        primals = arguments.get(0, "primals")
        if primals is None:
            return self.unknown(node, arguments.all(), "call")
        tape = Tape(self.place(node), self.tick(), True, False, None)
        self.world.put((tape.id, "state"), TapeState(frozenset({Phase.CREATED})))
        held = {"tape": tape, "primals": primals}
        made = Object("accumulator", ACCUMULATOR, self.place(node), self.tick(), (), True, held)
        self._note_contents(primals)
        self.recording.accumulators.append(made)
        return made

    def enter_accumulator(self, accumulator: Object, node: ast.AST) -> None:
        """`with accumulator:`."""
        tape = accumulator.args["tape"]
        assert isinstance(tape, Tape)
        self.enter(tape, node)
        self.watch(tape, accumulator.args["primals"], node)

    def leave_accumulator(self, accumulator: Object, node: ast.AST) -> None:
        tape = accumulator.args["tape"]
        assert isinstance(tape, Tape)
        self.exit(tape, node)

    def call_accumulator(self, accumulator: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        """`accumulator.jvp(value)`: the product, or None where the accumulator did not see the value being made."""
        target = arguments.get(0, "primals")
        if name != "jvp" or target is None:
            return self.unknown(node, (accumulator, *arguments.all()), "call")
        tape = accumulator.args["tape"]
        assert isinstance(tape, Tape)
        state = self.state(tape)
        bound = {"primals": target}
        zero = arguments.get(1, "unconnected_gradients")
        if zero is not None:
            bound["unconnected_gradients"] = zero
        ask = Ask(
            tape, "jvp", self.place(node), self.tick(), state, self.context, self._session(state), target,
            accumulator.args["primals"], arguments.node(0, "primals") or node, node, bound,
        )  # fmt: skip
        ask.zero = self._zero(bound)
        self.recording.jvps.append(ask)
        self._note_contents(target)
        if not state.only(Phase.CREATED):
            self._judge(ask)
        elif not state.escaped:
            ask.backwards = all(isinstance(option, Data) and bool(option.links) for option in options(target))
        links = [value for value in (target, ask.sources) if not isinstance(value, Const)]
        return self.data(Kind.TENSOR, "jvp", [Link(value) for value in links], node, "float", ask=ask)
