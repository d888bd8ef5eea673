"""Functions of a point of the plane: its distance from the origin, the logarithm of that, and its angle.

The angle is that of the smaller coordinate over the larger one, which lies between 0 and pi/4, and is turned or
mirrored afterwards. Below pi/4 arctan(q) = arctan(c) + arctan((q - c) / (1 + c q)) with c = 0, 1/2 or 1, so that there
is one division, whose numerator is exact; polynomial and constants are those of FreeBSD's s_atan.c (Sun Microsystems,
1993). float64 is scaled by a power of two where squares would over- or underflow; float32 is computed in float64.
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select, two_sum
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.logarithm import log, log1p

INFINITY = float("inf")
ARCTAN = (
    1.62858201153657823623e-02,
    -3.65315727442169155270e-02,
    4.97687799461593236017e-02,
    -5.83357013379057348645e-02,
    6.66107313738753120669e-02,
    -7.69187620504482999495e-02,
    9.09088713343650656196e-02,
    -1.11111104054623557880e-01,
    1.42857142725034663711e-01,
    -1.99999999998764832476e-01,
    3.33333333333329318027e-01,
)
# arctan(1/2), pi/4, pi/2 and pi, each in two parts
OF_HALF = (4.63647609000806093515e-01, 2.26987774529616870924e-17)
OF_ONE = (7.85398163397448278999e-01, 3.06161699786838301793e-17)
QUARTER_TURN = (1.5707963267948966, 6.123233995736766e-17)
HALF_TURN = (3.141592653589793, 1.2246467991473532e-16)

TINY, HUGE, SCALE = 2.0**-480, 2.0**500, 600  # whose squares are normal numbers, and the exponent of the scale
LN2 = 0.6931471805599453


def _choose(like: Value, one: Value, first: float, other: Value, second: float, last: float) -> Value:
    """One of three numbers: the first where ``one`` holds, else the second where ``other`` does."""
    return select(one, first, select(other, second, like.constant(last)))


def _ordered(x: Value, y: Value) -> tuple[Value, Value, Value]:
    """The larger and the smaller of two magnitudes, and whether the second one is the larger."""
    a, b = abs(x), abs(y)
    swapped = b > a
    return select(swapped, b, a), select(swapped, a, b), swapped


def _scaled(large: Value, small: Value) -> tuple[Value, Value, Value]:
    """Both times the power of two that takes the larger one to where squares are normal; the exponent of its inverse,
    as a float."""
    up, down = large < TINY, large > HUGE
    factor = _choose(large, up, 2.0**SCALE, down, 2.0**-SCALE, 1)
    exponent = _choose(large, up, -SCALE, down, SCALE, 0)
    return large * factor, small * factor, exponent


def _or_infinite(result: Value, large: Value, small: Value) -> Value:
    """Infinite where one of two coordinates is, even if the other one is NaN."""
    return select(large.eq(INFINITY) | small.eq(INFINITY), INFINITY, result)


def hypot(x: Value, y: Value) -> Value:
    """sqrt(x * x + y * y) without overflow."""
    if x.dtype == types.float32:
        a, b = x.to(types.float64), y.to(types.float64)
        length = fma(a, a, b * b).sqrt().to(types.float32)
        return _or_infinite(length, abs(x), abs(y))
    large, small, _ = _ordered(x, y)
    a, b, exponent = _scaled(large, small)
    back = _choose(x, exponent < 0, 2.0**-SCALE, exponent > 0, 2.0**SCALE, 1)
    return _or_infinite(fma(a, a, b * b).sqrt() * back, large, small)


def log_hypot(x: Value, y: Value) -> Value:
    """log(sqrt(x * x + y * y)), exact to the last digits also where that is near 0."""
    if x.dtype == types.float32:
        a, b, _ = _ordered(x.to(types.float64), y.to(types.float64))
        squares, exponent = (a * a, b * b), a.constant(0)
        excess = (squares[0] - 1) + squares[1]
        total = squares[0] + squares[1]
    else:
        large, small, _ = _ordered(x, y)
        a, b, exponent = _scaled(large, small)
        squares = (a * a, b * b)
        errors = fma(a, a, -squares[0]) + fma(b, b, -squares[1])
        high, low = two_sum(squares[0], a.constant(-1))
        high, lower = two_sum(high, squares[1])
        excess = high + ((low + lower) + errors)
        total = squares[0] + squares[1]
    near = (total > 0.25) & (total < 16.0) & exponent.eq(0)
    far = fma(exponent, LN2, log(select(near, 1, total)) * 0.5)
    result = select(near, log1p(select(near, excess, 0)) * 0.5, far).to(x.dtype)
    return _or_infinite(result, abs(x), abs(y))


def _angle(large: Value, small: Value) -> Value:
    """arctan(small / large) for 0 <= small <= large, large > 0, both finite."""
    half, whole = small > large * 0.4375, small > large * 0.6875
    c = _choose(small, whole, 1, half, 0.5, 0)
    t = fma(-c, large, small) / fma(c, small, large)
    high = _choose(small, whole, OF_ONE[0], half, OF_HALF[0], 0)
    low = _choose(small, whole, OF_ONE[1], half, OF_HALF[1], 0)
    z = t * t
    return high - ((t * (z * horner(z, ARCTAN)) - low) - t)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -pi to pi; signed zeros and infinities as C99."""
    single = x.dtype == types.float32
    wide_y, wide_x = (y.to(types.float64), x.to(types.float64)) if single else (y, x)
    large, small, swapped = _ordered(wide_x, wide_y)
    endless = large.eq(INFINITY)
    small = select(endless, select(small.eq(INFINITY), 1, small.constant(0)), small)
    large = select(endless | large.eq(0), 1, large)
    if not single:
        factor = _choose(large, large > HUGE, 2.0**-64, large < TINY, 2.0**64, 1)
        large, small = large * factor, small * factor
    angle = _angle(large, small)
    backwards = wide_x.bits() < 0
    high = _choose(angle, swapped, QUARTER_TURN[0], backwards, HALF_TURN[0], 0)
    low = _choose(angle, swapped, QUARTER_TURN[1], backwards, HALF_TURN[1], 0)
    turned = high + (select(swapped ^ backwards, -angle, angle) + low)
    result = turned.copysign(wide_y).to(y.dtype)
    return select(x.is_nan() | y.is_nan(), x + y, result)


def copysign(x: Value, y: Value) -> Value:
    """The magnitude of x with the sign of y."""
    return x.copysign(y)


KERNEL_NAMES: dict[str, object] = {
    "arctan2": elementwise("arctan2", arctan2, FLOATS),
    "hypot": elementwise("hypot", hypot, FLOATS),
    "log_hypot": elementwise("log_hypot", log_hypot, FLOATS),
    "copysign": elementwise("copysign", copysign, FLOATS),
}
