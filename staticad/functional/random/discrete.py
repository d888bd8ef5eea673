"""Discrete distributions: integers in a range, coins, and choices with given probabilities. No derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import ConfigError, DTypeError, ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.axes import normalize_axis
from staticad.functional.bitwise import bitwise_and, right_shift
from staticad.functional.comparison import greater, less
from staticad.functional.front import as_float
from staticad.functional.indexing import take
from staticad.functional.movement import expand_dims, reshape
from staticad.functional.random.continuous import gumbel, unit
from staticad.functional.random.keys import fold_in, raw_bits
from staticad.functional.random.orders import random_order
from staticad.functional.random.parameters import broadcasts_to, check_shape, require
from staticad.functional.shapes import as_shape, as_size
from staticad.functional.sorting import argsort
from staticad.ir.dims import Dim, Shape, Size, product
from staticad.ir.dtypes import INT64, UINT64, DType, as_dtype, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import may_be_same
from staticad.ops.barrier import of_shape
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.sources import constant

HALF = 32
WHOLE = 1 << 64


def randint(key: Operand, shape: Any, minval: Operand, maxval: Operand, dtype: Any = INT64) -> Tensor:
    """Integers from [minval, maxval), which broadcast to ``shape``.

    A random fraction is multiplied by the count N of numbers, so that the probabilities of any two differ by at most
    N / 2**64 of them (N / 2**128 where 64 bits are needed). The numbers are not those of JAX, which divides. A range
    that turns out to be empty in a run gives minval.

    Raises DTypeError for bounds that are no integers or do not fit the dtype, ConfigError for a range that is known to
    be empty.
    """
    kind = as_dtype(dtype)
    if not is_integer(kind):
        raise DTypeError(f"random.randint: draws integers, not {kind} (at {here()})")
    target = as_shape(shape)
    low, high = _bound(minval, kind, "minval", 0), _bound(maxval, kind, "maxval", 1)
    for bound, name in ((low, "minval"), (high, "maxval")):
        check_shape("randint", target, bound, name)
    random = raw_bits("randint", key, target, UINT64)
    if type(minval) is int and type(maxval) is int:
        span = maxval - minval
        if span <= 0:
            raise ConfigError(
                f"random.randint: minval has to be less than maxval, not {minval}, {maxval} (at {here()})"
            )
        if span == WHOLE:
            return cast(random + low, kind)
        count, narrow = constant(span, UINT64), span <= 1 << HALF
    else:
        require("randint", np.less, "minval has to be less than maxval", minval, maxval)
        count, narrow = elementwise.where(greater(maxval, minval), high - low, 1), kind.itemsize <= HALF // 8
    if narrow:
        offset = right_shift(_upper(random) * count + _upper(_lower(random) * count), HALF)
    else:
        more = raw_bits("randint", fold_in(key, -1), target, UINT64)
        product = random * count
        carry = less(product + _high_product(more, count), product)
        offset = _high_product(random, count) + cast(carry, UINT64)
    return cast(offset + low, kind)


def _bound(value: Operand, dtype: DType, name: str, beyond: int) -> Tensor:
    """A bound modulo 2**64. An int has to be at most ``beyond`` above the largest number of the dtype."""
    if type(value) is int:
        info = np.iinfo(dtype)
        if not info.min <= value <= int(info.max) + beyond:
            raise DTypeError(f"random.randint: {name} = {value} does not fit {dtype} (at {here()})")
        return constant(value % WHOLE, UINT64)
    bound = to_tensor(value)
    if not is_integer(bound.dtype):
        raise DTypeError(f"random.randint: {name} has to be an integer, not {describe(bound)} (at {here()})")
    return cast(bound, UINT64)


def _upper(x: Tensor) -> Tensor:
    return right_shift(x, HALF)


def _lower(x: Tensor) -> Tensor:
    return bitwise_and(x, (1 << HALF) - 1)


def _high_product(a: Tensor, b: Tensor) -> Tensor:
    """The upper 64 bits of the product of two uint64, by halves (H. Warren, Hacker's Delight, 8-2)."""
    first = _upper(a) * _lower(b) + _upper(_lower(a) * _lower(b))
    second = _lower(a) * _upper(b) + _lower(first)
    return _upper(a) * _upper(b) + _upper(first) + _upper(second)


def bernoulli(key: Operand, p: Operand = 0.5, shape: Any = None) -> Tensor:
    """True with probability p, which broadcasts to ``shape`` (None: the shape of p).

    Probabilities are met in steps of 2**-23 (p of float32) or 2**-52 (float64). Raises ConfigError for a known p that
    is not in [0, 1].
    """
    require("bernoulli", lambda a: (a >= 0) & (a <= 1), "p has to be in [0, 1]", p)
    probability = to_tensor(p)
    probability = as_float(probability)
    target = probability.shape if shape is None else as_shape(shape)
    check_shape("bernoulli", target, probability, "p")
    return less(unit("bernoulli", key, target, probability.dtype), probability)


def categorical(key: Operand, logits: Operand, axis: int = -1, shape: Any = None) -> Tensor:
    """Indices along ``axis`` (int64), i with probability softmax(logits)[i]: the maximum of logits plus `gumbel`.

    ``shape`` ends with the shape of logits without that axis, or one that this broadcasts to; axes before it are
    further draws. Probabilities below 10**-7 (float32) or 10**-16 (float64) are not met. Raises ShapeError for another
    shape.
    """
    weights = to_tensor(logits)
    weights = as_float(weights)
    place = normalize_axis("random.categorical", axis, weights)
    batch = (*weights.shape[:place], *weights.shape[place + 1 :])
    target = batch if shape is None else as_shape(shape)
    more = len(target) - len(batch)
    inner = target[more:] if more >= 0 else ()
    if more < 0 or not broadcasts_to(batch, inner):
        raise ShapeError(
            f"random.categorical: the shape ({', '.join(map(str, target))}) does not end with that of the logits "
            f"without axis {place} (logits: {describe(weights)}; at {here()})"
        )
    drawn = (*target[:more], *inner[:place], weights.shape[place], *inner[place:])
    spread = expand_dims(weights, tuple(range(more))) if more else weights
    return reductions.argmax(spread + gumbel(key, drawn, weights.dtype), more + place)


def choice(
    key: Operand,
    a: Operand,
    shape: Any = (),
    replace: bool = True,
    p: Operand | None = None,
    axis: int = 0,
) -> Tensor:
    """Elements of ``a`` along the axis, or ints below ``a`` where it is a size; without ``replace`` none comes twice.

    ``p`` has their probabilities, up to a factor; None makes all equal. The result has ``shape`` in the place of the
    axis. Without replacement and with p an element is drawn after another, of those that are left (the largest of
    log(p) plus `gumbel`). Raises ConfigError for known probabilities that are negative, for nothing to choose from and
    for more elements than there are, ShapeError for p of another length.
    """
    pool = None if isinstance(a, (int, np.integer, Dim)) else to_tensor(a)
    if pool is not None and not pool.ndim:
        raise ShapeError(f"random.choice: a is a size or has an axis, not {describe(pool)} (at {here()})")
    place = 0 if pool is None else normalize_axis("random.choice", axis, pool)
    count = as_size(a) if pool is None else pool.shape[place]
    if isinstance(count, int) and count == 0:
        raise ConfigError(f"random.choice: there is nothing to choose from (at {here()})")
    weights = None
    if p is not None:
        require("choice", lambda w: w >= 0, "p has to be at least 0", p)
        weights = to_tensor(p)
        if not may_be_same(weights.shape, (count,)):
            raise ShapeError(
                f"random.choice: p has to have the shape ({count},), not {describe(weights)} (at {here()})"
            )
        weights = elementwise.log(of_shape(weights, (count,)))
    if not replace:
        chosen = _without_replacement(key, as_shape(shape), count, weights)
    elif weights is None:
        chosen = randint(key, shape, 0, count)
    else:
        chosen = categorical(key, weights, shape=shape)
    return chosen if pool is None else take(pool, chosen, place)


def _without_replacement(key: Operand, shape: Shape, count: Size, logits: Tensor | None) -> Tensor:
    """Different numbers below ``count``."""
    wanted = product(shape)
    if isinstance(wanted, int) and isinstance(count, int) and wanted > count:
        raise ConfigError(
            f"random.choice: there are {count} elements, fewer than the {wanted} to choose without replacement "
            f"(at {here()})"
        )
    if logits is None:
        order = random_order("choice", key, count)
    else:
        order = argsort(logits + gumbel(key, (count,), logits.dtype), descending=True)
    return reshape(order[:wanted], shape)
