"""Bessel functions of integer orders, by SciPy's names. Derivatives of every order, none by the order n."""

from __future__ import annotations

import numpy as np

from staticad.functional.front import float_unary, implements
from staticad.functional.special.operands import with_order
from staticad.ir.graph import Tensor
from staticad.ops.base import apply
from staticad.ops.bessel import BESSEL_I, BESSEL_IE, BESSEL_J, I0, I0E, I1, I1E, J0, J1
from staticad.ops.promotion import Operand
from staticad.ops.second_kind import BESSEL_K, BESSEL_KE, BESSEL_Y, K0, K0E, K1, K1E, Y0, Y1

i0 = implements(np.i0, "i0")(float_unary(I0, None, "The modified Bessel function of order 0."))
i0e = float_unary(I0E, "i0e", "exp(-|x|) i0(x).")
i1 = float_unary(I1, "i1", "The modified Bessel function of order 1.")
i1e = float_unary(I1E, "i1e", "exp(-|x|) i1(x).")
j0 = float_unary(J0, "j0", "The Bessel function of the first kind of order 0.")
j1 = float_unary(J1, "j1", "The Bessel function of the first kind of order 1.")
k0 = float_unary(K0, "k0", "The modified Bessel function of the second kind of order 0; infinite at 0, NaN below.")
k0e = float_unary(K0E, "k0e", "exp(x) k0(x).")
k1 = float_unary(K1, "k1", "The modified Bessel function of the second kind of order 1; infinite at 0, NaN below.")
k1e = float_unary(K1E, "k1e", "exp(x) k1(x).")
y0 = float_unary(Y0, "y0", "The Bessel function of the second kind of order 0; -infinite at 0, NaN below.")
y1 = float_unary(Y1, "y1", "The Bessel function of the second kind of order 1; -infinite at 0, NaN below.")


@implements("jv")
def jv(v: Operand, x: Operand) -> Tensor:
    """The Bessel function of the first kind of an integer order. Raises DTypeError for another order."""
    return apply(BESSEL_J, *with_order("jv", v, x))


@implements("iv")
def iv(v: Operand, x: Operand) -> Tensor:
    """The modified Bessel function of an integer order. Raises DTypeError for another order."""
    return apply(BESSEL_I, *with_order("iv", v, x))


@implements("ive")
def ive(v: Operand, x: Operand) -> Tensor:
    """exp(-|x|) iv(v, x)."""
    return apply(BESSEL_IE, *with_order("ive", v, x))


@implements("kv", "kn")
def kv(v: Operand, x: Operand) -> Tensor:
    """The modified Bessel function of the second kind of an integer order. Raises DTypeError for another order."""
    return apply(BESSEL_K, *with_order("kv", v, x))


@implements("kve")
def kve(v: Operand, x: Operand) -> Tensor:
    """exp(x) kv(v, x)."""
    return apply(BESSEL_KE, *with_order("kve", v, x))


@implements("yv", "yn")
def yv(v: Operand, x: Operand) -> Tensor:
    """The Bessel function of the second kind of an integer order. Raises DTypeError for another order."""
    return apply(BESSEL_Y, *with_order("yv", v, x))


jn, kn, yn = jv, kv, yv
