"""Small matrix products as kernels: when, with which operands, in loops; all against the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.codegen.source import render
from staticad.ir.dims import Size, symbol
from staticad.lower.emission.products import is_narrow
from staticad.lower.index.strided import Matrix
from staticad.lower.kernel.language import Kernel
from staticad.lower.kernel.plan import LoopCall, Plan, Step
from staticad.lower.kernel.routine import FEW_ROWS, FEW_TERMS, Routine
from tests.lower.checking import computes, stored
from tests.lower.planning import labels, plan_for


def p(*shape: object, dtype: str = "float64") -> sa.Tensor:
    return sa.placeholder(shape, dtype)  # type: ignore[arg-type]


def product_kernels(plan: Plan) -> list[str]:
    """The source of kernels with products."""
    texts = [render(step.kernel) for step in plan.steps if isinstance(step.kernel, Kernel)]
    return [text for text in texts if "matrix_product" in text]


def library_calls(plan: Plan) -> list[Step]:
    return [step for step in plan.steps if isinstance(step.kernel, Routine)]


N = symbol("n")
MATRIX = Matrix(p(2, 2), 0, False, 2, 0)
TURNED = Matrix(p(2, 2), 0, True, 2, 0)


@pytest.mark.parametrize(
    ("m", "n", "k", "outside", "in_loop"),
    [
        (N, 64, 64, True, True),  # a batch of any size times a matrix
        (N, 64, 256, True, True),
        (5000, 128, 128, True, True),
        (N, 512, 784, False, False),
        (32, 64, 64, True, True),
        (256, 256, 256, True, True),
        (256, 256, 257, False, False),
        (64, N, 64, True, True),
        (64, 64, N, True, True),  # a gradient by a matrix
        (784, 64, N, False, False),
        (N, 64, N, False, False),
        (N, N, N, False, False),
        (32, 10, 32, False, True),  # the last lanes of a vector are masked
        (3, 2, 4, False, True),
        (400, 2, 400, False, False),
        (N, 10, 48, False, True),
        (N, 10, 64, False, False),
        (4, 700, 800, True, True),
        (4, 1000, 800, False, False),  # the right factor does not stay in a cache
        (4, 64, 100_000, True, True),  # its rows follow one another
    ],
)
def test_which_products_are_narrow(m: Size, n: Size, k: Size, outside: bool, in_loop: bool) -> None:
    assert is_narrow(MATRIX, MATRIX, m, n, k, in_loop=False) is outside
    assert is_narrow(MATRIX, MATRIX, m, n, k, in_loop=True) is in_loop


@pytest.mark.parametrize(
    ("m", "n", "k", "outside", "in_loop"),
    [
        (N, 64, 64, True, True),
        (32, 64, 64, True, True),
        (8, 32, 32, False, True),  # turning the right factor takes longer than the product
        (4, 32, 32, False, True),
        (4, 256, 48, False, False),
    ],
)
def test_a_right_factor_is_turned_for_many_rows(m: Size, n: Size, k: Size, outside: bool, in_loop: bool) -> None:
    assert is_narrow(MATRIX, TURNED, m, n, k, in_loop=False) is outside
    assert is_narrow(MATRIX, TURNED, m, n, k, in_loop=True) is in_loop


@pytest.mark.parametrize(("m", "expected"), [(2, True), (FEW_ROWS, True), (FEW_ROWS + 1, False)])
def test_few_rows_times_a_transposed_matrix_are_a_kernel(m: int, expected: bool) -> None:
    for n, k in ((N, 2000), (30_000, N), (30_000, 2000)):
        assert is_narrow(MATRIX, TURNED, m, n, k, in_loop=False) is expected
        assert not is_narrow(TURNED, TURNED, m, n, k, in_loop=False)  # rows of the left factor are not contiguous


@pytest.mark.parametrize(
    "product",
    [
        lambda x, w: x @ w,
        lambda x, w: x[1:4] @ w,
        lambda x, w: x[:, :4] @ w[:4],
        lambda x, w: x[:3, 2:].T @ sa.concatenate([w, w])[:3],
        lambda x, w: x @ w[::-1],
        lambda x, w: (x * 2) @ w + 1.0,
        lambda x, w: x @ w.reshape(16, 6).T,
        lambda x, w: w.T @ x.T,
        lambda x, w: x.detach() @ w,
    ],
)
def test_kernels_read_views_as_blas_does(product: Callable[[sa.Tensor, sa.Tensor], sa.Tensor]) -> None:
    for dtype in ("float32", "float64"):
        x, w = p("n", 6, dtype=dtype), p(6, 16, dtype=dtype)
        feeds = {x: np.arange(30, dtype=dtype).reshape(5, 6), w: np.arange(96, dtype=dtype).reshape(6, 16)}
        plan = computes(product(x, w), feeds=feeds)
        assert len(product_kernels(plan)) == 1 and not library_calls(plan)


def test_a_product_stands_alone_with_its_operands() -> None:
    plan = computes(p("n", 6) @ p(6, 16), 5)
    assert labels(plan) == ["matmul"] and stored(plan) == []


@pytest.mark.parametrize("sizes", [(0, 3), (1, 3), (5, 0)])
def test_sizes_that_are_0_or_1_in_a_run(sizes: tuple[int, int]) -> None:
    x, y = p("n", 6), p("n", 16)
    plan = computes([x @ p(6, 16), x.T @ y], sizes)
    assert len(product_kernels(plan)) == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_few_rows_have_the_same_bits_with_free_and_with_fixed_sizes(dtype: str, rng: np.random.Generator) -> None:
    """A call of the library finds out in each run that rows are few; views, stacks and added products too."""
    depth, columns = FEW_TERMS + 7, 300
    w = rng.normal(size=(columns, depth)).astype(dtype)
    free = [p(None, "k", dtype=dtype), p("n", "k", dtype=dtype)]
    stacked = [p("s", None, "k", dtype=dtype), p("s", "n", "k", dtype=dtype)]
    sum_ = sa.variable(np.zeros((FEW_ROWS, columns), dtype))
    by_size = sa.compile([free[0] @ free[1].T], inputs=free)
    by_stack = sa.compile([stacked[0] @ sa.swapaxes(stacked[1], 1, 2)], inputs=stacked)
    added = sa.compile([], inputs=free, updates={sum_: sum_ + 0.5 * (free[0] @ free[1].T)})
    for rows in (0, 1, 2, 5, FEW_ROWS, FEW_ROWS + 1, 40):
        x = rng.normal(size=(rows, depth)).astype(dtype)
        (result,) = by_size(x, w)
        exact = x.astype(float) @ w.T.astype(float)
        np.testing.assert_allclose(result, exact, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)
        (stack,) = by_stack(np.stack([x, x]), np.stack([w, w]))
        np.testing.assert_array_equal(stack, [result, result])
        if rows in (5, FEW_ROWS):
            fixed = [p(rows, depth, dtype=dtype), p(columns, depth, dtype=dtype)]
            np.testing.assert_array_equal(sa.compile([fixed[0] @ fixed[1].T], inputs=fixed)(x, w)[0], result)
        if rows == FEW_ROWS:
            added(x, w)
            np.testing.assert_allclose(sum_.value, 0.5 * result, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_do_not_depend_on_threads(dtype: str, rng: np.random.Generator) -> None:
    """Around the places where they are cut: few rows, many rows, wide ones, of transposes, slices and stacks."""
    x, w = p(None, "k", dtype=dtype), p("n", "k", dtype=dtype)
    stack = p(3, None, "k", dtype=dtype)
    outputs = [x @ w.T, w @ x.T, x[::2] @ w[1:].T, x.T @ x, stack @ w.T, x @ x.T]
    for m, n, k in ((0, 9, 5), (FEW_ROWS, 2001, 300), (FEW_ROWS + 1, 2001, 300), (767, 769, 64), (768, 768, 65)):
        feeds = [rng.normal(size=shape).astype(dtype) for shape in ((m, k), (n, k), (3, min(m, 20), k))]
        results = []
        for threads in (1, 2, 4, 8):
            with config.override(threads=threads):
                results.append(sa.compile(outputs, inputs=[x, w, stack])(*feeds))
        for other in results[1:]:
            for one, two in zip(results[0], other, strict=True):
                np.testing.assert_array_equal(one, two)


def test_batches_of_products() -> None:
    for a, b in (
        (p(3, "m", 6), p(3, 6, 16)),
        (p("b", "m", 6), p(6, 16)),
        (p(6), p("b", 6, 16)),
        (p("b", "m", 6), p("b", 6, 16)),
        (sa.swapaxes(p("b", 6, "m"), 1, 2), p("b", 6, 16)),
        (p(2, 3, "m", 6), p(2, 1, 6, 16)),
    ):
        plan = computes(a @ b, (3, 5))
        assert not library_calls(plan)


@pytest.mark.parametrize("n", [0, 1, 5, 70])
def test_products_with_a_long_right_factor_are_cut_along_its_columns(n: int) -> None:
    for b in (p(6, "n"), p("n", 6).T, p(9, "n")[2:8, :]):
        plan = computes(p(16, 6) @ b, n)
        (kernel,) = product_kernels(plan)
        assert "hi - lo" in kernel and "lo *" in kernel and plan.steps[0].extent == b.shape[1]


def test_a_product_is_added_to_its_variable() -> None:
    w = sa.variable(np.random.default_rng(0).normal(size=(6, 16)))
    x, y = p("n", 6), p("n", 16)
    for rate in (1.0, -0.1):
        plan = computes([], 5, updates={w: w + rate * (x.T @ y)})
        assert [s.label for s in plan.commit] == ["matmul"] and not plan.compute
        assert "matrix_product_add" in product_kernels(plan)[0]


def scanned(width: int) -> list[sa.Tensor]:
    """The last state of a recurrence, and its gradients."""
    h, w, xs = p("batch", width), p(width, width), p(3, "batch", width)
    last, _ = sa.scan(lambda h, x: (sa.tanh(h @ w + x), None), h, xs)
    return [last, *sa.gradients(sa.sum(last * last), [h, xs, w])]


def test_a_recurrent_step_is_one_kernel_in_both_directions() -> None:
    plan = plan_for(scanned(16))
    assert [("for t in" in text) for text in product_kernels(plan)] == [True, True, False]
    assert all(isinstance(step.kernel, Kernel) for step in plan.steps)


def test_wide_products_stay_calls_in_loops() -> None:
    plan = plan_for(scanned(200))
    calls = [step.kernel for step in plan.steps if isinstance(step.kernel, LoopCall)]
    assert len(calls) == 2
    assert all(any(str(step.kernel) == "gemm:float64" for step in call.plan.steps) for call in calls)


def test_the_longer_side_is_shared_out() -> None:
    for m, n, extent in [(16, 100, 100), (40, 32, 40), (20, 79, 20)]:
        assert computes(p(m, 6) @ p(6, n)).steps[0].extent == extent
