"""LU factors of matrices of any shape, as SciPy keeps them, and what is solved with them."""

from __future__ import annotations

from staticad.errors import GraphError
from staticad.functional.linalg.operands import common_batch, matrices, rectangular, spread
from staticad.functional.linalg.systems import solve_triangular
from staticad.functional.movement import broadcast_to
from staticad.ir.dims import minimum
from staticad.ir.dtypes import INT64, real_dtype
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.ir.types import Demands
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply, apply_all
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import indices
from staticad.ops.indexing import GATHER_ALONG
from staticad.ops.matrices import eye, triangle
from staticad.ops.matrix_functions import LU, PIVOT_ORDER
from staticad.ops.movement import EXPAND_DIMS, SQUEEZE, swapped
from staticad.ops.promotion import Operand, cast, to_tensor
from staticad.records import NamedTuple


class LUResult(NamedTuple):
    """What `lu_factor` returns: factors in one matrix, and pivots."""

    lu: Tensor
    piv: Tensor


def lu_factor(a: Operand) -> LUResult:
    """The factors of ``a[order] = L @ U`` in one matrix, L below its diagonal (which is one), and pivots: row i was
    exchanged with row ``piv[i]``. As in SciPy, for matrices of any shape; pivots are int64. A singular matrix has
    factors too, but no derivative."""
    factors, pivots = apply_all(LU, swapped(rectangular("lu_factor", a)))
    return LUResult(swapped(factors), pivots)


def lu_solve(lu_and_piv: tuple[Operand, Operand], b: Operand, trans: int = 0) -> Tensor:
    """The x with ``a @ x`` = b for the factors of a that `lu_factor` returned; ``trans`` 1 is for the transposed and 2
    for the conjugate transposed matrix. A singular matrix raises LinAlgError in a run."""
    if trans not in (0, 1, 2):
        raise GraphError(f"lu_solve: trans is 0, 1 or 2, not {trans!r} (at {here()})")
    factors, right = matrices("lu_solve", lu_and_piv[0], b)
    pivots = cast(to_tensor(lu_and_piv[1]), INT64)
    order, inverse = apply_all(PIVOT_ORDER, factors, pivots)
    x = apply(EXPAND_DIMS, right, axes=(1,)) if right.ndim == 1 else right
    if trans:
        x = solve_triangular(factors, x, trans, lower=False)
        x = _rows(solve_triangular(factors, x, trans, lower=True, unit_diagonal=True), inverse)
    else:
        x = solve_triangular(factors, _rows(x, order), lower=True, unit_diagonal=True)
        x = solve_triangular(factors, x)
    return apply(SQUEEZE, x, axes=(x.ndim - 1,)) if right.ndim == 1 else x


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """The rows of matrices in another order, for each of a batch its own."""
    places = apply(EXPAND_DIMS, order, axes=(order.ndim,))
    with Demands() as demands:
        batch = common_batch("lu_solve", x, places, demands)
        moved, places = spread(x, 2, batch), spread(places, 2, batch)
        places = broadcast_to(places, moved.shape)
        demands.met_by(*(t.node.constraints for t in (moved, places)))
    return apply(GATHER_ALONG, moved, places, axes=(len(batch),), position=0, aligned=True)


def lu(a: Operand, permute_l: bool = False, p_indices: bool = False) -> tuple[Tensor, ...]:
    """P, L and U with ``a = P @ L @ U``, for matrices of any shape, as in SciPy: L has ones on its diagonal, P is a
    permutation. ``permute_l`` returns ``P @ L`` and U; ``p_indices`` returns p with ``a = L[p] @ U`` for P."""
    x = rectangular("lu", a)
    turned, pivots = apply_all(LU, swapped(x))
    order, inverse = apply_all(PIVOT_ORDER, turned, pivots)
    factors = swapped(turned)
    m, n = x.shape[-2:]
    k = minimum(m, n)
    lower = triangle(factors[..., :k], 1, 1)
    lower = apply(ADD, lower, eye(lower))
    upper = triangle(factors[..., :k, :], 0, 0)
    if permute_l:
        return _rows(lower, inverse), upper
    if p_indices:
        return inverse, lower, upper
    rows = apply(EXPAND_DIMS, inverse, axes=(inverse.ndim,))
    return cast(apply(EQUAL, rows, indices((1, m), 1)), real_dtype(x.dtype)), lower, upper
