"""Systems of equations: Cholesky and LU factors and what is solved with them, inverses, determinants, least squares."""

from __future__ import annotations

import numpy as np

from staticad.errors import GraphError
from staticad.functional import elementwise
from staticad.functional.complex import conjugate
from staticad.functional.front import implements
from staticad.functional.linalg.operands import (
    common_batch,
    in_batch,
    matrices,
    spread,
    unit,
)
from staticad.functional.movement import expand_dims, squeeze
from staticad.ir.dtypes import is_complex
from staticad.ir.graph import Attrs, Tensor
from staticad.ir.provenance import here
from staticad.ir.types import Demands
from staticad.ops.arithmetic import ADD
from staticad.ops.base import apply, apply_all
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR
from staticad.ops.matrices import diagonal_of, triangle
from staticad.ops.movement import EXPAND_DIMS, SQUEEZE, swapped
from staticad.ops.promotion import Operand
from staticad.records import NamedTuple


class SlogdetResult(NamedTuple):
    """What `slogdet` returns, as NumPy names it."""

    sign: Tensor
    logabsdet: Tensor


@implements(np.linalg.cholesky)
def cholesky(a: Operand, *, upper: bool = False) -> Tensor:
    """The lower triangular L with ``L @ L.T`` = a, for a symmetric positive definite matrix, or a batch of them in the
    last two axes; with ``upper`` its transpose. Of a complex one, which is hermitian, the transpose is conjugated.

    As in NumPy one triangle is read, the lower one, or with ``upper`` the upper one. The derivative is that by
    symmetric matrices and symmetric itself, as in JAX and PyTorch. A matrix that is not positive definite raises
    LinAlgError in a run.
    """
    (x,) = matrices("cholesky", a)
    return swapped(apply(CHOLESKY, swapped(x))) if upper else apply(CHOLESKY, x)


@implements(np.linalg.solve)
def solve(
    a: Operand, b: Operand, *, lower: bool = False, assume_a: str | None = None, transposed: bool = False
) -> Tensor:
    """The x with ``a @ x`` = b. As in NumPy 2, b is a vector if it has one axis, else a batch of matrices; batches of a
    and b broadcast. Its derivative uses the factors of a once more. A singular matrix raises LinAlgError in a run.

    As in SciPy, ``assume_a`` says what is known of a: "pos" (positive definite: by `cholesky`), "sym" or "her"
    (one triangle is read), "lower triangular", "upper triangular", "diagonal", or "gen"; ``lower`` says which triangle
    is read. ``transposed`` solves with the transposed matrix.
    """
    if assume_a not in _ASSUMED:
        names = ", ".join(repr(name) for name in _ASSUMED if name)
        raise GraphError(f"solve: assume_a is one of {names}, not {assume_a!r} (at {here()})")
    x, right = matrices("solve", a, b)
    kind = _ASSUMED[assume_a]
    if kind == "triangular":
        is_lower = str(assume_a).startswith("lower")
        return solve_triangular(x, right, int(transposed), lower=is_lower)
    if kind == "diagonal":
        column = expand_dims(right, -1) if right.ndim == 1 else right
        solved = solve_triangular(expand_dims(diagonal_of(x), (-2, -1)), expand_dims(column, -2))
        return squeeze(solved, (-2, -1) if right.ndim == 1 else -2)
    if kind in ("symmetric", "hermitian"):
        half = triangle(x, int(lower), 1)
        other = conjugate(half) if kind == "hermitian" else half
        x = apply(ADD, triangle(x, int(lower), 0), swapped(other))
    if kind == "definite":
        if transposed and is_complex(x.dtype):
            raise GraphError(f'solve: transposed is not available for complex matrices with "pos" (at {here()})')
        return cho_solve(cho_factor(x, lower), right)
    return _solve(swapped(x) if transposed else x, right)


# What SciPy's words for a matrix mean.
_ASSUMED: dict[str | None, str] = {
    None: "general",
    "gen": "general",
    "general": "general",
    "sym": "symmetric",
    "symmetric": "symmetric",
    "her": "hermitian",
    "hermitian": "hermitian",
    "pos": "definite",
    "positive definite": "definite",
    "lower triangular": "triangular",
    "upper triangular": "triangular",
    "diagonal": "diagonal",
}


def _solve(x: Tensor, right: Tensor) -> Tensor:
    column = apply(EXPAND_DIMS, right, axes=(1,)) if right.ndim == 1 else right
    factors, pivots = apply_all(LU_FACTOR, x)
    with Demands() as demands:
        batch = common_batch("solve", x, column, demands)
        operands = [in_batch(t, rank, batch) for t, rank in ((x, 2), (factors, 2), (pivots, 1))]
        solved = apply(LU_SOLVE, *operands, spread(column, 2, batch), trans=0)
        demands.met_by(*(t.node.constraints for t in (*solved.inputs, solved)))
    return apply(SQUEEZE, solved, axes=(solved.ndim - 1,)) if right.ndim == 1 else solved


def solve_triangular(
    a: Operand, b: Operand, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Tensor:
    """The x with ``a @ x`` = b for a triangular a, of which the other triangle is not read; as in SciPy and JAX.

    ``trans`` is 0 or "N", 1 or "T" for ``a.T @ x`` = b, or 2 or "C" for the conjugate transpose; with
    ``unit_diagonal`` the diagonal counts as ones. b is a vector if it has one axis, else a batch of matrices; batches
    broadcast. A zero on the diagonal raises LinAlgError in a run.
    """
    if not isinstance(trans, (int, str, np.integer)) or trans not in _TRANSPOSED:
        raise GraphError(f'solve_triangular: trans is 0, 1, 2, "N", "T" or "C", not {trans!r} (at {here()})')
    x, right = matrices("solve_triangular", a, b)
    x = conjugate(x) if trans in (2, "C") else x
    column = apply(EXPAND_DIMS, right, axes=(1,)) if right.ndim == 1 else right
    flags = Attrs(trans=_TRANSPOSED[trans], lower=int(lower), unit=int(unit_diagonal))
    with Demands() as demands:
        batch = common_batch("solve_triangular", x, column, demands)
        solved = apply(SOLVE_TRIANGULAR, in_batch(x, 2, batch), spread(column, 2, batch), **flags)
        demands.met_by(*(t.node.constraints for t in (*solved.inputs, solved)))
    return apply(SQUEEZE, solved, axes=(solved.ndim - 1,)) if right.ndim == 1 else solved


_TRANSPOSED: dict[int | str, int] = {0: 0, "N": 0, 1: 1, "T": 1, 2: 1, "C": 1}


@implements(np.linalg.slogdet)
def slogdet(a: Operand) -> SlogdetResult:
    """The sign of the determinant and the logarithm of its absolute value: 0 and -inf for a singular matrix. The sign
    of a complex determinant is that number over its absolute value. The gradient of the logarithm is the inverse,
    transposed; where there is none, it raises LinAlgError in a run."""
    (x,) = matrices("slogdet", a)
    return SlogdetResult(*apply_all(SLOGDET, x, *apply_all(LU_FACTOR, x)))


@implements(np.linalg.det)
def det(a: Operand) -> Tensor:
    """The determinant, by `slogdet`."""
    sign, logarithm = slogdet(a)
    return elementwise.multiply(sign, elementwise.exp(logarithm))


@implements(np.linalg.inv)
def inv(a: Operand) -> Tensor:
    """The inverse. ``solve(a, b)`` is faster and more accurate than ``inv(a) @ b``."""
    (x,) = matrices("inv", a)
    return _solve(x, unit(x.shape[-1], x.dtype))


def cho_factor(a: Operand, lower: bool = False) -> tuple[Tensor, bool]:
    """The Cholesky factor as `cho_solve` takes it, and ``lower``: upper by default, as in SciPy, and read from that
    triangle. The other triangle is zero (SciPy leaves numbers without meaning there)."""
    return cholesky(a, upper=not lower), bool(lower)


def cho_solve(c_and_lower: tuple[Operand, bool], b: Operand) -> Tensor:
    """The x with ``a @ x`` = b for the factor of a that `cho_factor` returned; b as in `solve`."""
    factor, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return solve_triangular(factor, solve_triangular(factor, b, first, lower), second, lower)
