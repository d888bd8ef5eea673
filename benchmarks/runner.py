"""Measuring: runtimes take turns, A B C A B C …, each in a process of its own, each checked before it is timed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.problems import Arrays, differences
from benchmarks.process import WorkerError, WorkerProcess, WorkerTimeout, import_time
from benchmarks.rows import Row
from benchmarks.runtimes import RUNTIMES, SUBJECT, Problem
from benchmarks.worker import decode
from benchmarks.written import Growing

SETTLE_SECONDS = 0.05
"""A pause before each turn: thread pools of the runtime that ran before spin for a while when they have no work."""

SLOW_SECONDS = 30.0
"""A start that takes longer is measured once, not repeatedly."""


@dataclass(frozen=True)
class Settings:
    repeat: int = 9
    """Rounds of each row."""
    starts: int = 3
    """Rounds of rows that need a fresh process for each measurement."""
    seconds: float = 0.2
    """Length of a turn."""
    timeout: float = 300.0
    """The longest wait for one answer of a process."""


@dataclass(frozen=True)
class Memory:
    """Bytes: by how much a call raised the peak of its process, and what the runtime had planned, if it says so."""

    peak: int
    planned: int | None


@dataclass
class Result:
    """Times in seconds of one row, per runtime in the order of the rounds; None in a round without a measurement.
    A runtime that failed stands in `failures` instead."""

    row: Row
    times: dict[str, list[float | None]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    out_of_time: dict[str, float] = field(default_factory=dict)
    """Runtimes that did not finish, and the time that they were given."""
    cpu: dict[str, list[float | None]] = field(default_factory=dict)
    """Of rows that measure starts: as `times`, of the CPU."""
    memory: dict[str, Memory] = field(default_factory=dict)
    """Of rows that measure memory."""
    growth: list[float] = field(default_factory=list)
    """Of rows that measure growth: the subject's time for each variant of the problem."""


Report = Callable[[str], None]


def check(problem: Problem, texts: list[str], expected: Arrays) -> None:
    """Raises WorkerError when a runtime's results are not those of NumPy."""
    found = differences(decode(texts), expected, problem.tolerance)
    if found:
        raise WorkerError(f"wrong result: {found}")


@contextmanager
def started(runtimes: list[str], cache: Path, settings: Settings) -> Iterator[dict[str, WorkerProcess]]:
    """The processes of all runtimes, each idle until it is asked."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(WorkerProcess(name, cache, settings.timeout)) for name in runtimes}


def measure(row: Row, workers: dict[str, WorkerProcess], settings: Settings, report: Report) -> Result:
    """One row, by whichever way it is measured."""
    workers = {name: worker for name, worker in workers.items() if takes_part(name, row)}
    if row.measure == "call":
        return measure_calls(row, workers, settings, report)
    if row.measure == "memory":
        return measure_memory(row, list(workers), settings, report)
    if isinstance(row.problem, Growing):
        return measure_growth(row, row.problem, workers, settings, report)
    return measure_starts(row, list(workers), settings, report)


def takes_part(runtime: str, row: Row) -> bool:
    """True if the runtime has a program for the row's problem and, where compiling is measured, compiles."""
    if isinstance(row.problem, Growing):
        return runtime == SUBJECT
    known = isinstance(row.problem, RUNTIMES[runtime].problems)
    return known and (row.measure in ("call", "import", "memory") or RUNTIMES[runtime].compiles)


def measure_calls(row: Row, workers: dict[str, WorkerProcess], settings: Settings, report: Report) -> Result:
    """Median time of a call, `settings.repeat` rounds of one turn each."""
    result = Result(row)
    expected = row.single.answer()
    for name, worker in workers.items():
        report(f"{row.name}: prepare {name}")
        with failing(name, result):
            check(row.single, worker.ask(do="prepare", row=row.name)["arrays"], expected)
            worker.ask(do="run", seconds=settings.seconds)  # caches, branch predictors and clocks get warm
            result.times[name] = []
    for i in range(settings.repeat):
        report(f"{row.name}: round {i + 1} of {settings.repeat}")
        for name in list(result.times):
            time.sleep(SETTLE_SECONDS)
            with failing(name, result):
                result.times[name].append(workers[name].ask(do="run", seconds=settings.seconds)["seconds"])
    return result


def measure_growth(
    row: Row, problem: Growing, workers: dict[str, WorkerProcess], settings: Settings, report: Report
) -> Result:
    """The smallest time of a call over the rounds, for each variant of the problem: growth shows in the time that the
    work takes, without what other processes add."""
    result = Result(row)
    for name, worker in workers.items():
        with failing(name, result):
            for number, variant in enumerate(problem.variants):
                report(f"{row.name}: {number + 1} of {len(problem.variants)}")
                answer = worker.ask(do="prepare", row=row.name, variant=number)
                check(variant, answer["arrays"], variant.answer())
                rounds = [worker.ask(do="run", seconds=settings.seconds) for _ in range(settings.repeat)]
                result.growth.append(min(times["seconds"] for times in rounds))
    return result


def measure_memory(row: Row, runtimes: list[str], settings: Settings, report: Report) -> Result:
    """Memory of a first call in a fresh process with filled caches (compiling would leave memory behind that the call
    could use), and the time of the calls after it."""
    result = Result(row)
    expected = row.single.answer()
    with tempfile.TemporaryDirectory() as directory:
        for name in runtimes:
            report(f"{row.name}: {name}")
            with failing(name, result):
                for _ in range(2):
                    with WorkerProcess(name, Path(directory) / name, settings.timeout) as worker:
                        answer = worker.ask(do="memory", row=row.name)
                        check(row.single, answer["arrays"], expected)
                        result.memory[name] = Memory(answer["peak"], answer["planned"])
                        result.times[name] = [worker.ask(do="run", seconds=settings.seconds)["seconds"]]
    return result


def measure_starts(row: Row, runtimes: list[str], settings: Settings, report: Report) -> Result:
    """Time to the first result (or of the import) in fresh processes, `settings.starts` rounds."""
    result = Result(row)
    expected = row.single.answer()
    with tempfile.TemporaryDirectory() as directory:
        result.times = {name: [] for name in runtimes}
        result.cpu = {name: [] for name in runtimes}
        if row.measure != "cold":
            for name in runtimes:  # fills the caches; Python's own bytecode files too
                report(f"{row.name}: fill the cache of {name}")
                with failing(name, result):
                    start(row, name, Path(directory) / name, expected, settings)
        for i in range(settings.starts):
            for name in list(result.times):
                times, cpu = result.times[name], result.cpu[name]
                if times and max(t or 0.0 for t in times) > SLOW_SECONDS:
                    times.append(None)
                    cpu.append(None)
                    continue
                report(f"{row.name}: round {i + 1} of {settings.starts}, {name}")
                cache = Path(directory) / (f"{name}-{i}" if row.measure == "cold" else name)
                with failing(name, result):
                    seconds, worked = start(row, name, cache, expected, settings)
                    times.append(seconds)
                    cpu.append(worked)
    return result


def start(row: Row, runtime: str, cache: Path, expected: Arrays, settings: Settings) -> tuple[float, float]:
    """One measurement in a fresh process: seconds, and those of the CPU."""
    if row.measure == "import":
        return import_time(runtime, cache, settings.timeout)
    with WorkerProcess(runtime, cache, settings.timeout) as worker:
        answer = worker.ask(do="first", row=row.name)
        check(row.single, answer["arrays"], expected)
        if row.measure == "start":
            return answer["at"] - worker.began, answer["total"]
        return answer["seconds"], answer["cpu"]


@contextmanager
def failing(name: str, result: Result) -> Iterator[None]:
    """A runtime that fails leaves the row, with its reason; the others go on."""
    try:
        yield
    except WorkerTimeout as error:
        result.times.pop(name, None)
        result.out_of_time[name] = error.seconds
    except WorkerError as error:
        result.times.pop(name, None)
        result.failures[name] = str(error)
