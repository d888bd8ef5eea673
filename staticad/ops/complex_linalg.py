"""What routines for complex matrices become when a graph is made real: numbers whose parts lie on a last axis of 2.

They are made after derivatives (`staticad.pairs`), and have none of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.ir.dims import Size
from staticad.ir.dtypes import complex_dtype
from staticad.ir.types import TensorType
from staticad.ops.decompositions import EIGH, FULL_QR, FULL_SVD, QR, SVD
from staticad.ops.eigen import EIG, SCHUR, SQRTM, SYLVESTER
from staticad.ops.library import Library, Part
from staticad.ops.linalg import CHOLESKY, LU_FACTOR, LU_SOLVE, SLOGDET, SOLVE_TRIANGULAR
from staticad.ops.matrix_exponential import EXPM
from staticad.ops.matrix_functions import LSTSQ, LU, PIVOT_ORDER

PARTS = "p"  # the axis of parts in signatures
Room = Callable[..., Size]


def _numbers(x: np.ndarray, given: Part) -> np.ndarray:
    """An array of parts as one of complex numbers."""
    if PARTS not in given.axes:
        return x
    return np.ascontiguousarray(x).view(np.result_type(x.dtype, np.complex64))[..., 0]


def _parts(z: np.ndarray, made: Part) -> np.ndarray:
    return np.stack([z.real, z.imag], -1) if PARTS in made.axes else z


class LibraryOfParts(Library):
    """The routine ``of`` complex matrices, or if it ``takes_reals``, of real ones with complex results. The signature
    is that one's, with the axis p of parts."""

    def __init__(self, of: Library, room: Room | None = None, takes_reals: bool = False) -> None:
        def signature(parts: tuple[Part, ...]) -> str:
            shown = []
            for part in parts:
                paired = part.dtype == "complex" or (part.dtype == "" and not takes_reals)
                axes = (*part.axes, PARTS) if paired else part.axes
                shown.append(f"({','.join(axes)}){':int64' if part.dtype == 'int64' else ''}")
            return ",".join(shown)

        def of_sizes(function: Room) -> Room:
            def sizes(**given: Size) -> Size:
                return function(**{name: size for name, size in given.items() if name != PARTS})

            return sizes

        derived = {axis: of_sizes(size) for axis, size in of.derived.items()}
        super().__init__(
            f"{'real_' if takes_reals else 'complex_'}{of.name}",
            called=of.called,
            signature=f"{signature(of.operand_parts)}->{signature(of.result_parts)}",
            functions=tuple(name if takes_reals else f"complex_{name}" for name in of.functions),
            changes=of.changes,
            unread=of.unread,
            optional=of.optional,
            derived=derived | ({PARTS: lambda **_: 2} if takes_reals else {}),
            workspace=None if of.workspace is None else of_sizes(room or of.workspace),
            work=lambda **sizes: 4 * of_sizes(of.work)(**sizes),
            failure=of.failure,
            normwise=of.normwise,
            numpy=self._reference,
            nondifferentiable=True,
            notes=f"`{of.name}` of {'real matrices' if takes_reals else 'complex matrices'}: the parts of complex "
            "numbers are the last axis",
        )
        self.of, self.takes_reals = of, takes_reals

    def _reference(self, *arrays: np.ndarray, **attrs: Any) -> Any:
        result = self.of.numpy(*map(_numbers, arrays, self.operand_parts), **attrs)
        if isinstance(result, tuple):
            return tuple(map(_parts, result, self.result_parts))
        return _parts(result, self.result_parts[0])

    def shown(self, kind: TensorType) -> str:
        if self.takes_reals:
            return super().shown(kind)
        return str(TensorType(kind.shape[:-1], complex_dtype(kind.dtype)))


def _svd_room(m: Size, n: Size, k: Size, u: Size, v: Size) -> Size:
    return 8 * (4 * m * n + 2 * (m * u + v * n + m + n) + 7 * k * k + 21 * k)


def _lstsq_room(m: Size, n: Size, k: Size, r: Size, s: Size) -> Size:
    return 8 * (2 * m * n + 2 * s * k + 6 * s + 946 * r + 3 * r * k + 77 * k + 2160)


def _twice(of: Library) -> Room:
    def room(**sizes: Size) -> Size:
        assert of.workspace is not None
        return 2 * of.workspace(**sizes)

    return room


_ROOMS: dict[Library, Room | None] = {
    CHOLESKY: None,
    SOLVE_TRIANGULAR: None,
    LU_FACTOR: None,
    LU_SOLVE: None,
    SLOGDET: None,
    EIGH: lambda n: 8 * (4 + 14 * n + 6 * n * n),
    SVD: _svd_room,
    FULL_SVD: _svd_room,
    QR: _twice(QR),
    FULL_QR: _twice(FULL_QR),
    LU: None,
    PIVOT_ORDER: None,
    LSTSQ: _lstsq_room,
    EXPM: _twice(EXPM),
    EIG: _twice(EIG),
    SCHUR: _twice(SCHUR),
    SQRTM: _twice(SQRTM),
    SYLVESTER: _twice(SYLVESTER),
}
COMPLEX_LIBRARY_OPS = {op: LibraryOfParts(op, room) for op, room in _ROOMS.items()}
REAL_LIBRARY_OPS = {EIG: LibraryOfParts(EIG, takes_reals=True)}
"""Those of real operands that have complex results."""
