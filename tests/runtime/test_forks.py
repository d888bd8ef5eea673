"""Forks while other threads run, and the end of a process whose daemon threads run on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
import faulthandler, os, signal, threading, time, warnings
faulthandler.dump_traceback_later(80, exit=True)
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
import numpy as np

def in_child(act):
    # True if it returns true in a child, within 20 seconds.
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if act() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def finish(code: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 and done.stdout == "done\n" and not done.stderr, done.stdout + done.stderr


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")


def test_a_fork_waits_for_the_steps_that_change_variables() -> None:
    """The first of two such steps ends only after the fork has begun."""
    finish("""
from staticad.codegen.loader import kernel_address
from staticad.runtime.locks import Lock
from staticad.runtime.machine import Program, Step

WAIT = '''\\
def kernel(args, lo, hi):
    flags = peek(address_of(args), 0)
    atomic_store(flags, 0, 1)
    while atomic_load(flags, 1) == 0:
        pause()
'''
MARK = '''\\
def kernel(args, lo, hi):
    atomic_store(peek(address_of(args), 0), 2, 1)
'''
flags = np.zeros(3, np.int64)
address = flags.ctypes.data
steps = [Step(kernel_address(WAIT), 0, 1), Step(kernel_address(MARK), 0, 1)]
program = Program(feeds=[], outs=[], arguments=[address], patches=[], compute=[], commit=steps, locks=[(Lock(), True)])
thread = threading.Thread(target=program.run, args=((),))
thread.start()
while flags[0] == 0:
    time.sleep(0.001)
threading.Timer(0.1, flags.__setitem__, (1, 1)).start()
assert in_child(lambda: flags.tolist() == [1, 1, 1])
thread.join()
print("done")
""")


def test_children_have_all_old_or_all_new_values() -> None:
    """Forks take a while after they have shut the entrance, for what was registered before comes after it."""
    finish("""
os.register_at_fork(before=lambda: time.sleep(0.01))
import staticad as sa

w, v = (sa.variable(np.zeros(300_000)) for _ in range(2))
step = sa.compile([], updates={w: w + 1.0, v: v + 1.0})
read = sa.compile([w, v])
step()
stop = threading.Event()

def work():
    while not stop.is_set():
        step()

def whole():
    values = {*np.unique(w.value), *np.unique(v.value), *np.unique(read()[0])}
    step()
    return len(values) == 1 and np.unique(w.value) == values.pop() + 1.0

threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
found = [in_child(whole) for _ in range(25)]
stop.set()
for thread in threads:
    thread.join()
assert all(found), found
assert np.unique(w.value) == np.unique(v.value)
print("done")
""")


def test_a_fork_that_waits_for_a_lock_does_not_wait_for_ever() -> None:
    """The thread that holds the lock waits for the fork, and gives up first."""
    finish("""
lock, held, begun = threading.Lock(), threading.Event(), threading.Event()

def before():
    begun.set()
    with lock:
        pass

os.register_at_fork(before=before)
import staticad as sa

w = sa.variable(np.zeros(100_000))
step = sa.compile([], updates={w: w + 1.0})

def work():
    with lock:
        held.set()
        begun.wait()
        step()

thread = threading.Thread(target=work)
thread.start()
held.wait()
assert in_child(lambda: True)
thread.join()
assert np.unique(w.value) == 1.0
print("done")
""")


def test_forks_while_records_grow() -> None:
    finish("""
import staticad as sa
x, n = sa.placeholder((None,)), sa.placeholder(())
y = sa.while_loop(lambda s: s[0] < n, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), x)
session = sa.compile(sa.gradients(y.sum(), [x]), [x, n])
stop = threading.Event()

def work():
    size = 1
    while not stop.is_set():
        size = 1 + size % 30  # a binding of each size, whose records grow from nothing
        session(np.zeros(size), 3000.0)
        session._bindings.clear()

def differentiates():
    return all(session(np.zeros(size), 3000.0)[0].tolist() == [1.0] * size for size in range(1, 31))

session(np.zeros(1), 1.0)
thread = threading.Thread(target=work)
thread.start()
found = [in_child(differentiates) for _ in range(15)]
stop.set()
thread.join()
assert all(found), found
print("done")
""")


def test_forks_while_another_thread_compiles() -> None:
    finish(
        """
import staticad as sa
x = sa.placeholder((None,))
stop = threading.Event()

def compiles(number):
    return sa.compile(sa.sin(x) * number, [x])(np.ones(2))[0] == np.sin(1.0) * number

assert compiles(2.0)

def work():
    number = 3.0
    while not stop.is_set():
        number += 1.0
        compiles(number)

thread = threading.Thread(target=work)
thread.start()
found = []
for number in range(5):
    time.sleep(0.05 * number)
    found.append(in_child(lambda: compiles(0.5)))
stop.set()
thread.join()
assert all(found), found
print("done")
""",
        STATICAD_CACHE="0",
    )


@pytest.mark.parametrize("seconds", [0.2, 0.23, 0.26])
def test_the_end_of_a_process_whose_daemon_threads_run(seconds: float) -> None:
    finish(f"""
import staticad as sa
x, n = sa.placeholder((None,)), sa.placeholder(())
y = sa.while_loop(lambda s: s[0] < n, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), x)
gradient = sa.compile(sa.gradients(y.sum(), [x]), [x, n])
m, w = sa.placeholder((100, 100)), sa.variable(np.zeros((100, 100)))
update = sa.compile([], [m], updates={{w: sa.fori_loop(0, 100, lambda i, a: sa.tanh(a @ a), m)}})

def differentiate():
    while True:
        gradient(np.zeros(4), 50_000.0)

def multiply():
    feed = np.ones((100, 100))
    while True:
        update(feed)

for work in (differentiate, differentiate, multiply):
    threading.Thread(target=work, daemon=True).start()
time.sleep({seconds})
faulthandler.cancel_dump_traceback_later()
print("done", flush=True)
""")


def test_the_end_of_a_process_that_still_compiles() -> None:
    finish(
        """
import staticad as sa

class Alarm(Exception):
    pass

def handler(number, frame):
    raise Alarm

signal.signal(signal.SIGALRM, handler)
x = sa.placeholder((None,))
assert sa.compile(sa.sin(x), [x])(np.zeros(2)).tolist() == [0, 0]
signal.setitimer(signal.ITIMER_REAL, 0.03)
try:
    sa.compile([sa.exp(x[::-1]) * float(k) for k in range(100)], [x])
    sa.compile([sa.cos(x * k) / sa.sin(x + k) for k in range(50)], [x], options={"optimize": False})
except Alarm:
    print("done", flush=True)
""",
        STATICAD_CACHE="0",
    )
