"""The problems that are loops (recurrent network, ODE, recurrence in place, while loop), and their answers.

As in `benchmarks.problems`, the answers are worked out by hand with NumPy (or with Python's own floats, which are
faster than NumPy's where every number stands alone).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Rnn:
    """h = tanh(x[t] @ wx + h @ wh + b) over all steps, then the mean of h²; float32.

    The answer is [loss, dloss/dwx, dloss/dwh, dloss/db].
    """

    steps: int = 100
    batch: int = 32
    n_in: int = 32
    hidden: int = 64
    tolerance = 1e-3
    calls = 1

    @cached_property
    def x(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal((self.steps, self.batch, self.n_in), dtype=np.float32)

    @cached_property
    def weights(self) -> Arrays:
        """wx, wh, b."""
        rng = np.random.default_rng(2)
        wx = rng.standard_normal((self.n_in, self.hidden), dtype=np.float32) * np.float32(self.n_in**-0.5)
        wh = rng.standard_normal((self.hidden, self.hidden), dtype=np.float32) * np.float32(self.hidden**-0.5)
        return [wx, wh, np.zeros(self.hidden, np.float32)]

    def answer(self) -> Arrays:
        return rnn_value_and_gradients(self.x, *self.weights)


@dataclass(frozen=True)
class Ode:
    """The equations of Lotka and Volterra, u' = a u - u v and v' = u v - c v, by Euler's method; float64 scalars.

    The answer is [u + v at the end, its derivative by a, by c].
    """

    steps: int = 10_000
    width: float = 1e-3
    start = (1.0, 0.5)
    tolerance = 1e-10
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        return [np.asarray(value) for value in (1.1, 0.4)]  # a, c

    def answer(self) -> Arrays:
        a, c = (float(value) for value in self.inputs)
        return [np.asarray(value) for value in ode_value_and_gradient(a, c, self.start, self.width, self.steps)]


@dataclass(frozen=True)
class Recurrence:
    """x[i] = b[i] - x[i-1] / 2 with x[0] = b[0], written into one array element by element; doubles. The answer is
    [x]."""

    size: int
    tolerance = 1e-14
    calls = 1

    @cached_property
    def b(self) -> np.ndarray:
        return np.random.default_rng(1).standard_normal(self.size)

    def answer(self) -> Arrays:
        return [recurrence(self.b)]


@dataclass(frozen=True)
class While:
    """s = 0.999 s + x from zero on, as long as s is below a limit and a number of steps is not reached; float64.

    The answer is [s, how many steps were made]; the limit is never reached, but that is known only from s.
    """

    steps: int
    x = 0.3
    limit = 1e6
    tolerance = 1e-12
    calls = 1

    @cached_property
    def inputs(self) -> Arrays:
        return [np.asarray(self.x), np.asarray(self.limit), np.asarray(self.steps)]

    def answer(self) -> Arrays:
        return [np.asarray(value) for value in count_up(self.x, self.limit, self.steps)]


def euler(u: Any, v: Any, a: Any, c: Any, width: float) -> tuple[Any, Any]:
    """One step of Euler's method; every runtime traces this same function."""
    return u + width * (a * u - u * v), v + width * (u * v - c * v)


def rnn_value_and_gradients(x: np.ndarray, wx: np.ndarray, wh: np.ndarray, b: np.ndarray) -> Arrays:
    """Value and gradients as one would write them by hand: products without the state are made at once."""
    steps, batch, n_in = x.shape
    hidden = len(wh)
    flat = x.reshape(-1, n_in)
    inner = (flat @ wx).reshape(steps, batch, hidden)
    inner += b
    states = np.zeros((steps + 1, batch, hidden), x.dtype)
    for t in range(steps):
        inner[t] += states[t] @ wh
        np.tanh(inner[t], out=states[t + 1])
    last = states[-1]
    loss = np.mean(last * last)
    g = last * x.dtype.type(2 / last.size)
    slopes = 1 - states[1:] * states[1:]
    for t in reversed(range(steps)):
        slopes[t] *= g  # from here on the cotangent of inner[t]
        if t:
            g = slopes[t] @ wh.T
    cotangents = slopes.reshape(-1, hidden)
    by_wh = states[:-1].reshape(-1, hidden).T @ cotangents
    return [np.asarray(loss), flat.T @ cotangents, by_wh, cotangents.sum(axis=0)]


def ode_value_and_gradient(
    a: float, c: float, start: tuple[float, float], width: float, steps: int
) -> tuple[float, float, float]:
    """u + v after all steps, and its derivatives by a and c, backwards over the recorded states."""
    u, v = start
    us, vs = [], []
    for _ in range(steps):
        us.append(u)
        vs.append(v)
        u, v = euler(u, v, a, c, width)
    by_u = by_v = 1.0
    by_a = by_c = 0.0
    for old_u, old_v in zip(reversed(us), reversed(vs), strict=True):
        by_a += width * old_u * by_u
        by_c -= width * old_v * by_v
        by_u, by_v = (
            by_u * (1 + width * (a - old_v)) + by_v * width * old_v,
            by_v * (1 + width * (old_u - c)) - by_u * width * old_u,
        )
    return u + v, by_a, by_c


def recurrence(b: np.ndarray) -> np.ndarray:
    """The recurrence, element by element."""
    values = b.tolist()
    for i in range(1, len(values)):
        values[i] -= 0.5 * values[i - 1]
    return np.asarray(values)


def count_up(x: float, limit: float, steps: int) -> tuple[float, int]:
    """The last s, and the number of steps made."""
    s, count = 0.0, 0
    while s < limit and count < steps:
        s = s * 0.999 + x
        count += 1
    return s, count
