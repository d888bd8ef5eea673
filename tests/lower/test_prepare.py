"""The last rewrites before fusion: scatters of one update a row become choices, where that gives the same."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from staticad.lower.index.sizes import Sizes
from staticad.lower.prepare import prepare
from staticad.ops.base import apply
from staticad.ops.indexing import SCATTER_ALONG
from staticad.reference import evaluate


def scatter(base: sa.Tensor, updates: sa.Tensor, index: sa.Tensor, mode: str, axis: int = 1) -> sa.Tensor:
    return apply(SCATTER_ALONG, base, updates, index, axes=(axis,), position=0, mode=mode, aligned=True)


def names(tensor: sa.Tensor) -> set[str]:
    return {node.op.name for node in sort_nodes([tensor])}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("mode", "fill"), [("set", 0.0), ("set", 2.5), ("add", 0.0)])
def test_one_update_a_row_is_a_choice(mode: str, fill: float, axis: int) -> None:
    updates = sa.placeholder(("n", 1) if axis else (1, "n"))
    index = sa.placeholder(updates.shape, "int64")
    base = sa.full(_wide(updates, axis), fill)
    before = scatter(base, updates, index, mode, axis)
    (after,) = prepare([before], Sizes([]))
    assert "scatter_along" not in names(after) and "where" in names(after)
    shape = (3, 1) if axis else (1, 3)
    feeds = {updates: np.array([5.0, -1.0, 0.5]).reshape(shape), index: np.array([0, 3, -2]).reshape(shape)}
    np.testing.assert_array_equal(*evaluate([before, after], feeds))


@pytest.mark.parametrize("mode", ["set", "add"])
def test_one_update_a_row_into_a_computed_array_is_a_choice(mode: str) -> None:
    updates, index, x = sa.placeholder(("n", 1)), sa.placeholder(("n", 1), "int64"), sa.placeholder(("n", 4))
    before = scatter(sa.exp(x), updates, index, mode)
    (after,) = prepare([before], Sizes([]))
    assert "scatter_along" not in names(after) and "where" in names(after)
    feeds = {updates: np.array([[5.0], [-1.0]]), index: np.array([[3], [-4]]), x: np.arange(8.0).reshape(2, 4)}
    np.testing.assert_array_equal(*evaluate([before, after], feeds))


def _wide(updates: sa.Tensor, axis: int) -> tuple[object, ...]:
    return tuple(4 if a == axis else size for a, size in enumerate(updates.shape))


def test_choices_check_their_index() -> None:
    updates, index = sa.placeholder(("n", 1)), sa.placeholder(("n", 1), "int64")
    (after,) = prepare([scatter(sa.zeros((updates.shape[0], 4)), updates, index, "set")], Sizes([]))
    with pytest.raises(sa.IndexOutOfBounds):
        evaluate([after], {updates: np.ones((1, 1)), index: np.array([[4]])})


@pytest.mark.parametrize(
    "build",
    [
        lambda u, i: scatter(sa.placeholder((u.shape[0], 4)), u, i, "add"),  # the base lies in memory: few writes do
        lambda u, i: scatter(sa.zeros((u.shape[0], 4)), u, i, "max"),
        lambda u, i: scatter(
            sa.zeros((u.shape[0], 4)), sa.broadcast_to(u, (u.shape[0], 2)), sa.broadcast_to(i, (u.shape[0], 2)), "add"
        ),
    ],
)
def test_others_stay_scatters(build: object) -> None:
    u, i = sa.placeholder(("n", 1)), sa.placeholder(("n", 1), "int64")
    (after,) = prepare([build(u, i)], Sizes([]))  # type: ignore[operator]
    assert "scatter_along" in names(after)


def test_products_that_no_library_does_become_sums() -> None:
    x, w = sa.placeholder((3, 4), "int64"), sa.placeholder((4, 2), "int64")
    (after,) = prepare([x @ w], Sizes([]))
    assert names(after) >= {"mul", "sum"} and "matmul" not in names(after)
    (kept,) = prepare([sa.placeholder((3, 4)) @ sa.placeholder((4, 2))], Sizes([]))
    assert "matmul" in names(kept)
