"""The work that a file takes grows with its length, not with the square of it.

Calls are counted, not seconds: how many there are does not depend on the machine.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType

import pytest

from tapelint.check import Terms, check
from tapelint.rules import codes

ROOT = Path(__file__).resolve().parents[1]


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("speed", ROOT / "benchmarks" / "speed.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["speed"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _calls(function: Callable[[], object]) -> int:
    """How many functions are called, those in C among them."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("faults", [False, True])
def test_eight_times_the_file_is_at_most_ten_times_the_work(faults: bool) -> None:
    script = _benchmark().script
    terms = Terms(frozenset(codes()), follow=False)

    def work(lines: int) -> tuple[int, int]:
        data = script(lines, faults=faults).encode()
        check("train.py", data, terms)  # imports and tables are read once
        return _calls(lambda: check("train.py", data, terms)), data.count(b"class Trainer")

    (small, few), (large, many) = work(400), work(3200)
    assert many > 7 * few
    assert large / small <= many / few * 1.25
