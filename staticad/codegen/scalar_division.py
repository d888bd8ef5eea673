"""Floor division and remainder with NumPy's rules, exact for floats and without a trap for integers."""

from __future__ import annotations

from staticad.codegen.recipes import FMODS
from staticad.codegen.vecmath.builder import NUMBERS, Value, fma, is_float, is_signed, repeat_while, select, width
from staticad.codegen.vecmath.called import Called, call
from staticad.codegen.vecmath.elementwise import elementwise

INFINITY = float("inf")


def _divide_integers(a: Value, b: Value) -> tuple[Value, Value]:
    """Floor quotient and remainder; both 0 for a zero divisor; MIN // -1 is MIN, its remainder 0."""
    by_zero = b.eq(0)
    if not is_signed(a.dtype):
        divisor = select(by_zero, 1, b)
        quotient, remainder = a.int_quotient(divisor), a.int_remainder(divisor)
    else:
        lowest = -(1 << (width(a.dtype) - 1))
        overflow = a.eq(lowest) & b.eq(-1)
        divisor = select(by_zero | overflow, 1, b)
        truncated, rest = a.int_quotient(divisor), a.int_remainder(divisor)
        adjust = rest.ne(0) & ((rest ^ divisor) < 0)
        quotient = truncated - adjust.to(a.dtype)
        remainder = rest + select(adjust, divisor, 0)
    return select(by_zero, 0, quotient), remainder


def _remove_multiples(rest: Value, divisor: Value) -> Value:
    """rest mod divisor, exact, for 0 <= rest < divisor * 2**digits.

    The rounded quotient is at most one too large, and what the fma computes is representable.
    """
    remainder = fma(-(rest / divisor).trunc(), divisor, rest)
    return select(remainder < 0, remainder + divisor, remainder)


def _base(x: Value) -> float:
    return float(1 << (23 if width(x.dtype) == 32 else 52))


def _is_one_step(a: Value, b: Value) -> Value:
    """Whether the quotient of finite numbers has fewer digits than they; nearly always it has."""
    return (abs(a) < abs(b) * _base(a)) & (abs(b) < INFINITY)


def _one_step(a: Value, b: Value) -> Value:
    return _remove_multiples(abs(a), abs(b)).copysign(a)


def _several_steps(a: Value, b: Value) -> Value:
    """Long division in base 2**(digits - 1)."""
    base = _base(a)
    x, y = abs(a), abs(b)
    proper = (x < INFINITY) & (y > 0) & (y < INFINITY)
    rest, divisor = select(proper, x, 0), select(proper, y, 1)
    (shifted,) = repeat_while([divisor], lambda d: d * base <= rest, lambda d: [d * base])
    rest, shifted = repeat_while(
        [rest, shifted],
        lambda _, d: d > divisor,
        lambda r, d: [_remove_multiples(r, d), d * (1 / base)],
    )
    infinite_divisor = select((x < INFINITY) & y.eq(INFINITY), x, float("nan"))
    return select(proper, _remove_multiples(rest, divisor), infinite_divisor).copysign(a)


REMAINDERS = {FMODS[dtype]: Called(_one_step, _several_steps, _is_one_step) for dtype in FMODS}


def _fmod_of_floats(a: Value, b: Value) -> Value:
    """C's fmod, exact."""
    return call(FMODS[str(a.dtype)], a, b)


def _has_other_sign(rest: Value, b: Value) -> Value:
    """Whether a rest that is not 0 has another sign than b: by one comparison, which chooses without a jump. Signs are
    often as good as random, so that the CPU would guess half of the jumps wrong."""
    return rest * rest.constant(1).copysign(b) < 0


def _remainder(a: Value, b: Value) -> Value:
    """a - floor(a / b) * b with the sign of b. Integers: 0 for a zero divisor; floats: NaN."""
    if not is_float(a.dtype):
        return _divide_integers(a, b)[1]
    rest = _fmod_of_floats(a, b)
    shifted = select(_has_other_sign(rest, b), rest + b, rest)
    return select(rest.eq(0), rest.constant(0).copysign(b), shifted)


def _floor_divide(a: Value, b: Value) -> Value:
    """floor(a / b), as NumPy's npy_divmod. Integers: 0 for a zero divisor; floats: a / b, inf or NaN."""
    if not is_float(a.dtype):
        return _divide_integers(a, b)[0]
    rest = _fmod_of_floats(a, b)
    quotient = (a - rest) / b
    quotient = select(_has_other_sign(rest, b), quotient - 1, quotient)
    floored = quotient.floor()
    floored = select(quotient - floored > 0.5, floored + 1, floored)
    plain = a / b
    result = select(quotient.ne(0), floored, plain.constant(0).copysign(plain))
    return select(b.eq(0), plain, result)


def _fmod(a: Value, b: Value) -> Value:
    """a - trunc(a / b) * b with the sign of a. Integers: 0 for a zero divisor; floats: NaN."""
    if is_float(a.dtype):
        return _fmod_of_floats(a, b)
    unusual = (b.eq(0) | b.eq(-1)) if is_signed(a.dtype) else b.eq(0)
    return select(unusual, 0, a.int_remainder(select(unusual, 1, b)))


floor_divide = elementwise("floor_divide", _floor_divide, NUMBERS)
remainder = elementwise("remainder", _remainder, NUMBERS)

fmod = elementwise("fmod", _fmod, NUMBERS)

KERNEL_NAMES: dict[str, object] = {"floor_divide": floor_divide, "remainder": remainder, "fmod": fmod}
