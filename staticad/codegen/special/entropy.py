"""Logarithms of quotients and the divergences that are made of them, exact where their operands are close."""

from __future__ import annotations

from staticad.codegen.special.flow import vectorized
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.vecmath.builder import Value, select
from staticad.codegen.vecmath.logarithm import log, log1p

INFINITY, NAN = float("inf"), float("nan")
NORMAL = 2.0**1000  # of quotients beyond it the logarithms are subtracted


def log_ratio(x: Value, y: Value) -> Value:
    """log(x / y) without overflow of the quotient."""
    quotient = x / y
    near = (quotient > 0.5) & (quotient < 2)
    normal = (quotient > 1 / NORMAL) & (quotient < NORMAL)
    far = log(select(normal, quotient, abs(x))) - select(normal, 0, log(select(normal, 1, abs(y))))
    apart = ((x > 0) & (y < 0)) | ((x < 0) & (y > 0))
    return select(near, log1p(select(near, (x - y) / y, 0)), select(apart, NAN, far))


def _over_quadrant(x: Value, y: Value, inside: Value, at_zero: Value) -> Value:
    """``inside`` of positive operands, ``at_zero`` for x = 0 and y >= 0, else infinite; NaN of NaN."""
    outside = select(x.eq(0) & (y >= 0), at_zero, INFINITY)
    return select(x.is_nan() | y.is_nan(), NAN, select((x > 0) & (y > 0), inside, outside))


def rel_entr(x: Value, y: Value) -> Value:
    """x log(x / y), 0 for x = 0 and y >= 0, else infinite."""
    return _over_quadrant(x, y, x * log_ratio(x, y), x.constant(0))


def kl_div(x: Value, y: Value) -> Value:
    """x log(x / y) - x + y, y for x = 0 and y >= 0, else infinite."""
    t = (y - x) / x
    near = (t > -0.4) & (t < 0.65)
    inside = select(near, -x * log_excess(select(near, t, 0)), x * log_ratio(x, y) - x + y)
    return _over_quadrant(x, y, inside, y)


KERNEL_NAMES: dict[str, object] = {formula.__name__: vectorized(formula) for formula in (log_ratio, rel_entr, kl_div)}
