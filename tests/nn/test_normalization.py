"""Normalization: float32 far from 0, running statistics as updates, errors. Torch is asked in `tests/outside`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import staticad as sa
from staticad import nn
from staticad.errors import ConfigError, DTypeError, ShapeError

X = sa.placeholder((5, 4, 3), name="x")


def test_numbers_far_from_0(rng: np.random.Generator) -> None:
    """The variance is that of differences to the mean: nothing cancels."""
    x = sa.placeholder((None, 64), "float32")
    y = nn.layer_norm(x)
    array = (rng.normal(size=(3, 64)) + 1e4).astype("float32")
    exact = array.astype("float64")
    exact = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-5)
    (found,) = sa.compile([y], inputs=[x])(array)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_running_statistics_are_updates(rng: np.random.Generator) -> None:
    x = sa.placeholder((None, 3))
    mean, var = (sa.variable(v, trainable=False) for v in (np.zeros(3), np.ones(3)))
    following = nn.batch_statistics(x, mean, var, momentum=0.5)
    train = sa.compile(
        nn.batch_norm(x, training=True), inputs=[x], updates=dict(zip((mean, var), following, strict=True))
    )
    use = sa.compile(nn.batch_norm(x, mean, var, eps=0.0), inputs=[x])
    array = rng.normal(size=(8, 3)) * 2 + 5
    for _ in range(60):
        np.testing.assert_allclose(train(array).mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(mean.value, array.mean(0))
    np.testing.assert_allclose(var.value, array.var(0, ddof=1))
    np.testing.assert_allclose(use(array), (array - mean.value) / np.sqrt(var.value))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.layer_norm(X, (3, 4)), ShapeError, r"layer_norm: the last sizes have to be \(3, 4\).*'x'"),
        (lambda: nn.layer_norm(X, ()), ShapeError, "layer_norm: .*one at least"),
        (
            lambda: nn.layer_norm(X, 3, np.ones(4)),
            ShapeError,
            r"layer_norm: the weight has to have the shape \(3\), not",
        ),
        (lambda: nn.layer_norm(X, 3, None, np.ones((1, 3))), ShapeError, "layer_norm: the bias has to have"),
        (lambda: nn.rms_norm(X.astype("complex64")), DTypeError, "rms_norm: takes no complex numbers"),
        (lambda: nn.group_norm(X, 3), ShapeError, "group_norm: 4 channels are not 3 equal groups"),
        (lambda: nn.group_norm(X, 0), ConfigError, "group_norm: the number of groups is an int from 1, not 0"),
        (lambda: nn.group_norm(X[0, 0], 1), ShapeError, "group_norm: needs 2 axes at least"),
        (lambda: nn.instance_norm(X[:, :, :1]), ShapeError, "instance_norm: one number has no variance"),
        (lambda: nn.instance_norm(X[0]), ShapeError, "instance_norm: needs 3 axes"),
        (lambda: nn.batch_norm(X), ConfigError, "batch_norm: .*running_mean and running_var are needed"),
        (lambda: nn.batch_norm(X, np.ones(3), np.ones(4)), ShapeError, "batch_norm: the running mean has to have"),
        (lambda: nn.batch_norm(X[:1, :, 0], training=True), ShapeError, "batch_norm: one number has no variance"),
        (lambda: nn.local_response_norm(X, 0), ConfigError, "the number of channels is an int from 1"),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        make()
    assert "test_normalization.py:" in str(raised.value)
