"""cond, switch, while_loop, fori_loop and scan: values, nests, captured tensors, and errors that name both lines."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from tests.control.running import run

Pair = namedtuple("Pair", "left right")
HERE = __file__.rpartition("/")[2]


@pytest.fixture
def x() -> sa.Tensor:
    return sa.placeholder((), name="x")


@pytest.fixture
def n() -> sa.Tensor:
    return sa.placeholder((), "int64", name="n")


def test_cond_takes_the_branch_of_the_run(x: sa.Tensor) -> None:
    y = sa.cond(x > 0, lambda a: a * 2, lambda a: -a, x)
    assert run([y], {x: 3.0}) == [6]
    assert run([y], {x: -3.0}) == [3]


def test_only_the_branch_taken_runs(x: sa.Tensor, n: sa.Tensor) -> None:
    """The other one would read outside its array."""
    v = sa.placeholder((3,), name="v")
    y = sa.cond(n < 3, lambda: v[n], lambda: x)
    assert run([y], {n: 5, v: np.arange(3.0), x: 9.0}) == [9]
    assert run([y], {n: 2, v: np.arange(3.0), x: 9.0}) == [2]
    with pytest.raises(sa.IndexOutOfBounds):
        sa.compile(sa.cond(n > 3, lambda: v[n], lambda: x), inputs=[n, v, x])(5, np.arange(3.0), 9.0)


def test_branches_return_nests_and_capture_tensors(x: sa.Tensor) -> None:
    outer = x * 10
    chosen = sa.cond(
        x > 0,
        lambda a: {"pair": Pair(a + outer, a.astype("int64")), "none": None},
        lambda a: {"pair": Pair(outer, sa.constant(7)), "none": None},
        x,
    )
    assert isinstance(chosen["pair"], Pair) and chosen["none"] is None
    assert run(chosen["pair"], {x: 2.5}) == [27.5, 2]
    assert run(chosen["pair"], {x: -2.5}) == [-25, 7]


def test_a_branch_may_return_what_it_is_given_or_a_constant(x: sa.Tensor) -> None:
    y = sa.cond(x > 0, lambda: x, lambda: 0.0)
    assert [run([y], {x: value})[0] for value in (2.0, -2.0)] == [2, 0]


def test_switch_clamps_its_index(x: sa.Tensor) -> None:
    index = sa.placeholder((), "int32", name="index")
    y = sa.switch(index, [lambda a: a, lambda a: a * 10, lambda a: a * 100], x)
    found = [float(run([y], {index: i, x: 3.0})[0]) for i in (-5, 0, 1, 2, 9)]
    assert found == [3, 3, 30, 300, 300]


def test_nested_conds(x: sa.Tensor) -> None:
    def inner(a: sa.Tensor) -> sa.Tensor:
        return sa.cond(a > 10, lambda: a * x, lambda: a + x)

    y = sa.cond(x > 0, inner, lambda a: sa.cond(a < -10, lambda: a, lambda: inner(a * a)), x)
    for value, expected in ((20.0, 400.0), (2.0, 4.0), (-20.0, -20.0), (-3.0, 6.0), (-4.0, -64.0)):
        assert run([y], {x: value}) == [expected]


def test_while_counts_with_integers_and_bools(n: sa.Tensor) -> None:
    """The length of Collatz sequences; whether an even number occurred."""

    def step(s: dict[str, sa.Tensor]) -> dict[str, sa.Tensor]:
        even = s["n"] % 2 == 0
        return {
            "n": sa.where(even, s["n"] // 2, 3 * s["n"] + 1),
            "count": s["count"] + 1,
            "even": s["even"] | even,
        }

    last = sa.while_loop(lambda s: s["n"] != 1, step, {"n": n, "count": sa.constant(0), "even": sa.constant(False)})
    assert run([last["count"], last["even"]], {n: 27}) == [111, True]
    assert run([last["count"], last["even"]], {n: 1}) == [0, False]


def test_a_loop_without_steps_leaves_its_state(x: sa.Tensor, n: sa.Tensor) -> None:
    values = sa.placeholder((None,), name="values")
    by_while = sa.while_loop(lambda s: s > 1e9, lambda s: s * 0, x)
    by_fori = sa.fori_loop(5, n, lambda i, s: s * 0, x)
    last, ys = sa.scan(lambda s, v: (s * 0, s + v), x, values)
    found = run([by_while, by_fori, last, ys], {x: 4.0, n: 3, values: np.zeros(0)})
    assert found[:3] == [4, 4, 4] and found[3].shape == (0,)


def test_fori_with_sizes_and_with_tensors(x: sa.Tensor, n: sa.Tensor) -> None:
    rows = sa.placeholder((None, 2), name="rows")

    def step(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return s * x + i

    bounds = ((2, 6), (1, rows.shape[0]), (n, n + 3))
    known, by_size, by_tensor = (sa.fori_loop(lo, hi, step, sa.constant(1.0)) for lo, hi in bounds)
    expected = []
    for lo, hi in ((2, 6), (1, 5), (-2, 1)):
        s = 1.0
        for i in range(lo, hi):
            s = s * 0.5 + i
        expected.append(s)
    found = run([known, by_size, by_tensor], {x: 0.5, rows: np.zeros((5, 2)), n: -2})
    np.testing.assert_allclose(found, expected)


def test_scan_stacks_results_in_the_order_of_the_sequences() -> None:
    xs, weights = sa.placeholder((None, 2), name="xs"), sa.placeholder(("k",), "int64", name="weights")

    def step(s: Pair, item: dict[str, sa.Tensor]) -> tuple[Pair, tuple[sa.Tensor, Any]]:
        total = s.left + item["x"] * item["w"]
        return Pair(total, s.right + 1), (total, {"count": s.right})

    values = np.arange(6.0).reshape(3, 2)
    feeds = {xs: values, weights: np.array([1, 10, 100])}
    for reverse in (False, True):
        start = Pair(sa.zeros((2,)), sa.constant(0))
        last, (totals, more) = sa.scan(step, start, {"x": xs, "w": weights}, reverse=reverse)
        found = run([last.left, last.right, totals, more["count"]], feeds)
        parts = values * feeds[weights][:, None]
        sums = np.cumsum(parts[::-1], axis=0)[::-1] if reverse else np.cumsum(parts, axis=0)
        np.testing.assert_array_equal(found[2], sums)
        np.testing.assert_array_equal(found[0], sums[0 if reverse else -1])
        np.testing.assert_array_equal(found[3], [2, 1, 0] if reverse else [0, 1, 2])
        assert found[1] == 3


def test_scan_without_sequences_and_without_a_state(x: sa.Tensor) -> None:
    last, powers = sa.scan(lambda s, _: (s * x, s), sa.constant(1.0), length=5)
    none, squares = sa.scan(lambda s, v: (s, v * v), None, powers)
    found = run([last, powers, squares], {x: 2.0})
    assert none is None
    assert found[0] == 32
    np.testing.assert_array_equal(found[1], [1, 2, 4, 8, 16])
    np.testing.assert_array_equal(found[2], [1, 4, 16, 64, 256])


def test_carries_that_nothing_uses(x: sa.Tensor) -> None:
    last = sa.while_loop(
        lambda s: s[0] < 10,
        lambda s: (s[0] + x, s[1], s[3], s[2], s[4] + 1),
        (x, sa.ones((3,)), sa.constant(1.0), sa.constant(2.0), sa.constant(0)),
    )
    assert run([last[0], last[2]], {x: 3.0}) == [12, 2.0]
    np.testing.assert_array_equal(run([last[1]], {x: 3.0})[0], np.ones(3))


def test_nested_scans_convolve() -> None:
    """An outer scan over rows, an inner one over columns that captures the outer state and slice."""
    a = sa.placeholder(("n", "m"), name="a")

    def row(state: sa.Tensor, line: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        last, ys = sa.scan(lambda s, v: (s * 0.5 + v * state, s + line[0]), state, line)
        return last, ys

    last, ys = sa.scan(row, sa.constant(1.0), a)
    value = np.arange(1.0, 7.0).reshape(2, 3)
    state, expected = 1.0, np.zeros((2, 3))
    for i, line in enumerate(value):
        s = state
        for j, v in enumerate(line):
            expected[i, j] = s + line[0]
            s = s * 0.5 + v * state
        state = s
    found = run([last, ys], {a: value})
    np.testing.assert_allclose(found[0], state)
    np.testing.assert_allclose(found[1], expected)


def test_a_cond_in_a_scan_and_a_loop_in_a_cond(x: sa.Tensor) -> None:
    xs = sa.placeholder((None,), name="xs")

    def step(s: sa.Tensor, v: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        def halve() -> sa.Tensor:
            return sa.while_loop(lambda a: a > x, lambda a: a / 2, v)

        following = s + sa.cond(v > 0, halve, lambda: -v)
        return following, following

    value = np.array([10.0, -3.0, 0.5, 100.0])
    _, ys = sa.scan(step, sa.constant(0.0), xs)
    total, expected = 0.0, []
    for v in value:
        while v > 3.0:
            v /= 2
        total += abs(v)
        expected.append(total)
    np.testing.assert_allclose(run([ys], {xs: value, x: 3.0})[0], expected)


def test_divergent_trip_counts_as_in_the_mandelbrot_set() -> None:
    """Each point of a row leaves its own loop; the counts differ from 0 to the bound."""
    points = sa.placeholder((None, 2), name="points")

    def escape(_: None, c: sa.Tensor) -> tuple[None, sa.Tensor]:
        def step(s: tuple[sa.Tensor, ...]) -> tuple[sa.Tensor, ...]:
            re, im, count = s
            return re * re - im * im + c[0], 2 * re * im + c[1], count + 1

        start = (sa.constant(0.0), sa.constant(0.0), sa.constant(0))
        return None, sa.while_loop(lambda s: (s[0] ** 2 + s[1] ** 2 <= 4) & (s[2] < 50), step, start)[2]

    _, counts = sa.scan(escape, None, points)
    grid = np.stack(np.meshgrid(np.linspace(-2, 1, 7), np.linspace(-1, 1, 5)), axis=-1).reshape(-1, 2)
    expected = []
    for re, im in grid:
        z, count = 0j, 0
        while abs(z) <= 2 and count < 50:
            z, count = z * z + complex(re, im), count + 1
        expected.append(count)
    (found,) = run([counts], {points: grid})
    np.testing.assert_array_equal(found, expected)
    assert {1, 50} < set(expected)


def test_what_does_not_change_is_computed_once_outside(x: sa.Tensor) -> None:
    y = sa.while_loop(lambda s: s < 100, lambda s: s + sa.exp(x), x)
    (loop,) = [node for node in sort_nodes([y]) if node.op.name == "loop"]
    assert "exp" in {t.op.name for t in loop.inputs}


def test_float32_states_and_numbers(n: sa.Tensor) -> None:
    x = sa.placeholder((), "float32", name="x")
    y = sa.fori_loop(0, n, lambda i, s: s * 0.5 + 1, x)
    z = sa.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, 0.25), (sa.constant(0), x))
    found = run([y, z[1]], {x: 8.0, n: 2})
    assert found == [3.5, 0.25] and found[0].dtype == np.float32


ERRORS: list[tuple[type[Exception], str, Callable[[sa.Tensor], Any]]] = [
    (sa.DTypeError, "bool scalar", lambda x: sa.cond(x, lambda: x, lambda: x)),
    (sa.DTypeError, "reduce", lambda x: sa.cond(sa.ones((2,)) > x, lambda: x, lambda: x)),
    (sa.GraphError, "different nests", lambda x: sa.cond(x > 0, lambda: (x, x), lambda: x)),
    (sa.DTypeError, "astype", lambda x: sa.cond(x > 0, lambda: x, lambda: x.astype("float32"))),
    (sa.ShapeError, "shape", lambda x: sa.cond(x > 0, lambda: sa.zeros((2,)), lambda: sa.zeros((3,)))),
    (sa.GraphError, "at least one", lambda x: sa.switch(0, [])),
    (sa.DTypeError, "integer scalar", lambda x: sa.switch(x, [lambda: x])),
    (sa.DTypeError, "integer scalar", lambda x: sa.switch(sa.zeros((2,), "int64"), [lambda: x])),
    (sa.DTypeError, "bool scalar", lambda x: sa.while_loop(lambda s: s, lambda s: s, x)),
    (sa.DTypeError, "float64 at first", lambda x: sa.while_loop(lambda s: s < 1, lambda s: s.astype("float32"), x)),
    (sa.DTypeError, "int64 at first", lambda x: sa.while_loop(lambda s: s < 1, lambda s: 0.5, sa.constant(0))),
    (sa.ShapeError, "changes its shape", lambda x: sa.while_loop(lambda s: x < 1, lambda s: sa.stack([s, s]), x)),
    (sa.GraphError, "changes its form", lambda x: sa.while_loop(lambda s: x < 1, lambda s: (s, s), x)),
    (sa.ShapeError, "integer scalars", lambda x: sa.fori_loop(0, sa.zeros((2,), "int64"), lambda i, s: s, x)),
    (sa.GraphError, "needs length", lambda x: sa.scan(lambda s, _: (s, s), x)),
    (sa.GraphError, "returns .state, y.", lambda x: sa.scan(lambda s, _: s, x, length=3)),
    (sa.ShapeError, "no axis", lambda x: sa.scan(lambda s, v: (s, v), x, x)),
    (sa.ShapeError, "3 slices, not 2", lambda x: sa.scan(lambda s, v: (s, v), x, (sa.zeros((2,)), sa.zeros((3,))))),
    (sa.ShapeError, "changes its shape", lambda x: sa.scan(lambda s, v: (sa.stack([s, v]), v), x, sa.zeros((2,)))),
]


@pytest.mark.parametrize(("error", "text", "build"), ERRORS, ids=[f"{i}-{e[1]}" for i, e in enumerate(ERRORS)])
def test_errors(x: sa.Tensor, error: type[Exception], text: str, build: Callable[[sa.Tensor], Any]) -> None:
    with pytest.raises(error, match=text):
        build(x)


def test_errors_name_both_lines(x: sa.Tensor) -> None:
    start = x * 2
    with pytest.raises(sa.DTypeError) as caught:
        sa.while_loop(
            lambda s: s < 1,
            lambda s: (s + 1).astype("float32"),
            start,
        )
    first = start.where.line
    assert f"{HERE}:{first})" in str(caught.value) and f"{HERE}:{first + 4})" in str(caught.value)


def test_nodes_in_bodies_know_their_lines(x: sa.Tensor) -> None:
    y = sa.while_loop(
        lambda s: s < 1,
        lambda s: sa.exp(s),
        x,
    )
    (loop,) = [node for node in sort_nodes([y]) if node.op.name == "loop"]
    (exp,) = [node for node in sort_nodes(loop.attrs["body"].outputs) if node.op.name == "exp"]
    assert exp.where.file == __file__ and exp.where.line == loop.where.line + 2


def test_a_failing_body_names_its_line_at_run_time(n: sa.Tensor) -> None:
    v = sa.placeholder((3,), name="v")
    total = sa.fori_loop(0, n, lambda i, s: s + v[i], sa.constant(0.0))
    session = sa.compile(total, inputs=[n, v])
    assert session(3, np.ones(3)) == 3
    with pytest.raises(sa.IndexOutOfBounds, match=HERE):
        session(4, np.ones(3))
    assert session(2, np.ones(3)) == 2


def test_a_value_that_leaves_its_body_is_an_error(x: sa.Tensor) -> None:
    kept: list[sa.Tensor] = []

    def body(s: sa.Tensor) -> sa.Tensor:
        kept.append(s * 2)
        return s + 1

    y = sa.while_loop(lambda s: s < 3, body, x)
    (inside,) = kept
    elsewhere = sa.while_loop(lambda s: s < inside, lambda s: s + inside, x)
    for outside in (inside, y + inside, elsewhere):
        with pytest.raises(sa.GraphError, match=rf"{HERE}:\d+.* is used outside of it"):
            sa.compile(outside, inputs=[x])
        with pytest.raises(sa.GraphError, match="is used outside of it"):
            sa.evaluate(outside, {x: 1.0})
