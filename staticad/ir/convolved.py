"""Lengths of Fourier transforms that are computed as convolutions, and of these."""

from __future__ import annotations

LARGEST_FACTOR = 31  # of a length for which the sums of a transform are faster as they stand


def convolved_length(n: int) -> int:
    """The length of the convolution that computes a Fourier transform of that length: a power of two of at least twice
    the length less 1. It is 1 for lengths that need none: their prime factors are at most `LARGEST_FACTOR`."""
    return 1 << (2 * n - 2).bit_length() if largest_factor(n) > LARGEST_FACTOR else 1


def largest_factor(n: int) -> int:
    """The largest prime factor; 1 for numbers below 2."""
    largest, factor = 1, 2
    while factor * factor <= n:
        if n % factor:
            factor += 1
        else:
            largest, n = factor, n // factor
    return max(largest, n) if n > 1 else largest
