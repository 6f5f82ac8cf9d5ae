"""Work that is handed to other threads while a tape records: the tape of this thread does not see it.

A tape that the other thread opens itself records there. Where no tape records, the work is unseen code as ever.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from tapelint.play.arguments import Arguments
from tapelint.play.builtin import Builtin
from tapelint.play.machine import ACTIVE
from tapelint.play.values import Bound, Const, Function, Object, Place, Several, Value, bare

_POOLS = frozenset(
    {
        "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor",
        "multiprocessing.pool.ThreadPool", "multiprocessing.dummy.Pool",
    }
)  # fmt: skip
_THREADS = frozenset({"threading.Thread"})
_MIRRORED = "tensorflow.distribute.MirroredStrategy"


class Threads(Builtin):
    """Thread pools, what they promise, and threads."""

    def _call_symbol(self, symbol: Value, arguments: Arguments, node: ast.expr) -> Value:
        name = getattr(symbol, "name", "")
        if name in _POOLS:
            return Object("thread-pool", name, self.place(node), self.tick())
        if name in _THREADS and "target" in arguments.kwargs and self._recorded():
            return Object("thread", name, self.place(node), self.tick(), args=arguments.kwargs)
        return super()._call_symbol(symbol, arguments, node)  # type: ignore[arg-type]

    def call_object_method(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if value.kind == "thread-pool":
            return self._pool(value, name, arguments, node)
        if value.kind == "future" and name in ("result", "get"):
            return value.parts[0]
        if value.kind == "thread":
            if name == "start" and value.place is not None:
                given = value.args.get("args")
                items = self.items(given) if given is not None else None
                exact = items is not None and items.exact and "kwargs" not in value.args
                if given is None or exact:
                    call = Arguments(items.items if items is not None else ())
                    self._elsewhere(value.args["target"], call, value.place.node, value.place)
                else:
                    self.escape(value.args["target"], node)
                    self.escape(given, node)
            return self.const(None, node)
        return super().call_object_method(value, name, arguments, node)

    def _recorded(self) -> bool:
        certain, maybe = self.world.get(("running",), (frozenset(), frozenset()))
        return bool(certain or maybe)

    def _pool(self, value: Object, name: str, arguments: Arguments, node: ast.expr) -> Value:
        if name in ("__enter__", "__exit__", "shutdown", "close", "join"):
            return value if name == "__enter__" else self.const(None, node)
        function = arguments.args[0] if arguments.args else None
        if function is not None and self._recorded() and not arguments.more:
            if name == "submit":
                given = Arguments(arguments.args[1:], arguments.kwargs)
                result = self._elsewhere(function, given, node, self.place(node))
                return Object("future", "future", self.place(node), self.tick(), (result,))
            if name == "map" and len(arguments.args) == 2 and not set(arguments.kwargs) - {"timeout", "chunksize"}:
                found: list[Value] = []
                for item in self.elements(arguments.args[1], node).items[:8]:
                    single = bare(item)
                    result = self._elsewhere(function, Arguments((single,)), node, self.place(node))
                    found.append(Several(result) if isinstance(item, Several) else result)
                return self.sequence("list", found, node)
        for item in arguments.all():
            if not isinstance(item, Const):
                self.escape(item, node)
        return self.unknown(node, arguments.all(), "call")

    def run_replicas(self, strategy: Object, arguments: Arguments, node: ast.expr) -> Value:
        """`MirroredStrategy.run` runs a plain function in one thread for each replica, also where there is only one."""
        function = arguments.args[0]
        inner = function.function if isinstance(function, Bound) else function
        traced = isinstance(inner, Function) and "tensorflow.function" in inner.decorators
        if strategy.symbol != _MIRRORED or not isinstance(inner, Function) or traced or not self._recorded():
            return super().run_replicas(strategy, arguments, node)
        with self._in_another_thread(self.place(node)):
            return super().run_replicas(strategy, arguments, node)

    def _elsewhere(self, function: Value, arguments: Arguments, node: ast.AST, place: Place) -> Value:
        """Call `function` as another thread does."""
        assert isinstance(node, ast.expr)
        with self._in_another_thread(place):
            return self.call(function, arguments, node)

    @contextmanager
    def _in_another_thread(self, place: Place) -> Iterator[None]:
        """The tapes that record here don't record there."""
        active = self.world.get(ACTIVE, ())
        sessions = [number for tape in active for number in self.state(tape).sessions]
        began = self.tick()
        self.world.put(ACTIVE, ())
        self.refresh()
        yield
        self.world.put(ACTIVE, active)
        self.refresh()
        ended = self.tick()
        for number in sessions:
            self.recording.sessions[number].elsewhere.append((began, ended, place))
