"""Matrix products by BLAS: the kernel that calls it, and how to cut one over threads.

The kernel computes, with everything in row-major order,

    C = alpha * op(A) @ op(B) + beta * C        C: (m, n), op(A): (m, k), op(B): (k, n)

for a batch of matrices, where ``op`` is nothing or the transpose. A row-major matrix is the transpose of a
column-major one, and ``C^T = op(B)^T op(A)^T``, so BLAS is asked for the product with its operands swapped. Its
Fortran interface takes every argument by address; `Gemm` lays the argument block out so that the slots themselves are
what BLAS reads.

A few rows times a transposed matrix are left to the package's own function (`staticad.codegen.matrix_dots`), which
reads that matrix as it lies; whether they are few is known when the product runs. BLAS would copy it first.

Many terms are added up in float64, `GEMM_TERMS` of them at a time (see `staticad.codegen.wide_sums`).

``beta = 0`` overwrites C whatever it holds (NaN included); ``k = 0`` leaves ``beta * C``; an empty C is left alone.

Large products are cut here, not by BLAS: its own threads would make results depend on their number,
and two pools on the same cores disturb each other (:mod:`staticad.runtime.blas_threads` keeps BLAS to one thread
during a run).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticad.codegen.machine_language import function_text
from staticad.codegen.routine_text import Cut, Cutting, RoutineText

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.kernel_language import matrix_sums
    from staticad.codegen.machine_language import address_of, call_gemm, call_product, peek, poke, stack_words
    from staticad.codegen.routine_names import (
        ALPHA,
        BATCH_A,
        BATCH_B,
        BATCH_C,
        BETA,
        CLEAR,
        COLLECT,
        COLUMNS,
        CUT,
        DTYPE,
        FETCH,
        FEW_ROWS,
        FEW_TERMS,
        GEMM_TERMS,
        ITEMSIZE,
        LEADING_A,
        LEADING_B,
        LEADING_C,
        LETTER_T,
        PRODUCT,
        ROUTINE,
        ROWS,
        TRANSPOSE_A,
        TRANSPOSE_B,
        WIDE,
        WRITE,
        A,
        B,
        C,
        K,
        M,
        N,
    )


def _gemm(args: int, lo: int, hi: int) -> None:
    slots = address_of(args)
    sizes = stack_words(4)
    m = peek(slots, M)
    n = peek(slots, N)
    k = peek(slots, K)
    wide = peek(slots, WIDE)
    a = peek(slots, A)
    b = peek(slots, B)
    c = peek(slots, C)
    batch_a = ITEMSIZE * peek(slots, BATCH_A)
    batch_b = ITEMSIZE * peek(slots, BATCH_B)
    batch_c = ITEMSIZE * peek(slots, BATCH_C)
    cut = peek(slots, CUT)
    count = 1
    if cut == ROWS:
        m = hi - lo
        stride = peek(slots, LEADING_A)
        if peek(slots, TRANSPOSE_A) == LETTER_T:
            stride = 1
        a += ITEMSIZE * lo * stride
        c += ITEMSIZE * lo * peek(slots, LEADING_C)
        wide += 8 * lo * n
    elif cut == COLUMNS:
        n = hi - lo
        stride = 1
        if peek(slots, TRANSPOSE_B) == LETTER_T:
            stride = peek(slots, LEADING_B)
        b += ITEMSIZE * lo * stride
        c += ITEMSIZE * lo
        wide += 8 * lo * m
    else:
        count = hi - lo
        a += lo * batch_a
        b += lo * batch_b
        c += lo * batch_c
        wide += 8 * lo * m * n
    poke(sizes, 0, n)
    poke(sizes, 1, m)
    poke(sizes, 2, k)
    poke(sizes, 3, peek(slots, BETA))
    leading = peek(slots, LEADING_C)
    step_a = ITEMSIZE
    if peek(slots, TRANSPOSE_A) == LETTER_T:
        step_a = ITEMSIZE * peek(slots, LEADING_A)
    step_b = ITEMSIZE * peek(slots, LEADING_B)
    if peek(slots, TRANSPOSE_B) == LETTER_T:
        step_b = ITEMSIZE
    parts = (k + GEMM_TERMS - 1) // GEMM_TERMS
    few = peek(slots, PRODUCT) != 0 and peek(slots, M) <= FEW_ROWS and k >= FEW_TERMS
    if few:
        parts = 1  # that function adds up any number of terms
    first = CLEAR
    if parts > 1:
        if peek(slots, BETA) != 0:
            first = FETCH
        poke(sizes, 3, 0)  # each part overwrites C
    elif parts == 0:
        parts = 1
    if m > 0 and n > 0:
        for _ in range(count):
            if parts > 1:
                poke(sizes, 2, GEMM_TERMS)
                matrix_sums(wide, c, leading, m, n, first, DTYPE)
            if few:
                call_product(
                    peek(slots, PRODUCT),
                    c,
                    leading,
                    a,
                    peek(slots, LEADING_A),
                    1,
                    b,
                    1,
                    peek(slots, LEADING_B),
                    m,
                    n,
                    k,
                    slots + 8 * ALPHA,
                    peek(slots, BETA),
                    DTYPE,
                )
                parts = 0
            for part in range(parts):
                done = part * GEMM_TERMS
                if done > 0 and k - done < GEMM_TERMS:
                    poke(sizes, 2, k - done)
                call_gemm(
                    peek(slots, ROUTINE),
                    slots + 8 * TRANSPOSE_B,
                    slots + 8 * TRANSPOSE_A,
                    sizes,
                    sizes + 8,
                    sizes + 16,
                    slots + 8 * ALPHA,
                    b + done * step_b,
                    slots + 8 * LEADING_B,
                    a + done * step_a,
                    slots + 8 * LEADING_A,
                    sizes + 24,
                    c,
                    slots + 8 * LEADING_C,
                )
                if parts > 1:
                    matrix_sums(wide, c, leading, m, n, COLLECT, DTYPE)
            if parts > 1:
                matrix_sums(wide, c, leading, m, n, WRITE, DTYPE)
                wide += 8 * m * n
            a += batch_a
            b += batch_b
            c += batch_c


# Multiplications below which a product is not cut (about 10 microseconds of one core).
_SMALLEST_CHUNK = 1 << 20
# Every chunk packs all of the matrix that is not cut: as much work as a few rows, so chunks of this many lose little.
_LONG_SIDE = 384
# Narrower products are cut where one chunk of them is large enough.
_SKINNY = 64


def gemm_cut(m: int, n: int, k: int, batch: int) -> Cutting:
    """How to cut a product."""
    work = m * n * k
    if batch != 1:
        grain = max(1, _SMALLEST_CHUNK // max(1, work))
        return Cut.BATCH, batch, grain if grain < batch else 0
    if work < 2 * _SMALLEST_CHUNK and (min(m, n) > _SKINNY or work < _SMALLEST_CHUNK):
        return Cut.BATCH, 1, 0
    cut, side = (Cut.ROWS, m) if m >= n else (Cut.COLUMNS, n)
    wanted = 2
    while 2 * wanted * _LONG_SIDE <= side:
        wanted *= 2
    chunks = min(-(-work // _SMALLEST_CHUNK), wanted)
    grain = -(-side // (16 * chunks)) * 16
    return (cut, side, grain) if grain < side else (Cut.BATCH, 1, 0)


BLAS = {
    "gemm": RoutineText(function_text(_gemm), lambda slots, batch: gemm_cut(slots["M"], slots["N"], slots["K"], batch))
}
