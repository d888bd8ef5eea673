"""pow(x, y): for integers by repeated squaring modulo 2**bits, for floats the vectorized elementary function."""

from __future__ import annotations

from staticad.codegen.vecmath.builder import NUMBERS, Value, is_float, is_signed, repeat_while, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.power import power as power_of_floats


def _power_of_integers(base: Value, exponent: Value) -> Value:
    """Wraps around. A negative exponent, which NumPy refuses, gives the truncated quotient: 0, or 1 or -1."""
    counter = select(exponent < 0, 0, exponent) if is_signed(base.dtype) else exponent
    result, _, _ = repeat_while(
        [base.constant(1), base, counter],
        lambda _result, _square, left: left.ne(0),
        lambda result, square, left: [
            select((left & 1).ne(0), result * square, result),
            square * square,
            left.logical_shift_right(1),
        ],
    )
    if not is_signed(base.dtype):
        return result
    alternating = select((exponent & 1).ne(0), base, 1)
    reciprocal = select((base.eq(1)) | base.eq(-1), alternating, 0)
    return select(exponent < 0, reciprocal, result)


def _power(x: Value, y: Value) -> Value:
    """x**y in the dtype of the operands; integers wrap around."""
    return power_of_floats(x, y) if is_float(x.dtype) else _power_of_integers(x, y)


power = elementwise("pow", _power, NUMBERS)

KERNEL_NAMES: dict[str, object] = {"pow": power}
