"""Arithmetic and elementary functions with NumPy's names, promotion and broadcasting.

Operands are tensors, sizes, arrays or Python numbers; Python numbers are weak (NEP 50). Functions such as exp work on
integers in the float type of `staticad.ir.dtypes.floating`. A wrong dtype raises DTypeError, shapes that do not
broadcast raise ShapeError; both name the operation, the operands and their lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.functional.axes import as_index
from staticad.functional.front import as_float, float_binary, float_unary, implements, public_names
from staticad.ir.dtypes import BOOL, FLOAT64, INT8, as_dtype, finfo, floating, is_complex, is_float, is_inexact
from staticad.ir.graph import Tensor, describe
from staticad.ir.making import new_node
from staticad.ir.provenance import here
from staticad.ops.arithmetic import (
    ABS,
    ADD,
    DIV,
    FLOOR_DIVIDE,
    MUL,
    NEG,
    POW,
    RECIPROCAL,
    REMAINDER,
    RSQRT,
    SIGN,
    SQRT,
    SQUARE,
    SUB,
)
from staticad.ops.base import Op, apply
from staticad.ops.comparison import EQUAL
from staticad.ops.complex import COMPLEX, IMAG, MODULUS, REAL
from staticad.ops.conversion import CEIL, FLOOR, ROUND, TRUNC
from staticad.ops.plane import ARCTAN2, COPYSIGN, HYPOT
from staticad.ops.promotion import Operand, as_operands, cast, common_dtype, to_tensor, usual_operands
from staticad.ops.selection import MAXIMUM, MINIMUM, RELU, WHERE
from staticad.ops.sources import constant, constant_array, is_weak
from staticad.ops.transcendental import COS, ERF, EXP, EXPM1, LOG, LOG1P, SIGMOID, SIN, SOFTPLUS, TAN, TANH


def _binary(op: Op, x1: Operand, x2: Operand) -> Tensor:
    """To be called by a function that users call."""
    where = here(4)
    a, b = usual_operands(x1, x2, where) or as_operands(op.name, x1, x2)
    return new_node(op, (a, b), {}, None, where).outputs[0]


def _no_bool(op: Op, x1: Operand, x2: Operand) -> Tensor:
    """Operands of bools are int8 ones, as in NumPy."""
    a, b = as_operands(op.name, x1, x2)
    return apply(op, cast(a, INT8), cast(b, INT8)) if a.dtype == BOOL else apply(op, a, b)


@implements(np.add)
def add(x1: Operand, x2: Operand) -> Tensor:
    """x1 + x2; or for bools."""
    return _binary(ADD, x1, x2)


@implements(np.subtract)
def subtract(x1: Operand, x2: Operand) -> Tensor:
    """x1 - x2; not for bools (DTypeError), which have `logical_xor`."""
    a, b = usual_operands(x1, x2) or as_operands("sub", x1, x2)
    if a.type.dtype == BOOL:
        raise DTypeError(f"sub: bools have no difference; use ^ or sa.logical_xor ({describe(a)}, {describe(b)})")
    return new_node(SUB, (a, b), {}).outputs[0]


@implements(np.multiply)
def multiply(x1: Operand, x2: Operand) -> Tensor:
    """x1 * x2; and for bools."""
    return _binary(MUL, x1, x2)


@implements(np.true_divide)
def divide(x1: Operand, x2: Operand) -> Tensor:
    """x1 / x2 in floats; integers and bools divide in float64."""
    a, b = usual_operands(x1, x2) or as_operands("div", x1, x2)
    dtype = a.dtype if is_inexact(a.dtype) else FLOAT64
    return apply(DIV, cast(a, dtype), cast(b, dtype))


@implements(np.floor_divide)
def floor_divide(x1: Operand, x2: Operand) -> Tensor:
    """floor(x1 / x2), exact; 0 for an integer divided by zero. Its derivative is 0."""
    return _no_bool(FLOOR_DIVIDE, x1, x2)


@implements(np.remainder)
def remainder(x1: Operand, x2: Operand) -> Tensor:
    """x1 - floor(x1 / x2) * x2, with the sign of x2; 0 for an integer and a zero divisor."""
    return _no_bool(REMAINDER, x1, x2)


@implements(np.divmod)
def divmod(x1: Operand, x2: Operand) -> tuple[Tensor, Tensor]:
    """floor_divide and remainder."""
    return floor_divide(x1, x2), remainder(x1, x2)


@implements(np.power)
def power(x1: Operand, x2: Operand) -> Tensor:
    """x1 ** x2. The derivative of x ** 0 is 0, also at x = 0.

    An integer to a constant negative integer power raises DTypeError, as in NumPy. Where the exponent is known only
    at run time, the negative power of an integer is 1 for 1, 1 or -1 for -1, and 0 for all others.
    """
    a, b = as_operands("pow", x1, x2)
    if not is_inexact(a.dtype):
        exponent = constant_array(b)
        if exponent is not None and (exponent < 0).any():
            raise DTypeError(
                f"pow: integers to negative integer powers are not integers; use astype or a float exponent "
                f"({describe(a)} ** {exponent})"
            )
    return apply(POW, cast(a, INT8), cast(b, INT8)) if a.dtype == BOOL else apply(POW, a, b)


@implements(np.negative)
def negative(x: Operand) -> Tensor:
    """-x; unsigned integers wrap around. Not for bools (DTypeError), which have `logical_not`."""
    a = to_tensor(x)
    if a.dtype == BOOL:
        raise DTypeError(f"neg: bools have no negative; use ~ or sa.logical_not ({describe(a)})")
    return apply(NEG, a)


@implements(np.positive)
def positive(x: Operand) -> Tensor:
    """x itself. Not for bools (DTypeError)."""
    a = to_tensor(x)
    if a.dtype == BOOL:
        raise DTypeError(f"positive: not for bools; use astype ({describe(a)})")
    return a


@implements(np.absolute)
def absolute(x: Operand) -> Tensor:
    """|x|, real for complex numbers too. The derivative at 0 is 0."""
    a = to_tensor(x)
    return apply(MODULUS if is_complex(a.dtype) else ABS, a)


@implements(np.sign)
def sign(x: Operand) -> Tensor:
    """-1, 0 or 1; NaN for NaN. Its derivative is 0. For complex numbers x / |x|, and 0 for 0; that has one."""
    a = to_tensor(x)
    if not is_complex(a.dtype):
        return apply(SIGN, a)
    size, zero = apply(MODULUS, a), constant(0, a.dtype)
    nothing = apply(EQUAL, a, zero)
    return apply(WHERE, nothing, zero, divide(a, apply(WHERE, nothing, constant(1, size.dtype), size)))


@implements(np.square)
def square(x: Operand) -> Tensor:
    """x * x; bools as int8."""
    a = to_tensor(x)
    return apply(SQUARE, cast(a, INT8) if a.dtype == BOOL else a)


reciprocal = float_unary(
    RECIPROCAL, np.reciprocal, "1 / x, in floats for integers too (NumPy's integer reciprocal is 0 beyond 1)."
)
sqrt = float_unary(SQRT, np.sqrt, "The square root; NaN below 0. The derivative at 0 is infinite.")
rsqrt = float_unary(RSQRT, None, "1 / sqrt(x).")
exp = float_unary(EXP, np.exp, "e ** x.")
expm1 = float_unary(EXPM1, (np.expm1, "expm1"), "e ** x - 1, accurate near 0.")
log = float_unary(LOG, np.log, "The natural logarithm; -inf at 0, NaN below.")
log1p = float_unary(LOG1P, (np.log1p, "log1p"), "log(1 + x), accurate near 0.")
sin = float_unary(SIN, np.sin, "The sine of an angle in radians.")
cos = float_unary(COS, np.cos, "The cosine of an angle in radians.")
tan = float_unary(TAN, np.tan, "The tangent of an angle in radians.")
tanh = float_unary(TANH, np.tanh, "The hyperbolic tangent.")
sigmoid = float_unary(SIGMOID, "expit", "1 / (1 + exp(-x)), without overflow.")
softplus = float_unary(SOFTPLUS, None, "log(1 + exp(x)), without overflow.")
hypot = float_binary(HYPOT, np.hypot, "sqrt(x1 * x1 + x2 * x2) without overflow. The derivative at the origin is 0.")
arctan2 = float_binary(
    ARCTAN2, np.arctan2, "The angle of the point (x2, x1) from the positive axis of x2, between -pi and pi."
)
copysign = float_binary(COPYSIGN, np.copysign, "The magnitude of x1 with the sign of x2, also that of a zero.")
erf = float_unary(ERF, "erf", "The error function, 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.")


def relu(x: Operand) -> Tensor:
    """max(x, 0), NaN for NaN; bools as int8. The derivative at 0 is 0."""
    a = to_tensor(x)
    return apply(RELU, cast(a, INT8) if a.dtype == BOOL else a)


@implements(np.maximum)
def maximum(x1: Operand, x2: Operand) -> Tensor:
    """The larger of two, NaN if either is NaN. Equal operands get half the derivative each."""
    return _binary(MAXIMUM, x1, x2)


@implements(np.minimum)
def minimum(x1: Operand, x2: Operand) -> Tensor:
    """The smaller of two, NaN if either is NaN. Equal operands get half the derivative each."""
    return _binary(MINIMUM, x1, x2)


@implements(np.clip)
def clip(x: Operand, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """minimum(maximum(x, min), max); a bound that is None is left out. At a bound the derivative is halved.

    Python numbers outside the range of the dtype are legal as bounds that never bind.
    """
    values = [v for v in (x, min, max) if v is not None]
    dtype = common_dtype(*values, op="clip")
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        min = None if type(min) is int and min < info.min else min
        max = None if type(max) is int and max > info.max else max
    elif is_float(dtype):
        limit = float(finfo(dtype).max)
        min = None if isinstance(min, (int, float)) and is_weak(min) and min < -limit else min
        max = None if isinstance(max, (int, float)) and is_weak(max) and max > limit else max
    (result,) = as_operands("clip", x, dtype=dtype)
    if min is not None:
        result = apply(MAXIMUM, result, *as_operands("clip", min, dtype=dtype))
    if max is not None:
        result = apply(MINIMUM, result, *as_operands("clip", max, dtype=dtype))
    return result


@implements(np.where)
def where(condition: Operand, x: Operand | None = None, y: Operand | None = None) -> Tensor:
    """x where the condition holds (is not 0), else y; the three broadcast. The derivative of the branch that was not
    taken is exactly 0, even where it is NaN. Without x and y, raises GraphError: that is `nonzero`."""
    if x is None or y is None:
        raise GraphError(
            "where: needs a condition, x and y; where a condition alone holds, is what "
            "sa.nonzero(condition, size=n) finds: the number of places has to be given"
        )
    return apply(WHERE, cast(to_tensor(condition), BOOL), *as_operands("where", x, y))


@implements(*(getattr(np, name) for name in ("astype",) if hasattr(np, name)))
def astype(x: Operand, dtype: Any, *, copy: bool = True) -> Tensor:
    """x in another dtype, converted as C does: floats to integers truncate, NaN to bool is True. Complex
    numbers become nothing but complex or bool (DTypeError): take their `real` or `imag`. ``copy`` makes no
    difference."""
    return cast(to_tensor(x), as_dtype(dtype))


def _rounded(op: Op, x: Operand) -> Tensor:
    """Integers and bools are integral already."""
    a = to_tensor(x)
    return apply(op, a) if is_inexact(a.dtype) else a


@implements(np.floor)
def floor(x: Operand) -> Tensor:
    """The largest integral value not above x. Its derivative is 0."""
    return _rounded(FLOOR, x)


@implements(np.ceil)
def ceil(x: Operand) -> Tensor:
    """The smallest integral value not below x. Its derivative is 0."""
    return _rounded(CEIL, x)


@implements(np.trunc, np.fix)
def trunc(x: Operand) -> Tensor:
    """x without its fraction. Its derivative is 0."""
    return _rounded(TRUNC, x)


@implements(np.rint)
def rint(x: Operand) -> Tensor:
    """The nearest integral value, halves to even, in floats for integers too. Its derivative is 0. Complex numbers are
    rounded in both parts."""
    a = to_tensor(x)
    if is_complex(a.dtype):
        return apply(COMPLEX, *(apply(ROUND, apply(part, a)) for part in (REAL, IMAG)))
    return apply(ROUND, as_float(a))


@implements(np.around, np.round, "round")
def round(x: Operand, decimals: int = 0) -> Tensor:
    """x rounded to so many decimals, halves to even. Integers stay integers; bools become floats. Its derivative
    is 0."""
    a = to_tensor(x)
    decimals = as_index("round", decimals, "decimals", a)
    if not -308 <= decimals <= 308:
        raise ShapeError(f"round: decimals has to be between -308 and 308, not {decimals} ({describe(a)})")
    if a.dtype == BOOL:
        a = cast(a, floating(BOOL))
    if is_complex(a.dtype) and decimals == 0:
        return rint(a)
    if decimals == 0 or (decimals > 0 and not is_inexact(a.dtype)):
        return _rounded(ROUND, a)
    if decimals > 0:
        scale = 10.0**decimals
        return rint(a * scale) / scale
    scale = 10.0**-decimals
    return cast(rint(a / scale) * scale, a.dtype)


abs = absolute
atan2 = arctan2
around = round
fix = trunc
pow = power
mod = remainder
true_divide = divide

if not TYPE_CHECKING:  # a checker takes no computed list
    __all__ = public_names(globals())
