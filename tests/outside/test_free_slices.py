"""Slices of axes whose size only a run tells are those of Python, for every size."""

from __future__ import annotations

import itertools

import numpy as np

import staticad as sa


def test_slices_with_numbers() -> None:
    x = sa.placeholder((None,))
    starts, stops, steps = (None, 0, 1, 3, 7, -1, -3, -9), (None, 0, 2, 5, -1, -2, -8, 20), (None, 2, -1, -3)
    keys = [slice(*key) for key in itertools.product(starts, stops, steps)][::3]
    slopes = [sa.gradients((x[key] ** 2).sum(), [x])[0] for key in keys[::7]]
    session = sa.compile([*(x[key] for key in keys), *slopes], inputs=[x])
    for size in range(11):
        data = np.arange(1.0, size + 1)
        results = session(data)
        for key, result in zip(keys, results):
            np.testing.assert_array_equal(result, data[key], err_msg=f"{key} of {size}")
        for key, result in zip(keys[::7], results[len(keys) :], strict=True):
            expected = np.zeros(size)
            expected[key] = 2 * data[key]
            np.testing.assert_array_equal(result, expected, err_msg=f"{key} of {size}")


def test_slices_with_sizes() -> None:
    x = sa.placeholder((None,))
    rules = [
        lambda n: slice(n // 2, None), lambda n: slice(None, n // 2), lambda n: slice(n // 3, n - n // 3),
        lambda n: slice(n // 2, None, -1), lambda n: slice(None, n // 2, -1), lambda n: slice(n + 2, None),
        lambda n: slice(None, 2 * n, 2), lambda n: slice(-1, n // 4, -2), lambda n: slice(n, None),
    ]  # fmt: skip
    session = sa.compile([x[rule(x.shape[0])] for rule in rules], inputs=[x])
    for size in range(12):
        data = np.arange(1.0, size + 1)
        for number, (rule, result) in enumerate(zip(rules, session(data))):
            np.testing.assert_array_equal(result, data[rule(size)], err_msg=f"rule {number} of {size}")
