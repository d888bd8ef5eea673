"""Sorting, searching, sets, counting and integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.outside.comparisons.table import Case, Table, uniform

X = uniform(0, 3, 3, 5)
NUMBERS = np.array([[3, 0, 7, 3, 5], [6, 1, 2, 1, 8], [9, 4, 1, 1, 0]])
TIES = NUMBERS.astype(np.float64)
HOLES = np.where(X > 2, np.nan, TIES)
BINS, ORDER = np.array([0.5, 1.0, 2.0]), np.array([2, 0, 1])


# Where JAX's dtypes are not NumPy's, they are made so.
def exact(call: Any, theirs: Any = None) -> Case:
    return Case(
        lambda m, x: call(m), (np.zeros(1),), orders=0, theirs=None if theirs is None else lambda m, x: theirs(m)
    )  # fmt: skip


TABLE: Table = {
    "sort": Case(
        lambda m, x: [
            m.sort(x),
            m.sort(x, axis=0),
            m.sort(x, axis=None),
            m.sort(x, axis=-1, descending=True),
            m.sort(x[:0]),
            m.sort(x[:, :0]),
            m.sort(x + HOLES.astype(np.dtype(x.dtype))),
        ],
        (X,),
    ),
    "argsort": exact(
        lambda m: (
            [m.argsort(y, axis=axis, stable=True) for y in (X, TIES, HOLES) for axis in (0, -1, None)]
            + [m.argsort(TIES, axis=1, stable=True, descending=True), m.argsort(X[:0])]
        )
    ),
    "lexsort": exact(lambda m: [m.lexsort((NUMBERS[0], NUMBERS[1])), m.lexsort(NUMBERS), m.lexsort(NUMBERS, axis=0)]),
    "partition": Case(
        lambda m, x: [m.partition(x, 2)[:, 2], m.partition(x, 1, axis=0)[1], m.partition(x, -2)[:, -2]], (X,)
    ),
    "argpartition": exact(lambda m: [m.argpartition(X, 2)[:, 2], m.argpartition(X, 1, axis=0)[1]]),
    "top_k": Case(lambda m, x: [m.top_k(x, 2)[0], m.top_k(x, 5)[0], m.top_k(x, 0)[0], m.top_k(x, 2, axis=0)[0]], (X,)),
    "searchsorted": exact(
        lambda m: [
            m.searchsorted(BINS, X),
            m.searchsorted(BINS, X, side="right"),
            m.searchsorted(BINS, 1.0),
            m.searchsorted(BINS, X[:0]),
            m.searchsorted(BINS[ORDER], X, sorter=np.argsort(BINS[ORDER])),
            m.searchsorted(BINS[:0], X),
        ]
    ),
    "digitize": exact(
        lambda m: [
            m.digitize(X, BINS),
            m.digitize(X, BINS, right=True),
            m.digitize(X, BINS[::-1]),
            m.digitize(X[0, 0], BINS),
        ]
    ),
    "nonzero, flatnonzero, argwhere": exact(
        lambda m: [
            m.nonzero(NUMBERS > 4, size=4, fill_value=-1),
            m.nonzero(NUMBERS > 4, size=9, fill_value=-1),
            m.flatnonzero(NUMBERS > 4, size=4),
            m.argwhere(NUMBERS > 4, size=4, fill_value=-1),
            m.argwhere(NUMBERS[:0] > 4, size=1),
        ]
    ),
    "compress, extract": Case(
        lambda m, x: [
            m.compress(np.array([True, False, True]), x, axis=0, size=2),
            m.compress(np.array([True, False, True]), x, size=3),
            m.extract(NUMBERS > 4, x, size=5),
        ],
        (X,),
    ),
    "unique": exact(
        lambda m: [
            m.unique(NUMBERS, size=9),
            m.unique(NUMBERS, return_index=True, return_inverse=True, return_counts=True, size=11, fill_value=-1),
            m.unique(HOLES, size=5),
            m.unique(NUMBERS, size=3),
        ]
    ),
    "unique_values, unique_counts, unique_inverse, unique_all": exact(
        lambda m: [
            m.unique_values(NUMBERS, size=11),
            list(m.unique_counts(NUMBERS, size=11)),
            list(m.unique_inverse(NUMBERS, size=11)),
            list(m.unique_all(NUMBERS, size=11)),
        ]
    ),
    "isin": exact(
        lambda m: [
            m.isin(NUMBERS, np.array([1, 4])),
            m.isin(NUMBERS, NUMBERS[0], invert=True),
            m.isin(NUMBERS, NUMBERS[:0]),
        ]
    ),
    "union1d, intersect1d, setdiff1d, setxor1d": exact(
        lambda m: [
            f(NUMBERS[0], NUMBERS[1], size=3, fill_value=-1)
            for f in (m.union1d, m.intersect1d, m.setdiff1d, m.setxor1d)
        ]
    ),
    "bincount": Case(
        lambda m, x: [
            m.bincount(NUMBERS[0], minlength=9, length=9),
            m.bincount(NUMBERS[0], x[0], length=9),
            m.bincount(NUMBERS[0], length=4),
        ],
        (X,),
        theirs=lambda m, x: [
            m.bincount(NUMBERS[0], minlength=9, length=9),
            m.bincount(NUMBERS[0], x[0].astype("float64"), length=9),
            m.bincount(NUMBERS[0], length=4),
        ],
    ),
    "histogram_bin_edges": exact(
        lambda m: [m.histogram_bin_edges(X, 5), m.histogram_bin_edges(X, 4, (0.0, 2.0)), m.histogram_bin_edges(X, BINS)]
    ),
    "histogram": Case(
        lambda m, x: [list(m.histogram(X, 5, (0.0, 3.0), weights=x)), m.histogram(X, BINS, weights=x)[0]],
        (X,),
        theirs=lambda m, x: [
            part.astype(dtype)
            for part, dtype in (
                *zip(m.histogram(X, 5, (0.0, 3.0), weights=x), (x.dtype, "float64")),
                (m.histogram(X, BINS, weights=x)[0], x.dtype),
            )
        ],
    ),
    "histogram2d": exact(
        lambda m: [*m.histogram2d(X[0], X[1], 3), m.histogram2d(X[0], X[1], (2, 3), ((0, 2), (1, 3)))[0]],
        lambda m: [
            part.astype("float64")
            for part in (*m.histogram2d(X[0], X[1], 3), m.histogram2d(X[0], X[1], (2, 3), ((0, 2), (1, 3)))[0])
        ],
    ),
    "isclose, allclose": exact(
        lambda m: [
            m.isclose(HOLES, HOLES + 1e-9, equal_nan=True),
            m.isclose(HOLES, HOLES),
            m.isclose(X, X * 1.01, rtol=0.1, atol=0.0),
            m.allclose(TIES, TIES + 1e-9),
            m.allclose(X, X[0]),
            m.isclose(X[:0], X[:0]),
        ]
    ),
    "array_equal, array_equiv": exact(
        lambda m: [
            m.array_equal(HOLES, HOLES),
            m.array_equal(HOLES, HOLES, equal_nan=True),
            m.array_equal(X, X[0]),
            m.array_equiv(X, X[:1]),
            m.array_equiv(NUMBERS[:1] * 0, 0),
        ]
    ),
    "divmod": Case(lambda m, x: [m.divmod(x - 1.5, BINS[:1].astype(np.dtype(x.dtype))), m.divmod(x[0, 0], 0.7)], (X,)),
    "modf": Case(lambda m, x: [m.modf(x * 3), m.modf(x[0, 0])], (X + 0.05,)),
    "frexp": Case(lambda m, x: [m.frexp(x * 3), m.frexp(x[0, 0])], (X + 0.05,)),
    "ldexp": Case(lambda m, x: [m.ldexp(x, NUMBERS), m.ldexp(x[:, :1], NUMBERS[0])], (X,)),
    "nextafter, spacing": exact(lambda m: [m.nextafter(X, X[::-1]), m.spacing(X), m.nextafter(X[0, 0], 9.0)]),
}
