"""Locks: shared or exclusive; waiting ends when the holder lets go, and whoever has waited longest comes first."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from staticad.codegen.loader import kernel_address
from staticad.runtime.layout import LockWords
from staticad.runtime.locks import Lock, back_off, patiently
from staticad.runtime.machine import CODES, ArraySpec, Program, Step
from staticad.runtime.machine_source import CLAIM_NANOSECONDS

ROOT = Path(__file__).resolve().parents[2]

HOLD = """\
def kernel(args, lo, hi):
    flags = peek(address_of(args), 0)
    atomic_add(flags, 0, 1)
    while atomic_load(flags, 1) == 0:
        pause()
"""


def holder(flags: np.ndarray, *locks: tuple[Lock, bool]) -> Program:
    """A run that counts itself in flags[0] and lasts until flags[1] is set."""
    return Program(
        feeds=[],
        outs=[],
        arguments=[flags.ctypes.data],
        patches=[],
        compute=[Step(kernel_address(HOLD), 0, 1)],
        locks=locks,
        keep_alive=[flags],
    )


def wait_until(flags: np.ndarray, count: int) -> None:
    attempt = 0
    while flags[0] < count:
        attempt += 1
        assert attempt < 100_000
        back_off(attempt)


@contextmanager
def held(lock: Lock, holders: int = -1) -> Iterator[None]:
    """As if a run of another thread held the lock: alone, or so many readers."""
    lock._words[LockWords.HOLDERS] = holders
    try:
        yield
    finally:
        lock._words[LockWords.HOLDERS] = 0


def using(*locks: tuple[Lock, bool]) -> Program:
    """A program that does nothing with these locks."""
    return Program(feeds=[], outs=[], arguments=[], patches=[], compute=[], locks=locks)


def test_readers_share_and_keep_writers_out() -> None:
    lock, flags = Lock(), np.zeros(2, np.int64)
    readers = [holder(flags, (lock, False)) for _ in range(2)]
    writer = holder(flags, (lock, True))
    threads = [threading.Thread(target=reader.run, args=((),)) for reader in readers]
    for thread in threads:
        thread.start()
    wait_until(flags, 2)  # both are inside
    assert writer.run(()) == CODES.BUSY
    waiter = threading.Thread(target=patiently, args=(using((lock, True)).run, ()))
    waiter.start()
    waiter.join(0.01)
    assert waiter.is_alive()
    flags[1] = 1
    for thread in threads:
        thread.join()
    waiter.join(60)
    assert writer.run(()) == ()


def test_a_writer_keeps_readers_out() -> None:
    lock, flags = Lock(), np.zeros(2, np.int64)
    thread = threading.Thread(target=holder(flags, (lock, True)).run, args=((),))
    thread.start()
    wait_until(flags, 1)
    reader = holder(flags, (Lock(), True), (lock, False))
    assert reader.run(()) == CODES.BUSY
    flags[1] = 1
    thread.join()
    assert reader.run(()) == ()


def test_a_waiting_writer_comes_before_new_readers() -> None:
    lock = Lock()
    reader, writer = using((lock, False)).run, using((lock, True)).run
    with held(lock, 1):
        assert reader(()) == ()
        assert writer((), None, 7) == CODES.BUSY
        assert reader(()) == CODES.BUSY and reader((), None, 8) == CODES.BUSY
        assert reader((), None, 6) == ()  # it has waited for longer
    assert reader(()) == CODES.BUSY and writer(()) == CODES.BUSY
    assert writer((), None, 7) == ()
    assert reader(()) == ()


def test_the_one_who_has_waited_longest_comes_first() -> None:
    lock = Lock()
    run = using((lock, True)).run
    with held(lock):
        assert [run((), None, ticket) for ticket in (5, 3, 4)] == [CODES.BUSY] * 3
    assert run((), None, 5) == run((), None, 4) == run(()) == CODES.BUSY
    assert run((), None, 3) == ()
    assert run(()) == ()


def test_waiting_readers_do_not_keep_each_other_out() -> None:
    lock = Lock()
    reader, writer = using((lock, False)).run, using((lock, True)).run
    with held(lock):
        assert reader((), None, 3) == CODES.BUSY
    assert reader((), None, 9) == () and reader(()) == ()
    assert writer(()) == CODES.BUSY
    assert reader((), None, 3) == ()
    assert writer(()) == ()


def test_who_waits_for_one_lock_claims_all_that_it_needs() -> None:
    one, two = Lock(), Lock()
    both, other = using((one, True), (two, True)).run, using((two, True)).run
    with held(one):
        assert both((), None, 3) == CODES.BUSY
        assert other(()) == CODES.BUSY
    assert both((), None, 3) == ()
    assert other(()) == ()


def test_a_claim_that_is_not_renewed_ends() -> None:
    lock = Lock()
    run = using((lock, True)).run
    with held(lock):
        assert run((), None, 3) == CODES.BUSY
    assert run(()) == CODES.BUSY
    lock._words[LockWords.UNTIL] -= CLAIM_NANOSECONDS
    assert run(()) == ()


def test_results_given_with_a_ticket() -> None:
    program = Program(feeds=[], outs=[ArraySpec(np.dtype("f8"), ())], arguments=[], patches=[], compute=[], locks=[])
    outs = (np.zeros(()),)
    assert program.run((), outs, 1) is outs
    assert program.run((), None, 1)[0].shape == ()
    assert program.run((), (), 1) == CODES.COUNT


def test_a_child_process_finds_its_locks_free() -> None:
    code = """
import os
from staticad.runtime.locks import Lock
from staticad.runtime.machine import Program
lock = Lock()
run = Program(feeds=[], outs=[], arguments=[], patches=[], compute=[], locks=[(lock, True)]).run
lock._words[:2] = -1, 1  # as if another thread held it, and one waited
assert type(run(())) is int
child = os.fork()
if child == 0:
    os._exit(int(run(()) != ()))
assert os.waitpid(child, 0)[1] == 0
assert type(run(())) is int
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
