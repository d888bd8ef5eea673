"""Sizes and starts of slices against Python's, for fixed and free sizes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, ShapeError
from staticad.functional.slices import resolve
from staticad.ir import dims
from staticad.ir.dim_values import evaluate
from staticad.ir.types import Demands
from staticad.ops.slicing import check_region

BOUNDS = [None, *range(-4, 5)]
STEPS = [None, 1, 2, 3, -1, -2, -3]


@pytest.mark.parametrize("step", STEPS)
def test_like_python_on_fixed_and_free_sizes(step: int | None) -> None:
    n = dims.symbol("n")
    x = sa.placeholder(())
    for start, stop in itertools.product(BOUNDS, BOUNDS):
        key = slice(start, stop, step)
        free = resolve(key, n, x)
        for number in range(7):
            expected = list(range(number))[key]
            for found in (resolve(key, number, x), [evaluate(s, {dims.as_symbol(n): number}) for s in free]):
                first, by, size = found
                assert [first + by * k for k in range(size)] == expected, (key, number)


def test_sizes_as_bounds() -> None:
    n, m = dims.symbol("n"), dims.symbol("m")
    x = sa.placeholder(())
    for start, stop in [(None, m), (m, None), (m, 3), (1, m), (-2, m), (m, -1), (m, m + 2), (m // 2, n - 1)]:
        for step in (1, 2, -1):
            for a, b in itertools.product(range(1, 6), range(6)):
                sizes = {dims.as_symbol(n): a, dims.as_symbol(m): b}

                def number(bound: Any, sizes: Any = sizes) -> Any:
                    return evaluate(bound, sizes) if bound is not None else None

                first, by, size = (number(s) for s in resolve(slice(start, stop, step), n, x))
                expected = list(range(a))[slice(number(start), number(stop), step)]
                assert [first + by * k for k in range(size)] == expected, (start, stop, step, a, b)


@pytest.mark.parametrize("step", [1, 2, -1, -3])
def test_sizes_of_unknown_sign_as_bounds(step: int) -> None:
    n, m = dims.symbol("n"), dims.symbol("m")
    x = sa.placeholder(("n",))
    bounds = [None, 2, -m, n - m, n - 1, n - 3, -(m // 2), 2 * m - n, n - n // 2, -m - 1, -m * n]
    proved = 0
    for start, stop in itertools.product(bounds, bounds):
        first, _, size = resolve(slice(start, stop, step), n, x)
        with Demands() as demands:
            check_region((n,), (first,), (step,), (size,), demands)
            checks = demands.close()
        proved += not checks
        for a, b in itertools.product(range(4), (0, 1, 3, 5)):
            sizes = {dims.as_symbol(n): a, dims.as_symbol(m): b}
            low, high = (None if bound is None else evaluate(bound, sizes) for bound in (start, stop))
            found = [evaluate(first, sizes) + step * k for k in range(evaluate(size, sizes))]
            assert found == list(range(a))[slice(low, high, step)], (start, stop, a, b)
            assert all(evaluate(left, sizes) == right for left, right in checks)
    assert proved > 60


def test_what_can_be_negative_only_where_it_is_cut_off_stays_simple() -> None:
    n, m = dims.symbol("n"), dims.symbol("m")
    x = sa.placeholder(("n",))
    assert x[: n - n // 2].shape == (n - n // 2,)
    assert x[: n - 1].shape == x[1:].shape == (dims.maximum(n - 1, 0),)
    assert x[1 : n - 1].shape == x[1:-1].shape
    assert x[n - 1 :: -1].shape == (n,)
    assert x[m:].shape == (dims.maximum(n - m, 0),)
    assert x[-m - 1 :].shape == (dims.minimum(n, m + 1),)


def test_common_regions_are_proved_to_lie_inside() -> None:
    n, m = dims.symbol("n"), dims.symbol("m")
    x = sa.placeholder(("n",))
    for key in (
        slice(1, None), slice(None, -1), slice(1, -1), slice(None, 5), slice(-3, None), slice(None, None, 2),
        slice(2, None, 3), slice(None, None, -1), slice(-1, None, -2), slice(None, m), slice(m, None), slice(-m, None),
        slice(None, -m), slice(n - m, None), slice(m, n - m), slice(n // 2, n - n // 3), slice(m, m + 3),
    ):  # fmt: skip
        assert x[key].node.constraints == (), key


def test_free_sizes_come_out_simple() -> None:
    n, x = dims.symbol("n"), sa.placeholder(("n",))
    expected: list[tuple[slice, Any]] = [
        (slice(None), n),
        (slice(None, 5), dims.minimum(n, 5)),
        (slice(-3, None), dims.minimum(n, 3)),
        (slice(1, -1), dims.maximum(n - 2, 0)),
        (slice(1, None), dims.maximum(n - 1, 0)),
        (slice(None, -1), dims.maximum(n - 1, 0)),
        (slice(None, None, 2), dims.floordiv(n + 1, 2)),
        (slice(None, None, -1), n),
        (slice(0, n), n),
        (slice(3, 3), 0),
        (slice(4, 2), 0),
    ]
    for key, size in expected:
        assert x[key].shape == (size,), key
    assert sa.placeholder(("n",))[1:].shape == sa.placeholder(("n",))[:-1].shape


def test_errors() -> None:
    x = sa.placeholder((3,), name="x")
    with pytest.raises(ShapeError, match=r"^getitem: the step .*'x' float64\[3\].*test_slices"):
        x[::0]
    for key in (slice(1.5), slice("a", None), slice(None, sa.placeholder((), "int64"))):
        with pytest.raises(DTypeError, match=r"^getitem: a slice has ints .*'x' float64\[3\].*test_slices"):
            x[key]
    with pytest.raises(DTypeError, match="step"):
        x[::2.0]
    assert x[np.int8(1) :].shape == (2,)
