"""Nothing comes through a branch that is not taken: derivatives do not depend on elements that a `where` leaves out.

The same graph is run twice, with values that make its derivatives infinite or NaN in the elements that are left out,
and with harmless ones. All derivatives have to be equal, and so finite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.autodiff.forward import jvp
from staticad.autodiff.reverse import gradients
from staticad.ir.graph import sort_nodes
from staticad.reference import evaluate

NAN, INF = np.nan, np.inf
Function = Callable[[sa.Tensor], sa.Tensor]


def weights(tensor: sa.Tensor) -> np.ndarray:
    """Different numbers of the tensor's shape."""
    count = int(np.prod(tensor.shape))
    return 1 + np.arange(count, dtype=tensor.dtype).reshape(tensor.shape) % 7 / 4


def derivatives(y: sa.Tensor, x: sa.Tensor) -> list[sa.Tensor]:
    """The gradient and the directional derivative, and of both again both."""
    zero: Any = {"unconnected": "zero"}
    (pulled,) = gradients(y, x, weights(y), **zero)
    (pushed,) = jvp(y, x, weights(x))
    again = [*gradients(pulled, x, weights(x), **zero), *gradients(pushed, x, weights(y), **zero)]
    return [pulled, pushed, *again, *jvp([pulled, pushed], x, weights(x))]


def choose_or_zero(c: sa.Tensor, x: sa.Tensor, y: sa.Tensor) -> sa.Tensor:
    return sa.where(c, y, 0.0)


def check(
    f: Function,
    present: Any,
    singular: Any,
    harmless: Any = 0.5,
    compiled: bool = False,
    choose: Callable[[sa.Tensor, sa.Tensor, sa.Tensor], sa.Tensor] = choose_or_zero,
) -> None:
    """The derivatives of ``where(present, f(x), 0)``, where ``singular`` elements of x count only where present."""
    place, kept = np.asarray(singular, float), np.asarray(present)
    x, c = sa.placeholder(place.shape), sa.placeholder(kept.shape, "bool")
    found = derivatives(choose(c, x, f(x)), x)
    inside = np.broadcast_to(kept if kept.ndim == place.ndim else kept[:, None], place.shape)
    expected = evaluate(found, {x: np.where(inside, place, harmless), c: kept})
    assert all(np.isfinite(value).all() for value in expected)
    results = evaluate(found, {x: place, c: kept})
    results += sa.compile(found, inputs=[x, c])(place, kept) if compiled else []
    for number, result in enumerate(results):
        np.testing.assert_allclose(result, expected[number % 6], rtol=1e-9, atol=1e-12, err_msg=f"derivative {number}")


SINGULAR = [0.3, 0.0, -1.0, NAN, INF, -INF, 1e300, 0.7]
PRESENT = [True, False, False, False, False, False, False, True]

CHAINS: dict[str, Function] = {
    "square root": sa.sqrt,
    "quotient": lambda x: sa.sin(x) / x,
    "quotients": lambda x: 1 / (x / (1 - x)) / x,
    "exponential": lambda x: sa.exp(1000 * x - 500) / sa.exp(999 * x - 500),
    "power": lambda x: x**1.5,
    "exponent": lambda x: (x - 0.1) ** x,
    "logarithms": lambda x: sa.log(-sa.log(x)),
    "reciprocal root": lambda x: 1 / sa.sqrt(sa.log1p(x)),
    "inverse error function": sa.special.erfinv,
    "operand": lambda x: sa.tanh(x) * x + x * x,
    "remainder": lambda x: sa.remainder(x, 0.2) * sa.abs(x),
    "views": lambda x: -sa.flip(sa.sqrt(sa.flip(x).reshape((2, 4)).T).T.reshape((8,))),
    "casts": lambda x: sa.sqrt(x.astype("float32").astype("float64")),
    "slices": lambda x: sa.concatenate([sa.sqrt(x)[:3], sa.log(x)[3:]]),
    "gather": lambda x: sa.sqrt(x)[np.arange(8)] * sa.log(x),
    "written": lambda x: sa.log(x).at[1:3].set(sa.sqrt(x)[1:3]).at[np.array([0, 7])].add(1.0),
    "chosen": lambda x: sa.maximum(sa.sqrt(x), sa.log(x)) + sa.relu(1 / x) - sa.clip(sa.log(x), -0.5, 2.0),
    "nested": lambda x: sa.where(x > 0.5, sa.log(x), sa.where(x > 0, sa.sqrt(x), 1 / x)),
    "shared": lambda x: sa.sqrt(x) * sa.log(x) + sa.sqrt(x) / x,
}


WRITTEN: dict[str, Callable[[sa.Tensor, sa.Tensor], sa.Tensor]] = {
    "and": lambda c, other: sa.logical_and(c, sa.logical_not(other)),
    "not or": lambda c, other: sa.logical_not(sa.logical_or(sa.logical_not(c), other)),
    "nested": lambda c, other: sa.logical_not(sa.logical_or(other, sa.logical_or(other, sa.logical_not(c)))),
    "not not": lambda c, other: sa.logical_not(sa.logical_not(sa.logical_and(c, sa.logical_not(other)))),
    "named twice": lambda c, other: sa.logical_and(sa.logical_not(sa.logical_or(other, other)), sa.logical_and(c, c)),
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("name", WRITTEN)
def test_it_does_not_matter_how_a_condition_is_written(name: str, swapped: bool) -> None:
    def choose(c: sa.Tensor, x: sa.Tensor, y: sa.Tensor) -> sa.Tensor:
        taken = WRITTEN[name](c, sa.isnan(x))
        return sa.where(sa.logical_not(taken), 0.0, y) if swapped else sa.where(taken, y, 0.0)

    def f(x: sa.Tensor) -> sa.Tensor:
        t = x**1.5
        return t - 1 / t

    check(f, PRESENT, SINGULAR, choose=choose)


@pytest.mark.parametrize("name", CHAINS)
def test_elements_that_are_left_out(name: str) -> None:
    check(CHAINS[name], PRESENT, SINGULAR)


ROWS = np.array([[0.3, 0.7, 0.2], [0.0, 0.0, 0.0], [NAN, INF, -1.0], [0.4, 0.1, 0.9], [-INF, -INF, -INF]])
FULL = np.array([True, False, False, True, False])
MATRIX = np.array([[0.5, -0.25], [0.75, 1.0], [-1.0, 0.5]])

OF_ROWS: dict[str, Function] = {
    "sum": lambda x: sa.sqrt(x).sum(axis=1),
    "mean": lambda x: sa.log(x).mean(axis=1),
    "product": lambda x: sa.prod(sa.log(x), axis=1),
    "extremes": lambda x: sa.log(sa.max(sa.sqrt(x), axis=1)) + sa.min(1 / x, axis=1),
    "length": lambda x: 1 / sa.linalg.norm(x, axis=1),
    "logsumexp": lambda x: sa.special.logsumexp(sa.log(x), axis=1),
    "sum of exponentials": lambda x: sa.log(sa.exp(x).sum(axis=1)),
    "softmax": lambda x: sa.special.softmax(sa.log(x), axis=1)[:, 0],
    "matrix": lambda x: sa.log(1 + (sa.sqrt(x) @ MATRIX) ** 2).sum(axis=1),
    "cross entropy": lambda x: sa.nn.cross_entropy(sa.log(x), sa.constant([0, 1, 2, 1, 0])),
}


@pytest.mark.parametrize("name", OF_ROWS)
def test_rows_that_are_left_out(name: str) -> None:
    check(OF_ROWS[name], FULL, ROWS)


WITH_ROWS: dict[str, Function] = {
    "unit vectors": lambda x: x / sa.linalg.norm(x, axis=1, keepdims=True),
    "by hand": lambda x: x / sa.sqrt((x * x).sum(axis=1, keepdims=True)),
    "softmax": lambda x: sa.special.softmax(x, axis=1),
    "probabilities": lambda x: sa.exp(x) / sa.exp(x).sum(axis=1, keepdims=True),
    "layer norm": lambda x: (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True),
    "product": lambda x: sa.relu(x @ MATRIX) @ MATRIX.T,
}


@pytest.mark.parametrize(
    ("name", "shape"), [(name, (5, n)) for name in WITH_ROWS for n in (1, 3) if (name, n) != ("product", 3)]
)
def test_a_condition_for_each_row(name: str, shape: tuple[int, int]) -> None:
    """Also one of every element, except for products: a row of which none is present is absent in sums over it."""
    check(WITH_ROWS[name], np.broadcast_to(FULL[:, None], shape), ROWS)


def test_compiled_kernels_leave_out_the_same() -> None:
    parts = [CHAINS[name] for name in ("quotient", "exponential", "power", "chosen", "nested", "views")]
    check(lambda x: sum((f(x) for f in parts), start=sa.sqrt(x)), PRESENT, SINGULAR, compiled=True)
    rows = [WITH_ROWS[name] for name in ("unit vectors", "softmax", "by hand")]
    check(lambda x: sum((f(x) for f in rows), start=sa.log(x)), FULL[:, None], ROWS, compiled=True)


def test_rows_of_padding_do_not_reach_weights() -> None:
    """With free sizes: the gradients by the weights of layers are those of the valid rows alone."""
    x, valid, t = sa.placeholder(("n", 3)), sa.placeholder(("n",), "bool"), sa.placeholder(("n",), "int64")
    w, b, v = sa.placeholder((3, 4)), sa.placeholder((4,)), sa.placeholder((4, 2))
    losses = sa.nn.cross_entropy(sa.relu(x @ w + b) @ v, t)
    loss = sa.where(valid, losses, 0).sum() / valid.astype("float64").sum()
    session = sa.compile([loss, *gradients(loss, [w, b, v, x])], inputs=[x, valid, t, w, b, v])
    rng = np.random.default_rng(0)
    parameters = [rng.normal(size=p.shape) for p in (w, b, v)]
    rows, kept, labels = rng.normal(size=(4, 3)), np.array([True, False, True, False]), np.array([1, 0, 0, 1])
    expected = session(rows[kept], kept[kept], labels[kept], *parameters)
    rows[1], rows[3] = NAN, [INF, -INF, 0]
    found = session(rows, kept, labels, *parameters)
    for value, other in zip(found[:-1], expected[:-1], strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-12)
    np.testing.assert_allclose(found[-1][kept], expected[-1], rtol=1e-12)
    assert not found[-1][~kept].any()
    for empty in session(rows[:0], kept[:0], labels[:0], *parameters)[1:]:
        assert not empty.any() or np.isnan(empty).all()


# f, points, derivatives there: conventions at 0 keep what is behind them out, too.
CONVENTIONS: list[tuple[Function, list[float], list[float]]] = [
    (lambda x: sa.sqrt(sa.relu(x)), [-1, 0, 4], [0, 0, 0.25]),
    (lambda x: sa.log(sa.maximum(x, 0.5)), [-1, 0, 4], [0, 0, 0.25]),
    (lambda x: sa.maximum(sa.log(x), -10.0), [-1, 0, 4], [0, 0, 0.25]),
    (lambda x: sa.minimum(sa.exp(x), 10.0), [1000, 5, 0], [0, 0, 1]),
    (lambda x: sa.clip(sa.log(x), -10.0, 10.0), [-1, 0, 4], [0, 0, 0.25]),
    (lambda x: sa.relu(2 * sa.log(x)), [-1, 0, 0.5, 4], [0, 0, 0, 0.5]),
    (lambda x: sa.maximum(sa.log(2 * x) * 1.0, -10.0), [-1, 0, 4], [0, 0, 0.25]),
    (lambda x: sa.relu(-1 / x), [0, 1, -2], [0, 0, 0.25]),
    (lambda x: sa.sqrt(sa.abs(x)), [0, 4, -4], [0, 0.25, -0.25]),
    (lambda x: sa.sqrt(sa.linalg.norm(x[:, None], axis=1)), [0, 4], [0, 0.25]),
    (lambda x: sa.max(sa.sqrt(x).reshape((1, 3)), axis=1), [0, 1, 4], [0, 0, 0.25]),
    (lambda x: sa.sqrt(sa.where(x > 1, x, 0.0)), [0, 1, 4], [0, 0, 0.25]),
]


@pytest.mark.parametrize("number", range(len(CONVENTIONS)))
def test_conventions_at_kinks(number: int) -> None:
    f, points, expected = CONVENTIONS[number]
    x = sa.placeholder((len(points),))
    y = f(x)
    (pulled,) = gradients(y, x, np.ones(y.shape))
    (pushed,) = jvp(y, x, np.ones(len(points)))
    total = sum(expected) if y.shape != x.shape else expected
    feeds = {x: np.asarray(points, float)}
    results = evaluate([pulled, pushed, *gradients(pulled, x, np.ones(len(points))), *jvp(pushed, x, x)], feeds)
    np.testing.assert_array_equal(results[0], expected)
    np.testing.assert_array_equal(results[1], np.broadcast_to(total, y.shape))
    assert np.isfinite(results[2]).all() and np.isfinite(results[3]).all()


def test_a_branch_or_a_body_keeps_its_own_conditions() -> None:
    def body(total: sa.Tensor, x: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        root = sa.where(x > 0, sa.sqrt(x), 0)
        return total + root, sa.where(x != 0, sa.sin(x) / x, 1.0)

    xs = sa.placeholder((None,))
    total, each = sa.scan(body, sa.constant(0.0), xs)
    flag = sa.placeholder((), "bool")
    y = sa.cond(flag, lambda: sa.where(total > 100, sa.log(total - 100), total), lambda: total) + each.sum()
    (gradient,) = gradients(y, xs)
    (found,) = sa.compile([gradient], inputs=[xs, flag])(np.array([-1.0, 0.0, 4.0]), True)
    assert np.isfinite(found).all() and found[1] == 0


def test_a_condition_that_is_the_opposite_of_a_number() -> None:
    x, y = sa.placeholder((4,), name="x"), sa.placeholder((4,), name="y")
    z = sa.where(sa.logical_not(x), y**1.5, x * y) + sa.where(sa.logical_not(x), 0.0, sa.sqrt(y))
    data, other = np.array([0.0, 2.0, 0.0, -1.0]), np.array([4.0, 9.0, 1.0, 16.0])
    (slope,) = sa.evaluate(sa.gradients(z.sum(), [y]), {x: data, y: other})
    np.testing.assert_allclose(slope, np.where(data == 0, 1.5 * other**0.5, data + 0.5 / np.sqrt(other)))
    (tangent,) = sa.evaluate(sa.jvp([z], [y], [sa.ones_like(y)]), {x: data, y: other})
    np.testing.assert_allclose(tangent, slope)


def test_what_is_not_masked_has_no_masks() -> None:
    """No node is made for graphs without a choice, and no select for those that only move what they choose."""
    x, w = sa.placeholder((4, 3)), sa.placeholder((3, 2))
    (plain,) = gradients((sa.exp(x) @ w).sum(), x)
    assert not any(n.op.name in ("where", "any", "logical_and") for n in sort_nodes([plain]))
    (rectified,) = gradients((sa.relu(sa.tanh(x) * 3 @ w)).sum(), x)
    assert sum(n.op.name == "where" for n in sort_nodes([rectified])) == 1


def test_infinite_derivatives_of_what_is_taken_stay() -> None:
    x = sa.placeholder((3,))
    (slope,) = gradients(sa.where(x >= 0, sa.sqrt(x), 0), x, np.ones(3))
    np.testing.assert_array_equal(evaluate([slope], {x: np.array([-1.0, 0.0, 4.0])})[0], [0, INF, 0.25])
    y = sa.where(x > 0, x, 0.0)
    (by_seed,) = gradients(gradients(sa.exp(2 * x), x, y)[0], y, np.ones(3), stop_gradients=x)
    (of_abs,) = gradients(sa.abs(x), x, np.ones(3))
    np.testing.assert_array_equal(evaluate([of_abs], {x: np.array([NAN, -0.0, -INF])})[0], [NAN, 0, -1])
    np.testing.assert_array_equal(evaluate([by_seed], {x: np.zeros(3)})[0], [2, 2, 2])


# ---- random chains ---------------------------------------------------------------------------------------------------

UNARY: list[Function] = [
    sa.sqrt, sa.log1p, sa.exp, sa.tanh, lambda x: 1 / (x + 1), lambda x: x**1.5, lambda x: x * x,
    lambda x: 1 / sa.sqrt(x), lambda x: sa.log(x * x + 1) / x, lambda x: sa.maximum(x, 0.25), lambda x: -x * 0.5 + 2,
]  # fmt: skip


def moved(x: sa.Tensor, choice: int) -> sa.Tensor:
    """One of several views, gathers and arrays put together, of a matrix; of conditions as of numbers."""
    if choice == 0:
        return sa.transpose(x)
    if choice == 1:
        return sa.flip(x, 0)[:, :: 1 if x.shape[1] == 1 else 2]
    if choice == 2:
        return sa.concatenate([x, sa.flip(x, 1)], axis=0)
    if choice == 3:
        return x[np.array([0, x.shape[0] - 1, 0])]
    return x.reshape((x.shape[0] * x.shape[1], 1))


@pytest.mark.parametrize("seed", range(40))
def test_random_chains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, c = sa.placeholder((3, 4)), sa.placeholder((3, 4), "bool")
    value, kept = x, c
    for _ in range(int(rng.integers(2, 7))):
        kind = rng.integers(4)
        if kind == 0:
            choice = int(rng.integers(5))
            value, kept = moved(value, choice), moved(kept, choice)
        elif kind == 1 and value.shape[1] > 1:
            fold = (sa.sum, sa.mean, sa.max, sa.prod)[rng.integers(4)]
            value, kept = fold(value, axis=1, keepdims=True), sa.all(kept, axis=1, keepdims=True)
        elif kind == 2:
            value = value * UNARY[rng.integers(len(UNARY))](value)
        else:
            value = UNARY[rng.integers(len(UNARY))](value)
    found = derivatives(sa.where(kept, value, 0.0), x)
    inside = rng.random((3, 4)) < 0.7
    harmless = rng.uniform(0.25, 1.0, (3, 4))
    singular = rng.choice([0.0, -1.0, -2.0, NAN, INF, -INF, 1e300], (3, 4))
    with np.errstate(all="ignore"):
        expected = evaluate(found, {x: harmless, c: inside})
        results = evaluate(found, {x: np.where(inside, harmless, singular), c: inside})
    for number, (result, other) in enumerate(zip(results, expected, strict=True)):
        np.testing.assert_allclose(result, other, rtol=1e-10, atol=1e-12, err_msg=f"derivative {number}")
