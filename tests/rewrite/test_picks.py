"""Elements that indices pick move before functions, and sums of what is put into zeros read no zeros."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.base import Elementwise
from staticad.ops.indexing import SCATTER
from staticad.reference import evaluate
from staticad.rewrite.pipeline import optimize

X, FREE = sa.placeholder((30, 20), name="x"), sa.placeholder((None, 20), name="free")
ROW, COLUMN = sa.placeholder((20,), name="row"), sa.placeholder((30, 1), name="column")
LABELS, OTHER = sa.placeholder((30,), "int64"), sa.placeholder((30,), "int64")
ALONG, ANY, GRID = sa.placeholder((30, 1), "int64"), sa.placeholder(("n",), "int64"), sa.placeholder((2, 3), "int64")
DRAW = np.random.default_rng(0)
FEEDS = {x: DRAW.normal(size=[5 if not isinstance(n, int) else n for n in x.shape]) for x in (X, FREE, ROW, COLUMN)}
FEEDS |= {
    i: DRAW.integers(-20, 20, [5 if not isinstance(n, int) else n for n in i.shape])
    for i in (LABELS, OTHER, ALONG, ANY, GRID)
}
ROWS = sa.arange(30)


def largest(tensor: Tensor, kind: type) -> int:
    """The most elements that an op of a kind gives; free sizes count as 5."""
    nodes = [node for node in sort_nodes([tensor]) if isinstance(node.op, kind)]
    return max((int(np.prod([n if isinstance(n, int) else 5 for n in x.types[0].shape])) for x in nodes), default=0)


@pytest.mark.parametrize(
    "build",
    [
        lambda: sa.exp(X)[ROWS, LABELS],
        lambda: (sa.tanh(X) * COLUMN + ROW - 3)[ROWS, LABELS],
        lambda: sa.where(X > ROW, X, COLUMN)[OTHER, LABELS],
        lambda: sa.sin(FREE * ROW)[sa.arange(FREE.shape[0]), ANY[: FREE.shape[0]]],
        lambda: sa.take_along_axis(sa.exp(X - COLUMN), ALONG, axis=1),
        lambda: sa.exp(X + X * X)[GRID],
        lambda: sa.exp(ROW)[GRID[0]],
    ],
)
def test_functions_of_what_is_picked(build: Callable[[], Tensor]) -> None:
    tensor = build()
    (new,) = optimize([tensor])
    before, after = evaluate([tensor, new], FEEDS)
    np.testing.assert_array_equal(before, after)
    assert largest(new, Elementwise) < largest(tensor, Elementwise)


@pytest.mark.parametrize(
    "build",
    [
        lambda: [sa.exp(X), sa.exp(X)[ROWS, LABELS]],  # needed in any case
        lambda: [sa.exp(X)[ROWS, LABELS], sa.exp(X).sum()],
        lambda: [sa.exp(ROW)[LABELS]],  # more than there are
        lambda: [sa.exp(X + ROW)[OTHER[:2]]],  # rows of what is stretched
    ],
)
def test_what_stays(build: Callable[[], list[Tensor]]) -> None:
    tensors = build()
    new = optimize(tensors)
    for before, after in zip(evaluate(tensors, FEEDS), evaluate(new, FEEDS), strict=True):
        np.testing.assert_array_equal(before, after)
    assert largest(new[-1], Elementwise) == largest(tensors[-1], Elementwise)


def test_sums_of_scattered_values() -> None:
    zeros, values = sa.zeros((30, 20)), X[:, 0]
    cases = [
        zeros.at[ROWS, LABELS].add(values).sum(axis=1),
        (-zeros.at[ROWS, LABELS].add(values)).sum(axis=1),
        zeros.at[OTHER, LABELS].add(values).sum(axis=1),
        zeros.at[OTHER, LABELS].add(values).sum(axis=0),
        (-zeros.at[OTHER, LABELS].add(values)).sum(axis=0, keepdims=True),
    ]
    new = optimize(cases)
    for before, after in zip(evaluate(cases, FEEDS), evaluate(new, FEEDS), strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-12, atol=1e-14)
        assert not np.signbit(after[after == 0]).any()
    assert all(node.types[0].shape != (30, 20) for node in sort_nodes(new) if node.op is SCATTER)


def test_indices_are_checked() -> None:
    x, i = sa.placeholder((4, 3)), sa.placeholder((4,), "int64")
    zeros, rows = sa.zeros((4, 3)), sa.arange(4)
    picked = sa.exp(x - x.max(axis=1, keepdims=True))[rows, i]
    session = sa.compile([picked, zeros.at[rows, i].add(x[:, 0]).sum(axis=1)], [x, i])
    half = sa.compile(zeros.at[rows, i].add(x[:, 0]).sum(axis=1), [x, i])
    value = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(session(value, [0, 1, -1, 2])[1], value[:, 0])
    for wrong in ([0, 3, 0, 0], [0, 0, 0, -4]):
        for each in (session, half):
            with pytest.raises(sa.IndexOutOfBounds):
                each(value, wrong)


def test_cross_entropy_is_one_pass_over_the_rows() -> None:
    logits, labels = sa.placeholder((256, 1000), "float32"), sa.placeholder((256,), "int64")
    loss = -sa.log_softmax(logits)[sa.arange(256), labels].mean()
    nodes = sort_nodes(optimize([loss, *sa.gradients(loss, [logits])]))
    whole = sorted(node.op.name for node in nodes if node.types[0].shape == (256, 1000))
    assert whole == ["broadcast_to", "exp", "mul", "placeholder", "scatter", "sub"]
