"""Gather and scatter: references against plain loops, out-of-range indices, duplicates, derivatives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.errors import DTypeError, IndexOutOfBounds, ShapeError
from staticad.ops.base import apply
from staticad.ops.indexing import GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG, gather_shape
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients

MODES = ("set", "add", "multiply", "min", "max")
COMBINE: dict[str, Any] = {
    "set": lambda a, b: b,
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "min": min,
    "max": max,
}
SHAPE = (3, 4, 2)
# (axes, position, shape of the index tensors)
PLACES = [
    (axes, position, common)
    for count in (1, 2, 3)
    for axes in itertools.combinations(range(3), count)
    for position in range(3 - count + 1)
    for common in [(), (3,), (2, 2), (0,)]
]


def make_indices(rng: np.random.Generator, shape: tuple[int, ...], axes: tuple[int, ...], common: Any) -> list[Any]:
    return [np.asarray(rng.integers(-shape[a], shape[a], common)) for a in axes]


def each_place(
    shape: tuple[int, ...], indices: list[Any], axes: tuple[int, ...], position: int, aligned: bool
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(place in the gathered array, place in x) for all elements, in row-major order of the index."""
    pairs = []
    if aligned:
        for o in np.ndindex(indices[0].shape):
            pairs.append((o, tuple(int(indices[0][o]) if a == axes[0] else o[a] for a in range(len(shape)))))
        return pairs
    rest = [a for a in range(len(shape)) if a not in axes]
    for o in np.ndindex(indices[0].shape):
        for r in np.ndindex(*(shape[a] for a in rest)):
            source = [0] * len(shape)
            for a, i in zip(axes, indices):
                source[a] = int(i[o])
            for a, k in zip(rest, r):
                source[a] = k
            pairs.append(((*r[:position], *o, *r[position:]), tuple(source)))
    return pairs


def gathered(x: np.ndarray, indices: list[Any], **place: Any) -> np.ndarray:
    result = np.zeros(gather_shape(x.shape, tuple(i.shape for i in indices), **place))
    for to, source in each_place(x.shape, indices, **place):
        result[to] = x[source]
    return result


def scattered(base: np.ndarray, updates: np.ndarray, indices: list[Any], mode: str, **place: Any) -> np.ndarray:
    result = base.copy()
    for source, to in each_place(base.shape, indices, **place):
        result[to] = COMBINE[mode](result[to], updates[source])
    return result


@pytest.mark.parametrize(("axes", "position", "common"), PLACES)
def test_gather_and_scatter(axes: Any, position: int, common: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal(SHAPE)
    indices = make_indices(rng, SHAPE, axes, common)
    place: dict[str, Any] = {"axes": axes, "position": position, "aligned": False}
    expected = gathered(x, indices, **place)
    node = apply(GATHER, sa.constant(x), *(sa.constant(i) for i in indices), **place)
    assert node.shape == expected.shape
    np.testing.assert_array_equal(evaluate(node)[0], expected)
    updates = rng.standard_normal(expected.shape)
    for mode in MODES:
        node = apply(
            SCATTER, sa.constant(x), sa.constant(updates), *(sa.constant(i) for i in indices), mode=mode, **place
        )
        np.testing.assert_allclose(evaluate(node)[0], scattered(x, updates, indices, mode, **place), rtol=1e-14)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("count", [0, 1, 5])
def test_aligned(axis: int, count: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal(SHAPE)
    index = rng.integers(-SHAPE[axis], SHAPE[axis], (*SHAPE[:axis], count, *SHAPE[axis + 1 :]))
    place: dict[str, Any] = {"axes": (axis,), "position": 0, "aligned": True}
    node = apply(GATHER_ALONG, sa.constant(x), sa.constant(index), **place)
    np.testing.assert_array_equal(evaluate(node)[0], np.take_along_axis(x, index, axis))
    updates = rng.standard_normal(index.shape)
    for mode in MODES:
        node = apply(SCATTER_ALONG, sa.constant(x), sa.constant(updates), sa.constant(index), mode=mode, **place)
        np.testing.assert_allclose(evaluate(node)[0], scattered(x, updates, [index], mode, **place), rtol=1e-14)


@pytest.mark.parametrize("index", [3, -4, 1000])
@pytest.mark.parametrize("op", [GATHER, GATHER_ALONG, SCATTER, SCATTER_ALONG])
def test_an_index_outside_raises(op: Any, index: int) -> None:
    x = sa.placeholder((3,), name="x")
    i = sa.placeholder((2,), "int64")
    place: dict[str, Any] = {"axes": (0,), "position": 0, "aligned": op in (GATHER_ALONG, SCATTER_ALONG)}
    if op in (SCATTER, SCATTER_ALONG):
        node = apply(op, x, sa.constant([1.0, 2.0]), i, mode="add", **place)
    else:
        node = apply(op, x, i, **place)
    evaluate(node, {x: np.zeros(3), i: np.array([2, -3])})
    with pytest.raises(IndexOutOfBounds, match=f"test_indexing.*index {index} .*axis 0 of size 3"):
        evaluate(node, {x: np.zeros(3), i: np.array([0, index])})


def test_type_errors() -> None:
    x, i = sa.placeholder((3, 2)), sa.placeholder((2,), "int64")
    place: dict[str, Any] = {"axes": (0,), "position": 0, "aligned": False}
    with pytest.raises(DTypeError, match="gather: .*int64.*int32"):
        apply(GATHER, x, sa.placeholder((2,), "int32"), **place)
    with pytest.raises(ShapeError, match="gather: .*differ in shape"):
        apply(GATHER, x, i, sa.placeholder((3,), "int64"), axes=(0, 1), position=0, aligned=False)
    with pytest.raises(ShapeError, match="scatter: .*do not have the shape"):
        apply(SCATTER, x, sa.placeholder((2, 3)), i, mode="add", **place)
    with pytest.raises(DTypeError, match="scatter: .*float64 and float32"):
        apply(SCATTER, x, sa.placeholder((2, 2), "float32"), i, mode="add", **place)


def test_only_the_last_write_of_a_set_has_a_gradient() -> None:
    base, updates = sa.placeholder((3, 2)), sa.placeholder((4, 2))
    index = sa.constant([0, 2, 0, -3])
    y = apply(SCATTER, base, updates, index, axes=(0,), position=0, aligned=False, mode="set")
    feeds = {base: np.zeros((3, 2)), updates: np.arange(8.0).reshape(4, 2)}
    np.testing.assert_array_equal(evaluate(y, feeds)[0], [[6, 7], [0, 0], [2, 3]])
    to_base, to_updates = evaluate(gradients(y.sum(), [base, updates]), feeds)
    np.testing.assert_array_equal(to_base, [[0, 0], [1, 1], [0, 0]])
    np.testing.assert_array_equal(to_updates, [[0, 0], [1, 1], [0, 0], [1, 1]])


def test_base_and_updates_that_tie_share_the_gradient() -> None:
    base, updates = sa.placeholder((2,)), sa.placeholder((3,))
    y = apply(SCATTER, base, updates, sa.constant([0, 0, 1]), axes=(0,), position=0, aligned=False, mode="max")
    feeds = {base: np.array([2.0, 1.0]), updates: np.array([2.0, 2.0, 5.0])}
    to_base, to_updates = evaluate(gradients(y.sum(), [base, updates]), feeds)
    np.testing.assert_allclose(to_base, [1 / 3, 0])
    np.testing.assert_allclose(to_updates, [1 / 3, 1 / 3, 1])


def far_apart(rng: np.random.Generator, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Arrays in which no two numbers are close, so that small steps do not change which one is larger."""
    counts = [int(np.prod(s)) for s in shapes]
    numbers = np.split(0.5 + 0.03 * rng.permutation(sum(counts)), np.cumsum(counts)[:-1])
    return [part.reshape(s) for part, s in zip(numbers, shapes)]


CASES = [
    ((0,), 0, (3,)), ((1,), 1, (2, 2)), ((1,), 0, ()), ((0, 2), 0, (3,)), ((0, 2), 1, (3,)), ((0, 1, 2), 0, (4,)),
]  # fmt: skip


@pytest.mark.parametrize(("axes", "position", "common"), CASES)
@pytest.mark.parametrize("mode", MODES)
def test_scatter_derivatives(mode: str, axes: Any, position: int, common: Any, rng: np.random.Generator) -> None:
    indices = [sa.constant(i) for i in make_indices(rng, SHAPE, axes, common)]
    place: dict[str, Any] = {"axes": axes, "position": position, "aligned": False}
    shape = gather_shape(SHAPE, tuple(i.shape for i in indices), **place)
    base, updates = sa.placeholder((3, None, 2)), sa.placeholder(shape)
    y = apply(SCATTER, base * base, updates * updates, *indices, mode=mode, **place)
    feeds = dict(zip((base, updates), far_apart(rng, SHAPE, shape)))
    check_gradients(y, [base, updates], feeds)
    check_forward(y, [base, updates], feeds, rng)


@pytest.mark.parametrize("mode", MODES)
def test_aligned_scatter_derivatives(mode: str, rng: np.random.Generator) -> None:
    base, updates = sa.placeholder((2, 3)), sa.placeholder((2, 4))
    index = sa.constant([[0, 1, 0, 2], [-1, -1, 0, -1]])
    y = apply(SCATTER_ALONG, base * base, updates * updates, index, axes=(1,), position=0, aligned=True, mode=mode)
    feeds = dict(zip((base, updates), far_apart(rng, (2, 3), (2, 4))))
    check_gradients(y, [base, updates], feeds)
    check_forward(y, [base, updates], feeds, rng)


def test_products_of_updates_with_zeros(rng: np.random.Generator) -> None:
    base, updates = sa.placeholder((2,)), sa.placeholder((6,))
    y = apply(
        SCATTER, base, updates, sa.constant([0, 0, 0, 1, 1, 1]), axes=(0,), position=0, aligned=False, mode="multiply"
    )
    feeds = {base: rng.uniform(1, 2, 2), updates: np.array([0.0, 2.0, 0.0, 3.0, 0.0, 4.0])}
    check_gradients(y, [base, updates], feeds)


@pytest.mark.parametrize(("axes", "position", "common"), CASES)
def test_gather_derivatives(axes: Any, position: int, common: Any, rng: np.random.Generator) -> None:
    indices = [sa.constant(i) for i in make_indices(rng, SHAPE, axes, common)]
    x = sa.placeholder((3, None, 2))
    y = apply(GATHER, x * x, *indices, axes=axes, position=position, aligned=False)
    feeds = {x: rng.standard_normal(SHAPE)}
    check_gradients(y, x, feeds)
    check_forward(y, [x], feeds, rng)


def check_forward(y: sa.Tensor, xs: list[sa.Tensor], feeds: dict[Any, Any], rng: np.random.Generator) -> None:
    """Forward and reverse mode agree, for all tangents together and for each alone."""
    cotangent = rng.standard_normal(evaluate(y, feeds)[0].shape)
    pulled = dict(zip(xs, evaluate(gradients(y, xs, [sa.constant(cotangent)]), feeds)))
    for chosen in [xs, *([x] for x in xs)]:
        tangents = [rng.standard_normal(feeds[x].shape) for x in chosen]
        (pushed,) = evaluate(jvp(y, chosen, tangents), feeds)
        expected = sum((pulled[x] * t).sum() for x, t in zip(chosen, tangents))
        np.testing.assert_allclose((pushed * cotangent).sum(), expected, rtol=1e-9)
