"""Recurrent networks by scan: equal to the unrolled graph, and to torch where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import staticad as sa
from tests.control.running import check_derivatives, run

STEPS, BATCH, INPUTS, HIDDEN = 5, 3, 2, 4
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
Cell = Callable[[Any, sa.Tensor], Any]


def cell(kind: str, w: sa.Tensor, u: sa.Tensor, b: sa.Tensor, c: sa.Tensor) -> Cell:
    """A cell with torch's order of gates: input, forget, new, output and reset, update, new."""

    def parts(values: sa.Tensor) -> list[sa.Tensor]:
        return [values[:, i * HIDDEN : (i + 1) * HIDDEN] for i in range(GATES[kind])]

    def rnn(h: sa.Tensor, x: sa.Tensor) -> sa.Tensor:
        return sa.tanh(x @ w + b + h @ u + c)

    def gru(h: sa.Tensor, x: sa.Tensor) -> sa.Tensor:
        (xr, xz, xn), (hr, hz, hn) = parts(x @ w + b), parts(h @ u + c)
        r, z = sa.sigmoid(xr + hr), sa.sigmoid(xz + hz)
        return (1 - z) * sa.tanh(xn + r * hn) + z * h

    def lstm(state: tuple[sa.Tensor, sa.Tensor], x: sa.Tensor) -> tuple[sa.Tensor, sa.Tensor]:
        h, memory = state
        i, f, g, o = parts(x @ w + b + h @ u + c)
        memory = sa.sigmoid(f) * memory + sa.sigmoid(i) * sa.tanh(g)
        return sa.sigmoid(o) * sa.tanh(memory), memory

    return {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]


def output(state: Any) -> sa.Tensor:
    return state[0] if isinstance(state, tuple) else state


class Model:
    """Placeholders, values, and the loss by scan and unrolled."""

    def __init__(self, kind: str, steps: int | None = STEPS) -> None:
        gates = GATES[kind] * HIDDEN
        self.xs = sa.placeholder((steps, BATCH, INPUTS), name="xs")
        shapes = {"w": (INPUTS, gates), "u": (HIDDEN, gates), "b": (gates,), "c": (gates,)}
        self.weights = [sa.placeholder(shape, name=name) for name, shape in shapes.items()]
        self.cell = cell(kind, *self.weights)
        zeros = sa.zeros((BATCH, HIDDEN))
        self.start: Any = (zeros, zeros) if kind == "lstm" else zeros
        rng = np.random.default_rng(0)
        self.feeds = {w: 0.5 * rng.normal(size=w.shape) for w in self.weights}
        self.feeds[self.xs] = rng.normal(size=(STEPS, BATCH, INPUTS))
        self.target = rng.normal(size=(STEPS, BATCH, HIDDEN))

    def by_scan(self, reverse: bool = False) -> tuple[sa.Tensor, sa.Tensor]:
        def step(state: Any, x: sa.Tensor) -> tuple[Any, sa.Tensor]:
            following = self.cell(state, x)
            return following, output(following)

        last, ys = sa.scan(step, self.start, self.xs, reverse=reverse)
        return ((ys - self.target) ** 2).sum() + output(last).sum(), ys

    def unrolled(self) -> tuple[sa.Tensor, sa.Tensor]:
        state, ys = self.start, []
        for t in range(STEPS):
            state = self.cell(state, self.xs[t])
            ys.append(output(state))
        stacked = sa.stack(ys)
        return ((stacked - self.target) ** 2).sum() + output(state).sum(), stacked


@pytest.mark.parametrize("kind", GATES)
def test_a_scan_equals_the_unrolled_graph(kind: str) -> None:
    model = Model(kind)
    xs = [*model.weights, model.xs]
    loss, ys = model.by_scan()
    found = run([loss, ys, *sa.gradients(loss, xs)], model.feeds, rtol=1e-9)
    plain, stacked = model.unrolled()
    expected = sa.evaluate([plain, stacked, *sa.gradients(plain, xs)], model.feeds)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_derivatives_in_every_mode(kind: str) -> None:
    model = Model(kind)
    _, ys = model.by_scan()
    check_derivatives([ys.sum(axis=1)], model.weights[2:3], model.feeds)


def test_a_free_number_of_steps() -> None:
    model = Model("gru", steps=None)
    loss, ys = model.by_scan()
    session = sa.compile([loss, ys, *sa.gradients(loss, model.weights)], inputs=list(model.feeds))
    fixed = Model("gru")
    expected_loss, expected_ys = fixed.unrolled()
    expected = sa.evaluate([expected_loss, expected_ys, *sa.gradients(expected_loss, fixed.weights)], fixed.feeds)
    for one, other in zip(session.run(model.feeds), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_backwards_in_time() -> None:
    model = Model("rnn")
    _, ys = model.by_scan(reverse=True)
    forward = Model("rnn")
    _, expected = forward.unrolled()
    feeds = {**model.feeds, model.xs: model.feeds[model.xs][::-1]}
    (other,) = sa.evaluate([expected], dict(zip(forward.feeds, feeds.values(), strict=True)))
    np.testing.assert_allclose(run([ys], model.feeds)[0], other[::-1], rtol=1e-12)


@pytest.mark.extras("torch")
@pytest.mark.parametrize("kind", GATES)
def test_equal_to_torch(kind: str) -> None:
    import torch

    model = Model(kind)
    loss, ys = model.by_scan()
    found = run([loss, ys, *sa.gradients(loss, [*model.weights, model.xs])], model.feeds, rtol=1e-9)
    module = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](
        INPUTS, HIDDEN, dtype=torch.float64
    )
    values = [torch.tensor(model.feeds[w]) for w in model.weights]
    own = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0]
    with torch.no_grad():
        for parameter, value in zip(own, values, strict=True):
            parameter.copy_(value.T if value.ndim == 2 else value)
    xs = torch.tensor(model.feeds[model.xs], requires_grad=True)
    outputs, _ = module(xs)
    total = ((outputs - torch.tensor(model.target)) ** 2).sum() + outputs[-1].sum()
    total.backward()
    gradients = [p.grad.T if p.grad.ndim == 2 else p.grad for p in own]
    expected = [total.detach(), outputs.detach(), *gradients, xs.grad]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-9, atol=1e-12)
