"""Numbers with a derivative: a loop over them yields the derivative of what it converges to, by a parameter.

The parts of such a number may be such numbers again. These carry second derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from staticad.codegen.vecmath.builder import Value, repeat_while

Part = Any  # a Value or a Dual


class Dual:
    """A value and its derivative; arithmetic by the rules of calculus."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Part, slope: Part) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Part | float) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.slope)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Part | float) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value - other, self.slope)
        return Dual(self.value - other.value, self.slope - other.slope)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __mul__(self, other: Part | float) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value * other, self.slope * other)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __truediv__(self, other: Part | float) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value / other, self.slope / other)
        inverse = 1 / other.value  # divisions take long
        quotient = self.value * inverse
        return Dual(quotient, (self.slope - quotient * other.slope) * inverse)

    def __rtruediv__(self, number: float) -> Dual:
        inverse = 1 / self.value
        quotient = inverse if number == 1 else inverse * number
        return Dual(quotient, -(quotient * inverse * self.slope))


def seeded(x: Value, *slopes: float) -> Part:
    """x, with its derivative by each of several parameters: the first one is innermost."""
    if not slopes:
        return x
    inner = seeded(x, *slopes[:-1])
    return Dual(inner, constant(inner, slopes[-1]))


def constant(like: Part, number: float) -> Part:
    """A number with as many derivatives as another, all of them 0."""
    if isinstance(like, Value):
        return like.constant(number)
    return Dual(constant(like.value, number), constant(like.slope, 0))


def leaves(x: Part) -> list[Value]:
    """The value, and the derivatives."""
    return [x] if isinstance(x, Value) else leaves(x.value) + leaves(x.slope)


def magnitude(x: Part) -> Part:
    """With the absolute values of all parts: a product of such numbers bounds the rounding errors of the product."""
    return abs(x) if isinstance(x, Value) else Dual(magnitude(x.value), magnitude(x.slope))


def adds(term: Part, total: Part, epsilon: float) -> Value:
    """Whether a part of the term still counts beside the total."""
    more, *others = [abs(t) > abs(s) * epsilon for t, s in zip(leaves(term), leaves(total), strict=True)]
    for other in others:
        more = more | other
    return more


def changes(change: Part, noise: Part, product: Part) -> Value:
    """Whether a factor that tends to 1 still changes a product: its parts are neither small beside those of the product
    nor below their own rounding errors, of which ``noise`` is the scale."""
    value, *slopes = leaves(change)
    more = abs(value - 1) > 1e-16
    whole, *parts = leaves(product)
    for slope, scale, part in zip(slopes, leaves(noise)[1:], parts, strict=True):
        more = more | ((abs(slope * whole) > abs(part) * 1e-16) & (abs(slope) > scale * 4e-16))
    return more


def repeat_duals(
    state: Sequence[Part], proceed: Callable[..., Value], update: Callable[..., Sequence[Part]]
) -> tuple[Part, ...]:
    """As `staticad.codegen.vecmath.builder.repeat_while`, for a state of dual numbers and values."""

    def rebuilt(like: Part, rest: Any) -> Part:
        return next(rest) if isinstance(like, Value) else Dual(rebuilt(like.value, rest), rebuilt(like.slope, rest))

    def deep(values: Sequence[Value]) -> list[Part]:
        rest = iter(values)
        return [rebuilt(like, rest) for like in state]

    def flat(parts: Sequence[Part]) -> list[Value]:
        return [v for x in parts for v in leaves(x)]

    found = repeat_while(flat(state), lambda *v: proceed(*deep(v)), lambda *v: flat(update(*deep(v))))
    return tuple(deep(found))
