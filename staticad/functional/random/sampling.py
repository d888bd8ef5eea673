"""Distributions that are drawn by rejection, an element at a time: gamma, what is made of it, von Mises.

Derivatives by parameters are implicit ones: of the number at a fixed place of its distribution (M. Figurnov,
S. Mohamed, A. Mnih, 2018). There are first and second ones. A third one raises GradientError.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.movement import broadcast_to
from staticad.functional.random.continuous import normal
from staticad.functional.random.keys import packed, split
from staticad.functional.random.parameters import as_float_dtype, check_shape, common_shape, require
from staticad.functional.shapes import as_shape
from staticad.functional.special.softmaxes import log_softmax
from staticad.ir.dims import Shape
from staticad.ir.dtypes import FLOAT64, UINT64, DType
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.creation import positions
from staticad.ops.promotion import Operand, to_tensor
from staticad.ops.samplers import SAMPLE_LOG_GAMMA, SAMPLE_VON_MISES, Sampler


def shape_of(function: str, shape: Any, **parameters: Tensor) -> Shape:
    """The given shape, to which parameters have to broadcast, or the one that they have together. Raises ShapeError."""
    if shape is None:
        return common_shape(function, *parameters.values())
    target = as_shape(shape)
    for name, parameter in parameters.items():
        check_shape(function, target, parameter, name)
    return target


def sample(function: str, op: Sampler, key: Operand, shape: Shape, *parameters: Tensor) -> Tensor:
    """Numbers of a sampler, of parameters that broadcast to the shape."""
    return apply(op, packed(function, key), positions(shape, UINT64), *(broadcast_to(p, shape) for p in parameters))


def positive(function: str, kind: DType, **parameters: Operand) -> list[Tensor]:
    """Parameters as tensors of a dtype. Raises ConfigError for one that is known and not greater than 0."""
    for name, parameter in parameters.items():
        require(function, lambda a: a > 0, f"{name} has to be greater than 0", parameter)
    return [to_tensor(parameter, kind) for parameter in parameters.values()]


def loggamma(key: Operand, a: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The logarithm of `gamma`, also where a is so small that the number itself is 0 in floats.

    Differentiable by a, twice. Raises as `gamma`.
    """
    (alpha,) = positive("loggamma", as_float_dtype("loggamma", dtype), a=a)
    return sample("loggamma", SAMPLE_LOG_GAMMA, key, shape_of("loggamma", shape, a=alpha), alpha)


def gamma(key: Operand, a: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The gamma distribution of shape parameter a and scale 1, of density x**(a - 1) exp(-x) / Γ(a).

    ``shape`` is that of a where it is None. Differentiable by a, twice: implicit derivatives. Raises ConfigError for
    a known a that is not positive; one that turns out not to be gives NaN.
    """
    (alpha,) = positive("gamma", as_float_dtype("gamma", dtype), a=a)
    return elementwise.exp(sample("gamma", SAMPLE_LOG_GAMMA, key, shape_of("gamma", shape, a=alpha), alpha))


def _two(function: str, key: Operand, shape: Any, **parameters: Tensor) -> list[Tensor]:
    """The logarithms of gamma distributed numbers of two parameters, by the halves of a key."""
    target = shape_of(function, shape, **parameters)
    return [
        sample(function, SAMPLE_LOG_GAMMA, k, target, p) for k, p in zip(split(key), parameters.values(), strict=True)
    ]


def beta(key: Operand, a: Operand, b: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The beta distribution: x / (x + y) of gamma distributed x and y, of parameters a and b. Differentiable by both,
    twice. Raises as `gamma`."""
    first, second = positive("beta", as_float_dtype("beta", dtype), a=a, b=b)
    x, y = _two("beta", key, shape, a=first, b=second)
    return elementwise.sigmoid(elementwise.subtract(x, y))


def dirichlet(key: Operand, alpha: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The Dirichlet distribution over the last axis of ``alpha``: gamma distributed numbers divided by their sum.

    ``shape`` is that of the batch, to which the axes of alpha before the last one broadcast. Differentiable by alpha,
    twice. Raises ShapeError for an alpha without axes, else as `gamma`.
    """
    (given,) = positive("dirichlet", as_float_dtype("dirichlet", dtype), alpha=alpha)
    if not given.ndim:
        raise ShapeError(f"random.dirichlet: alpha has to have an axis, unlike {describe(given)} (at {here()})")
    target = given.shape if shape is None else (*as_shape(shape), given.shape[-1])
    check_shape("dirichlet", target, given, "alpha")
    logarithms = sample("dirichlet", SAMPLE_LOG_GAMMA, key, target, given)
    return elementwise.exp(log_softmax(logarithms, axis=-1))


def chisquare(key: Operand, df: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The chi-square distribution of df degrees of freedom: twice `gamma` of df / 2. Differentiable by df, twice."""
    (freedom,) = positive("chisquare", as_float_dtype("chisquare", dtype), df=df)
    target = shape_of("chisquare", shape, df=freedom)
    logarithm = sample("chisquare", SAMPLE_LOG_GAMMA, key, target, elementwise.multiply(freedom, 0.5))
    return elementwise.multiply(elementwise.exp(logarithm), 2.0)


def f(key: Operand, dfnum: Operand, dfden: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The F distribution: the ratio of two `chisquare`, each divided by its degrees of freedom. Differentiable by both,
    twice."""
    above, below = positive("f", as_float_dtype("f", dtype), dfnum=dfnum, dfden=dfden)
    halves = {"dfnum": elementwise.multiply(above, 0.5), "dfden": elementwise.multiply(below, 0.5)}
    x, y = _two("f", key, shape, **halves)
    return elementwise.multiply(elementwise.exp(elementwise.subtract(x, y)), elementwise.divide(below, above))


def t(key: Operand, df: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """Student's t distribution of df degrees of freedom: normal, divided by the root of `chisquare` / df.
    Differentiable by df, twice."""
    (freedom,) = positive("t", as_float_dtype("t", dtype), df=df)
    target = shape_of("t", shape, df=freedom)
    first, second = split(key)
    half = elementwise.multiply(freedom, 0.5)
    logarithm = elementwise.subtract(sample("t", SAMPLE_LOG_GAMMA, second, target, half), elementwise.log(half))
    return elementwise.multiply(normal(first, target, dtype), elementwise.exp(elementwise.multiply(logarithm, -0.5)))


student_t = t


def vonmises(key: Operand, mu: Operand = 0.0, kappa: Operand = 1.0, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The von Mises distribution of angles in [-π, π], around mu, of concentration kappa.

    Differentiable by kappa, twice, and by mu. Raises ConfigError for a known kappa that is negative.
    """
    kind = as_float_dtype("vonmises", dtype)
    require("vonmises", lambda a: a >= 0, "kappa has to be at least 0", kappa)
    middle, concentration = to_tensor(mu, kind), to_tensor(kappa, kind)
    target = shape_of("vonmises", shape, mu=middle, kappa=concentration)
    angle = elementwise.add(sample("vonmises", SAMPLE_VON_MISES, key, target, concentration), middle)
    turns = elementwise.round(elementwise.divide(angle, 2 * math.pi))
    return elementwise.subtract(angle, elementwise.multiply(turns, np.asarray(2 * math.pi, kind)))


von_mises = vonmises
