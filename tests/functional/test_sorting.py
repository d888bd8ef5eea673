"""Sorting, searching and counting against NumPy, and the errors of wrong calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, FeedError, GraphError, IndexOutOfBounds, ShapeError


def same(actual: Any, desired: Any) -> None:
    assert actual.dtype == np.asarray(desired).dtype
    np.testing.assert_array_equal(actual, desired)


def test_rows_with_nan_and_ties_of_any_length(rng: np.random.Generator) -> None:
    x = sa.placeholder((2, "n", 3), "float32")
    weights = sa.arange(x.shape[1], dtype="float32")[:, None]
    (gradient,) = sa.gradients((sa.sort(x, axis=1) * weights).sum(), [x])
    top = sa.top_k(sa.concatenate([x, x], axis=1)[0].T, x.shape[1])
    session = sa.compile([sa.sort(x, axis=1), sa.argsort(x, axis=1), sa.lexsort((x[0], x[1]), 0), gradient, *top], [x])
    for n in (0, 1, 7, 90):
        a = rng.integers(-3, 4, (2, n, 3)).astype("float32")
        a[rng.random(a.shape) < 0.1] = np.nan
        values, places, lexical, back, largest, where = session(a)
        order = np.argsort(a, axis=1, kind="stable")
        same(values, np.sort(a, axis=1))
        same(places, order)
        same(lexical, np.lexsort((a[0], a[1]), 0))
        expected = np.zeros_like(a)
        np.put_along_axis(expected, order, np.broadcast_to(np.arange(n, dtype="f4")[:, None], a.shape), 1)
        same(back, expected)
        twice = np.concatenate([a, a], axis=1)[0].T
        np.testing.assert_array_equal(largest, np.sort(twice)[:, ::-1][:, :n])
        np.testing.assert_array_equal(np.take_along_axis(twice, where, 1), largest)


def test_parts_of_the_order_are_those_of_all_of_it(rng: np.random.Generator) -> None:
    """Of rows of any length, with NaN and equal elements; derivatives go to the same elements."""
    x = sa.placeholder((2, "n"))
    n, whole, places = x.shape[1], sa.sort(x), sa.argsort(x)
    quantiles, middle = sa.quantile(x, [0.1, 0.5, 0.97], 1), sa.median(x, 1)
    later = 0.5 * (sa.take(whole, (n - 1) // 2, 1) + sa.take(whole, n // 2, 1))
    weights = np.array([[1.0], [3.0]])
    back = [sa.gradients((part * weights[:, 0]).sum(), [x])[0] for part in (middle, later)]
    fewest = sa.gradients((sa.top_k(x, 3, largest=False)[0] * weights).sum(), [x])[0]
    session = sa.compile(
        [
            *sa.top_k(x, 3), *sa.top_k(x, 3, largest=False), whole, places, middle, quantiles, *back, fewest,
            sa.partition(x, 2), sa.partition(x, -3), sa.argpartition(x, 2),
        ],
        [x],
    )  # fmt: skip
    for n in (3, 50, 301):
        a = rng.integers(-n // 2, n // 2, (2, n)) / 4
        for nan in (False, True):
            a[1, -2:] = np.nan if nan else a[1, -2:]
            found = session(a)
            values, order = np.sort(a, 1), np.argsort(a, 1, kind="stable")
            same(found[2], values[:, :3])
            same(found[3], order[:, :3])
            np.testing.assert_array_equal(np.take_along_axis(a, found[1], 1), found[0])
            np.testing.assert_array_equal(found[0], values[:, : -4 if n > 3 else None : -1])
            same(found[4], values)
            same(found[5], order)
            same(found[6], np.median(a, 1))
            np.testing.assert_allclose(found[7], np.quantile(a, [0.1, 0.5, 0.97], 1), rtol=1e-15)
            if not nan:
                same(found[8], found[9])
            expected = np.zeros_like(a)
            np.put_along_axis(expected, order[:, :3], np.broadcast_to(weights, (2, 3)), 1)
            same(found[10], expected)
            for parted, kth in ((found[11], 2), (found[12], n - 3)):
                same(np.sort(parted, 1), values)
                same(parted[:, kth], values[:, kth])
                assert not (parted[:, :kth] > parted[:, kth, None]).any()
                assert not (parted[:, kth:] < parted[:, kth, None]).any()
            np.testing.assert_array_equal(np.take_along_axis(a, found[13], 1), found[11])
    with pytest.raises(FeedError, match="sort: an index lies outside the array, which has the shape .*test_sorting"):
        session(np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers(dtype: str, rng: np.random.Generator) -> None:
    """In NumPy's order: by real parts, then by imaginary ones, and NaN behind in three groups."""
    z = sa.placeholder((None, None), dtype)
    session = sa.compile([sa.sort(z), sa.argsort(z, 0), sa.sort(z, descending=True), sa.lexsort((z[0], z[1]))], [z])
    for shape in ((4, 60), (2, 1), (3, 0)):
        a = rng.integers(-2, 3, shape) + 1j * rng.integers(-2, 3, shape)
        a.real[rng.random(shape) < 0.1] = np.nan
        a.imag[rng.random(shape) < 0.1] = np.nan
        a = a.astype(dtype)
        values, places, turned, lexical = session(a)
        same(values, np.sort(a))
        same(places, np.argsort(a, 0, kind="stable"))
        np.testing.assert_array_equal(turned, np.sort(a)[:, ::-1])
        same(lexical, np.lexsort((a[0], a[1])))


def test_searching_compares_as_numpy_does(rng: np.random.Generator) -> None:
    x, v = sa.placeholder(("n",), "float32"), sa.placeholder((2, "k"), "float64")
    rows = sa.placeholder((2, "n"), "int8")
    falling = x[::-1]
    session = sa.compile(
        [
            sa.searchsorted(x, v), sa.searchsorted(x, v, side="right"), sa.searchsorted(x, 0.1), sa.digitize(v, x),
            sa.digitize(v, falling, right=True), sa.searchsorted(falling, v, sorter=sa.argsort(falling)),
            sa.searchsorted(rows, sa.astype(v, "int8")),
        ],
        [x, v, rows],
    )  # fmt: skip
    for n, k in ((0, 3), (1, 2), (40, 30), (5, 0)):
        a = np.sort(rng.integers(-3, 4, n).astype("f4") / np.float32(10))
        b = rng.integers(-4, 5, (2, k)) / 10
        a[n - n // 4 :] = np.nan
        b[:, : k // 3] = np.nan
        c = np.sort(rng.integers(-3, 4, (2, n)).astype("i1"))
        b[:, :1] = 5
        found = session(a, b, c)
        same(found[0], np.searchsorted(a, b))
        same(found[1], np.searchsorted(a, b, side="right"))
        same(found[2], np.searchsorted(a, 0.1))
        if not np.isnan(a).any():
            same(found[3], np.digitize(b, a))
            same(found[4], np.digitize(b, a[::-1], right=True))
        same(found[5], np.searchsorted(a, b))
        whole = np.nan_to_num(b).astype("i1")
        if not np.isnan(b).any():
            same(found[6], np.stack([np.searchsorted(r, w) for r, w in zip(c, whole)]))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
def test_places_among_sorted_numbers(dtype: str, rng: np.random.Generator) -> None:
    """Of every length there are rows with each extreme, several zeros and NaN of both signs."""
    x, v = sa.placeholder(("n",), dtype), sa.placeholder(("k",), dtype)
    session = sa.compile([sa.searchsorted(x, v), sa.searchsorted(x, v, side="right")], [x, v])
    if dtype == "bool":
        pool = np.array([False, True])
    elif dtype.startswith("float"):
        pool = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, -np.nan, 0.5, 3e38, 1e-38], dtype)
    else:
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        pool = np.array([least, most, least + 1, most - 1, 0, 1, 5], dtype)
    for n in (*range(18), 31, 32, 33, 100):
        a = np.sort(rng.choice(pool, n))
        b = np.concatenate([pool, rng.choice(pool, 13)])
        left, right = session(a, b)
        same(left, np.searchsorted(a, b))
        same(right, np.searchsorted(a, b, side="right"))


def test_histograms(rng: np.random.Generator) -> None:
    x, w, y = sa.placeholder(("n",)), sa.placeholder(("n",), "float32"), sa.placeholder(("n",), "int32")
    edges = np.array([-1.0, 0.0, 0.0, 0.5, 2.0])
    session = sa.compile(
        [
            *sa.histogram(x, 7), *sa.histogram(x, edges, weights=w), *sa.histogram(x, 5, (-1, 1), density=True),
            *sa.histogram(y, 3), *sa.histogram2d(x, y, (3, 2)), *sa.histogram2d(x, x, 4, density=True, weights=w),
            sa.bincount(sa.absolute(y), w, 4), sa.bincount(sa.absolute(y), length=3),
        ],
        [x, w, y],
    )  # fmt: skip
    for n in (1, 50):
        a, b, c = rng.integers(-8, 9, n) / 8, rng.normal(size=n).astype("f4"), rng.integers(-3, 4, n).astype("i4")
        desired = [
            *np.histogram(a, 7), *np.histogram(a, edges, weights=b), *np.histogram(a, 5, (-1, 1), density=True),
            *np.histogram(c, 3), *np.histogram2d(a, c, (3, 2)), *np.histogram2d(a, a, 4, density=True, weights=b),
            np.bincount(np.abs(c), b, 4), np.bincount(np.abs(c), minlength=3)[:3],
        ]  # fmt: skip
        for actual, wanted in zip(session(a, b, c), desired, strict=True):
            assert actual.dtype == wanted.dtype
            np.testing.assert_allclose(actual, wanted, rtol=1e-6, atol=1e-6)


def test_numbers_that_have_no_bin() -> None:
    x = sa.placeholder((3,), "int64")
    session = sa.compile(sa.bincount(x, minlength=4), [x])
    np.testing.assert_array_equal(session(np.array([3, 3, 0])), [1, 0, 0, 2])
    for wrong in ([0, 1, 4], [0, -1, 2]):
        with pytest.raises(IndexOutOfBounds):
            session(np.array(wrong))


X, M = sa.placeholder((2, 3), "float64", name="x"), sa.placeholder((2, 3), "bool", name="m")
V = sa.placeholder(("n",), "int64", name="v")

REFUSED: list[tuple[type[Exception], str, Callable[[], Any]]] = [
    (ShapeError, "sort: axis 2 is out of bounds .*test_sorting", lambda: sa.sort(X, axis=2)),
    (ShapeError, "sort: kind 'radix' is none of", lambda: sa.sort(X, kind="radix")),
    (ShapeError, "sort: descending has to be True or False", lambda: sa.sort(X, descending=1)),
    (DTypeError, "searchsorted: complex128", lambda: sa.searchsorted(X[0] * 1j, 1j)),
    (ShapeError, "top_k: k is 4, but there are 3 elements", lambda: sa.top_k(X, 4)),
    (ShapeError, "partition: kth 3 is out of bounds for 3", lambda: sa.partition(X, 3)),
    (ShapeError, "partition: kind is 'introselect', not 'stable'", lambda: sa.partition(X, 1, kind="stable")),
    (ShapeError, "argpartition: kind is 'introselect', not 1", lambda: np.argpartition(X, 1, kind=1)),
    (ShapeError, "searchsorted: sorter needs as many .*test_sorting", lambda: sa.searchsorted(X[0], 1, sorter=[0, 1])),
    (ShapeError, "searchsorted: sorter needs as many", lambda: sa.searchsorted(X, X, sorter=[0, 1, 2])),
    (IndexOutOfBounds, "an index of sorter is -1; .*", lambda: sa.searchsorted(X[0], 1, sorter=[-1, 0, 1])),
    (ShapeError, "lexsort: needs a key", lambda: sa.lexsort([])),
    (ShapeError, "searchsorted: side 'middle'", lambda: sa.searchsorted(V, 1, side="middle")),
    (ShapeError, "searchsorted: .* batches", lambda: sa.searchsorted(X, sa.ones((3, 3)))),
    (ShapeError, "digitize: bins have to ascend or descend", lambda: sa.digitize(X, [1, 3, 2])),
    (ShapeError, "histogram: bins have to ascend", lambda: sa.histogram(X, [1, 3, 2])),
    (ShapeError, "histogram: the range .* is not finite", lambda: sa.histogram(X, 3, (0, np.inf))),
    (GraphError, "histogram: how many bins 'auto' makes depends on data", lambda: sa.histogram(X, "auto")),
    (ShapeError, "histogram: weights need the shape", lambda: sa.histogram(X, 3, weights=V)),
    (GraphError, "bincount: .* depend on data; give length=", lambda: sa.bincount(V)),
    (DTypeError, "bincount: counts integers, not float64", lambda: sa.bincount(X[0], minlength=2)),
    (GraphError, "unique: .* depend on data; give size=", lambda: np.unique(X)),
    (GraphError, "nonzero: .* depend on data; give size=", lambda: np.nonzero(X)),
    (GraphError, r"depends on data; use .*sa\.extract\(mask, x, size=n\)", lambda: X[M]),
]


@pytest.mark.parametrize(("kind", "message", "call"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_wrong_calls(kind: type[Exception], message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_results_of_a_given_size(rng: np.random.Generator) -> None:
    x, y = sa.placeholder(("n",)), sa.placeholder(("m",), "int32")
    session = sa.compile(
        [
            *sa.unique(x, return_index=True, return_inverse=True, return_counts=True, size=9),
            *sa.nonzero(sa.reshape(x, (-1, 1)), size=6, fill_value=(-1, -2)), sa.isin(x, y),
            sa.isin(y, [1, 2], invert=True),
            sa.union1d(x, y, size=20, fill_value=99), sa.intersect1d(x, y, size=20, fill_value=99),
            sa.setdiff1d(x, y, size=20, fill_value=99), sa.setxor1d(x, y, size=20, fill_value=99),
            sa.extract(x > 0, x, size=5, fill_value=7), sa.unique(x, size=2),
        ],
        [x, y],
    )  # fmt: skip

    def filled(found: np.ndarray, size: int, fill: float) -> np.ndarray:
        return np.concatenate([found, np.full(size, fill, found.dtype)])[:size]

    for n, m in ((1, 0), (12, 5), (200, 3), (0, 2)):
        a, b = rng.integers(-3, 4, n).astype(float), rng.integers(-4, 5, m).astype("i4")
        a[rng.random(n) < 0.2] = np.nan
        found = session(a, b)
        values, index, inverse, counts = np.unique(a, return_index=True, return_inverse=True, return_counts=True)
        least = values[0] if n else 0
        np.testing.assert_array_equal(found[0], filled(values, 9, least))
        np.testing.assert_array_equal(found[1], filled(index, 9, index[0] if n else 0))
        np.testing.assert_array_equal(found[2], inverse)
        np.testing.assert_array_equal(found[3], filled(counts, 9, 0))
        rows, columns = np.nonzero(a[:, None])
        np.testing.assert_array_equal(found[4], filled(rows, 6, -1))
        np.testing.assert_array_equal(found[5], filled(columns, 6, -2))
        same(found[6], np.isin(a, b))
        same(found[7], np.isin(b, [1, 2], invert=True))
        np.testing.assert_array_equal(found[8], filled(np.union1d(a, b), 20, 99))
        for position, function in ((9, np.intersect1d), (10, np.setdiff1d), (11, np.setxor1d)):
            clean = np.nan_to_num(a, nan=7.0) if np.isnan(a).any() else a
            if clean is a:
                np.testing.assert_array_equal(found[position], filled(function(a, b), 20, 99))
        np.testing.assert_array_equal(found[12], filled(a[a > 0], 5, 7))
        np.testing.assert_array_equal(found[13], filled(values, 2, least))


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:All-NaN slice", "ignore:invalid value")
def test_medians_of_free_sizes_may_be_of_nothing(rng: np.random.Generator) -> None:
    x, k = sa.placeholder((2, "n")), sa.placeholder(("m",), "int64")
    middle = sa.median(x, 1)
    session = sa.compile(
        [middle, *sa.gradients(middle.sum(), [x]), sa.nanmedian(x), sa.nanquantile(x, [0.2, 0.9]), sa.median(k)], [x, k]
    )
    refused = sa.compile(sa.quantile(x, 0.3), [x])
    for n in (0, 1, 2, 5):
        a, b = rng.normal(size=(2, n)), rng.integers(0, 9, n)
        found = session(a, b)
        same(found[0], np.median(a, 1))
        assert found[1].shape == a.shape and found[1].sum() == pytest.approx(2.0 * (n > 0))
        same(found[2], np.nanmedian(a))
        np.testing.assert_allclose(found[3], np.nanquantile(a, [0.2, 0.9]), rtol=1e-15)
        same(found[4], np.median(b))
        if n:
            refused(a)
        else:
            with pytest.raises(IndexOutOfBounds):  # as in NumPy
                refused(a)


@pytest.mark.parametrize("positions", [[1, 5], [0, -4]])
def test_positions_of_a_free_size_are_checked_in_the_run(positions: list[int]) -> None:
    x = sa.placeholder(("n",))
    for function in (sa.partition, sa.argpartition):
        session = sa.compile(function(x, positions), [x])
        assert sorted(session(np.arange(6.0))) == [0, 1, 2, 3, 4, 5]
        with pytest.raises(sa.FeedError, match="lies outside the array"):
            session(np.arange(3.0))


def test_positions_may_be_sizes(rng: np.random.Generator) -> None:
    x = sa.placeholder(("n",))
    n = x.shape[0]
    places: list[Any] = [n // 2, n - 2, [0, n // 2], [n - 1, -2, n // 3]]
    session = sa.compile([np.partition(x, place) for place in places], [x])
    for count in (2, 5, 40):
        a = rng.permutation(count) / 2
        ends = [{count // 2}, {count - 2}, {0, count // 2}, {count - 1, count - 2, count // 3}]
        for found, positions in zip(session(a), ends, strict=True):
            for k in positions:
                assert found[k] == k / 2 and found[:k].max(initial=-1) < k / 2
    for place in (n, [0, n + 1]):
        with pytest.raises(ShapeError, match="outside .*test_sorting.py"):
            sa.partition(x, place)
    for place in (n - 3, [0, n - 3]):
        session = sa.compile(sa.partition(x, place), [x])
        with pytest.raises(sa.FeedError, match="test_sorting.py"):
            session(np.zeros(2))
