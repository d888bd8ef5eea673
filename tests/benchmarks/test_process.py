"""The line protocol with a runtime's process: answers, errors, deaths and silence."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.problems import differences
from benchmarks.process import ROOT, WorkerError, WorkerProcess, WorkerTimeout, import_time
from benchmarks.rows import ROWS
from benchmarks.worker import decode, encode, median_time

PROBLEMS = {row.name: row.problem for row in ROWS}


def test_a_worker_answers(tmp_path: Path) -> None:
    with WorkerProcess("numpy", tmp_path, timeout=60) as worker:
        assert worker.ask(do="version") == {"version": np.__version__}
        for row in ("neuron", "mlp-32"):
            arrays = decode(worker.ask(do="prepare", row=row)["arrays"])
            assert differences(arrays, PROBLEMS[row].answer(), 0.0) is None
            assert 0 < worker.ask(do="run", seconds=0.01)["seconds"] < 1
        first = worker.ask(do="first", row="chain-1e3")
        assert first["seconds"] > 0
        assert differences(decode(first["arrays"]), PROBLEMS["chain-1e3"].answer(), 0.0) is None


def test_errors_come_back_and_the_worker_lives(tmp_path: Path) -> None:
    with WorkerProcess("numpy", tmp_path, timeout=60) as worker:
        with pytest.raises(WorkerError, match="unknown request"):
            worker.ask(do="dance")
        with pytest.raises(WorkerError, match="prepare comes first"):
            worker.ask(do="run", seconds=0.01)
        assert "version" in worker.ask(do="version")


def test_a_dead_worker_is_an_error(tmp_path: Path) -> None:
    with WorkerProcess("numpy", tmp_path, timeout=60) as worker:
        worker.process.kill()
        worker.process.wait()
        with pytest.raises(WorkerError, match="ended with exit code -9"):
            worker.ask(do="version")


def test_silence_is_a_timeout(tmp_path: Path) -> None:
    with WorkerProcess("numpy", tmp_path, timeout=60) as worker:
        worker.ask(do="prepare", row="neuron")
        worker.timeout = 0.01
        with pytest.raises(WorkerTimeout) as caught:
            worker.ask(do="run", seconds=30)
        assert caught.value.seconds == 0.01
        assert worker.process.poll() is not None


def test_import_time(tmp_path: Path) -> None:
    seconds, cpu = import_time("numpy", tmp_path, 60)
    assert 0 < seconds < 60 and 0 < cpu < 60
    with pytest.raises(WorkerTimeout):
        import_time("numpy", tmp_path, 0.001)


def test_arrays_survive_as_text() -> None:
    arrays = [np.arange(6.0).reshape(2, 3).T, np.asarray(np.nan), np.zeros((0, 2), "int64")]
    for a, b in zip(arrays, decode(encode(arrays)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_median_time_counts_every_call() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1

    assert 0 < median_time(call, 0.005) < 0.001
    assert calls > 10


def test_a_long_call_is_made_once() -> None:
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.002)

    assert median_time(call, 0.001) >= 0.002
    assert calls == 1


PEAKS = """
import numpy as np
from benchmarks.worker import peak_of
print([peak_of(lambda size=size: np.ones(size).sum())[0] for size in (8_000_000, 2_000_000)])
"""


def test_the_peak_of_a_call_is_seen_after_a_larger_one() -> None:
    """In a process of its own: where other tests have run, freed memory is still there, and is used again."""
    done = subprocess.run([sys.executable, "-c", PEAKS], cwd=ROOT, capture_output=True, text=True, check=True)
    larger, smaller = ast.literal_eval(done.stdout)
    assert 60e6 < larger < 80e6 and 14e6 < smaller < 30e6


def test_memory_of_a_recorded_loop(tmp_path: Path) -> None:
    with WorkerProcess("staticad", tmp_path, timeout=60) as worker:
        plain = worker.ask(do="memory", row="memory-scan")
        assert plain["peak"] > 80e6 and plain["planned"] > 80e6
        assert differences(decode(plain["arrays"]), PROBLEMS["memory-scan"].answer(), 1e-10) is None
        assert worker.ask(do="run", seconds=0.001)["seconds"] > 0
        assert worker.ask(do="memory", row="memory-scan-sqrt")["planned"] < plain["planned"] / 20


STRAIGHT, LOOPS = ["neuron", "mlp-32", "chain-1e3"], ["rnn", "ode", "recurrence", "while"]
FORWARD, BACKWARD = ["sweep-forward", "solve-forward"], ["sweep", "solve"]


@pytest.mark.parametrize(
    ("runtime", "rows"),
    [
        ("staticad", [*STRAIGHT, *LOOPS, *FORWARD, *BACKWARD, "memory-scan-sqrt", "memory-while-sqrt"]),
        ("numpy", STRAIGHT + LOOPS + FORWARD + BACKWARD),
        ("numba", LOOPS[1:] + FORWARD),
        pytest.param("jax", [*STRAIGHT, *LOOPS, *FORWARD, "solve", "memory-scan-log"], marks=pytest.mark.extras("jax")),
        pytest.param("pytensor", STRAIGHT + LOOPS[1:] + FORWARD, marks=pytest.mark.extras("pytensor")),
        pytest.param("torch", [*STRAIGHT, *LOOPS[:2], "solve-forward", "solve"], marks=pytest.mark.extras("torch")),
    ],
)
def test_runtimes_agree_with_numpy(runtime: str, rows: list[str], tmp_path: Path) -> None:
    with WorkerProcess(runtime, tmp_path, timeout=300) as worker:
        for row in rows:
            found = decode(worker.ask(do="prepare", row=row)["arrays"])
            assert differences(found, PROBLEMS[row].answer(), PROBLEMS[row].tolerance) is None, row
