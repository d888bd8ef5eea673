"""Keys, and the raw bits that all distributions are made of.

A key is an ordinary tensor, uint32[2]. The bits of an element are a block of Threefry-2x32 (see `staticad.ops.random`)
under the key, whose counter is the element's row-major position. So an element depends on the key and its position and
on nothing else: neither on threads, nor on what is fetched beside it, nor on whether it is computed once or again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.errors import DTypeError, ShapeError
from staticad.functional.bitwise import bitwise_or, left_shift, right_shift
from staticad.functional.indexing import getitem
from staticad.functional.movement import expand_dims
from staticad.functional.shapes import as_shape
from staticad.ir.dims import Shape
from staticad.ir.dtypes import UINT8, UINT16, UINT32, UINT64, DType, as_dtype, is_integer
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ops.base import apply
from staticad.ops.creation import positions
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.ops.random import THREEFRY32, THREEFRY64
from staticad.ops.sources import constant

WORD = 32
KEY_SHAPE = (2,)


def key(seed: Operand) -> Tensor:
    """A key, uint32[2], from an integer of up to 64 bits or an integer scalar tensor; equal numbers give equal keys.

    The words are the upper and the lower half of the 64 bits, as in ``jax.random.key``. Raises DTypeError for a seed
    that is no integer or does not fit, ShapeError for one with axes.
    """
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        if not -(1 << 63) <= seed < 1 << 64:
            raise DTypeError(f"random.key: the seed {seed} has more than 64 bits; use fold_in for more (at {here()})")
        number = int(seed) % (1 << 64)
        return constant(np.array([number >> WORD, number % (1 << WORD)], np.uint32))
    return _words(_counter("random.key", "the seed", seed))


def split(key: Operand, num: Any = 2) -> Tensor:
    """New keys from one, uint32[num, 2]: independent of each other. Do not use the key itself any more.

    ``num`` is a size or several, which may be free. Equal to ``jax.random.split``, and element i to
    ``fold_in(key, i)``.
    """
    return _words(apply(THREEFRY64, packed("split", key), positions(as_shape(num), UINT64)))


def fold_in(key: Operand, data: Operand) -> Tensor:
    """A new key from a key and a number: an integer scalar, for instance the counter of a loop.

    Equal to ``jax.random.fold_in`` for numbers of 32 bits; larger ones, and negative ones, count with 64 bits. Raises
    DTypeError for data that are no integer, ShapeError for data with axes.
    """
    if type(data) is int and not -(1 << 63) <= data < 1 << 64:
        raise DTypeError(f"random.fold_in: {data} has more than 64 bits; fold in its parts (at {here()})")
    number = constant(data, UINT64) if type(data) is int and data >= 0 else data
    return _words(apply(THREEFRY64, packed("fold_in", key), _counter("random.fold_in", "data", number)))


def bits(key: Operand, shape: Any = (), dtype: Any = UINT32) -> Tensor:
    """Uniformly distributed unsigned integers of all the dtype's bits. Equal to ``jax.random.bits``.

    Raises DTypeError for other dtypes than uint8 to uint64.
    """
    kind = as_dtype(dtype)
    if kind not in (UINT8, UINT16, UINT32, UINT64):
        raise DTypeError(f"random.bits: bits are unsigned integers, not {kind}; use randint (at {here()})")
    return raw_bits("bits", key, as_shape(shape), kind)


def raw_bits(function: str, key: Operand, shape: Shape, dtype: DType) -> Tensor:
    """`bits` for the distribution of that name."""
    op = THREEFRY64 if dtype == UINT64 else THREEFRY32
    return cast(apply(op, packed(function, key), positions(shape, UINT64)), dtype)


def packed(function: str, key: Operand) -> Tensor:
    """A key as one uint64, the first word in the upper half. Raises DTypeError and ShapeError for what is no key."""
    words = to_tensor(key)
    if words.dtype != UINT32:
        raise DTypeError(
            f"random.{function}: a key is uint32[2], not {describe(words)}; make one with sa.random.key(seed) "
            f"(at {here()})"
        )
    if words.shape != KEY_SHAPE:
        raise ShapeError(
            f"random.{function}: a key is uint32[2], not {describe(words)}; take one of several keys by its index "
            f"(at {here()})"
        )
    high, low = (cast(getitem(words, position), UINT64) for position in (0, 1))
    return bitwise_or(left_shift(high, WORD), low)


def _words(block: Tensor) -> Tensor:
    """The two words of every block, along a new last axis."""
    return cast(right_shift(expand_dims(block, -1), np.array([WORD, 0], np.uint64)), UINT32)


def _counter(function: str, what: str, value: Operand) -> Tensor:
    """An integer scalar as a uint64 of the same number modulo 2**64."""
    number = to_tensor(value)
    if not is_integer(number.dtype):
        raise DTypeError(f"{function}: {what} has to be an integer, not {describe(number)} (at {here()})")
    if number.ndim:
        raise ShapeError(f"{function}: {what} has to be a scalar, not {describe(number)} (at {here()})")
    return cast(number, UINT64)
