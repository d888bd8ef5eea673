"""Matrices made of vectors and of other matrices with NumPy's names: diagflat, fill_diagonal, vander, kron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.comparison import equal
from staticad.functional.creation import arange, ones_like
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take
from staticad.functional.joining import stack
from staticad.functional.linalg.products import diag
from staticad.functional.movement import expand_dims, ravel
from staticad.functional.reshaping import reshape_known
from staticad.functional.shapes import as_size
from staticad.ir.dims import Size
from staticad.ir.dtypes import INT64
from staticad.ir.graph import Tensor, describe
from staticad.ir.types import may_be_equal
from staticad.ops.barrier import demanding
from staticad.ops.creation import indices, size_tensor
from staticad.ops.promotion import Operand, as_operands, cast, common_dtype, to_tensor


@implements(np.diagflat)
def diagflat(x: Operand, k: int = 0) -> Tensor:
    """The square matrix that has the elements of x, in row-major order, on its k-th diagonal, and zeros elsewhere."""
    return diag(ravel(x), k)


def fill_diagonal(x: Operand, value: Operand, wrap: bool = False) -> Tensor:
    """A copy of x with the value on its main diagonal, as NumPy's function of that name leaves its argument.

    Several values are written in row-major order, and again from the first. An array of more than two axes has them of
    one size; a run checks free ones. ``wrap`` begins a new diagonal one row below the end of the last one in a matrix
    that has more rows than columns.
    """
    a = to_tensor(x)
    if a.ndim < 2 or (a.ndim > 2 and not all(may_be_equal(a.shape[0], n) for n in a.shape)):
        raise ShapeError(f"fill_diagonal: needs a matrix, or more axes that are all of one size ({describe(a)})")
    if a.ndim > 2:
        a = demanding(a, [(n, a.shape[0]) for n in a.shape[1:] if n != a.shape[0]])
    new = cast(to_tensor(value, a.dtype if not isinstance(value, Tensor) else None), a.dtype)
    row = indices((a.shape[0], *(1,) * (a.ndim - 1)), 0)
    others = [indices(tuple(n if b == axis else 1 for b, n in enumerate(a.shape)), axis) for axis in range(1, a.ndim)]
    # A wrapped diagonal comes back to the first column after a row more than there are columns.
    row_here = elementwise.remainder(row, size_tensor(a.shape[1] + 1)) if wrap and a.ndim == 2 else row
    on_it = equal(row_here, others[0])
    for other in others[1:]:
        on_it = on_it & equal(row, other)
    if new.ndim:
        values = ravel(new)
        count = values.shape[0]
        if count == 0:
            raise ShapeError(f"fill_diagonal: there are no values ({describe(a)}, {describe(new)})")
        # The number of places above: one a row, less the rows that a wrapped diagonal skips.
        skipped = elementwise.floor_divide(row, size_tensor(a.shape[1] + 1)) if row_here is not row else 0
        written = elementwise.remainder(row - skipped, size_tensor(count))
        new = take(values, written, 0)
    return elementwise.where(on_it, new, a)


@implements(np.vander)
def vander(x: Operand, N: Any = None, increasing: bool = False) -> Tensor:
    """Columns of powers of a vector: N of them (default: as many as it has elements), from the highest power to 0, or
    from 0 on where ``increasing``."""
    a = to_tensor(x)
    if a.ndim != 1:
        raise ShapeError(f"vander: needs a vector ({describe(a)})")
    a = cast(a, common_dtype(a, to_tensor(0, INT64)))
    count: Size = a.shape[0] if N is None else as_size(N)
    if isinstance(count, int) and 0 < count <= 16:
        columns = [ones_like(a)]
        for _ in range(count - 1):
            columns.append(columns[-1] * a)
        return stack(columns if increasing else columns[::-1], axis=1)
    exponents = arange(count) if increasing else (count - 1) - arange(count)
    return elementwise.power(expand_dims(a, 1), cast(to_tensor(exponents), a.dtype))


@implements(np.kron)
def kron(x1: Operand, x2: Operand) -> Tensor:
    """Kronecker's product: x1 with each element multiplied by all of x2. The operand of fewer axes gets axes of size 1
    in front."""
    a, b = as_operands("kron", x1, x2)
    ndim = max(a.ndim, b.ndim)
    first, second = ((1,) * (ndim - t.ndim) + t.shape for t in (a, b))
    left = reshape_known(a, tuple(s for n in first for s in (n, 1)))
    right = reshape_known(b, tuple(s for n in second for s in (1, n)))
    return reshape_known(left * right, tuple(n * m for n, m in zip(first, second)))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
