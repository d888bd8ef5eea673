"""Second derivatives at points where a rule chooses between formulas: the choice must not lose a part of them."""

from __future__ import annotations

import numpy as np

import staticad as sa


def test_power_at_exponent_zero() -> None:
    """The derivative of b a**(b - 1) by b at b = 0 is 1 / a, although its value there is 0."""
    a, b = sa.placeholder((None,)), sa.placeholder((None,))
    by_a, by_b = sa.gradients((a**b).sum(), [a, b])
    (mixed,) = sa.gradients(by_a.sum(), [b])
    (other,) = sa.gradients(by_b.sum(), [a])
    (twice,) = sa.gradients(by_a.sum(), [a])
    session = sa.compile([by_a, mixed, other, twice], inputs=[a, b])
    base = np.array([1.0, 0.5, 3.0, 1e-3])
    slope, crossed, crossed_back, curvature = session(base, np.zeros(4))
    np.testing.assert_array_equal(slope, 0.0)
    np.testing.assert_array_equal(curvature, 0.0)
    np.testing.assert_allclose(crossed, 1 / base)
    np.testing.assert_allclose(crossed_back, 1 / base)
    zeros = session(np.zeros(3), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(zeros[0], [0.0, 1.0, 0.0])
    np.testing.assert_array_equal(zeros[3], [0.0, 0.0, 2.0])


def test_products_with_zeros_to_second_order() -> None:
    x = sa.placeholder((None, 4))
    (first,) = sa.gradients(x.prod(axis=1).sum(), [x])
    direction = np.array([1.0, 2.0, -1.0, 0.5])
    (second,) = sa.gradients((first * direction).sum(), [x])
    data = np.array([[1.0, 2.0, 0.0, 3.0], [0.0, 0.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 5.0]])
    expected_first, expected_second = np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        others = [k for k in range(4) if k != i]
        expected_first[:, i] = data[:, others].prod(axis=1)
        for j in others:
            rest = [k for k in others if k != j]
            expected_second[:, i] += direction[j] * data[:, rest].prod(axis=1)
    got_first, got_second = sa.compile([first, second], inputs=[x])(data)
    np.testing.assert_allclose(got_first, expected_first)
    np.testing.assert_allclose(got_second, expected_second)


def test_masked_attention_scores() -> None:
    """exp(-inf) = 0 has no part in values or gradients; a row without any score is NaN, as everywhere."""
    x = sa.placeholder((None, 3))
    mask = sa.placeholder((x.shape[0], 3), "bool")
    weights = sa.softmax(sa.where(mask, x, -np.inf), axis=1)
    value = (weights * np.array([1.0, 2.0, 3.0])).sum(axis=1)
    (slope,) = sa.gradients(value.sum(), [x])
    session = sa.compile([weights, slope], inputs=[x, mask])
    data = np.array([[0.0, 0.0, 1e4], [1e4, -1e4, 0.0]])
    got, gradient = session(data, np.array([[True, True, False], [True, False, True]]))
    np.testing.assert_allclose(got, [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(gradient, [[-0.25, 0.25, 0.0], [0.0, 0.0, 0.0]], atol=1e-300)
    assert np.isnan(session(data[:1], np.zeros((1, 3), bool))[0]).all()


def test_norms_of_vectors_with_zeros() -> None:
    """The derivative of |x| at 0 is absent, not a factor of 0: an infinite derivative of a root of it is no NaN."""
    for dtype in ("float64", "complex128"):
        x = sa.placeholder((None,), dtype)
        slopes = [sa.gradients(sa.linalg.norm(x, order), [x])[0] for order in (-3.5, -2, -1, -0.5, 0.5, 1, 1.5, 2, 3)]
        slopes += [sa.gradients(sa.sqrt(abs(x)).sum(), [x])[0]]
        session = sa.compile(slopes, inputs=[x])
        for found in session(np.zeros(3, dtype)):
            np.testing.assert_array_equal(found, 0)
        for found in session(np.array([0, 1, 2], dtype)):
            assert found[0] == 0 and np.isfinite(found).all()
