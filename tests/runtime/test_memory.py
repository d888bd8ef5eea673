"""Aligned memory starts on a cache line, for every size; runs that need more than there is end in a typed error."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.errors import OutOfMemory
from staticad.runtime import memory
from staticad.runtime.memory import ALIGNMENT, aligned_bytes, aligned_words


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 100_000])
def test_alignment(size: int) -> None:
    block = aligned_bytes(size)
    assert block.shape == (size,) and block.dtype == np.uint8
    assert size == 0 or block.ctypes.data % ALIGNMENT == 0
    block[:] = 1
    words = aligned_words(size)
    assert words.shape == (size,) and words.dtype == np.int64 and not words.any()
    assert size == 0 or words.ctypes.data % ALIGNMENT == 0


def test_too_much_memory_is_a_typed_error() -> None:
    with pytest.raises(OutOfMemory, match="cannot allocate"):
        aligned_bytes(1 << 50)


def test_a_promise_that_the_system_can_not_keep_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: memory.LARGE + 5)
    assert aligned_bytes(1 << 20).size == 1 << 20
    with pytest.raises(OutOfMemory, match=f"{memory.LARGE + 6:,} bytes .*; {memory.LARGE + 5:,} bytes are available"):
        aligned_bytes(memory.LARGE + 6)


X = sa.placeholder((None,), name="x")
RUNS = sa.variable(0.0, name="runs")
N = X.shape[0]


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (sa.broadcast_to(X.sum(), (N * 2**40,)) * 2.0, "8,796,093,022,208 of them for result 1 made at .*available"),
        (sa.broadcast_to(X.sum(), (N * 2**62, 8)) * 2.0, "295,147,905,179,352,825,856 bytes for result 1"),
        (
            sa.exp(sa.broadcast_to(X.sum(), (N * 2**40, 2))).T.reshape((-1,))[::-1].max(),
            "the temporaries of a run, .* a temporary made at",
        ),
        (sa.exp(sa.broadcast_to(X.sum(), (N * 2**60, 2))).T.reshape((-1,))[::-1].max(), "the temporaries"),
    ],
    ids=["result", "result without addresses", "temporaries", "temporaries without addresses"],
)
def test_runs_that_need_too_much(y: sa.Tensor, text: str) -> None:
    session = sa.compile([X.sum(), y], [X], updates={RUNS: RUNS + 1.0})
    before = RUNS.value
    for _ in range(2):
        with pytest.raises(sa.OutOfMemory, match=text) as caught:
            session(np.ones(1))
        assert isinstance(caught.value, MemoryError) and __file__ in str(caught.value)
        with pytest.raises(sa.OutOfMemory, match=text):
            session.run({X: np.ones(1)})
    np.testing.assert_array_equal(RUNS.value, before)
    if "max" not in y.op.name:
        assert session(np.ones(0))[1].size == 0
        assert RUNS.value == before + 1


def test_sizes_that_are_known_fail_when_compiled() -> None:
    with pytest.raises(sa.OutOfMemory, match="no computer has that many"):
        sa.compile(sa.zeros((2**60, 4)))
    session = sa.compile(sa.zeros((2**40,)))
    with pytest.raises(sa.OutOfMemory, match="cannot allocate 8,796,093,022,208 bytes for the results .*made at"):
        session()
