"""Random orders: a sort of random bits, which no one sees. Equal bits keep their order; 64 of them hardly meet."""

from __future__ import annotations

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.axes import normalize_axis
from staticad.functional.indexing import take, take_along_axis
from staticad.functional.random.keys import raw_bits
from staticad.functional.shapes import as_size
from staticad.functional.sorting import argsort
from staticad.ir.dims import Dim, Size
from staticad.ir.dtypes import UINT64
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.promotion import Operand, to_tensor


def random_order(function: str, key: Operand, count: Size) -> Tensor:
    """The numbers below ``count`` in a random order."""
    return argsort(raw_bits(function, key, (count,), UINT64))


def permutation(key: Operand, x: Operand, axis: int = 0, independent: bool = False) -> Tensor:
    """The slices of x along an axis in a random order; of an int or size, the numbers below it.

    With ``independent`` each row along the axis has an order of its own. Differentiable by x. All orders are equally
    likely, as far as 64 bits of each place make them so.
    """
    if isinstance(x, (int, np.integer, Dim)):
        return random_order("permutation", key, as_size(x))
    pool = to_tensor(x)
    if not pool.ndim:
        raise ShapeError(f"random.permutation: x is a size or has an axis, not {describe(pool)} (at {here()})")
    place = normalize_axis("random.permutation", axis, pool)
    if independent:
        return take_along_axis(pool, argsort(raw_bits("permutation", key, pool.shape, UINT64), axis=place), place)
    return take(pool, random_order("permutation", key, pool.shape[place]), place)


def shuffle(key: Operand, x: Operand, axis: int = 0) -> Tensor:
    """The slices of x along an axis in a random order: `permutation` of an array."""
    return permutation(key, to_tensor(x), axis)


__all__ = ["permutation", "random_order", "shuffle"]
