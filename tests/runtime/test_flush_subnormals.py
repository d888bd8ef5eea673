"""Sessions that compute with zeros in the place of subnormal numbers, and others beside them that do not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.ops.base import Cast, Elementwise, apply
from staticad.ops.catalogue import ALL_OPS
from staticad.runtime.float_state import FLOAT_CONTROL, IEEE, swap_function

FLUSH = {"flush_subnormals": True}

pytestmark = pytest.mark.skipif(FLOAT_CONTROL == 0, reason="the state of this processor is not known")


def control() -> int:
    state = swap_function()(0, IEEE, 0)
    swap_function()(0, state, 0)
    return state & FLOAT_CONTROL


def test_operands_and_results_count_as_zero_and_the_caller_keeps_its_state() -> None:
    x, i = sa.placeholder((4,), name="x"), sa.placeholder((), "int64", name="i")
    looped = sa.fori_loop(0, i + 2, lambda k, c: c * 0.5, x)
    fetches = [x * 0.5, x * 1e300, looped, x[i], sa.flip(x)]
    feeds = {x: np.array([3e-308, -1e-310, 4e-308, 1.0]), i: 1}
    session = sa.compile(fetches, [x, i], options=FLUSH)
    halves, large, quarters, element, flipped = session.run(feeds)
    np.testing.assert_array_equal(halves, [0, 0, 0, 0.5])
    np.testing.assert_allclose(large, [3e-8, 0, 4e-8, 1e300], rtol=1e-15)
    np.testing.assert_array_equal(quarters, [0, 0, 0, 0.125])
    assert element == -1e-310 and flipped[2] == -1e-310  # what is only moved stays
    with pytest.raises(sa.IndexOutOfBounds):
        session.run({**feeds, i: 7})
    assert control() == IEEE
    other = IEEE | 0x2000 if IEEE else 1 << 22  # rounds down, or up
    before = swap_function()(0, other, 0)
    try:
        assert session.run(feeds)[1].tobytes() == large.tobytes()
        assert control() == other
    finally:
        swap_function()(0, before, 0)


def test_the_setting_is_the_default_of_the_option() -> None:
    x = sa.placeholder(())
    half = x * 0.5
    with config.override(flush_subnormals=True):
        assert sa.compile(half)(3e-308) == 0
        assert sa.compile(half, options={"flush_subnormals": False})(3e-308) == 3e-308 * 0.5
        flushing = sa.compile(half)
    assert flushing(3e-308) == 0 and sa.compile(half)(3e-308) == 3e-308 * 0.5


def decaying() -> tuple[list[sa.Tensor], list[sa.Tensor], list[np.ndarray]]:
    """Products, sums and chains over enough numbers to be cut; most of them pass the least normal number."""
    rng = np.random.default_rng(0)
    x, w = sa.placeholder(("n", 64), name="x"), sa.placeholder((64, 64), name="w")
    y = sa.tanh(x @ w) * 0.125
    fetches = [y, *sa.gradients((y * y).sum(), [x, w]), (x * 0.25).sum(axis=0), (x * 0.25).sum(axis=1)]
    scale = 10.0 ** rng.uniform(-309, -306, (4000, 1))
    return fetches, [x, w], [rng.standard_normal((4000, 64)) * scale, rng.standard_normal((64, 64))]


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    fetches, inputs, arrays = decaying()
    found = []
    for threads in (1, 2, 5):
        with config.override(threads=threads):
            found.append([array.tobytes() for array in sa.compile(fetches, inputs, options=FLUSH)(*arrays)])
    assert found[0] == found[1] == found[2]
    assert found[0] != [array.tobytes() for array in sa.compile(fetches, inputs)(*arrays)]
    tiny = np.finfo(np.float64).tiny
    assert all(((array == 0) | (abs(array) >= tiny)).all() for array in map(np.frombuffer, found[0]))


def test_workers_serve_sessions_of_both_kinds() -> None:
    fetches, inputs, arrays = decaying()
    with config.override(threads=3):
        sessions = [sa.compile(fetches, inputs, options={"flush_subnormals": flush}) for flush in (False, True)]
        expected = [[array.tobytes() for array in session(*arrays)] for session in sessions]
        wrong: list[int] = []

        def call(first: int) -> None:
            for turn in range(first, first + 20):
                found = [array.tobytes() for array in sessions[turn % 2](*arrays)]
                if found != expected[turn % 2]:
                    wrong.append(turn)

        threads = [threading.Thread(target=call, args=(first,)) for first in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong and expected[0] != expected[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_normal_numbers_are_the_same(dtype: str) -> None:
    """But for results that are subnormal, remainders by divisors near the least normal number, and what is made from
    a density that is subnormal."""
    limits, rng = np.finfo(dtype), np.random.default_rng(0)
    least, most = float(limits.tiny), float(limits.max)
    draw: list[Callable[[], np.ndarray]] = [
        lambda: rng.choice([-1, 1], 500) * np.exp2(rng.uniform(np.log2(least), np.log2(most), 500)),
        lambda: rng.uniform(-30, 30, 500),
        lambda: rng.uniform(np.log(least), np.log(most), 500),
    ]
    values = [np.concatenate([first(), second()]) for first in draw for second in draw]
    arrays = [np.concatenate(values), np.concatenate(values[::-1])]
    arrays = [np.where(abs(a) < least, 0, a).astype(dtype) for a in arrays]
    inputs = [sa.placeholder((None,), dtype, name=name) for name in "xy"]
    x, y = inputs[0], sa.broadcast_to(inputs[1], inputs[0].shape)
    made: dict[str, sa.Tensor] = {}
    for op in ALL_OPS:
        if isinstance(op, Elementwise) and not isinstance(op, Cast) and op.arity <= 2:
            with suppress(sa.DTypeError):  # those of integers
                made[op.name] = apply(op, *[x, y][: op.arity])
    made = {name: tensor for name, tensor in made.items() if tensor.dtype == dtype}
    assert len(made) > 30
    plain, flushed = (sa.compile(made, inputs, options=options)(*arrays) for options in (None, FLUSH))
    near = abs(arrays[1]) < 1000 * least
    for name, found in flushed.items():
        same = (found == plain[name]) | np.isnan(found) & np.isnan(plain[name])
        same |= (abs(plain[name]) < least) & (found == 0)
        same |= near & (name in ("fmod", "remainder"))
        same |= np.array(name.startswith("log_gamma_slope")) & (arrays[1] > -np.log(least))
        assert same.all(), (name, arrays[0][~same][:3], arrays[1][~same][:3], found[~same][:3], plain[name][~same][:3])
