"""Slices and gathers that move before products; values are small integers, so that sums are exact in any order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.contract import MATMUL
from staticad.reference import evaluate
from staticad.rewrite.parts import part_rules
from staticad.rewrite.pipeline import optimize
from tests.rewrite.support import rewritten

A, B = sa.placeholder((60, 7), name="a"), sa.placeholder((7, 40), name="b")
STACK, FREE = sa.placeholder(("t", 6, 7), name="stack"), sa.placeholder((None, 7), name="free")
FEW, MANY, ANY = (sa.placeholder((size,), "int64") for size in (4, 60, "k"))
GRID, ONE = sa.placeholder((2, 3), "int64"), sa.placeholder((), "int64")
DRAW = np.random.default_rng(0)
FEEDS = {
    **{x: DRAW.integers(-4, 5, [5 if not isinstance(n, int) else n for n in x.shape]) for x in (A, B, STACK, FREE)},
    **{
        i: DRAW.integers(-40, 40, [5 if not isinstance(n, int) else n for n in i.shape]) for i in (FEW, MANY, ANY, GRID)
    },
    ONE: np.int64(-60),
}
FEEDS = {x: np.asarray(value, x.dtype) for x, value in FEEDS.items()}
Build = Callable[[], Tensor]


@pytest.mark.parametrize(
    ("build", "gone"),
    [
        (lambda: (A @ B)[FEW], 60),
        (lambda: (A @ B)[GRID], 60),
        (lambda: (A @ B)[ONE], 60),
        (lambda: (A @ B)[:, FEW], 40),
        (lambda: (A @ B)[10:50:2, 3], 40),
        (lambda: (FREE @ B)[1:3], FREE.shape[0]),
        (lambda: (STACK @ B)[2], STACK.shape[0]),
        (lambda: (STACK @ B)[:, 1:3], 6),
        (lambda: (STACK @ A.T)[:, :, 5:9], 60),
        (lambda: sa.tanh(A @ B + B[:1])[FEW], 60),
        (lambda: sa.where(A[:, :1] > 0, A @ B, -1)[FEW], 60),
        (lambda: (A @ B).max(axis=1)[FEW], 60),
        (lambda: (A @ B[:, 0])[2:5], 60),
        (lambda: (A @ B).T[:, FEW], 60),
        (lambda: ((A @ B) @ B.T)[7], 60),
    ],
)
def test_parts_come_first(build: Build, gone: object) -> None:
    """No product has all rows or columns any more."""
    tensor = build()
    (new,) = optimize([tensor])
    before, after = evaluate([tensor, new], FEEDS)
    np.testing.assert_allclose(before, after, rtol=1e-14)
    products = [node for node in sort_nodes([new]) if node.op is MATMUL]
    assert all(gone not in node.types[0].shape for node in products)


@pytest.mark.parametrize(
    "build",
    [
        lambda: (A @ B)[MANY],  # as many as there are
        lambda: (FREE @ B)[ANY],  # perhaps more
        lambda: (A @ B)[ANY],
        lambda: (A @ B)[FEW, FEW],
        lambda: (A @ B)[::-1],
        lambda: sa.concatenate([(p := A @ B)[FEW], p[:3]]),
        lambda: (A @ B).reshape((40, 60))[FEW],
        lambda: (A[:, :0] @ B[:0])[FEW],  # without terms no index would be checked
    ],
)
def test_what_would_be_more_work_or_is_needed_stays(build: Build) -> None:
    tensor = build()
    rewritten([tensor], part_rules([tensor]), fires=False)


def test_graphs_without_parts_have_no_rules() -> None:
    assert not part_rules([A @ B]) and not part_rules([A[FEW]])


def test_errors_of_indices_are_alike() -> None:
    """Those that move have the axis, size and line of those that stay."""
    messages = []
    for size in (4, 60):
        index = sa.placeholder((size,), "int64")
        moved = (A @ B)[index]
        session = sa.compile(moved, inputs=[A, B, index])
        with pytest.raises(sa.IndexOutOfBounds) as caught:
            session(FEEDS[A], FEEDS[B], np.full(size, 60))
        messages.append(str(caught.value).replace(" (rewritten from gather)", ""))
    assert messages[0] == messages[1] and "test_parts.py" in messages[0]
