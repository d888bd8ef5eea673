"""A long loop whose gradient needs the state of every step: what it costs in memory, by the way of recording it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Recorded:
    """s = s + sin(s) x / 10⁴ from s = x² on, then the sum of s; doubles. `checkpoint` says of how many states memory
    may be used: all, about their square root, about their logarithm.

    The answer is [the sum, its gradient by x].
    """

    checkpoint: Literal["sqrt", "log"] | None
    steps: int = 10_000
    size: int = 1_000
    tolerance = 1e-10
    calls = 1

    @cached_property
    def x(self) -> np.ndarray:
        return np.linspace(0, 1, self.size)

    def answer(self) -> Arrays:
        value, gradient = recorded_value_and_gradient(self.x, self.steps)
        return [np.asarray(value), gradient]


@dataclass(frozen=True)
class RecordedScan(Recorded):
    """By a loop of a known number of steps."""


@dataclass(frozen=True)
class RecordedWhile(Recorded):
    """By a loop whose number of steps is known only when it has ended."""


def recorded_value_and_gradient(x: np.ndarray, steps: int) -> tuple[np.floating, np.ndarray]:
    """Value and gradient by hand, every state recorded."""
    states = np.empty((steps + 1, len(x)))
    states[0] = x * x
    for t in range(steps):
        states[t + 1] = states[t] + 1e-4 * np.sin(states[t]) * x
    g, by_x = np.ones_like(x), np.zeros_like(x)
    for s in states[-2::-1]:
        by_x += g * 1e-4 * np.sin(s)
        g *= 1 + 1e-4 * np.cos(s) * x
    return states[-1].sum(), by_x + g * 2 * x
