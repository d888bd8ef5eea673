"""Embedded arrays that are evaluated where they are read."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from tests.lower.checking import computes
from tests.lower.planning import labels, plan_for


def test_the_gradient_of_a_stencil_is_one_loop() -> None:
    x = sa.placeholder((None, None))
    y = sa.sin(x[1:-1, 1:-1] + x[2:, 1:-1] * 2.0 + x[1:-1, :-2])
    (g,) = sa.gradients(y.sum(), x)
    plan = computes(g, sizes=[4, 5])
    assert not {"fill", "embed"} & set(labels(plan))
    for sizes in ([2, 5], [2, 2], [9, 3]):
        computes(g, sizes=sizes)


@pytest.mark.parametrize("fill", [0.0, 2.5, -1.0])
def test_padding_that_one_op_reads(fill: float) -> None:
    x, y = sa.placeholder((None, 3)), sa.placeholder((None, 6))
    padded = sa.pad(x, ((0, 2), (1, 2)), constant_values=fill)

    plan = plan_for(padded * y[: x.shape[0] + 2])
    assert "embed" not in labels(plan)
    data = np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(1).normal(size=(9, 6))
    session = sa.compile(padded * y[: x.shape[0] + 2], inputs=[x, y])
    want = np.pad(data[0], ((0, 2), (1, 2)), constant_values=fill) * data[1][:6]
    np.testing.assert_array_equal(session(*data), want)


def test_an_empty_middle() -> None:
    x, y = sa.placeholder((None, 3)), sa.placeholder((4, 5))
    padded = sa.pad(x, ((2, 2), (1, 1)))
    session = sa.compile(padded[:4] + y, inputs=[x, y])
    np.testing.assert_array_equal(session(np.ones((0, 3)), np.ones((4, 5))), np.ones((4, 5)))


def test_frames_within_frames() -> None:
    x, y = sa.placeholder((3,)), sa.placeholder((9,))
    inner = sa.pad(x, (1, 1)) + 1.0
    computes(sa.pad(sa.exp(inner), (2, 2)) * y)
    computes(sa.pad(sa.pad(x * 2.0, (1, 1), constant_values=3.0), (2, 2)) * y)


def test_numbers_outside_never_count() -> None:
    """The middle is evaluated under a mask: what it would be elsewhere (here not finite) is not seen."""
    x, y = sa.placeholder((3,)), sa.placeholder((5,))
    computes(sa.pad(1.0 / sa.pad(x, (0, 0)), (1, 1)) + y)
    session = sa.compile(sa.pad(sa.log(x), (1, 1)) + y, inputs=[x, y])
    np.testing.assert_array_equal(session(np.ones(3), np.full(5, 2.0)), np.full(5, 2.0))


def test_strided_and_shared_arrays_are_written_out() -> None:
    x = sa.placeholder((6,))
    (g,) = sa.gradients((x[::2] ** 2).sum(), x)
    assert "embed" in labels(computes(g * 2.0))
    padded = sa.pad(sa.exp(x), (1, 1))
    many = [padded * float(k) for k in range(2, 7)]
    assert "embed" in labels(computes(many))


def test_in_every_dtype() -> None:
    for dtype in ("bool", "int8", "uint16", "int64", "float32"):
        x, y = sa.placeholder((None,), dtype), sa.placeholder((None,), dtype)
        padded = sa.pad(x, (1, 2))
        both = padded & y if dtype == "bool" else padded + y
        a = np.array([1, 0, 1, 1], dtype)
        b = np.array([1, 1, 0, 1, 1, 0, 1], dtype)
        want = np.pad(a, (1, 2)) & b if dtype == "bool" else np.pad(a, (1, 2)) + b
        got = sa.compile(both, inputs=[x, y])(a, b)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def test_an_empty_part_of_an_axis_of_one() -> None:
    """Behind the last index of such an axis there is a region of size 0, in which no index lies."""
    x, c = sa.placeholder((4, 1), name="x"), sa.placeholder((), name="c")
    part, other = sa.sin(x * c)[:, 1:1], sa.tanh(x)[1:3]
    (slope,) = sa.gradients((part**2).sum() + (other**2).sum(), [x])
    feeds = {x: np.linspace(-1, 1, 4)[:, None], c: np.array(2.0)}
    for optimized in (True, False):
        computes(slope, feeds=feeds, optimized=optimized)
