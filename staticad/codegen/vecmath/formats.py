"""Constants of the two float formats, and the bit tricks that build and take apart powers of two.

Adding `magic` = 1.5 * 2**mantissa to a float of moderate size rounds it to an integer, which then sits in the low bits
of the sum. This replaces conversions between floats and integers: it has no undefined inputs (NaN only gives useless
bits, and NaN again in the end) and needs no instruction that AVX2 lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

from numba.core import types

from staticad.codegen.vecmath.builder import Value, round_to_float32
from staticad.records import dataclass


@dataclass(frozen=True)
class Format:
    """An IEEE binary format: bits of the stored mantissa, exponent bias, and the constant ln 2 in two parts.

    `ln2_high` has so few bits that its product with any exponent is exact.
    """

    mantissa: int
    bias: int
    ln2_high: float
    ln2_low: float

    @property
    def magic(self) -> float:
        """Added to x, it leaves the integer nearest to x in the low bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def smallest_normal(self) -> float:
        """2**(1 - bias)."""
        return 2.0 ** (1 - self.bias)

    @property
    def epsilon(self) -> float:
        """Distance from 1 to the next larger number."""
        return 2.0**-self.mantissa


BINARY32 = Format(23, 127, float.fromhex("0x1.62e4p-1"), float.fromhex("0x1.7f7d1cf79abcap-20"))
BINARY64 = Format(52, 1023, float.fromhex("0x1.62e42fefa38p-1"), float.fromhex("0x1.ef35793c7673p-45"))

LOG2_E = 1.4426950408889634
LN_2 = 0.6931471805599453


def format_of(x: Value) -> Format:
    """The format of a float value."""
    return BINARY32 if x.dtype == types.float32 else BINARY64


def split_constant(x: Value, parts: tuple[float, float]) -> tuple[Value, Value]:
    """A number that is given as the sum of two float64, as the sum of two constants in the precision of x."""
    high, low = parts
    if x.dtype == types.float64:
        return x.constant(high), x.constant(low)
    nearest = round_to_float32(high)
    return x.constant(nearest), x.constant((high - nearest) + low)


def power_of_two(biased_exponent: Value) -> Value:
    """2**(e - bias) for an integer value whose low 9 (float32) or 12 (float64) bits are e, a biased exponent."""
    mantissa = 23 if biased_exponent.dtype == types.int32 else 52
    return (biased_exponent << mantissa).as_float()


def two_powers(shifted: Value) -> tuple[Value, Value]:
    """Two normal numbers whose product is 2**k, where `shifted` = k + magic + 2 * bias; k may leave the range of normal
    exponents. Multiplied by one after the other, a number overflows and underflows gradually as it should.
    """
    exponent = shifted.bits()
    half = exponent.logical_shift_right(1)
    return power_of_two(half), power_of_two(exponent - half)


def scale(x: Value, shifted: Value) -> Value:
    """x * 2**k with one rounding; `shifted` as for `two_powers`."""
    first, second = two_powers(shifted)
    return x * first * second


def pick(x: Value, single: Sequence[float], double: Sequence[float]) -> Sequence[float]:
    """The coefficients for the precision of x."""
    return single if x.dtype == types.float32 else double
