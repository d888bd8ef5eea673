"""The teaching functions that the project grew from, as they were written, with the gradients that they promise."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from tests.control.running import check_derivatives, run


@sa.function
def f(a: sa.Tensor) -> sa.Tensor:
    b = a * 2
    while b.norm() < 1000:
        b = b * 2
    if b.sum() > 0:
        c = b
    else:
        c = 100 * b
    return c


@sa.function
def doubled(x: sa.Tensor) -> sa.Tensor:
    y = x * 1.2
    while y.norm() < 12:
        y = y * 1.2
    return y


@pytest.mark.parametrize("value", [0.37, -1.9, 600.0, -700.0])
def test_the_gradient_of_f_is_d_over_a(value: float) -> None:
    a = sa.placeholder((), name="a")
    d = f(a)
    result, gradient = run([d, *sa.gradients(d, a)], {a: value})
    assert gradient == result / value
    assert abs(result) >= 1000 and np.sign(result) == np.sign(value)


def test_the_same_graph_serves_all_values() -> None:
    a = sa.placeholder((), name="a")
    d = f(a)
    session = sa.compile([d, *sa.gradients(d, a)], inputs=[a])
    for value in np.random.default_rng(0).normal(size=20):
        result, gradient = session(value)
        assert gradient == result / value


def test_a_vector_doubled_until_its_length_is_12() -> None:
    x = sa.placeholder((3,), name="x")
    y = doubled(x)
    cotangent = np.array([0.1, 1.0, 0.0001])
    value = np.array([0.7, -0.2, 1.4])
    found, gradient = run([y, *sa.gradients(y, x, grad_ys=[cotangent])], {x: value})
    factor = found[0] / value[0]
    np.testing.assert_allclose(found, factor * value)
    np.testing.assert_allclose(gradient, factor * cotangent)
    assert 12 <= np.linalg.norm(found) < 12 * 1.2


def test_every_mode() -> None:
    x = sa.placeholder((3,), name="x")
    check_derivatives([doubled(x), f(x)], [x], {x: np.array([0.7, -0.2, 1.4])})
