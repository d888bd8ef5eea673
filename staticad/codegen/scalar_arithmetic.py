"""Arithmetic in the dtype of the operands: NumPy's wraparound for integers, or/and for booleans, IEEE for floats.

Numba's own operators promote int8 + int8 to int64; these intrinsics never change the dtype. Nothing here can trap.
Products of floats carry `contract`, so that a reduction, whose additions carry it too, may take them in as an fma.
Sums and differences do not: whether LLVM fuses depends on what else a kernel does with the product, and a value that
is computed again in another kernel has to keep its bits, for instance to be equal to its own maximum.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import BOOLEAN, DTYPES, FLOATS, NUMBERS, Value, is_float, is_signed, select
from staticad.codegen.vecmath.elementwise import elementwise

CONTRACT = "contract"


def _add(a: Value, b: Value) -> Value:
    """a + b; integers wrap around; booleans: or."""
    return a | b if a.dtype == BOOLEAN else a.add(b)


def _sub(a: Value, b: Value) -> Value:
    """a - b; integers wrap around."""
    return a.sub(b)


def _mul(a: Value, b: Value) -> Value:
    """a * b; integers wrap around; booleans: and."""
    return a & b if a.dtype == BOOLEAN else a.mul(b, CONTRACT)


def _div(a: Value, b: Value) -> Value:
    """a / b of floats, IEEE."""
    return a / b


def _neg(a: Value) -> Value:
    """-a; the sign bit for floats, modulo 2**bits for integers."""
    return -a


def _absolute(a: Value) -> Value:
    """|a|; the most negative integer stays itself."""
    if is_float(a.dtype):
        return abs(a)
    return select(a < 0, -a, a) if is_signed(a.dtype) else a


def _sign(a: Value) -> Value:
    """-1, 0 or 1; NaN for NaN, and 0 for -0.0, as NumPy."""
    if is_float(a.dtype):
        return select(a > 0, 1, select(a < 0, -1, select(a.eq(0), 0, a)))
    positive = (a > 0).to(a.dtype)
    return positive - (a < 0).to(a.dtype) if is_signed(a.dtype) else positive


def _square(a: Value) -> Value:
    """a * a."""
    return a.mul(a, CONTRACT)


def _reciprocal(a: Value) -> Value:
    """1 / a of a float."""
    return 1 / a


def _sqrt(a: Value) -> Value:
    """Square root, correctly rounded."""
    return a.sqrt()


def _rsqrt(a: Value) -> Value:
    """1 / sqrt(a) by an IEEE division."""
    return 1 / a.sqrt()


def _maximum(a: Value, b: Value) -> Value:
    """The larger one; NaN if one is NaN; b if equal, as NumPy for -0.0 and 0.0."""
    if a.dtype == BOOLEAN:
        return a | b
    larger = select(a > b, a, b)
    return select(a.is_nan(), a, larger) if is_float(a.dtype) else larger


def _minimum(a: Value, b: Value) -> Value:
    """The smaller one; NaN if one is NaN; b if equal, as NumPy for -0.0 and 0.0."""
    if a.dtype == BOOLEAN:
        return a & b
    smaller = select(a < b, a, b)
    return select(a.is_nan(), a, smaller) if is_float(a.dtype) else smaller


def _fmax(a: Value, b: Value) -> Value:
    """The larger one; the other one if one is NaN."""
    return select((a >= b) | b.is_nan(), a, b) if is_float(a.dtype) else _maximum(a, b)


def _fmin(a: Value, b: Value) -> Value:
    """The smaller one; the other one if one is NaN."""
    return select((a <= b) | b.is_nan(), a, b) if is_float(a.dtype) else _minimum(a, b)


def _relu(a: Value) -> Value:
    """max(a, 0); NaN for NaN, 0.0 for -0.0."""
    return _maximum(a, a.constant(0))


def _floor(a: Value) -> Value:
    """Largest integral value not above a; integers stay as they are."""
    return a.floor() if is_float(a.dtype) else a


def _ceil(a: Value) -> Value:
    """Smallest integral value not below a; integers stay as they are."""
    return a.intrinsic("ceil") if is_float(a.dtype) else a


def _trunc(a: Value) -> Value:
    """Integral value next to a towards zero; integers stay as they are."""
    return a.trunc() if is_float(a.dtype) else a


def _round(a: Value) -> Value:
    """Nearest integral value, halves to even; integers stay as they are."""
    return a.rint() if is_float(a.dtype) else a


add = elementwise("add", _add, DTYPES)
sub = elementwise("sub", _sub, NUMBERS)
mul = elementwise("mul", _mul, DTYPES)
div = elementwise("div", _div, FLOATS)
neg = elementwise("neg", _neg, NUMBERS)
absolute = elementwise("abs", _absolute, DTYPES)
sign = elementwise("sign", _sign, NUMBERS)
square = elementwise("square", _square, NUMBERS)
reciprocal = elementwise("reciprocal", _reciprocal, FLOATS)
sqrt = elementwise("sqrt", _sqrt, FLOATS)
rsqrt = elementwise("rsqrt", _rsqrt, FLOATS)
maximum = elementwise("maximum", _maximum, DTYPES)
minimum = elementwise("minimum", _minimum, DTYPES)
fmax = elementwise("fmax", _fmax, DTYPES)
fmin = elementwise("fmin", _fmin, DTYPES)
relu = elementwise("relu", _relu, NUMBERS)
floor = elementwise("floor", _floor, NUMBERS)
ceil = elementwise("ceil", _ceil, NUMBERS)
trunc = elementwise("trunc", _trunc, NUMBERS)
round_half_even = elementwise("round", _round, NUMBERS)

KERNEL_NAMES: dict[str, object] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "neg": neg,
    "abs": absolute,
    "sign": sign,
    "square": square,
    "reciprocal": reciprocal,
    "sqrt": sqrt,
    "rsqrt": rsqrt,
    "maximum": maximum,
    "minimum": minimum,
    "fmax": fmax,
    "fmin": fmin,
    "relu": relu,
    "floor": floor,
    "ceil": ceil,
    "trunc": trunc,
    "round": round_half_even,
}
