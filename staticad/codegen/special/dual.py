"""Numbers with a derivative: a loop over them yields the derivative of what it converges to, by a parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from staticad.codegen.vecmath.builder import Value, repeat_while

Number = Value | int | float


class Dual:
    """A value and its derivative; arithmetic by the rules of calculus."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Value, slope: Value) -> None:
        self.value, self.slope = value, slope

    def _lifted(self, other: Dual | Number) -> Dual:
        return other if isinstance(other, Dual) else Dual(self.value.lift(other), self.value.constant(0))

    def __add__(self, other: Dual | Number) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.slope)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Dual | Number) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value - other, self.slope)
        return Dual(self.value - other.value, self.slope - other.slope)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __mul__(self, other: Dual | Number) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value * other, self.slope * other)
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)

    def __truediv__(self, other: Dual | Number) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value / other, self.slope / other)
        quotient = self.value / other.value
        return Dual(quotient, (self.slope - quotient * other.slope) / other.value)

    def inverse(self) -> Dual:
        """1 / self."""
        inverse = 1 / self.value
        return Dual(inverse, -(inverse * inverse * self.slope))


def repeat_duals(
    state: Sequence[Dual | Value], proceed: Callable[..., Value], update: Callable[..., Sequence[Dual | Value]]
) -> tuple[Dual | Value, ...]:
    """As `staticad.codegen.vecmath.builder.repeat_while`, for a state of dual numbers and values."""
    pattern = [isinstance(x, Dual) for x in state]

    def flat(parts: Sequence[Dual | Value]) -> list[Value]:
        return [v for x in parts for v in ((x.value, x.slope) if isinstance(x, Dual) else (x,))]

    def deep(values: Sequence[Value]) -> list[Dual | Value]:
        rest = iter(values)
        return [Dual(next(rest), next(rest)) if dual else next(rest) for dual in pattern]

    found = repeat_while(flat(state), lambda *v: proceed(*deep(v)), lambda *v: flat(update(*deep(v))))
    return tuple(deep(found))
