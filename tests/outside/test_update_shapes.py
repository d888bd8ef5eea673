"""Updates whose shape only a run tells: they fit their variable, or nothing is written."""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa


def test_updates_of_free_sizes_are_checked_in_every_run() -> None:
    x = sa.placeholder((None, 3), name="x")
    w = sa.variable(np.zeros((3, 2)), name="w")
    last = sa.variable(np.zeros(3), name="last")
    session = sa.compile(x.sum(), inputs=[x], updates={w: x[:, :2], last: x[-1]})
    session(np.ones((3, 3)))
    for rows in (2, 4, 300, 0):
        with pytest.raises(sa.FeedError):
            session(np.full((rows, 3), 7.0))
        np.testing.assert_array_equal(w.value, 1.0)
        np.testing.assert_array_equal(last.value, 1.0)
    with pytest.raises(sa.FeedError, match=r"the update of variable 'w' .* shape \(4, 2\) .* not \(3, 2\)"):
        session(np.ones((4, 3)))
    assert session(np.full((3, 3), 2.0)) == 18.0 and (w.value == 2.0).all()


def test_updates_that_read_what_they_write() -> None:
    start = np.random.default_rng(0).normal(size=(6, 6))
    order, repeated = np.array([1, 2, 3, 4, 5, 0]), np.array([0, 0, 1])

    def scattered(v: np.ndarray) -> np.ndarray:
        changed = v.copy()
        np.add.at(changed, repeated, v[[3, 4, 0]])
        return changed

    cases = [
        (lambda v: v[::-1], lambda v: v[::-1]),
        (lambda v: v.T, lambda v: v.T),
        (lambda v: v @ v * 0.1, lambda v: v @ v * 0.1),
        (lambda v: v - 0.01 * (v @ v.T), lambda v: v - 0.01 * (v @ v.T)),
        (lambda v: v + v.T * 0.1 + v[0], lambda v: v + v.T * 0.1 + v[0]),
        (lambda v: v[order], lambda v: v[order]),
        (lambda v: v.at[repeated].add(v[np.array([3, 4, 0])]), scattered),
        (lambda v: v.at[1:].add(v[:-1]), lambda v: np.concatenate([v[:1], v[1:] + v[:-1]])),
        (lambda v: v.reshape((4, 9)).T.reshape((6, 6)), lambda v: v.reshape(4, 9).T.reshape(6, 6)),
        (lambda v: v / v.sum(), lambda v: v / v.sum()),
    ]
    variables = [sa.variable(start) for _ in cases]
    session = sa.compile([], [], {v: rule(v) for v, (rule, _) in zip(variables, cases)})
    expected = [start] * len(cases)
    for _ in range(3):
        session()
        expected = [rule(v) for v, (_, rule) in zip(expected, cases)]
    for variable, value in zip(variables, expected):
        np.testing.assert_allclose(variable.value, value)


def test_variables_exchange_their_values() -> None:
    a, b, c = (sa.variable(np.full((2, 2), k) * [[1.0, 2.0], [3.0, 4.0]]) for k in (1.0, 10.0, 100.0))
    session = sa.compile([a, b + c], [], {a: b.T, b: c[::-1], c: a})
    before = [v.value for v in (a, b, c)]
    first, second = session()
    np.testing.assert_array_equal(first, before[0])
    np.testing.assert_array_equal(second, before[1] + before[2])
    for variable, value in zip((a, b, c), (before[1].T, before[2][::-1], before[0])):
        np.testing.assert_array_equal(variable.value, value)
