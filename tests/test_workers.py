"""Several processes: every piece is worked on once, whatever becomes of the processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tapelint.workers import spread

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes end in another way there")


def double(piece: int) -> tuple[int, int]:
    if piece == 100:
        os._exit(3)
    if piece == 200:
        raise ValueError("too large")
    return 2 * piece, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_every_piece_is_worked_on_once(size: int, jobs: int) -> None:
    results = dict(spread(range(size), jobs, double))
    assert {number: result and result[0] for number, result in results.items()} == {n: 2 * n for n in range(size)}
    assert os.getpid() not in {result[1] for result in results.values() if result is not None}
    assert not multiprocessing.active_children()


def test_neighbours_go_to_one_process() -> None:
    results = dict(spread(range(40), 2, double))
    owners = [result[1] for _, result in sorted(results.items()) if result is not None]
    changes = sum(one != other for one, other in pairwise(owners))
    assert len(set(owners)) == 2
    assert changes <= 2  # a process begins with its half, and goes on at the end of the other's


@pytest.mark.parametrize("bad", [100, 200])
def test_a_process_that_ends_takes_one_piece_with_it(bad: int, capfd: pytest.CaptureFixture[str]) -> None:
    pieces = [1, bad, 2, 3, bad, 4]
    results = dict(spread(pieces, 2, double))
    assert [results[number] is None for number in range(6)] == [piece == bad for piece in pieces]
    assert capfd.readouterr().err == ""


def test_the_processes_are_gone_when_nobody_wants_more() -> None:
    with closing(spread(range(1000), 2, double)) as results:
        next(results)
        assert len(multiprocessing.active_children()) == 2
    assert not multiprocessing.active_children()


def owner(piece: int) -> int:
    return os.getpid()


def test_the_processes_end_when_the_first_one_is_killed() -> None:
    code = (
        "from tests.test_workers import owner, spread\n"
        "for _, pid in spread(range(10**6), 2, owner): print(pid, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids: set[int] = set()
        while len(pids) < 2:
            pids.add(int(process.stdout.readline()))
        process.kill()
    deadline = time.monotonic() + 20
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody waits for stays as a zombie."""
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
