"""Threads that share sessions and variables, with new sizes, errors, finalizers, signals whose handlers raise, and
shortest turns: every result belongs to its feeds, no update is lost or half made, and nobody waits for ever."""

from __future__ import annotations

import faulthandler
import signal
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from types import FrameType

import numpy as np

import staticad as sa
from tests.harness.turns import often
from tests.runtime.test_races import collecting
from tests.stress.program import Case, Finding

WAIT = 120.0  # seconds after which a thread counts as stuck
ROUNDS = 40  # of each thread in one case
SIZE = 500  # elements of the variables


class Alarm(TimeoutError):
    """Raised by the handler of a signal, wherever the main thread is."""


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether arrays are equal: `np.array_equal` takes an exception of a handler for a difference."""
    return a.shape == b.shape and bool(np.all(a == b))


class Shared:
    """Two variables that are equal before and after every run, and sessions that read and change them."""

    def __init__(self) -> None:
        self.v, self.w = (sa.variable(np.zeros(SIZE), name=name) for name in "vw")
        x, k = sa.placeholder((None,), name="x"), sa.placeholder((None,), "int64", name="k")
        self.echo = sa.compile([x * 2.0, sa.sin(x).sum(), x[::-1] + 1.0], [x])
        self.index = sa.compile(x[k] + 0.0, [x, k])
        self.step = sa.compile([self.v, x + 1.0], [x], updates={self.v: self.v + 1.0, self.w: self.w + 1.0})
        self.other = sa.compile([], updates={self.w: self.w + 1.0, self.v: self.v + 1.0})
        self.read = sa.compile([self.v, self.w])
        y = sa.while_loop(lambda s: s[0] < 40.0, lambda s: s + 1.0, x)
        self.loop = sa.compile([y, *sa.gradients(y.sum(), [x])], [x])


class Worker:
    """What one thread does, drawn in advance; it counts the updates that it has made, and those it may have made."""

    def __init__(self, shared: Shared, rng: np.random.Generator) -> None:
        self.shared, self.checks, self.updates, self.cut = shared, 0, 0, 0
        self.number = float(rng.integers(1, 1000))
        acts = (self.echo, self.echo, self.index, self.update, self.update, self.update_alone, self.reading, self.loop)
        self.acts = [
            (acts[int(a)], int(n)) for a, n in zip(rng.integers(len(acts), size=ROUNDS), rng.integers(1, 200, ROUNDS))
        ]

    def feed(self, size: int) -> np.ndarray:
        self.number += 1.0
        return np.full(size, self.number)

    def expect(self, right: bool, what: str) -> None:
        self.checks += 1
        if not right:
            raise Finding(what, what)

    def echo(self, size: int) -> None:
        x = self.feed(size)
        double, total, back = self.shared.echo(x)
        right = same(double, 2 * x) and np.isclose(total, np.sin(x).sum()) and same(back, x + 1)
        self.expect(right and double.size == size, "a result belongs to other feeds")

    def index(self, size: int) -> None:
        x, place = self.feed(size), size + int(self.number)
        self.expect(same(self.shared.index(x, np.array([0, -1])), x[[0, -1]]), "a wrong element")
        try:
            self.shared.index(x, np.array([0, place]))
        except sa.IndexOutOfBounds as error:
            self.expect(f"index {place} is out of range" in str(error), "an error of another run")
        else:
            raise Finding("an index out of range was taken")

    def update(self, size: int) -> None:
        x = self.feed(size)
        self.cut += 1
        value, more = self.shared.step(x)
        self.cut, self.updates = self.cut - 1, self.updates + 1
        self.expect(bool(np.all(value == value[0])), "a torn value in an update")
        self.expect(same(more, x + 1.0), "a result of an update belongs to other feeds")

    def update_alone(self, size: int) -> None:
        self.cut += 1
        self.shared.other()
        self.cut, self.updates = self.cut - 1, self.updates + 1

    def reading(self, size: int) -> None:
        v, w = self.shared.read()
        self.expect(same(v, w) and bool(np.all(v == v[0])), "a torn pair of values")
        value = self.shared.w.value
        self.expect(bool(np.all(value == value[0])), "a torn value")

    def loop(self, size: int) -> None:
        x = np.arange(float(1 + size % 30))
        y, g = self.shared.loop(x)
        self.expect(same(y, x + 40.0) and same(g, np.ones(x.shape)), "a wrong gradient")

    def work(self) -> None:
        for act, size in self.acts:
            act(size)


class Alarms:
    """Signals that come every so often to the main thread; the handler raises while it is armed."""

    def __init__(self, seconds: float, number: int) -> None:
        self.seconds, self.number, self.armed = seconds, number, False

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise Alarm

    def __enter__(self) -> Alarms:
        self.before = signal.signal(self.number, self.handle)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()
        return self

    def send(self) -> None:
        while not self.stop.wait(self.seconds):
            signal.pthread_kill(threading.main_thread().ident or 0, self.number)

    def __exit__(self, *error: object) -> None:
        self.armed = False
        self.stop.set()
        self.thread.join()
        signal.signal(self.number, self.before)


def interrupted(worker: Worker, alarms: Alarms) -> None:
    """Goes on after every alarm."""
    for act, size in worker.acts:
        try:
            alarms.armed = True
            act(size)
            alarms.armed = False
        except Alarm:
            pass
    alarms.armed = False


def prepare(short: bool) -> Case:
    shared = Shared()

    def case(rng: np.random.Generator) -> int:
        if rng.random() < 0.2:
            shared.__init__()  # sessions that have not run yet
        return check(shared, rng)

    return case


def check(shared: Shared, rng: np.random.Generator) -> int:
    """A few threads at work, and the main thread with what comes between."""
    workers = [Worker(shared, rng) for _ in range(int(rng.integers(2, 7)))]
    before = shared.v.value[0]
    errors: list[BaseException] = []

    def body(worker: Worker) -> None:
        try:
            if alarms and worker is workers[0]:
                interrupted(worker, alarms)
            else:
                worker.work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(worker,), daemon=True) for worker in workers[1:]]
    between = int(rng.integers(4))
    number = signal.SIGINT if rng.random() < 0.5 else signal.SIGALRM
    alarms = Alarms(float(rng.uniform(1e-4, 3e-3)), number) if between >= 2 else None
    act: Callable[[], object] = (lambda: shared.echo(np.ones(3))) if rng.random() < 0.5 else (lambda: time.sleep(1e-5))
    with often(), alarms or nullcontext():
        for thread in threads:
            thread.start()
        with collecting(act) if between == 1 else nullcontext():
            body(workers[0])
        for thread in threads:
            thread.join(WAIT)
            if thread.is_alive():
                faulthandler.dump_traceback()
                raise Finding(f"a thread is stuck (what came between: {between})", "stuck")
    if errors:
        raise errors[0]
    v, w, value = shared.v.value, shared.w.value, shared.read()[0][0]
    made, cut = sum(worker.updates for worker in workers), sum(worker.cut for worker in workers)
    if not (same(v, w) and np.all(v == value) and made <= value - before <= made + cut):
        raise Finding(
            f"{value - before} updates of {made} (and {cut} that were interrupted); {v[:3]} and {w[:3]}", "lost"
        )
    return sum(worker.checks for worker in workers) + 1
