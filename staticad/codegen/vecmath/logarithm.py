"""log and log1p: x = 2**k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), then a polynomial or rational in f.

float64: f - f**2/2 + s (f**2/2 + R(s**2)) with s = f / (2 + f), the coefficients of R and the order of the additions
from FreeBSD's e_log.c and s_log1p.c (Sun Microsystems, 1993). float32: f - f**2/2 + f**3 P(f) without a division, P a
minimax polynomial (Remez, relative error 2**-27).
"""

from __future__ import annotations

from numba.core import types

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import LN_2, format_of, power_of_two

INFINITY = float("inf")
NAN = float("nan")
SQRT_TWO = 1.4142135623730951
SQRT_HALF = 0.7071067811865476

R_64 = (
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
)
P_32 = (
    -0.07638952881097794,
    0.12763404846191406,
    -0.13158981502056122,
    0.14201444387435913,
    -0.16623513400554657,
    0.20001249015331268,
    -0.25000813603401184,
    0.3333333134651184,
)
# (log(1 + f) - f) / f**2, so precise as a float32 result needs it
P_SINGLE = (
    -0.05994135633211252,
    0.10726991912785037,
    -0.10870493772204207,
    0.11021093217021706,
    -0.12412645231960624,
    0.14285698191488425,
    -0.1667032755524765,
    0.2000009644312872,
    -0.24999938117831297,
    0.3333333198299334,
    -0.500000002841516,
)


def split(x: Value) -> tuple[Value, Value, Value]:
    """k, k as bits above a bias, and m with x = 2**k m, sqrt(1/2) <= m < sqrt(2), for normal positive x.

    k comes as a float, exact; the integer is k + bias.
    """
    form = format_of(x)
    bits = x.bits()
    offset = (form.bias << form.mantissa) - x.constant(SQRT_HALF).float_bits()
    exponent = (bits + offset).logical_shift_right(form.mantissa)
    base = 2.0**form.mantissa
    k = (exponent | x.constant(base).float_bits()).as_float() - (base + form.bias)
    m = (bits - ((exponent - form.bias) << form.mantissa)).as_float()
    return k, exponent, m


def split_any(x: Value) -> tuple[Value, Value]:
    """k and m with x = 2**k m as by `split`, for subnormal numbers too."""
    form = format_of(x)
    subnormal = x < form.smallest_normal
    shift = float(form.mantissa + 2)
    k, _, m = split(select(subnormal, x * 2.0**shift, x))
    return select(subnormal, k - shift, k), m


def log_curve(f: Value) -> Value:
    """log(1 + f) - f."""
    half_square = f * f * 0.5
    if f.dtype == types.float32:
        return fma(f * f * f, horner(f, P_32), -half_square)
    s = f / (f + 2)
    return fma(s, half_square + s * s * horner(s * s, R_64), -half_square)


def _log_near_one(k: Value, f: Value, correction: Value | None = None) -> Value:
    """k ln 2 + log(1 + f) + correction."""
    form = format_of(f)
    half_square = f * f * 0.5
    low = k * form.ln2_low if correction is None else fma(k, form.ln2_low, correction)
    if f.dtype == types.float32:
        rest = fma(f * f * f, horner(f, P_32), low) - half_square
        return fma(k, form.ln2_high, f + rest)
    s = f / (f + 2)
    rest = fma(s, half_square + s * s * horner(s * s, R_64), low)
    return fma(k, form.ln2_high, f - (half_square - rest))


def log(x: Value) -> Value:
    """Natural logarithm; -inf for 0, NaN for negative numbers."""
    k, m = split_any(x)
    return at_the_edges(x, x, _log_near_one(k, m - 1))


def log_for_single(x: Value) -> Value:
    """Natural logarithm of a normal positive float64, with a relative error of 2**-33: what a float32 result needs."""
    k, _, m = split(x)
    f = m - 1
    return fma(k, LN_2, fma(f * f, horner(f, P_SINGLE), f))


def at_the_edges(x: Value, argument: Value, result: Value) -> Value:
    """The result for positive finite arguments of the logarithm, else -inf, NaN or inf."""
    outside = select(argument.eq(0), -INFINITY, x.constant(NAN))
    return select(argument > 0, select(x < INFINITY, result, x), select(x.is_nan(), x, outside))


def log1p(x: Value) -> Value:
    """log(1 + x), exact to the last digits near 0."""
    return log1p_of_sum(x)


def log1p_of_sum(x: Value, low: Value | None = None, doublings: Value | None = None) -> Value:
    """log(1 + x + low) + doublings ln 2 for a small correction."""
    form = format_of(x)
    u = x + 1
    # two-sum: 1 + x = u + error exactly
    one = u - x
    error = (1 - one) + (x - (u - one))
    if low is not None:
        error = error + low
    k, exponent, m = split(u)
    unscaled = k.eq(0)
    f = select(unscaled, x, m - 1)
    # 1 + x = 2**k (1 + f + g): g < epsilon matters for small k only, where 2**-k is a normal number
    small = (u > 0) & (k < form.mantissa) & (k.ne(0))
    g = select(small, error * power_of_two((2 * form.bias) - exponent), 0 if low is None else select(unscaled, low, 0))
    correction = g * fma(f, f - 1, 1)
    tiny = abs(x) < form.epsilon / 4
    if doublings is not None:
        k = k + doublings
    return select(tiny, x, at_the_edges(x, u, _log_near_one(k, f, correction)))


def log1p_of_unit(x: Value) -> Value:
    """log(1 + x) for 0 <= x <= 1, where 1 + x needs to be halved at most once."""
    u = x + 1
    error = x - (u - 1)
    halve = u > SQRT_TWO
    f = select(halve, u * 0.5 - 1, x)
    g = select(halve, error * 0.5, 0)
    return _log_near_one(select(halve, x.constant(1), 0), f, g * fma(f, f - 1, 1))


log_intrinsic = elementwise("log", log, FLOATS)
log1p_intrinsic = elementwise("log1p", log1p, FLOATS)

KERNEL_NAMES: dict[str, object] = {"log": log_intrinsic, "log1p": log1p_intrinsic}
