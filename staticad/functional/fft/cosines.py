"""Cosine and sine transforms of types 1 to 4 with SciPy's arguments, made of Fourier transforms.

Type 2 and its inverse, type 3, need one of the same length, of real numbers in another order (J. Makhoul, A fast cosine
transform in one and two dimensions, 1980); type 1 is the transform of an even or odd continuation, type 4 one of twice
the length. A sine transform is a cosine transform whose elements have alternating signs, read backwards.

``norm`` is that of `staticad.functional.fft.transforms`, for the length of the continuation. With ``orthogonalize``,
which is the default for the norm "ortho", the matrix of the transform is orthogonal but for a factor.
"""

from __future__ import annotations

import math
from typing import Any

from staticad.errors import ShapeError
from staticad.functional import elementwise
from staticad.functional.complex import complex as complex_of
from staticad.functional.complex import imag, real
from staticad.functional.fft.operands import axis_of, check_norm, fitted, floats, length, scaled, several
from staticad.functional.fft.roots import roots
from staticad.functional.joining import concatenate
from staticad.functional.reshaping import reshape_known
from staticad.ir.dims import Size, floordiv, minimum
from staticad.ir.dtypes import is_complex, real_dtype
from staticad.ir.graph import Tensor, describe
from staticad.ops.barrier import demanding
from staticad.ops.base import apply
from staticad.ops.comparison import EQUAL
from staticad.ops.creation import fill, indices, size_tensor
from staticad.ops.fourier import FFT, IRFFT, RFFT
from staticad.ops.parts import Run
from staticad.ops.promotion import Operand
from staticad.ops.slicing import reverse

INVERSE = {1: 1, 2: 3, 3: 2, 4: 4}  # up to a factor


def dct(
    x: Operand,
    type: int = 2,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The cosine transform of a type along an axis, cropped or filled up with zeros to n elements.

    Type 2: y[k] = 2 sum over j of x[j] cos(pi k (2 j + 1) / (2 n)). Raises ShapeError as `fft` does, for a type that
    there is none of, and where type 1 gets less than two elements.
    """
    return _along("dct", floats(x), type, n, axis, norm, orthogonalize, False, False)


def idct(
    x: Operand,
    type: int = 2,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The inverse of `dct` with the same arguments."""
    return _along("idct", floats(x), type, n, axis, norm, orthogonalize, False, True)


def dst(
    x: Operand,
    type: int = 2,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The sine transform of a type along an axis, otherwise as `dct`.

    Type 2: y[k] = 2 sum over j of x[j] sin(pi (k + 1) (2 j + 1) / (2 n)).
    """
    return _along("dst", floats(x), type, n, axis, norm, orthogonalize, True, False)


def idst(
    x: Operand,
    type: int = 2,
    n: Any = None,
    axis: int = -1,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The inverse of `dst` with the same arguments."""
    return _along("idst", floats(x), type, n, axis, norm, orthogonalize, True, True)


def dctn(
    x: Operand,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """`dct` along each of the axes, all by default."""
    return _each("dctn", x, type, s, axes, norm, orthogonalize, False, False)


def idctn(
    x: Operand,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The inverse of `dctn`."""
    return _each("idctn", x, type, s, axes, norm, orthogonalize, False, True)


def dstn(
    x: Operand,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """`dst` along each of the axes, all by default."""
    return _each("dstn", x, type, s, axes, norm, orthogonalize, True, False)


def idstn(
    x: Operand,
    type: int = 2,
    s: Any = None,
    axes: Any = None,
    norm: str | None = None,
    *,
    orthogonalize: bool | None = None,
) -> Tensor:
    """The inverse of `dstn`."""
    return _each("idstn", x, type, s, axes, norm, orthogonalize, True, True)


def _each(
    name: str, a: Operand, type: int, s: Any, axes: Any, norm: Any, orthogonalize: Any, sine: bool, inverse: bool
) -> Tensor:
    x = floats(a)
    for n, axis in zip(*several(name, x, s, axes), strict=True):
        x = _along(name, x, type, n, axis, norm, orthogonalize, sine, inverse)
    return x


def _along(
    name: str,
    x: Tensor,
    type: int,
    n: Any,
    axis: Any,
    norm: Any,
    orthogonalize: bool | None,
    sine: bool,
    inverse: bool,
) -> Tensor:
    if type not in INVERSE:
        raise ShapeError(f"{name}: the types are 1 to 4, not {type!r} ({describe(x)})")
    if is_complex(x.dtype):
        rest = (type, n, axis, norm, orthogonalize, sine, inverse)
        return complex_of(_along(name, real(x), *rest), _along(name, imag(x), *rest))
    where, factor = axis_of(name, x, axis), check_norm(name, norm, x)
    x = x if n is None else fitted(x, where, length(name, n, x))
    size = x.shape[where]
    if size == 0:
        raise ShapeError(f"{name}: a transform of no elements; give at least one ({describe(x)})")
    kind = INVERSE[type] if inverse else type
    orthogonal = factor == "ortho" if orthogonalize is None else orthogonalize
    whole = 2 * size
    if kind == 1 and sine:
        whole = 2 * (size + 1)
    elif kind == 1:
        if size == 1:
            raise ShapeError(f"{name}: type 1 needs at least two elements ({describe(x)})")
        whole = 2 * (size - 1)
    last = size - 1
    ends: list[Size] = [0, last] if kind == 1 else [last if sine else 0]
    weighed = orthogonal and kind != 4 and not (kind == 1 and sine)
    if weighed and kind != 2:
        x = _weighed(x, where, ends, math.sqrt(2))
    y = _TYPES[kind](x, where, sine)
    if weighed and kind != 3:
        y = _weighed(y, where, ends, math.sqrt(0.5))
    return scaled(y, factor, whole, inverse)


def _weighed(x: Tensor, axis: int, places: list[Size], weight: float) -> Tensor:
    """The elements at these places of an axis times a number."""
    own = indices((x.shape[axis],), 0)
    weights = fill((), 1, x.dtype)
    for place in places:
        weights = elementwise.where(apply(EQUAL, own, size_tensor(place)), weight, weights)
    return elementwise.multiply(x, reshape_known(weights, _column(x, axis)))


def _column(x: Tensor, axis: int) -> tuple[Size, ...]:
    return (x.shape[axis], *(1 for _ in x.shape[axis + 1 :]))


def _turns(x: Tensor, axis: int, count: Size, n: Size, first: int = 0, step: int = 1) -> tuple[Tensor, Tensor]:
    """Cosine and sine of 2 pi (first + step k) / n along an axis."""
    table = roots(count, n, real_dtype(x.dtype), first, step)
    column = (count, *(1 for _ in x.shape[axis + 1 :]))
    cos, sin = (reshape_known(Run(row, 1, 1).take(table, 0), column) for row in (0, 1))
    return cos, sin


# ---- the types, without a factor -------------------------------------------------------------------------------------


def _continued(x: Tensor, axis: int, sine: bool) -> Tensor:
    """Type 1."""
    n = x.shape[axis]
    if sine:
        nothing = fill((*x.shape[:axis], 1, *x.shape[axis + 1 :]), 0, x.dtype)
        odd = concatenate([nothing, x, nothing, -reverse(x, (axis,))], axis)
        return Run(1, 1, n).take(-imag(apply(RFFT, odd, axis=axis)), axis)
    x = demanding(x, [] if isinstance(n, int) else [(minimum(n - 2, 0), 0)])
    even = concatenate([x, reverse(Run(1, 1, n - 2).take(x, axis), (axis,))], axis)
    return real(apply(RFFT, even, axis=axis))


def _reordered(x: Tensor, axis: int, sine: bool) -> Tensor:
    """Type 2. With v the even elements and then the odd ones backwards, y[k] = 2 Re t[k] and y[n - k] = -2 Im t[k] for
    t[k] = exp(-pi i k / (2 n)) times the transform of v."""
    n = x.shape[axis]
    behind = reverse(Run(1, 2, floordiv(n, 2)).take(x, axis), (axis,))
    v = concatenate([Run(0, 2, floordiv(n + 1, 2)).take(x, axis), -behind if sine else behind], axis)
    cos, sin = _turns(x, axis, floordiv(n, 2) + 1, 4 * n)
    t = apply(RFFT, v, axis=axis) * complex_of(2 * cos, -2 * sin)
    rest = Run(1, 1, floordiv(n - 1, 2)).take(imag(t), axis)
    y = concatenate([real(t), -reverse(rest, (axis,))], axis)
    return reverse(y, (axis,)) if sine else y


def _restored(x: Tensor, axis: int, sine: bool) -> Tensor:
    """Type 3: the same steps back."""
    n = x.shape[axis]
    if sine:
        x = reverse(x, (axis,))
    half, other = floordiv(n + 1, 2), floordiv(n, 2)
    nothing = fill((*x.shape[:axis], 1, *x.shape[axis + 1 :]), 0, x.dtype)
    mirrored = concatenate([nothing, reverse(Run(n - other, 1, other).take(x, axis), (axis,))], axis)
    cos, sin = _turns(x, axis, other + 1, 4 * n)
    v = complex_of(Run(0, 1, other + 1).take(x, axis), -mirrored) * complex_of(cos, sin)
    y = apply(IRFFT, v, axis=axis, n=n)
    odd = reverse(Run(half, 1, other).take(y, axis), (axis,))
    even = Run(0, 2, half).put(Run(0, 1, half).take(y, axis), axis, n)
    return even + Run(1, 2, other).put(-odd if sine else odd, axis, n)


def _twice(x: Tensor, axis: int, sine: bool) -> Tensor:
    """Type 4: twice the real part of exp(-pi i (2 k + 1) / (4 n)) times the transform of x[j] exp(-pi i j / (2 n)) with
    as many zeros behind, or its imaginary part."""
    n = x.shape[axis]
    cos, sin = _turns(x, axis, n, 4 * n)
    z = apply(FFT, fitted(complex_of(x * cos, -(x * sin)), axis, 2 * n), axis=axis, inverse=False)
    cos, sin = _turns(x, axis, n, 8 * n, 1, 2)
    t = Run(0, 1, n).take(z, axis) * complex_of(cos, -sin)
    return -2 * imag(t) if sine else 2 * real(t)


_TYPES = {1: _continued, 2: _reordered, 3: _restored, 4: _twice}
