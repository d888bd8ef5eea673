"""Every op that takes complex operands has a form for them."""

from __future__ import annotations

import numpy as np

import staticad as sa
from staticad.ops.barrier import Barrier
from staticad.ops.base import Assemble, Movement, Reshape
from staticad.ops.catalogue import ALL_OPS
from staticad.ops.contract import Contract
from staticad.ops.indexing import Gather, Scatter
from staticad.pairs.pair import Pair, is_zero, pair
from staticad.pairs.rules import has_rule

ANY_DTYPE = (Assemble, Barrier, Contract, Gather, Movement, Reshape, Scatter)


def test_ops_that_take_complex_operands_have_a_rule() -> None:
    for op in ALL_OPS:
        takes = "c" in getattr(op, "operands", "") or isinstance(op, ANY_DTYPE)
        if takes:
            assert has_rule(op), op
    assert not has_rule(sa.floor(sa.placeholder(())).op)


def test_parts_that_are_zero_are_left_out() -> None:
    x, zero = sa.placeholder((2,)), sa.zeros(2)
    assert pair(x, zero) == Pair(x, None) and pair(zero, x) == Pair(None, x) and pair(x, x) == Pair(x, x)
    assert is_zero(sa.constant(np.zeros(2))) and not is_zero(sa.constant(np.array([0.0, -0.0])))
    assert not is_zero(x) and not is_zero(sa.constant(1.0))


def test_complex_normal_numbers() -> None:
    """Of variance 1, both parts alike; the numbers depend on the key alone."""
    key = sa.random.key(3)
    draws = sa.compile([sa.random.normal(key, (20000,), "complex128"), sa.random.normal(key, (3,), "complex64")])
    double, single = draws()
    assert double.dtype == np.complex128 and single.dtype == np.complex64
    assert abs(double.mean()) < 0.02 and abs((abs(double) ** 2).mean() - 1) < 0.03
    assert abs((double.real**2).mean() - 0.5) < 0.02 and abs((double.real * double.imag).mean()) < 0.01
    assert np.array_equal(draws()[0], double)
