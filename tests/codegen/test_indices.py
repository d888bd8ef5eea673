"""Indices that arrays hold: what lies outside is replaced and remembered."""

from __future__ import annotations

import numpy as np
import pytest

from staticad.codegen import jit
from tests.codegen.kernel_runner import run

KERNEL = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, int64, 0, 2)
    p1 = pointer(args, 1, int64, 1, 2)
    n = size(args, 2)
    b0 = int64(-9223372036854775807 - 1)
    for i in range(lo, hi):
        v0 = load(p0, i)
        b0 = stray_index(b0, v0, n)
        store(p1, i, safe_index(v0, n))
    v1 = check_index(args, 3, strayed_index(b0, n), n, int64(77))
"""
LEAST, GREATEST = -(2**63), 2**63 - 1


def check(indices: list[int], n: int) -> tuple[list[int], list[int]]:
    """The indices that are used instead, and the status."""
    given, status = np.array(indices, np.int64), np.zeros(4, np.int64)
    out = np.empty_like(given)
    run(KERNEL, [given, out, n, status], 0, given.size)
    return out.tolist(), status.tolist()


def test_checked_indices_count_from_the_end() -> None:
    assert check([0, 4, -1, -5, 2], 5) == ([0, 4, 4, 0, 2], [0, 0, 0, 0])
    assert check([], 5) == ([], [0, 0, 0, 0])


@pytest.mark.parametrize("n", [1, 5, 2**40])
@pytest.mark.parametrize("bad", [lambda n: n, lambda n: -n - 1, lambda n: LEAST, lambda n: GREATEST])
def test_an_index_out_of_range_is_kept_wherever_it_stands(n: int, bad: object) -> None:
    assert callable(bad)
    for place in range(9):
        indices = [0, -1, n - 1, -n] * 3
        indices[place] = bad(n)
        used, status = check(indices, n)
        assert status == [1, 77, bad(n), n]
        assert used[place] == 0 and all(0 <= index < n for index in used)


def test_the_index_that_lies_farthest_outside_is_reported() -> None:
    assert check([1, 7, 9, 2, 8], 5)[1] == [1, 77, 9, 5]
    assert check([1, 7, -6, 2], 5)[1] == [1, 77, -6, 5]


STRIDED = """
def kernel(args, lo, hi):
    p0 = pointer(args, 0, float64, 0, 2)
    p1 = pointer(args, 1, float64, 1, 2)
    n = size(args, 2)
    d0 = {distance}
    for i in range(lo, hi):
        store(p1, i, sqrt(load(p0, i * d0)))
"""


def test_elements_that_lie_apart_are_collected() -> None:
    """Without `stride`, LLVM makes vector code for neighbours and compares the distance with 1."""
    module, _ = jit.compile_listings(STRIDED.format(distance="stride(n)"))
    versions, _ = jit.compile_listings(STRIDED.format(distance="n"))
    assert "x double> @llvm.sqrt" in module and "ident.check" not in module and "ident.check" in versions
    for distance in (-2, 0, 1, 3):
        values, out = np.arange(40.0), np.empty(9)
        start = 20 * (distance < 0)
        run(STRIDED.format(distance="stride(n)"), [values[start:], out, distance], 0, 9)
        np.testing.assert_array_equal(out, np.sqrt(values[start + distance * np.arange(9)]))
