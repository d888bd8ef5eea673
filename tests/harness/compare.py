"""Comparison of arrays: exact for integers and bools, by units in the last place for floats."""

from __future__ import annotations

import numpy as np


def ulps(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The distance of floats of one dtype as the number of representable values between them.

    Equal infinities and two NaNs are at distance 0, and so are 0.0 and -0.0; a NaN and a number are infinitely far.
    """
    bits = np.int32 if actual.dtype == np.float32 else np.int64
    places = []
    for array in (actual, expected):
        raw = np.ascontiguousarray(array).view(bits).reshape(array.shape).astype(np.int64)
        # Negative floats sort downwards by their bits; mirrored, neighbours are neighbouring integers.
        places.append(np.where(raw < 0, np.iinfo(bits).min - raw, raw))
    left, right = places
    with np.errstate(over="ignore"):
        near = np.abs(left - right).astype(np.float64)
    # The difference of places of opposite sign may overflow an int64.
    distance = np.where((left < 0) == (right < 0), near, np.abs(left.astype(np.float64) - right.astype(np.float64)))
    nan = np.isnan(actual), np.isnan(expected)
    distance = np.where(nan[0] | nan[1], np.inf, distance)
    return np.where(nan[0] & nan[1], 0.0, distance)


def mismatch(
    actual: np.ndarray,
    expected: np.ndarray,
    *,
    ulp: float = 0,
    scale: np.ndarray | float | None = None,
    signed_zeros: bool = False,
) -> str | None:
    """What differs, or None. Shape and dtype are always compared.

    Floats may differ by ``ulp`` units in the last place of the expected value. With ``scale``, the size of the terms
    that a result was summed from, also by ``ulp`` units in the last place of the scale.
    """
    if not isinstance(actual, np.ndarray):
        return f"a {type(actual).__name__} instead of an array"
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return f"{actual.dtype}{list(actual.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if actual.size == 0:
        return None
    if actual.dtype.kind != "f":
        wrong = actual != expected
        distance = wrong.astype(np.float64)
    else:
        distance = ulps(actual, expected)
        wrong = distance > ulp
        if scale is not None:
            with np.errstate(all="ignore"):
                allowed = ulp * np.finfo(actual.dtype).eps * np.asarray(scale, np.float64)
                error = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
                wrong &= ~(np.isfinite(error) & (error <= allowed))
        if signed_zeros:
            wrong |= (actual == 0) & (expected == 0) & (np.signbit(actual) != np.signbit(expected))
    if not np.any(wrong):
        return None
    worst = np.unravel_index(int(np.argmax(np.where(wrong, distance + 1, 0))), wrong.shape)
    return (
        f"{int(np.sum(wrong))} of {wrong.size} elements of {actual.dtype}{list(actual.shape)} differ, the worst at "
        f"{list(map(int, worst))}: {actual[worst]!r} instead of {expected[worst]!r} ({distance[worst]:.0f} ulp)"
    )
