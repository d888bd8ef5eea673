"""Sums of arrays that are embedded side by side are put together: which ones, and that no bit of them changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.lower.fusion.stacking import stack_regions
from staticad.lower.index.sizes import Sizes
from staticad.reference import evaluate
from staticad.rewrite.pipeline import Options, optimize
from tests.lower.checking import computes

X, V, M = sa.placeholder(("n", 5), name="x"), sa.placeholder((7,), name="v"), sa.placeholder(("n", 2, 2), name="m")
A = sa.placeholder((9, 9), name="a")


def stacked(result: Tensor, values: dict[Tensor, np.ndarray]) -> list[str]:
    """The ops of a sum after stacking, which has the same bits."""
    before = optimize([result], Options(True, False))
    after = stack_regions(list(before), Sizes([]))
    one, other = (evaluate(x, values)[0] for x in (before, after))
    assert one.tobytes() == other.tobytes() and one.dtype == other.dtype
    return [node.op.name for node in sort_nodes(after) if node.op.name in ("embed", "concatenate")]


def placed(values: Tensor, start: int, size: int, shape: tuple[int, ...] = (7,), axis: int = 0) -> Tensor:
    widths = [(0, 0)] * len(shape)
    widths[axis] = (start, shape[axis] - start - size)
    return sa.pad(values, widths)


def gradient(loss: Tensor, x: Tensor) -> Tensor:
    return sa.gradients(loss, [x])[0]


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (lambda: gradient(sum((X[:, k] ** (k + 2)).sum() for k in range(5)), X), ["concatenate"]),
        (lambda: gradient((X[:, 0] * X[:, 3]).sum(), X), ["concatenate"]),  # zeros between and behind
        (lambda: gradient((X[:, 0] * X[:, 3]).sum() + (X**3).sum(), X), ["concatenate"]),  # and another term
        (lambda: gradient((X[:, 0] * X[:, 3]).sum() + sa.exp(X[:, 1:4]).sum(), X), ["embed", "concatenate"]),
        (lambda: gradient(sa.exp(V[:3]).sum() * V[3] * (V[4:] ** 2).sum(), V), ["concatenate"]),
        (lambda: gradient((M[:, 0, 0] * M[:, 1, 1] - M[:, 0, 1] * M[:, 1, 0]).sum(), M), ["concatenate"]),
        (lambda: gradient(sum(sa.exp(A[i, j]) for i in range(9) for j in range(i + 1)), A), ["concatenate"]),
        (lambda: gradient(sa.exp(A[2, 3]) + sa.exp(A[5, 1]), A), ["embed", "embed"]),  # far apart
        (lambda: gradient((V[1:] * V[:-1]).sum(), V), ["embed", "embed"]),  # a stencil
        (lambda: gradient((V[2:] * V[1:-1] * V[:-2]).sum(), V), ["embed"] * 3),
        (lambda: (placed(V[:2], 5, 2) + V) + (placed(V[2:4], 0, 2) + sa.exp(V)), ["embed"] * 2),  # three numbers meet
        (lambda: (placed(V[:2], 5, 2) + V) + placed(V[2:4], 0, 2) + sa.exp(V), ["concatenate"]),
        (lambda: placed(V[:2], 5, 2) + placed(V[2:4], 0, 2) - V, ["concatenate"]),
        (lambda: sa.pad(V[:2], ((0, 5),), constant_values=-0.0) + placed(V[2:4], 2, 2), ["embed"] * 2),
    ],
)
def test_what_is_put_together(make: Callable[[], Tensor], left: list[str]) -> None:
    rng = np.random.default_rng(1)
    values = {
        X: rng.normal(size=(3, 5)),
        V: rng.normal(size=7),
        M: rng.normal(size=(3, 2, 2)),
        A: rng.normal(size=(9, 9)),
    }
    values[V][[0, 2]] = -0.0, 0.0
    assert sorted(stacked(make(), values)) == sorted(left)


def test_negative_zeros_become_what_they_are_in_a_sum() -> None:
    both = placed(V[:3], 0, 3) + placed(V[3:], 3, 4)
    value = np.array([-0.0, 0.0, 1.0, -0.0, np.inf, -2.0, -0.0])
    assert stacked(both, {V: value}) == ["concatenate"]
    found = sa.compile(both, [V])(value)
    assert not np.signbit(found[[0, 3, 6]]).any()


def test_gradients_by_columns_are_one_kernel() -> None:
    x = sa.placeholder(("n", 11))
    columns = [x[:, k] for k in range(11)]
    length = sa.sin(sa.sqrt(columns[0] ** 2 + columns[1] ** 2 + columns[2] ** 2))
    loss = sum(sa.sum(length * sa.cos(c)) for c in columns)
    assert len(computes(gradient(loss, x)).steps) == 1


def test_columns_of_wide_frames_are_computed_once() -> None:
    wide = sa.placeholder(("n", 40))
    plan = computes(gradient((sa.tanh(wide[:, 0]) * sa.exp(wide[:, 39])).sum() + sa.exp(wide).sum(), wide))
    assert all("tanh" not in step.label or "frame" not in step.label for step in plan.steps)
    assert len(plan.steps) == 2
