"""Random numbers that take a number of draws which is not known before: rejection and search, an element at a time.

These functions are what kernels run, and the reference: Numba compiles them as they stand. Each element has a key of
its own, the block of its counter, and draws with counters from 0 on: so it depends on the key, its position and its
parameters, and on nothing else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# Of the paper; they stand here again because cached object files depend on this file, and not on all of the ops.
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
_LOW = 0xFFFFFFFF


# ---- draws -----------------------------------------------------------------------------------------------------------


def block(key: Any, counter: Any) -> Any:
    """Threefry-2x32 with 20 rounds (see `staticad.ops.random`), in words of 64 bits."""
    low = np.uint64(_LOW)
    half = np.uint64(32)
    first = key >> half
    second = key & low
    third = first ^ second ^ np.uint64(PARITY)
    a = ((counter >> half) + first) & low
    b = ((counter & low) + second) & low
    for group in range(5):
        for turn in range(4):
            shift = np.uint64(ROTATIONS[4 * (group % 2) + turn])
            a = (a + b) & low
            b = (((b << shift) | (b >> (half - shift))) & low) ^ a
        before = first
        first = second
        second = third
        third = before
        a = (a + first) & low
        b = (b + second + np.uint64(group + 1)) & low
    return (a << half) | b


def uniform(stream: Any, draw: int) -> float:
    """A number in (0, 1): the middle of one of 2**53 equal parts."""
    return (float(block(stream, np.uint64(draw)) >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


def log_factorial(k: float) -> float:
    """log(k!) for k >= 0: Stirling's series, shifted up where k is small."""
    shift = 1.0
    while k < 10.0:
        k += 1.0
        shift *= k
    r = 1.0 / (k * k)
    series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / k
    return (k + 0.5) * math.log(k) - k + 0.9189385332046728 + series - math.log(shift)


# ---- gamma -----------------------------------------------------------------------------------------------------------


def log_gamma(key: Any, counter: Any, alpha: float) -> float:
    """The logarithm of a number of the gamma distribution: G. Marsaglia, W. W. Tsang, A simple method for generating
    gamma variables (2000); for alpha < 1 by U**(1 / alpha) times one of alpha + 1."""
    if not alpha > 0.0 or math.isinf(alpha):
        return -math.inf if alpha == 0.0 else math.nan if not alpha > 0.0 else math.inf
    stream = block(key, counter)
    draw = 0
    boost = 0.0
    shape = alpha
    if alpha < 1.0:
        boost = math.log(uniform(stream, 0)) / alpha
        shape = alpha + 1.0
        draw = 1
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        radius = math.sqrt(-2.0 * math.log(uniform(stream, draw)))
        x = radius * math.cos(6.283185307179586 * uniform(stream, draw + 1))
        u = uniform(stream, draw + 2)
        draw += 3
        v = 1.0 + c * x
        if v > 0.0:
            logarithm = 3.0 * math.log(v)
            if math.log(u) < 0.5 * x * x + d - d * v * v * v + d * logarithm:
                return math.log(d) + logarithm + boost


# ---- counts ----------------------------------------------------------------------------------------------------------


def poisson(key: Any, counter: Any, rate: float) -> float:
    """W. Hörmann, The transformed rejection method for generating Poisson random variables (1993), PTRS; for rates
    below 10 by a search. -1 for a rate that is none."""
    if not rate >= 0.0 or rate > 9e18:
        return -1.0
    stream = block(key, counter)
    if rate < 10.0:
        u = uniform(stream, 0)
        term = math.exp(-rate)
        total = term
        k = 0.0
        while u > total and k < 200.0:
            k += 1.0
            term *= rate / k
            total += term
        return k
    root = math.sqrt(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    scale = 1.1239 + 1.1328 / (b - 3.4)
    bound = 0.9277 - 3.6224 / (b - 2.0)
    draw = 0
    while True:
        u = uniform(stream, draw) - 0.5
        v = uniform(stream, draw + 1)
        draw += 2
        s = 0.5 - abs(u)
        k = math.floor((2.0 * a / s + b) * u + rate + 0.43) + 0.0
        if s >= 0.07 and v <= bound:
            return k
        if k >= 0.0 and not (s < 0.013 and v > s):
            if math.log(v * scale / (a / (s * s) + b)) <= k * math.log(rate) - rate - log_factorial(k):
                return k


def binomial(key: Any, counter: Any, n: float, p: float) -> float:
    """W. Hörmann, The generation of binomial random variates (1993), BTRS; for few successes by a search. -1 for
    parameters that are none."""
    if not (n >= 0.0 and p >= 0.0 and p <= 1.0) or n > 9e18:
        return -1.0
    n = math.floor(n) + 0.0
    less = p
    if p > 0.5:
        less = 1.0 - p
    stream = block(key, counter)
    k = 0.0
    ratio = less / (1.0 - less)
    if n * less < 10.0:
        u = uniform(stream, 0)
        term = math.exp(n * math.log1p(-less))
        total = term
        while u > total and k < n and k < 300.0:
            k += 1.0
            term *= (n - k + 1.0) / k * ratio
            total += term
    else:
        spread = math.sqrt(n * less * (1.0 - less))
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * less
        c = n * less + 0.5
        bound = 0.92 - 4.2 / b
        scale = (2.83 + 5.1 / b) * spread
        middle = math.floor((n + 1.0) * less) + 0.0
        height = log_factorial(middle) + log_factorial(n - middle)
        draw = 0
        while True:
            u = uniform(stream, draw) - 0.5
            v = uniform(stream, draw + 1)
            draw += 2
            s = 0.5 - abs(u)
            k = math.floor((2.0 * a / s + b) * u + c) + 0.0
            if s >= 0.07 and v <= bound:
                break
            if k >= 0.0 and k <= n:
                least = height - log_factorial(k) - log_factorial(n - k) + (k - middle) * math.log(ratio)
                if math.log(v * scale / (a / (s * s) + b)) <= least:
                    break
    if p > 0.5:
        return n - k
    return k


# ---- directions ------------------------------------------------------------------------------------------------------


def von_mises(key: Any, counter: Any, kappa: float) -> float:
    """An angle in [-pi, pi] around 0: D. J. Best, N. I. Fisher, Efficient simulation of the von Mises distribution
    (1979)."""
    if not kappa >= 0.0:
        return math.nan
    stream = block(key, counter)
    if kappa < 1e-6:
        return 6.283185307179586 * uniform(stream, 0) - 3.141592653589793
    if kappa > 1e6:  # normal, as far as there are digits
        radius = math.sqrt(-2.0 * math.log(uniform(stream, 0)))
        return radius * math.cos(6.283185307179586 * uniform(stream, 1)) / math.sqrt(kappa)
    r = 1.0 / kappa + kappa
    if kappa > 1e-3:
        tau = 1.0 + math.sqrt(1.0 + 4.0 * kappa * kappa)
        rho = (tau - math.sqrt(2.0 * tau)) / (2.0 * kappa)
        r = (1.0 + rho * rho) / (2.0 * rho)
    draw = 0
    while True:
        z = math.cos(3.141592653589793 * uniform(stream, draw))
        f = (1.0 + r * z) / (r + z)
        c = kappa * (r - f)
        u = uniform(stream, draw + 1)
        draw += 2
        if c * (2.0 - c) - u > 0.0 or (c > 0.0 and math.log(c / u) + 1.0 - c >= 0.0):
            angle = math.acos(min(1.0, max(-1.0, f)))
            return angle if uniform(stream, draw) > 0.5 else -angle
