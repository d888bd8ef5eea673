"""Narrow matrix products as kernels: BLAS copies their operands at a cost that it does not earn back, and a loop that
calls it can't become one kernel."""

from __future__ import annotations

import functools

import numpy as np

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.dtypes import DType
from staticad.ir.expressions import Expression, Index, Name, arithmetic
from staticad.ir.graph import Node
from staticad.lower.fusion.operands import batch_shape
from staticad.lower.index.strided import Matrix
from staticad.lower.interface import Lowering
from staticad.lower.kernel.language import HI, LO, Kernel, Load, Loop, MatrixAt, MatrixProduct, Pointer, Statement
from staticad.lower.kernel.plan import Address, Argument, Buffer, Step, Symbolic
from staticad.lower.kernel.routine import FEW_ROWS, FEW_TERMS

ROWS, COLUMNS, BATCH = "rows", "columns", "batch"
Terms = tuple[tuple[str, int | str], ...]

# Sides of products that are not narrow in any direction, and the area that a long product may have across.
_SIDE = 256
_AREA = 128 * 128
# With fewer columns vectors are not filled; with fewer rows it does not pay to turn a transposed right factor of
# few terms. In a loop such products are taken up to this work, or with a size that is not known, up to this area.
_FEW = 16
# A right factor with two long sides and more bytes than this does not stay in a cache: BLAS reads it in a better order.
_LARGE = 6 << 20
_LITTLE_WORK = 1 << 14
_LITTLE_AREA = 1 << 9
# Multiplications that one thread takes at a time, and the rows or columns that it takes at least: each piece reads all
# of the matrix that is not cut, and copies b where that is transposed.
_PIECE = 1 << 20
_ROWS = 16
_PANEL = 64


def is_narrow(a: Matrix, b: Matrix, m: Size, n: Size, k: Size, in_loop: bool) -> bool:
    """True for products that kernels compute faster than BLAS (see docs/performance.md): of moderate size, with at
    most one long side, or of a few rows with a matrix that is transposed or stays in a cache. In a loop also small ones
    that are slower, since the loop may then become one kernel."""
    if b.transposed and not a.transposed and isinstance(m, int) and m <= FEW_ROWS:
        if not isinstance(k, int) or k >= FEW_TERMS:
            return True
    known = sorted(size for size in (m, n, k) if isinstance(size, int))
    if len(known) < 2 or not (known[0] * known[1] <= _AREA or (len(known) == 3 and known[-1] <= _SIDE)):
        return False
    if len(known) == 3 and m == known[0] and known[1] > _SIDE and known[1] * known[2] * b.base.dtype.itemsize > _LARGE:
        return False
    if (isinstance(n, int) and n < _FEW) or (b.transposed and isinstance(m, int) and m < _FEW):
        work = known[0] * known[1] * (known[2] if len(known) == 3 else 1)
        return in_loop and work <= (_LITTLE_WORK if len(known) == 3 else _LITTLE_AREA)
    return True


def product_kernel(lowering: Lowering, node: Node, onto: Buffer | None, alpha: float) -> Step | None:
    """A product, or ``alpha`` times a product that is added to a buffer, as a kernel; None for a product that BLAS
    computes better."""
    a, b = lowering.fusion.operands[node]
    batch = product(batch_shape(node, lowering.fusion.sizes))
    m, n = lowering.fusion.shape(node.outputs[0])[-2:]
    k = lowering.fusion.shape(node.inputs[0])[-1]
    if not is_narrow(a, b, m, n, k, lowering.in_body):
        return None
    target = lowering.buffer(node.outputs[0]) if onto is None else onto
    left, right = (lowering.buffer(lowering.fusion.memory(side.base)) for side in (a, b))
    numbers = [Address(buffer.number) for buffer in (target, left, right)]
    if onto is not None:
        numbers.append(Address(lowering.constant(np.asarray(alpha, target.dtype)).number))
    cut = BATCH if batch != 1 else COLUMNS if _is_wide(m, n) else ROWS
    (a_row, a_column), (b_row, b_column) = ((1, x.ld) if x.transposed else (x.ld, 1) for x in (a, b))
    sizes: list[Size] = [n, a.offset, a_row, a_column, b.offset, b_row, b_column, n, k]
    if cut == BATCH:
        sizes += [m, m * n, a.batch_stride, b.batch_stride]
        extent, least, work = batch, 1, m * n * k
    elif cut == COLUMNS:
        sizes.append(m)
        extent, least, work = n, _PANEL, m * k
    else:
        extent, least, work = m, 2 * _ROWS if b.transposed else _ROWS, n * k
    arguments: tuple[Argument, ...] = (*numbers, *map(Symbolic, sizes))
    return Step(
        _kernel(target.dtype, cut, onto is not None),
        arguments,
        extent,
        least * (floordiv(_PIECE, least * maximum(1, work)) + 1),
        tuple(dict.fromkeys(address.buffer for address in numbers[1:])),
        (target.number,),
        "matmul",
        (node.where,),
        floordiv(batch * m * n * k, 4),
    )


def _is_wide(m: Size, n: Size) -> bool:
    """True where there are more columns to share out than rows."""
    return not isinstance(n, int) or (isinstance(m, int) and 4 * m <= n)


@functools.cache
def _kernel(dtype: DType, cut: str, adds: bool) -> Kernel:
    """One kernel for all products: every size is a parameter, also those that are often equal, or 1. ``cut`` is what
    the range counts."""
    c_row, a_at, a_row, a_column, b_at, b_row, b_column = (f"n{number}" for number in range(7))
    rows: Expression = Name("n9")
    columns: Expression = Name("n7")
    c_step: Terms = ()
    a_step: Terms = ()
    b_step: Terms = ()
    if cut == BATCH:
        names, (c_step, a_step, b_step) = 13, ((("i0", f"n{number}"),) for number in (10, 11, 12))
    elif cut == COLUMNS:
        names, columns, c_step, b_step = 10, arithmetic(HI, "-", LO), (("lo", 1),), (("lo", b_column),)
    else:
        names, rows, c_step, a_step = 9, arithmetic(HI, "-", LO), (("lo", c_row),), (("lo", a_row),)
    body: tuple[Statement, ...] = (
        MatrixProduct(
            MatrixAt("p0", Index(c_step), c_row),
            MatrixAt("p1", Index(a_step, a_at), a_row, a_column),
            MatrixAt("p2", Index(b_step, b_at), b_row, b_column),
            rows,
            columns,
            Name("n8"),
            Name("v0", dtype) if adds else None,
        ),
    )
    if cut == BATCH:
        body = (Loop("i0", LO, HI, body),)
    if adds:
        body = (Load("v0", "p3", Index(())), *body)
    pointers = tuple(Pointer(f"p{number}", dtype, number) for number in range(4 if adds else 3))
    return Kernel(pointers, tuple(f"n{number}" for number in range(names)), body, label="matmul")
