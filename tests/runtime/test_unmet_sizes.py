"""What a branch or the body of a loop demands of sizes matters when it is entered: else a run goes on without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.lower.kernel.language import Kernel
from staticad.lower.loops.guarding import bodies
from staticad.reference import evaluate

X = sa.placeholder((None,), name="x")
Y = sa.placeholder((None,), name="y")
N = sa.placeholder((), "int64", name="n")
W = sa.variable(np.eye(200) * 0.5, name="w")
RUNS = sa.variable(0, name="runs")

O = np.ones  # noqa: E741
TWO, FIVE, NONE = np.arange(1.0, 3.0), np.arange(1.0, 6.0), O(0)


def wide(a: sa.Tensor) -> sa.Tensor:
    """A number by way of a product that a library makes, so that a loop calls its kernels one by one."""
    return sa.tanh((sa.zeros((2, 200)) + a) @ W).sum()


def cond(condition: sa.Tensor, function: Callable[[], sa.Tensor]) -> sa.Tensor:
    return sa.cond(condition, function, lambda: X.sum() + 10.0)


PROGRAMS: dict[str, Callable[[], sa.Tensor]] = {
    "index": lambda: cond(sa.asarray(X.shape[0]) > 3, lambda: X[3] * 2.0),
    "equal sizes": lambda: cond(N > 0, lambda: (X + Y).sum()),
    "maximum": lambda: cond(N > 0, lambda: sa.max(X)),
    "position": lambda: cond(N > 0, lambda: sa.argmax(X) * 1.0),
    "gather": lambda: cond(N > 0, lambda: sa.take(X, N * 0)),
    "negative size": lambda: cond(N > 0, lambda: sa.exp(sa.zeros((X.shape[0] - 3,)) + N).sum()),
    "temporaries": lambda: cond(N > 0, lambda: sa.exp(sa.exp(X + Y)[::-1].reshape((1, -1)).T @ sa.ones((1, 2))).sum()),
    "branch in a loop": lambda: sa.fori_loop(0, 3, lambda i, s: sa.cond(N > i, lambda: s + sa.max(X), lambda: s), 1.0),
    "branch in a loop, kernel by kernel": lambda: sa.fori_loop(
        0, 3, lambda i, s: sa.cond(N > i, lambda: wide(s) + X[3] * i, lambda: wide(s) + X.sum()), sa.constant(1.0)
    ),
    "loop": lambda: sa.fori_loop(0, N, lambda i, s: s + sa.max(X * i), sa.constant(0.5)),
    "loop, kernel by kernel": lambda: sa.fori_loop(0, N, lambda i, s: wide(s) + (X * i + Y).sum(), sa.constant(0.5)),
    "loop over slices": lambda: sa.scan(lambda s, v: (s + v * sa.max(X * s), s), X.sum(), Y)[0],
    "elements of nothing": lambda: sa.fori_loop(0, Y.shape[0], lambda i, s: s + Y[i], X.sum()),
    "loop in a loop": lambda: sa.fori_loop(
        0, 3, lambda i, s: sa.fori_loop(0, N, lambda j, t: t + sa.max(X * j), s * 0.5), X.sum()
    ),
    "loop in a loop, kernel by kernel": lambda: sa.fori_loop(
        0, 3, lambda i, s: sa.fori_loop(0, N, lambda j, t: t + sa.max(X * j), wide(s)), X.sum()
    ),
    "while": lambda: sa.while_loop(lambda s: s[0] < N, lambda s: (s[0] + 1, s[1] * sa.max(X * s[1])), (0 * N, X.sum()))[
        1
    ],
    "inside a branch": lambda: cond(
        N > 0, lambda: sa.fori_loop(0, N - 1, lambda i, s: s + (X * i + Y).sum(), sa.constant(0.25))
    ),
}

FEEDS = [
    (x, y, np.int64(n))
    for x, y in [(FIVE, FIVE), (TWO, TWO), (FIVE, TWO), (TWO, NONE), (NONE, TWO), (NONE, NONE)]
    for n in (0, 1, 2)
]


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return np.asarray(run())
    except sa.StaticadError as error:
        assert isinstance(error, (sa.FeedError, sa.IndexOutOfBounds))
        return error


@pytest.mark.parametrize("gradients", [False, True], ids=["value", "gradients"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_runs_are_as_the_reference_says(name: str, gradients: bool) -> None:
    y = PROGRAMS[name]()
    fetches = [y, *sa.gradients(y, [X, Y], unconnected="zero")] if gradients else [y]
    session = sa.compile(fetches, [X, Y, N], updates={RUNS: RUNS + 1})
    entered = 0
    for feeds in FEEDS:
        expected = outcome(
            lambda feeds=feeds: np.concatenate([np.ravel(a) for a in evaluate(fetches, dict(zip([X, Y, N], feeds)))])
        )
        before = int(RUNS.value)
        found = outcome(lambda feeds=feeds: np.concatenate([np.ravel(a) for a in session(*feeds)]))
        if isinstance(expected, Exception):
            entered += 1
            assert type(found) is type(expected) and f"{__file__}:" in str(found), (feeds, expected, found)
            assert int(RUNS.value) == before
        else:
            assert not isinstance(found, Exception), (feeds, found)
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            assert int(RUNS.value) == before + 1
    assert entered or name in ("elements of nothing", "index")


def test_messages_are_those_of_the_op_and_name_the_present_line() -> None:
    session = sa.compile(PROGRAMS["equal sizes"](), [X, Y, N])
    for _ in range(2):
        with pytest.raises(sa.FeedError, match="add: sizes .* = 2 and .* = 5 have to be equal") as caught:
            session(TWO, FIVE, np.int64(1))
        assert str(caught.value).count("test_unmet_sizes.py:") >= 2
        assert session(TWO, FIVE, np.int64(0)) == 13.0
    session = sa.compile(PROGRAMS["gather"](), [X, Y, N])
    with pytest.raises(sa.IndexOutOfBounds, match="axis 0 of .* is empty"):
        session(NONE, NONE, np.int64(1))


def test_what_loops_do_not_change_is_computed_before_them_and_checked() -> None:
    session = sa.compile(sa.fori_loop(0, N, lambda i, s: s + sa.max(X), sa.constant(0.0)), [X, N])
    assert session(FIVE, np.int64(2)) == 10.0
    with pytest.raises(sa.FeedError, match="at least one element"):
        session(NONE, np.int64(0))


def test_profiles_and_checks_of_sizes_that_do_not_fit() -> None:
    session = sa.compile(PROGRAMS["loop in a loop"](), [X, Y, N])
    rows = session.profile({X: NONE, Y: NONE, N: 0}, repeat=2)
    assert [row.iterations for row in rows if row.iterations is not None] == [6, 0]
    assert session.check({X: NONE, Y: NONE, N: 0})
    for run in (session.profile, session.check):
        with pytest.raises(sa.FeedError):
            run({X: NONE, Y: NONE, N: 1})


def test_a_loop_in_one_kernel_is_one_for_sizes_that_fit() -> None:
    session = sa.compile(PROGRAMS["loop in a loop"](), [X, Y, N])
    assert len(list(bodies(session._plan))) == 2
    session(FIVE, NONE, np.int64(1))
    session(NONE, NONE, np.int64(0))
    whole, parts = session._bindings.values()
    last = session._plan.steps[-1]
    assert last.inlined is not None and isinstance(last.kernel, Kernel)
    assert len(whole.unmet) == 0 and len(parts.unmet) == 1
    assert len(parts.traced.plan.steps) == len(session._plan.steps)
