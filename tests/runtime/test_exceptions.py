"""An exception at any instruction, as a handler of a signal or another thread may raise it, leaves no lock held and
nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.runtime.layout import LockWords

ROOT = Path(__file__).resolve().parents[2]
SIZE = 1000


class Strike(Exception):
    """Raised out of the blue."""


def struck(act: Callable[[], object], at: int) -> int | None:
    """Raise at the instruction of that number. None if it came to that, else how many there were."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        if event == "opcode":
            count += 1
            if count == at:
                raise Strike
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        copy_context().run(act)  # what np.errstate leaves behind, struck as it ends, stays in there
    except Strike:
        return None
    finally:
        sys.settrace(before)
    return count


def everywhere(act: Callable[[], object], check: Callable[[], None], points: int = 80) -> None:
    """Raise at instructions all over the call, at most so many, and check after each."""
    act()
    total = struck(act, -1)
    assert total is not None
    for at in range(1, total, max(1, total // points)):
        struck(act, at)
        check()


def whole(*variables: sa.Variable) -> Callable[[], None]:
    """Checks that all elements of all variables are the same, and that other threads can read them."""

    def read(found: list[float]) -> None:
        for variable in variables:
            assert variable._lock._words[LockWords.HOLDERS] == 0
            found += np.unique(variable.value).tolist()

    def check() -> None:
        found: list[float] = []
        thread = threading.Thread(target=read, args=(found,))
        thread.start()
        thread.join(60)
        assert not thread.is_alive() and len(set(found)) == 1

    return check


def test_reading_and_assigning() -> None:
    w = sa.variable(np.zeros(SIZE))
    number = iter(range(1, 100_000))
    everywhere(lambda: w.value, whole(w))
    everywhere(lambda: w.assign(np.full(SIZE, float(next(number)))), whole(w))
    everywhere(lambda: w.assign([next(number)] * SIZE), whole(w))


def test_making_variables() -> None:
    made: list[sa.Variable] = []

    def make() -> None:
        made[:] = [sa.variable(np.ones(3))]
        assert made[0].value.tolist() == [1, 1, 1]

    everywhere(make, lambda: whole(*made)())


def test_runs_that_update() -> None:
    x = sa.placeholder((None,), name="x")
    w, v = sa.variable(np.zeros(SIZE)), sa.variable(np.zeros(SIZE))
    session = sa.compile([w.sum(), x * 2.0], [x], updates={w: w + 1.0, v: v + 1.0})
    sizes = iter(range(1, 100_000))
    everywhere(lambda: session(np.ones(3)), whole(w, v))
    everywhere(lambda: session(np.ones(1 + next(sizes) % 40)), whole(w, v))
    everywhere(lambda: session.run({x: [1, 2]}, out=[np.empty(()), np.empty(2)]), whole(w, v))


def test_profiles() -> None:
    w, v = sa.variable(np.zeros(SIZE)), sa.variable(np.zeros(SIZE))
    session = sa.compile(w.sum(), updates={w: w + 1.0, v: v + 1.0})

    def check() -> None:
        whole(w, v)()
        assert w.value[0] == 0

    everywhere(lambda: session.profile(repeat=2), check, 60)


def test_a_profile_leaves_updates_of_others_alone() -> None:
    w = sa.variable(np.zeros(SIZE))
    session, other = sa.compile(w.sum(), updates={w: w + 1.0}), sa.compile([], updates={w: w + 1000.0})
    session.profile(repeat=1)
    stop, count = threading.Event(), [0]

    def work() -> None:
        while not stop.is_set():
            other()
            count[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(20):
        session.profile(repeat=3)
    stop.set()
    thread.join()
    assert count[0] and w.value.tolist() == [1000.0 * count[0]] * SIZE


SIGNALS = """
import faulthandler, signal, sys, threading
faulthandler.dump_traceback_later(90, exit=True)
import numpy as np
import staticad as sa

class Alarm(Exception):
    pass

def handler(number, frame):
    if armed:
        raise Alarm

armed = False
signal.signal(signal.SIGALRM, handler)
w = None
hits = 0
x = sa.placeholder((None,))

def twice(a):
    return 2.0 * a

for k in range(60):
    signal.setitimer(signal.ITIMER_REAL, 0.0002 * (1 + k % 20), 0.02)
    armed = True
    try:
        w = sa.variable(np.full(100, 1.0))
        w.assign(np.full(100, w.value.sum()))
        sa.compile(sa.sin(x) + float(k), [x], updates={w: w + 1.0})(np.ones(k))
        sa.custom_op(twice)(x)
        while True:
            w.assign(w.value + 1.0)
    except Alarm:
        hits += 1
    armed = False
signal.setitimer(signal.ITIMER_REAL, 0)

def finish():
    w.assign(np.full(100, 3.0))
    assert w.value.sum() == 300.0
    assert sa.compile(sa.cos(sa.custom_op(twice)(x)) * 2.5, [x])(np.zeros(2)).tolist() == [2.5, 2.5]
    print("done", hits)

thread = threading.Thread(target=finish, daemon=True)
thread.start()
thread.join(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no alarms")
def test_alarms_from_the_first_variable_on(tmp_path: Path) -> None:
    """The first ones come while the package and Numba are imported, others while kernels are compiled."""
    command, environment = [sys.executable, "-c", SIGNALS], os.environ | {"STATICAD_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "done 60\n"), done.stderr
