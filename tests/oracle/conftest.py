"""One TensorFlow for all oracle tests: a worker process that is kept until the other generation of Keras is wanted."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator

import pytest

from tests.oracle.runner import Oracle, OracleMissing

REQUIRED = bool(os.environ.get("CI") or os.environ.get("TAPELINT_REQUIRE_ORACLE"))
"""Whether a test that can't run TensorFlow fails, rather than being skipped."""


class Oracles:
    """The worker of the generation that was asked for last."""

    def __init__(self) -> None:
        self._oracle: Oracle | None = None
        self._asked = 0
        self._missing: dict[int, str] = {}

    def get(self, generation: int) -> Oracle:
        """The worker for Keras 2 or 3. Skips the test where TensorFlow is missing, or fails it if it is required."""
        if generation in self._missing:
            unavailable(self._missing[generation])
        if self._oracle is None or self._asked != generation:
            self.close()
            if generation == 2 and importlib.util.find_spec("tf_keras") is None and not _comes_with_keras_2():
                self._missing[generation] = "tf_keras is not installed"
                unavailable(self._missing[generation])
            try:
                self._oracle, self._asked = Oracle(legacy_keras=generation == 2), generation
            except OracleMissing as error:
                self._missing[generation] = str(error)
                unavailable(self._missing[generation])
        assert self._oracle is not None
        if self._oracle.generation != generation:
            pytest.skip(f"TensorFlow {self._oracle.tensorflow} comes with Keras {self._oracle.keras}")
        return self._oracle

    def close(self) -> None:
        """End the worker."""
        if self._oracle is not None:
            self._oracle.close()
        self._oracle = None


def unavailable(reason: str) -> None:
    """Skip the running test, or fail it where TensorFlow is required."""
    if REQUIRED:
        pytest.fail(f"the oracle can't run: {reason}", pytrace=False)
    pytest.skip(f"the oracle can't run: {reason}")


def _comes_with_keras_2() -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        major, minor = version("tensorflow").split(".")[:2]
    except PackageNotFoundError:
        return False
    return (int(major), int(minor)) < (2, 16)


@pytest.fixture(scope="session")
def oracles() -> Iterator[Oracles]:
    """The oracle, by generation of Keras."""
    each = Oracles()
    yield each
    each.close()
