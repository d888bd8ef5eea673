"""The regularized incomplete gamma and beta functions, their densities, and their derivatives by parameters.

The derivatives of the densities are made of themselves. Those by the parameters, first and second ones, are ops, which
have derivatives of every order by the last operand. There is no third derivative by parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import GradientError
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import Elementwise, apply
from staticad.ops.double_precision import in_double, integral, scipy_function
from staticad.ops.gamma_functions import DIGAMMA, TRIGAMMA
from staticad.ops.transcendental import LOG, LOG1P

_gammaln, _betaln = scipy_function("gammaln"), scipy_function("betaln")
_xlogy, _xlog1py = scipy_function("xlogy"), scipy_function("xlog1py")
_digamma, _zeta = scipy_function("digamma"), scipy_function("zeta")


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


def _trigamma(x: np.ndarray) -> np.ndarray:
    return np.asarray(_zeta(np.asarray(2.0), x))


def no_third(name: str, parameter: Tensor) -> GradientError:
    """What stands for a third derivative."""
    return GradientError(
        f"{name} has no third derivative by parameters ({describe(parameter)}); pass stop_gradient of it"
    )


def _gammainc_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return g * apply(GAMMAINC_SLOPE, a, x), g * apply(GAMMAINC_DENSITY, a, x)


def _gammaincc_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    by_a, by_x = _gammainc_vjp(g, y, a, x)
    return -by_a, -by_x


def _gammainc_density_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    scaled = g * y
    return scaled * (apply(LOG, x) - apply(DIGAMMA, a)), scaled * ((a - 1) / x - 1)


def _gammainc_slope_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    by_x, _ = _gammainc_density_vjp(g, apply(GAMMAINC_DENSITY, a, x), a, x)
    return g * apply(GAMMAINC_SLOPE_AA, a, x), by_x


def _gammainc_slope_aa_vjp(g: Tensor, y: Tensor, a: Tensor, x: Tensor) -> tuple[GradientError, Tensor]:
    """The second derivative of the density by a."""
    by_a = apply(LOG, x) - apply(DIGAMMA, a)
    return no_third("gammainc", a), g * (apply(GAMMAINC_DENSITY, a, x) * (by_a * by_a - apply(TRIGAMMA, a)))


def _betainc_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return (
        g * apply(BETAINC_SLOPE_A, a, b, x),
        g * apply(BETAINC_SLOPE_B, a, b, x),
        g * apply(BETAINC_DENSITY, a, b, x),
    )


def _betainc_logarithmic(a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of the density's logarithm by a and b."""
    both = apply(DIGAMMA, a + b)
    return apply(LOG, x) - apply(DIGAMMA, a) + both, apply(LOG1P, -x) - apply(DIGAMMA, b) + both


def _betainc_density_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    scaled, (by_a, by_b) = g * y, _betainc_logarithmic(a, b, x)
    return scaled * by_a, scaled * by_b, scaled * ((a - 1) / x - (b - 1) / (1 - x))


def _betainc_slope_vjp(by_b: bool) -> Any:
    ops = (lambda: (BETAINC_SLOPE_AB, BETAINC_SLOPE_BB)) if by_b else (lambda: (BETAINC_SLOPE_AA, BETAINC_SLOPE_AB))

    def vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        of_density = _betainc_density_vjp(g, apply(BETAINC_DENSITY, a, b, x), a, b, x)
        first, second = (g * apply(op, a, b, x) for op in ops())
        return first, second, of_density[by_b]

    return vjp


def _betainc_curve_vjp(first: int, second: int) -> Any:
    """Of a second derivative by the parameters of those places."""

    def vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, x: Tensor) -> tuple[GradientError, GradientError, Tensor]:
        slopes, curve = _betainc_logarithmic(a, b, x), apply(TRIGAMMA, a + b)
        if first == second:
            curve = curve - apply(TRIGAMMA, (a, b)[first])
        mixed = apply(BETAINC_DENSITY, a, b, x) * (slopes[first] * slopes[second] + curve)
        return no_third("betainc", a), no_third("betainc", b), g * mixed

    return vjp


def _log_slopes(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = _digamma(a + b)
    return np.log(x) - _digamma(a) + both, np.log1p(-x) - _digamma(b) + both


def _betainc_curve_of_array(first: int, second: int) -> Callable[..., Any]:
    def curve(*given: np.ndarray) -> np.ndarray:
        a, b, _ = given
        slopes = _log_slopes(*given)
        own = _trigamma(given[first]) if first == second else 0.0
        return np.asarray(slopes[first] * slopes[second] + _trigamma(a + b) - own)

    return _slope_of_array(_betainc_density, curve)


def _incomplete(name: str, arity: int, single: bool = False, **more: Any) -> Elementwise:
    """``single`` where the kernel function takes float32, too."""
    domain = (0.3, 2.5) if arity == 2 else (0.2, 0.9)
    code = None if single else in_double(name)
    return Elementwise(name, code=code, arity=arity, operands="f", cost=1000, domain=domain, ulps=50, **more)


GAMMAINC = _incomplete(
    "gammainc",
    2,
    single=True,
    numpy=scipy_function("gammainc"),
    vjp=_gammainc_vjp,
    orders=2,
    notes="P(a, x); by a two derivatives, by x of every order",
)
GAMMAINCC = _incomplete(
    "gammaincc",
    2,
    single=True,
    numpy=scipy_function("gammaincc"),
    vjp=_gammaincc_vjp,
    orders=2,
    notes="Q(a, x) = 1 - P(a, x); by a two derivatives, by x of every order",
)
GAMMAINC_DENSITY = _incomplete(
    "gammainc_density", 2, numpy=_gammainc_density, vjp=_gammainc_density_vjp, notes="the derivative of gammainc by x"
)
GAMMAINC_SLOPE = _incomplete(
    "gammainc_slope",
    2,
    numpy=_slope_of_array(_gammainc_density, lambda a, x: np.log(x) - _digamma(a)),
    vjp=_gammainc_slope_vjp,
    orders=1,
    notes="the derivative of gammainc by a",
)
GAMMAINC_SLOPE_AA = _incomplete(
    "gammainc_slope_aa",
    2,
    numpy=_slope_of_array(_gammainc_density, lambda a, x: (np.log(x) - _digamma(a)) ** 2 - _trigamma(a)),
    vjp=_gammainc_slope_aa_vjp,
    orders=0,
    notes="the second derivative of gammainc by a; no further one by a",
)
BETAINC = _incomplete(
    "betainc",
    3,
    numpy=scipy_function("betainc"),
    vjp=_betainc_vjp,
    orders=2,
    notes="I(a, b; x); by a and b two derivatives, by x of every order",
)
BETAINC_DENSITY = _incomplete(
    "betainc_density", 3, numpy=_betainc_density, vjp=_betainc_density_vjp, notes="the derivative of betainc by x"
)
BETAINC_SLOPE_A = _incomplete(
    "betainc_slope_a",
    3,
    numpy=_slope_of_array(_betainc_density, lambda a, b, x: _log_slopes(a, b, x)[0]),
    vjp=_betainc_slope_vjp(by_b=False),
    orders=1,
    notes="the derivative of betainc by a",
)
BETAINC_SLOPE_B = _incomplete(
    "betainc_slope_b",
    3,
    numpy=_slope_of_array(_betainc_density, lambda a, b, x: _log_slopes(a, b, x)[1]),
    vjp=_betainc_slope_vjp(by_b=True),
    orders=1,
    notes="the derivative of betainc by b",
)


def _betainc_curve(name: str, first: int, second: int, notes: str) -> Elementwise:
    numpy, vjp = _betainc_curve_of_array(first, second), _betainc_curve_vjp(first, second)
    return _incomplete(name, 3, numpy=numpy, vjp=vjp, orders=0, notes=f"{notes}; no further one by a or b")


BETAINC_SLOPE_AA = _betainc_curve("betainc_slope_aa", 0, 0, "the second derivative of betainc by a")
BETAINC_SLOPE_AB = _betainc_curve("betainc_slope_ab", 0, 1, "the derivative of betainc by a and b")
BETAINC_SLOPE_BB = _betainc_curve("betainc_slope_bb", 1, 1, "the second derivative of betainc by b")

INCOMPLETE_OPS = (
    GAMMAINC, GAMMAINCC, GAMMAINC_DENSITY, GAMMAINC_SLOPE, GAMMAINC_SLOPE_AA, BETAINC, BETAINC_DENSITY, BETAINC_SLOPE_A,
    BETAINC_SLOPE_B, BETAINC_SLOPE_AA, BETAINC_SLOPE_AB, BETAINC_SLOPE_BB,
)  # fmt: skip
