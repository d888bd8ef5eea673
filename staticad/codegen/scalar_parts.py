"""Parts of floats: signs, significands and exponents, and neighbours. Bits alone, nothing is rounded but by ldexp."""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import BOOLEAN, FLOATS, Value, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import format_of, power_of_two

INFINITY = float("inf")
NAN = float("nan")


def _signbit(a: Value) -> Value:
    """The sign is minus, of -0.0 too."""
    return a.bits() < 0


def _nextafter(a: Value, b: Value) -> Value:
    """The float next to a towards b; b if they are equal, NaN if one is NaN."""
    outwards = (a < b).eq(a > 0)
    bits = a.bits()
    moved = (bits + select(outwards, bits.constant(1), -1)).as_float()
    tiny = bits.constant(1).as_float().copysign(b)
    result = select(a.eq(b), b, select(a.eq(0), tiny, moved))
    return select(a.is_nan() | b.is_nan(), NAN, result)


def _spacing(a: Value) -> Value:
    """The distance to the next float away from 0, with the sign of a (plus of -0.0); NaN for infinities."""
    magnitude = abs(a)
    following = (magnitude.bits() + 1).as_float()
    return select(magnitude < INFINITY, (following - magnitude).copysign(select(a.eq(0), 1, a)), NAN)


def _normal(a: Value) -> tuple[Value, Value]:
    """The bits of |a| as a normal number, and by how much its exponent is too large."""
    form = format_of(a)
    magnitude = abs(a)
    subnormal = magnitude < form.smallest_normal
    bits = select(subnormal, magnitude * 2.0 ** (form.mantissa + 2), magnitude).bits()
    return bits, select(subnormal, bits.constant(form.mantissa + 2), 0)


def _is_number(a: Value) -> Value:
    return a.ne(0) & (abs(a) < INFINITY)


def significand(a: Value) -> Value:
    """a / 2**e between 1/2 and 1; zeros, infinities and NaN stay as they are."""
    bits, _ = _normal(a)
    form = format_of(a)
    fraction = (bits & ((1 << form.mantissa) - 1)) | a.constant(0.5).float_bits()
    return select(_is_number(a), fraction.as_float().copysign(a), a)


def exponent(a: Value) -> Value:
    """The whole number e that goes with the significand; 0 for zeros, infinities and NaN."""
    bits, shift = _normal(a)
    form = format_of(a)
    e = bits.logical_shift_right(form.mantissa) - (form.bias - 1) - shift
    return select(_is_number(a), e, 0)


def _ldexp(a: Value, b: Value) -> Value:
    """a * 2**b for a whole b, rounded once."""
    form = format_of(a)
    limit = 3 * form.bias
    clamped = select(b > limit, limit, select(b < -limit, -limit, b))
    total = (clamped + form.magic).bits() - a.constant(form.magic).float_bits() + exponent(a)
    inner, outer = form.bias - 2, 2 * form.mantissa
    first = select(total > inner, inner, select(total < -inner, -inner, total))
    rest = total - first
    second = select(rest > outer, outer, select(rest < -outer, -outer, rest))
    result = significand(a) * power_of_two(first + form.bias) * power_of_two(second + form.bias)
    return select(b.is_nan(), b, select(_is_number(a), result, a))


def _exponent32(a: Value) -> Value:
    """The exponent of a as int32."""
    return exponent(a).to(types.int32)


KERNEL_NAMES: dict[str, object] = {
    "signbit": elementwise("signbit", _signbit, FLOATS, BOOLEAN),
    "nextafter": elementwise("nextafter", _nextafter, FLOATS),
    "spacing": elementwise("spacing", _spacing, FLOATS),
    "significand": elementwise("significand", significand, FLOATS),
    "exponent": elementwise("exponent", _exponent32, FLOATS, types.int32),
    "ldexp": elementwise("ldexp", _ldexp, FLOATS),
}
