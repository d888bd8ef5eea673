"""sinc with its derivatives around 0, degrees, and the names of the array API."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError
from staticad.reference import evaluate
from tests.codegen.kernel_runner import ulps


def test_derivatives_of_sinc_keep_their_digits() -> None:
    points = np.array([0.0, -0.0, 1e-200, 1e-9, -1e-4, 0.01, 0.2499999, 0.25, -0.2500001, 0.7, 1.0, 30.5])
    x = sa.placeholder((None,))
    results = [sa.sinc(x)]
    for _ in range(3):
        results += sa.gradients(results[-1].sum(), [x])
    with mpmath.workprec(300):
        for order, values in enumerate(evaluate(results, {x: points})):
            for point, value in zip(points, values):
                at = mpmath.mpf(float(point)) or mpmath.mpf(10) ** -40
                exact = float(mpmath.diff(lambda t: mpmath.sincpi(t), at, order))
                assert value == pytest.approx(exact, rel=1e-12, abs=1e-13), (order, point)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sinc_far_from_0_and_next_to_its_zeros(dtype: str, rng: np.random.Generator) -> None:
    whole = rng.integers(-1000, 1000, 40)
    sizes = np.exp2(rng.uniform(-100, 20, 80)) * rng.choice([-1, 1], 80)
    points = np.concatenate([whole + np.exp2(-rng.uniform(1, 40, 40)), sizes, whole, [1e30, 2.5]]).astype(dtype)
    x = sa.placeholder((None,), dtype)
    (found,) = evaluate([sa.sinc(x)], {x: points})
    with mpmath.workprec(200):
        assert ulps(found, mpmath.sincpi, points).max() <= 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_degrees_have_numpys_bits(dtype: str, rng: np.random.Generator) -> None:
    array = (rng.normal(size=100) * 100).astype(dtype)
    x = sa.placeholder((None,), dtype)
    for value, expected in zip(
        evaluate([sa.deg2rad(x), sa.degrees(x)], {x: array}), (np.deg2rad(array), np.degrees(array))
    ):
        np.testing.assert_array_equal(value, expected)
    with pytest.raises(DTypeError, match=r"degrees and radians are not complex.*test_angles\.py"):
        sa.radians(sa.placeholder((2,), "complex64"))


def test_names_of_the_array_api_are_the_same_functions() -> None:
    for alias, name in (("acos", "arccos"), ("atan2", "arctan2"), ("asinh", "arcsinh"), ("bitwise_invert", "invert")):
        assert getattr(sa, alias) is getattr(sa, name)
