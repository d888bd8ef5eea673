"""Reductions over axes: sum, prod, max (of no elements: an error, or the lowest value), min, any, all, argmax, argmin.

The maximum of values with a NaN among them is NaN. Where several elements tie for a maximum or minimum they share
its derivative equally, as in JAX; a NaN maximum or minimum has derivative zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.errors import FeedError
from staticad.ir.dtypes import DType, is_float
from staticad.ir.graph import Tensor
from staticad.ops.base import ArgReduce, Reduce, apply
from staticad.ops.comparison import EQUAL, NOT_EQUAL
from staticad.ops.conversion import CAST
from staticad.ops.creation import FULL
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS
from staticad.ops.products import product_of_others
from staticad.ops.selection import WHERE

Axes = tuple[int, ...]
Tangents = Sequence[Tensor | None]


def lowest(dtype: DType) -> Any:
    """The smallest value: -inf, the most negative integer, False."""
    if is_float(dtype):
        return -np.inf
    return False if dtype.kind == "b" else int(np.iinfo(dtype).min)


def highest(dtype: DType) -> Any:
    """The largest value: inf, the most positive integer, True."""
    if is_float(dtype):
        return np.inf
    return True if dtype.kind == "b" else int(np.iinfo(dtype).max)


def _kept(t: Tensor, axes: Axes) -> Tensor:
    """A reduced tensor with the reduced axes back, as size 1."""
    return apply(EXPAND_DIMS, t, axes=axes) if axes else t


def _spread(t: Tensor, like: Tensor, axes: Axes) -> Tensor:
    """A reduced tensor at every place that it was reduced from."""
    return apply(BROADCAST_TO, _kept(t, axes), shape=like.shape)


def _others(x: Tensor, axes: Axes) -> Tensor:
    return product_of_others(
        x,
        product=lambda v: _kept(apply(PROD, v, axes=axes), axes),
        total=lambda v: _kept(apply(SUM, v, axes=axes), axes),
    )


def _prod_jvp(ts: Tangents, y: Tensor, x: Tensor, axes: Axes) -> Tensor | None:
    return None if ts[0] is None else apply(SUM, ts[0] * _others(x, axes), axes=axes)


def _ties(y: Tensor, x: Tensor, axes: Axes) -> tuple[Tensor, Tensor]:
    """Which elements equal the extreme, and how many do."""
    tied = apply(EQUAL, x, _kept(y, axes))
    return tied, apply(SUM, apply(CAST, tied, dtype=y.dtype), axes=axes)


def _extreme_vjp(g: Tensor, y: Tensor, x: Tensor, axes: Axes) -> tuple[Tensor, ...]:
    tied, count = _ties(y, x, axes)
    zero = apply(FULL, shape=(), dtype=y.dtype, value=0.0)
    return (apply(WHERE, tied, _kept(g / count, axes), zero),)


def _extreme_jvp(ts: Tangents, y: Tensor, x: Tensor, axes: Axes) -> Tensor | None:
    if ts[0] is None:
        return None
    tied, count = _ties(y, x, axes)
    zero = apply(FULL, shape=(), dtype=y.dtype, value=0.0)
    mean = apply(SUM, apply(WHERE, tied, ts[0], zero), axes=axes) / count
    return apply(WHERE, apply(NOT_EQUAL, count, zero), mean, zero)  # none are tied with NaN, and of no elements


def _reference(fold: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's reduction in the dtype of the operand."""
    return lambda x, axes: fold(x, axis=axes, dtype=x.dtype)


def _nonempty(fold: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's reduction, which no elements have no value for."""

    def reference(x: np.ndarray, axes: Axes) -> Any:
        if any(x.shape[a] == 0 for a in axes):
            raise FeedError(f"axes {axes} of shape {x.shape} hold no elements to choose from")
        return fold(x, axis=axes)

    return reference


def _nonempty_place(fold: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, axis: _nonempty(lambda v, axis: fold(v, axis=axis[0]))(x, (axis,))


SUM: Reduce = Reduce(
    "sum",
    combine="add_reduce",
    initial=lambda dtype: 0,
    operands="iufc",
    ulps=None,
    notes="0 for no elements; rounding does not depend on the number of threads",
    numpy=_reference(np.sum),
    vjp=lambda g, y, x, axes: (_spread(g, x, axes),),
    certain=True,
    jvp=lambda ts, y, x, axes: None if ts[0] is None else apply(SUM, ts[0], axes=axes),
)
PROD: Reduce = Reduce(
    "prod",
    combine="mul_reduce",
    initial=lambda dtype: 1,
    operands="iufc",
    domain=(0.5, 1.5),
    ulps=None,
    notes="1 for no elements; derivative right with any number of zeros",
    numpy=_reference(np.prod),
    vjp=lambda g, y, x, axes: (_kept(g, axes) * _others(x, axes),),
    jvp=_prod_jvp,
)
TIES = "NaN if there is one; no elements are an error; ties share the cotangent equally"

MAX = Reduce(
    "max",
    combine="max_reduce",
    initial=lowest,
    empty=False,
    notes=TIES,
    numpy=_nonempty(np.max),
    vjp=_extreme_vjp,
    certain=True,
    jvp=_extreme_jvp,
)
MAX_OR_LOWEST = Reduce(
    "max_or_lowest",
    combine="max_reduce",
    initial=lowest,
    notes="max, but for no elements the lowest value, -inf; what `logsumexp` and `softmax` shift by",
    numpy=lambda x, axes: np.max(x, axis=axes, initial=lowest(x.dtype)),
    vjp=_extreme_vjp,
    certain=True,
    jvp=_extreme_jvp,
)
MIN = Reduce(
    "min",
    combine="min_reduce",
    initial=highest,
    empty=False,
    notes=TIES,
    numpy=_nonempty(np.min),
    vjp=_extreme_vjp,
    certain=True,
    jvp=_extreme_jvp,
)
MIN_OR_HIGHEST = Reduce(
    "min_or_highest",
    combine="min_reduce",
    initial=highest,
    notes="min, but for no elements the highest value, inf; for a minimum with an initial element",
    numpy=lambda x, axes: np.min(x, axis=axes, initial=highest(x.dtype)),
    vjp=_extreme_vjp,
    certain=True,
    jvp=_extreme_jvp,
)
ANY = Reduce(
    "any",
    combine="or_reduce",
    initial=lambda dtype: False,
    operands="b",
    notes="False for no elements",
    numpy=lambda x, axes: np.any(x, axis=axes),
    nondifferentiable=True,
)
ALL = Reduce(
    "all",
    combine="and_reduce",
    initial=lambda dtype: True,
    operands="b",
    notes="True for no elements",
    numpy=lambda x, axes: np.all(x, axis=axes),
    nondifferentiable=True,
)


FIRST = "the first one; a NaN counts as the most extreme"

ARGMAX = ArgReduce("argmax", extreme=MAX, numpy=_nonempty_place(np.argmax), notes=FIRST)
ARGMIN = ArgReduce("argmin", extreme=MIN, numpy=_nonempty_place(np.argmin), notes=FIRST)

REDUCE_OPS = (SUM, PROD, MAX, MAX_OR_LOWEST, MIN, MIN_OR_HIGHEST, ANY, ALL, ARGMAX, ARGMIN)
