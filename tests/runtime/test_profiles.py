"""Profiles: rows of kernels, of the bodies of loops and branches, and how often they ran."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import staticad as sa
from staticad.lower.kernel.plan import LoopCall
from staticad.runtime.profile_table import Profile, Row


def line_of(tensor: sa.Tensor) -> str:
    return f"{__file__}:{tensor.where.line}"


def loops(profile: Profile) -> list[Row]:
    return [row for row in profile if row.iterations is not None]


def test_a_profile_names_kernels_lines_times_and_calls() -> None:
    x, w = sa.placeholder((None, 30), name="x"), sa.variable(np.eye(30), name="w")
    hidden = sa.tanh(x @ w)
    loss = (hidden**2).sum()
    (slope,) = sa.gradients(loss, w)
    session = sa.compile(loss, [x], updates={w: w - 0.1 * slope})
    array = np.random.default_rng(0).normal(size=(200, 30))
    before = session(array), w.value
    profile = session.profile({x: array}, repeat=5)
    assert [row.label for row in profile] == [s.label for s in session._plan.steps]
    assert all(row.calls == 5 and row.seconds > 0 for row in profile)
    assert any(line_of(hidden) in row.lines for row in profile)
    assert any(line_of(loss) in row.lines for row in profile)
    assert profile.seconds == pytest.approx(sum(row.seconds for row in profile))
    np.testing.assert_array_equal(w.value, before[1])
    assert session(array) != before[0]


def test_a_profile_leaves_the_session_as_it_was() -> None:
    x = sa.placeholder((None,), name="x")
    session = sa.compile(sa.exp(x), [x])
    first = session.profile({"x": np.ones(1000)}, repeat=3)
    seconds = first[0].seconds
    session(np.ones(1000))
    assert first[0].seconds == seconds
    assert len(session._bindings) == 1
    assert session.profile({"x": np.ones(7)}, repeat=1)[0].calls == 1


def test_a_profile_prints_as_a_table_by_line_with_the_slowest_first() -> None:
    rows = [
        Row("fast", ("a.py:1",), 1e-6, 2, key="k0"),
        Row("slow", tuple(f"b.py:{k}" for k in range(6)), 2e-6, 2, key="k1", code="y = x + 1"),
        Row("slower", ("a.py:1",), 5e-6, 2, key="k2", runs=(4e-6, 0.5e-6, 0.5e-6), operations=1000, bytes=8000),
    ]
    lines = str(Profile(rows)).splitlines()
    assert lines[0].split() == ["share", "median", "µs", "min", "µs", "calls", "GFLOP/s", "GB/s", "kernel"]
    assert lines[1] == " 57.1%  b.py:0  y = x + 1"
    assert lines[2].split() == ["57.1%", "2.00", "2.00", "2", "k1", "slow"]
    assert lines[3].strip() == "also b.py:1, b.py:2, b.py:3, b.py:4 and 1 more lines"
    assert lines[4] == " 42.9%  a.py:1"
    assert [line.split()[-1] for line in lines[5:]] == ["fast", "slower"]
    assert lines[6].split()[:6] == ["14.3%", "0.50", "0.50", "2", "1.33", "10.7"]
    assert len(str(Profile()).splitlines()) == 1


def test_rows_tell_shapes_operations_and_the_keys_of_kernels() -> None:
    x, w = sa.placeholder((None, 30), name="x"), sa.variable(np.eye(30), name="w")
    with sa.name_scope("layer"):
        hidden = sa.tanh(x @ w + 1.0)
    session = sa.compile(hidden, [x], updates={w: w * 0.5})
    profile = session.profile({x: np.ones((200, 30))}, repeat=3)
    product, chain, update = profile
    assert (product.reads, product.writes) == (("float64[200,30]", "float64[30,30]"), ("float64[200,30]",))
    assert product.operations == 2 * 200 * 30 * 30 and product.bytes == 8 * (200 * 30 * 2 + 30 * 30)
    assert chain.operations == 2 * 200 * 30 and update.operations == 30 * 30
    assert product.gflops == pytest.approx(1e-9 * 2 * 200 * 30 * 30 / product.median)
    assert product.gigabytes == pytest.approx(1e-9 * product.bytes / product.median)
    assert product.minimum == min(product.runs) <= product.median and len(product.runs) == 3
    assert sum(product.runs) == pytest.approx(product.seconds) and len(profile.runs) == 3
    assert product.group == "forward layer" and product.code == "hidden = sa.tanh(x @ w + 1.0)"
    assert sum(line.share for line in profile.by_line()) == pytest.approx(1.0)
    assert [line.line for line in profile.by_line()].count(line_of(hidden)) == 1
    for row in profile:
        assert f"({row.key})" in session.source() and f"\n    {row.key} [" in session.to_dot("kernels")


def test_profiles_as_data_and_html() -> None:
    x = sa.placeholder((None,), name="x")
    profile = sa.compile(sa.exp(x), [x]).profile({"x": np.ones(1000)}, repeat=3)
    (row,) = profile.as_dicts()
    assert (row["label"], row["calls"], row["share"], row["key"]) == ("exp", 3, 1.0, "k0")
    assert row["line"] == profile[0].lines[0] and row["median"] > 0 and row["gflops"] > 0
    assert json.loads(json.dumps(row))["writes"] == ["float64[1000]"]
    shown = ElementTree.fromstring(f"<div>{profile._repr_html_()}</div>")
    assert "k0 exp (forward)" in "".join(shown.itertext()) and "median of 3 runs" in "".join(shown.itertext())


def test_no_row_is_without_lines() -> None:
    x, y, n = (
        sa.placeholder((None, 4), name="x"),
        sa.placeholder((3, 4), name="y"),
        sa.placeholder((), "int64", name="n"),
    )
    w, v = sa.variable(np.eye(4), name="w"), sa.variable(np.eye(4) * 2, name="v")
    outputs = [
        sa.concatenate([x, x * 2, sa.exp(x)], axis=0),
        sa.pad(y, 1),
        y.at[1:2].set(0.0),
        sa.roll(x, 1, axis=0),
        sa.linalg.solve(w, y.T),
        sa.scan(lambda c, r: (sa.tanh(c @ w), c), y[:1], x),
        sa.fori_loop(0, n, lambda i, s: sa.cond(i % 2 > 0, lambda: sa.tanh(s @ W), lambda: s), sa.zeros((64, 300))),
    ]
    session = sa.compile(outputs, [x, y, n], updates={w: v, v: w})
    profile = session.profile({x: np.ones((5, 4)), y: np.ones((3, 4)), n: 4}, repeat=1)
    assert all(row.lines and all(__file__ in line for line in row.lines) for row in profile)
    keys = [row.key for row in profile]
    assert len(set(keys)) == len(keys) and all(group.line for group in profile.by_line())
    drawn = session.to_dot("kernels", limit=None)
    for row in profile:
        assert row.label.startswith("branch") or f"{row.key} [" in drawn


def test_a_profile_that_fails_keeps_variables() -> None:
    w, index = sa.variable(np.ones(3)), sa.placeholder((), "int64")
    session = sa.compile(w[index], [index], updates={w: w + 1.0})
    with pytest.raises(sa.IndexOutOfBounds):
        session.profile({index: 3})
    np.testing.assert_array_equal(w.value, np.ones(3))
    session.profile({index: 2}, repeat=2)
    np.testing.assert_array_equal(w.value, np.ones(3))


@pytest.mark.parametrize("repeat", [0, -1, 1.5, "3"])
def test_how_often_a_profile_repeats(repeat: Any) -> None:
    session = sa.compile(sa.constant(1.0) + 1.0)
    with pytest.raises(sa.GraphError, match="at least 1") as caught:
        session.profile(repeat=repeat)
    assert __file__ in str(caught.value)


# ---- loops and branches ----------------------------------------------------------------------------------------------

X = sa.placeholder((None,), name="x")
W = sa.variable(np.eye(300) * 0.5, name="w")
N = sa.placeholder((), "int64", name="n")


def test_a_scan_in_one_kernel_counts_its_steps() -> None:
    _, sums = sa.scan(lambda total, x: (total + x, total + x), sa.constant(0.0), X)
    session = sa.compile(sums, [X])
    for length in (50, 0):
        (row,) = loops(session.profile({X: np.ones(length)}, repeat=2))
        assert (row.calls, row.iterations, row.inside) == (2, 2 * length, (2 * length,))


def test_a_while_loop_in_one_kernel_counts_its_steps() -> None:
    y = sa.while_loop(lambda s: s < 100.0, lambda s: s * 2, X.sum())
    session = sa.compile(y, [X])
    for value, steps in ((1.0, 7), (99.0, 1), (100.0, 0)):
        (row,) = loops(session.profile({X: [value]}, repeat=3))
        assert row.iterations == 3 * steps


def test_loops_in_loops_of_one_kernel_count_all_their_steps() -> None:
    def inner(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return sa.fori_loop(0, i - 2, lambda j, t: t + 1.0 / (t + j), s)

    y = sa.fori_loop(0, N, inner, sa.constant(1.0))
    (row,) = loops(sa.compile(y, [N]).profile({N: 10}, repeat=2))
    assert row.inside == (20, 2 * sum(range(8))) and row.iterations == 20


def test_a_loop_that_checks_indices_counts() -> None:
    y = sa.fori_loop(0, N, lambda i, s: s + X[i] * X[i // 2], sa.constant(0.0))
    session = sa.compile(y, [X, N])
    (row,) = loops(session.profile({X: np.ones(6), N: 6}, repeat=1))
    assert row.iterations == 6
    with pytest.raises(sa.IndexOutOfBounds, match="index 3 "):
        session.profile({X: np.ones(3), N: 6})


def test_loops_that_call_their_kernels_are_followed_by_their_bodies() -> None:
    def step(s: sa.Tensor) -> sa.Tensor:
        return sa.tanh(s @ W) + 1.0

    start = sa.zeros((64, 300)) + X.sum()
    y = sa.fori_loop(0, N, lambda i, s: sa.fori_loop(0, i, lambda j, t: step(t), s), start)
    session = sa.compile(y, [X, N])
    assert any(isinstance(s.kernel, LoopCall) for s in session._plan.steps)
    profile = session.profile({X: np.ones(3), N: 5}, repeat=4)
    outer, inner = loops(profile)
    assert (outer.calls, outer.iterations, outer.depth) == (4, 20, 0)
    assert (inner.calls, inner.iterations, inner.depth) == (20, 40, 1)
    (product,) = [row for row in profile if row.label == "matmul"]
    assert (product.calls, product.depth) == (40, 2)
    assert product.lines == (f"{__file__}:{step.__code__.co_firstlineno + 1}",)
    assert 0 < product.seconds < inner.seconds < outer.seconds < profile.seconds
    assert profile.seconds == sum(row.seconds for row in profile if row.depth == 0)


def test_branches_tell_how_often_they_were_taken() -> None:
    def step(i: sa.Tensor, s: sa.Tensor) -> sa.Tensor:
        return sa.switch(i % 4, [lambda: sa.tanh(s @ W), lambda: s + 1.0, lambda: s * 2.0])

    y = sa.fori_loop(0, N, step, sa.zeros((64, 300)) + X.sum())
    profile = sa.compile(y, [X, N]).profile({X: np.ones(3), N: 9}, repeat=2)
    taken = {row.label: row.calls for row in profile if row.label.startswith("branch")}
    assert taken == {"branch 0": 6, "branch 1": 4, "branch 2": 8}  # an index that is too large counts as the last
    (product,) = [row for row in profile if row.label == "matmul"]
    (block,) = [row for row in profile if row.label == "branch 0"]
    assert (product.calls, product.depth, block.depth) == (6, 3, 2)
    assert product.seconds <= block.seconds


def test_a_branch_that_is_not_taken_has_no_calls() -> None:
    y = sa.cond(X.sum() > 0, lambda: sa.exp(X).sum(), lambda: X[0])
    profile = sa.compile(y, [X]).profile({X: np.ones(3)}, repeat=2)
    assert sorted(row.calls for row in profile if row.label.startswith("branch")) == [0, 2]
    assert "branch 0" in str(profile)


def test_bodies_are_printed_under_their_loops_the_slowest_first() -> None:
    rows = [
        Row("quick", (), 1e-6, 1),
        Row("loop", ("a.py:3",), 4e-6, 2, 1000),
        Row("small", (), 1e-6, 2000, None, 1),
        Row("large", (), 2e-6, 2000, None, 1),
        Row("kernel", (), 2e-6, 2, 8, 0, (8, 24)),
    ]
    lines = [line.rstrip() for line in str(Profile(rows)).splitlines()]
    names = [line.split()[-1] for line in lines if "%" in line and not line.endswith((" line", ":3"))]
    assert names == ["loop", "large", "small", "kernel", "quick"]
    (loop,) = [k for k, line in enumerate(lines) if line.endswith("loop")]
    assert lines[loop + 1].strip() == "1,000 iterations, 0.004 µs each"
    assert lines[loop + 2].index("large") == lines[loop].index("loop") + 2
    assert any(line.strip() == "8 iterations, 0.25 µs each; loops inside: 24" for line in lines)


def test_a_run_is_not_changed_by_a_profile_of_its_loops() -> None:
    y = sa.fori_loop(0, N, lambda i, s: sa.tanh(s @ W) + 0.1, sa.zeros((64, 300)) + X.sum())
    session = sa.compile(y, [X, N], updates={W: W * 0.5})
    before = W.value
    session.profile({X: np.ones(3), N: 5})
    np.testing.assert_array_equal(W.value, before)
    assert "clock" not in session.source()
