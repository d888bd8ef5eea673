"""Fourier transforms along several axes, one after the other; arguments as in NumPy.

``s`` are the lengths for ``axes``, -1 for the size that there is. By default all axes are transformed, in the functions
of two dimensions the last two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from staticad.errors import ShapeError
from staticad.functional.complex import conjugate
from staticad.functional.fft.operands import check_norm, complex_numbers, opposite, real_numbers, several
from staticad.functional.fft.transforms import fft, ifft, irfft, rfft
from staticad.functional.front import implements
from staticad.ir.graph import Tensor, describe
from staticad.ops.promotion import Operand

Sizes = Any  # one for each axis, or None
LAST = (-2, -1)


def _each(name: str, a: Operand, s: Sizes, axes: Any, norm: str | None, along: Callable[..., Tensor]) -> Tensor:
    x = complex_numbers(a)
    sizes, found = several(name, x, s, axes)
    for n, axis in reversed(list(zip(sizes, found, strict=True))):
        x = along(x, n, axis, norm)
    return x


@implements(np.fft.fftn)
def fftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """`fft` along each of the axes."""
    return _each("fftn", a, s, axes, norm, fft)


@implements(np.fft.ifftn)
def ifftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `fftn`."""
    return _each("ifftn", a, s, axes, norm, ifft)


@implements(np.fft.fft2)
def fft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """`fft` along two axes."""
    return _each("fft2", a, s, axes, norm, fft)


@implements(np.fft.ifft2)
def ifft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """The inverse of `fft2`."""
    return _each("ifft2", a, s, axes, norm, ifft)


def _real(name: str, a: Operand, s: Sizes, axes: Any, norm: str | None) -> Tensor:
    x = real_numbers(name, a, "fftn")
    sizes, found = several(name, x, s, axes)
    if not found:
        raise ShapeError(f"{name}: needs at least one axis ({describe(x)})")
    x = rfft(x, sizes[-1], found[-1], norm)
    for n, axis in reversed(list(zip(sizes[:-1], found[:-1], strict=True))):
        x = fft(x, n, axis, norm)
    return x


def _to_real(name: str, a: Operand, s: Sizes, axes: Any, norm: str | None) -> Tensor:
    x = complex_numbers(a)
    sizes, found = several(name, x, s, axes)
    if not found:
        raise ShapeError(f"{name}: needs at least one axis ({describe(x)})")
    for n, axis in zip(sizes[:-1], found[:-1], strict=True):
        x = ifft(x, n, axis, norm)
    return irfft(x, None if s is None else sizes[-1], found[-1], norm)


@implements(np.fft.rfftn)
def rfftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """`rfft` along the last of the axes, `fft` along the others."""
    return _real("rfftn", a, s, axes, norm)


@implements(np.fft.irfftn)
def irfftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `rfftn`; the last length is 2 (m - 1) by default, as in `irfft`."""
    return _to_real("irfftn", a, s, axes, norm)


@implements(np.fft.rfft2)
def rfft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """`rfftn` of two axes."""
    return _real("rfft2", a, s, axes, norm)


@implements(np.fft.irfft2)
def irfft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """`irfftn` of two axes."""
    return _to_real("irfft2", a, s, axes, norm)


def hfftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """`hfft` along the last of the axes, `fft` along the others, as in SciPy: real numbers."""
    return _hermitian("hfftn", a, s, axes, norm)


def ihfftn(a: Operand, s: Sizes = None, axes: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of `hfftn`, as in SciPy: of real numbers."""
    return _to_hermitian("ihfftn", a, s, axes, norm)


def hfft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """`hfftn` of two axes."""
    return _hermitian("hfft2", a, s, axes, norm)


def ihfft2(a: Operand, s: Sizes = None, axes: Any = LAST, norm: str | None = None) -> Tensor:
    """`ihfftn` of two axes."""
    return _to_hermitian("ihfft2", a, s, axes, norm)


def _hermitian(name: str, a: Operand, s: Sizes, axes: Any, norm: str | None) -> Tensor:
    x = complex_numbers(a)
    return _to_real(name, conjugate(x), s, axes, opposite(check_norm(name, norm, x)))


def _to_hermitian(name: str, a: Operand, s: Sizes, axes: Any, norm: str | None) -> Tensor:
    x = real_numbers(name, a, "ifftn")
    return conjugate(_real(name, x, s, axes, opposite(check_norm(name, norm, x))))
