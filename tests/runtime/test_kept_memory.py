"""What a session keeps for the next run: it is bounded, counted, and given back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.runtime import memory

X = sa.placeholder((None,), name="x")
STOP = sa.placeholder((), name="stop")
V = sa.variable(np.arange(3.0), name="v")


def doubled(x: sa.Tensor) -> sa.Tensor:
    """Twice as many elements, exp(x), in a temporary."""
    return sa.exp(sa.broadcast_to(x[:, None], (x.shape[0], 2))).T.reshape((-1,))[::-1]


@pytest.fixture(scope="module")
def gradient() -> sa.Session:
    """Of a loop that makes ``stop`` steps and records every one."""
    y = sa.while_loop(lambda s: s[0] < STOP, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), X)
    return sa.compile(sa.gradients(y.sum(), [X]), [X, STOP])


@pytest.fixture(scope="module")
def buffered() -> sa.Session:
    """With a temporary of as many elements as the feed has, and a result."""
    return sa.compile([doubled(X).sum(), X * 2.0], [X])


def test_all_sizes_record_in_the_same_memory(gradient: sa.Session) -> None:
    gradient.release()
    with config.override(tape_limit=1_000_000):
        kept = []
        for size in range(1, 41):
            gradient(np.zeros(size), 100.0)
            assert gradient._records is not None
            kept.append(gradient._records.kept)
        assert kept == sorted(kept) and 40 * 8 * 100 <= kept[-1] <= 1_000_000
        assert kept[-1] <= 8 * 40 * 8 * 100  # not the sum over all sizes, which is 20 times as much
        with pytest.raises(sa.OutOfMemory):
            gradient(np.zeros(2), np.inf)
        assert gradient._records.kept == 0
        np.testing.assert_array_equal(gradient(np.zeros(2), 5.0)[0], [1.0, 1.0])


def test_records_that_loops_no_longer_use_are_given_back(gradient: sa.Session) -> None:
    steps = 1.2 * memory.LARGE / 8 / 4096
    gradient(np.zeros(4096), steps)
    assert gradient._records is not None and gradient._records.kept > memory.LARGE
    for _ in range(memory.IDLE - 1):
        gradient(np.zeros(4096), 3.0)
    assert gradient._records.kept > memory.LARGE
    for _ in range(2):
        np.testing.assert_array_equal(gradient(np.zeros(4096), 3.0)[0], np.ones(4096))
    assert gradient._records.kept < memory.LARGE // 8


def test_an_arena_that_runs_no_longer_need_is_given_back(buffered: sa.Session) -> None:
    large, small = np.zeros(memory.LARGE // 8), np.zeros(5)
    buffered(large)
    held = weakref.ref(buffered._arena)
    for _ in range(3):
        buffered(small)
    buffered(large)  # the runs before do not count any more
    for k in range(memory.IDLE + 1):
        assert held() is not None
        assert buffered(small if k % 2 else small[1:])[0] == (10 if k % 2 else 8)
    assert held() is None and buffered._arena.size < 10_000
    buffered(large)
    held = weakref.ref(buffered._arena)
    for _ in range(memory.IDLE + 1):
        assert buffered(small)[0] == 10
    assert held() is None and buffered._run is not buffered._countdown


def test_memory_is_given_back_on_request(gradient: sa.Session, buffered: sa.Session) -> None:
    buffered(np.zeros(1000))
    assert buffered.memory({str(X.shape[0]): 1000}) <= buffered.kept
    buffered.release()
    assert buffered.kept < 1000
    assert buffered(np.zeros(1000))[0] == 2000
    sizes = {str(X.shape[0]): 7}
    gradient.release()
    planned = gradient.memory(sizes)
    gradient(np.zeros(7), 1000.0)
    assert gradient.memory(sizes) >= planned + 7000 * 8
    assert gradient.kept >= gradient.memory(sizes)
    gradient.release()
    assert gradient.memory(sizes) == planned


def test_results_are_compared_with_the_available_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every run, together with temporaries that no run has touched yet."""
    s = sa.compile([X * 2.0, doubled(X).sum()], [X], updates={V: V + 1.0})
    x = np.zeros(memory.LARGE // 8)
    before = V.value
    needed = s.memory({str(X.shape[0]): x.size})
    for free in (memory.LARGE - 1, needed + memory.LARGE - 1):
        monkeypatch.setattr(memory, "available_memory", lambda free=free: free)
        for run in (lambda: s(x), lambda: s.run({X: x}), lambda: s.profile({X: x})):
            with pytest.raises(sa.OutOfMemory, match=rf"bytes for .*{__file__}:.*; {free:,} bytes are available"):
                run()
        assert s(x[:3])[1] == 6.0  # the next feeds may fit
    np.testing.assert_array_equal(V.value, before + 2)
    monkeypatch.setattr(memory, "available_memory", lambda: needed + memory.LARGE + 100)
    out = s(x)
    monkeypatch.setattr(memory, "available_memory", lambda: memory.LARGE + 100)
    assert s(x)[1] == 2 * x.size  # what the first run has touched is there
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    s.run({X: x}, out=out)  # allocates nothing


BIG = np.broadcast_to(np.float64(1.0), (2**40,))
WIDE = sa.exp(sa.broadcast_to(X.sum(), (X.shape[0] * 2**40,)))


@pytest.mark.parametrize(
    "call",
    [
        lambda: sa.constant(BIG),
        lambda: sa.variable(BIG),
        lambda: sa.variable(BIG, dtype="float32"),
        lambda: sa.evaluate(WIDE, {X: np.ones(1)}),
        lambda: sa.evaluate(sa.zeros((2**61,))),
    ],
)
def test_python_raises_typed_errors(call: Callable[[], object]) -> None:
    with pytest.raises(sa.OutOfMemory, match=__file__):
        call()


def test_sessions_raise_typed_errors() -> None:
    s = sa.compile([sa.exp(X), WIDE], [X])
    feeds = {X: np.ones(1)}
    for call in (lambda: s.run(feeds), lambda: s.profile(feeds), lambda: s.check(feeds)):
        with pytest.raises(sa.OutOfMemory, match=__file__):
            call()
    with pytest.raises(sa.OutOfMemory, match="8,796,093,022,208 bytes"):
        sa.compile(X + 1.0, [X]).run({X: BIG}, out=np.ones(1))


def test_a_session_that_is_dropped_leaves_nothing() -> None:
    def make() -> list[weakref.ref[object]]:
        y = sa.while_loop(lambda s: s[0] < STOP, lambda s: s + 1.0 + 0.0 * sa.sin(s * s), X)
        s = sa.compile(sa.gradients(y.sum(), [X]), [X, STOP])
        s(np.zeros(3), 5.0)
        binding = next(iter(s._bindings.values()))
        return [weakref.ref(o) for o in (s, binding, s._executable, s._records, s._arena)]

    make()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(3):
        left = make()
        gc.collect()
        assert not any(ref() for ref in left)
    assert len(gc.get_objects()) < before + 50
