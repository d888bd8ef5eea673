"""Matrix products: what becomes a library call on memory as it lies, what is copied first, what becomes loops."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.lower.fusion.operands import bits
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.routine import Routine
from tests.lower.checking import computes, stored
from tests.lower.planning import labels


def p(*shape: object, dtype: str = "float64") -> sa.Tensor:
    return sa.placeholder(shape, dtype)  # type: ignore[arg-type]


def test_a_plain_product_is_one_call() -> None:
    for dtype in ("float32", "float64"):
        x, w = p(None, "k", dtype=dtype), p("k", 3, dtype=dtype)
        feeds = {x: np.arange(20, dtype=dtype).reshape(5, 4), w: np.ones((4, 3), dtype)}
        plan = computes(x @ w, feeds=feeds)
        (step,) = plan.steps
        assert str(step.kernel) == f"gemm:{dtype}" and stored(plan) == []


@pytest.mark.parametrize(
    "product",
    [
        lambda x, y: x.T @ y,
        lambda x, y: x @ y.T,
        lambda x, y: (x.T @ y).T,
        lambda x, y: x[1:4].T @ y[:3],
        lambda x, y: x[:, 1:3] @ y[:, 2:].T,
        lambda x, y: x[::2] @ y.T,
        lambda x, y: x.detach() @ y.T,
        lambda x, y: x.reshape(-1, 2) @ y.reshape(2, -1),
        lambda x, y: sa.expand_dims(x, 0) @ y.T,
    ],
)
def test_views_are_multiplied_without_copies(product: object) -> None:
    x, y = p(5, 4), p(5, 4)
    plan = computes(product(x, y))  # type: ignore[operator]
    assert labels(plan) == ["matmul"] and stored(plan) == []


def test_equal_views_of_several_arrays_are_read_each_in_its_own_memory() -> None:
    x, y, z = p(5, 4), p(5, 4), p(5, 4)
    plan = computes([x.T @ y, y.T @ z, z.T @ x, x[1:].T @ y[1:], x[:4].T @ z[:4], sa.exp(x).T @ sa.sin(y)])
    products = [step for step in plan.steps if step.label == "matmul"]
    assert len(products) == 6 and len({step.arguments for step in products}) == 6


@pytest.mark.parametrize(
    "product", [lambda x, y: x[:, ::2] @ y[:, ::2].T, lambda x, y: x[::-1] @ y.T, lambda x, y: sa.flip(x, 1).T @ y]
)
def test_what_blas_cannot_read_is_copied_once(product: object) -> None:
    x, y = p(5, 4), p(5, 4)
    plan = computes(product(x, y))  # type: ignore[operator]
    assert labels(plan)[-1] == "matmul"
    assert set(labels(plan)[:-1]) == {"copy"}
    assert len(stored(plan)) == len(plan.steps) - 1


def test_few_rows_read_a_transposed_matrix_as_it_lies() -> None:
    x, w = p(3, None), p(None, "k")
    draw = np.random.default_rng(0).integers
    plan = computes(x @ w.T, feeds={x: draw(-4, 5, (3, 70)).astype(float), w: draw(-4, 5, (90, 70)).astype(float)})
    assert labels(plan) == ["matmul"] and isinstance(plan.steps[0].kernel, Kernel)


def test_two_products_of_one_copied_view_share_the_copy() -> None:
    x, v, w = p(5, 4), p(4, 3), p(4, 2)
    turned = x[::-1]
    plan = computes([turned @ v, turned @ w])
    assert labels(plan).count("copy") == 1


def test_the_gradients_of_a_product_are_products_of_transposes() -> None:
    x, w = p(None, 14), p(14, 13)
    seed = p(None, 13)
    plan = computes(sa.gradients(x @ w, [x, w], grad_ys=seed), 5)
    assert labels(plan) == ["matmul", "matmul"] and stored(plan) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 5, 4), (3, 4, 2)),
        ((3, 5, 4), (4, 2)),
        ((5, 4), (3, 4, 2)),
        ((2, 3, 5, 4), (2, 3, 4, 2)),
        ((2, 3, 5, 4), (4, 2)),
        ((2, 1, 5, 4), (1, 3, 4, 2)),
        ((2, 3, 5, 4), (3, 4, 2)),
        ((2, 3, 5, 4), (2, 1, 4, 2)),
    ],
)
def test_batches(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    plan = computes(p(*a) @ p(*b))
    assert labels(plan)[-1] == "matmul" and labels(plan).count("matmul") == 1


def test_batches_with_one_stride_are_read_in_place() -> None:
    assert labels(computes(p(3, 5, 4) @ p(3, 4, 2))) == ["matmul"]
    assert labels(computes(p(3, 5, 4) @ p(4, 2))) == ["matmul"]
    assert labels(computes(p("n", 5, 4) @ sa.swapaxes(p("n", 2, 4), 1, 2))) == ["matmul"]


@pytest.mark.parametrize(
    ("a", "b"), [((5, 4), (4,)), ((4,), (4, 5)), ((1, 4), (4, 5)), ((5, 4), (4, 1)), ((5, 1), (1, 4)), ((4,), (4,))]
)
def test_products_with_a_side_of_1_are_loops(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    plan = computes(sa.exp(p(*a)) @ p(*b) + 1.0)
    assert not any(isinstance(s.kernel, Routine) for s in plan.steps)
    if 1 not in a:  # one kernel takes the function, the sum and what follows
        assert len(plan.steps) <= 2


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_products_of_integers_and_truth_values_are_loops(dtype: str) -> None:
    x, w = p(5, 4, dtype=dtype), p(4, 3, dtype=dtype)
    plan = computes(x @ w)
    assert len(plan.steps) == 1 and not isinstance(plan.steps[0].kernel, Routine)


@pytest.mark.parametrize("sizes", [(0, 4, 3), (5, 0, 3), (5, 4, 0), (0, 0, 0)])
def test_empty_products(sizes: tuple[int, int, int]) -> None:
    m, k, n = sizes
    computes(p("m", "k") @ p("k", "n"), [m, k, n])
    computes(p(m, k) @ p(k, n) + 1.0)
    computes(p("m", "k").T @ p("m", "n"), [m, k, n])


def test_products_of_one_shape_are_fetched_in_another() -> None:
    x, w = p(6, 4), p(4, 3)
    product = x @ w
    computes([product.reshape(3, 6), product, product.T, sa.expand_dims(product, 0)])


def test_bits_of_numbers() -> None:
    for dtype, integer in (("float32", np.uint32), ("float64", np.uint64)):
        kind = np.dtype(dtype)
        for number in (0.0, 1.0, -2.5):
            assert np.array([bits(number, kind)], integer).view(kind)[0] == number


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("n", 3, 3), ("n", 3, 3)),
        (("n", 2, 4), ("n", 4, 3)),
        (("n", 4, 4), (4, 2)),
        ((3, 3), ("n", 3, 2)),
        (("n", 3), (3, 4)),
        ((2, "n", 3), (3, 3)),
        ((70, 2), (2, 2)),
    ],
)
def test_products_of_many_tiny_matrices_are_loops(left: tuple[int | str, ...], right: tuple[int | str, ...]) -> None:
    a, b = sa.placeholder(left), sa.placeholder(right)
    plan = computes(sa.exp(a) @ b + 1)
    assert all(isinstance(step.kernel, Kernel) and "matmul" not in step.label for step in plan.steps)


def test_few_rows_and_long_ones_are_products() -> None:
    for left, right in (((3, 3), (3, 3)), (("n", 3), (3, 5)), (("n", 5), (5, 3)), (("n", 20, 3), ("n", 3, 3))):
        assert "mul" not in " ".join(labels(computes(sa.placeholder(left) @ sa.placeholder(right)))).split()


def test_windows_that_overlap_are_copied() -> None:
    """Their copy has rows as long as a size that is not known to be more than -1."""
    windows = sa.sliding_window_view(sa.placeholder(("n",)), 2)
    computes(windows @ windows.T)
