"""Eigenvalues of any square matrix with NumPy's names; Schur forms, square roots of matrices and Sylvester's equation
with SciPy's."""

from __future__ import annotations

import numpy as np

from staticad.errors import GraphError, ShapeError
from staticad.functional.complex import real
from staticad.functional.front import implements, inexact
from staticad.functional.linalg.operands import in_batch, matrices, spread
from staticad.ir.dtypes import FLOAT32, complex_dtype, is_complex, is_half
from staticad.ir.graph import Tensor, describe
from staticad.ir.provenance import here
from staticad.ir.types import Demands, broadcast_shapes, may_be_equal
from staticad.ops.barrier import STOP_GRADIENT
from staticad.ops.base import apply, apply_all
from staticad.ops.eigen import EIG, SCHUR, SQRTM, SYLVESTER
from staticad.ops.promotion import Operand, as_operands, cast
from staticad.records import NamedTuple


class EigResult(NamedTuple):
    """What `eig` returns, as NumPy names it."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SchurResult(NamedTuple):
    """What `schur` returns, as SciPy orders it."""

    T: Tensor
    Z: Tensor


@implements(np.linalg.eig)
def eig(a: Operand) -> EigResult:
    """The eigenvalues of a square matrix and eigenvectors of length 1 as columns; of a batch of matrices in the last
    two axes too. The results are always complex, as in JAX and PyTorch (NumPy's are real where all happen to be);
    order, phases and signs are LAPACK's.

    The derivative of an eigenvalue exists where it is a single one. That of a vector is a choice, since nothing
    determines its phase: the vector keeps its length, and in the basis of eigenvectors its change has no component
    along itself but an imaginary one (C. Boeddeker et al., arXiv:1701.00392, as in PyTorch; JAX has none). Functions
    that do not depend on phases have their derivative by it. Vectors of equal eigenvalues have none: it is infinite or
    NaN there. Where vectors are not independent, a derivative raises LinAlgError in the run, or is as large as
    rounding errors leave it.
    """
    (x,) = matrices("eig", a)
    x = cast(x, FLOAT32) if is_half(x.dtype) else x  # complex numbers have parts of 32 bits at least
    return EigResult(*apply_all(EIG, x))


@implements(np.linalg.eigvals)
def eigvals(a: Operand) -> Tensor:
    """The eigenvalues of a square matrix, always complex; see `eig`."""
    return eig(a).eigenvalues


def schur(a: Operand, output: str = "real") -> SchurResult:
    """T and the unitary Z with ``a = Z @ T @ Z^H``, as in SciPy: of a real matrix T is an upper triangle but for blocks
    of two rows, which are pairs of eigenvalues; with ``output="complex"``, and of a complex matrix, it is an upper
    triangle, whose diagonal are the eigenvalues. A batch of matrices has forms of its own. There is no derivative
    (GradientError), as in JAX."""
    (x,) = matrices("schur", a)
    if output not in ("real", "r", "complex", "c"):
        raise GraphError(f'schur: output is "real" or "complex", not {output!r} (at {here()})')
    return SchurResult(*apply_all(SCHUR, _complex(x) if output[0] == "c" else x))


def _complex(x: Tensor) -> Tensor:
    return cast(x, complex_dtype(x.dtype))


def _constant_schur(x: Tensor) -> tuple[Tensor, ...]:
    """The form of a matrix on which derivatives do not depend by it."""
    return apply_all(SCHUR, apply(STOP_GRADIENT, x))


def sqrtm(A: Operand) -> Tensor:
    """The principal square root of square matrices, always complex, as in JAX: by the root of the Schur form (Å. Björck
    and S. Hammarling, A Schur method for the square root of a matrix, 1983). Its derivative solves Sylvester's
    equation. A singular matrix may have no root (LinAlgError in a run), and has no derivative."""
    (x,) = matrices("sqrtm", A)
    z = _complex(x)
    return apply_all(SQRTM, z, *_constant_schur(z))[0]


def solve_sylvester(a: Operand, b: Operand, q: Operand) -> Tensor:
    """The X with ``a @ X + X @ b`` = q, for square a and b, by their Schur forms (R. Bartels and G. Stewart, Algorithm
    432, 1972). Batches broadcast. Where an eigenvalue of a is the negative of one of b, there is no single solution:
    LinAlgError in a run."""
    x, y, right = as_operands("solve_sylvester", *map(inexact, (a, b, q)))
    for t in (x, y):
        if t.ndim < 2 or not may_be_equal(*t.shape[-2:]):
            raise ShapeError(f"solve_sylvester: needs square matrices in the last two axes ({describe(t)})")
    fits = right.ndim > 1 and all(map(may_be_equal, right.shape[-2:], (x.shape[-1], y.shape[-1])))
    if not fits:
        given = ", ".join(map(describe, (x, y, right)))
        raise ShapeError(f"solve_sylvester: q has the rows of a and the columns of b ({given})")
    left, other, z = _complex(x), _complex(y), _complex(right)
    with Demands() as demands:
        try:
            batch = broadcast_shapes([t.shape[:-2] for t in (x, y, right)], demands)
        except ShapeError as error:
            raise ShapeError(f"solve_sylvester: {error} ({describe(x)}, {describe(y)}, {describe(right)})") from None
        operands = [left, other, *_constant_schur(left), *_constant_schur(other)]
        solved = apply(SYLVESTER, *(in_batch(t, 2, batch) for t in operands), spread(z, 2, batch))
        demands.met_by(*(t.node.constraints for t in (*solved.inputs, solved)))
    return solved if is_complex(x.dtype) else real(solved)
