"""Forms of one computation become the same products; values are small integers, so that sums are exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import Tensor, sort_nodes
from staticad.ops.contract import MATMUL
from staticad.reference import evaluate
from staticad.rewrite.pipeline import optimize

X, W, V = sa.placeholder(("n", 20)), sa.placeholder((30, 20)), sa.placeholder((20, 40))
STACK, MEANS = sa.placeholder((3, 16, 20)), sa.placeholder((3, 20))
DRAW = np.random.default_rng(0)
FEEDS = {
    x: DRAW.integers(-4, 5, [n if isinstance(n, int) else 7 for n in x.shape]).astype(float)
    for x in (X, W, V, STACK, MEANS)
}
Build = Callable[[], Tensor]


def products(tensors: list[Tensor]) -> list[tuple[object, ...]]:
    return [tuple(t.shape for t in node.inputs) for node in sort_nodes(tensors) if node.op is MATMUL]


def check(build: Build, *inputs: Tensor) -> list[Tensor]:
    """The value and the gradients, after rewriting has kept them."""
    tensor = build()
    tensors = [tensor, *sa.gradients(sa.square(tensor).sum(), list(inputs))]
    new = optimize(tensors)
    for before, after in zip(evaluate(tensors, FEEDS), evaluate(new, FEEDS), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-13)
        assert after.shape == before.shape
    return new


N = X.shape[0]
ROWS = ((N, 20), (20, 30))
SPLIT = ((N, 20), (20, 48))


@pytest.mark.parametrize(
    ("build", "inputs", "product"),
    [
        (lambda: X @ W.T, (X, W), ROWS),
        (lambda: (W @ X.T).T, (X, W), ROWS),
        (lambda: (W @ X[..., None])[..., 0], (X, W), ROWS),
        (lambda: (X[:, None] @ W.T)[:, 0], (X, W), ROWS),
        (lambda: sa.einsum("ij,nj->ni", W, X), (X, W), ROWS),
        (lambda: sa.einsum("nj,ij->ni", X, W), (X, W), ROWS),
        (lambda: (X[:, None, :] * W).sum(-1), (X, W), ROWS),
        (lambda: (X[:, :, None] * W.T).sum(1), (X, W), ROWS),
        (lambda: sa.tensordot(W, X, ((1,), (1,))).T, (X, W), ROWS),
        (lambda: sa.einsum("nj,kij->nki", X, STACK), (X, STACK), SPLIT),
        (lambda: sa.einsum("kij,nj->nki", STACK, X), (X, STACK), SPLIT),
        (lambda: (STACK @ X[:, None, :, None])[..., 0], (X, STACK), SPLIT),
        (lambda: sa.tensordot(STACK, X, ((2,), (1,))).transpose((2, 0, 1)), (X, STACK), SPLIT),
    ],
)
def test_forms_of_one_computation(build: Build, inputs: tuple[Tensor, ...], product: tuple[object, ...]) -> None:
    """Nothing but that product, and one for each gradient."""
    new = check(build, *inputs)
    assert products(new[:1]) == [product] and len(products(new)) == 3
    assert not any(node.op.name == "sum" for node in sort_nodes(new))


@pytest.mark.parametrize("order", ["kij,nkj->nki", "nkj,kij->nki"])
def test_what_a_product_reads_is_stored_in_its_order(order: str) -> None:
    """The differences of a mixture, which are its points for one component after the other."""
    factors = (STACK, X[:, None] - MEANS) if order.startswith("kij") else (X[:, None] - MEANS, STACK)
    new = check(lambda: sa.einsum(order, *factors), X, MEANS, STACK)
    differences = {node.types[0].shape for node in sort_nodes(new) if node.op.name == "sub"}
    assert differences == {(3, N, 20)} and products(new[:1]) == [((3, N, 20), (3, 20, 16))]


def test_sums_over_stacks_of_vectors() -> None:
    new = check(lambda: (STACK @ X[:, None, :, None]).sum(1)[..., 0], X, STACK)
    assert all(len(left) == 2 for left, _ in products(new))


@pytest.mark.parametrize(
    "build",
    [
        lambda: sa.einsum("tbi,tbj->ij", STACK, STACK * 2),
        lambda: (STACK[..., None] * (STACK * 2)[:, :, None]).sum((0, 1)),
        lambda: (sa.swapaxes(STACK, 1, 2) @ (STACK * 2)).sum(0),
    ],
)
def test_sums_over_several_axes_are_read_as_they_lie(build: Build) -> None:
    """Both factors are reshaped, and the left one is read transposed."""
    (new,) = check(build)
    left, right = new.inputs
    assert left.op.name == "transpose" and left.inputs[0].op.name == right.op.name == "reshape"


@pytest.mark.parametrize(
    "build",
    [
        lambda: (X[:, None, :3] * W[:, :3]).sum(-1),  # short sums
        lambda: (X[:, :, None] * W.T[:, :3]).sum(1),  # few columns
        lambda: (W[:5, :5] @ X[:, :5, None])[..., 0],
        lambda: (X[:, None, :] * W).sum((0, 2)),  # nothing is left of one factor
        lambda: (X * MEANS[0]).sum(1),
        lambda: (X.astype("int64")[:, None, :] * W.astype("int64")).sum(-1),
    ],
)
def test_what_is_no_large_product_stays_a_sum(build: Build) -> None:
    """It is computed where it is read."""
    (new,) = optimize([build()])
    assert not any(1 not in (left[-2], right[-1]) for left, right in products([new]))
