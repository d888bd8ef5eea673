"""Narrow matrix products as kernels: BLAS copies their operands at a cost that it does not earn back, and a loop that
calls it can't become one kernel."""

from __future__ import annotations

import functools

import numpy as np

from staticad.ir.dims import Size, floordiv, maximum, product
from staticad.ir.dtypes import DType
from staticad.ir.graph import Node
from staticad.lower.contract import batch_shape
from staticad.lower.emit import Memory
from staticad.lower.loops import Index, Kernel, Load, Loop, MatrixAt, MatrixProduct, Pointer, Statement
from staticad.lower.plan import Address, Argument, Buffer, Step, Symbolic
from staticad.lower.strided import Matrix

# Sides of products that are not narrow in any direction, and the area that a long product may have across.
_SIDE = 256
_AREA = 128 * 128
# Columns from which on vectors are filled so far that a transposed left factor is no loss.
_COLUMNS = 16
# Multiplications that one thread takes at a time, and the rows that it takes at least: each piece may copy all of b.
_PIECE = 1 << 20
_ROWS = 32


def is_narrow(a: Matrix, m: Size, n: Size, k: Size, in_loop: bool) -> bool:
    """True for products that kernels compute faster than BLAS (see docs/performance.md): of moderate size, or with at
    most one long side. In a loop also where they are a little slower, since the loop may then become one kernel."""
    known = sorted(size for size in (m, n, k) if isinstance(size, int))
    if len(known) < 2 or (not in_loop and a.transposed and isinstance(n, int) and n < _COLUMNS):
        return False
    return known[0] * known[1] <= _AREA or (len(known) == 3 and known[-1] <= _SIDE)


def product_kernel(memory: Memory, node: Node, onto: Buffer | None, alpha: float) -> Step | None:
    """A product, or ``alpha`` times a product that is added to a buffer, as a kernel; None for a product that BLAS
    computes better."""
    a, b = memory.fusion.operands[node]
    batch = product(batch_shape(node, memory.fusion.sizes))
    m, n = memory.fusion.shape(node.outputs[0])[-2:]
    k = memory.fusion.shape(node.inputs[0])[-1]
    if not is_narrow(a, m, n, k, memory.in_loop):
        return None
    target = memory.buffer(node.outputs[0]) if onto is None else onto
    left, right = (memory.buffer(memory.fusion.memory(side.base)) for side in (a, b))
    numbers = [Address(buffer.number) for buffer in (target, left, right)]
    if onto is not None:
        numbers.append(Address(memory.constant(np.asarray(alpha, target.dtype)).number))
    alone = batch == 1
    (a_row, a_column), (b_row, b_column) = ((1, x.ld) if x.transposed else (x.ld, 1) for x in (a, b))
    sizes: list[Size] = [n, a.offset, a_row, a_column, b.offset, b_row, b_column, n, k]
    if not alone:
        sizes += [m, m * n, a.batch_stride, b.batch_stride]
    arguments: tuple[Argument, ...] = (*numbers, *map(Symbolic, sizes))
    if alone:
        grain: Size = _ROWS * (floordiv(_PIECE, _ROWS * maximum(1, n * k)) + 1)
    else:
        grain = floordiv(_PIECE, maximum(1, m * n * k)) + 1
    return Step(
        _kernel(target.dtype, alone, onto is not None),
        arguments,
        m if alone else batch,
        grain,
        tuple(dict.fromkeys(address.buffer for address in numbers[1:])),
        (target.number,),
        "matmul",
        (node.where,),
        floordiv(batch * m * n * k, 4),
    )


@functools.cache
def _kernel(dtype: DType, alone: bool, adds: bool) -> Kernel:
    """One kernel for all products: every size is a parameter, also those that are often equal, or 1. ``alone``: the
    range is one of rows; else of the products of a batch."""
    pointers = tuple(Pointer(f"p{number}", dtype, number) for number in range(4 if adds else 3))
    names = tuple(f"n{number}" for number in range(9 if alone else 13))
    c_row, a_at, a_row, a_column, b_at, b_row, b_column, columns, depth, *more = names
    if alone:
        rows, c_step, a_step = "hi - lo", (("lo", c_row),), (("lo", a_row),)
        b_step: tuple[tuple[str, str], ...] = ()
    else:
        rows = more[0]
        c_step, a_step, b_step = ((("i0", stride),) for stride in more[1:])
    body: tuple[Statement, ...] = (
        MatrixProduct(
            MatrixAt("p0", Index(c_step), c_row),
            MatrixAt("p1", Index(a_step, a_at), a_row, a_column),
            MatrixAt("p2", Index(b_step, b_at), b_row, b_column),
            rows,
            columns,
            depth,
            "v0" if adds else "",
        ),
    )
    if not alone:
        body = (Loop("i0", "lo", "hi", body),)
    if adds:
        body = (Load("v0", "p3", Index(())), *body)
    return Kernel(pointers, names, body, label="matmul")
