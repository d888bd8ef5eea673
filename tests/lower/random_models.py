"""Random graphs with variables and updates, made of ops that do not amplify rounding errors.

Every value stays within a few units, so that a plan's results and the reference's agree to many digits whatever the
order of additions. Shapes are few, so that values meet again and again: as transposes, slices, sums, products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import staticad as sa
from staticad.ir.dim_values import evaluate
from staticad.ir.dims import Size, Symbol, symbol

FREE = (3, symbol("n"), symbol("m"))


class Model(NamedTuple):
    """Fetches and updates over inputs and variables; ``feeds`` are arrays for the inputs."""

    feeds: dict[sa.Tensor, np.ndarray]
    fetches: list[sa.Tensor]
    updates: dict[sa.Variable, sa.Tensor]


class _Builder:
    def __init__(self, seed: int, fixed: bool) -> None:
        self.rng = np.random.default_rng(seed)
        self.sizes = {Symbol("n"): int(self.rng.integers(0, 6)), Symbol("m"): int(self.rng.integers(1, 6))}
        self.fixed = fixed
        self.pool: list[sa.Tensor] = []
        self.feeds: dict[sa.Tensor, np.ndarray] = {}

    def number(self, size: Size) -> int:
        return evaluate(size, self.sizes)

    def shape(self) -> tuple[Size, ...]:
        chosen = [FREE[int(k)] for k in self.rng.integers(0, 3, int(self.rng.integers(0, 4)))]
        return tuple(self.number(s) if self.fixed else s for s in chosen)

    def array(self, shape: tuple[Size, ...]) -> np.ndarray:
        return self.rng.uniform(-1, 1, tuple(map(self.number, shape)))

    def source(self) -> None:
        shape = self.shape()
        if self.rng.random() < 0.5:
            variable_shape = tuple(map(self.number, shape)) if self.fixed else tuple(3 for _ in shape)
            self.pool.append(sa.variable(self.array(variable_shape)))
        else:
            x = sa.placeholder(shape, "float64")
            self.feeds[x] = self.array(shape)
            self.pool.append(x)

    def any(self) -> sa.Tensor:
        """A tensor, rather a recent one."""
        return self.pool[-1 - int(min(self.rng.exponential(4.0), len(self.pool) - 1))]

    def like(self, x: sa.Tensor) -> sa.Tensor:
        """A tensor that has the shape of ``x``, made by stretching or cutting if there is no other."""
        same = [t for t in self.pool if t.shape == x.shape and t is not x]
        if same and self.rng.random() < 0.8:
            return same[int(self.rng.integers(len(same)))]
        return sa.broadcast_to(self.any().mean() if self.rng.random() < 0.2 else sa.constant(0.5), x.shape)

    def step(self) -> sa.Tensor:
        x = self.any()
        kind = int(self.rng.integers(0, 17))
        axis = int(self.rng.integers(0, x.ndim)) if x.ndim else 0
        if kind <= 2:
            return (sa.tanh, sa.sin, lambda t: 0.5 * t)[kind](x)
        if kind <= 5 or not x.ndim:
            y = self.like(x)
            return (sa.tanh(x + y), 0.5 * x * y, sa.where(x > 0.1, x, y))[int(self.rng.integers(3))]
        if kind == 6:
            return x.transpose(*self.rng.permutation(x.ndim).tolist())
        if kind == 7:
            keep, axes = bool(self.rng.integers(2)), None if self.rng.random() < 0.2 else axis
            if self.rng.random() < 0.3 and all(self.number(s) for s in x.shape):
                return sa.max(x, axis=axes, keepdims=keep)
            return sa.tanh(sa.sum(x, axis=axes, keepdims=keep))
        if kind == 8:
            return x - sa.tanh(x.sum(axis=axis, keepdims=True))
        if kind == 9:
            return sa.flip(x, axis)
        if kind == 10:
            return (
                sa.tanh(sa.swapaxes(x, 0, -1).reshape(-1))
                if x.ndim < 3
                else x.reshape(x.shape[0], x.shape[1] * x.shape[2])
            )
        if kind == 11 and x.inputs:
            return sa.concatenate([x, self.like(x)], axis=axis)
        if kind == 11 and not x.inputs and self.number(x.shape[axis]):
            place = sa.argmax(x, axis=axis, keepdims=True)
            return sa.take_along_axis(self.like(x), place, axis=axis) * x
        if kind == 12 and x.ndim >= 2:
            return sa.tanh(x @ sa.swapaxes(self.like(x), -1, -2))
        if kind == 13 and self.number(x.shape[axis]) > 0:
            index = sa.arange(x.shape[axis], dtype="int64")
            return sa.take(x, index.shape[0] - 1 - index, axis=axis)
        if kind >= 14 and self.number(x.shape[axis]) > 1:
            part = (slice(None),) * axis + ((0, slice(1, None), slice(None, None, -2))[int(self.rng.integers(3))],)
            value = self.like(x[part])
            return x.at[part].set(value) if self.rng.random() < 0.5 else sa.tanh(x.at[part].add(value))
        return x[(slice(None),) * axis + (slice(None, None, 2),)]


def random_model(seed: int, fixed: bool = False) -> Model:
    """A graph of some 5 to 20 ops; sizes are free or ``fixed``."""
    build = _Builder(seed, fixed)
    for _ in range(int(build.rng.integers(2, 5))):
        build.source()
    for _ in range(int(build.rng.integers(4, 16))):
        made = build.step()
        if made.ndim <= 3 and np.prod([build.number(s) for s in made.shape]) <= 400:
            build.pool.append(made)
    fetches = [build.any() for _ in range(int(build.rng.integers(0, 4)))]
    updates = {}
    for variable in (t for t in build.pool if isinstance(t, sa.Variable)):
        fitting = [t for t in build.pool if t.shape == variable.shape]
        if build.rng.random() < 0.8:
            updates[variable] = fitting[int(build.rng.integers(len(fitting)))]
    if build.rng.random() < 0.4 and build.pool[-1].dtype.kind == "f":
        sources = [t for t in build.pool if not t.inputs]
        fetches += sa.gradients(sa.tanh(build.any()).sum(), sources, unconnected="zero")
    if not fetches and not updates:
        fetches = [build.pool[-1]]
    return Model(build.feeds, fetches, updates)
