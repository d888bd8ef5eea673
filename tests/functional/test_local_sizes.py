"""Counters and numbers as bounds of slices and lengths of loops, inside of loops and branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, GraphError, ShapeError
from staticad.ir.graph import Tensor
from staticad.reference import evaluate
from tests.lower.interpreter import interpret
from tests.lower.planning import plan_for

Program = Callable[[Any, Any], Any]  # of a library (numpy or staticad) and the array
N = 5


def prefixes(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s + x[:i].sum() * x[i], 0.0)


def suffixes(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s + (x[i + 1 :] ** 2).sum() * x[i] + x[i:].prod(), 0.0)


def from_the_end(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s + x[-i:].sum() * 1.5 + x[: -i - 1].sum() * x[i], 0.0)


def between(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s + (x[i // 2 : 2 * i] * x[i // 2 : 2 * i]).sum() * x[i], 0.0)


def stepped(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s * x[i::2].sum() + x[i::-1].sum() - x[:i:-2].sum(), 1.0)


def reduced(xp: Any, x: Any) -> Any:
    return loop(xp, x.shape[0], lambda i, s: s + x[: i + 1].max() * x[i:].mean() + xp.exp(x[:i]).sum(), 0.0)


def products(xp: Any, x: Any) -> Any:
    a = xp.outer(x, x) + xp.sin(x)

    def step(i: Any, s: Any) -> Any:
        return s + (a[i:, :i] @ x[:i]).sum() + (a[:i].T @ a[:i] * a).sum() + x[:i] @ a[:i, i]

    return loop(xp, x.shape[0], step, 0.0)


def broadcast(xp: Any, x: Any) -> Any:
    def step(i: Any, s: Any) -> Any:
        return s + ((x[: i + 1] - x[: i + 1].mean() / 2)[:, None] * x[None, i:]).sum() * s

    return loop(xp, x.shape[0], step, 1.0)


def written(xp: Any, x: Any) -> Any:
    def step(i: Any, a: Any) -> Any:
        a = put(a, (i, slice(None, i)), x[:i] * a[i, i])
        return add(a, (slice(i + 1, None), i), a[i, i + 1 :] * x[i])

    return loop(xp, x.shape[0], step, xp.outer(x, x))


def cholesky(xp: Any, x: Any) -> Any:
    a = xp.outer(x, x) + 3.0 * xp.eye(N)

    def row(i: Any, b: Any) -> Any:
        def column(j: Any, b: Any) -> Any:
            return put(b, (i, j), (a[i, j] - b[i, :j] @ b[j, :j]) / b[j, j])

        b = loop(xp, i, column, b)
        return put(b, (i, i), xp.sqrt(a[i, i] - (b[i, :i] ** 2).sum()))

    return loop(xp, N, row, xp.zeros((N, N)))


def elimination(xp: Any, x: Any) -> Any:
    """LU factors in place, then a triangular solve."""

    def eliminate(k: Any, a: Any) -> Any:
        a = put(a, (slice(k + 1, None), k), a[k + 1 :, k] / a[k, k])
        return add(a, (slice(k + 1, None), slice(k + 1, None)), -a[k + 1 :, k, None] * a[None, k, k + 1 :])

    a = loop(xp, N, eliminate, xp.outer(x, x) + 3.0 * xp.eye(N))
    return loop(xp, N, lambda i, y: put(y, i, x[i] - (a[i, :i] * y[:i]).sum()), xp.zeros(N))


def triangle_of_loops(xp: Any, x: Any) -> Any:
    def outer(i: Any, s: Any) -> Any:
        def inner(j: Any, t: Any) -> Any:
            return t * x[j] + x[j:i].sum()

        return s + loop(xp, i + 1, inner, x[i])

    return loop(xp, x.shape[0], outer, 0.0)


def loop(xp: Any, count: Any, step: Callable[[Any, Any], Any], state: Any) -> Any:
    if xp is sa:
        return sa.fori_loop(0, count, step, sa.asarray(state))
    for i in range(count):
        state = step(i, state)
    return state


def put(array: Any, key: Any, value: Any) -> Any:
    if isinstance(array, Tensor):
        return array.at[key].set(value)
    array = array.copy()
    array[key] = value
    return array


def add(array: Any, key: Any, value: Any) -> Any:
    return array.at[key].add(value) if isinstance(array, Tensor) else put(array, key, array[key] + value)


PROGRAMS: list[Program] = [
    prefixes, suffixes, from_the_end, between, stepped, reduced, products, broadcast, written, cholesky, elimination,
    triangle_of_loops,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_programs_and_their_derivatives(program: Program, rng: np.random.Generator) -> None:
    x = sa.placeholder((N,) if program in (cholesky, elimination) else (None,), name="x")
    v = sa.placeholder((N,) if program in (cholesky, elimination) else x.shape, name="v")
    y = program(sa, x)
    weights = sa.cos(sa.arange(N * N).astype("float64"))[: 1 if y.ndim == 0 else N**y.ndim].reshape(
        () if y.ndim == 0 else (N,) * y.ndim
    )
    loss = (y * weights).sum()
    (gradient,) = sa.gradients(loss, [x])
    (tangent,) = sa.jvp([loss], [x], [v])
    (second,) = sa.gradients((gradient * v).sum(), [x])
    session = sa.compile([y, loss, gradient, tangent, second], [x, v])
    data, direction = rng.uniform(0.5, 1.5, N), rng.normal(size=N)
    value, total, slope, along, curvature = session(data, direction)
    np.testing.assert_allclose(value, program(np, data), rtol=1e-12)
    for got, expected in zip(
        (value, total, slope, along, curvature),
        sa.evaluate([y, loss, gradient, tangent, second], {x: data, v: direction}),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(along, slope @ direction, rtol=1e-9)
    small = 1e-5
    ahead, behind = (session(data + sign * small * direction, direction) for sign in (1, -1))
    np.testing.assert_allclose((ahead[1] - behind[1]) / (2 * small), along, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose((ahead[2] - behind[2]) / (2 * small), curvature, rtol=1e-5, atol=1e-5)


def test_rows_of_a_sparse_matrix(rng: np.random.Generator) -> None:
    """Bounds that are data: they are clipped to the axis, as NumPy does it."""
    values, starts = sa.placeholder((None,), name="values"), sa.placeholder((None,), "int64", name="starts")
    rows = starts.shape[0] - 1
    sums = sa.fori_loop(0, rows, lambda i, s: s.at[i].set(values[starts[i] : starts[i + 1]].sum()), sa.zeros((rows,)))
    session = sa.compile([sums, *sa.gradients((sums**2).sum(), [values])], [values, starts])
    data = rng.normal(size=6)
    for places in ([0, 2, 2, 6], [0, 9, 3, -2], [-9, 4, -1, 5]):
        expected = np.array([data[a:b].sum() for a, b in zip(places, places[1:])])
        found, slope = session(data, np.array(places))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
        by_hand = np.zeros(6)
        for a, b, s in zip(places, places[1:], expected):
            by_hand[a:b] += 2 * s
        np.testing.assert_allclose(slope, by_hand, rtol=1e-12, atol=1e-14)


def test_a_bound_is_one_size_wherever_it_is_computed(rng: np.random.Generator) -> None:
    """``starts[i + 1]`` in two places: parts with the same bounds have equal sizes."""

    @sa.function
    def times(values: Any, columns: Any, starts: Any, x: Any) -> Any:
        y = np.empty(starts.shape[0] - 1)
        for i in range(starts.shape[0] - 1):
            y[i] = values[starts[i] : starts[i + 1]] @ x[columns[starts[i] : starts[i + 1]]]
        return y

    values, columns = sa.placeholder(("k",)), sa.placeholder(("k",), "int64")
    starts, x = sa.placeholder(("n",), "int64"), sa.placeholder(("m",))
    y = times(values, columns, starts, x)
    session = sa.compile([y, *sa.gradients(y.sum(), [values, x])], [values, columns, starts, x])
    matrix = rng.normal(size=(3, 4)) * np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]])
    rows, places = matrix.nonzero()
    begins = np.searchsorted(rows, np.arange(4))
    vector = rng.normal(size=4)
    found, by_values, by_x = session(matrix[rows, places], places, begins, vector)
    np.testing.assert_allclose(found, matrix @ vector, rtol=1e-12)
    np.testing.assert_allclose(by_values, vector[places], rtol=1e-12)
    np.testing.assert_allclose(by_x, matrix.sum(axis=0), rtol=1e-12)


def test_in_branches_and_while_loops(rng: np.random.Generator) -> None:
    x = sa.placeholder((None,), name="x")

    def step(state: Any) -> Any:
        k, total = state
        half = sa.cond(k > 2, lambda: x[:k].sum(), lambda: (x[k:] ** 2).sum())
        return k + 1, total * 0.5 + half

    _, y = sa.while_loop(lambda s: s[0] < x.shape[0], step, (sa.asarray(0), sa.asarray(0.0)))
    session = sa.compile([y, *sa.gradients(y, [x])], [x])
    data = rng.normal(size=6)

    def by_hand(a: np.ndarray) -> float:
        total = 0.0
        for k in range(6):
            total = total * 0.5 + (a[:k].sum() if k > 2 else (a[k:] ** 2).sum())
        return total

    value, slope = session(data)
    np.testing.assert_allclose(value, by_hand(data), rtol=1e-12)
    units = 1e-6 * np.eye(6)
    np.testing.assert_allclose(slope, [(by_hand(data + u) - by_hand(data - u)) / 2e-6 for u in units], rtol=1e-6)


def test_a_function_written_in_python(rng: np.random.Generator) -> None:
    @sa.function
    def insertion(x: Any) -> Any:
        for i in range(1, x.shape[0]):
            for j in range(i):
                x[i] = x[i] - x[j] * x[j:i].sum()
        return x

    x = sa.placeholder(("n",), name="x")
    session = sa.compile([insertion(x)], [x])
    data = rng.normal(size=5)
    expected = data.copy()
    for i in range(1, 5):
        for j in range(i):
            expected[i] = expected[i] - expected[j] * expected[j:i].sum()
    np.testing.assert_allclose(session(data)[0], expected, rtol=1e-12)


def test_what_only_a_step_knows_is_no_result() -> None:
    x = sa.placeholder((None,), name="x")
    with pytest.raises(ShapeError, match="the size .* of .*slice.* may be another one each time"):
        sa.scan(lambda s, i: (s, x[:i]), sa.asarray(0.0), sa.arange(x.shape[0]))
    p, k = sa.placeholder((), "bool"), sa.placeholder((), "int64")
    with pytest.raises(ShapeError, match="may be another one each time"):
        sa.cond(p, lambda: x[:k], lambda: x[:k])


def test_what_is_kept_from_a_step_is_refused() -> None:
    x = sa.placeholder((None,), name="x")
    kept: list[Tensor] = []

    def step(i: Any, s: Any) -> Any:
        kept.append(x[:i].sum())
        return s + kept[-1]

    y = sa.fori_loop(0, 3, step, 0.0)
    with pytest.raises(GraphError, match="was kept in a list"):
        sa.compile([y + kept[0]], [x])


def test_an_extreme_of_what_may_be_nothing_is_refused() -> None:
    x = sa.placeholder((4,), name="x")
    with pytest.raises(ShapeError, match="changes from step to step, and may be less"):
        sa.compile([sa.fori_loop(0, 4, lambda i, s: s + x[:i].max(), 0.0)], [x])


def test_a_part_whose_start_may_count_from_the_end_has_a_gradient(rng: np.random.Generator) -> None:
    """The record of a part has the largest size that it can have, which is no simple bound of it."""

    def program(a: Any) -> Any:
        for j in range(len(a) - 2):
            a[j - 1 : len(a) - 1, 1] = a[2, j - 1 : len(a) - 1] * np.sin(a[j + 1, j - 1 : len(a) - 1])
        return a

    a, data, along = sa.placeholder(("n", "n")), rng.uniform(0.3, 1.0, (5, 5)), rng.normal(size=(5, 5))
    y = sa.function(program)(a)
    outputs = [y, *sa.gradients((y * y).sum(), [a]), *sa.jvp([(y * y).sum()], [a], [along])]
    value, gradient, tangent = interpret(plan_for(outputs, inputs=[a]), {a: data})[0]
    np.testing.assert_allclose(value, program(data.copy()), rtol=1e-13)
    np.testing.assert_allclose((gradient * along).sum(), tangent, rtol=1e-12)


@pytest.mark.parametrize(
    "routine",
    [
        lambda a, i: sa.linalg.cholesky(a[:i, :i]),
        lambda a, i: sa.sort(a[:i, 0]),
        lambda a, i: sa.fft.fft(a[0, :i]).real,
        lambda a, i: sa.nn.max_pool1d(a[None, :2, : i + 2], 2),
    ],
    ids=["cholesky", "sort", "fft", "max_pool1d"],
)
def test_routines_refuse_parts_whose_size_changes(routine: Callable[[Tensor, Tensor], Tensor]) -> None:
    """The error names the op, the line, and two ways out; the second one is right."""
    a = sa.placeholder((4, 4), name="a")
    y = sa.fori_loop(1, 3, lambda i, s: s + routine(a, i).sum(), 0.0)
    with pytest.raises(
        ShapeError, match=r"(?s)at .*test_local_sizes.*size changes from step to step.*sa.where"
    ) as info:
        sa.compile([y], [a])
    assert "loop over Python's numbers" in str(info.value)


def test_parts_are_rolled(rng: np.random.Generator) -> None:
    def program(x: Any) -> Any:
        for i in range(len(x) + 1):
            x[:i] = np.roll(x[:i], 2) * 0.5
            x[i:] = np.roll(x[i:], -1)
        return x

    x, data, along = sa.placeholder(("n",)), rng.normal(size=5), rng.normal(size=5)
    y = sa.function(program)(x)
    outputs = [y, *sa.gradients((y * y).sum(), [x]), *sa.jvp([(y * y).sum()], [x], [along])]
    value, gradient, tangent = interpret(plan_for(outputs, inputs=[x]), {x: data})[0]
    np.testing.assert_allclose(value, program(data.copy()), rtol=1e-13)
    np.testing.assert_allclose((gradient * along).sum(), tangent, rtol=1e-12)


@pytest.mark.parametrize("make", [sa.zeros, sa.eye, sa.arange, lambda i: sa.linspace(0.0, 1.0, i)])
def test_counters_are_sizes_of_arrays(make: Callable[[Any], Tensor]) -> None:
    x = sa.placeholder((4,))
    y = sa.fori_loop(1, 5, lambda i, s: s + make(i).sum() + make(x[:i].shape[0]).sum(), 0.0)
    expected = sum(2 * evaluate(make(i).sum())[0] for i in range(1, 5))
    assert interpret(plan_for(y, inputs=[x]), {x: np.zeros(4)})[0][0] == pytest.approx(expected)
    with pytest.raises(ShapeError, match=r"size.* such as x\[:i\].shape\[0\] for a counter i"):
        sa.fori_loop(1, 5, lambda i, s: s + make(x.sum().astype("int64")).sum(), 0.0)


def test_a_size_that_may_be_negative_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"the size i@\d+ - 1 may be negative; max\(.*, 0\) is not .*local_sizes"):
        sa.fori_loop(0, 5, lambda i, s: s + sa.zeros(i - 1).sum(), 0.0)
    y = sa.fori_loop(0, 5, lambda i, s: s + sa.ones(sa.maximum(i - 1, 0)).sum(), 0.0)
    assert sa.evaluate(y)[0] == 0 + 0 + 1 + 2 + 3


def test_what_lies_outside_of_a_part_may_be_filled(rng: np.random.Generator) -> None:
    x, data = sa.placeholder((4,), name="x"), rng.normal(size=4)
    y = sa.fori_loop(1, 5, lambda i, s: s + sa.sort(sa.where(sa.arange(4) < i, x, np.inf))[0], 0.0)
    assert sa.evaluate(y, {x: data}) == pytest.approx(sum(data[:i].min() for i in range(1, 5)))


def test_outside_of_loops_numbers_are_no_bounds() -> None:
    x, k = sa.placeholder((None,)), sa.placeholder((), "int64")
    with pytest.raises(DTypeError, match="inside of loops and branches integer scalars"):
        x[:k]
