"""The cube root: |x| = 8**q m with m between 2**-1.5 and 2**1.5, a polynomial for the cube root of the mantissa
(relative errors 2**-13 and 2**-19, float32 and float64) and one step of Halley's iteration, whose residual is exact.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import format_of, pick, power_of_two
from staticad.codegen.vecmath.logarithm import split_any

INFINITY = float("inf")
CUBE_ROOT_OF_2 = 1.2599210498948732
CBRT_32 = (0.058220871443960556, -0.2903790107218765, 0.7397177612837599, 0.4925096286266432)
CBRT_64 = (
    0.026954994605503466,
    -0.1795572647383053,
    0.5109667762001833,
    -0.8360707795611012,
    1.0560156299238839,
    0.42168965668512,
)


def cbrt(x: Value) -> Value:
    """The real cube root, negative for negative numbers."""
    form = format_of(x)
    magnitude = abs(x)
    k, m = split_any(magnitude)
    shifted = fma(k, 1 / 3, form.magic + form.bias)
    rest = k - (shifted - (form.magic + form.bias)) * 3  # -1, 0 or 1
    factor = select(rest > 0, 2, select(rest < 0, x.constant(0.5), 1))
    start = select(rest > 0, CUBE_ROOT_OF_2, select(rest < 0, x.constant(1 / CUBE_ROOT_OF_2), 1))
    y = horner(m, pick(x, CBRT_32, CBRT_64)) * start
    m = m * factor
    square = y * y
    cube = square * y
    cube_error = fma(square, y, -cube) + fma(y, y, -square) * y
    residual = (m - cube) - cube_error
    result = fma(y, residual / fma(cube, 2, m), y) * power_of_two(shifted.bits())
    return select((magnitude > 0) & (magnitude < INFINITY), result.copysign(x), x)


KERNEL_NAMES: dict[str, object] = {"cbrt": elementwise("cbrt", cbrt, FLOATS)}
