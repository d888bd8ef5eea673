"""sin, cos and tan, with a range reduction by 2/pi that is exact enough for every float.

float64: below `NEAR` a multiple of pi/2 in three parts is subtracted (W. J. Cody and W. Waite, 1980). With the first
part that is exact: both numbers are multiples of 2**-53, and what is left is below 1. The parts have 160 bits together,
which leaves an error of 2**-120. For others x = M * 2**s with an integer M (s in steps of 16) and the table of 2**s *
2/pi modulo 4 in four parts, so M times the table is x * 2/pi modulo 4 (M. Payne and R. Hanek, 1983; the float
formulation as in SLEEF, N. Shibata and F. Petrogalli, 2020). The products and their rounding errors are summed by
two-sums, to about 2**-120, which the worst case of float64 needs (2**-62 from a multiple of pi/2). The polynomials are
those of FreeBSD's k_sin.c and k_cos.c (Sun Microsystems, 1993). Kernels call these functions, see
`staticad.codegen.vecmath.called`.

float32 is computed in float64 throughout: with 24 bits in x two parts and five ranges do; minimax polynomials of sin
and cos of (pi/2) t on |t| <= 0.51 (Remez, relative errors 2**-37 and 2**-33).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from numba.core import types

from staticad.codegen.recipes import COS, SIN, TAN
from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, lookup, select, two_sum
from staticad.codegen.vecmath.called import Called, call
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import BINARY32, BINARY64, power_of_two
from staticad.codegen.vecmath.two_over_pi import centred_parts, scaled_parts

SIN_64 = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
    -1.66666666666666324348e-01,
)
COS_64 = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)
SIN_HALF_32 = (
    -0.006773322862781504,
    0.0818495119859403,
    -0.5991956069703795,
    2.5501566741018804,
    -5.167712485705688,
    3.1415926516166337,
)
SIN_QUARTER_32 = (
    0.00015791786754803988,
    -0.0046811308475015875,
    0.07969256317370221,
    -0.6459640952624729,
    1.5707963267820335,
)
COS_QUARTER_32 = (
    0.0009013727210541202,
    -0.020858987114429833,
    0.25366904277277735,
    -1.2337005330615267,
    0.9999999998974436,
)
HALF_PI_HIGH = 1.5707963267948966
HALF_PI_LOW = 6.123233995736766e-17
HALF_PI_LAST = -1.4973849048591698e-33
TWO_OVER_PI = 0.6366197723675814
NEAR = 2.0**32

ROWS = 65  # the last row is for inf and NaN


@cache
def _table() -> tuple[tuple[float, ...], ...]:
    """Four columns; row j holds 2**(16 j - 52) * 2/pi modulo 4."""
    rows = [scaled_parts(16 * j - 52, (35, 88, 141, 194)) for j in range(ROWS - 1)]
    return tuple(zip(*rows, (0.0,) * 4, strict=True))


def _near(x: Value) -> tuple[Value, Value, Value]:
    """Quadrant n (an integer, to be taken modulo 4) and x - n pi/2 in two parts, within pi/4, for |x| < NEAR."""
    shifted = fma(x, TWO_OVER_PI, BINARY64.magic)
    n = shifted - BINARY64.magic
    first = fma(-n, HALF_PI_HIGH, x)
    second = n * HALF_PI_LOW
    second_error = fma(n, HALF_PI_LOW, -second)
    r, error = two_sum(first, -second)
    return shifted.bits(), r, fma(-n, HALF_PI_LAST, error - second_error)


def _far(x: Value) -> tuple[Value, Value, Value]:
    """The same for |x| >= 1; NaN for infinities."""
    exponent = abs(x).bits().logical_shift_right(BINARY64.mantissa) - BINARY64.bias
    row = exponent.logical_shift_right(4)
    m = x * power_of_two((BINARY64.bias + 52) - (row << 4))
    t1, t2, t3, t4 = (lookup(f"two_over_pi_{i}", column, row) for i, column in enumerate(_table()))

    p1 = fma(m, t1, (m * t1 * 0.25).rint() * -4)  # modulo 4, exact: m is an integer, t1 a multiple of 2**-35
    p2 = m * t2
    e2 = fma(m, t2, -p2)
    p3 = m * t3
    e3 = fma(m, t3, -p3)
    total, error = two_sum(p1, p2)
    shifted = total + BINARY64.magic
    high = total - (shifted - BINARY64.magic)
    middle, rest1 = two_sum(error, e2)
    middle, rest2 = two_sum(middle, p3)
    high, rest3 = two_sum(high, middle)
    low = rest3 + (rest1 + rest2 + fma(m, t4, e3))
    r = high * HALF_PI_HIGH
    return shifted.bits(), r, fma(high, HALF_PI_HIGH, -r) + fma(high, HALF_PI_LOW, low * HALF_PI_HIGH)


def _sin_parts(r: Value, low: Value) -> tuple[Value, Value]:
    """sin(r + low) as an unevaluated sum."""
    z = r * r
    cubic = z * r
    return r, fma(cubic, horner(z, SIN_64), fma(z * low, -0.5, low))


def _cos_parts(r: Value, low: Value) -> tuple[Value, Value]:
    """cos(r + low) as an unevaluated sum."""
    z = r * r
    half = z * 0.5
    high = 1 - half
    return high, ((1 - high) - half) + fma(z * z, horner(z, COS_64), -(r * low))


def _flip_sign(x: Value, quadrant: Value) -> Value:
    """-x where bit 1 of the quadrant is set."""
    return (x.bits() ^ ((quadrant << 62) & -(1 << 63))).as_float()


def _swap_if_odd(quadrant: Value, a: Value, b: Value) -> tuple[Value, Value]:
    odd = (quadrant & 1).ne(0)
    return select(odd, b, a), select(odd, a, b)


def _sin_from(quadrant: Value, r: Value, low: Value) -> Value:
    sin_high, sin_low = _sin_parts(r, low)
    cos_high, cos_low = _cos_parts(r, low)
    high, _ = _swap_if_odd(quadrant, sin_high, cos_high)
    correction, _ = _swap_if_odd(quadrant, sin_low, cos_low)
    return _flip_sign(high + correction, quadrant)


# ---- float32, computed in float64


HALF_TURN, QUARTER_TURN = 1, 0  # the power of two that divides 2/pi
RANGES_32 = (48, 75, 101)  # exponents from where on x needs other bits of 2/pi; chosen so that a turn stays within 0.53


@cache
def _parts_32(halvings: int) -> tuple[tuple[float, float], ...]:
    """2/pi / 2**halvings in two parts for each range of |x|; beyond the first range, less what gives even multiples."""
    last_digits = [exponent - BINARY32.mantissa for exponent in RANGES_32]
    beyond = [centred_parts(digit - halvings, 53) for digit in last_digits]
    scaled = [(high * 2.0**-digit, low * 2.0**-digit) for digit, (high, low) in zip(last_digits, beyond, strict=True)]
    high, low = scaled_parts(-halvings, (53 + halvings, 106 + halvings))
    return ((high, low), *scaled)


def _reduce_32(x: Value, halvings: int, offset: float = 0.0) -> tuple[Value, Value]:
    """An integer n (as bits that tell whether it is odd) and y - n - offset, within 0.53, for a float32 x and
    y = x * 2/pi / 2**halvings; both 64 bits wide."""
    m = x.to(types.float64)
    magnitude = abs(m)
    first, *beyond = _parts_32(halvings)
    t1, t2 = (m.constant(part) for part in first)
    for exponent, (high, low) in zip(RANGES_32, beyond, strict=True):
        inside = magnitude >= 2.0**exponent
        t1, t2 = select(inside, high, t1), select(inside, low, t2)
    if offset:
        shifted = fma(m, t1, -offset) + BINARY64.magic
        whole = (shifted - BINARY64.magic) + offset
    else:
        shifted = fma(m, t1, BINARY64.magic)
        whole = shifted - BINARY64.magic
    return shifted.bits(), fma(m, t2, fma(m, t1, -whole))


def _negate_if_odd(x: Value, n: Value) -> Value:
    return (x.bits() ^ (n << 63)).as_float()


def _odd_polynomial(turn: Value, coefficients: Sequence[float]) -> Value:
    return turn * horner(turn * turn, coefficients)


def _tan_from(quadrant: Value, r: Value, low: Value) -> Value:
    sin_high, sin_low = _sin_parts(r, low)
    cos_high, cos_low = _cos_parts(r, low)
    above, below = _swap_if_odd(quadrant, sin_high, cos_high)
    above_low, below_low = _swap_if_odd(quadrant, sin_low, cos_low)
    numerator = above + above_low
    denominator = below + below_low
    inverse = 1 / denominator
    ratio = numerator * inverse
    # the errors of the two sums, and of the ratio
    numerator_error = (above - numerator) + above_low
    denominator_error = (below - denominator) + below_low
    residual = fma(-ratio, denominator, numerator) + fma(-ratio, denominator_error, numerator_error)
    return _flip_sign(fma(residual, inverse, ratio), quadrant << 1)


def _cos_from(quadrant: Value, r: Value, low: Value) -> Value:
    return _sin_from(quadrant + 1, r, low)


# ---- the functions


def _is_near(x: Value) -> Value:
    return abs(x) < NEAR


FORMULAS = {
    SIN: Called(lambda x: select(x.eq(0), x, _sin_from(*_near(x))), lambda x: _sin_from(*_far(x)), _is_near),
    COS: Called(lambda x: _cos_from(*_near(x)), lambda x: _cos_from(*_far(x)), _is_near),
    TAN: Called(lambda x: select(x.eq(0), x, _tan_from(*_near(x))), lambda x: _tan_from(*_far(x)), _is_near),
}


def sin(x: Value) -> Value:
    """Sine of any finite x; NaN for infinities."""
    if x.dtype == types.float32:
        n, turn = _reduce_32(x, HALF_TURN)
        return _negate_if_odd(_odd_polynomial(turn, SIN_HALF_32), n).to(types.float32)
    return call(SIN, x)


def cos(x: Value) -> Value:
    """Cosine of any finite x; NaN for infinities."""
    if x.dtype == types.float32:
        n, turn = _reduce_32(x, HALF_TURN, 0.5)
        return _negate_if_odd(_odd_polynomial(turn, SIN_HALF_32), n + 1).to(types.float32)
    return call(COS, x)


def tan(x: Value) -> Value:
    """Tangent of any finite x; NaN for infinities."""
    if x.dtype == types.float32:
        n, turn = _reduce_32(x, QUARTER_TURN)
        sine, cosine = _odd_polynomial(turn, SIN_QUARTER_32), horner(turn * turn, COS_QUARTER_32)
        above, below = _swap_if_odd(n, sine, cosine)
        return _negate_if_odd(above / below, n).to(types.float32)
    return call(TAN, x)


def sin_of_turns(x: Value, offset: float, more: Value) -> Value:
    """sin(x + pi (more - offset)) in float64, for an x that was a float32 and a small ``more``."""
    n, turn = _reduce_32(x, HALF_TURN, offset)
    return _negate_if_odd(_odd_polynomial(turn + more, SIN_HALF_32), n)


sin_intrinsic = elementwise("sin", sin, FLOATS)
cos_intrinsic = elementwise("cos", cos, FLOATS)
tan_intrinsic = elementwise("tan", tan, FLOATS)

KERNEL_NAMES: dict[str, object] = {"sin": sin_intrinsic, "cos": cos_intrinsic, "tan": tan_intrinsic}
