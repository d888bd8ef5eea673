"""Loops whose steps multiply matrices become one kernel, and compute what the unrolled graph computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from tests.harness.derivatives import check_gradients

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
Weights = list[sa.Tensor]


def rnn(h: sa.Tensor, x: sa.Tensor, weights: Weights) -> sa.Tensor:
    wx, wh, b = weights
    return sa.tanh(x @ wx + h @ wh + b)


def gru(h: sa.Tensor, x: sa.Tensor, weights: Weights) -> sa.Tensor:
    wz, uz, wn, un = weights
    z = sa.sigmoid(x @ wz + h @ uz)
    return (1.0 - z) * h + z * sa.tanh(x @ wn + (z * h) @ un)


def tied(h: sa.Tensor, x: sa.Tensor, weights: Weights) -> sa.Tensor:
    wx, wh = weights
    return sa.tanh((h @ wh) @ wh.T + x @ wx)


CELLS: dict[str, tuple[Callable[[sa.Tensor, sa.Tensor, Weights], sa.Tensor], Callable[[int, int], list[tuple]]]] = {
    "rnn": (rnn, lambda n, h: [(n, h), (h, h), (h,)]),
    "gru": (gru, lambda n, h: [(n, h), (h, h), (n, h), (h, h)]),
    "tied": (tied, lambda n, h: [(n, h), (h, h)]),
}


def values(shapes: list[tuple[int, ...]], dtype: str) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(map(sum, shapes)))
    return [(rng.normal(size=shape) * 0.3).astype(dtype) for shape in shapes]


def loops_of_calls(session: sa.Session) -> bool:
    """True if a loop calls its steps one by one."""
    return "\n# loop\n" in f"\n{session.source()}" or "# loop (" in session.source()


@pytest.mark.parametrize(
    ("batch", "n", "hidden", "dtype"), [(1, 3, 5, "float64"), (7, 20, 33, "float32"), (32, 32, 64, "float32")]
)
@pytest.mark.parametrize("cell", CELLS)
def test_cells_equal_the_unrolled_graph(cell: str, batch: int, n: int, hidden: int, dtype: str) -> None:
    step, shapes = CELLS[cell]
    steps = 3
    xs = sa.placeholder((None, None, n), dtype)
    start = sa.placeholder((None, hidden), dtype)
    weights = [sa.placeholder(shape, dtype) for shape in shapes(n, hidden)]
    last, states = sa.scan(lambda h, x: ((new := step(h, x, weights)), new), start, xs)
    loss = sa.sum(states * states) + sa.sum(last)
    scanned = sa.compile([loss, *sa.gradients(loss, [start, xs, *weights])], inputs=[start, xs, *weights])
    assert not loops_of_calls(scanned)

    rows = sa.placeholder((steps, batch, n), dtype)
    first = sa.placeholder((batch, hidden), dtype)
    h, total = first, sa.constant(np.zeros((), dtype))
    for t in range(steps):
        h = step(h, rows[t], weights)
        total = total + sa.sum(h * h)
    total = total + sa.sum(h)
    unrolled = sa.compile([total, *sa.gradients(total, [first, rows, *weights])], inputs=[first, rows, *weights])

    given = values([(batch, hidden), (steps, batch, n), *shapes(n, hidden)], dtype)
    for result, want in zip(scanned(*given), unrolled(*given), strict=True):
        scale = TOLERANCE[dtype] * (1 + np.abs(want).max())
        np.testing.assert_allclose(result, want, rtol=0, atol=scale)


def test_one_session_takes_any_batch() -> None:
    xs, w = sa.placeholder((None, None, 6)), sa.placeholder((6, 6))
    start = sa.zeros((xs.shape[1], 6))
    last, _ = sa.scan(lambda h, x: (sa.tanh(h @ w + x), None), start, xs)
    session = sa.compile(last, inputs=[xs, w])
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, 6))
    for steps, batch in [(3, 4), (0, 5), (2, 0), (1, 1), (5, 300)]:
        rows = rng.normal(size=(steps, batch, 6))
        h = np.zeros((batch, 6))
        for row in rows:
            h = np.tanh(h @ matrix + row)
        np.testing.assert_allclose(session(rows, matrix), h, rtol=1e-12, atol=1e-12)


def test_products_in_a_while_loop() -> None:
    """Power iteration until the direction stays."""
    a, v = sa.placeholder((None, 5)), sa.placeholder((5, 2))

    def step(state: tuple[sa.Tensor, sa.Tensor]) -> tuple[sa.Tensor, sa.Tensor]:
        v, _ = state
        new = a.T @ (a @ v)
        new = new / sa.sqrt(sa.sum(new * new, axis=0, keepdims=True))
        return new, sa.max(sa.abs(new - v))

    found, _ = sa.while_loop(lambda s: s[1] > 1e-12, step, (v, sa.constant(1.0)))
    rng = np.random.default_rng(0)
    matrix, start = rng.normal(size=(9, 5)), rng.normal(size=(5, 2))
    result = sa.compile(found, inputs=[a, v])(matrix, start)
    want = np.linalg.svd(matrix)[2][0]
    np.testing.assert_allclose(np.abs(result.T @ want), [1, 1], rtol=1e-10)


def test_a_carry_takes_products_that_are_added_to_it() -> None:
    xs, ys = sa.placeholder((None, None, 4)), sa.placeholder((None, None, 18))
    total, _ = sa.scan(lambda c, r: (c - 0.5 * (r[0].T @ r[1]), None), sa.zeros((4, 18)), (xs, ys))
    session = sa.compile(total, inputs=[xs, ys])
    assert "matrix_product_add" in session.source()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 3, 18))
    np.testing.assert_allclose(session(x, y), -0.5 * np.einsum("tbi,tbj->ij", x, y), rtol=1e-12)


def test_batches_of_products_in_a_loop() -> None:
    q, k = sa.placeholder((None, 6, 4)), sa.placeholder((None, 4, 6))

    def step(i: sa.Tensor, x: sa.Tensor) -> sa.Tensor:
        return sa.nn.softmax(x @ k, axis=-1) @ sa.swapaxes(k, 1, 2) + x

    last = sa.fori_loop(0, 3, step, q)
    loss = sa.sum(last * last)
    session = sa.compile([last, *sa.gradients(loss, [q, k])], inputs=[q, k])
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(3, 6, 4)), rng.normal(size=(3, 4, 6)) * 0.3]
    x = given[0]
    for _ in range(3):
        e = np.exp(x @ given[1])
        x = e / e.sum(-1, keepdims=True) @ np.swapaxes(given[1], 1, 2) + x
    np.testing.assert_allclose(session(*given)[0], x, rtol=1e-11)
    check_gradients(loss, [q, k], dict(zip([q, k], given, strict=True)))


def test_loops_of_products_in_a_loop() -> None:
    x, w = sa.placeholder((3, 5)), sa.placeholder((5, 5))

    def outer(i: sa.Tensor, u: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(0, 2, lambda j, u: sa.tanh(u @ w), u) + x

    last = sa.fori_loop(0, 3, outer, x)
    session = sa.compile([last, *sa.gradients(sa.sum(last), [x, w])], inputs=[x, w])
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(3, 5)), rng.normal(size=(5, 5)) * 0.5]
    u = given[0]
    for _ in range(3):
        u = np.tanh(np.tanh(u @ given[1]) @ given[1]) + given[0]
    np.testing.assert_allclose(session(*given)[0], u, rtol=1e-12)
    check_gradients(sa.sum(last), [x, w], dict(zip([x, w], given, strict=True)))


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    xs, w = sa.placeholder((None, None, 64), "float32"), sa.placeholder((64, 64), "float32")
    last, _ = sa.scan(lambda h, x: (sa.tanh(h @ w + x), None), sa.zeros((xs.shape[1], 64), "float32"), xs)
    loss = sa.sum(last * last)
    given = values([(20, 300, 64), (64, 64)], "float32")
    results = []
    for threads in (1, 2, 3):
        with sa.config.override(threads=threads):
            session = sa.compile([loss, *sa.gradients(loss, [xs, w])], inputs=[xs, w])
            results.append([value.tobytes() for value in session(*given)])
    assert results[0] == results[1] == results[2]
