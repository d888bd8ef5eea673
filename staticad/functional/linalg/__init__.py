"""Linear algebra with the names of NumPy, and of SciPy where NumPy has none."""

from __future__ import annotations

import typing as _typing

from staticad.function_spellings import LINALG as _LINALG
from staticad.names import public as _public

if _typing.TYPE_CHECKING:
    from staticad.functional.linalg.decompositions import eigh, eigvalsh, qr, svd, svdvals
    from staticad.functional.linalg.eigen import eig, eigvals, schur, solve_sylvester, sqrtm
    from staticad.functional.linalg.last_axes import diagonal, trace
    from staticad.functional.linalg.least_squares import lstsq, pinv, tensorinv, tensorsolve
    from staticad.functional.linalg.lu_factors import lu, lu_factor, lu_solve
    from staticad.functional.linalg.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
    from staticad.functional.linalg.powers import (
        cross,
        expm,
        matrix_power,
        matrix_transpose,
        matvec,
        multi_dot,
        vecdot,
        vecmat,
    )
    from staticad.functional.linalg.products import (
        diag,
        dot,
        inner,
        matmul,
        outer,
        tensordot,
        tril,
        triu,
        vdot,
    )
    from staticad.functional.linalg.structured import block_diag, toeplitz
    from staticad.functional.linalg.systems import (
        cho_factor,
        cho_solve,
        cholesky,
        det,
        inv,
        slogdet,
        solve,
        solve_triangular,
    )

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "cond", "cross", "det", "diag", "diagonal", "dot", "eig",
    "eigh", "eigvals", "eigvalsh", "expm", "inner", "inv", "lstsq", "lu", "lu_factor", "lu_solve", "matmul",
    "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "matvec", "multi_dot", "norm", "outer",
    "pinv", "qr", "schur", "slogdet", "solve", "solve_sylvester", "solve_triangular", "sqrtm", "svd", "svdvals",
    "tensordot", "tensorinv", "tensorsolve", "toeplitz", "trace", "tril", "triu", "vdot", "vecdot", "vecmat",
    "vector_norm",
]  # fmt: skip

if not _typing.TYPE_CHECKING:
    __getattr__, __dir__ = _public(globals(), _LINALG)
