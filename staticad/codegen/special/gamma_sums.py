"""The series and the continued fraction of the incomplete gamma functions, without a division per term.

Both are quotients whose numerator and denominator have recurrences of products and sums, so that a term takes the time
of a few multiplications one after another, where a division takes three times as long.
"""

from __future__ import annotations

from staticad.codegen.vecmath.builder import Value, fma, repeat_while, select

TERMS = 4  # between two looks at what is left
LARGE = 1e100
LOOPS = 50_000


def series_sum(a: Value, x: Value, epsilon: float) -> Value:
    """The sum of x**n / ((a + 1) ... (a + n)), to a relative error of epsilon.

    The denominators are made smaller by powers of a + 1, so that they stay numbers: the last one is not more than the
    sum over epsilon.
    """
    step = 1 / (a + 1)
    ratio = x * step

    def update(count: Value, divisor: Value, power: Value, above: Value, below: Value) -> list[Value]:
        for _ in range(TERMS):
            power = power * ratio
            above = fma(above, divisor, power)
            below = below * divisor
            divisor = divisor + step
        return [count + 1, divisor, power, above, below]

    one = x.constant(1)
    *_, above, below = repeat_while(
        [x.constant(0), one, one, one, one],
        lambda count, divisor, power, above, below: (power > above * epsilon) & (count < LOOPS),
        update,
    )
    return above / below


def fraction_value(a: Value, x: Value, epsilon: float) -> Value:
    """Q / (x**a exp(-x) / gamma(a)) for x > a, to a relative error of epsilon, by the convergents of the fraction
    1 / (x + 1 - a - (1 - a) / (x + 3 - a - ...)).

    They are made smaller by powers of x, and by powers of `LARGE`.
    """
    inverse = 1 / x
    first = fma(1 - a, inverse, 1)

    def update(count: Value, k: Value, p: Value, q: Value, p_before: Value, q_before: Value) -> list[Value]:
        for _ in range(TERMS):
            k = k + 1
            linear = fma(k, inverse * 2, first)
            numerator = ((k - a) * inverse) * (k * inverse)
            p_next = fma(p, linear, -(p_before * numerator))
            q_next = fma(q, linear, -(q_before * numerator))
            p_before, q_before, p, q = p, q, p_next, q_next
        scale = select(abs(q) > LARGE, q.constant(1 / LARGE), 1)
        return [count + 1, k, p * scale, q * scale, p_before * scale, q_before * scale]

    def proceed(count: Value, _k: Value, p: Value, q: Value, p_before: Value, q_before: Value) -> Value:
        both = p * q_before
        return (abs(both - p_before * q) > abs(both) * epsilon) & (count < LOOPS)

    zero, one = x.constant(0), x.constant(1)
    _, _, p, q, *_ = repeat_while([zero, zero, one, first, zero, one], proceed, update)
    return p / (q * x)
