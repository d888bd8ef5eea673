"""BLAS uses one thread during runs and its own number after them."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest

from staticad.codegen.blas import gemm_cut
from staticad.codegen.library import function_address
from staticad.codegen.loader import kernel_address
from staticad.codegen.routines import routine_source
from staticad.lower.fusion.operands import bits
from staticad.lower.kernel.routine import Gemm, gemm
from staticad.runtime.blas_threads import _reset, blas_threads
from staticad.runtime.layout import BlasThreads
from staticad.runtime.locks import Lock, back_off
from staticad.runtime.machine import ArraySpec, Patch, Program, Step

F4 = np.dtype("float32")

# Asks BLAS how many threads it would use, counts itself as inside, and waits for the flag.
PROBE = """\
def kernel(args, lo, hi):
    words = address_of(args)
    flags = peek(words, 0)
    poke(flags, 2, call(peek(words, 1), 0, 0, 0, 0) & 0xFFFFFFFF)
    atomic_add(flags, 0, 1)
    while atomic_load(flags, 1) == 0:
        pause()
"""


@pytest.fixture
def words() -> np.ndarray:
    shared = blas_threads()
    if shared is None:
        pytest.fail("the BLAS of this NumPy has no thread control; these tests need OpenBLAS")
    return shared


def getter(words: np.ndarray) -> int:
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(int(words[BlasThreads.GET]))())


def setter(words: np.ndarray, count: int) -> None:
    ctypes.CFUNCTYPE(None, ctypes.c_int)(int(words[BlasThreads.SET]))(count)


def probe(words: np.ndarray, flags: np.ndarray, serial: bool = True) -> Program:
    return Program(
        feeds=[],
        outs=[],
        arguments=[flags.ctypes.data, words[BlasThreads.GET]],
        patches=[],
        compute=[Step(kernel_address(PROBE), 0, 1)],
        locks=[],
        serial_blas=serial,
        keep_alive=[flags],
    )


def begin(thread: threading.Thread, flags: np.ndarray) -> None:
    """Start a run of a probe, and wait until it is under way."""
    thread.start()
    attempt = 0
    while flags[0] == 0:
        attempt += 1
        assert attempt < 100_000
        back_off(attempt)


@pytest.mark.parametrize("former", [1, 2])
def test_one_thread_during_a_run(words: np.ndarray, former: int) -> None:
    before = getter(words)
    setter(words, former)
    try:
        for serial, expected in ((True, 1), (False, former)):
            flags = np.array([0, 1, 0])
            assert probe(words, flags, serial).run(()) == ()
            assert flags[2] == expected
            assert getter(words) == former
    finally:
        setter(words, before)


def test_the_last_of_several_runs_restores(words: np.ndarray) -> None:
    before = getter(words)
    setter(words, 2)
    try:
        flags = [np.zeros(3, np.int64) for _ in range(2)]
        threads = [threading.Thread(target=probe(words, each).run, args=((),)) for each in flags]
        for thread, each in zip(threads, flags):
            begin(thread, each)
        assert getter(words) == 1 and words[BlasThreads.RUNS] == 2
        for thread, each, left in zip(threads, flags, (1, 2)):
            each[1] = 1
            thread.join()
            assert getter(words) == left
        assert [each[2] for each in flags] == [1, 1]
    finally:
        setter(words, before)


def test_a_number_that_the_user_sets_meanwhile_stays(words: np.ndarray) -> None:
    before = getter(words)
    setter(words, 2)
    try:
        flags = [np.zeros(3, np.int64) for _ in range(2)]
        threads = [threading.Thread(target=probe(words, each).run, args=((),)) for each in flags]
        for thread, each in zip(threads, flags):
            begin(thread, each)
            assert each[2] == 1 and getter(words) == 1  # also in the run that begins afterwards
            if each is flags[0]:
                setter(words, 3)
        for thread, each in zip(threads, flags):
            each[1] = 1
            thread.join()
        assert getter(words) == 3
        flags[0][:] = 0, 0, 0
        thread = threading.Thread(target=probe(words, flags[0]).run, args=((),))
        thread.start()
        while flags[0][0] == 0:
            pass
        setter(words, 2)
        flags[0][1] = 1
        thread.join()
        assert getter(words) == 2
    finally:
        setter(words, before)


def test_a_child_starts_afresh(words: np.ndarray) -> None:
    before = getter(words)
    words[BlasThreads.RUNS], words[BlasThreads.FORMER] = 1, 2  # as during a run
    setter(words, 1)
    try:
        _reset(words)
        assert words[BlasThreads.RUNS] == 0
        assert getter(words) == 2
    finally:
        words[BlasThreads.RUNS] = 0
        setter(words, before)


@pytest.mark.parametrize("sizes", [(256, 96, 200), (96, 256, 200), (300, 10, 512)])
def test_a_large_product_does_not_depend_on_threads(sizes: tuple[int, int, int], rng: np.random.Generator) -> None:
    m, n, k = sizes
    a, b = rng.normal(size=(m, k)).astype(F4), rng.normal(size=(k, n)).astype(F4)
    cut, extent, grain = gemm_cut(m, n, k, 1)
    assert grain > 0
    slots = [0] * (len(Gemm) + 1)
    slots[Gemm.ROUTINE], slots[-1] = function_address("gemm", F4), cut
    slots[Gemm.M], slots[Gemm.N], slots[Gemm.K] = m, n, k
    slots[Gemm.LEADING_A], slots[Gemm.LEADING_B], slots[Gemm.LEADING_C] = k, n, n
    slots[Gemm.TRANSPOSE_A] = slots[Gemm.TRANSPOSE_B] = ord("N")
    slots[Gemm.ALPHA] = bits(1.0, F4)
    results = []
    for threads in (1, 2, 3):
        program = Program(
            feeds=[ArraySpec(F4, (m, k)), ArraySpec(F4, (k, n))],
            outs=[ArraySpec(F4, (m, n))],
            arguments=slots,
            patches=[Patch(Gemm.A, 0), Patch(Gemm.B, 1), Patch(Gemm.C, 2)],
            compute=[Step(kernel_address(routine_source(gemm(F4))), 0, extent, grain)],
            locks=[(Lock(), True)],
            serial_blas=True,
            threads=threads,
        )
        results += [program.run((a, b))[0] for _ in range(5)]
    np.testing.assert_allclose(results[0], a @ b, rtol=1e-3, atol=1e-3)
    assert all(np.array_equal(results[0], result) for result in results[1:])
