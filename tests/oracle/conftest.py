"""One TensorFlow for all oracle tests: a worker process for each generation of Keras, which run side by side."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

import pytest

from tests.oracle.outcome import Happened
from tests.oracle.programs import Program
from tests.oracle.runner import Oracle, OracleMissing

REQUIRED = bool(os.environ.get("CI") or os.environ.get("TAPELINT_REQUIRE_ORACLE"))
"""Whether a test that can't run TensorFlow fails, rather than being skipped."""

Case = tuple[int, Program]


class OtherGeneration(Exception):
    """The TensorFlow that is here has no such Keras. The message says which it has."""


class Bench:
    """Runs programs under one generation of Keras, in a thread of its own, in the order in which they are given."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._oracle: Oracle | None = None
        self._refusal: Exception | None = None
        self._thread = ThreadPoolExecutor(1)

    def submit(self, program: Program) -> Future[Happened]:
        """What will have happened. Its `result` raises `OracleMissing` or `OtherGeneration`."""
        return self._thread.submit(self._run, program)

    def close(self) -> None:
        """Forget what has not been run, and end the worker."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._oracle is not None:
            self._oracle.close()

    def _run(self, program: Program) -> Happened:
        if self._oracle is None and self._refusal is None:
            try:
                self._oracle = _start(self._generation)
            except (OracleMissing, OtherGeneration) as refusal:
                self._refusal = refusal
        if self._oracle is None:
            assert self._refusal is not None
            # A new one each time: an exception that is raised again keeps the traceback of every raise.
            raise type(self._refusal)(*self._refusal.args)
        return self._oracle.run(program)


class Oracles:
    """What happens to the programs. Those of `cases` are run ahead, while earlier ones are judged."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._benches = {generation: Bench(generation) for generation in (2, 3)}
        self._ahead = {
            (generation, program.name, program.text): self._benches[generation].submit(program)
            for generation, program in cases
        }

    def run(self, generation: int, program: Program) -> Happened:
        """What the program does under Keras 2 or 3. Skips or fails the running test where that can't be had."""
        key = (generation, program.name, program.text)
        future = self._ahead.pop(key, None) or self._benches[generation].submit(program)
        try:
            return future.result()
        except OracleMissing as error:
            unavailable(str(error))
        except OtherGeneration as error:
            pytest.skip(str(error))

    def close(self) -> None:
        """End both workers."""
        for bench in self._benches.values():
            bench.close()


def unavailable(reason: str) -> NoReturn:
    """Skip the running test, or fail it where TensorFlow is required."""
    if REQUIRED:
        pytest.fail(f"the oracle can't run: {reason}", pytrace=False)
    pytest.skip(f"the oracle can't run: {reason}")


def _start(generation: int) -> Oracle:
    if generation == 2 and importlib.util.find_spec("tf_keras") is None and not _comes_with_keras_2():
        raise OracleMissing("neither Keras 2 nor tf_keras is installed")
    oracle = Oracle(legacy_keras=generation == 2)
    if oracle.generation != generation:
        oracle.close()
        raise OtherGeneration(f"TensorFlow {oracle.tensorflow} comes with Keras {oracle.keras}")
    return oracle


def _comes_with_keras_2() -> bool:
    try:
        major, minor = version("tensorflow").split(".")[:2]
    except PackageNotFoundError:
        return False
    return (int(major), int(minor)) < (2, 16)


@pytest.fixture(scope="session")
def oracles(request: pytest.FixtureRequest) -> Iterator[Oracles]:
    """The oracle, with every program under way that a selected test will ask for."""
    wanted: list[Case] = []
    if "PYTEST_XDIST_WORKER" not in os.environ:  # there, another process may ask for it
        for item in request.session.items:
            params = getattr(getattr(item, "callspec", None), "params", {})
            if "program" in params and params["program"].expected(params["generation"]) is not None:
                wanted.append((params["generation"], params["program"]))
    each = Oracles(wanted)
    yield each
    each.close()
