"""A value that several kernels compute has the same bits in all of them, whatever else each kernel does."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("also", [lambda p: [p], lambda p: [sa.exp(p)], lambda p: [sa.sin(p), p * p]])
def test_a_sum_of_a_product_equals_its_own_maximum(dtype: str, also: object, rng: np.random.Generator) -> None:
    """The gradient of a maximum looks for the element that equals it; a product fused with the sum in one kernel only
    would make it find none, and the gradient 0."""
    a, b, c = (sa.placeholder((None, None), dtype) for _ in range(3))
    product = a * b
    largest = sa.max(product + c, axis=1)
    (gradient,) = sa.gradients(sa.sum(largest), c)
    session = sa.compile([gradient, largest, *also(product)], [a, b, c])  # type: ignore[operator]
    arrays = [rng.normal(size=(200, 300)).astype(dtype) for _ in range(3)]
    found = session(*arrays)[0]
    np.testing.assert_array_equal(found.sum(axis=1), 1)
    np.testing.assert_array_equal(found.argmax(axis=1), (arrays[0] * arrays[1] + arrays[2]).argmax(axis=1))


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_of_scaled_numbers_of_any_size(axis: int) -> None:
    """``x * 30 - max(x * 30)`` is exactly 0 at the maximum: the rounding error of one product alone would overflow."""
    x = sa.placeholder((None, None), "float32")
    session = sa.compile(sa.softmax(x * 30, axis=axis), [x])
    for large in (1.0000001e37, 1e20, 1.2345678e9):
        values = np.array([[large, 1.0], [-large, large]], np.float32)
        expected = np.eye(2, dtype=np.float32)
        np.testing.assert_array_equal(session(values), expected)
