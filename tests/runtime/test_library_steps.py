"""Steps that call LAPACK, in runs: failures leave variables alone, loops and branches, threads, sizes that change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import config
from staticad.errors import LinAlgError
from staticad.reference import evaluate
from tests.harness.derivatives import check_gradients
from tests.harness.poison import poisoned_memory


def definite(rng: np.random.Generator, *shape: int) -> np.ndarray:
    a = rng.normal(size=(*shape, shape[-1]))
    return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])


def agree(outputs: list[Any], feeds: dict[Any, np.ndarray], rtol: float = 1e-9) -> None:
    """Compiled against the reference."""
    with poisoned_memory():
        found = sa.compile(outputs, list(feeds)).run(feeds)
    for one, other in zip(found, evaluate(outputs, feeds), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


def test_variables_keep_their_values_after_a_failure(rng: np.random.Generator) -> None:
    w, v = sa.variable(np.eye(3)), sa.variable(np.zeros(3))
    x = sa.placeholder((3, 3), "float64")
    session = sa.compile(w.sum(), [x], updates={w: sa.linalg.cholesky(x), v: v + 1})
    good = definite(rng, 3)
    session(good)
    np.testing.assert_allclose(w.value, np.linalg.cholesky(good))
    with pytest.raises(LinAlgError, match="not positive definite"):
        session(-good)
    np.testing.assert_allclose(w.value, np.linalg.cholesky(good))
    np.testing.assert_array_equal(v.value, 1)
    session(np.eye(3))
    np.testing.assert_array_equal(w.value, np.eye(3))
    np.testing.assert_array_equal(v.value, 2)


def test_the_first_failure_of_several_is_told(rng: np.random.Generator) -> None:
    x, i = sa.placeholder((2, 2), "float64"), sa.placeholder((), "int64")
    session = sa.compile([sa.linalg.cholesky(x), x[i]], [x, i])
    with pytest.raises(LinAlgError):
        session(-np.eye(2), np.array(0))
    with pytest.raises(sa.IndexOutOfBounds):
        session(np.eye(2), np.array(5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_do_not_depend_on_threads(dtype: str, rng: np.random.Generator) -> None:
    """Cut by batch, and by columns of a single right side."""
    x, b = sa.placeholder((None, None, None), dtype), sa.placeholder((None, None, None), dtype)
    factors = sa.linalg.cholesky(x)
    outputs = [
        factors, sa.linalg.solve(x, b), sa.linalg.slogdet(x).logabsdet,
        sa.linalg.solve_triangular(factors, b, lower=True), sa.gradients(sa.linalg.solve(x, b).sum(), x)[0],
    ]  # fmt: skip
    for count, n, k in ((200, 40, 8), (1, 200, 300)):
        feeds = definite(rng, count, n).astype(dtype), rng.normal(size=(count, n, k)).astype(dtype)
        results = []
        for threads in (1, 2, 3):
            with config.override(threads=threads):
                results.append(sa.compile(outputs, [x, b])(*feeds))
        for other in results[1:]:
            for one, two in zip(results[0], other, strict=True):
                np.testing.assert_array_equal(one, two)


def test_a_loop_that_solves_in_every_step(rng: np.random.Generator) -> None:
    x, b = sa.placeholder((4, 4), "float64"), sa.placeholder((4,), "float64")

    def step(i: sa.Tensor, state: sa.Tensor) -> sa.Tensor:
        return sa.tanh(sa.linalg.solve(x + i * sa.eye(4), state)) + b

    y = sa.fori_loop(0, 5, step, b)
    feeds = {x: rng.normal(size=(4, 4)) + 6 * np.eye(4), b: rng.normal(size=4)}
    agree([y, *sa.gradients(y.sum(), [x, b])], feeds)
    check_gradients(y, [x, b], feeds, order=2)


def test_a_scan_over_matrices(rng: np.random.Generator) -> None:
    xs = sa.placeholder((None, 3, 3), "float64")

    def step(state: sa.Tensor, x: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        factor = sa.linalg.cholesky(x @ x.T + sa.eye(3) + state @ state.T)
        return 0.5 * factor, sa.linalg.slogdet(factor).logabsdet

    last, logs = sa.scan(step, sa.constant(np.eye(3)), xs)
    y = last.sum() + (logs**2).sum()
    for count in (4, 1, 0, 7):
        feeds = {xs: rng.normal(size=(count, 3, 3))}
        agree([y, *sa.gradients(y, [xs])], feeds)
    check_gradients(y, xs, {xs: rng.normal(size=(2, 3, 3))}, order=2)


def test_a_branch_that_is_not_taken_does_not_fail(rng: np.random.Generator) -> None:
    p, x = sa.placeholder((), "bool"), sa.placeholder((3, 3), "float64")
    y = sa.cond(p, lambda m: sa.linalg.cholesky(m), lambda m: m * 2.0, x)
    (gradient,) = sa.gradients(y.sum(), x)
    session = sa.compile([y, gradient], [p, x])
    a = definite(rng, 3)
    np.testing.assert_allclose(session(np.array(True), a)[0], np.linalg.cholesky(a))
    np.testing.assert_allclose(session(np.array(False), -a)[0], -2 * a)
    with pytest.raises(LinAlgError, match=r"not positive definite.*test_library_steps"):
        session(np.array(True), -a)
    agree([y, gradient], {p: np.array(True), x: a})


def test_a_failure_ends_a_loop(rng: np.random.Generator) -> None:
    x = sa.placeholder((2, 2), "float64")
    count = sa.variable(np.zeros((), "int64"))

    def step(i: sa.Tensor, state: Any) -> Any:
        made, total = state
        return made + 1, total + sa.linalg.cholesky(x - i * sa.eye(2))

    made, total = sa.fori_loop(0, 1_000_000_000, step, (count * 1, sa.zeros((2, 2))))
    session = sa.compile(total, [x], updates={count: made})
    with pytest.raises(LinAlgError, match="leading minor of order 1"):
        session(3 * np.eye(2))
    assert count.value == 0


def test_a_while_loop_of_newton_steps(rng: np.random.Generator) -> None:
    a = definite(rng, 3)
    x = sa.placeholder((3, 3), "float64")

    def better(state: sa.Tensor) -> sa.Tensor:
        return 0.5 * (state + sa.linalg.solve(state, x))

    root = sa.while_loop(lambda s: sa.sum((s @ s - x) ** 2) > 1e-20, better, sa.eye(3))
    found = sa.compile(root)(a)
    np.testing.assert_allclose(found @ found, a, rtol=1e-8)
    agree([root, *sa.gradients(root.sum(), x)], {x: a}, rtol=1e-7)


def test_sizes_change_from_run_to_run(rng: np.random.Generator) -> None:
    x, b = sa.placeholder((None, None, None), "float64"), sa.placeholder((None, None, None), "float64")
    z = sa.linalg.solve(x, b)
    outputs = [z, *sa.gradients(z.sum() + sa.linalg.slogdet(x).logabsdet.sum(), [x, b])]
    session = sa.compile(outputs, [x, b])
    for count, n, k in ((3, 4, 2), (1, 1, 1), (0, 3, 2), (2, 0, 3), (2, 3, 0), (5, 20, 7), (3, 4, 2)):
        feeds = {x: rng.normal(size=(count, n, n)) + 5 * np.eye(n), b: rng.normal(size=(count, n, k))}
        for one, other in zip(session.run(feeds), evaluate(outputs, feeds), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_profiles_and_pictures_know_the_routines(rng: np.random.Generator) -> None:
    x = sa.placeholder((3, 3), "float64", name="x")
    session = sa.compile(sa.linalg.slogdet(x).logabsdet + sa.linalg.cholesky(x).sum(), [x])
    rows = session.profile({x: np.eye(3)}, repeat=2)
    assert {"cholesky", "lu_factor", "slogdet"} <= {row.label for row in rows}
    assert 'cholesky"' in session.to_dot("kernels") and "call_fortran" in session.source()
    assert "lu_factor" in session.to_dot("graph")
