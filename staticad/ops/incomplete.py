"""The regularized incomplete gamma and beta functions, their densities, and their derivatives by parameters.

The derivatives of the densities are made of themselves. Those by the parameters are ops, which have derivatives by the
last operand, but none by a parameter again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import Elementwise, apply
from staticad.ops.double_precision import in_double, integral, scipy_function
from staticad.ops.gamma_functions import DIGAMMA
from staticad.ops.transcendental import LOG, LOG1P

_gammaln, _betaln = scipy_function("gammaln"), scipy_function("betaln")
_xlogy, _xlog1py = scipy_function("xlogy"), scipy_function("xlog1py")
_digamma = scipy_function("digamma")


def _gammainc_density(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.exp(_xlogy(a - 1, x) - x - _gammaln(a))


def _betainc_density(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.exp(_xlogy(a - 1, x) + _xlog1py(b - 1, -x) - _betaln(a, b))


def _slope_of_array(density: Callable[..., np.ndarray], slope: Callable[..., np.ndarray]) -> Callable[..., Any]:
    """The integral of a density times the derivative of its logarithm by a parameter."""

    def function(*operands: np.ndarray) -> np.ndarray:
        *parameters, x = (np.asarray(v, np.float64) for v in np.broadcast_arrays(*operands))
        given = [p[..., None] for p in parameters]
        with np.errstate(all="ignore"):
            found = integral(lambda t: density(*given, t) * slope(*given, t), x)
        return np.asarray(found, np.result_type(*operands))

    return function


def _no_second(name: str, parameter: Tensor) -> GradientError:
    return GradientError(
        f"{name} has no second derivative by a parameter ({describe(parameter)}); pass stop_gradient of it"
    )


def _gammainc_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return g * apply(GAMMAINC_SLOPE, a, x), g * apply(GAMMAINC_DENSITY, a, x)


def _gammaincc_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    by_a, by_x = _gammainc_vjp(g, y, a, x)
    return -by_a, -by_x


def _gammainc_density_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    scaled = g * y
    return scaled * (apply(LOG, x) - apply(DIGAMMA, a)), scaled * ((a - 1) / x - 1)


def _gammainc_slope_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[GradientError, Tensor]:
    by_a, _ = _gammainc_density_vjp(g, apply(GAMMAINC_DENSITY, a, x), a, x)
    return _no_second("gammainc", a), by_a


def _betainc_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return (
        g * apply(BETAINC_SLOPE_A, a, b, x),
        g * apply(BETAINC_SLOPE_B, a, b, x),
        g * apply(BETAINC_DENSITY, a, b, x),
    )


def _betainc_density_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    scaled, both = g * y, apply(DIGAMMA, a + b)
    return (
        scaled * (apply(LOG, x) - apply(DIGAMMA, a) + both),
        scaled * (apply(LOG1P, -x) - apply(DIGAMMA, b) + both),
        scaled * ((a - 1) / x - (b - 1) / (1 - x)),
    )


def _betainc_slope_vjp(position: int) -> Any:
    def vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[GradientError, GradientError, Tensor]:
        mixed = _betainc_density_vjp(g, apply(BETAINC_DENSITY, a, b, x), a, b, x)[position]
        return _no_second("betainc", a), _no_second("betainc", b), mixed

    return vjp


def _incomplete(name: str, arity: int, **more: Any) -> Elementwise:
    domain = (0.3, 2.5) if arity == 2 else (0.2, 0.9)
    return Elementwise(name, code=in_double(name), arity=arity, operands="f", cost=1000, domain=domain, ulps=50, **more)


GAMMAINC = _incomplete(
    "gammainc",
    2,
    numpy=scipy_function("gammainc"),
    vjp=_gammainc_vjp,
    orders=1,
    notes="P(a, x); by a one derivative, by x of every order",
)
GAMMAINCC = _incomplete(
    "gammaincc",
    2,
    numpy=scipy_function("gammaincc"),
    vjp=_gammaincc_vjp,
    orders=1,
    notes="Q(a, x) = 1 - P(a, x); by a one derivative, by x of every order",
)
GAMMAINC_DENSITY = _incomplete(
    "gammainc_density", 2, numpy=_gammainc_density, vjp=_gammainc_density_vjp, notes="the derivative of gammainc by x"
)
GAMMAINC_SLOPE = _incomplete(
    "gammainc_slope",
    2,
    numpy=_slope_of_array(_gammainc_density, lambda a, x: np.log(x) - _digamma(a)),
    vjp=_gammainc_slope_vjp,
    orders=0,
    notes="the derivative of gammainc by a; no further one by a",
)
BETAINC = _incomplete(
    "betainc",
    3,
    numpy=scipy_function("betainc"),
    vjp=_betainc_vjp,
    orders=1,
    notes="I(a, b; x); by a and b one derivative, by x of every order",
)
BETAINC_DENSITY = _incomplete(
    "betainc_density", 3, numpy=_betainc_density, vjp=_betainc_density_vjp, notes="the derivative of betainc by x"
)
BETAINC_SLOPE_A = _incomplete(
    "betainc_slope_a",
    3,
    numpy=_slope_of_array(_betainc_density, lambda a, b, x: np.log(x) - _digamma(a) + _digamma(a + b)),
    vjp=_betainc_slope_vjp(0),
    orders=0,
    notes="the derivative of betainc by a; no further one by a or b",
)
BETAINC_SLOPE_B = _incomplete(
    "betainc_slope_b",
    3,
    numpy=_slope_of_array(_betainc_density, lambda a, b, x: np.log1p(-x) - _digamma(b) + _digamma(a + b)),
    vjp=_betainc_slope_vjp(1),
    orders=0,
    notes="the derivative of betainc by b; no further one by a or b",
)

INCOMPLETE_OPS = (
    GAMMAINC,
    GAMMAINCC,
    GAMMAINC_DENSITY,
    GAMMAINC_SLOPE,
    BETAINC,
    BETAINC_DENSITY,
    BETAINC_SLOPE_A,
    BETAINC_SLOPE_B,
)
