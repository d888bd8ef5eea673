"""Results do not depend on how the thread that calls rounds, and it rounds afterwards as before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import staticad as sa
from staticad.codegen.loader import kernel_address
from staticad.runtime.float_state import FLOAT_CONTROL, IEEE, standard_floats, swap_function
from staticad.runtime.locks import Lock
from staticad.runtime.machine import ArraySpec, Patch, Program, Step

# On ARM flushing is bit 24, rounding up 22; x86 has both ways of flushing, and three of rounding.
STATES = {"x": (0x8000, 0x40, 0x8040, 0x2000, 0x4000, 0x6000), "arm": (1 << 24, 1 << 22)}["x" if IEEE else "arm"]

# Halves of the least normal number are subnormal; every chunk is one call.
HALVE = """\
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    for i in range(lo, hi):
        for k in range(1000):
            store(p1, i, mul(load(p0, i), float64(0.3)))
"""

pytestmark = pytest.mark.skipif(FLOAT_CONTROL == 0, reason="the state of this processor is not known")


def control() -> int:
    """How this thread rounds now."""
    state = swap_function()(0, IEEE, 0)
    swap_function()(0, state, 0)
    return state & FLOAT_CONTROL


@contextmanager
def thread_state(extra: int) -> Iterator[None]:
    before = swap_function()(0, IEEE | extra, 0)
    try:
        yield
        assert control() == IEEE | extra  # whatever has run gave it back
    finally:
        swap_function()(0, before, 0)


@pytest.mark.parametrize("extra", STATES)
def test_chunks_agree_whatever_the_callers_have_set(extra: int) -> None:
    """The first caller is the one who starts the workers, unless they run already."""
    rows = 64
    x = np.full(rows, np.finfo(np.float64).tiny) * np.linspace(0.5, 3, rows)
    program = Program(
        feeds=[ArraySpec(x.dtype, x.shape)],
        outs=[ArraySpec(x.dtype, x.shape)],
        arguments=[0, 0],
        patches=[Patch(0, 0), Patch(1, 1)],
        compute=[Step(kernel_address(HALVE), 0, rows, 1)],
        locks=[(Lock(), True)],
        threads=3,
    )
    expected = (x * 0.3).tobytes()
    results: list[bytes] = []

    def call(state: int) -> None:
        with thread_state(state):
            for _ in range(20):
                while type(found := program.run((x,))) is int:
                    pass  # another one runs
                results.append(found[0].tobytes())

    for order in ((extra,), (0, extra, extra, 0)):
        threads = [threading.Thread(target=call, args=(state,)) for state in order]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 100 and set(results) == {expected}


@pytest.mark.parametrize("extra", STATES)
def test_sessions(extra: int) -> None:
    """Loops, reductions and folded constants, and a run that fails."""
    x, i = sa.placeholder((3,), name="x"), sa.placeholder((), "int64", name="i")
    tiny = sa.constant(np.full(3, 2.5e-308))
    folded = tiny * 0.1 + sa.constant(1 / 3) * 0.1
    looped = sa.fori_loop(0, i + 3, lambda k, c: c * 0.1, x)
    fetches = [x * 0.1, looped, (x / 3).sum(), folded, x[i]]
    feeds = {x: np.array([3e-308, 1 / 3, 7e-310]), i: 1}
    expected = [found.tobytes() for found in sa.compile(fetches, [x, i]).run(feeds)]
    with thread_state(extra):
        session = sa.compile(fetches, [x, i])
        assert [found.tobytes() for found in session.run(feeds)] == expected
        with pytest.raises(sa.IndexOutOfBounds):
            session.run({**feeds, i: 7})
        assert control() == IEEE | extra


@pytest.mark.parametrize("extra", [0, *STATES])
def test_the_standard_state(extra: int) -> None:
    with thread_state(extra):
        with standard_floats():
            assert control() == IEEE
        with pytest.raises(KeyError), standard_floats():
            raise KeyError
