"""Eigenvalues, singular values and orthogonal factors, with NumPy's names and results."""

from __future__ import annotations

import numpy as np

from staticad.errors import GraphError
from staticad.functional.front import implements
from staticad.functional.linalg.operands import matrices, rectangular
from staticad.ir.dims import at_least
from staticad.ir.graph import Tensor
from staticad.ir.provenance import here
from staticad.ops.base import apply_all
from staticad.ops.decompositions import EIGH, FULL_QR, FULL_SVD, QR, SVD
from staticad.ops.promotion import Operand
from staticad.records import NamedTuple


class EighResult(NamedTuple):
    """What `eigh` returns, as NumPy names it."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """What `svd` returns, as NumPy names it."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QRResult(NamedTuple):
    """What `qr` returns, as NumPy names it."""

    Q: Tensor
    R: Tensor


def _upper(name: str, uplo: str) -> int:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise GraphError(f'{name}: UPLO is "L" or "U", not {uplo!r} (at {here()})')
    return int(uplo.upper() == "U")


@implements(np.linalg.eigh)
def eigh(a: Operand, UPLO: str = "L") -> EighResult:
    """The eigenvalues of a symmetric or hermitian matrix in ascending order, and eigenvectors as columns; of a batch of
    matrices in the last two axes too. The lower triangle is read, or the upper one (``UPLO="U"``). The signs and phases
    of eigenvectors are LAPACK's.

    The derivative is that by symmetric (hermitian) matrices and symmetric itself, as in JAX. Eigenvectors of equal
    eigenvalues have none: it is infinite or NaN there, also in sums in which it would cancel; that of the values alone
    exists. In the derivative of a complex eigenvector, whose phase nothing determines, it has no change along itself.
    """
    (x,) = matrices("eigh", a)
    return EighResult(*apply_all(EIGH, x, upper=_upper("eigh", UPLO)))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Operand, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix in ascending order; see `eigh`."""
    (x,) = matrices("eigvalsh", a)
    return apply_all(EIGH, x, upper=_upper("eigvalsh", UPLO))[0]


@implements(np.linalg.svd)
def svd(a: Operand, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> SVDResult | Tensor:
    """U, the singular values in descending order, and Vᴴ with ``a = U[..., :k] * S @ Vh[..., :k, :]``, where k is the
    smaller size. ``full_matrices=False`` leaves out vectors that have no value; ``compute_uv=False`` returns the values
    alone. ``hermitian`` makes no difference. The signs and phases are LAPACK's.

    Vectors of equal singular values have no derivative: it is infinite or NaN. Neither have those that complete a
    basis, of matrices that are not known to be square: they raise GradientError. The values alone have one wherever
    they differ from 0 and from each other, and a choice of it elsewhere. In the derivative of complex vectors, of which
    a pair has a phase that nothing determines, the left one takes all of its change, as in JAX; that of vectors of a
    value 0 does not exist then.
    """
    x = rectangular("svd", a)
    if not compute_uv:
        return _values(x)
    m, n = x.shape[-2:]
    square = at_least(m - n, 0) and at_least(n - m, 0)
    return SVDResult(*apply_all(FULL_SVD if full_matrices and not square else SVD, x))


@implements(np.linalg.svdvals)
def svdvals(x: Operand) -> Tensor:
    """The singular values in descending order."""
    return _values(rectangular("svdvals", x))


def _values(x: Tensor) -> Tensor:
    """The singular values; vectors that nobody reads are not made."""
    return apply_all(SVD, x)[1]


@implements(np.linalg.qr)
def qr(a: Operand, mode: str = "reduced") -> QRResult | Tensor:
    """Q with orthogonal columns and the upper triangular R with ``a = Q @ R``, of a batch of matrices too. The
    ``mode`` is "reduced" (k columns, the smaller size), "complete" (Q is square), or "r" (R alone, of "reduced").
    The signs are LAPACK's; the diagonal of R is real, and stays so in the derivative.

    The derivative needs a regular triangle: the first k columns have to be independent (otherwise LinAlgError in the
    run of a derivative). That of mode "complete" raises GradientError unless there are known to be no more rows than
    columns.
    """
    x = rectangular("qr", a)
    if mode not in ("reduced", "complete", "r"):
        raise GraphError(f'qr: mode is "reduced", "complete" or "r", not {mode!r} (at {here()})')
    m, n = x.shape[-2:]
    if mode == "complete" and not at_least(n - m, 0):
        return QRResult(*apply_all(FULL_QR, x))
    q, r = apply_all(QR, x)
    return r if mode == "r" else QRResult(q, r)
