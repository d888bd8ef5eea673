"""What a graph demands of sizes holds whatever is fetched: derivatives, cotangents and tangents of free sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import staticad as sa
from staticad.errors import FeedError, GradientError, IndexOutOfBounds
from staticad.reference import evaluate

X, V = sa.placeholder((None,), name="x"), sa.placeholder((None,), name="v")
A, B = sa.placeholder((None, None), name="a"), sa.placeholder((None, None), name="b")
N = sa.placeholder((), "int64", name="n")
O = np.ones  # noqa: E741

FUNCTIONS: dict[str, Callable[[sa.Tensor], sa.Tensor]] = {
    "concatenate": lambda x: sa.concatenate([x, x]),
    "tile": lambda x: sa.tile(x, 2),
    "flip": sa.flip,
    "negative": lambda x: -x,
    "copy": lambda x: x,
    "slice": lambda x: x[1:],
    "matrix": lambda x: sa.outer(x, x).sum(axis=0),
    "loop": lambda x: sa.fori_loop(0, 3, lambda i, s: s * x, x),
    "branch": lambda x: sa.cond(x.sum() > 0, lambda: x * 2.0, lambda: x * x),
}


def refused(fetches: sa.Tensor | list[sa.Tensor], feeds: dict[sa.Tensor, np.ndarray], match: str = "") -> None:
    """A session and the reference say the same."""
    found = [fetches] if isinstance(fetches, sa.Tensor) else fetches
    session = sa.compile(found, list(feeds))
    for run in (session.run, partial(evaluate, found)):
        with pytest.raises((FeedError, IndexOutOfBounds), match=match):
            run(feeds)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_cotangents_have_the_size_of_what_they_belong_to(name: str) -> None:
    y = FUNCTIONS[name](X)
    (g,) = sa.gradients(y, [X], grad_ys=[V])
    session = sa.compile(g, [X, V])
    for n in (1, 2, 5):
        size = FUNCTIONS[name](sa.constant(O(n))).shape[0]
        assert isinstance(size, int)
        assert session(O(n), O(size)).shape == (n,)
        for wrong in {1, 3, size - 1, size + 1} - {size, -1}:
            refused(g, {X: O(n), V: O(wrong)}, rf"(?s)= {size}\b.*have to be equal|= {wrong} .*have to be equal")


def test_constants_as_cotangents() -> None:
    for given in (O(3), O(1), sa.zeros(4)):
        (g,) = sa.gradients(sa.tile(X, 2), [X], grad_ys=[given])
        refused(g, {X: O(1)}, "have to be equal")
        refused(g, {X: O(3)}, "have to be equal")
    assert sa.compile(sa.gradients(sa.tile(X, 2), [X], grad_ys=[O(4)])[0], [X])(O(2)).tolist() == [2, 2]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents_and_vectors(name: str) -> None:
    y = FUNCTIONS[name](X)
    (t,) = sa.jvp(y, X, V)
    h = sa.hvp((y * y * y).sum(), X, V)
    for fetch in (t, h[0] if isinstance(h, list) else h):
        session = sa.compile(fetch, [X, V])
        session(O(3), O(3))
        for wrong in (1, 2, 4):
            refused(fetch, {X: O(3), V: O(wrong)}, "have to be equal")


def test_what_is_known_to_differ_is_refused_at_once() -> None:
    x = sa.placeholder((3,))
    with pytest.raises(GradientError, match="shapes differ"):
        sa.gradients(-x, [x], grad_ys=[O(1)])
    with pytest.raises(GradientError, match="shapes differ"):
        sa.jvp(-x, x, O((3, 1)))


# Programs of x and v (or a and b) whose derivatives need less than the forward pass.
Feeds = dict[sa.Tensor, np.ndarray]
FORWARD: dict[str, tuple[Callable[[], sa.Tensor], sa.Tensor, Feeds, Feeds]] = {
    "product": (lambda: (A @ B).sum(), A, {A: O((5, 5)), B: O((5, 2))}, {A: O((5, 5)), B: O((1, 5))}),
    "sum": (lambda: (X + V).sum(), X, {X: O(3), V: O(3)}, {X: O(3), V: O(1)}),
    "concatenate": (
        lambda: sa.concatenate([A, B], axis=1).sum(), A, {A: O((2, 3)), B: O((2, 1))}, {A: O((2, 3)), B: O((1, 1))}
    ),
    "reshape": (lambda: X.reshape((3, -1)).sum(), X, {X: O(6)}, {X: O(5)}),
    "index": (lambda: X.sum() + X[3] * 0.0, X, {X: O(4)}, {X: O(3)}),
    "maximum of nothing": (lambda: X.sum() + sa.max(V), X, {X: O(3), V: O(2)}, {X: O(3), V: O(0)}),
    "gather from nothing": (lambda: X.sum() + V[N * 0], X, {X: O(3), V: O(2)}, {X: O(3), V: O(0)}),
    "size": (lambda: X.sum() + sa.zeros(X.shape[0] - 3).sum(), X, {X: O(3)}, {X: O(2)}),
    "branch": (
        lambda: sa.cond(N > 0, lambda: (X + V).sum(), lambda: X.sum()), X, {X: O(3), V: O(3)}, {X: O(3), V: O(2)}
    ),
    "loop": (
        lambda: sa.fori_loop(0, N, lambda i, s: s + (X * i + V).sum(), X.sum()),
        X, {X: O(3), V: O(3)}, {X: O(3), V: O(2)},
    ),
    "loop over slices": (
        lambda: sa.scan(lambda s, r: (s + (r + V).sum(), s), X.sum(), A)[0],
        X, {X: O(3), A: O((2, 3)), V: O(3)}, {X: O(3), A: O((2, 3)), V: O(2)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
def test_a_derivative_alone_demands_what_the_forward_pass_demands(name: str) -> None:
    program, x, good, bad = FORWARD[name]
    inputs = [*good, N]
    y = program()
    for fetch in (sa.gradients(y, [x])[0], sa.jvp(y, x, x)[0], sa.gradients(sa.jvp(y, x, x)[0] * 1.0, [x])[0]):
        session = sa.compile(fetch, inputs)
        count = np.int64(2)
        for run in (session.run, partial(evaluate, [fetch])):
            run({**good, N: count})
        if "branch" in name or "loop" in name:
            session.run({**bad, N: np.int64(0)}) if name != "loop over slices" else None
        refused(fetch, {**bad, N: count}, "test_demands.py")


def test_demands_on_what_a_session_is_not_fed_are_void() -> None:
    (g,) = sa.gradients((X + V).sum(), [X])
    assert sa.compile(g, [X])(O(3)).tolist() == [1, 1, 1]
    assert evaluate(g, {X: O(3)})[0].tolist() == [1, 1, 1]


def test_demands_cost_nothing() -> None:
    y = sa.exp(A @ B).sum()
    grads = sa.gradients(y, [A, B])
    session = sa.compile(grads, [A, B])
    assert "demand" not in session.source()
