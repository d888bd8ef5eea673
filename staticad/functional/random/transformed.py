"""Distributions with parameters, as smooth functions of uniform and normal numbers: they have all derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.comparison import less
from staticad.functional.linalg.products import matmul
from staticad.functional.linalg.systems import cholesky
from staticad.functional.movement import expand_dims, squeeze
from staticad.functional.random.continuous import exponential, normal, open_unit
from staticad.functional.random.parameters import as_float_dtype, check_shape, require
from staticad.functional.random.sampling import positive, shape_of
from staticad.functional.shapes import as_shape
from staticad.ir.dtypes import FLOAT64, finfo
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_equal
from staticad.ops.promotion import Operand, to_tensor


def cauchy(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The Cauchy distribution of location 0 and scale 1: tan(π (u - 1/2))."""
    kind = as_float_dtype("cauchy", dtype)
    u = open_unit("cauchy", key, as_shape(shape), kind, finfo(kind).eps)
    return elementwise.tan(elementwise.multiply(elementwise.subtract(u, 0.5), np.asarray(math.pi, kind)))


def logistic(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The logistic distribution of location 0 and scale 1: log(u / (1 - u))."""
    kind = as_float_dtype("logistic", dtype)
    u = open_unit("logistic", key, as_shape(shape), kind, finfo(kind).tiny)
    return elementwise.subtract(elementwise.log(u), elementwise.log1p(elementwise.negative(u)))


def lognormal(key: Operand, sigma: Operand = 1.0, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """exp(sigma z) of a normal z: its logarithm has mean 0 and deviation sigma. Differentiable by sigma."""
    kind = as_float_dtype("lognormal", dtype)
    require("lognormal", lambda a: a >= 0, "sigma has to be at least 0", sigma)
    deviation = to_tensor(sigma, kind)
    target = shape_of("lognormal", shape, sigma=deviation)
    return elementwise.exp(elementwise.multiply(normal(key, target, kind), deviation))


def _root_of_exponential(key: Operand, target: Any, kind: Any) -> Tensor:
    """sqrt(2 e) of an exponential e, which is not 0: there the root has no derivative."""
    u = open_unit("rayleigh", key, target, kind, finfo(kind).tiny)
    return elementwise.sqrt(elementwise.multiply(elementwise.log(u), -2.0))


def rayleigh(key: Operand, scale: Operand = 1.0, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The Rayleigh distribution: scale sqrt(-2 log(u)). Differentiable by scale."""
    kind = as_float_dtype("rayleigh", dtype)
    (factor,) = positive("rayleigh", kind, scale=scale)
    target = shape_of("rayleigh", shape, scale=factor)
    return elementwise.multiply(_root_of_exponential(key, target, kind), factor)


def pareto(key: Operand, b: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The Pareto distribution of x >= 1 with density b / x**(b + 1): exp(e / b) of an exponential e, as in JAX (NumPy's
    is 1 less). Differentiable by b."""
    kind = as_float_dtype("pareto", dtype)
    (power,) = positive("pareto", kind, b=b)
    target = shape_of("pareto", shape, b=power)
    return elementwise.exp(elementwise.divide(exponential(key, target, kind), power))


def weibull_min(
    key: Operand, scale: Operand, concentration: Operand, shape: Any = None, dtype: Any = FLOAT64
) -> Tensor:
    """The Weibull distribution: scale (-log(u))**(1 / concentration). Differentiable by both parameters."""
    kind = as_float_dtype("weibull_min", dtype)
    factor, power = positive("weibull_min", kind, scale=scale, concentration=concentration)
    target = shape_of("weibull_min", shape, scale=factor, concentration=power)
    u = open_unit("weibull_min", key, target, kind, finfo(kind).tiny)
    logarithm = elementwise.log(elementwise.negative(elementwise.log(u)))
    return elementwise.multiply(elementwise.exp(elementwise.divide(logarithm, power)), factor)


def weibull(key: Operand, a: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The Weibull distribution of scale 1 and shape parameter a, as in NumPy. Differentiable by a."""
    return weibull_min(key, 1.0, a, shape, dtype)


def triangular(
    key: Operand, left: Operand, mode: Operand, right: Operand, shape: Any = None, dtype: Any = FLOAT64
) -> Tensor:
    """The triangular distribution over [left, right] with its peak at mode. Differentiable by all three.

    Raises ConfigError for known parameters that are not in this order, or all equal.
    """
    kind = as_float_dtype("triangular", dtype)
    text = "left <= mode <= right and left < right have to hold"
    require("triangular", lambda a, m, b: (a <= m) & (m <= b) & (a < b), text, left, mode, right)
    low, peak, high = (to_tensor(value, kind) for value in (left, mode, right))
    target = shape_of("triangular", shape, left=low, mode=peak, right=high)
    u = open_unit("triangular", key, target, kind, finfo(kind).tiny)
    width = elementwise.subtract(high, low)
    before, behind = elementwise.subtract(peak, low), elementwise.subtract(high, peak)
    rising = less(u, elementwise.divide(before, width))
    # The root of what is not chosen may have no derivative.
    share = elementwise.where(rising, elementwise.multiply(u, before), elementwise.multiply(1 - u, behind))
    root = elementwise.sqrt(elementwise.multiply(share, width))
    return elementwise.where(rising, elementwise.add(low, root), elementwise.subtract(high, root))


def maxwell(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The Maxwell distribution of scale 1: the length of a normal vector of three elements."""
    kind = as_float_dtype("maxwell", dtype)
    vectors = normal(key, (*as_shape(shape), 3), kind)
    return elementwise.sqrt(elementwise.square(vectors).sum(-1))


def multivariate_normal(key: Operand, mean: Operand, cov: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """Vectors of the normal distribution with that mean and covariance matrix: mean + L z, L its Cholesky factor.

    ``shape`` is that of the batch, to which the axes of mean before the last one, and those of cov before the last two,
    broadcast. Differentiable by mean and cov. A covariance matrix that is not positive definite raises LinAlgError in
    the run. Raises ShapeError for parameters that do not fit.
    """
    kind = as_float_dtype("multivariate_normal", dtype)
    middle, matrix = to_tensor(mean, kind), to_tensor(cov, kind)
    if middle.ndim < 1 or matrix.ndim < 2 or not all(may_be_equal(middle.shape[-1], s) for s in matrix.shape[-2:]):
        raise ShapeError(
            f"random.multivariate_normal: mean has to end with (n,) and cov with (n, n), unlike {describe(middle)} and "
            f"{describe(matrix)} (at {here()})"
        )
    factor = cholesky(matrix)
    batch = shape_of("multivariate_normal", shape, mean=middle[..., 0], cov=matrix[..., 0, 0])
    target = (*batch, middle.shape[-1])
    check_shape("multivariate_normal", target, middle, "mean")
    vectors = expand_dims(normal(key, target, kind), -1)
    return elementwise.add(squeeze(matmul(factor, vectors), -1), middle)


def double_sided_maxwell(key: Operand, loc: Operand, scale: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """loc + scale s m of a Maxwell distributed m and a random sign s. Differentiable by both parameters."""
    kind = as_float_dtype("double_sided_maxwell", dtype)
    (factor,), place = positive("double_sided_maxwell", kind, scale=scale), to_tensor(loc, kind)
    target = shape_of("double_sided_maxwell", shape, loc=place, scale=factor)
    vectors = normal(key, (*target, 3), kind)
    size = elementwise.sqrt(elementwise.square(vectors).sum(-1))
    side = elementwise.where(less(vectors[..., 0], 0.0), to_tensor(-1.0, kind), to_tensor(1.0, kind))
    return elementwise.add(elementwise.multiply(elementwise.multiply(size, side), factor), place)


__all__ = [
    "cauchy", "double_sided_maxwell", "logistic", "lognormal", "maxwell", "multivariate_normal", "pareto", "rayleigh",
    "triangular", "weibull", "weibull_min",
]  # fmt: skip
