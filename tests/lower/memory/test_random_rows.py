"""Random updates of rows: several tables that read each other, chains of changes, steps along gradients.

The interpreter sees that compute steps leave variables alone, and that new values are the reference's.
"""

from __future__ import annotations

import numpy as np
import pytest

import staticad as sa
from staticad.ir.graph import sort_nodes
from tests.lower.checking import computes
from tests.lower.planning import labels

MODES = ("set", "add", "multiply", "min", "max")


class Build:
    """Tables, indices and updates for a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows, self.width, self.count = self.pick(6, 40, 600), self.pick(1, 2, 3), self.pick(1, 2, 5)
        shape = (self.rows, self.width)
        self.tables = [sa.variable(self.rng.normal(size=shape)) for _ in range(self.pick(1, 2, 3))]
        fixed = self.rng.random() < 0.5
        self.i = sa.placeholder((self.count if fixed else None,), "int64")
        self.j = sa.placeholder(self.i.shape, "int64")
        self.new = sa.placeholder((*self.i.shape, self.width))
        self.rate = sa.placeholder(())
        places = [self.rng.integers(-self.rows, self.rows, self.count) for _ in "ij"]
        values = [*places, self.rng.normal(size=(self.count, self.width)), self.rng.normal(size=())]
        self.feeds = dict(zip((self.i, self.j, self.new, self.rate), values, strict=True))

    def pick(self, *choices: int) -> int:
        return choices[self.rng.integers(len(choices))]

    def index(self) -> sa.Tensor:
        return [self.i, self.j, -1 - self.i, self.i // 2, sa.where(self.i > self.j, self.i, self.j)][
            self.pick(*range(5))
        ]

    def values(self) -> sa.Tensor:
        other = self.tables[self.pick(*range(len(self.tables)))]
        found = [self.new, other[self.index()] * self.rate, other[1:2] + self.new, other[self.index()]]
        return found[self.pick(*range(4))]

    def changed(self, x: sa.Tensor) -> sa.Tensor:
        """A table with a part of it changed."""
        mode, other = MODES[self.pick(*range(5))], self.tables[-1]
        match self.pick(*range(8)):
            case 0:
                return getattr(x.at[self.index(), self.width - 1], mode)(self.new[:, 0])
            case 1:
                return getattr(x.at[1:4], mode)(other[0:3])
            case 2:
                return x.at[1:].set(getattr(x[1:].at[self.index() // 2], mode)(self.new))
            case 3:
                return getattr(x.at[-1], mode)(other[2])
            case 4:
                flat = getattr(x.reshape(-1).at[self.index()], mode)(self.new[:, 0])
                return flat.reshape(x.shape)
        return getattr(x.at[self.index()], mode)(self.values())

    def descended(self, x: sa.Tensor) -> sa.Tensor:
        """A table after a step along a gradient."""
        loss = sa.sum(x[self.index()] * self.new) + sa.sum(sa.sin(x[self.index()]))
        (slope,) = sa.gradients(loss, x)
        return [x - 0.1 * slope, x + slope * self.rate, x - slope / 3.0][self.pick(0, 1, 2)]

    def value(self, x: sa.Tensor) -> sa.Tensor:
        if self.rng.random() < 0.3:
            return self.descended(x)
        for _ in range(self.pick(1, 2, 3)):
            x = self.changed(x)
        return x


@pytest.mark.parametrize("start", [0, 20])
def test_random_updates_of_rows(start: int) -> None:
    in_place = 0
    for seed in range(start, start + 20):
        build = Build(seed)
        updates = {table: build.value(table) for table in build.tables}
        fetches = [table[build.index()] for table in build.tables[:1]]
        below = {node.out for node in sort_nodes([*fetches, *updates.values()]) if node.op.name == "placeholder"}
        feeds = {t: np.asarray(value) for t, value in build.feeds.items() if t in below}
        plan = computes(fetches, updates=updates, feeds=feeds)
        in_place += len(updates) - labels(plan).count("assign!")
    assert in_place > 20
