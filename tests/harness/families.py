"""Input arrays: ordinary, extreme, non-contiguous, by dtype and shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

BOOL = np.dtype(np.bool_)
INTEGERS = tuple(np.dtype(t) for t in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"))
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
ALL = (BOOL, *INTEGERS, *FLOATS)

Domain = tuple[float, float]


def ordinary(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype, domain: Domain = (-2, 2)) -> np.ndarray:
    """Numbers of everyday size: floats from the domain, small integers (with few equal pairs), bools."""
    if dtype == BOOL:
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        low, high = (0, 8) if dtype.kind == "u" else (-7, 8)
        return rng.integers(low, high, shape).astype(dtype)
    low, high = domain
    return rng.uniform(low, high, shape).astype(dtype)


def specials(dtype: np.dtype) -> np.ndarray:
    """Every value at which arithmetic is known to go wrong, in one dimension."""
    if dtype == BOOL:
        return np.array([False, True])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = [info.min, info.min + 1, info.max, info.max - 1, info.max // 2, 0, 1, 2, 3, 7]
        values += [-1, -2, -3] if dtype.kind == "i" else []
        return np.array(values, dtype)
    info = np.finfo(dtype)
    values = [0.0, np.nan, np.inf, info.smallest_subnormal, info.tiny, info.max, info.eps, 1.0, 0.5, 1.5, 2.0, 2.5, 3.0]
    values += [1e-3, 1e-8, 0.1, 10.0, 88.0, 100.0, 700.0, 1e4, 1e6, 1e15, 1e20, np.pi, np.pi / 2, np.e, 1 / 3]
    return np.array([s * v for v in values for s in (1, -1)], dtype)


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype, domain: Domain = (-2, 2)) -> np.ndarray:
    """Extreme values in random order, with some ordinary ones between them."""
    pool = np.concatenate([specials(dtype), ordinary(rng, (4,), dtype, domain)])
    return rng.choice(pool, shape).astype(dtype)


Make = Callable[[np.random.Generator, tuple[int, ...], np.dtype, Domain], np.ndarray]


def transposed(array: np.ndarray) -> np.ndarray:
    """The same values, stored column by column."""
    return np.array(array, order="F")


def strided(array: np.ndarray) -> np.ndarray:
    """The same values with gaps between them."""
    if array.ndim == 0:
        return array
    wide = np.empty(tuple(2 * s for s in array.shape), array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def reversed_(array: np.ndarray) -> np.ndarray:
    """The same values, stored back to front."""
    if array.ndim == 0:
        return array
    flip = tuple(slice(None, None, -1) for _ in array.shape)
    return np.ascontiguousarray(array[flip])[flip]


def read_only(array: np.ndarray) -> np.ndarray:
    """The same values, locked."""
    locked = array.copy()
    locked.flags.writeable = False
    return locked


def unaligned(array: np.ndarray) -> np.ndarray:
    """The same values at an address that is no multiple of the item size."""
    store = np.empty(array.nbytes + 1, np.uint8)
    view = store[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


LAYOUTS = (transposed, strided, reversed_, read_only, unaligned)


def sizes(names: str, rng: np.random.Generator | None = None) -> Iterator[dict[str, int]]:
    """Values for named free sizes: everyday ones, around the width of vectors, one, and zero for each name in turn."""
    for first in (3, 1, 8, 17):
        yield {name: (first + 2 * i) if first > 1 else 1 for i, name in enumerate(names)}
    for name in names:
        yield {other: 0 if other == name else 3 + i for i, other in enumerate(names)}
