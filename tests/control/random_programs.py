"""Random programs of nested branches and loops over a few smooth operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import staticad as sa

SIZE = 3
Values = list[sa.Tensor]


class RandomProgram:
    """A function of two vectors, a matrix and an integer; deterministic for a seed. Its values stay moderate."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.x = sa.placeholder((SIZE,), name="x")
        self.y = sa.placeholder((SIZE,), name="y")
        self.m = sa.placeholder((SIZE, SIZE), name="m")
        self.n = sa.placeholder((), "int64", name="n")
        self.inputs = [self.x, self.y, self.m]
        self.feeds = {t: self.rng.uniform(-1, 1, t.shape) for t in self.inputs}
        self.feeds[self.n] = np.int64(self.rng.integers(0, 4))
        vectors = self.block([self.x, self.y], depth=3)
        self.output = sa.stack([sa.tanh(v) for v in vectors[-2:]])

    def pick(self, items: Sequence[sa.Tensor]) -> sa.Tensor:
        return items[int(self.rng.integers(len(items)))]

    def block(self, vectors: Values, depth: int) -> Values:
        """More vectors, made from those given."""
        found = list(vectors)
        for _ in range(int(self.rng.integers(1, 4))):
            makers: list[Callable[[Values], Values]] = [self.arithmetic]
            if depth:
                choices = [self.branch, self.conditional_loop, self.counted_loop, self.scan, self.arithmetic]
                makers = [lambda v, f=f: f(v, depth - 1) if f != self.arithmetic else f(v) for f in choices]
            found += makers[int(self.rng.integers(len(makers)))](found)
        return found

    def arithmetic(self, vectors: Values) -> Values:
        a, b = self.pick(vectors), self.pick(vectors)
        kind = int(self.rng.integers(7))
        if kind == 0:
            return [sa.sin(a) + 0.5 * b]
        if kind == 1:
            return [sa.tanh(a * b)]
        if kind == 2:
            return [sa.tanh(self.m @ a)]
        if kind == 3:
            return [a.at[int(self.rng.integers(SIZE))].set(sa.cos(b).sum() / SIZE)]
        if kind == 4:
            return [sa.exp(-(a**2)) * b.mean()]
        if kind == 5:
            return [sa.flip(a) - 0.3 * b]
        return [a / (1 + b**2)]

    def branch(self, vectors: Values, depth: int) -> Values:
        pred = self.pick(vectors).sum() > float(self.rng.normal())
        states = [self.pick(vectors), self.pick(vectors)]
        blocks = [lambda *v: self.block([*vectors, *v], depth)[-2:] for _ in range(2)]
        return list(sa.cond(pred, *blocks, *states))

    def step(self, vectors: Values, state: Values, depth: int) -> Values:
        return [sa.tanh(v) for v in self.block([*vectors, *state], depth)[-2:]]

    def conditional_loop(self, vectors: Values, depth: int) -> Values:
        bound = sa.constant(int(self.rng.integers(0, 4)))
        limit = float(self.rng.uniform(0.5, 3))

        def goes_on(s: tuple[sa.Tensor, Values]) -> sa.Tensor:
            return (s[0] < bound + self.n) & (sa.sum(s[1][0] ** 2) < limit)

        start = (sa.constant(0), [self.pick(vectors), self.pick(vectors)])
        return sa.while_loop(goes_on, lambda s: (s[0] + 1, self.step(vectors, s[1], depth)), start)[1]

    def counted_loop(self, vectors: Values, depth: int) -> Values:
        start = [self.pick(vectors), self.pick(vectors)]
        bound = self.n if self.rng.integers(2) else int(self.rng.integers(0, 4))
        return sa.fori_loop(0, bound, lambda i, s: self.step([*vectors, s[0] * (0.1 * i)], s, depth), start)

    def scan(self, vectors: Values, depth: int) -> Values:
        start = [self.pick(vectors), self.pick(vectors)]

        def step(state: Values, row: sa.Tensor) -> tuple[Values, sa.Tensor]:
            following = self.step([*vectors, row], state, depth)
            return following, following[0] * row[0]

        last, rows = sa.scan(step, start, self.m, reverse=bool(self.rng.integers(2)))
        return [*last, rows.sum(axis=0), rows @ self.pick(vectors)]
