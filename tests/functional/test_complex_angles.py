"""Hyperbolic functions, inverses and logarithms to other bases of complex numbers: values, cuts, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import staticad as sa

# The derivative of each.
SLOPES: dict[str, Callable[[Any], Any]] = {
    "sinh": np.cosh,
    "cosh": np.sinh,
    "arcsin": lambda z: 1 / np.sqrt(1 - z * z),
    "arccos": lambda z: -1 / np.sqrt(1 - z * z),
    "arctan": lambda z: 1 / (1 + z * z),
    "arcsinh": lambda z: 1 / np.sqrt(1 + z * z),
    "arccosh": lambda z: 1 / (np.sqrt(z - 1) * np.sqrt(z + 1)),
    "arctanh": lambda z: 1 / (1 - z * z),
    "log2": lambda z: 1 / (z * np.log(2)),
    "log10": lambda z: 1 / (z * np.log(10)),
}


def test_values_cuts_and_derivatives_are_numpys(rng: np.random.Generator) -> None:
    """On both sides of every cut, with the signs of zeros; of all sizes; where only one part is there."""
    z = sa.placeholder((None,), "complex128")
    made = {name: getattr(np, name)(z) for name in SLOPES}
    slopes = {name: sa.gradients(y, [z], grad_ys=[sa.ones_like(y)])[0] for name, y in made.items()}
    session = sa.compile([made, slopes], [z])

    ends = (0.0, -0.0, 0.5, -0.5, 2.0, -2.0)
    cuts = np.array([complex(x, y) for x in ends for y in ends])
    sizes = 10 ** rng.uniform(-8, 2, 60) * np.exp(1j * rng.uniform(-3.1, 3.1, 60))
    inside = np.concatenate([sizes[abs(sizes) < 5], rng.uniform(-0.9, 0.9, 9) + 0j, 1j * rng.uniform(-0.9, 0.9, 9)])
    for given in (cuts, sizes, inside):
        found, derived = session(given)
        for name, got in found.items():
            with np.errstate(all="ignore"):
                wanted, slope = getattr(np, name)(given), SLOPES[name](given)
            finite = np.isfinite(wanted)
            assert (np.isfinite(got) == finite).all(), name
            np.testing.assert_array_less(abs(got[finite] - wanted[finite]), 4e-15 * abs(wanted)[finite] + 1e-300, name)
            for a, b in ((got.real, wanted.real), (got.imag, wanted.imag)):
                assert (np.signbit(a) == np.signbit(b))[finite].all(), name
            if given is inside and name != "arccosh":  # its cut goes there
                np.testing.assert_allclose(derived[name], slope, rtol=1e-13, err_msg=name)


def test_float32_parts(rng: np.random.Generator) -> None:
    z = sa.placeholder((20,), "complex64")
    given = (rng.normal(size=20) + 1j * rng.normal(size=20)).astype("complex64")
    found = sa.compile([getattr(sa, name)(z) for name in SLOPES], [z])(given)
    for name, got in zip(SLOPES, found, strict=True):
        assert got.dtype == np.complex64
        np.testing.assert_allclose(got, getattr(np, name)(given), rtol=2e-6, err_msg=name)
