"""Locks: exclusive in Python, shared or exclusive in runs; waiting ends when the holder lets go."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from staticad.codegen.loader import kernel_address
from staticad.runtime.locks import Lock, back_off
from staticad.runtime.machine import CODES, Program, Step

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


def test_exclusive_excludes() -> None:
    lock = Lock()
    inside = []

    def work() -> None:
        for _ in range(200):
            with lock.exclusive():
                inside.append(1)
                assert len(inside) == 1
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not inside


def test_exclusive_ends_with_an_error() -> None:
    lock = Lock()
    with pytest.raises(KeyError), lock.exclusive():
        raise KeyError
    with lock.exclusive():
        pass


def test_readers_share_and_keep_writers_out() -> None:
    lock, flags = Lock(), np.zeros(2, np.int64)
    readers = [holder(flags, (lock, False)) for _ in range(2)]
    writer = holder(flags, (lock, True))
    threads = [threading.Thread(target=reader.run, args=((),)) for reader in readers]
    for thread in threads:
        thread.start()
    wait_until(flags, 2)  # both are inside
    assert writer.run(()) == CODES.BUSY
    entered = threading.Event()

    def write() -> None:
        with lock.exclusive():
            entered.set()

    waiter = threading.Thread(target=write)
    waiter.start()
    assert not entered.wait(0.01)
    flags[1] = 1
    for thread in threads:
        thread.join()
    waiter.join()
    assert entered.is_set()
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


def test_a_child_process_finds_its_locks_free() -> None:
    code = """
import os
from staticad.runtime.locks import Lock
lock = Lock()
with lock.exclusive():
    child = os.fork()
    if child == 0:
        with lock.exclusive():
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)
