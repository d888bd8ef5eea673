"""Losses: values at extremes, of nothing, of free sizes, labels outside, errors. Torch is asked in `tests/outside`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import staticad as sa
from staticad import nn
from staticad.autodiff.reverse import gradients
from staticad.errors import ConfigError, DTypeError, FeedError, IndexOutOfBounds, ShapeError
from staticad.reference import evaluate

EXTREME = np.array(
    [[1e4, 0.0, -1e4], [-1e300, 1e300, 0.0], [-np.inf, 0.0, 1.0], [800.0, 801.0, 802.0], [-800.0, -801.0, -802.0]]
)
A, T = sa.placeholder((4, 3), name="a"), sa.placeholder((4,), "int64", name="t")


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_cross_entropy(axis: int, rng: np.random.Generator) -> None:
    logits = rng.standard_normal((4, 3, 2)) * 5
    count = logits.shape[axis]
    others = tuple(np.delete(logits.shape, axis))
    targets = rng.integers(0, count, others)
    logp = scipy.special.log_softmax(logits, axis=axis)
    expected = -np.take_along_axis(logp, np.expand_dims(targets, axis), axis).squeeze(axis)
    for free in (False, True):
        x = sa.placeholder((None,) * 3 if free else logits.shape)
        t = sa.placeholder((None,) * 2 if free else others, "int32")
        loss = nn.cross_entropy(x, t, axis)
        (found,) = evaluate(loss, {x: logits, t: targets.astype("int32")})
        np.testing.assert_allclose(found, expected, rtol=1e-13, strict=True)


def test_cross_entropy_keeps_accuracy_and_dtype() -> None:
    x = sa.placeholder((1, 2), "float32")
    loss = nn.cross_entropy(x, np.array([0]))
    assert loss.dtype == np.float32
    (found,) = evaluate(loss, {x: np.array([[1e6 + 4, 1e6]], "float32")})
    np.testing.assert_allclose(found, [np.log1p(np.exp(-4.0))], rtol=1e-5)


def test_a_label_outside_is_named_with_its_loss() -> None:
    """By sessions of the loss and of its gradient alone, and by the reference."""
    x, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int32")
    for name, loss in (("cross_entropy", nn.cross_entropy(x, t)), ("nll_loss", nn.nll_loss(x, t, reduction="none"))):
        (gradient,) = gradients(loss.sum(), [x])
        runs = [sa.compile(y, inputs=[x, t]) for y in (loss, gradient)]
        runs += [lambda a, b, y=loss: evaluate(y, {x: a, t: b})]
        for label in (-1, 3, -(2**31)):
            for run in runs:
                with pytest.raises(IndexOutOfBounds) as raised:
                    run(np.zeros((2, 3)), np.array([0, label], "int32"))
                text = f"{name}: the target {label} is none of the 3 classes, which are 0 to 2; ignore_index= leaves"
                assert text in str(raised.value)
                assert "test_losses.py:" in str(raised.value)


def test_labels_that_are_known_are_checked_while_the_graph_is_built() -> None:
    x = sa.placeholder((None, 3))
    for label in (-1, 3):
        with pytest.raises(IndexOutOfBounds, match=f"cross_entropy: the target {label} is none of the 3 .*test_losses"):
            nn.cross_entropy(x, np.array([0, label]))
    nn.cross_entropy(x, np.array([0, -1]), ignore_index=-1)
    with pytest.raises(IndexOutOfBounds, match="embedding: the index 3 is none of the 3 rows, which are 0 to 2"):
        nn.embedding([0, 3], np.ones((3, 2)))


def test_an_index_of_an_embedding_outside_is_named() -> None:
    table, i = sa.placeholder((None, 2)), sa.placeholder((None,), "int64")
    rows = nn.embedding(i, table)
    session = sa.compile([rows, *gradients((rows * rows).sum(), [table])], inputs=[i, table])
    for index in (-1, 4):
        with pytest.raises(IndexOutOfBounds, match=f"embedding: the index {index} is none of the 4 rows"):
            session(np.array([index]), np.ones((4, 2)))


def test_no_examples() -> None:
    x, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    (found,) = evaluate(nn.cross_entropy(x, t), {x: np.zeros((0, 3)), t: np.zeros(0, "int64")})
    assert found.shape == (0,)


def test_loss_errors() -> None:
    x = sa.placeholder((4, 3), name="logits")
    with pytest.raises(DTypeError, match="cross_entropy: targets have to be integers.*test_losses"):
        nn.cross_entropy(x, sa.placeholder((4,)))
    for shape in [(3,), (4, 1), ()]:
        with pytest.raises(ShapeError, match="cross_entropy: .*'logits' .*test_losses"):
            nn.cross_entropy(x, sa.placeholder(shape, "int64"))
    with pytest.raises(ShapeError, match="cross_entropy: axis 2"):
        nn.cross_entropy(x, sa.placeholder((4,), "int64"), axis=2)
    for shape in [(3,), (4, 1), ()]:
        with pytest.raises(ShapeError, match="mse: .*test_losses"):
            nn.mse(x, sa.placeholder(shape))
    free, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    with pytest.raises(FeedError):
        evaluate(nn.cross_entropy(free, t), {free: np.zeros((2, 3)), t: np.zeros(3, "int64")})


def test_mse(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 4, 3))
    x, y = sa.placeholder((None, 3)), sa.placeholder((None, 3))
    np.testing.assert_allclose(evaluate(nn.mse(x, y), {x: a, y: b})[0], ((a - b) ** 2).mean())
    assert nn.mse(sa.placeholder((2,), "int64"), [1, 2]).dtype == np.float64


def test_gradients_at_extremes() -> None:
    x = sa.placeholder(EXTREME.shape)
    t = np.array([0, 1, 2, 0, 2])
    (g,) = evaluate(gradients(nn.cross_entropy(x, t).sum(), [x]), {x: EXTREME})
    np.testing.assert_allclose(g, scipy.special.softmax(EXTREME, axis=1) - np.eye(3)[t], rtol=1e-12, atol=1e-15)


def test_logits_far_out() -> None:
    z = np.array([1e4, -1e4, 30.0, -30.0], "float32")
    x, t = sa.placeholder((None,), "float32"), sa.placeholder((None,), "float32")
    loss = nn.bce_with_logits(x, t, reduction="none")
    session = sa.compile([loss, *gradients(loss.sum(), [x])], inputs=[x, t])
    for label in (0.0, 1.0):
        value, slope = session(z, np.full(4, label, "float32"))
        sign = 1 - 2 * label
        np.testing.assert_allclose(value, np.logaddexp(0, sign * z.astype("float64")), rtol=1e-6)
        np.testing.assert_allclose(slope, sign * scipy.special.expit(sign * z.astype("float64")), rtol=1e-6)


def test_certain_probabilities() -> None:
    """Logarithms of 0 are -100, as in torch; no derivative is NaN."""
    p, t = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    x = sa.placeholder((4,))
    loss = nn.bce(x, t, reduction="none")
    value, slope = sa.compile([loss, *gradients(loss.sum(), [x])], inputs=[x])(p)
    np.testing.assert_array_equal(value, [0, 100, 100, 0])
    np.testing.assert_array_equal(slope, [1, 0, 0, -1])


def test_targets_that_are_left_out() -> None:
    """Their scores may be anything. The mean is that of the others, NaN of none."""
    x, t = sa.placeholder((None, 3)), sa.placeholder((None,), "int64")
    loss = nn.cross_entropy(x, t, ignore_index=-100, reduction="mean")
    session = sa.compile([loss, *gradients(loss, [x])], inputs=[x, t])
    scores = np.array([[1.0, 2.0, 3.0], [np.nan, np.inf, 0.0]])
    value, slope = session(scores, np.array([1, -100]))
    soft = scipy.special.softmax(scores[0])
    np.testing.assert_allclose(value, -np.log(soft[1]))
    np.testing.assert_allclose(slope, [soft - [0, 1, 0], np.zeros(3)], atol=1e-15)
    value, _ = session(scores[:1], np.array([-100]))
    assert np.isnan(value)


def test_losses_of_nothing() -> None:
    x = sa.placeholder((None, 3))
    made = [nn.mse, nn.mae, nn.huber_loss, nn.bce_with_logits]
    values = evaluate([loss(x, x, reduction=r) for loss in made for r in ("sum", "none")], {x: np.zeros((0, 3))})
    assert [v.shape for v in values] == [(), (0, 3)] * 4
    assert all(v.sum() == 0 for v in values)


def test_huber_has_its_second_derivative_at_0() -> None:
    x = sa.placeholder(())
    for loss in (nn.huber_loss(x, 0.0), nn.smooth_l1_loss(x, 0.0)):
        (slope,) = gradients(loss, [x])
        np.testing.assert_array_equal(evaluate([loss, slope, *gradients(slope, [x])], {x: 0.0}), [0, 0, 1])


def test_integers_do_not_widen_float32() -> None:
    x, labels = sa.placeholder((None,), "float32"), sa.placeholder((None,), "int64")
    for loss in (nn.mse, nn.bce_with_logits, nn.soft_margin_loss, nn.kl_div, nn.poisson_nll_loss):
        assert loss(x, labels).dtype == np.float32
    assert nn.margin_ranking_loss(x, x, [1, -1]).dtype == np.float32
    assert nn.mse([1, 2], [3, 4]).dtype == np.float64


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.mse(A, A, reduction="avg"), ConfigError, "mse: the reduction is one of 'mean', 'sum', 'none', not"),
        (lambda: nn.kl_div(A, A, reduction="all"), ConfigError, "kl_div: .* 'batchmean', .* not 'all'"),
        (
            lambda: nn.mae(A, A[:, :1]),
            ShapeError,
            "mae: predictions and targets differ in shape .*'a' .*do not broadcast",
        ),
        (lambda: nn.huber_loss(A, A, delta=0.0), ConfigError, "huber_loss: delta has to be positive, not 0.0"),
        (lambda: nn.smooth_l1_loss(A, A, beta=-1), ConfigError, "beta has to be at least 0, not -1"),
        (lambda: nn.triplet_margin_loss(A, A, A, margin=0), ConfigError, "margin=0 has to be above 0 .*test_losses"),
        (lambda: nn.mse(A.astype("complex128"), A), DTypeError, "mse: takes no complex numbers"),
        (lambda: nn.cross_entropy(A, T, label_smoothing=1.5), ConfigError, r"label_smoothing has to be in \[0, 1\]"),
        (lambda: nn.cross_entropy(A, A, ignore_index=0), ConfigError, "ignore_index is for targets that are classes"),
        (lambda: nn.cross_entropy(A, A[:, :2]), ShapeError, "cross_entropy: predictions and targets differ in shape"),
        (lambda: nn.cross_entropy(A, T, weight=np.ones(4)), ShapeError, "there is one weight for each class of axis 1"),
        (lambda: nn.multi_margin_loss(A, T, p=3), ConfigError, "multi_margin_loss: p is 1 or 2, not 3"),
        (lambda: nn.pairwise_distance(A, A[:3]), ShapeError, "pairwise_distance: .*'a'.*slice"),
        (lambda: nn.normalize(A, p="fro"), ConfigError, "normalize: p is a number, not 'fro'"),
        (lambda: nn.embedding(A, A), DTypeError, "embedding: indices have to be integers, not .*'a'"),
        (lambda: nn.embedding(T, np.float64(1)), ShapeError, "embedding: a table has rows"),
        (lambda: nn.embedding(T, A, padding_idx=4), IndexOutOfBounds, "padding_idx 4 is no row of .*'a'"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_losses.py:" in str(raised.value)
