"""Indexing and updated copies against NumPy: random keys over small arrays, fixed and free sizes; errors."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, FeedError, GraphError, IndexOutOfBounds, ShapeError
from staticad.functional import indexing
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

UPDATES: dict[str, Any] = {"add": np.add, "multiply": np.multiply, "min": np.minimum, "max": np.maximum}


def random_key(draw: random.Random, shape: tuple[int, ...], arrays: bool) -> tuple[Any, ...]:
    """A NumPy index for an array of that shape; an Ellipsis in the middle may make it illegal."""
    items: list[Any] = []
    common = draw.choice([(), (2,), (3, 2)])
    for n in shape:
        if draw.random() < 0.15:
            items.append(None)
        if draw.random() < 0.15:
            break
        kind = draw.random()
        if kind < 0.45 or n == 0:
            bounds = [None, None, *range(-5, 6)]
            items.append(slice(draw.choice(bounds), draw.choice(bounds), draw.choice([None, 1, 2, 3, -1, -2])))
        elif kind < 0.7 or not arrays:
            items.append(draw.randint(-n, n - 1))
        else:
            size = draw.choice([common, common, common[1:], (1,) * len(common)])
            items.append(np.array([draw.randint(-n, n - 1) for _ in range(int(np.prod(size)))]).reshape(size))
    if draw.random() < 0.4:
        items.insert(draw.randint(0, len(items)), Ellipsis)
    return tuple(items)


@pytest.mark.parametrize("seed", range(30))
def test_random_keys(seed: int) -> None:
    draw = random.Random(seed)
    for trial in range(12):
        shape = tuple(draw.choice([0, 1, 2, 3, 4]) for _ in range(draw.randint(0, 4)))
        value = np.arange(float(np.prod(shape))).reshape(shape)
        key = random_key(draw, shape, arrays=trial % 2 == 0)
        x = sa.placeholder(tuple(draw.choice([None, n]) for n in shape))
        feeds: dict[Any, Any] = {x: value}
        symbolic = []
        for item in key:
            if isinstance(item, np.ndarray) and draw.random() < 0.5:
                index = sa.placeholder(item.shape, draw.choice(["int64", "int32"]))
                feeds[index] = item.astype(index.dtype)
                item = index
            symbolic.append(item)
        try:
            expected = value[key]
        except IndexError:
            with pytest.raises((IndexOutOfBounds, FeedError)):
                evaluate(x[tuple(symbolic)], feeds)
            continue
        node = x[tuple(symbolic)]
        np.testing.assert_array_equal(evaluate(node, feeds)[0], expected, err_msg=f"{shape} {key}")
        check_updates(x, tuple(symbolic), key, value, feeds, expected.shape)


def check_updates(x: Any, symbolic: Any, key: Any, value: np.ndarray, feeds: Any, shape: tuple[int, ...]) -> None:
    new = np.random.default_rng(len(shape)).standard_normal(shape)
    place = x.at[symbolic]
    expected = value.copy()
    expected[key] = new
    np.testing.assert_array_equal(evaluate(place.set(new), feeds)[0], expected, err_msg=f"set {value.shape} {key}")
    for mode, function in UPDATES.items():
        expected = value.copy()
        function.at(expected, key, new)
        found = evaluate(getattr(place, mode)(new), feeds)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-14, err_msg=f"{mode} {value.shape} {key}")


def test_lists_ranges_and_scalars() -> None:
    x = sa.placeholder((3, 4))
    value = np.arange(12.0).reshape(3, 4)
    for key in [[0, 2], ([0, 2], [1, 1]), range(2), np.int8(2), np.array(1), (..., [[0], [1]]), [], (0, [])]:
        np.testing.assert_array_equal(evaluate(x[key], {x: value})[0], value[np.s_[key]])
    assert x[[]].shape == (0, 4)


def test_a_scalar_tensor_as_an_index() -> None:
    x, i = sa.placeholder((None, 2)), sa.placeholder((), "int64")
    value = np.arange(6.0).reshape(3, 2)
    for n in (0, 2, -1):
        np.testing.assert_array_equal(evaluate(x[i], {x: value, i: n})[0], value[n])
        np.testing.assert_array_equal(evaluate(x[:, i % 2], {x: value, i: n})[0], value[:, n % 2])
    with pytest.raises(IndexOutOfBounds, match="test_indexing"):
        evaluate(x[i], {x: value, i: 3})


def test_sizes_as_indices() -> None:
    x = sa.placeholder(("n",))
    n = x.shape[0]
    value = np.arange(5.0)
    assert evaluate(x[n - 1], {x: value})[0] == 4
    np.testing.assert_array_equal(evaluate(x[: n // 2], {x: value})[0], [0, 1])
    with pytest.raises(FeedError):
        evaluate(x[n // 2 + 1], {x: np.zeros(1)})
    with pytest.raises(IndexOutOfBounds, match="index n is out of bounds for axis 0 of size n"):
        x[n]


def test_iteration_and_unpacking() -> None:
    x = sa.placeholder((2, 3))
    first, second = x
    assert first.shape == second.shape == (3,)
    assert len(list(x)) == 2


@pytest.mark.parametrize("key", [3, -4, (slice(None), 4), ([0, 3],), (slice(None), [[0], [-5]])])
def test_known_places_outside(key: Any) -> None:
    x = sa.placeholder((3, 4), name="x")
    with pytest.raises(
        IndexOutOfBounds, match=r"^getitem: index -?\d is out of bounds for axis \d .*'x'.*test_indexing"
    ):
        x[key]
    with pytest.raises(IndexOutOfBounds):
        x.at[key]


def test_an_int_on_a_free_axis_is_checked_by_the_run() -> None:
    x = sa.placeholder((None, 2))
    for key, least in [(2, 3), (-2, 2)]:
        for node in (x[key], x.at[key].set(0.0), x[key, [0, 1]]):
            evaluate(node, {x: np.zeros((least, 2))})
            with pytest.raises(FeedError):
                evaluate(node, {x: np.zeros((least - 1, 2))})


@pytest.mark.parametrize(
    ("key", "error", "what"),
    [
        ((0, 0, 0), ShapeError, "3 indices for 2 axes"),
        ((..., 0, ...), ShapeError, "only one Ellipsis"),
        (1.0, DTypeError, "an index is an int"),
        ("a", DTypeError, "an index is an int"),
        ([0.5], DTypeError, "an index is an int"),
        (sa.placeholder((2,), bool), GraphError, "sa.where"),
        (np.array([True]), ShapeError, "mask of shape"),
        ((0, [True, False]), ShapeError, "mask of shape"),
        (([0, 1], [0, 1, 2]), ShapeError, "broadcast"),
    ],
)
def test_errors(key: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=f"{what}.*test_indexing"):
        sa.placeholder((2, 3), name="x")[key]


def test_masks_and_floats_as_tensors() -> None:
    x = sa.placeholder((2, 3))
    with pytest.raises(GraphError, match="sa.where"):
        x[x > 0]
    with pytest.raises(DTypeError, match="integers"):
        x[x]


def test_the_last_of_several_sets_stays() -> None:
    x = sa.placeholder((2,))
    node = x.at[[0, 0, 1, 0]].set([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(evaluate(node, {x: np.zeros(2)})[0], [4, 3])


def test_updates_broadcast_and_take_the_dtype_of_the_array() -> None:
    x = sa.placeholder((2, 3), "float32")
    value = np.zeros((2, 3), "float32")
    for new in (1, 1.5, np.float64(2.0), np.arange(3), np.ones((2, 1))):
        node = x.at[:, ::-1].set(new)
        expected = value.copy()
        expected[:, ::-1] = new
        np.testing.assert_array_equal(evaluate(node, {x: value})[0], expected, strict=True)
    assert x.at[...].get() is x


def test_bools_combine_by_logic() -> None:
    x = sa.placeholder((4,), "bool")
    value = np.array([False, True, False, True])
    index, new = np.array([0, 1, 1, 2]), np.array([True, False, True, False])
    for key in (index, slice(None)):
        for mode in UPDATES:
            expected = value.copy()
            UPDATES[mode].at(expected, key, new)
            np.testing.assert_array_equal(evaluate(getattr(x.at[key], mode)(new), {x: value})[0], expected)


@pytest.mark.parametrize(
    ("dtype", "new", "error", "what"),
    [
        ("int32", 1.5, DTypeError, r"at\[\].set: 1.5 does not go into int32"),
        ("int32", np.ones(2), DTypeError, r"at\[\].set: float64 does not go into int32"),
        ("bool", 1, DTypeError, r"at\[\].set: 1 does not go into bool"),
        ("float64", np.ones(4), ShapeError, r"at\[\].set: the values do not fit"),
    ],
)
def test_updates_that_do_not_fit(dtype: str, new: Any, error: type[Exception], what: str) -> None:
    x = sa.placeholder((5,), dtype)
    for key in (slice(0, 2), [0, 1]):
        with pytest.raises(error, match=f"^{what}.*test_indexing"):
            x.at[key].set(new)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("shape", [(3, 4), (None, None)])
def test_take(axis: int | None, shape: Any) -> None:
    value = np.arange(12.0).reshape(3, 4)
    x = sa.placeholder(shape)
    for indices in (1, [0, 2, 2], [[0], [1]], [], np.int32(2)):
        node = indexing.take(x, indices, axis)
        np.testing.assert_array_equal(
            evaluate(node, {x: value})[0], np.take(value, np.asarray(indices, np.int64), axis)
        )
    for mode in ("clip", "wrap"):
        for indices in (7, [-9, -1, 0, 2, 30]):
            node = indexing.take(x, indices, axis, mode)
            np.testing.assert_array_equal(evaluate(node, {x: value})[0], np.take(value, indices, axis, mode=mode))


def test_take_errors() -> None:
    x = sa.placeholder((3,))
    with pytest.raises(IndexOutOfBounds):
        indexing.take(x, 3)
    with pytest.raises(ShapeError, match="take: mode 'nearest'"):
        indexing.take(x, 0, mode="nearest")
    with pytest.raises(DTypeError, match="take: indices have to be integers"):
        indexing.take(x, 0.5)
    with pytest.raises(ShapeError, match="take: axis 1"):
        indexing.take(x, 0, 1)


@pytest.mark.parametrize("free", [False, True])
def test_take_along_axis(free: bool, rng: np.random.Generator) -> None:
    for shape, index_shape, axis in [
        ((3, 4), (3, 2), 1),
        ((3, 4), (5, 4), 0),
        ((2, 3, 4), (2, 1, 4), -2),
        ((0, 3), (0, 2), 1),
    ]:
        value, index = rng.standard_normal(shape), rng.integers(-3, 3, index_shape)
        x = sa.placeholder((None,) * len(shape) if free else shape)
        i = sa.placeholder((None,) * len(shape) if free else index_shape, "int64")
        node = indexing.take_along_axis(x, i, axis)
        np.testing.assert_array_equal(evaluate(node, {x: value, i: index})[0], np.take_along_axis(value, index, axis))


def test_take_along_axis_broadcasts_and_flattens(rng: np.random.Generator) -> None:
    value = rng.standard_normal((3, 4))
    for index, axis in [([[1], [0]], 0), ([[1, 3]], 1), ([3, 11, -1], None)]:
        expected = np.take_along_axis(value, np.array(index), axis)
        np.testing.assert_array_equal(evaluate(indexing.take_along_axis(value, index, axis))[0], expected)
    with pytest.raises(ShapeError, match="take_along_axis: 2 and 1 axes"):
        indexing.take_along_axis(value, [0], 0)
    with pytest.raises(ShapeError, match="take_along_axis: .*broadcast"):
        indexing.take_along_axis(value, [[0], [0]], 1)
    with pytest.raises(DTypeError, match="take_along_axis: .*integers"):
        indexing.take_along_axis(value, value, 1)


def test_derivatives(rng: np.random.Generator) -> None:
    x, v = sa.placeholder((None, 4)), sa.placeholder((2, 2))
    feeds = {x: rng.uniform(1, 2, (3, 4)), v: rng.uniform(1, 2, (2, 2))}
    y = x * x
    for key in [np.s_[1:, ::-2], np.s_[[2, 0], 1:3], np.s_[[[0, 0], [1, 2]], [[0, 0], [1, 2]]]]:
        check_gradients(y[key], x, feeds)
        for mode in ("set", *UPDATES):
            check_gradients(getattr(y.at[key], mode)(v * v * 0.7), [x, v], feeds)
    check_gradients(indexing.take_along_axis(y, np.array([[3, 3], [0, 1], [1, 0]]), 1), x, feeds)
