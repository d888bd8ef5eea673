"""Complex numbers and their parts: what makes one of the other, conjugates, absolute values and angles.

Graphs have complex tensors; kernels have none, for a graph is made real before it is compiled (`staticad.pairs`).

A cotangent g of a complex z says that a change dz changes the result by Re(g dz): the gradient of a real function of
x + iy is d/dx - i d/dy. So the rule of a holomorphic function is the one that real numbers have, without conjugates
(JAX's convention). The ops of this file are not holomorphic, and have rules of their own for both modes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from staticad.ir.dtypes import DType, complex_dtype, is_complex, real_dtype
from staticad.ir.graph import Attrs, Tensor
from staticad.ops.arithmetic import ADD, SQUARE
from staticad.ops.base import Elementwise, apply
from staticad.ops.comparison import EQUAL
from staticad.ops.plane import joined
from staticad.ops.selection import select, zero_like
from staticad.ops.sources import constant

Tangents = Sequence[Tensor | None]


class ComplexElementwise(Elementwise):
    """One complex number, or two parts of one, for each element."""

    family = "complex"
    title = "Complex numbers"
    about = "What leads into and out of complex numbers. Other ops of `c` dtypes are declared with their families."

    def __init__(self, name: str, *, target: Callable[[DType], DType], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.target = target

    def result_dtype(self, dtype: DType, attrs: Attrs) -> DType:
        return self.target(dtype)


def _complex_jvp(ts: Tangents, y: Tensor, re: Tensor, im: Tensor) -> Tensor:
    return apply(COMPLEX, *(zero_like(re) if t is None else t for t in ts))


def _pointwise(rule: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[..., Tensor | None]:
    """A rule of forward mode for one operand."""
    return lambda ts, y, x: None if ts[0] is None else rule(ts[0], y, x)


def _along(t: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """t conj(x) / |x|; 0 at 0, whatever t is: it is infinite in roots of |x|."""
    zero = apply(EQUAL, y, zero_like(y))
    return select(zero, zero_like(x), t * (apply(CONJ, x) / select(zero, constant(1, y.dtype), y)))


COMPLEX: ComplexElementwise = ComplexElementwise(
    "complex",
    target=complex_dtype,
    numpy=joined,
    arity=2,
    operands="f",
    result="complex",
    ulps=0,
    vjp=lambda g, y, re, im: (apply(REAL, g), -apply(IMAG, g)),
    jvp=_complex_jvp,
    notes="of its real and its imaginary part",
)

REAL: ComplexElementwise = ComplexElementwise(
    "real",
    target=real_dtype,
    numpy=lambda x: x.real.copy(),
    operands="c",
    result="float",
    ulps=0,
    vjp=lambda g, y, x: (apply(COMPLEX, g, zero_like(g)),),
    jvp=_pointwise(lambda t, y, x: apply(REAL, t)),
)

IMAG: ComplexElementwise = ComplexElementwise(
    "imag",
    target=real_dtype,
    numpy=lambda x: x.imag.copy(),
    operands="c",
    result="float",
    ulps=0,
    vjp=lambda g, y, x: (apply(COMPLEX, zero_like(g), -g),),
    jvp=_pointwise(lambda t, y, x: apply(IMAG, t)),
)

CONJ: ComplexElementwise = ComplexElementwise(
    "conj",
    target=lambda dtype: dtype,
    numpy=np.conjugate,
    operands="c",
    ulps=0,
    vjp=lambda g, y, x: (apply(CONJ, g),),
    jvp=_pointwise(lambda t, y, x: apply(CONJ, t)),
)

MODULUS: ComplexElementwise = ComplexElementwise(
    "modulus",
    target=real_dtype,
    numpy=np.absolute,
    operands="c",
    result="float",
    cost=15,
    vjp=lambda g, y, x: (_along(g, y, x),),
    jvp=_pointwise(lambda t, y, x: apply(REAL, _along(t, y, x))),
    called="abs",
    notes="abs of complex numbers, without overflow; derivative 0 at 0",
)

ANGLE: ComplexElementwise = ComplexElementwise(
    "angle",
    target=real_dtype,
    numpy=np.angle,
    operands="c",
    result="float",
    cost=30,
    vjp=lambda g, y, x: (apply(COMPLEX, zero_like(g), -g) / x,),
    jvp=_pointwise(lambda t, y, x: apply(IMAG, t / x)),
    notes="in (-pi, pi], -pi where the imaginary part is -0.0 and the real one negative",
)


def squared_modulus(x: Tensor) -> Tensor:
    """|x|² of complex and of real numbers, which has all derivatives at 0."""
    if not is_complex(x.dtype):
        return apply(SQUARE, x)
    return apply(ADD, apply(SQUARE, apply(REAL, x)), apply(SQUARE, apply(IMAG, x)))


COMPLEX_OPS = (COMPLEX, REAL, IMAG, CONJ, MODULUS, ANGLE)
