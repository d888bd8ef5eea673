"""The loss of connectionist temporal classification against a sum over all paths; derivatives; what is impossible."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import nn
from staticad.errors import ConfigError, DTypeError, IndexOutOfBounds, ShapeError
from tests.harness.derivatives import check_gradients

FRAMES, COUNTS = np.array([4, 3, 2, 1, 0]), np.array([2, 1, 2, 0, 0])
TARGETS = np.array([[1, 1], [2, -7], [1, 2], [9, 9], [0, 0]])
X = sa.placeholder((4, 5, 3), name="x")


def all_paths(log_probs: np.ndarray, labels: list[int], blank: int) -> float:
    """-log of the sum of the probabilities of all paths that read as the labels."""
    total = 0.0
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        read = [c for c, _ in itertools.groupby(path) if c != blank]
        if read == labels:
            total += np.exp(sum(row[c] for row, c in zip(log_probs, path, strict=True)))
    return -np.log(total)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_it_sums_over_all_paths(rng: np.random.Generator) -> None:
    """What stands behind the frames and labels that count may be anything."""
    x = sa.placeholder(("frames", "n", 3))
    t, i, n = sa.placeholder(("n", "labels"), "int32"), sa.placeholder(("n",), "int64"), sa.placeholder(("n",), "int64")
    losses = nn.ctc_loss(x, t, i, n, reduction="none")
    mean, total = (nn.ctc_loss(x, t, i, n, reduction=r, zero_infinity=True) for r in ("mean", "sum"))
    session = sa.compile([losses, mean, total, *sa.gradients(total, [x])], inputs=[x, t, i, n])
    log_probs = rng.normal(size=(4, 5, 3))
    for b, count in enumerate(FRAMES):
        log_probs[count:, b] = np.nan
    frames = FRAMES.copy()
    for _ in range(2):
        found, average, sum_, slope = session(log_probs, TARGETS.astype("int32"), frames, COUNTS)
        expected = [
            all_paths(log_probs[: frames[b], b], [*TARGETS[b, : COUNTS[b]]], blank=0) for b in range(len(TARGETS))
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        finite = np.where(np.isinf(expected), 0, expected)
        np.testing.assert_allclose(sum_, finite.sum(), rtol=1e-12)
        np.testing.assert_allclose(average, (finite / np.maximum(COUNTS, 1)).mean(), rtol=1e-12)
        assert np.isfinite(slope).all()
        assert not slope[:, np.isinf(expected)].any()
        frames[2] = 1  # too few for two labels


def test_another_blank_and_a_single_example(rng: np.random.Generator) -> None:
    log_probs = rng.normal(size=(4, 3))
    x = sa.placeholder((4, 3))
    loss = nn.ctc_loss(x, [0, 1], 4, 2, blank=2, reduction="none")
    assert loss.shape == ()
    np.testing.assert_allclose(sa.evaluate(loss, {x: log_probs})[0], all_paths(log_probs, [0, 1], 2), rtol=1e-12)
    check_gradients(loss, x, {x: log_probs})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.ctc_loss(X, TARGETS * 1.0, FRAMES, COUNTS), DTypeError, "labels and lengths have to be integers"),
        (
            lambda: nn.ctc_loss(X, [1, 2, 3], FRAMES, COUNTS),
            ShapeError,
            r"ctc_loss: needs log_probs of \(frames, batch, cl",
        ),
        (lambda: nn.ctc_loss(X, TARGETS, FRAMES[:2], COUNTS), ShapeError, "one length for each example.*'x'"),
        (lambda: nn.ctc_loss(X, TARGETS, FRAMES, COUNTS, blank=3), ConfigError, "the blank 3 is no class of .*'x'"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_ctc.py:" in str(raised.value)


def test_a_label_outside_is_named() -> None:
    loss = nn.ctc_loss(X, TARGETS, FRAMES, np.full(5, 2))
    with pytest.raises(IndexOutOfBounds, match="ctc_loss: the label (9|-7) is none of the 3 classes, which are 0 to 2"):
        sa.compile(loss, inputs=[X])(np.zeros((4, 5, 3)))
