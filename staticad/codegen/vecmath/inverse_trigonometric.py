"""arcsin and arccos by one polynomial, arctan by another; no branches.

arcsin(s) = s + s z P(z) with z = s**2 up to |x| = 1/2, and s = sqrt((1 - |x|) / 2) beyond, where arcsin(x) is
pi/2 - 2 arcsin(s) (the reduction of FreeBSD's e_asin.c, Sun Microsystems, 1993). arctan(x) is a multiple of pi/4 and
arctan(t) = t + t z Q(z), |t| <= tan(pi/8). Coefficients from the Remez
algorithm in 200 bits; relative errors of the results: 2**-59 and 2**-27 (arcsin), 2**-58 and 2**-30 (arctan).
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select, two_sum
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import pick, split_constant

PI = (3.141592653589793, 1.2246467991473532e-16)  # in two parts, as its halves
HALF_PI = (1.5707963267948966, 6.123233995736766e-17)
QUARTER_PI = (0.7853981633974483, 3.061616997868383e-17)
EIGHTH = 0.41421356237309503  # tan(pi/8)

ARCSIN_64 = (
    0.031130748630586822,
    -0.018533789258272877,
    0.019911140098661403,
    0.004469211023443591,
    0.010571142027980868,
    0.0114376352114239,
    0.013975896045955047,
    0.017352040580167174,
    0.02237219002952935,
    0.030381943636899198,
    0.04464285715425499,
    0.07499999999993245,
    0.16666666666666674,
)
ARCSIN_32 = (0.04083838686347008, 0.025025710463523865, 0.04528174549341202, 0.07496994733810425, 0.16666702926158905)
ARCTAN_64 = (
    -0.01836643123404984,
    0.0385036229925947,
    -0.05057454572689882,
    0.058521347525150404,
    -0.06663721481482043,
    0.07692117962842732,
    -0.09090901228024932,
    0.11111110913292094,
    -0.14285714283011303,
    0.19999999999984136,
    -0.33333333333333315,
)
ARCTAN_32 = (-0.06184687092900276, 0.10640270262956619, -0.14250622689723969, 0.19998908042907715, -0.33333325386047363)


def _arcsin_parts(x: Value) -> tuple[Value, Value, Value]:
    """Whether |x| < 1/2, and the arcsine of |x| there, of sqrt((1 - |x|) / 2) elsewhere, in two parts."""
    magnitude = abs(x)
    small = magnitude < 0.5
    z = select(small, magnitude * magnitude, (1 - magnitude) * 0.5)
    s = select(small, magnitude, z.sqrt())
    return small, s, s * (z * horner(z, pick(x, ARCSIN_32, ARCSIN_64)))


def arcsin(x: Value) -> Value:
    """The angle from -pi/2 to pi/2 whose sine is x; NaN beyond 1."""
    small, s, rest = _arcsin_parts(x)
    high, low = split_constant(x, HALF_PI)
    start = high - s * 2
    error = (high - start) - s * 2
    large = start + (error - (rest * 2 - low))
    return select(small, s + rest, large).copysign(x)


def arccos(x: Value) -> Value:
    """The angle from 0 to pi whose cosine is x; NaN beyond 1."""
    small, s, rest = _arcsin_parts(x)
    high, low = split_constant(x, HALF_PI)
    s_signed, rest_signed = s.copysign(x), rest.copysign(x)
    start = high - s_signed
    near = start + ((high - start) - s_signed - (rest_signed - low))
    whole, whole_low = split_constant(x, PI)
    positive = (s + rest) * 2
    negative = whole - (s * 2 + (rest * 2 - whole_low))
    return select(small, near, select(x < 0, negative, positive))


def arctan(x: Value) -> Value:
    """The angle from -pi/2 to pi/2 whose tangent is x.

    t is (y - m) / (1 + m y) for y = |x| and the m of 0, 1 and infinity, the tangents of 0, pi/4 and pi/2, that is next.
    Where m is 1, the roundings of numerator and denominator count.
    """
    y = abs(x)
    near, far = y <= EIGHTH, y > 1 / EIGHTH
    one = x.constant(1)
    difference, difference_error = two_sum(y, -one)
    total, total_error = two_sum(one, y)
    denominator = select(near, one, select(far, y, total))
    t = select(near, y, select(far, -one, difference)) / denominator
    middle = select(near | far, 0, fma(-t, total_error, difference_error) / denominator)
    z = t * t
    rest = fma(t * z, horner(z, pick(x, ARCTAN_32, ARCTAN_64)), middle)
    quarter, half = split_constant(x, QUARTER_PI), split_constant(x, HALF_PI)
    base, base_low = (select(far, b, select(near, 0, a)) for a, b in zip(quarter, half, strict=True))
    result = base + t
    error = select(near, 0, (base - result) + t)
    return (result + (error + (rest + base_low))).copysign(x)


KERNEL_NAMES: dict[str, object] = {
    "arcsin": elementwise("arcsin", arcsin, FLOATS),
    "arccos": elementwise("arccos", arccos, FLOATS),
    "arctan": elementwise("arctan", arctan, FLOATS),
}
