"""sinh and cosh from expm1 and exp, without overflow before its time; their inverses from log1p of a sum of two floats.

With q = (e**|x| - 1) / 4: sinh|x| = 2 (q + q / (4 q + 1)). arcsinh(t) = log1p(t + t**2 / (1 + sqrt(1 + t**2))),
arccosh(x) = log1p(t + sqrt(2 t + t**2)) with t = x - 1, arctanh(t) = log1p(2 t / (1 - t)) / 2; the roundings of these
arguments are corrected in the logarithm.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import expm1_parts, half_exp
from staticad.codegen.vecmath.formats import format_of, pick
from staticad.codegen.vecmath.logarithm import log1p_of_sum

NAN = float("nan")


def sinh(x: Value) -> Value:
    """Hyperbolic sine."""
    (top,) = pick(x, (89.5,), (710.6,))  # twice q overflows there, q does not
    magnitude = abs(x)
    start, rest = expm1_parts(select(magnitude > top, top, magnitude), 2)
    q = start + rest
    q_error = rest - (q - start)
    exponential = fma(q, 4, 1)  # e**|x|
    far = exponential > 2.0**60  # there its inverse does not count any more
    denominator = select(far, 2.0**60, exponential)
    denominator_error = select(far, 0, fma(q_error, 4, fma(q, 4, 1 - denominator)))
    inverse = 1 / denominator
    ratio = q * inverse
    ratio_error = (fma(-ratio, denominator, q) + fma(-ratio, denominator_error, q_error)) * inverse
    total = q + ratio
    result = total + ((q - total) + ratio + (ratio_error + q_error))
    return select(magnitude < format_of(x).epsilon, x, (result * 2).copysign(x))


def cosh(x: Value) -> Value:
    """Hyperbolic cosine: e**|x| / 2 + e**-|x| / 2."""
    half = half_exp(abs(x))
    return half + 0.25 / half


def arcsinh(x: Value) -> Value:
    """Inverse hyperbolic sine."""
    t = abs(x)
    square = t * t
    q = square / ((square + 1).sqrt() + 1)
    w = t + q
    larger, smaller = select(t > q, t, q), select(t > q, q, t)
    return _log_of(t, w, (larger - w) + smaller).copysign(x)


def arccosh(x: Value) -> Value:
    """Inverse hyperbolic cosine, 0 or above; NaN below 1."""
    t = x - 1
    root = fma(t, t, t * 2).sqrt()
    w = t + root
    return select(x < 1, NAN, _log_of(t, w, (root - w) + t))


def _log_of(t: Value, w: Value, w_low: Value) -> Value:
    """log(1 + w + w_low), but log(2 t) for large t, where squares may overflow."""
    large = t > 2.0 ** (format_of(t).mantissa + 2)
    return log1p_of_sum(select(large, t, w), select(large, 0, w_low), select(large, t.constant(1), 0))


def arctanh(x: Value) -> Value:
    """Inverse hyperbolic tangent; infinite at -1 and 1, NaN beyond."""
    t = abs(x)
    twice, denominator = t * 2, 1 - t
    w = twice / denominator
    low = fma(-w, denominator, twice) - w * ((1 - denominator) - t)
    return (log1p_of_sum(w, low / denominator) * 0.5).copysign(x)


KERNEL_NAMES: dict[str, object] = {
    "sinh": elementwise("sinh", sinh, FLOATS),
    "cosh": elementwise("cosh", cosh, FLOATS),
    "arcsinh": elementwise("arcsinh", arcsinh, FLOATS),
    "arccosh": elementwise("arccosh", arccosh, FLOATS),
    "arctanh": elementwise("arctanh", arctanh, FLOATS),
}
