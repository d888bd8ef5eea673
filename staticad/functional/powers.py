"""Powers and logarithms to base 2 and 10, logarithms of sums of powers, the cube root, powers in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staticad.functional.front import float_binary, float_unary, implements, public_names
from staticad.ir.dtypes import COMPLEX128, FLOAT64, is_complex
from staticad.ir.graph import Tensor
from staticad.ops.arithmetic import POW
from staticad.ops.base import apply
from staticad.ops.powers import CBRT, EXP2, LOG2, LOG10, LOGADDEXP, LOGADDEXP2
from staticad.ops.promotion import Operand, as_operands, cast

exp2 = float_unary(EXP2, (np.exp2, "exp2"), "2 ** x, exact for whole numbers.")
log2 = float_unary(LOG2, np.log2, "The logarithm to base 2, exact at powers of 2; -inf at 0, NaN below.")
log10 = float_unary(LOG10, np.log10, "The logarithm to base 10, exact at powers of 10; -inf at 0, NaN below.")
cbrt = float_unary(
    CBRT, (np.cbrt, "cbrt"), "The real cube root, negative for negative numbers. The derivative at 0 is infinite."
)
logaddexp = float_binary(
    LOGADDEXP, np.logaddexp, "log(exp(x1) + exp(x2)) without overflow. Equal infinities get half the derivative each."
)
logaddexp2 = float_binary(
    LOGADDEXP2, np.logaddexp2, "log2(2**x1 + 2**x2) without overflow. Equal infinities get half the derivative each."
)


@implements(np.float_power)
def float_power(x1: Operand, x2: Operand) -> Tensor:
    """x1 ** x2 in float64 (or complex128), whatever the operands are: negative powers of integers are fractions."""
    a, b = as_operands("float_power", x1, x2)
    dtype = COMPLEX128 if is_complex(a.dtype) else FLOAT64
    return apply(POW, cast(a, dtype), cast(b, dtype))


if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
