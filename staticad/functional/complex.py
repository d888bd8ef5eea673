"""Complex numbers and their parts, with NumPy's names. Real tensors are complex ones with an imaginary part of 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from staticad.functional.comparison import equal, not_equal
from staticad.functional.elementwise import multiply
from staticad.functional.front import as_float, implements, public_names
from staticad.ir.dtypes import BOOL, FLOAT32, floating, is_complex, is_half
from staticad.ir.graph import Tensor
from staticad.ops import complex as ops
from staticad.ops.base import apply
from staticad.ops.creation import fill
from staticad.ops.plane import ARCTAN2
from staticad.ops.promotion import Operand, as_operands, cast, to_tensor
from staticad.ops.sources import constant


def complex(real: Operand, imag: Operand = 0.0) -> Tensor:
    """The complex numbers with these parts, which broadcast: complex64 of parts of 16 or 32 bits, else complex128."""
    a, b = as_operands("complex", real, imag)
    dtype = FLOAT32 if is_half(a.dtype) else floating(a.dtype)
    return apply(ops.COMPLEX, cast(a, dtype), cast(b, dtype))


@implements(np.real)
def real(x: Operand) -> Tensor:
    """The real parts; a real tensor as it is."""
    a = to_tensor(x)
    return apply(ops.REAL, a) if is_complex(a.dtype) else a


@implements(np.imag)
def imag(x: Operand) -> Tensor:
    """The imaginary parts; zeros for a real tensor."""
    a = to_tensor(x)
    return apply(ops.IMAG, a) if is_complex(a.dtype) else fill(a.shape, 0, a.dtype)


@implements(np.conjugate)
def conjugate(x: Operand) -> Tensor:
    """The complex conjugates; a real tensor as it is."""
    a = to_tensor(x)
    return apply(ops.CONJ, a) if is_complex(a.dtype) else a


@implements(np.angle)
def angle(x: Operand, deg: bool = False) -> Tensor:
    """The angle from the positive real axis, between -pi and pi, or in degrees; 0 or pi for real numbers."""
    a = to_tensor(x)
    if is_complex(a.dtype):
        result = apply(ops.ANGLE, a)
    else:
        a = as_float(a)
        result = apply(ARCTAN2, constant(0, a.dtype), a)
    return multiply(result, 180 / math.pi) if deg else result


@implements(np.iscomplex)
def iscomplex(x: Operand) -> Tensor:
    """Where the imaginary part is not 0."""
    a = to_tensor(x)
    return not_equal(imag(a), 0) if is_complex(a.dtype) else fill(a.shape, 0, BOOL)


@implements(np.isreal)
def isreal(x: Operand) -> Tensor:
    """Where the imaginary part is 0."""
    a = to_tensor(x)
    return equal(imag(a), 0) if is_complex(a.dtype) else fill(a.shape, 1, BOOL)


@implements(np.iscomplexobj)
def iscomplexobj(x: Operand) -> bool:
    """Whether the dtype is a complex one: known while the graph is built."""
    return is_complex(to_tensor(x).dtype)


@implements(np.isrealobj)
def isrealobj(x: Operand) -> bool:
    """Whether the dtype is not a complex one."""
    return not iscomplexobj(x)


conj = conjugate

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
