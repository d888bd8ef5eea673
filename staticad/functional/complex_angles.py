"""Hyperbolic functions of complex numbers and the inverses of all, composed of functions of their parts.

The inverse sines and cosines are Kahan's (Branch Cuts for Complex Elementary Functions, 1987): signs of zeros decide on
which side of a cut a number lies, as in NumPy. Those of tangents are taken of the parts, without cancellation near 0.
"""

from __future__ import annotations

import math

from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import SQRT
from staticad.ops.base import apply
from staticad.ops.comparison import LESS
from staticad.ops.complex import COMPLEX, CONJ, IMAG, REAL
from staticad.ops.hyperbolic import ARCSINH, COSH, SINH
from staticad.ops.plane import ARCTAN2
from staticad.ops.selection import select, zero_like
from staticad.ops.transcendental import COS, LOG, LOG1P, SIN


def _parts(z: Tensor) -> tuple[Tensor, Tensor]:
    return apply(REAL, z), apply(IMAG, z)


def sinh(z: Tensor) -> Tensor:
    """sinh(x) cos(y) + i cosh(x) sin(y)."""
    x, y = _parts(z)
    return apply(COMPLEX, apply(SINH, x) * apply(COS, y), apply(COSH, x) * apply(SIN, y))


def cosh(z: Tensor) -> Tensor:
    """cosh(x) cos(y) + i sinh(x) sin(y)."""
    x, y = _parts(z)
    return apply(COMPLEX, apply(COSH, x) * apply(COS, y), apply(SINH, x) * apply(SIN, y))


def _roots(z: Tensor) -> tuple[Tensor, Tensor]:
    """The square roots of 1 - z and 1 + z."""
    x, y = _parts(z)
    return apply(SQRT, apply(COMPLEX, 1 - x, -y)), apply(SQRT, apply(COMPLEX, 1 + x, y))


def arcsin(z: Tensor) -> Tensor:
    """atan2(x, Re(√(1-z) √(1+z))) + i asinh(Im(conj(√(1-z)) √(1+z)))."""
    below, above = _roots(z)
    re = apply(ARCTAN2, apply(REAL, z), apply(REAL, below * above))
    return apply(COMPLEX, re, apply(ARCSINH, apply(IMAG, apply(CONJ, below) * above)))


def arccos(z: Tensor) -> Tensor:
    """2 atan2(Re √(1-z), Re √(1+z)) + i asinh(Im(conj(√(1+z)) √(1-z)))."""
    below, above = _roots(z)
    re = apply(ARCTAN2, apply(REAL, below), apply(REAL, above)) * 2
    return apply(COMPLEX, re, apply(ARCSINH, apply(IMAG, apply(CONJ, above) * below)))


def arccosh(z: Tensor) -> Tensor:
    """asinh(Re(conj(√(z-1)) √(z+1))) + 2 i atan2(Im √(z-1), Re √(z+1))."""
    x, y = _parts(z)
    below, above = apply(SQRT, apply(COMPLEX, x - 1, y)), apply(SQRT, apply(COMPLEX, x + 1, y))
    im = apply(ARCTAN2, apply(IMAG, below), apply(REAL, above)) * 2
    return apply(COMPLEX, apply(ARCSINH, apply(REAL, apply(CONJ, below) * above)), im)


def arctanh(z: Tensor) -> Tensor:
    """log1p(4x / ((1-x)² + y²)) / 4 + i atan2(2y, (1-x)(1+x) - y²) / 2, odd in x."""
    x, y = _parts(z)
    left = apply(LESS, x, zero_like(x))
    size = select(left, -x, x)  # abs has derivative 0 at 0
    distance = 1 - size
    re = apply(LOG1P, 4 * size / (distance * distance + y * y)) / 4
    im = apply(ARCTAN2, 2 * y, distance * (1 + size) - y * y) / 2
    return apply(COMPLEX, select(left, -re, re), im)


def _turned(z: Tensor) -> Tensor:
    """i z."""
    x, y = _parts(z)
    return apply(COMPLEX, -y, x)


def _turned_back(z: Tensor) -> Tensor:
    """-i z."""
    x, y = _parts(z)
    return apply(COMPLEX, y, -x)


def arcsinh(z: Tensor) -> Tensor:
    """-i arcsin(i z)."""
    return _turned_back(arcsin(_turned(z)))


def arctan(z: Tensor) -> Tensor:
    """-i arctanh(i z)."""
    return _turned_back(arctanh(_turned(z)))


def log2(z: Tensor) -> Tensor:
    """log(z) / log(2)."""
    return apply(LOG, z) * (1 / math.log(2))


def log10(z: Tensor) -> Tensor:
    """log(z) / log(10)."""
    return apply(LOG, z) * (1 / math.log(10))
