"""erf: a polynomial in x**2 up to 1, and 1 - exp(P(|x| - 1)) beyond it.

P approximates log(erfc(x)) with erfc as weight, so it is precise where erfc still counts: an idea of N. Juffa.
All coefficients are from the Remez algorithm in 60 digits; relative errors of erf: 2**-56 (float64), 2**-27 (float32).
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import FLOATS, Value, fma, horner, select
from staticad.codegen.vecmath.elementwise import elementwise
from staticad.codegen.vecmath.exponential import exp_normal
from staticad.codegen.vecmath.formats import pick

# erf(x) / x - 1 as a polynomial in x**2
SMALL_64 = (
    5.945269338636726e-11,
    -1.1365670651581247e-09,
    1.4657881117444617e-08,
    -1.6350025422970083e-07,
    1.6460972837070267e-06,
    -1.49255935082179e-05,
    0.00012055331036958146,
    -0.0008548326978743887,
    0.005223977624780897,
    -0.0268661706450729,
    0.11283791670954857,
    -0.3761263890318375,
    0.1283791670955126,
)
SMALL_32 = (
    7.853877468733117e-05,
    -0.000801019836217165,
    0.005188328213989735,
    -0.026853812858462334,
    0.1128358542919159,
    -0.3761262595653534,
    0.12837916612625122,
)
# log(erfc(x)) as a polynomial in x - 1
LARGE_64 = (
    1.049668290370331e-12,
    -2.906824316112472e-11,
    3.709767635513121e-10,
    -2.881669105894643e-09,
    1.4987530127098403e-08,
    -5.2269804280950785e-08,
    9.806245383870856e-08,
    1.4202814387452769e-07,
    -2.0587328019018213e-06,
    9.607950577783818e-06,
    -2.715847069901939e-05,
    2.627755976887782e-05,
    0.00023732259151203674,
    -0.0019779025942106075,
    0.010033825378482788,
    -0.04156109804218432,
    -0.8431072563586589,
    -2.6389675142347886,
    -1.8496055099332482,
)
LARGE_32 = (
    0.00018637854373082519,
    -0.0018293814500793815,
    0.009895458817481995,
    -0.04150349646806717,
    -0.8431175947189331,
    -2.6389667987823486,
    -1.8496055603027344,
)


def erf(x: Value) -> Value:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    (saturated,) = pick(x, (3.93,), (5.95,))
    magnitude = abs(x)
    small = fma(x, horner(x * x, pick(x, SMALL_32, SMALL_64)), x)
    distance = select(magnitude > saturated, saturated, magnitude) - 1
    large = 1 - exp_normal(horner(distance, pick(x, LARGE_32, LARGE_64)))
    return select(magnitude < 1, small, large.copysign(x))


erf_intrinsic = elementwise("erf", erf, FLOATS)

KERNEL_NAMES: dict[str, object] = {"erf": erf_intrinsic}
