"""One graph for training and evaluation: each session computes what a graph for its mode alone would compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad.errors import DTypeError, GraphError
from staticad.ir.graph import Tensor
from staticad.ops.control import all_nodes
from staticad.ops.mode import TRAINING
from staticad.rewrite.modes import in_mode

KEY = sa.placeholder((2,), "uint32", name="key")
X = sa.placeholder((None, 3), "float32", name="x")
W = sa.variable(np.full((3, 2), 0.5, "float32"), name="w")
MEAN, VAR = (sa.variable(np.full(2, v, "float32"), name=n, trainable=False) for v, n in ((0.5, "mean"), (2.0, "var")))
SEED = np.array([1, 2], "uint32")
ROWS = np.arange(12, dtype="float32").reshape(4, 3)


def normalized(training: bool | None) -> Tensor:
    return sa.nn.batch_norm(X @ W, MEAN, VAR, W[0], training=training)


def dropped(function: Any) -> Callable[[bool | None], Tensor]:
    return lambda training: function(X @ W, 0.5, KEY, training)


def with_derivatives(y: Tensor) -> list[Tensor]:
    loss = (y**3).sum()
    (g,) = sa.gradients(loss, [W])
    return [y, g, *sa.gradients((g * g).sum(), [X]), *sa.jvp([loss], [X], [sa.ones_like(X)])]


MODELS = {
    "batch_norm": (normalized, False),
    "dropout": (dropped(sa.nn.dropout), True),
    "feature_dropout": (dropped(sa.nn.feature_dropout), True),
    "alpha_dropout": (dropped(sa.nn.alpha_dropout), True),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_kernels_are_those_of_a_graph_for_one_mode(name: str) -> None:
    """Of values, gradients of both orders and tangents."""
    make, default = MODELS[name]
    both = with_derivatives(make(None))
    sources = {training: sa.compile(with_derivatives(make(training))).source() for training in (True, False)}
    for mode, training in (("train", True), ("eval", False), (None, default)):
        session = sa.compile(both, mode=mode)
        assert session.source() == sources[training] and session.mode == mode
        assert any(t is KEY for t in session.inputs) == (training and name != "batch_norm")


def test_dropout_obeys_the_mode() -> None:
    y = sa.nn.dropout(X, 0.5, KEY)
    train, evaluate, neither = (sa.compile(y, mode=mode) for mode in ("train", "eval", None))
    kept = train(SEED, ROWS)
    assert set(np.unique(kept / np.where(ROWS == 0, 1, ROWS))) == {0.0, 2.0}
    np.testing.assert_array_equal(evaluate(ROWS), ROWS)
    np.testing.assert_array_equal(neither(SEED, ROWS), kept)
    np.testing.assert_array_equal(sa.evaluate(y, {KEY: SEED, X: ROWS})[0], kept)
    assert sa.compile(sa.nn.dropout(X, 0.5, KEY, training=True), mode="eval")(SEED, ROWS).tobytes() == kept.tobytes()


def test_attention_obeys_the_mode() -> None:
    y = X @ W
    dropped, whole = (
        sa.nn.scaled_dot_product_attention(y, y, y, dropout_p=rate, dropout_key=KEY) for rate in (0.5, 0.0)
    )
    assert sa.compile(dropped, mode="eval").source() == sa.compile(whole).source()


def test_batch_norm_obeys_the_mode() -> None:
    mean, var = (sa.variable(np.full(3, v, "float32"), trainable=False) for v in (1.0, 4.0))
    y = sa.nn.batch_norm(X, mean, var, eps=0.0)
    running = dict(zip((mean, var), sa.nn.batch_statistics(X, mean, var)))
    train, evaluate = sa.compile(y, mode="train", updates=running), sa.compile(y, mode="eval")
    np.testing.assert_allclose(evaluate(ROWS), (ROWS - 1) / 2, rtol=1e-6)
    np.testing.assert_allclose(train(ROWS), (ROWS - ROWS.mean(0)) / ROWS.std(0), rtol=1e-5)
    assert mean.value[0] == np.float32(0.9 * 1.0 + 0.1 * ROWS[:, 0].mean())
    np.testing.assert_allclose(evaluate(ROWS), (ROWS - mean.value) / np.sqrt(var.value), rtol=1e-6)
    one = sa.placeholder((1, 3), "float32")
    assert sa.compile(sa.nn.batch_norm(one, mean, var))(ROWS[:1]).shape == (1, 3)  # there are no statistics of one


def test_users_choose_by_the_mode() -> None:
    a, b = sa.placeholder((), name="a"), sa.placeholder((), name="b")
    flag = sa.training(False)
    chosen = sa.where(flag & (a > 0) | ~flag, a, -a)
    branch = sa.cond(sa.training(), lambda: a * 2.0, lambda: b * 3.0)
    for mode, inputs, expected in (("train", ["a"], [5.0, 10.0]), ("eval", ["a", "b"], [5.0, 21.0])):
        session = sa.compile([chosen, branch], mode=mode)
        assert [t.name for t in session.inputs] == inputs and session(*[5.0, 7.0][: len(inputs)]) == expected
    assert sa.compile([flag, sa.training()])() == [False, True]
    assert sa.compile([flag, sa.training()], mode="train")() == [True, True]
    (g,) = sa.gradients(sa.where(flag, sa.sqrt(a), a * b), [a])
    assert (
        sa.compile(g, [a, b], mode="eval")(0.0, 7.0) == 7.0
    )  # the root's derivative, infinite there, is of the other mode
    assert sa.compile(g, [a, b], mode="train")(4.0, 7.0) == 0.25


def test_updates_and_constants_follow_the_mode() -> None:
    v = sa.variable(1.0)
    for mode, expected in (("train", 2.0), ("eval", 1.0)):
        session = sa.compile([], updates={v: sa.where(sa.training(), 2.0, 1.0)}, mode=mode)
        v.assign(0.0)
        session()
        assert v.value == expected


def test_loops_and_branches() -> None:
    def walk(x: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        y = sa.nn.dropout(sa.tanh(x), 0.5, key)
        return y, sa.cond(y.sum() > 0, lambda: sa.nn.dropout(y, 0.5, key).sum(), lambda: y.sum())

    def plain(x: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        y = sa.tanh(x)
        return y, y.sum()

    keys = sa.random.split(sa.random.key(3), 4)
    results = []
    for step in (walk, plain):
        last, sums = sa.scan(step, X, keys)
        results.append([last, sums, *sa.gradients((last**2).sum() + sums.sum(), [X])])
    train, evaluate, reference = (
        sa.compile(outputs, mode=mode)(ROWS)
        for outputs, mode in ((results[0], "train"), (results[0], "eval"), (results[1], None))
    )
    for found, expected in zip(evaluate, reference, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (train[0] == 0).any() and not (evaluate[0][1:] == 0).any()
    for one, other in zip(train, sa.evaluate(results[0], {X: ROWS}), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    z = sa.while_loop(lambda s: s.sum() < 9, lambda s: s + sa.nn.dropout(sa.exp(s), 0.5, KEY), X)
    (g,) = sa.gradients(z.sum(), [X])
    assert [t.name for t in sa.compile([z, g], mode="eval").inputs] == ["x"]
    for training in (True, False, None):
        assert all(node.op is not TRAINING for node in all_nodes(in_mode(results[0], training)))


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: sa.compile(X, mode="test"), GraphError, 'mode is "train", "eval" or None, not \'test\''),
        (lambda: sa.compile(X, mode=["train"]), GraphError, "not \\['train'\\]"),
        (lambda: sa.training(X), DTypeError, "the default is True or False, not placeholder 'x'"),  # type: ignore[arg-type]
    ],
)
def test_modes_that_there_are_not(act: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        act()
