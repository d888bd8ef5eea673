"""Sums of products over shifted vectors, with NumPy's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.errors import ShapeError
from staticad.functional import elementwise, reductions
from staticad.functional.complex import conjugate
from staticad.functional.front import implements, public_names
from staticad.functional.indexing import take
from staticad.functional.movement import expand_dims, flip
from staticad.ir import dims
from staticad.ir.dims import Size
from staticad.ir.graph import Tensor, describe
from staticad.ops.base import apply
from staticad.ops.creation import indices
from staticad.ops.promotion import Operand, as_operands
from staticad.ops.slicing import EMBED, SLICE

TAPS = 32  # terms that are written out


def _vectors(name: str, a: Operand, v: Operand, mode: str) -> tuple[Tensor, Tensor]:
    first, second = as_operands(name, a, v)
    first, second = (expand_dims(x, 0) if x.ndim == 0 else x for x in (first, second))
    if first.ndim != 1 or second.ndim != 1:
        raise ShapeError(f"{name}: takes vectors ({describe(first)}, {describe(second)})")
    if first.shape[0] == 0 or second.shape[0] == 0:
        raise ShapeError(f"{name}: takes vectors with elements ({describe(first)}, {describe(second)})")
    if mode not in ("full", "same", "valid"):
        raise ShapeError(f"{name}: mode has to be 'full', 'same' or 'valid', not {mode!r} ({describe(first)})")
    return first, second


@implements(np.convolve)
def convolve(a: Operand, v: Operand, mode: str = "full") -> Tensor:
    """Σ_j v[j] a[k - j]: for every k with a term ("full"), as many as the longer vector has in the middle of these
    ("same"), or those where all terms exist ("valid")."""
    first, second = _vectors("convolve", a, v, mode)
    return _convolved(first, second, mode, 0)


@implements(np.correlate)
def correlate(a: Operand, v: Operand, mode: str = "valid") -> Tensor:
    """Σ_j a[k + j] conj(v[j]), with the modes of `convolve`."""
    first, second = _vectors("correlate", a, v, mode)
    behind = dims.minimum(dims.maximum(second.shape[0] - first.shape[0], 0), 1)
    return _convolved(first, flip(conjugate(second), 0), mode, behind)


def _convolved(a: Tensor, v: Tensor, mode: str, behind: Size) -> Tensor:
    """The part of all sums that a mode wants. Where two parts are in the middle it is the first one, or the one
    ``behind`` it (1): NumPy correlates with the longer vector first, and turns the result around."""
    n, m = a.shape[0], v.shape[0]
    few, many = dims.minimum(n, m), dims.maximum(n, m)
    size: Size = n + m - 1
    start: Size = 0
    if mode == "same":
        size, start = many, dims.floordiv(few - 1 + behind, 2)
    elif mode == "valid":
        size, start = many - few + 1, few - 1
    if isinstance(n, int) and (not isinstance(m, int) or n < m):
        a, v, n, m = v, a, m, n
    padded = apply(EMBED, a, shape=(n + 2 * (m - 1),), starts=(m - 1,), steps=(1,), fill=0)
    if isinstance(m, int) and m <= TAPS:
        total = None
        for j in range(m):
            term = _part(v, j, 1) * _part(padded, m - 1 - j + start, size)
            total = term if total is None else total + term
        assert total is not None
        return total
    places = expand_dims(indices((size,), 0) + start, 1) + expand_dims(indices((m,), 0), 0)
    return reductions.sum(elementwise.multiply(take(padded, places), flip(v, 0)), 1, dtype=a.dtype)


def _part(x: Tensor, start: Size, size: Size) -> Tensor:
    return apply(SLICE, x, starts=(start,), steps=(1,), sizes=(size,))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
