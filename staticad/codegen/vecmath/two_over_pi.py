"""2/pi to 1300 bits, and its multiples by powers of two modulo 4 as sums of floats: tables of the range reduction."""

from __future__ import annotations

from functools import cache

BITS = 1300  # 1024 binary places of the largest float64, and 160 more for its nearness to multiples of pi/2


@cache
def _two_over_pi() -> int:
    """floor(2/pi * 2**BITS), from Machin's formula pi/4 = 4 arctan(1/5) - arctan(1/239)."""
    one = 1 << (BITS + 64)

    def arctan_of_inverse(n: int) -> int:
        term = total = one // n
        k = 1
        while term:
            term //= -n * n
            k += 2
            total += term // k
        return total

    quarter = 4 * arctan_of_inverse(5) - arctan_of_inverse(239)
    return (one << BITS) // (2 * quarter)


def scaled_parts(exponent: int, bits: tuple[int, ...]) -> tuple[float, ...]:
    """2**exponent * 2/pi modulo 4 as a sum of floats; part i covers the bits down to weight 2**-bits[i].

    Every part but the last is a multiple of its 2**-bits[i]; the bits must fit a float64.
    """
    fraction = BITS - exponent
    value = _two_over_pi() & ((1 << (fraction + 2)) - 1)
    parts = []
    for last in bits:
        low = fraction - last
        parts.append((value >> low) * 2.0**-last)
        value &= (1 << low) - 1
    return tuple(parts)


def centred_parts(exponent: int, bits: int) -> tuple[float, float]:
    """2**exponent * 2/pi modulo 2, from -1 to 1, as the nearest multiple of 2**-bits and what is left."""
    fraction = BITS - exponent
    one = 1 << fraction
    value = (_two_over_pi() + one & 2 * one - 1) - one
    unit = fraction - bits
    high = (value + (1 << unit - 1)) >> unit
    return high * 2.0**-bits, (value - (high << unit)) / one
