"""log(1 + t) - t, exact to the last digits where both cancel: exponents of densities next to their mean are made of it.

With r = t / (2 + t) it is r (2 r**2 / 3 + 2 r**4 / 5 + ... - t), as in R's log1pmx (M. Morley).
"""

from __future__ import annotations

from staticad.codegen.special.flow import vectorized
from staticad.codegen.vecmath.builder import Value, fma, horner, select
from staticad.codegen.vecmath.logarithm import log1p

SERIES = tuple(2 / (2 * k + 1) for k in range(1, 15))[::-1]


def log_excess(t: Value) -> Value:
    """log(1 + t) - t."""
    near = (t > -0.4) & (t < 0.65)
    inside = select(near, t, 0)
    r = inside / (inside + 2)
    square = r * r
    small = r * fma(square, horner(square, SERIES), -inside)
    return select(near, small, select(t < float("inf"), log1p(t) - t, -t))


KERNEL_NAMES: dict[str, object] = {"log_excess": vectorized(log_excess)}
