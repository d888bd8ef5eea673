"""Matrix products: kernels where these are fast, else calls of BLAS on operands as they lie in memory."""

from __future__ import annotations

from functools import lru_cache

from staticad.ir.dims import REMEMBERED, Shape, Size, floordiv, maximum, minimum, product
from staticad.ir.dtypes import FLOAT64
from staticad.ir.graph import Node
from staticad.lower.emission.products import product_kernel
from staticad.lower.fusion.operands import batch_shape, bits
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import Address, Argument, Buffer, Library, Step, Symbolic
from staticad.lower.kernel.routine import GEMM_TERMS, gemm


def product_step(lowering: Lowering, node: Node, onto: Buffer | None = None, alpha: float = 1.0) -> Step:
    """The step that computes a matrix product, or adds ``alpha`` times the product to what a buffer holds."""
    return product_kernel(lowering, node, onto, alpha) or _gemm_step(lowering, node, onto, alpha)


def _gemm_step(lowering: Lowering, node: Node, onto: Buffer | None, alpha: float) -> Step:
    """The library call of a matrix product."""
    a, b = lowering.fusion.operands[node]
    target = lowering.buffer(node.outputs[0]) if onto is None else onto
    beta = 0.0 if onto is None else 1.0
    shape = lowering.fusion.sizes.shape(node.types[0].shape)
    m, n = shape[-2:]
    k = lowering.fusion.sizes.shape(node.inputs[0].shape)[-1]
    itemsize = target.dtype.itemsize
    left, right = lowering.buffer(lowering.fusion.memory(a.base)), lowering.buffer(lowering.fusion.memory(b.base))
    batch = product(batch_shape(node, lowering.fusion.sizes))
    wide, work = _scratch_and_work(batch, shape, k)
    scratch = lowering.scratch_bytes(wide) if wide != 0 else None
    arguments: tuple[Argument, ...] = (
        Library("gemm"),
        Address(left.number, a.offset * itemsize),
        Address(right.number, b.offset * itemsize),
        Address(target.number),
        *_numbers(
            (m, n, k),
            (a.ld, b.ld),
            (a.transposed, b.transposed),
            (a.batch_stride, b.batch_stride),
            (bits(alpha, target.dtype), bits(beta, target.dtype)),
        ),
        Symbolic(0) if scratch is None else Address(scratch.number),
        Library("product") if b.transposed and not a.transposed and not isinstance(m, int) else Symbolic(0),
    )
    return Step(
        gemm(target.dtype),
        arguments,
        batch,
        0,
        (left.number, right.number),
        (target.number,) if scratch is None else (target.number, scratch.number),
        "matmul",
        (node.where,),
        work,
    )


@lru_cache(maxsize=REMEMBERED)
def _numbers(
    sizes: tuple[Size, Size, Size],
    leading: tuple[Size, Size],
    transposed: tuple[bool, bool],
    batch: tuple[Size, Size],
    factors: tuple[int, int],
) -> tuple[Symbolic, ...]:
    """The slots of a product from M to BATCH_C."""
    m, n, _ = sizes
    return (
        *map(Symbolic, (*sizes, *(maximum(1, ld) for ld in leading), maximum(1, n))),
        *(Symbolic(ord("T" if turned else "N")) for turned in transposed),
        *map(Symbolic, (*factors, *batch, m * n)),
    )


@lru_cache(maxsize=REMEMBERED)
def _scratch_and_work(batch: Size, shape: Shape, k: Size) -> tuple[Size, Size]:
    """The bytes of sums that are kept in float64, and how much work a product is."""
    m, n = shape[-2:]
    wide = FLOAT64.itemsize * batch * m * n * minimum(1, floordiv(k, GEMM_TERMS + 1))
    return wide, floordiv(product((*shape, k)), 4)
