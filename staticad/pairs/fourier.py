"""Fourier transforms of pairs.

Kernels have transforms of lengths without large prime factors. Others are convolutions with a chirp (L. Bluestein, A
linear filtering approach to the computation of the discrete Fourier transform, 1970): with b[j] = exp(pi i j^2 / n),

    y[k] = conj(b[k]) sum over j of (x[j] conj(b[j])) b[k - j],

where the sum is a product of transforms of a length that is better. Only a run knows whether a free length is such a
one, so its kernel gets what the convolution needs: tables of one column if it is not. Real numbers of an even length
are the real and imaginary parts of half as many complex ones.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from staticad.functional.fft.roots import roots, turned
from staticad.functional.joining import concatenate, stack
from staticad.functional.reshaping import reshape_known
from staticad.ir.convolved import LARGEST_FACTOR, largest_factor
from staticad.ir.dims import Shape, Size, convolved, floordiv
from staticad.ir.dtypes import DType
from staticad.ir.graph import Node, Tensor
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import fill, indices, size_tensor
from staticad.ops.fourier import FOURIER_PARTS
from staticad.ops.parts import Run
from staticad.ops.promotion import cast
from staticad.ops.selection import WHERE
from staticad.ops.slicing import reverse
from staticad.ops.sources import constant
from staticad.pairs.arithmetic import conj, mul
from staticad.pairs.pair import Pair, interleaved, stretched, taken_apart


def fft(node: Node, a: Pair) -> Pair:
    """Of complex numbers, or of real ones: then the second half is made conjugate to the first one, which is all that
    is computed of even lengths."""
    shape, axis, inverse = node.inputs[0].shape, node.attrs["axis"], node.attrs["inverse"]
    n = shape[axis]
    if a.im is not None or a.re is None:
        return transform(a, shape, axis, inverse)
    re, im = _half(stretched(a.re, shape), axis).full()
    others = Run(1, 1, floordiv(n - 1, 2))
    c, d = (reverse(others.take(part, axis), (axis,)) for part in (re, im))
    im, d = (-im, d) if inverse else (im, -d)
    return Pair(concatenate([re, c], axis), concatenate([im, d], axis))


def rfft(node: Node, x: Tensor) -> Pair:
    """Half of the transform of real numbers."""
    return _half(x, node.attrs["axis"])


def _half(x: Tensor, axis: int) -> Pair:
    shape, n = x.shape, x.shape[axis]
    if not isinstance(n, int) or n % 2:
        re, im = transform(Pair(x, None), shape, axis, False).full()
        return Pair(Run(0, 1, floordiv(n, 2) + 1).take(re, axis), _without_rounding(stretched(im, shape), axis, n))
    half = n // 2
    z = Pair(Run(0, 2, half).take(x, axis), Run(1, 2, half).take(x, axis))
    # Closed, so that number k and number half - k are views.
    a, b = transform(z, (*shape[:axis], half, *shape[axis + 1 :]), axis, False, closed=True).full()
    c, d = (reverse(part, (axis,)) for part in (a, b))
    cos, sin = _along(roots(half + 1, n, x.dtype), shape, axis)
    # The transforms of the even and of the odd elements, and the sum of one and the other turned.
    even = Pair((a + c) * 0.5, (b - d) * 0.5)
    odd = mul(Pair((b + d) * 0.5, (c - a) * 0.5), Pair(cos, -sin))
    assert even.re is not None and even.im is not None and odd.re is not None and odd.im is not None
    # At the ends the numbers are real, whatever they are: no infinity is turned to NaN.
    starts, ends = (_place(k, half + 1, shape, axis) for k in (0, half))
    return Pair(
        apply(WHERE, starts, a + b, apply(WHERE, ends, a - b, even.re + odd.re)),
        apply(WHERE, starts | ends, constant(0, x.dtype), even.im + odd.im),
    )


def _place(k: int, size: int, shape: Shape, axis: int) -> Tensor:
    """Which element of an axis of that size is number k."""
    return reshape_known(apply(EQUAL, indices((size,), 0), constant(k)), _column(size, shape, axis))


def _without_rounding(im: Tensor, axis: int, n: Size) -> Tensor:
    """Imaginary parts of half the transform of real numbers, 0 at the first place and, if n is even, at the last one:
    for any numbers, infinite ones and NaN, too."""
    count = floordiv(n - 1, 2)
    start = (*im.shape[:axis], 1, *im.shape[axis + 1 :])
    last = (*im.shape[:axis], floordiv(n, 2) - count, *im.shape[axis + 1 :])
    first, ending = (fill(size, 0, im.dtype) for size in (start, last))
    return concatenate([first, Run(1, 1, count).take(im, axis), ending], axis)


def irfft(node: Node, z: Pair) -> Tensor:
    """Real numbers of half of their transform."""
    shape, axis, n = node.out.shape, node.attrs["axis"], node.attrs["n"]
    re, im = (stretched(part, node.inputs[0].shape) for part in z.full())
    if not isinstance(n, int) or n % 2:
        # The half that is not given is conjugate to the one that is.
        others = Run(1, 1, floordiv(n - 1, 2))
        mirrored = [reverse(others.take(part, axis), (axis,)) for part in (re, im)]
        whole = Pair(concatenate([re, mirrored[0]], axis), concatenate([im, -mirrored[1]], axis))
        return transform(whole, shape, axis, True).full()[0]
    half = n // 2
    a, b = (Run(0, 1, half).take(part, axis) for part in (re, im))
    c, d = (reverse(Run(1, 1, half).take(part, axis), (axis,)) for part in (re, im))
    cos, sin = _along(roots(half, n, re.dtype), shape, axis)
    # The transform of the even elements and, turned back, i times that of the odd ones.
    odd = mul(Pair(-(b + d), a - c), Pair(cos, sin))
    assert odd.re is not None and odd.im is not None
    starts = _place(0, half, shape, axis)  # where imaginary parts are not read
    evens_and_odds = Pair(apply(WHERE, starts, a + c, a + c + odd.re), apply(WHERE, starts, a - c, b - d + odd.im))
    made = transform(evens_and_odds, (*shape[:axis], half, *shape[axis + 1 :]), axis, True)
    if axis + 1 == len(shape):  # they lie there already
        return reshape_known(interleaved(made, (*shape[:axis], half)), shape)
    return reshape_known(stack(list(made.full()), axis + 1), shape)


def transform(z: Pair, shape: Shape, axis: int, inverse: bool, closed: bool = False) -> Pair:
    """The transform of a pair of that shape along an axis; closed, with the first number again behind the last one. A
    transform backwards is not closed."""
    n = shape[axis]
    if isinstance(n, int) and (n <= 1 or largest_factor(n) > LARGEST_FACTOR):
        if n <= 1:
            whole = z
        elif inverse:  # the other one with the parts exchanged
            turned_back = _chirped(Pair(z.im, z.re), shape, axis, n)
            whole = Pair(turned_back.im, turned_back.re)
        else:
            whole = _chirped(z, shape, axis, n)
        return _closed(whole, axis) if closed else whole
    table = roots(n, n, z.dtype)
    parts = [stretched(part, shape) for part in (z.re, z.im) if part is not None]
    both = len(parts) == 2
    tables = [table] if isinstance(n, int) else [table, _convolution(n, z.dtype)]
    found = taken_apart(apply(FOURIER_PARTS, *parts, *tables, axis=axis, inverse=inverse and both, closed=closed))
    if both:
        return found
    re, im = (conj(found) if inverse else found).full()
    return Pair(re, im) if z.re is not None else Pair(-im, re)


def _closed(z: Pair, axis: int) -> Pair:
    return z.each(lambda part: concatenate([part, Run(0, 1, 1).take(part, axis)], axis))


def _chirped(z: Pair, shape: Shape, axis: int, n: int) -> Pair:
    """The transform by a convolution."""
    size = _good_size(2 * n - 1)
    chirp, filtered = (Pair(*_along(constant(table), shape, axis)) for table in _chirps(n, size, z.dtype))
    longer = (*shape[:axis], size, *shape[axis + 1 :])
    padded = mul(z, conj(chirp)).fitted(shape).each(lambda part: Run(0, 1, n).put(part, axis, size))
    spectrum = mul(transform(padded, longer, axis, False), filtered)
    summed = transform(spectrum, longer, axis, True).each(lambda part: Run(0, 1, n).take(part, axis))
    return mul(summed, conj(chirp))


def _convolution(n: Size, dtype: DType) -> Tensor:
    """Of a free length, as six rows of the parts of numbers: roots of unity, b for -n < j < n around a circle with
    zeros between, and the conjugate of its transform, divided by its length."""
    size = convolved(n)
    whole, length = size_tensor(size), size_tensor(n)
    table = roots(size, size, np.dtype(float))
    place = indices((size,), 0)
    j = np.minimum(place, whole - place)
    b: list[Any] = [np.where(j < length, part, 0.0) for part in turned(j * j % (2 * length), 2 * length)]
    re, im = taken_apart(apply(FOURIER_PARTS, *b, table, axis=0, inverse=False, closed=False)).full()
    filtered = [re / cast(whole, re.dtype), -im / cast(whole, im.dtype)]
    return cast(concatenate([table, stack([*b, *filtered])], 0), dtype)


def _along(table: Tensor, shape: Shape, axis: int) -> tuple[Tensor, Tensor]:
    """Two rows of numbers, one for each element of an axis."""
    column = _column(table.shape[1], shape, axis)
    cos, sin = (reshape_known(Run(row, 1, 1).take(table, 0), column) for row in (0, 1))
    return cos, sin


def _column(size: Size, shape: Shape, axis: int) -> Shape:
    """Of numbers for the elements of an axis."""
    return (size, *(1 for _ in shape[axis + 1 :]))


@functools.lru_cache(maxsize=8)
def _chirps(n: int, size: int, dtype: DType) -> tuple[np.ndarray, np.ndarray]:
    """b for 0 <= j < n, and the transform of b for -n < j < n, divided by its length; as rows of parts."""
    b = np.array(turned(np.arange(n) ** 2 % (2 * n), 2 * n))
    around = np.zeros(size, complex)
    around[:n] = b[0] + 1j * b[1]
    around[size - n + 1 :] = around[n - 1 : 0 : -1]
    filtered = np.fft.fft(around) / size
    return b.astype(dtype), np.stack([filtered.real, filtered.imag]).astype(dtype)


@functools.lru_cache(maxsize=256)
def _good_size(least: int) -> int:
    """The smallest length from ``least`` on that is a power of two times a few factors of three and five."""
    odds = (3**a * 5**b for a in range(4) for b in range(4 - a))
    return min(odd << (-(-least // odd) - 1).bit_length() for odd in odds)
