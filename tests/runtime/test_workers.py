"""Worker threads: results do not depend on them; several programs, forks and the end of the process are harmless."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from staticad import config
from staticad.codegen.loader import kernel_address
from staticad.errors import CompileError
from staticad.runtime import workers
from staticad.runtime.layout import Pool, Status
from staticad.runtime.locks import Lock
from staticad.runtime.machine import ArraySpec, Patch, Program, Step

ROOT = Path(__file__).resolve().parents[2]
F8 = np.dtype("float64")

# Row sums: one result per row, so that chunks of rows are independent.
ROW_SUMS = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    n = size(args, 2)
    for i in range(lo, hi):
        acc = float64(0.0)
        for k in range(n):
            acc = add_reduce(acc, mul(load(p0, i * n + k), load(p0, i * n + k)))
        store(p1, i, acc)
"""

# Every call of the kernel says which range it was given: ranges[lo] = hi.
RANGES = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, int64, 0, 1)
    store(p0, lo, hi)
"""

CHECK_ROW = """\
def kernel(args, lo, hi):
    status = pointer(args, 0, int64, 0, 1)
    for i in range(lo, hi):
        if i == 700:
            store(status, 0, 1)
            store(status, 1, i)
"""


def row_sums(rows: int, columns: int, grain: int, threads: int | None) -> Program:
    return Program(
        feeds=[ArraySpec(F8, (rows, columns))],
        outs=[ArraySpec(F8, (rows,))],
        arguments=[0, 0, columns],
        patches=[Patch(0, 0), Patch(1, 1)],
        compute=[Step(kernel_address(ROW_SUMS), 0, rows, grain)],
        locks=[(Lock(), True)],
        threads=threads,
    )


def in_process(code: str, **environment: str) -> str:
    """Output of ``code`` in a process of its own, which must end by itself and in good order."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:This process:DeprecationWarning", "-c", code],  # fork + threads
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("grain", [1, 7, 100, 999, 1000, 5000])
def test_results_do_not_depend_on_threads(grain: int, rng: np.random.Generator) -> None:
    x = rng.normal(size=(1000, 33))
    results = [row_sums(1000, 33, grain, threads).run((x,))[0] for threads in (1, 2, 4)]
    np.testing.assert_allclose(results[0], (x * x).sum(1), rtol=1e-13)
    assert all(np.array_equal(results[0], result) for result in results[1:])


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("extent", "grain"), [(10, 3), (9, 3), (3, 3), (2, 3), (0, 3), (10, 0), (1, 1), (100, 1)])
def test_chunks_are_the_same_for_every_number_of_threads(threads: int, extent: int, grain: int) -> None:
    program = Program(
        feeds=[],
        outs=[ArraySpec(np.dtype("int64"), (max(1, extent),))],
        arguments=[0],
        patches=[Patch(0, 0)],
        compute=[Step(kernel_address(RANGES), 0, extent, grain)],
        locks=[],
        threads=threads,
    )
    ranges = (np.full(max(1, extent), -1),)
    program.run((), ranges)
    step = grain if 0 < grain < extent else max(1, extent)
    expected = {lo: min(lo + step, extent) for lo in range(0, max(1, extent), step)}
    assert {lo: hi for lo, hi in enumerate(ranges[0].tolist()) if hi >= 0} == expected


def test_many_runs_lose_no_chunk(rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 5))
    expected = row_sums(64, 5, 4, 1).run((x,))[0]
    program = row_sums(64, 5, 4, 2)
    for _ in range(3000):
        assert np.array_equal(program.run((x,))[0], expected)


def test_workers_are_woken_after_they_fell_asleep(rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 5))
    program = row_sums(64, 5, 4, 2)
    expected = program.run((x,))[0]
    pause = threading.Event()
    for _ in range(20):
        pause.wait(0.002)
        assert workers.pool()[Pool.SLEEPERS] >= 0
        assert np.array_equal(program.run((x,))[0], expected)


def test_a_status_written_by_a_worker_stops_the_commit() -> None:
    marks = np.zeros(1000, np.int64)
    program = Program(
        feeds=[],
        outs=[],
        arguments=[0, marks.ctypes.data],
        patches=[],
        compute=[Step(kernel_address(CHECK_ROW), 0, 1000, 10)],
        commit=[Step(kernel_address(RANGES), 1, 1)],
        locks=[],
        keep_alive=[marks],
        threads=2,
    )
    program.arguments[0] = program.status.ctypes.data
    for _ in range(50):
        assert Status.from_bytes(program.run(())).code == 700
    assert not marks.any()


def test_four_threads_with_programs_of_their_own(rng: np.random.Generator) -> None:
    x = rng.normal(size=(256, 17))
    expected = row_sums(256, 17, 8, 1).run((x,))[0]
    wrong = []

    def work() -> None:
        program = row_sums(256, 17, 8, 2)
        for _ in range(300):
            if not np.array_equal(program.run((x,))[0], expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


SETUP = """
import os, threading, time, numpy as np
from tests.runtime.test_workers import row_sums, workers, Pool
x = np.arange(64 * 5.0).reshape(64, 5)
expected = row_sums(64, 5, 4, 1).run((x,))[0]
program = row_sums(64, 5, 4, 2)
def threads():
    tasks, counts = "/proc/self/task", list(range(5))
    while len(set(counts[-5:])) > 1:  # a thread that has loaded a kernel takes a moment to end
        time.sleep(0.02)
        counts.append(len(os.listdir(tasks)) if os.path.isdir(tasks) else int(workers.pool()[Pool.STARTED]) + 1)
    return counts[-1]
def good():
    return np.array_equal(program.run((x,))[0], expected)
"""

FORK = """
before = threads()
assert good() and threads() == before + 1, threads()
for again in range(3):
    child = os.fork()
    if child == 0:
        ok = threads() == 1 and all(good() for _ in range(100)) and threads() == 2
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if good() else 1)
        os._exit(0 if ok and os.waitpid(grandchild, 0)[1] == 0 else 1)
    assert all(good() for _ in range(100))
    assert os.waitpid(child, 0)[1] == 0
print("good")
"""

FORK_DURING_RUNS = """
stop = []
def busy():
    other = row_sums(64, 5, 4, 2)
    while not stop:
        other.run((x,))
runner = threading.Thread(target=busy)
runner.start()
import time
for again in range(10):
    time.sleep(0.001)
    child = os.fork()
    if child == 0:
        os._exit(0 if all(good() for _ in range(20)) else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.append(1)
runner.join()
print("good")
"""


def test_fork_after_use() -> None:
    assert in_process(SETUP + FORK) == "good"


def test_fork_while_another_thread_runs() -> None:
    assert in_process(SETUP + FORK_DURING_RUNS) == "good"


def test_no_threads_before_they_are_needed() -> None:
    code = """
before = threads()
row_sums(64, 5, 64, 2).run((x,))  # one chunk
row_sums(64, 5, 4, 1).run((x,))  # one thread
assert threads() == before
assert good() and threads() == before + 1
print("good")
"""
    assert in_process(SETUP + code) == "good"


def test_one_thread_starts_none() -> None:
    code = """
from staticad.runtime.machine import Program
before = threads()
assert np.array_equal(row_sums(64, 5, 4, None).run((x,))[0], expected)
assert threads() == before
print("good")
"""
    assert in_process(SETUP + code, STATICAD_THREADS="1") == "good"


@pytest.mark.parametrize(
    "how", ["pass", "import sys; sys.exit(0)", "threading.Thread(target=program.run, args=((x,),)).start()"]
)
def test_the_process_ends_while_workers_spin_or_sleep(how: str) -> None:
    assert in_process(SETUP + f"assert good()\nprint('good')\n{how}") == "good"


def test_threads_follow_the_setting(rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 5))
    with config.override(threads=1):
        serial = row_sums(64, 5, 4, None)
    assert np.array_equal(serial.run((x,))[0], row_sums(64, 5, 4, 2).run((x,))[0])


def test_a_missing_c_function_says_what_to_do() -> None:
    with pytest.raises(CompileError, match="STATICAD_THREADS=1"):
        workers.c_function("no_such_function_anywhere")
