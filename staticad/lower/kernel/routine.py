"""Routines: what a step calls that is no loop nest, as data. What compiled code makes of them, their texts and how
they are cut over threads, stands in `staticad.codegen.routines`, by name.

The arguments of a routine are slots with names. A routine that `reports` has a slot with the address of the status
words and one with the code of its check.
"""

from __future__ import annotations

import functools
from enum import IntEnum

from staticad.ir.dtypes import DType
from staticad.records import dataclass


@dataclass(frozen=True)
class Routine:
    """``name`` and ``dtype`` say what is called, ``slots`` what it is given, in this order; all matrices are of the
    dtype. A step that calls one counts matrices of a batch. ``kind`` is the family of its ops, for pictures."""

    name: str
    dtype: DType
    slots: tuple[str, ...]
    reports: bool = False
    kind: str = "library"

    def __str__(self) -> str:
        return f"{self.name}:{self.dtype.name}"


COMPLEX = "complex_"  # what begins the names of routines and functions for matrices of complex numbers

# Up to so many rows times a transposed matrix, and from so many terms on, a product is a sum along memory for each
# element (`staticad.codegen.matrix_dots`). More rows earn back a copy of the matrix; a thread takes twice as many.
FEW_ROWS, FEW_TERMS = 16, 64
GEMM_TERMS = 8192  # of a product that BLAS adds up at a time: adding their sum in float64 costs next to nothing


class Gemm(IntEnum):
    """The slots of a matrix product ``C = alpha * op(A) @ op(B) + beta * C`` of row-major matrices.

    ROUTINE is the address of the library's function, PRODUCT that of the package's own one for `FEW_ROWS`, or 0 where
    rows or terms are not contiguous. Leading dimensions are the distances between rows in elements, at
    least 1 and at least the row's length; batch strides are the distances between matrices in elements (0: the same
    matrix for the whole batch). TRANSPOSE_A and TRANSPOSE_B hold the letter "N" or "T": with "T" the matrix is stored
    as (k, m) or (n, k). ALPHA and BETA hold the bits of a number of the matrices' dtype; BETA is 0 or 1
    if there are more terms than `GEMM_TERMS`. Then they are added up in WIDE, float64 for every element of the results.
    """

    ROUTINE = 0
    A = 1
    B = 2
    C = 3
    M = 4
    N = 5
    K = 6
    LEADING_A = 7
    LEADING_B = 8
    LEADING_C = 9
    TRANSPOSE_A = 10
    TRANSPOSE_B = 11
    ALPHA = 12
    BETA = 13
    BATCH_A = 14
    BATCH_B = 15
    BATCH_C = 16
    WIDE = 17
    PRODUCT = 18


@functools.cache
def gemm(dtype: DType) -> Routine:
    """Matrix products of a dtype."""
    return Routine("gemm", dtype, tuple(slot.name for slot in Gemm), kind="contract")
