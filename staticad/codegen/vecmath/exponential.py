"""exp and expm1: Cody-Waite reduction x = k ln 2 + r, a minimax polynomial for r, and an exact scaling by 2**k.

The polynomials approximate (exp(r) - 1 - r) / r**2 on |r| <= ln(2) / 2. Their coefficients come from the Remez
algorithm in 60 digits with the relative error as weight; errors: exp 2**-56 and 2**-28 (float64, float32), expm1
2**-60 and 2**-26. The method: W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980).
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import LN_2, LOG2_E, format_of, pick, power_of_two, scale, two_powers

EXP_64 = (
    2.5114478874461485e-08,
    2.762632228639768e-07,
    2.755722794151766e-06,
    2.4801504458250466e-05,
    0.00019841269903038688,
    0.0013888888932366643,
    0.008333333333314591,
    0.04166666666657367,
    0.16666666666666685,
    0.5000000000000006,
)
EXP_32 = (0.0013838985469192266, 0.008369195275008678, 0.04166810214519501, 0.16666516661643982, 0.4999999403953552)
EXP_SINGLE = (
    0.00019790245361633478,
    0.001394463564855904,
    0.008333497206045449,
    0.04166629537134753,
    0.16666665868655137,
    0.5000000067509169,
)
EXPM1_64 = (
    2.0924477845536005e-09,
    2.5109043911361427e-08,
    2.755724263648533e-07,
    2.7557244185276897e-06,
    2.4801587360715256e-05,
    0.00019841269886154456,
    0.0013888888888866748,
    0.008333333333321619,
    0.0416666666666667,
    0.16666666666666677,
    0.5,
)
EXPM1_32 = (0.001391732250340283, 0.008367113769054413, 0.04166661202907562, 0.16666539013385773, 0.5)


def _clamp(x: Value, low: float, high: float) -> Value:
    """x between two bounds; NaN stays NaN."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def _reduce(x: Value, bias: int) -> tuple[Value, Value, Value]:
    """k + bias + magic, and x - k ln 2 in two parts: the second part is still to be subtracted from the first."""
    form = format_of(x)
    origin = form.magic + bias
    shifted = fma(x, LOG2_E, origin)
    k = shifted - origin
    return shifted, fma(-k, form.ln2_high, x), k * form.ln2_low


def vanishing(x: Value, base: float = LN_2) -> Value:
    """An exponent of which `scale` makes exact zeros. One whose power is rounded to 0 costs an underflow, which takes
    CPUs several times as long."""
    return x.constant(-2 * format_of(x).bias * base)


def exp(x: Value) -> Value:
    """e**x."""
    low, high = pick(x, (-104.5, 89.0), (-746.0, 710.0))
    clamped = select(x < low, vanishing(x), select(x > high, high, x))
    shifted, high_part, low_part = _reduce(clamped, 2 * format_of(x).bias)
    r = high_part - low_part
    first, second = two_powers(shifted)
    return fma(fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), r), first, first) * second


def exp_of_negative(x: Value) -> Value:
    """e**x for x <= 0, to 0.6 ulp: what is built on it can afford no more."""
    (low,) = pick(x, (-104.5,), (-746.0,))
    shifted, high_part, low_part = _reduce(select(x < low, vanishing(x), x), 2 * format_of(x).bias)
    r = high_part - low_part
    total = r + 1
    error = ((high_part - r) - low_part) + ((1 - total) + r)
    return scale(fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), error) + total, shifted)


def half_exp(x: Value) -> Value:
    """e**x / 2 for x >= 0, to 0.6 ulp; a number where e**x is not one any more."""
    (high,) = pick(x, (90.0,), (711.0,))
    shifted, high_part, low_part = _reduce(select(x > high, high, x), 2 * format_of(x).bias)
    r = high_part - low_part
    total = r + 1
    error = ((high_part - r) - low_part) + ((1 - total) + r)
    return scale(fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), error) + total, shifted - 1)


def exp_normal(x: Value) -> Value:
    """e**x for x that are known to give a normal number; NaN for NaN."""
    shifted, high_part, low_part = _reduce(x, format_of(x).bias)
    r = high_part - low_part
    power = power_of_two(shifted.bits())
    return fma(fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), r), power, power)


def exp_of_sum(x: Value, low: Value) -> Value:
    """e**(x + low) for a small correction and x up to 800 (float32: 110), down to `vanishing`."""
    shifted, high_part, low_part = _reduce(x, 2 * format_of(x).bias)
    correction = low - low_part
    r = high_part + correction
    r_error = (high_part - r) + correction
    return scale(fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), r_error) + r + 1, shifted)


def exp_excess(x: Value, low: Value) -> tuple[Value, Value]:
    """s and what `scale` takes with e**(x + low) = 2**k (1 + s), for operands as those of `exp_of_sum`."""
    shifted, high_part, low_part = _reduce(x, 2 * format_of(x).bias)
    r = high_part + (low - low_part)
    return fma(r * r, horner(r, pick(x, EXP_32, EXP_64)), r), shifted


def exp_for_single(x: Value) -> Value:
    """e**x in float64 for |x| <= 700, with a relative error of 2**-34: what a float32 result needs."""
    shifted, high_part, low_part = _reduce(x, format_of(x).bias)
    r = high_part - low_part
    return fma(r * r, horner(r, EXP_SINGLE), r + 1) * power_of_two(shifted.bits())


def expm1_parts(x: Value, halvings: int = 1) -> tuple[Value, Value]:
    """(e**x - 1) / 2**halvings as an unevaluated sum of two floats, for x from -60 to the overflow of the result.

    With u = 2**(k-1): (e**x - 1) / 2 = (u - 1/2) + u (r + r**2 q(r)). The sum of the first two terms keeps its rounding
    error, and so does r.
    """
    shifted, high_part, low_part = _reduce(x, format_of(x).bias - halvings)
    r = high_part - low_part
    r_error = (high_part - r) - low_part
    u = power_of_two(shifted.bits())
    start = u - 2.0**-halvings
    total = fma(u, r, start)
    error = fma(u, r, start - total)
    return total, fma(u, fma(r * r, horner(r, pick(x, EXPM1_32, EXPM1_64)), r_error), error)


def expm1(x: Value) -> Value:
    """e**x - 1, exact to the last digits near 0."""
    (high,) = pick(x, (89.0,), (710.0,))
    total, error = expm1_parts(_clamp(x, -60.0, high))
    tiny = abs(x) < format_of(x).epsilon / 4
    return select(tiny, x, (total + error) * 2)


exp_intrinsic = elementwise("exp", exp, FLOATS)
expm1_intrinsic = elementwise("expm1", expm1, FLOATS)

KERNEL_NAMES: dict[str, object] = {"exp": exp_intrinsic, "expm1": expm1_intrinsic}
