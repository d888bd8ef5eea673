"""What arithmetic does to what is known of int64 tensors: the range of their elements, and progressions.

An op's ``range_rule`` takes the range of each operand, or None where nothing is known of it; its ``progression_rule``
takes operands that are all progressions. Both answer None where nothing is known of the result. What might overflow
is the caller's to refuse.
"""

from __future__ import annotations

from staticad.ir.dims import Size, at_least, floordiv
from staticad.ir.dims import maximum as larger
from staticad.ir.dims import minimum as smaller

Range = tuple[Size, Size]  # the smallest and the largest element that there can be
Progression = tuple[Size, Size]  # the first element, and the difference of neighbours
Known = Range | None


def add(a: Known, b: Known) -> Known:
    return (a[0] + b[0], a[1] + b[1]) if a and b else None


def subtract(a: Known, b: Known) -> Known:
    return (a[0] - b[1], a[1] - b[0]) if a and b else None


def negate(x: Known) -> Known:
    return (-x[1], -x[0]) if x else None


def multiply(a: Known, b: Known) -> Known:
    """By a number, or of factors that are not negative, one of them below a number."""
    for x, y in ((a, b), (b, a)):
        if x and y and x[0] == x[1] and isinstance(x[0], int):
            ends = x[0] * y[0], x[0] * y[1]
            return ends if x[0] >= 0 else ends[::-1]
    if a and b and (isinstance(a[1], int) or isinstance(b[1], int)) and at_least(a[0], 0) and at_least(b[0], 0):
        return a[0] * b[0], a[1] * b[1]
    return None


def floor_divide(a: Known, b: Known) -> Known:
    """By one positive number."""
    if a and b and b[0] == b[1] and at_least(b[0], 1):
        return floordiv(a[0], b[0]), floordiv(a[1], b[0])
    return None


def remainder(a: Known, b: Known) -> Known:
    """It has the sign of the divisor, whatever is divided."""
    return (0, b[1] - 1) if b and at_least(b[0], 1) else None


def maximum(a: Known, b: Known) -> Known:
    return (larger(a[0], b[0]), larger(a[1], b[1])) if a and b else None


def minimum(a: Known, b: Known) -> Known:
    return (smaller(a[0], b[0]), smaller(a[1], b[1])) if a and b else None


def either(condition: Known, a: Known, b: Known) -> Known:
    return (smaller(a[0], b[0]), larger(a[1], b[1])) if a and b else None


def add_progressions(a: Progression, b: Progression) -> Progression | None:
    return a[0] + b[0], a[1] + b[1]


def subtract_progressions(a: Progression, b: Progression) -> Progression | None:
    return a[0] - b[0], a[1] - b[1]


def negate_progression(x: Progression) -> Progression | None:
    return -x[0], -x[1]


def multiply_progressions(a: Progression, b: Progression) -> Progression | None:
    """By one number."""
    return (a[0] * b[0], a[1] * b[0] + b[1] * a[0]) if a[1] == 0 or b[1] == 0 else None
