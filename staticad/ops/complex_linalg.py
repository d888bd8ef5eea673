"""What routines for complex matrices become when a graph is made real: numbers whose parts lie on a last axis of 2.

They are made after derivatives (`staticad.pairs`), and have none of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.ir.dtypes import complex_dtype
from staticad.ir.types import TensorType
from staticad.ops.library import Library
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR


def _numbers(x: np.ndarray) -> np.ndarray:
    """An array of parts as one of complex numbers."""
    if x.dtype.kind != "f":
        return x
    return np.ascontiguousarray(x).view(np.result_type(x.dtype, np.complex64))[..., 0]


def _parts(z: np.ndarray) -> np.ndarray:
    return np.stack([z.real, z.imag], -1) if z.dtype.kind == "c" else z


def _reference(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy(*arrays: np.ndarray, **attrs: Any) -> Any:
        result = function(*map(_numbers, arrays), **attrs)
        return tuple(map(_parts, result)) if isinstance(result, tuple) else _parts(result)

    return numpy


class LibraryOfParts(Library):
    """The routine ``of`` complex matrices. The signature is that one's, with the axis p of parts."""

    def __init__(self, of: Library, signature: str, functions: Sequence[str] = ()) -> None:
        super().__init__(
            f"complex_{of.name}",
            called=of.called,
            signature=signature,
            functions=tuple(functions),
            changes=of.changes,
            unread=of.unread,
            workspace=None if of.workspace is None else lambda p, **sizes: _of(of.workspace)(**sizes),
            work=lambda p, **sizes: 4 * of.work(**sizes),
            failure=of.failure,
            numpy=_reference(of.numpy),
            nondifferentiable=True,
            notes=f"`{of.name}` of complex matrices, whose parts are the last axis",
        )

    def shown(self, kind: TensorType) -> str:
        return str(TensorType(kind.shape[:-1], complex_dtype(kind.dtype)))


def _of(workspace: Callable[..., Any] | None) -> Callable[..., Any]:
    assert workspace is not None
    return workspace


COMPLEX_CHOLESKY = LibraryOfParts(CHOLESKY, "(n,n,p)->(n,n,p)", ["complex_potrf"])
COMPLEX_SOLVE_TRIANGULAR = LibraryOfParts(SOLVE_TRIANGULAR, "(n,n,p),(n,k,p)->(n,k,p)", ["complex_trsm"])
COMPLEX_LU_FACTOR = LibraryOfParts(LU_FACTOR, "(n,n,p)->(n,n,p),(n):int64", ["complex_getrf"])
COMPLEX_LU_SOLVE = LibraryOfParts(LU_SOLVE, "(n,n,p),(n,n,p),(n):int64,(n,k,p)->(n,k,p)", ["complex_trsm"])
COMPLEX_SLOGDET = LibraryOfParts(SLOGDET, "(n,n,p),(n,n,p),(n):int64->(p),()")

COMPLEX_LIBRARY_OPS = {
    CHOLESKY: COMPLEX_CHOLESKY,
    SOLVE_TRIANGULAR: COMPLEX_SOLVE_TRIANGULAR,
    LU_FACTOR: COMPLEX_LU_FACTOR,
    LU_SOLVE: COMPLEX_LU_SOLVE,
    SLOGDET: COMPLEX_SLOGDET,
}
