"""Fourier transforms along one axis, with NumPy's names, lengths and norms.

    fft:  y[k] = sum over j of x[j] exp(-2 pi i j k / n)

``n`` elements of the axis are transformed: a longer axis is cropped, a shorter one filled up with zeros. ``norm`` says
where the factor 1 / n stands: in the inverse ("backward", the default), in the transform ("forward"), or as 1 / sqrt(n)
in both ("ortho"). Lengths may be free sizes; known ones are planned when the graph is compiled, those with a prime
factor beyond 31 as a convolution. float32 and complex64 stay single, integers become double.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from staticad.functional.complex import conjugate
from staticad.functional.fft.operands import (
    axis_of,
    check_norm,
    complex_numbers,
    fitted,
    length,
    opposite,
    real_numbers,
    scaled,
)
from staticad.functional.front import implements
from staticad.ir.dims import floordiv
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.fourier import FFT, IRFFT, RFFT
from staticad.ops.promotion import Operand


def _complex(name: str, a: Operand, n: Any, axis: Any, norm: Any, inverse: bool) -> Tensor:
    x = complex_numbers(a)
    where, kind = axis_of(name, x, axis), check_norm(name, norm, x)
    x = x if n is None else fitted(x, where, length(name, n, x))
    y = apply(FFT, x, axis=where, inverse=inverse)
    return scaled(y, kind, x.shape[where], inverse)


@implements(np.fft.fft)
def fft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The discrete Fourier transform along an axis; the result is complex.

    Raises ShapeError for a number without axes, for an axis without elements, and for a length or norm that is none.
    """
    return _complex("fft", a, n, axis, norm, False)


@implements(np.fft.ifft)
def ifft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`."""
    return _complex("ifft", a, n, axis, norm, True)


def _half(name: str, a: Operand, n: Any, axis: Any, norm: Any, instead: str) -> Tensor:
    x = real_numbers(name, a, instead)
    where, kind = axis_of(name, x, axis), check_norm(name, norm, x)
    x = x if n is None else fitted(x, where, length(name, n, x))
    return scaled(apply(RFFT, x, axis=where), kind, x.shape[where], False)


def _whole(name: str, a: Operand, n: Any, axis: Any, norm: Any) -> Tensor:
    x = complex_numbers(a)
    where, kind = axis_of(name, x, axis), check_norm(name, norm, x)
    size = 2 * (x.shape[where] - 1) if n is None else n
    count = length(name, size, x)
    y = apply(IRFFT, fitted(x, where, floordiv(count, 2) + 1), axis=where, n=count)
    return scaled(y, kind, count, True)


@implements(np.fft.rfft)
def rfft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The first n // 2 + 1 elements of the transform of real numbers; the others are their conjugates.

    Raises DTypeError for complex numbers, and what `fft` does.
    """
    return _half("rfft", a, n, axis, norm, "fft")


@implements(np.fft.irfft)
def irfft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: n real numbers, 2 (m - 1) of m complex ones by default. The imaginary parts of the first
    element and, where n is even, of the last one are not read."""
    return _whole("irfft", a, n, axis, norm)


@implements(np.fft.hfft)
def hfft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The transform of n numbers with a[n - k] = conj(a[k]), of which the first n // 2 + 1 are given: real numbers."""
    x = complex_numbers(a)
    return _whole("hfft", conjugate(x), n, axis, opposite(check_norm("hfft", norm, x)))


@implements(np.fft.ihfft)
def ihfft(a: Operand, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`: n // 2 + 1 complex numbers of n real ones."""
    x = real_numbers("ihfft", a, "ifft")
    return conjugate(_half("ihfft", x, n, axis, opposite(check_norm("ihfft", norm, x)), "ifft"))
