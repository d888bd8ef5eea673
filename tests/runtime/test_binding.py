"""A plan bound to sizes: argument words, shared memory, what is kept alive, locks and threads."""

from __future__ import annotations

import ctypes
import gc
import weakref

import numpy as np

import staticad as sa
from staticad.codegen.routines import routine_source
from staticad.lower.kernel.routine import gemm
from staticad.runtime.compiled import Compiled, kernel_text
from staticad.runtime.layout import CODES, Status
from tests.runtime.test_locks import held

X = sa.placeholder((None, 3), name="x")


def test_kernel_texts_are_those_of_loops_and_products() -> None:
    x, w = sa.placeholder((None, 9)), sa.placeholder((9, 7))
    session = sa.compile(sa.exp(x @ w), [x, w])
    product, loop = (kernel_text(step) for step in session._plan.steps)
    assert product == routine_source(gemm(np.dtype("float64")))
    assert loop.startswith("def kernel(args, lo, hi):") and "exp(" in loop


def test_a_compiled_plan_owns_copies_of_its_constants() -> None:
    array = np.array([0.1, 0.2, 0.3])
    session = sa.compile(X * sa.constant(array), [X])
    compiled = Compiled(session._plan)
    for (owned,) in (compiled.constants, session._executable.constants):
        assert not np.shares_memory(owned, array) and owned.flags.c_contiguous
        np.testing.assert_array_equal(owned, array)


def test_bindings_know_the_feeds_and_results_of_their_sizes() -> None:
    session = sa.compile([X.sum(axis=0), X.T], [X])
    session(np.ones((4, 3)))
    (binding,) = session._bindings.values()
    assert [spec.shape for spec in binding.feeds] == [(4, 3)]
    assert [spec.shape for spec in binding.outs] == [(3,), (3, 4)]
    assert all(spec.dtype == np.dtype("float64") for spec in binding.outs)
    assert binding.run((np.ones((5, 3)),)) == 1  # feed 0 does not fit
    assert binding.run(()) == CODES.COUNT


def test_bindings_are_kept_and_the_oldest_dropped() -> None:
    session = sa.compile(X + 1.0, [X])
    for rows in range(40):
        session(np.ones((rows, 3)))
    assert len(session._bindings) == 32
    kept = session._bindings[(39,)]
    session(np.ones((8, 3)))
    session(np.ones((39, 3)))
    assert session._bindings[(39,)] is kept
    session(np.ones((0, 3)))
    assert (0,) in session._bindings and (9,) not in session._bindings


def test_the_memory_of_bindings_is_large_enough_for_all_of_them() -> None:
    """Bindings of one session use one arena in turns: it grows, and smaller sizes still work."""
    session = sa.compile(sa.tanh(sa.exp(X) @ sa.exp(X).T).sum(axis=1), [X])
    rng = np.random.default_rng(0)
    for rows in (2, 50, 3, 200, 2, 50):
        x = rng.normal(size=(rows, 3))
        np.testing.assert_allclose(session(x), np.tanh(np.exp(x) @ np.exp(x).T).sum(axis=1), rtol=1e-10)


def test_a_run_keeps_alive_what_it_uses() -> None:
    w = sa.variable(np.arange(3.0))
    session = sa.compile(X * w, [X])
    session(np.ones((2, 3)))
    run, gone = session._run, weakref.ref(session)
    del session, w
    gc.collect()
    assert gone() is None
    np.testing.assert_array_equal(run((np.ones((2, 3)),))[0], [[0, 1, 2]] * 2)


def test_a_busy_session_is_waited_for() -> None:
    w = sa.variable(np.zeros(3))
    session = sa.compile(w * 2.0, updates={w: w + 1.0})
    session()
    with held(w._lock):
        assert session._run(()) == CODES.BUSY
    assert session()[0] == 2


def test_readers_share_a_variable_and_writers_do_not() -> None:
    w = sa.variable(np.ones(3))
    reader, writer = sa.compile(w + 1.0), sa.compile([], updates={w: w + 1.0})
    words = np.ctypeslib.as_array((ctypes.c_int64 * 1).from_address(w._lock.address))
    words[0] = 1  # as if a reader were at work
    assert type(reader._run(())) is tuple
    assert writer._run(()) == CODES.BUSY
    words[0] = 0
    assert type(writer._run(())) is tuple
    np.testing.assert_array_equal(w.value, np.full(3, 2.0))


def test_a_run_returns_the_status_words_of_its_own() -> None:
    index = sa.placeholder((), "int64")
    session = sa.compile(X[index], [X, index])
    session(np.ones((2, 3)), 1)
    failed = [session._run((np.ones((2, 3)), np.array(k))) for k in (9, 7)]
    assert type(session._run((np.ones((2, 3)), np.array(0)))) is tuple
    assert [Status.from_bytes(words).first for words in failed] == [9, 7]
