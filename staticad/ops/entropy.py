"""Products with logarithms that are 0 where the factor is 0, quotients' logarithms, and divergences made of them."""

from __future__ import annotations

import numpy as np

from staticad.ir.expressions import Expression, call, constant, mul
from staticad.ir.graph import Tensor
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL, LOGICAL_AND
from staticad.ops.double_precision import scipy_function
from staticad.ops.selection import select
from staticad.ops.sources import constant as constant_tensor
from staticad.ops.transcendental import LOG, LOG1P

_scipy_kl_div = scipy_function("kl_div")


def _or_zero(x: Expression, y: Expression, product: Expression) -> Expression:
    """0 where x is 0 and y is a number."""
    zero = call("equal", x, constant(0, x.dtype))
    absent = call("logical_and", zero, call("logical_not", call("isnan", y)))
    return call("where", absent, constant(0, x.dtype), product)


def _xlogy(x: Expression, y: Expression) -> Expression:
    return _or_zero(x, y, mul(x, call("log", y)))


def _xlog1py(x: Expression, y: Expression) -> Expression:
    return _or_zero(x, y, mul(x, call("log1p", y)))


def _entr(x: Expression) -> Expression:
    inside = call("neg", mul(x, call("log", x)))
    zero, lowest = constant(0, x.dtype), constant(-np.inf, x.dtype)
    rest = call("where", call("equal", x, zero), zero, inside)
    return call("where", call("less", x, zero), lowest, rest)


def _quotient(x: Tensor, y: Tensor) -> Tensor:
    """x / y, 0 where both are 0: what has no weight has no derivative."""
    zero = constant_tensor(0, x.dtype)
    both = apply(LOGICAL_AND, apply(EQUAL, x, zero), apply(EQUAL, y, zero))
    return x / select(both, constant_tensor(1, x.dtype), y)


def _kl_div_of_arrays(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """SciPy's, and where that cancels the series of -x (log(1 + t) - t) in t = (y - x) / x."""
    wide = [np.asarray(v, np.float64) for v in (x, y)]
    with np.errstate(all="ignore"):
        t = (wide[1] - wide[0]) / wide[0]
        near = np.abs(t) < 0.4
        powers = np.where(near, t, 0)[..., None] ** np.arange(2, 40)
        series = wide[0] * (powers * ((-1.0) ** np.arange(2, 40) / np.arange(2, 40))).sum(axis=-1)
        return np.asarray(np.where(near & (wide[0] > 0), series, _scipy_kl_div(*wide)), np.result_type(x, y))


def _rel_entr_vjp(g: Tensor, y: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    return g * (apply(LOG_RATIO, p, q) + 1), -(g * (p / q))


def _kl_div_vjp(g: Tensor, y: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    return g * apply(LOG_RATIO, p, q), g * ((q - p) / q)


def _log_ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    wide = [np.asarray(v, np.float64) for v in (x, y)]
    with np.errstate(all="ignore"):
        one, other = (np.abs(v) for v in wide)
        sign = np.where(np.sign(wide[0]) * np.sign(wide[1]) < 0, np.nan, 1)
        return np.asarray(sign * (np.log(one) - np.log(other)), np.result_type(x, y))


XLOGY = Elementwise(
    "xlogy",
    numpy=scipy_function("xlogy"),
    code=_xlogy,
    operands="f",
    arity=2,
    cost=20,
    domain=(0.2, 3.0),
    vjp=lambda g, y, a, b: (g * apply(LOG, b), g * _quotient(a, b)),
    notes="x log(y), 0 where x is 0",
)
XLOG1PY = Elementwise(
    "xlog1py",
    numpy=scipy_function("xlog1py"),
    code=_xlog1py,
    operands="f",
    arity=2,
    cost=22,
    domain=(0.2, 3.0),
    vjp=lambda g, y, a, b: (g * apply(LOG1P, b), g * _quotient(a, b + 1)),
    notes="x log(1 + y), 0 where x is 0",
)
ENTR = Elementwise(
    "entr",
    numpy=scipy_function("entr"),
    code=_entr,
    operands="f",
    cost=20,
    domain=(0.2, 3.0),
    vjp=lambda g, y, x: (-(g * (apply(LOG, x) + 1)),),
    notes="-x log(x), 0 at 0, -infinite below",
)
LOG_RATIO: Elementwise = Elementwise(
    "log_ratio",
    numpy=_log_ratio,
    operands="f",
    arity=2,
    cost=40,
    domain=(0.2, 3.0),
    ulps=10,
    vjp=lambda g, y, a, b: (g / a, -(g / b)),
    notes="log(x / y) without overflow of the quotient",
)
REL_ENTR = Elementwise(
    "rel_entr",
    numpy=scipy_function("rel_entr"),
    operands="f",
    arity=2,
    cost=45,
    domain=(0.2, 3.0),
    ulps=10,
    vjp=_rel_entr_vjp,
    notes="x log(x / y), 0 where x is 0 and y >= 0, else infinite",
)
KL_DIV = Elementwise(
    "kl_div",
    numpy=_kl_div_of_arrays,
    operands="f",
    arity=2,
    cost=60,
    domain=(0.2, 3.0),
    ulps=10,
    vjp=_kl_div_vjp,
    notes="x log(x / y) - x + y, exact also where x is close to y; y where x is 0, infinite outside",
)
LOGIT = Elementwise(
    "logit",
    numpy=scipy_function("logit"),
    operands="f",
    cost=40,
    domain=(0.1, 0.9),
    ulps=10,
    vjp=lambda g, y, x: (g / (x * (1 - x)),),
    notes="log(x / (1 - x)); infinite at 0 and 1, NaN beyond",
)

ENTROPY_OPS = (XLOGY, XLOG1PY, ENTR, LOG_RATIO, REL_ENTR, KL_DIV, LOGIT)
