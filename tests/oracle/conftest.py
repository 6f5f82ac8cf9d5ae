"""One oracle for all oracle tests: worker processes for each generation of Keras, which run side by side."""

from __future__ import annotations

import importlib.util
import os
import threading
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
    """Runs programs under one generation of Keras, in workers that take them in the order in which they are given."""

    def __init__(self, generation: int, workers: int) -> None:
        self._generation = generation
        self._started: list[Oracle] = []
        self._mine = threading.local()
        """What each thread has: its own worker, or why there is none."""
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, program: Program) -> Future[Happened]:
        """What will have happened. Its `result` raises `OracleMissing` or `OtherGeneration`."""
        return self._threads.submit(self._run, program)

    def close(self) -> None:
        """Forget what has not been run, and end the workers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for oracle in self._started:
            oracle.close()

    def _run(self, program: Program) -> Happened:
        mine = vars(self._mine)
        if not mine:
            try:
                mine["oracle"] = _start(self._generation)
                self._started.append(mine["oracle"])
            except (OracleMissing, OtherGeneration) as refusal:
                mine["refusal"] = refusal
        if "refusal" in mine:
            # A new one each time: an exception that is raised again keeps the traceback of every raise.
            raise type(mine["refusal"])(*mine["refusal"].args)
        oracle: Oracle = mine["oracle"]
        return oracle.run(program)


class Oracles:
    """What happens to the programs. Those of `cases` are run ahead, while earlier ones are judged."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._benches = {2: Bench(2, 1), 3: Bench(3, 2)}  # three of four programs are for Keras 3 only
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
        """End all workers."""
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
