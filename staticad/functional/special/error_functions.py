"""Error functions, the normal distribution and their inverses, by SciPy's names.

Relative errors are below 1e-13 in float64 wherever the result is a normal number.
"""

from __future__ import annotations

from staticad.functional.front import float_unary
from staticad.ops.error_functions import ERFC, ERFCINV, ERFCX, LOG_NDTR, NDTR, NDTRI
from staticad.ops.transcendental import ERFINV

erfinv = float_unary(
    ERFINV, "erfinv", "The inverse of the error function: erf(erfinv(x)) = x; infinite at -1 and 1, NaN beyond."
)
erfc = float_unary(ERFC, "erfc", "1 - erf(x), exact to the last digits where that is small.")
erfcx = float_unary(ERFCX, "erfcx", "exp(x**2) erfc(x), which does not underflow; infinite below -27.")
erfcinv = float_unary(
    ERFCINV, "erfcinv", "The inverse of erfc: erfc(erfcinv(y)) = y; infinite at 0, -infinite at 2, NaN beyond."
)
ndtr = float_unary(NDTR, "ndtr", "The normal distribution, the integral of exp(-t**2 / 2) / sqrt(2 pi) up to x.")
log_ndtr = float_unary(LOG_NDTR, "log_ndtr", "The logarithm of the normal distribution, without underflow.")
ndtri = float_unary(
    NDTRI, "ndtri", "The inverse of the normal distribution; -infinite at 0, infinite at 1, NaN beyond."
)
