"""exp2, log2 and log10, exact where the result is a whole number, and logarithms of sums of powers.

Logarithms: the mantissa's 1 + f has f / log(base) in two parts, and the rest of its logarithm in one, added to the
exponent (as in FreeBSD's e_log2.c and e_log10.c, 2011).
"""

from __future__ import annotations

from collections.abc import Sequence

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select, two_sum
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import EXP_32, EXP_64, exp_of_negative, vanishing
from staticad.codegen.vecmath.formats import LN_2, LOG2_E, format_of, pick, split_constant, two_powers
from staticad.codegen.vecmath.logarithm import at_the_edges, log1p_of_unit, log_curve, split_any

INFINITY = float("inf")
LN_2_PARTS = (LN_2, 2.3190468138462996e-17)
LOG2_E_PARTS = (LOG2_E, 2.0355273740931033e-17)
LOG10_E_PARTS = (0.4342944819032518, 1.098319650216765e-17)
# log10(2), whose first part has so few bits that its product with any exponent is exact
LOG10_2_PARTS_32 = (0.30102920532226562, 7.9034151711893e-07)
LOG10_2_PARTS_64 = (3.01029995663611771306e-01, 3.69423907715893078616e-13)


def exp2(x: Value) -> Value:
    """2**x."""
    form = format_of(x)
    low, high = pick(x, (-151.0, 129.0), (-1076.0, 1025.0))
    clamped = select(x < low, vanishing(x, 1), select(x > high, high, x))
    origin = form.magic + 2 * form.bias
    shifted = clamped + origin
    r = clamped - (shifted - origin)
    part, part_low = split_constant(x, LN_2_PARTS)
    t = r * part
    t_error = fma(r, part, -t) + r * part_low
    first, second = two_powers(shifted)
    return fma(fma(t * t, horner(t, pick(x, EXP_32, EXP_64)), t_error) + t, first, first) * second


def _log_to_base(x: Value, scale: tuple[float, float], unit: Sequence[float]) -> Value:
    """k unit + log(m) scale for x = 2**k m; the product of k and the first part of the unit is exact."""
    k, m = split_any(x)
    f = m - 1
    factor, factor_low = split_constant(x, scale)
    product = f * factor
    low = fma(f, factor, -product) + fma(log_curve(f), factor, f * factor_low)
    each, each_low = unit
    base = k * each
    total = base + product
    return at_the_edges(x, x, total + ((base - total) + product + (fma(k, each_low, low) if each_low else low)))


def log2(x: Value) -> Value:
    """Logarithm to base 2; -inf for 0, NaN for negative numbers."""
    return _log_to_base(x, LOG2_E_PARTS, (1.0, 0.0))


def log10(x: Value) -> Value:
    """Logarithm to base 10; -inf for 0, NaN for negative numbers."""
    return _log_to_base(x, LOG10_E_PARTS, pick(x, LOG10_2_PARTS_32, LOG10_2_PARTS_64))


def _distance(a: Value, b: Value) -> tuple[Value, Value]:
    """|a - b| and its rounding error, which counts where the larger one is small."""
    difference, error = two_sum(a, -b)
    distance = abs(difference)
    return distance, select(distance < INFINITY, select(difference < 0, -error, error), 0)


def logaddexp(a: Value, b: Value) -> Value:
    """log(e**a + e**b) = max(a, b) + log1p(e**-|a - b|)."""
    distance, error = _distance(a, b)
    z = exp_of_negative(-distance)
    small = log1p_of_unit(fma(-z, error, z))
    return select(a.eq(b), a + LN_2, select(a > b, a, b) + small)


def logaddexp2(a: Value, b: Value) -> Value:
    """log2(2**a + 2**b)."""
    distance, error = _distance(a, b)
    z = exp2(-distance)
    natural = log1p_of_unit(fma(z, error * -LN_2, z))
    scale, scale_low = split_constant(a, LOG2_E_PARTS)
    small = fma(natural, scale, natural * scale_low)
    return select(a.eq(b), a + 1, select(a > b, a, b) + small)


KERNEL_NAMES: dict[str, object] = {
    "exp2": elementwise("exp2", exp2, FLOATS),
    "log2": elementwise("log2", log2, FLOATS),
    "log10": elementwise("log10", log10, FLOATS),
    "logaddexp": elementwise("logaddexp", logaddexp, FLOATS),
    "logaddexp2": elementwise("logaddexp2", logaddexp2, FLOATS),
}
