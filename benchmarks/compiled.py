"""The larger programs whose compilation is timed: an ODE fit, an LSTM, a transformer, Adam over many arrays.

A loss is written once, in the functions that all runtimes have under NumPy's names or that :class:`Functions` names.
NumPy evaluates it in float64, and its slope along a direction checks all gradients together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Arrays = list[np.ndarray]

CHECKED_STEPS = 3


@dataclass(frozen=True)
class Functions:
    """What a runtime calls its functions: ``numpy`` has those of NumPy, ``scan`` is as JAX's. ``layer_norm`` is of the
    last axis, with gain and bias; ``attention`` of queries, keys and values is causal; ``convolution`` is of
    images and filters, with a padding."""

    numpy: Any
    scan: Callable[..., Any]
    sigmoid: Callable[[Any], Any]
    softmax: Callable[[Any], Any]
    log_softmax: Callable[[Any], Any]
    gelu: Callable[[Any], Any]
    layer_norm: Callable[[Any, Any, Any], Any]
    attention: Callable[[Any, Any, Any], Any]
    embedding: Callable[[Any, Any], Any]
    convolution: Callable[[Any, Any, int], Any]


@dataclass(frozen=True)
class Differentiated:
    """The value and all gradients of a loss. The answer is [loss, slope of the loss along a direction]."""

    calls = 1
    tolerance = 2e-3

    @property
    def data(self) -> Arrays:
        raise NotImplementedError

    @cached_property
    def parameters(self) -> Arrays:
        raise NotImplementedError

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        raise NotImplementedError

    @cached_property
    def direction(self) -> Arrays:
        rng = np.random.default_rng(7)
        return [rng.standard_normal(p.shape) for p in self.parameters]

    def read(self, loss: Any, gradients: Sequence[Any]) -> Arrays:
        """The answer by what a runtime has computed."""
        slope = sum(np.sum(np.asarray(g, "float64") * d) for g, d in zip(gradients, self.direction, strict=True))
        return [np.asarray(loss, "float64"), np.asarray(slope)]

    def answer(self) -> Arrays:
        data = [value.astype("float64") if value.dtype.kind == "f" else value for value in self.data]

        def loss(step: float) -> Any:
            moved = [p.astype("float64") + step * d for p, d in zip(self.parameters, self.direction, strict=True)]
            return self.loss(BY_NUMPY, moved, *data)

        return [np.asarray(loss(0.0)), np.asarray((loss(1e-5) - loss(-1e-5)) / 2e-5)]


@dataclass(frozen=True)
class Fit(Differentiated):
    """The equations of Lotka and Volterra by the Runge-Kutta method of order 4, compared with observations; float64
    scalars. Parameters are the four of the equations and where they start."""

    steps: int = 200
    width: float = 0.05
    tolerance = 1e-6

    @cached_property
    def data(self) -> Arrays:
        return list(np.random.default_rng(1).uniform(0.5, 2.0, (2, self.steps)))

    @cached_property
    def parameters(self) -> Arrays:
        return [np.asarray(value) for value in (1.1, 0.9, 0.8, 0.7, 1.0, 0.5)]

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        a, b, c, d, *start = parameters

        def slope(u: Any, v: Any) -> tuple[Any, Any]:
            return a * u - b * u * v, d * u * v - c * v

        def step(state: Any, _: Any) -> Any:
            u, v = state
            h = self.width
            u1, v1 = slope(u, v)
            u2, v2 = slope(u + h / 2 * u1, v + h / 2 * v1)
            u3, v3 = slope(u + h / 2 * u2, v + h / 2 * v2)
            u4, v4 = slope(u + h * u3, v + h * v3)
            state = u + h / 6 * (u1 + 2 * u2 + 2 * u3 + u4), v + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
            return state, state

        _, found = f.scan(step, tuple(start), None, length=self.steps)
        return sum(((x - observed) ** 2).mean() for x, observed in zip(found, data, strict=True))


@dataclass(frozen=True)
class Lstm(Differentiated):
    """An LSTM over some steps, then the mean of h²; float32."""

    steps: int = 100
    batch: int = 32
    n_in: int = 32
    hidden: int = 64

    @cached_property
    def data(self) -> Arrays:
        return [np.random.default_rng(1).standard_normal((self.steps, self.batch, self.n_in), dtype=np.float32)]

    @cached_property
    def parameters(self) -> Arrays:
        shapes = ((self.n_in, 4 * self.hidden), (self.hidden, 4 * self.hidden), (4 * self.hidden,))
        return normal(shapes, self.hidden**-0.5)

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        (x,), (by_x, by_h, b), n = data, parameters, self.hidden

        def step(state: Any, row: Any) -> Any:
            h, c = state
            gates = row @ by_x + h @ by_h + b
            c = f.sigmoid(gates[:, n : 2 * n]) * c + f.sigmoid(gates[:, :n]) * f.numpy.tanh(gates[:, 2 * n : 3 * n])
            h = f.sigmoid(gates[:, 3 * n :]) * f.numpy.tanh(c)
            return (h, c), None

        zeros = f.numpy.zeros((x.shape[1], n), x.dtype)
        (h, _), _ = f.scan(step, (zeros, zeros), x)
        return (h * h).mean()


@dataclass(frozen=True)
class Transformer(Differentiated):
    """A causal transformer with normalization before each part of a block, and the cross entropy of the next token;
    float32."""

    blocks: int = 6
    batch: int = 8
    length: int = 32
    width: int = 64
    heads: int = 4
    words: int = 100

    @cached_property
    def data(self) -> Arrays:
        tokens = np.random.default_rng(1).integers(0, self.words, (self.batch, self.length + 1))
        return [np.ascontiguousarray(tokens[:, :-1]), np.ascontiguousarray(tokens[:, 1:])]

    @cached_property
    def parameters(self) -> Arrays:
        w = self.width
        block = ((w,), (w,), (w, 3 * w), (w, w), (w,), (w,), (w, 4 * w), (4 * w,), (4 * w, w), (w,))
        return normal(((self.words, w), (self.length, w), *block * self.blocks, (w, self.words)), 0.1)

    def loss(self, f: Functions, parameters: Sequence[Any], *data: Any) -> Any:
        (tokens, following), np_ = data, f.numpy
        table, positions, *blocks, last = parameters
        h = table[tokens] + positions
        for k in range(0, len(blocks), 10):
            h = self.block(f, h, *blocks[k : k + 10])
        log_p = f.log_softmax(h @ last)
        return -np_.take_along_axis(log_p, following[..., None], axis=-1).mean()

    def block(self, f: Functions, h: Any, *parameters: Any) -> Any:
        """Attention, then two layers, each added to what comes in."""
        np_, w = f.numpy, self.width
        g1, b1, qkv, out, g2, b2, w1, c1, w2, c2 = parameters

        def heads(x: Any) -> Any:
            parts = np_.reshape(x, (x.shape[0], self.length, self.heads, w // self.heads))
            return np_.transpose(parts, (0, 2, 1, 3))

        x = normalized(f, h, g1, b1) @ qkv
        q, k, v = (heads(x[..., i * w : (i + 1) * w]) for i in range(3))
        scores = q @ np_.swapaxes(k, -1, -2) * (w // self.heads) ** -0.5
        weights = f.softmax(np_.where(np.tri(self.length, dtype=bool), scores, -1e9))
        mixed = np_.transpose(weights @ v, (0, 2, 1, 3))
        h = h + np_.reshape(mixed, (mixed.shape[0], self.length, w)) @ out
        x = normalized(f, h, g2, b2) @ w1 + c1
        return h + (x * f.sigmoid(1.702 * x)) @ w2 + c2


def normalized(f: Functions, x: Any, gain: Any, bias: Any) -> Any:
    """Each row with mean 0 and variance 1, then scaled and moved."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / f.numpy.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5) * gain + bias


def normal(shapes: Sequence[tuple[int, ...]], scale: float) -> Arrays:
    rng = np.random.default_rng(2)
    return [rng.standard_normal(shape, dtype=np.float32) * np.float32(scale) for shape in shapes]


@dataclass(frozen=True)
class Adam:
    """Steps of Adam that move arrays towards data, by the mean of the squared distances; float32. The answer are the
    arrays after CHECKED_STEPS steps."""

    count: int = 100
    rate = 0.01
    tolerance = 1e-4
    calls = CHECKED_STEPS

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [(8 + i % 10, 16) if i % 2 else (8 + i % 10,) for i in range(self.count)]

    @cached_property
    def goals(self) -> Arrays:
        return normal(self.shapes, 2.0)

    def start(self) -> Arrays:
        return normal(self.shapes, 1.0)

    def answer(self) -> Arrays:
        arrays = []
        for p, goal in zip(self.start(), self.goals, strict=True):
            m, v = np.zeros_like(p), np.zeros_like(p)
            for step in range(1, self.calls + 1):
                g = 2 * (p - goal) / p.size
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                p = p - self.rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            arrays.append(p.astype(np.float32))
        return arrays


def scan(step: Callable[[Any, Any], Any], state: Any, xs: Any, length: int | None = None) -> Any:
    """As JAX's, in Python."""
    outputs = []
    for k in range(len(xs) if length is None else length):
        state, output = step(state, None if xs is None else xs[k])
        outputs.append(output)
    return state, None if outputs[0] is None else tuple(map(np.stack, zip(*outputs, strict=True)))


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def _layer_norm(x: np.ndarray, gain: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias


def _attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return _softmax(np.where(np.tri(*scores.shape[-2:]) > 0, scores, -np.inf)) @ v


def _convolution(x: np.ndarray, w: np.ndarray, padding: int) -> np.ndarray:
    framed = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(framed, w.shape[2:], (2, 3))
    return np.moveaxis(np.tensordot(windows, w, ((1, 4, 5), (1, 2, 3))), -1, 1)


BY_NUMPY = Functions(
    np,
    scan,
    lambda x: 1 / (1 + np.exp(-x)),
    _softmax,
    lambda x: np.log(_softmax(x)),
    _gelu,
    _layer_norm,
    _attention,
    lambda i, table: table[i],
    _convolution,
)
