"""What is timed: each problem's data, and its answer by NumPy, against which every runtime is checked first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Arrays = list[np.ndarray]

CHECKED_STEPS = 3
"""A training step is checked after this many calls, so that its updates are checked too."""


@dataclass(frozen=True)
class Neuron:
    """f = 1 / (1 + exp(-(w0 x0 + w1 x1 + w2))) and its five derivatives; float64 scalars.

    The answer is [f, df/dw0, df/dx0, df/dw1, df/dx1, df/dw2].
    """

    tolerance = 1e-13
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        return [np.asarray(value) for value in (2.0, -1.0, -3.0, -2.0, -3.0)]  # w0, x0, w1, x1, w2

    def answer(self) -> Arrays:
        w0, x0, w1, x1, w2 = self.inputs
        f = 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))
        slope = f * (1 - f)
        return [np.asarray(value) for value in (f, slope * x0, slope * w0, slope * x1, slope * w1, slope)]


@dataclass(frozen=True)
class Mlp:
    """One training step of a multilayer perceptron in float32: ReLU, softmax cross entropy, all gradients, SGD.

    The answer is [loss, w1, b1, w2, b2, …] after CHECKED_STEPS steps; the loss is that of the last step's start. With
    these data the operand of no ReLU of the rows here comes within float32 rounding of 0 meanwhile: there the
    order of a product's terms would decide whether its whole slope counts.
    """

    batch: int
    sizes: tuple[int, ...]
    rate = 0.01
    tolerance = 2e-4
    calls = CHECKED_STEPS

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(4)
        x = rng.standard_normal((self.batch, self.sizes[0]), dtype=np.float32)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def parameters(self) -> Arrays:
        """Fresh initial values: weight and bias of each layer in turn."""
        rng = np.random.default_rng(2)
        values = []
        for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False):
            values.append(rng.standard_normal((n_in, n_out), dtype=np.float32) * np.float32((2 / n_in) ** 0.5))
            values.append(np.zeros(n_out, np.float32))
        return values

    def answer(self) -> Arrays:
        parameters = self.parameters()
        loss = np.float32(0)
        for _ in range(self.calls):
            loss = mlp_step(parameters, *self.data, self.rate)
        return [np.asarray(loss), *parameters]


@dataclass(frozen=True)
class Residual:
    """One training step through many identical layers h = h + tanh(h @ w + b), then the mean of h²; float32, SGD.

    The answer is [loss, w1, b1, w2, b2, …] after CHECKED_STEPS steps, computed in float64: roundings grow with the
    depth, and 400 layers computed by NumPy in float32 are off by 4e-3.
    """

    layers: int
    width: int = 64
    batch: int = 32
    rate = 0.01
    calls = CHECKED_STEPS

    @property
    def tolerance(self) -> float:
        return 2e-5 * max(self.layers, 10)

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal((self.batch, self.width), dtype=np.float32)

    def parameters(self) -> Arrays:
        """Fresh initial values: weight and bias of each layer in turn."""
        rng = np.random.default_rng(2)
        values = []
        for _ in range(self.layers):
            values.append(rng.standard_normal((self.width, self.width), dtype=np.float32) * np.float32(0.02))
            values.append(np.zeros(self.width, np.float32))
        return values

    def answer(self) -> Arrays:
        parameters = [p.astype(np.float64) for p in self.parameters()]
        loss: np.floating = np.float64(0)
        for _ in range(self.calls):
            loss = residual_step(parameters, self.x.astype(np.float64), self.rate)
        return [np.asarray(value, np.float32) for value in (loss, *parameters)]


@dataclass(frozen=True)
class Chain:
    """y = sum(chain(x)) and dy/dx for `size` numbers. The answer is [y, dy/dx]."""

    size: int
    dtype: str = "float64"
    calls = 1

    @property
    def tolerance(self) -> float:
        return 1e-11 if self.dtype == "float64" else 1e-4

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal(self.size).astype(self.dtype)

    def answer(self) -> Arrays:
        y, gradient = chain_value_and_gradient(self.x)
        return [np.asarray(y), gradient]


CHAIN = (0.3, -0.4, 0.7, 0.1)


def chain(x: Any, exp: Callable[[Any], Any]) -> Any:
    """Forty elementwise operations, four of them exponentials; every runtime traces this same function."""
    for a in CHAIN:
        u = x * exp(-(x * x)) + a
        x = u / (u * u + 1.0) + x * 0.5
    return x


def chain_value_and_gradient(x: np.ndarray) -> tuple[np.floating, np.ndarray]:
    """sum(chain(x)) and its gradient as one would write them by hand."""
    slope = np.ones_like(x)
    for a in CHAIN:
        e = np.exp(-(x * x))
        u = x * e + a
        square = u * u
        below = square + 1.0
        slope *= (1.0 - square) / (below * below) * (e * (1.0 - 2.0 * x * x)) + 0.5
        x = u / below + x * 0.5
    return x.sum(), slope


def mlp_step(parameters: Arrays, x: np.ndarray, t: np.ndarray, rate: float) -> np.floating:
    """One SGD step as one would write it by hand; updates the parameters in place, returns the loss before it."""
    rows = np.arange(len(t))
    inputs = [x]
    for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = inputs[-1] @ w
        h += b
        inputs.append(np.maximum(h, 0, out=h))
    logits = inputs[-1] @ parameters[-2]
    logits += parameters[-1]
    logits -= logits.max(axis=1, keepdims=True)
    g = np.exp(logits)
    total = g.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - logits[rows, t])
    g /= total
    g[rows, t] -= 1
    g /= len(t)
    for layer in reversed(range(len(inputs))):
        w, b = parameters[2 * layer], parameters[2 * layer + 1]
        dw, db = inputs[layer].T @ g, g.sum(axis=0)
        if layer:
            g = g @ w.T
            g *= inputs[layer] > 0
        w -= rate * dw
        b -= rate * db
    return loss


def residual_step(parameters: Arrays, x: np.ndarray, rate: float) -> np.floating:
    """One SGD step as one would write it by hand; updates the parameters in place, returns the loss before it."""
    h, kept = x, []
    for w, b in zip(parameters[::2], parameters[1::2], strict=True):
        a = np.tanh(h @ w + b)
        kept.append((h, a))
        h = h + a
    loss = np.mean(h * h)
    g = h * (2 / h.size)
    for w, b, (h, a) in zip(parameters[-2::-2], parameters[::-2], reversed(kept), strict=True):
        inner = g * (1 - a * a)
        g = g + inner @ w.T
        w -= rate * (h.T @ inner)
        b -= rate * inner.sum(axis=0)
    return loss


def differences(found: Arrays, expected: Arrays, tolerance: float) -> str | None:
    """None when all arrays agree; else what the first difference is. Sizes of errors are relative to the largest
    magnitude of the expected array, dtypes are part of the answer."""
    if len(found) != len(expected):
        return f"{len(found)} arrays instead of {len(expected)}"
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"array {i}: {a.dtype}{list(a.shape)} instead of {b.dtype}{list(b.shape)}"
        error = float(np.abs(a - b).max()) if a.size else 0.0
        scale = float(np.abs(b).max()) if b.size else 1.0
        if not error <= tolerance * max(scale, 1e-3):
            return f"array {i}: largest error {error:.3g}, largest value {scale:.3g}, tolerance {tolerance:.3g}"
    return None
