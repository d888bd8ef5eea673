"""gradcheck accepts right derivatives and finds wrong ones."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.check import gradcheck
from staticad.errors import GradientError
from staticad.ops.arithmetic import MUL
from staticad.ops.base import Elementwise, apply


def test_accepts_right_derivatives(rng: np.random.Generator) -> None:
    x, w = sa.placeholder((None, 2), name="x"), sa.variable(rng.normal(size=2))
    y = sa.tanh(x * w)
    feeds = {x: rng.normal(size=(3, 2))}
    assert gradcheck(y, [x, w], feeds) is True
    assert gradcheck([y, sa.exp(y)], [x, y], feeds, order=3) is True
    assert gradcheck(y, x, {"x": feeds[x]}) is True
    assert gradcheck(x * 2, x, {"x": feeds[x]}) is True


def test_float32_graphs_are_checked_in_float64() -> None:
    x = sa.placeholder((3,), "float32")
    assert gradcheck(sa.sin(x) * 2, x, {x: np.array([0.1, 1.0, 2.0], np.float32)}) is True


def test_arrays_without_elements() -> None:
    x = sa.placeholder((None,))
    assert gradcheck(x * x, x, {x: np.zeros(0)}) is True


def wrong_rule(factor: float) -> Elementwise:
    return Elementwise("wrong", numpy=np.square, code="", vjp=lambda g, y, x: (g * x * factor,))


def test_finds_a_wrong_first_derivative() -> None:
    x = sa.placeholder((2,), name="x")
    with pytest.raises(GradientError, match="order 1 by placeholder 'x'"):
        gradcheck(apply(wrong_rule(3.0), x), x, {x: np.array([0.0, 2.0])})
    with pytest.raises(GradientError, match=r"order 1 .*element \[1\].*1 of 2 elements"):
        gradcheck(apply(wrong_rule(2.0001), x), x, {x: np.array([0.0, 2.0])})


def test_finds_a_wrong_second_derivative() -> None:
    slope = Elementwise("slope", numpy=lambda x: 2 * x, code="", vjp=lambda g, y, x: (g,))
    right_once = Elementwise("once", numpy=np.square, code="", vjp=lambda g, y, x: (apply(MUL, g, apply(slope, x)),))
    x = sa.placeholder((2,))
    values = {x: np.array([0.5, 2.0])}
    assert gradcheck(apply(right_once, x), x, values, order=1) is True
    with pytest.raises(GradientError, match="order 2"):
        gradcheck(apply(right_once, x), x, values)


def test_finds_nan() -> None:
    x = sa.placeholder(())
    with pytest.raises(GradientError, match="got nan"):
        gradcheck(sa.sqrt(x) * 0, x, {x: -1.0}, order=1)


def test_a_dependence_that_no_rule_mentions_is_found() -> None:
    x = sa.placeholder(())
    with pytest.raises(GradientError, match="order 1 .*1 of 1 elements"):
        gradcheck(x * sa.stop_gradient(x), x, {x: 3.0})
