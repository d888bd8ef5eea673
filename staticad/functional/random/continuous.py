"""Continuous distributions, by inversion of their distribution functions: one block of bits is one number.

So an element is a smooth function of the parameters, and draws are differentiated like anything else. Uniform
numbers are those of JAX, bit for bit; the others differ from JAX's by the rounding of logarithms and erfinv.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from staticad.functional import elementwise
from staticad.functional.bitwise import right_shift
from staticad.functional.random.keys import raw_bits, split
from staticad.functional.random.parameters import as_float_dtype, check_shape, common_shape, require
from staticad.functional.shapes import as_shape
from staticad.functional.special.error_functions import erfinv
from staticad.ir.dims import Shape
from staticad.ir.dtypes import FLOAT64, UINT32, UINT64, DType, as_dtype, finfo, is_complex, real_dtype
from staticad.ir.graph import Tensor
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply
from staticad.ops.complex import COMPLEX
from staticad.ops.promotion import Operand, cast, to_tensor


def uniform(
    key: Operand, shape: Any = (), dtype: Any = FLOAT64, minval: Operand = 0.0, maxval: Operand = 1.0
) -> Tensor:
    """Floats from [minval, maxval), in steps of the width times 2**-23 (float32) or 2**-52 (float64).

    The bounds broadcast to ``shape``; derivatives by them are those of minval + u * (maxval - minval). Rounding may
    reach maxval where it is not 1. Raises ConfigError for known bounds of which minval is not the smaller one.
    """
    kind = as_float_dtype("uniform", dtype)
    require("uniform", np.less, "minval has to be less than maxval", minval, maxval)
    low, high = to_tensor(minval, kind), to_tensor(maxval, kind)
    target = as_shape(shape)
    for bound, name in ((low, "minval"), (high, "maxval")):
        check_shape("uniform", target, bound, name)
    drawn = unit("uniform", key, target, kind)
    if type(minval) in (int, float) and type(maxval) in (int, float) and (minval, maxval) == (0, 1):
        return drawn
    return elementwise.add(elementwise.multiply(drawn, elementwise.subtract(high, low)), low)


def unit(function: str, key: Operand, shape: Shape, dtype: DType) -> Tensor:
    """Floats from [0, 1) for the distribution of that name: as many random bits as the mantissa has, and no more."""
    digits = finfo(dtype).nmant
    word = UINT64 if dtype == FLOAT64 else UINT32
    random = raw_bits(function, key, shape, word)
    return elementwise.multiply(cast(right_shift(random, word.itemsize * 8 - digits), dtype), 2.0**-digits)


def open_unit(function: str, key: Operand, shape: Shape, dtype: DType, low: Any) -> Tensor:
    """Uniform floats from [low, 1), low a number of the dtype."""
    number = np.asarray(low, dtype)
    span = dtype.type(1) - number
    return elementwise.add(elementwise.multiply(unit(function, key, shape, dtype), span), number)


def normal(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The normal distribution of mean 0 and variance 1; ``mean + deviation * normal(…)`` has others.

    sqrt(2) erfinv(u) of u uniform in (-1, 1). The largest magnitudes are 5.4 (float32, met once in 10 million draws)
    and 8.3 (float64, once in 10**16); the steps between numbers near them are coarse. Of a complex dtype the parts have
    variance 1/2 each, drawn with the two halves of the key, as in JAX.
    """
    if is_complex(as_dtype(dtype)):
        re, im = (normal(half, shape, real_dtype(as_dtype(dtype))) for half in split(key))
        return elementwise.multiply(apply(COMPLEX, re, im), math.sqrt(0.5))
    kind = as_float_dtype("normal", dtype)
    u = open_unit("normal", key, as_shape(shape), kind, np.nextafter(kind.type(-1), kind.type(0)))
    return elementwise.multiply(erfinv(u), np.asarray(math.sqrt(2), kind))


def truncated_normal(key: Operand, lower: Operand, upper: Operand, shape: Any = None, dtype: Any = FLOAT64) -> Tensor:
    """The standard normal distribution, given that it lies in [lower, upper].

    ``shape`` is that of the bounds together where it is None. Differentiable by the bounds. Bounds that are both
    beyond 5 (float32) or 8 (float64) on one side leave too few digits: the result is then one of the bounds. Raises
    ConfigError for known bounds of which lower is not the smaller one.
    """
    kind = as_float_dtype("truncated_normal", dtype)
    require("truncated_normal", np.less, "lower has to be less than upper", lower, upper)
    low, high = to_tensor(lower, kind), to_tensor(upper, kind)
    target = common_shape("truncated_normal", low, high) if shape is None else as_shape(shape)
    for bound, name in ((low, "lower"), (high, "upper")):
        check_shape("truncated_normal", target, bound, name)
    root = np.asarray(math.sqrt(2), kind)
    first, last = (elementwise.erf(elementwise.divide(bound, root)) for bound in (low, high))
    drawn = unit("truncated_normal", key, target, kind)
    u = elementwise.add(elementwise.multiply(drawn, elementwise.subtract(last, first)), first)
    return elementwise.clip(
        elementwise.multiply(erfinv(u), root), apply(STOP_GRADIENT, low), apply(STOP_GRADIENT, high)
    )


def exponential(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The exponential distribution of mean 1: -log(1 - u)."""
    kind = as_float_dtype("exponential", dtype)
    drawn = unit("exponential", key, as_shape(shape), kind)
    return elementwise.negative(elementwise.log1p(elementwise.negative(drawn)))


def gumbel(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The Gumbel distribution of location 0 and scale 1: -log(-log(u)).

    The maximum of ``logits + gumbel(…)`` lies at index i with probability softmax(logits)[i]; a softmax in the place of
    the maximum has derivatives (Gumbel-softmax). The largest number is 16 in float32, 36 in float64.
    """
    kind = as_float_dtype("gumbel", dtype)
    u = open_unit("gumbel", key, as_shape(shape), kind, finfo(kind).tiny)
    return elementwise.negative(elementwise.log(elementwise.negative(elementwise.log(u))))


def laplace(key: Operand, shape: Any = (), dtype: Any = FLOAT64) -> Tensor:
    """The Laplace distribution of mean 0 and scale 1: sign(u) log(1 - |u|) of u uniform in (-1, 1)."""
    kind = as_float_dtype("laplace", dtype)
    u = open_unit("laplace", key, as_shape(shape), kind, kind.type(-1) + finfo(kind).epsneg)
    tail = elementwise.log1p(elementwise.negative(elementwise.absolute(u)))
    return elementwise.multiply(elementwise.sign(u), tail)
