"""Whole training steps: a network, its loss, gradients and updates, compiled, agree with the reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import staticad as sa
from staticad import nn
from staticad.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from staticad.runtime.variables import Variable
from tests.optim.stepping import Runner, compiled, reference

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.5, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda: Adam(0.05),
    "adamw": lambda: AdamW(0.05),
    "rmsprop": lambda: RMSprop(0.05, momentum=0.5, centered=True),
    "adagrad": lambda: Adagrad(0.05),
}


def train(runner: Runner, make: Callable[[], Optimizer], dtype: str, batches: list[int]) -> list[np.ndarray]:
    """The model's variables, the optimizer's state and the last loss after one step per batch."""
    rng = np.random.default_rng(3)
    x = sa.placeholder((None, 5), dtype, name="x")
    t = sa.placeholder((x.shape[0],), "int32", name="t")
    model = nn.Sequential(
        [
            nn.Dense(5, 8, nn.relu, initializer="he", dtype=dtype, rng=rng),
            nn.Dense(8, 8, nn.tanh, dtype=dtype, rng=rng),
            nn.Dense(8, 3, dtype=dtype, rng=rng),
        ]
    )
    loss = nn.cross_entropy(model(x), t).mean()
    measured: Variable = sa.variable(0.0, dtype, trainable=False)
    optimizer = make()
    step = runner({**optimizer.minimize(loss), measured: loss}, [x, t])
    for batch in batches:
        step(rng.normal(size=(batch, 5)).astype(dtype), rng.integers(0, 3, batch).astype("int32"))
    slots = [slot for v in model.variables for slot in optimizer.slots.get(v, {}).values()]
    return [v.value for v in (*model.variables, *slots, measured)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_over_batches_of_any_size(name: str, dtype: str) -> None:
    batches = [16, 1, 7, 100]
    expected = train(reference, OPTIMIZERS[name], dtype, batches)
    found = train(compiled, OPTIMIZERS[name], dtype, batches)
    tolerance = 1e-4 if dtype == "float32" else 1e-11
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype == dtype and np.isfinite(a).all()
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_a_network_learns_what_it_sees(rng: np.random.Generator) -> None:
    points = rng.normal(size=(128, 2)).astype("float32")
    inside = (np.sum(points**2, axis=1) < 1.0).astype("int64")
    x, t = sa.placeholder((None, 2), "float32"), sa.placeholder((None,), "int64")
    model = nn.Sequential([nn.Dense(2, 16, nn.tanh, rng=rng), nn.Dense(16, 2, rng=rng)])
    logits = model(x)
    loss = nn.cross_entropy(logits, t).mean()
    step = sa.compile(loss, inputs=[x, t], updates=Adam(0.05).minimize(loss))
    predict = sa.compile(logits.argmax(axis=1), inputs=[x])
    losses = [float(step(points, inside)) for _ in range(200)]
    assert losses[-1] < losses[0] / 5
    assert (predict(points) == inside).mean() > 0.97
