"""erfinv: with w = -log(1 - x**2), erfinv(x) = x (sqrt(pi) / 2 + w R(w)), R a rational function with positive
coefficients.

As a function of w, erfinv(x) / x is smooth all the way to x = 1 (M. Giles, Approximating the erfinv function, 2010,
uses w too), so one formula holds everywhere, without a choice between ranges. 1 - x**2 is rounded once. Coefficients
from the Remez algorithm in 90 digits; relative error of the formula: 2**-28 (float32), 2**-55 (float64). The results
are within 2 units in the last place for |x| < 0.9 and within 4 next to 1, where the roundings of long sums add up.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.formats import pick
from staticad.codegen.vecmath.logarithm import log

HALF_SQRT_PI = 0.886226925452758
INFINITY = float("inf")

NUMERATOR_32 = (
    9.181371041222519e-08,
    3.349675898789428e-05,
    0.0005534650408662856,
    0.006582321599125862,
    0.03289033845067024,
    0.23201370239257812,
)
DENOMINATOR_32 = (
    2.9392379019554937e-06,
    0.00022556744806934148,
    0.002179462928324938,
    0.03385455533862114,
    0.0919824093580246,
    1.0,
)
NUMERATOR_64 = (
    1.9915566116625822e-19,
    3.1165046753509485e-16,
    4.855229256997677e-14,
    1.8050806984289346e-12,
    4.89057788035218e-11,
    1.114197916864384e-09,
    2.0663910444798838e-08,
    3.021849340654051e-07,
    4.010144993750719e-06,
    3.9493428669456664e-05,
    0.0003751300192299461,
    0.002272968833036598,
    0.01568855814475703,
    0.04543628473374195,
    0.23201366653465305,
)
DENOMINATOR_64 = (
    1.1973337104516203e-17,
    5.131997531866997e-15,
    3.9234143566437686e-13,
    1.1285136490593416e-11,
    3.172042836731188e-10,
    6.0918010292088214e-09,
    1.1611986809509575e-07,
    1.4461055606699485e-06,
    2.0608384345762458e-05,
    0.00016552888580164234,
    0.00179138855770885,
    0.008313483587359824,
    0.07041314241999522,
    0.14605580439104604,
    1.0,
)


def erfinv(x: Value) -> Value:
    """The inverse of the error function; infinite at -1 and 1, NaN beyond."""
    w = -log(fma(-x, x, 1))
    numerator = horner(w, pick(x, NUMERATOR_32, NUMERATOR_64))
    denominator = horner(w, pick(x, DENOMINATOR_32, DENOMINATOR_64))
    result = fma(x * w, numerator / denominator, x * HALF_SQRT_PI)
    return select(abs(x).eq(1), x * INFINITY, result.copysign(x))


erfinv_intrinsic = elementwise("erfinv", erfinv, FLOATS)

KERNEL_NAMES: dict[str, object] = {"erfinv": erfinv_intrinsic}
