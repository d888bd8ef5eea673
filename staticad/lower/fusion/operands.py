"""Matrix products: which ones are loops, and how the others become GEMM calls on memory as it lies."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np

from staticad.ir.dims import Shape, Size, local_symbols, product
from staticad.ir.dtypes import DType
from staticad.ir.graph import Node, Tensor
from staticad.lower.index.sizes import Sizes
from staticad.lower.index.strided import Matrix, Strided, matrix, strided_view
from staticad.lower.index.views import IndexedFamily
from staticad.ops.arithmetic import MUL
from staticad.ops.base import Op, apply
from staticad.ops.comparison import LOGICAL_AND
from staticad.ops.creation import zeros
from staticad.ops.movement import BROADCAST_TO, EXPAND_DIMS, SQUEEZE, swapped
from staticad.ops.reduce import ANY, SUM

Families = Mapping[Op, IndexedFamily]
TINY, MANY = 4, 64  # sides of matrices that no product kernel is worth, and rows that are


def expand_product(node: Node, inputs: tuple[Tensor, ...], sizes: Sizes, families: Families) -> Tensor | None:
    """Multiply-and-sum for a product that BLAS can't do (integers, bool), whose sizes only a step knows, that is no
    matrix-matrix product (a size of 1), or of many tiny matrices: that fuses with what is around it. None for the
    others."""
    a, b = inputs
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    if 0 in (*a.shape, *b.shape):
        return zeros(node.types[0])
    if a.dtype.kind == "f" and 1 not in (m, k, n) and not any(map(local_symbols, (*a.shape, *b.shape))):
        return _tiny_product(a, b, node.types[0].ndim) if _is_tiny(node.types[0].shape, k) else None
    times, total = (LOGICAL_AND, ANY) if a.dtype.kind == "b" else (MUL, SUM)
    rank = node.types[0].ndim
    if k == 1:
        return apply(times, a, b)
    if n == 1 and _columns(a, sizes, families):  # a is stored by columns: add up multiples of them
        return apply(EXPAND_DIMS, apply(total, apply(times, swapped(a), b), axes=(rank - 2,)), axes=(rank - 1,))
    if n == 1:  # rows of a times one column: sum along contiguous memory
        column = apply(SQUEEZE, b, axes=(b.ndim - 1,))
        row = apply(EXPAND_DIMS, column, axes=(column.ndim - 1,))
        return apply(EXPAND_DIMS, apply(total, apply(times, a, row), axes=(rank - 1,)), axes=(rank - 1,))
    if m == 1 and _columns(b, sizes, families):
        return apply(EXPAND_DIMS, apply(total, apply(times, a, swapped(b)), axes=(rank - 1,)), axes=(rank - 2,))
    left = apply(EXPAND_DIMS, a, axes=(a.ndim,))
    right = apply(EXPAND_DIMS, b, axes=(b.ndim - 2,))
    return apply(total, apply(times, left, right), axes=(rank - 1,))


def _tiny_product(a: Tensor, b: Tensor, rank: int) -> Tensor:
    """A sum along a last axis for every element."""
    rows, columns = apply(EXPAND_DIMS, a, axes=(a.ndim - 1,)), apply(EXPAND_DIMS, swapped(b), axes=(b.ndim - 2,))
    return apply(SUM, apply(MUL, rows, columns), axes=(rank,))


def _is_tiny(shape: Shape, depth: Size) -> bool:
    """True for many rows of a few columns and terms each: loops over these are written out (`emission.nest`)."""
    if any(not isinstance(size, int) or size > TINY for size in (shape[-1], depth)):
        return False
    if len(shape) > 2 and isinstance(shape[-2], int) and TINY < shape[-2] < MANY:
        return False
    count = product(shape[:-1])
    return not isinstance(count, int) or count >= MANY


def _columns(matrices: Tensor, sizes: Sizes, families: Families) -> bool:
    """True if memory runs down the columns."""
    row, column = strided_view(matrices, sizes, families).strides[-2:]
    return row == 1 and column != 1


def batch_shape(node: Node, sizes: Sizes) -> Shape:
    """The leading axes of a product."""
    return sizes.shape(node.types[0].shape)[:-2]


Layouts = dict[Hashable, Matrix | None]


def operand(tensor: Tensor, batch: Shape, sizes: Sizes, families: Families, known: Layouts) -> Matrix | None:
    """A tensor as an operand of a product with these batch axes; None if its memory does not allow it. ``known`` are
    those that were asked for before, by all that they depend on but the base."""
    views, base = [], tensor
    while families[base.op].view:
        views.append((base.op, base.node.attrs, base.node.types))
        base = base.inputs[0]
    key = (batch, base.type, *views)
    if key not in known:
        known[key] = _operand(tensor, batch, sizes, families)
    found = known[key]
    return found if found is None else replace(found, base=base)


def _operand(tensor: Tensor, batch: Shape, sizes: Sizes, families: Families) -> Matrix | None:
    view = strided_view(tensor, sizes, families)
    shape = sizes.shape(tensor.shape)
    missing = len(batch) - (len(shape) - 2)
    strides = (*(0 for _ in range(missing)), *view.strides)
    aligned = Strided(view.base, view.offset, strides)
    return matrix(aligned, (*batch, *shape[-2:]))


def broadcast_batch(tensor: Tensor, batch: Shape) -> Tensor:
    """The tensor with all batch axes of the product, for operands whose batch strides are no single stride."""
    return apply(BROADCAST_TO, tensor, shape=(*batch, *tensor.shape[-2:]))


def bits(value: float, dtype: DType) -> int:
    """The bits of a number as an integer argument."""
    return _bits(float(value).hex(), dtype)


@functools.lru_cache(64)
def _bits(text: str, dtype: DType) -> int:
    return int(np.asarray(float.fromhex(text), dtype).view(np.uint32 if dtype.itemsize == 4 else np.uint64))
