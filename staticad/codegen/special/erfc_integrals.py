"""exp(x**2) times the repeated integrals of erfc, which are the derivatives of erfcx without their cancellation.

f(n - 1) = 2 x f(n) + 2 (n + 1) f(n + 1), from f(-1) = 2 / sqrt(pi) and f(0) = erfcx(x) upwards for x < 1/2, and for
larger x downwards from an order that is high enough, to the factor that gives f(0) (DLMF 7.18; W. Gautschi, 1961).
"""

from __future__ import annotations

from staticad.codegen.special.error_functions import erfcx
from staticad.codegen.special.flow import choose, outlined
from staticad.codegen.vecmath.builder import Value, repeat_while, select

TWO_OVER_SQRT_PI = 1.1283791670955126
BIG = 1e100


def erfcx_integral(order: Value, x: Value) -> Value:
    """exp(x**2) times the integral of erfc from x to infinity, repeated ``order`` times; the order is rounded."""
    n = order.rint()
    zeroth = erfcx(x)

    def upwards() -> Value:
        def step(k: Value, below: Value, here: Value) -> list[Value]:
            return [k + 1, here, (below - x * 2 * here) / (k * 2)]

        state = [n.constant(1), n.constant(TWO_OVER_SQRT_PI), zeroth]
        return repeat_while(state, lambda k, *_: k <= n, step)[2]

    def downwards() -> Value:
        def step(k: Value, above: Value, here: Value, kept: Value) -> list[Value]:
            below = x * 2 * here + (k + 1) * 2 * above
            scale = select(below > BIG, x.constant(1 / BIG), 1)
            kept = select((k - 1).eq(n), below, kept)
            return [k - 1, here * scale, below * scale, kept * scale]

        reach = (n * 2).sqrt() + 20 / x
        state = [(reach * reach * 0.5).floor() + 20, n.constant(0), n.constant(1e-200), n.constant(0)]
        _, _, first, kept = repeat_while(state, lambda k, *_: k > 0, step)
        return zeroth * (kept / first)

    def finite() -> Value:
        return choose(x < 0.5, upwards, downwards)

    return choose(n < 1e6, finite, lambda: n.constant(0))


KERNEL_NAMES: dict[str, object] = {"erfcx_integral": outlined(erfcx_integral)}
