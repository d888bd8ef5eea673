"""Logarithms of quotients and the divergences that are made of them, exact where their operands are close."""

from __future__ import annotations

from staticad.codegen.special.coefficients import EXCESS_SINGLE
from staticad.codegen.special.flow import in_either
from staticad.codegen.special.log_excess import log_excess
from staticad.codegen.vecmath.builder import Value, horner, select
from staticad.codegen.vecmath.logarithm import log, log1p, log_for_single

INFINITY, NAN = float("inf"), float("nan")
NORMAL = 2.0**1000  # of quotients beyond it the logarithms are subtracted


def _apart(x: Value, y: Value) -> Value:
    return ((x > 0) & (y < 0)) | ((x < 0) & (y > 0))


def log_ratio(x: Value, y: Value) -> Value:
    """log(x / y) without overflow of the quotient."""
    quotient = x / y
    near = (quotient > 0.5) & (quotient < 2)
    normal = (quotient > 1 / NORMAL) & (quotient < NORMAL)
    far = log(select(normal, quotient, abs(x))) - select(normal, 0, log(select(normal, 1, abs(y))))
    apart = _apart(x, y)
    return select(near, log1p(select(near, (x - y) / y, 0)), select(apart, NAN, far))


def _over_quadrant(x: Value, y: Value, inside: Value, at_zero: Value) -> Value:
    """``inside`` of positive operands, ``at_zero`` for x = 0 and y >= 0, else infinite; NaN of NaN."""
    outside = select(x.eq(0) & (y >= 0), at_zero, INFINITY)
    return select(x.is_nan() | y.is_nan(), NAN, select((x > 0) & (y > 0), inside, outside))


def rel_entr(x: Value, y: Value) -> Value:
    """x log(x / y), 0 for x = 0 and y >= 0, else infinite."""
    return _over_quadrant(x, y, x * log_ratio(x, y), x.constant(0))


def kl_div(x: Value, y: Value) -> Value:
    """x log(x / y) - x + y, y for x = 0 and y >= 0, else infinite."""
    t = (y - x) / x
    near = (t > -0.4) & (t < 0.65)
    inside = select(near, -x * log_excess(select(near, t, 0)), x * log_ratio(x, y) - x + y)
    return _over_quadrant(x, y, inside, y)


def logit(x: Value) -> Value:
    """log(x / (1 - x)), near 1/2 and above as log1p of what the quotient has beyond 1."""
    other = 1 - x
    return select(x < 0.3, log(x / other), log1p((x + x - 1) / other))


# ---- float32, whose quotients float64 holds: their logarithms are exact next to 1, too


def _log_of_quotient(quotient: Value) -> Value:
    """Of two float32 above 0, one of which may be infinite."""
    return select(quotient.eq(0), -INFINITY, select(quotient < INFINITY, log_for_single(quotient), quotient))


def _log_ratio_single(x: Value, y: Value) -> Value:
    return select(_apart(x, y), NAN, _log_of_quotient(abs(x / y)))


def _rel_entr_single(x: Value, y: Value) -> Value:
    return _over_quadrant(x, y, x * _log_of_quotient(x / y), x.constant(0))


def _kl_div_single(x: Value, y: Value) -> Value:
    """-x (log(1 + t) - t) of t = (y - x) / x."""
    inverse = 1 / x
    t = (y - x) * inverse
    curve = select(abs(t) < 0.125, t * t * horner(t, EXCESS_SINGLE), t - _log_of_quotient(y * inverse))
    return _over_quadrant(x, y, x * curve, y)


def _logit_single(x: Value) -> Value:
    quotient = x / (1 - x)
    return select((x >= 0) & (x <= 1), _log_of_quotient(quotient), NAN)


KERNEL_NAMES: dict[str, object] = {
    "log_ratio": in_either(log_ratio, _log_ratio_single),
    "rel_entr": in_either(rel_entr, _rel_entr_single),
    "kl_div": in_either(kl_div, _kl_div_single),
    "logit": in_either(logit, _logit_single),
}
